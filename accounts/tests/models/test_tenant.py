"""What every row of a business inherits: no key to a row of another business, and constraints within the business."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from accounts.models import Deletion, UniqueInBusiness, User
from accounts.testing import make_business, make_owner
from crm.models import Conversation, Customer, Deal, DealStage, MediaFile, Tag
from crm.testing import make_conversation, make_customer, make_picture
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_owner(language="en")


def deal_of(owner: User, **fields: object) -> Deal:
    """A deal that is not saved, in order unless a field says otherwise."""
    own = {"customer": make_customer(owner.business), "stage": DealStage.objects.for_user(owner).first()}
    return Deal(business=owner.business, title="Tea", currency="RUB", **{**own, **fields})


def test_a_row_of_own_rows_is_in_order(owner: User) -> None:
    deal_of(owner, conversation=None).full_clean()


def test_a_key_to_a_row_of_another_business_is_refused_on_its_field(owner: User) -> None:
    with pytest.raises(ValidationError) as refused:
        deal_of(owner, customer=make_customer()).full_clean()
    assert [(name, error.code) for name, [error] in refused.value.error_dict.items()] == [
        ("customer", "does_not_exist")
    ]


def test_a_key_that_may_be_empty_is_looked_at_too(owner: User) -> None:
    with pytest.raises(ValidationError) as refused:
        deal_of(owner, conversation=make_conversation()).clean()
    assert list(refused.value.error_dict) == ["conversation"]


def test_every_key_to_another_business_is_named(owner: User) -> None:
    foreign = DealStage.objects.for_business(make_business()).first()
    with pytest.raises(ValidationError) as refused:
        deal_of(owner, customer=make_customer(), stage=foreign).clean()
    assert set(refused.value.error_dict) == {"customer", "stage"}


def test_a_row_that_moves_to_another_business_is_refused(owner: User) -> None:
    deal = deal_of(owner)
    deal.save()
    deal.business = make_business()
    with pytest.raises(ValidationError):
        deal.clean()


def test_a_key_to_a_person_of_another_business_is_refused(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    conversation.assignee = make_owner()
    with pytest.raises(ValidationError) as refused:
        conversation.clean()
    assert list(refused.value.error_dict) == ["assignee"]


def test_the_business_is_no_field_of_forms() -> None:
    assert not Tag._meta.get_field("business").editable


def test_the_rows_of_a_business_exclude_those_that_are_being_deleted(owner: User) -> None:
    going, staying = make_customer(owner.business), make_customer(owner.business)
    Deletion.objects.create(business=owner.business, what="crm.customer", object_id=going.pk)
    assert list(Customer.objects.for_business(owner.business)) == [staying]


# What is hidden with a row that is being deleted


def being_deleted(row: models.Model) -> None:
    Deletion.objects.create(business=row.business, what=row._meta.label_lower, object_id=row.pk)


def test_what_goes_along_over_several_rows_is_hidden(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    make_picture(conversation)
    being_deleted(conversation.whatsapp_number)
    assert not MediaFile.objects.for_user(owner).exists()


def test_what_only_loses_a_key_stays_in_sight(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    deal = deal_of(owner, customer=conversation.customer, conversation=conversation)
    deal.save()
    being_deleted(conversation.whatsapp_number)
    assert list(Deal.objects.for_user(owner)) == [deal]


def test_what_hangs_on_another_row_of_the_kind_stays_in_sight(owner: User) -> None:
    staying, going = (make_conversation(make_number(owner.business)) for _ in range(2))
    being_deleted(going.customer)
    assert list(Conversation.objects.for_user(owner)) == [staying]


# Unique within the business


def test_a_word_that_is_taken_in_the_business_is_an_error_of_its_field(owner: User) -> None:
    Tag.objects.create(business=owner.business, name="vip")
    with pytest.raises(ValidationError) as refused:
        Tag(business=owner.business, name="vip").full_clean()
    assert list(refused.value.error_dict) == ["name"]


def test_a_word_that_another_business_took_is_free(owner: User) -> None:
    Tag.objects.create(business=make_business(), name="vip")
    Tag(business=owner.business, name="vip").full_clean()


def test_the_database_refuses_it_also_to_code_that_does_not_ask(owner: User) -> None:
    Tag.objects.create(business=owner.business, name="vip")
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.bulk_create([Tag(business=owner.business, name="vip")])


def test_in_migrations_such_a_constraint_is_djangos() -> None:
    path, _args, kwargs = UniqueInBusiness(fields=["business", "name"], name="once").deconstruct()
    assert path == "django.db.models.UniqueConstraint"
    assert models.UniqueConstraint(**kwargs) == models.UniqueConstraint(fields=["business", "name"], name="once")


def test_a_row_without_a_business_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(name="vip")


def test_a_conversation_cannot_tie_two_businesses(owner: User) -> None:
    row = Conversation(business=owner.business, whatsapp_number=make_number(make_business()))
    row.customer = make_customer(owner.business)
    with pytest.raises(ValidationError) as refused:
        row.clean()
    assert list(refused.value.error_dict) == ["whatsapp_number"]
