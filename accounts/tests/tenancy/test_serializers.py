"""What a body of the API may name, and how it is told what it may not."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from accounts.models import User
from accounts.tenancy.serializers import TenantRelatedField, TenantSerializer, errors_by_field
from crm.models import Customer, Deal, DealStage, Tag
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


class DealSerializer(TenantSerializer):
    class Meta:
        model = Deal
        fields = ["title", "customer", "conversation", "stage", "currency", "amount"]


class TagSerializer(TenantSerializer):
    class Meta:
        model = Tag
        fields = ["name"]


class CustomerSerializer(TenantSerializer):
    class Meta:
        model = Customer
        fields = ["phone", "tags"]


def context_of(user: User) -> dict[str, Any]:
    request = APIRequestFactory().post("/")
    request.user = user
    return {"request": request}


def deal_of(user: User, **fields: Any) -> dict[str, Any]:
    """A body that is in order unless a field says otherwise."""
    own = {"customer": make_customer(user.business).pk, "stage": DealStage.objects.for_user(user)[0].pk}
    return {"title": "Tea", "currency": "RUB", **own, **fields}


def errors_of(serializer: serializers.Serializer) -> dict[str, Any]:
    assert not serializer.is_valid()
    return serializer.errors


def test_own_rows_may_be_named(owner: User) -> None:
    serializer = DealSerializer(data=deal_of(owner), context=context_of(owner))
    assert serializer.is_valid(), serializer.errors


@pytest.mark.parametrize("field", ["customer", "stage", "conversation"])
def test_a_row_of_another_business_and_one_that_is_not_there_are_answered_alike(
    owner: User, stranger: User, field: str
) -> None:
    foreign = {
        "customer": make_customer(stranger.business).pk,
        "stage": DealStage.objects.for_user(stranger)[0].pk,
        "conversation": make_conversation(make_number(stranger.business)).pk,
    }[field]
    missing = 987654
    told, of_missing = (
        errors_of(DealSerializer(data=deal_of(owner, **{field: pk}), context=context_of(owner)))
        for pk in (foreign, missing)
    )
    assert list(told) == [field]
    assert str(told[field][0]).replace(str(foreign), str(missing)) == of_missing[field][0]
    assert told[field][0].code == of_missing[field][0].code


def test_a_collection_may_name_own_rows_alone(owner: User, stranger: User) -> None:
    own, foreign = (Tag.objects.create(business=user.business, name="vip") for user in (owner, stranger))
    context = context_of(owner)
    data = {"phone": "+79161234567", "tags": [own.pk, foreign.pk]}
    assert list(errors_of(CustomerSerializer(data=data, context=context))) == ["tags"]
    assert CustomerSerializer(data={**data, "tags": [own.pk]}, context=context).is_valid()


def test_without_a_request_no_row_may_be_named(owner: User) -> None:
    class Choice(serializers.Serializer):
        tag = TenantRelatedField(queryset=Tag.objects.all())

    tag = Tag.objects.create(business=owner.business, name="vip")
    assert list(errors_of(Choice(data={"tag": tag.pk}))) == ["tag"]
    assert Choice(data={"tag": tag.pk}, context=context_of(owner)).is_valid()


def test_keys_that_nobody_knows_are_refused_each_on_its_own(owner: User) -> None:
    data = deal_of(owner, titel="Coffee", sum=5)
    assert set(errors_of(DealSerializer(data=data, context=context_of(owner)))) == {"titel", "sum"}


def test_the_business_cannot_be_named(owner: User, stranger: User) -> None:
    data = deal_of(owner, business=stranger.business_id)
    assert list(errors_of(DealSerializer(data=data, context=context_of(owner)))) == ["business"]


def test_the_token_of_a_browsable_pages_form_is_no_unknown_key(owner: User) -> None:
    serializer = TagSerializer(data={"name": "vip", "csrfmiddlewaretoken": "x"}, context=context_of(owner))
    assert serializer.is_valid(), serializer.errors


@pytest.mark.parametrize("body", [[], "vip", 5, None])
def test_what_is_no_object_is_a_mistake_of_the_caller(owner: User, body: Any) -> None:
    assert errors_of(TagSerializer(data=body, context=context_of(owner)))


# The model's own rules


def test_what_is_taken_in_the_business_is_said_on_its_field(owner: User, stranger: User) -> None:
    for user in (owner, stranger):
        Tag.objects.create(business=user.business, name=user.business.name)
    context = context_of(owner)
    assert list(errors_of(TagSerializer(data={"name": owner.business.name}, context=context))) == ["name"]
    assert TagSerializer(data={"name": stranger.business.name}, context=context).is_valid()


def test_a_row_may_keep_its_own_unique_word(owner: User) -> None:
    tag = Tag.objects.create(business=owner.business, name="vip")
    assert TagSerializer(tag, data={"name": "vip"}, context=context_of(owner)).is_valid()


def test_what_the_models_clean_refuses_is_said_on_its_field(owner: User) -> None:
    with_another = make_conversation(make_number(owner.business))
    data = deal_of(owner, conversation=with_another.pk)
    assert list(errors_of(DealSerializer(data=data, context=context_of(owner)))) == ["conversation"]


def test_a_change_that_is_refused_leaves_the_row_as_it_was(owner: User) -> None:
    Tag.objects.create(business=owner.business, name="vip")
    tag = Tag.objects.create(business=owner.business, name="new")
    assert errors_of(TagSerializer(tag, data={"name": "vip"}, context=context_of(owner)))
    assert tag.name == "new"


def test_what_concerns_no_field_is_under_the_apis_own_name() -> None:
    assert errors_by_field(ValidationError("Broken.")) == {"non_field_errors": ["Broken."]}
    assert errors_by_field(ValidationError({"name": "Taken."})) == {"name": ["Taken."]}
    assert errors_by_field(ValidationError({"__all__": "Broken.", "name": "Taken."})) == {
        "non_field_errors": ["Broken."],
        "name": ["Taken."],
    }


def test_only_what_was_sent_is_saved(owner: User) -> None:
    """What somebody else wrote at the same moment stays."""
    deal = Deal.objects.create(
        business=owner.business,
        customer=make_customer(owner.business),
        stage=DealStage.objects.for_user(owner)[0],
        title="Tea",
        currency="RUB",
    )
    Deal.objects.filter(pk=deal.pk).update(amount=500)
    serializer = DealSerializer(deal, data={"title": "Coffee"}, partial=True, context=context_of(owner))
    assert serializer.is_valid()
    serializer.save()
    assert Deal.objects.values_list("title", "amount").get() == ("Coffee", 500)
