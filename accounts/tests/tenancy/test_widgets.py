"""Selects survive whatever comes in as an id."""

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import User
from accounts.tenancy.widgets import StorableModelMultipleChoiceField, storable
from crm.models import Tag

NUMBER = models.BigAutoField()


@pytest.mark.parametrize("value", ["1", 1, "9223372036854775807"])
def test_an_id_that_a_column_can_hold_is_looked_for(value: object) -> None:
    assert storable(NUMBER, [value]) == [value]


@pytest.mark.parametrize("value", ["abc", "1.5", "9223372036854775808", "-9" * 20, "1\0", "", [], "१x"])
def test_an_id_that_no_column_can_hold_is_left_out(value: object) -> None:
    assert storable(NUMBER, ["1", value, "2"]) == ["1", "2"]


def test_a_key_of_letters_may_be_anything_that_can_be_stored() -> None:
    assert storable(models.CharField(max_length=5), ["vip", "much too long", "a\0b"]) == ["vip"]


@pytest.mark.django_db
def test_several_rows_are_chosen_by_their_ids(owner: User) -> None:
    tags = [Tag.objects.create(business=owner.business, name=name) for name in "ab"]
    field = StorableModelMultipleChoiceField(Tag.objects.for_user(owner))
    assert list(field.clean([str(tag.pk) for tag in tags])) == tags


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["9" * 30, "abc"])
def test_an_id_that_no_column_can_hold_is_a_mistake_of_the_form(owner: User, value: str) -> None:
    with pytest.raises(ValidationError):
        StorableModelMultipleChoiceField(Tag.objects.for_user(owner)).clean([value])
