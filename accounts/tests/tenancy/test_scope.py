"""`scope` narrows any queryset to one business, or refuses to show it at all."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sessions.models import Session

from accounts.models import ApiToken, Business, Deletion, IdempotentRequest, Subscription, User
from accounts.tenancy.scope import scope, tenant_models
from accounts.testing import make_administrator, make_colleague
from bots.models import BotTurn
from crm.models import Customer, Tag
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def tags(owner: User, stranger: User) -> list[Tag]:
    """One of each business."""
    return [Tag.objects.create(business=user.business, name="vip") for user in (owner, stranger)]


def test_a_person_sees_the_rows_of_their_business_alone(owner: User, tags: list[Tag]) -> None:
    assert list(scope(Tag.objects.all(), owner)) == tags[:1]


def test_a_colleague_sees_what_the_owner_sees(owner: User, tags: list[Tag]) -> None:
    assert list(scope(Tag.objects.all(), make_colleague(owner))) == tags[:1]


def test_a_platform_administrator_sees_the_rows_of_all(tags: list[Tag]) -> None:
    assert list(scope(Tag.objects.all(), make_administrator())) == tags


def test_a_person_without_a_business_sees_nothing(tags: list[Tag]) -> None:
    nobody = User.objects.create_user("nobody@example.com")
    for rows in (Tag.objects.all(), Business.objects.all(), User.objects.all(), Subscription.objects.all()):
        assert not scope(rows, nobody).exists()


@pytest.mark.parametrize("model", [Tag, Business, User, Subscription, Deletion, ApiToken, IdempotentRequest])
def test_whoever_is_not_signed_in_sees_nothing(tags: list[Tag], model: type) -> None:
    assert not scope(model.objects.all(), AnonymousUser()).exists()


def test_people_of_a_suspended_business_see_their_rows_and_no_others(owner: User, tags: list[Tag]) -> None:
    owner.business.is_suspended = True
    owner.business.save()
    assert list(scope(Tag.objects.all(), owner)) == tags[:1]


def test_a_scope_holds_however_the_queryset_was_narrowed_before(owner: User, tags: list[Tag]) -> None:
    assert not scope(Tag.objects.filter(pk=tags[1].pk), owner).exists()


def test_the_rows_that_hang_on_a_row_can_be_narrowed_too(stranger: User) -> None:
    conversation = make_conversation()
    assert not scope(conversation.customer.conversations.all(), stranger).exists()


@pytest.mark.parametrize("model", [Group, Session])
def test_a_model_without_a_rule_is_shown_to_no_business(owner: User, model: type) -> None:
    with pytest.raises(LookupError, match=model.__name__):
        scope(model._default_manager.all(), owner)


def test_a_model_without_a_rule_is_shown_to_platform_administrators() -> None:
    assert scope(Group.objects.all(), make_administrator()).exists()


# Models that belong to a business by way of something else


def test_a_person_sees_their_own_business_alone(owner: User, stranger: User) -> None:
    assert list(scope(Business.objects.all(), owner)) == [owner.business]


def test_a_person_sees_the_people_of_their_business_alone(owner: User, stranger: User) -> None:
    colleague = make_colleague(owner)
    assert set(scope(User.objects.all(), owner)) == {owner, colleague}


def test_the_keys_of_platform_administrators_are_shown_to_nobody_else(owner: User) -> None:
    """They belong to no business, as somebody without one does."""
    ApiToken.objects.create(user=make_administrator(), name="root")
    own, _key = ApiToken.objects.create(user=owner, name="shop")
    assert list(scope(ApiToken.objects.all(), owner)) == [own]
    assert not scope(ApiToken.objects.all(), User.objects.create_user("nobody@example.com")).exists()


def test_stored_answers_are_shown_to_whoever_asked_and_to_no_colleague(owner: User) -> None:
    request = IdempotentRequest.objects.create(user=owner, key="1")
    assert list(scope(IdempotentRequest.objects.all(), owner)) == [request]
    assert not scope(IdempotentRequest.objects.all(), make_colleague(owner)).exists()


def test_models_of_a_business_are_known_with_those_of_the_apps_above() -> None:
    assert {Customer, BotTurn} <= set(tenant_models())
    assert not {User, Business, Subscription} & set(tenant_models())


# What a job is deleting


def being_deleted(row: Customer) -> None:
    Deletion.objects.create(business=row.business, what="crm.customer", object_id=row.pk, name=str(row))


def test_what_is_being_deleted_is_hidden_from_everybody(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    being_deleted(conversation.customer)
    for user in (owner, make_administrator()):
        assert not scope(Customer.objects.all(), user).exists()
        assert not scope(type(conversation).objects.all(), user).exists()


def test_a_deletion_that_is_done_hides_nothing(owner: User) -> None:
    """Databases give a primary key again."""
    customer = make_customer(owner.business)
    being_deleted(customer)
    Deletion.objects.update(state="done")
    assert list(scope(Customer.objects.all(), owner)) == [customer]


def test_a_row_of_the_same_id_of_another_kind_stays_in_sight(owner: User) -> None:
    tag = Tag.objects.create(business=owner.business, name="vip")
    Deletion.objects.create(business=owner.business, what="crm.customer", object_id=tag.pk)
    assert list(scope(Tag.objects.all(), owner)) == [tag]


def test_a_row_that_hangs_on_nothing_stays_in_sight(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    turn = BotTurn.objects.create(business=owner.business, conversation=conversation, session=None, message=None)
    being_deleted(make_customer(owner.business))
    assert list(scope(BotTurn.objects.all(), owner)) == [turn]
