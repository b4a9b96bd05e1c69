"""Forms of the admin: what a domain function refuses, and a double click."""

from uuid import uuid4

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import IdempotentRequest, User
from accounts.refusals import Refusal
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.idempotent_form import IdempotentForm
from crm.models import Tag

pytestmark = pytest.mark.django_db


class TagForm(TenantModelForm):
    class Meta:
        model = Tag
        fields = ["name"]


@pytest.mark.parametrize(
    ("refusal", "errors"),
    [
        (Refusal("full", "The plan is used up."), {"__all__": ["The plan is used up."]}),
        (ValidationError("Not now."), {"__all__": ["Not now."]}),
        (ValidationError(["Not now.", "Nor ever."]), {"__all__": ["Not now.", "Nor ever."]}),
        (ValidationError({"name": "Too plain."}), {"name": ["Too plain."]}),
        (ValidationError({"business": "Of another."}), {"__all__": ["Of another."]}),
    ],
)
def test_a_refusal_is_an_error_of_the_field_it_names_or_of_the_form(
    owner: User, refusal: Refusal | ValidationError, errors: dict[str, list[str]]
) -> None:
    form = type("Refused", (TagForm,), {"user": owner, "refusal": refusal})({"name": "vip"})
    assert form.errors == errors


@pytest.mark.parametrize("refusal", [Refusal("full", "The plan is used up."), ValidationError("The plan is used up.")])
def test_what_is_refused_while_saving_is_shown_with_what_was_typed(
    client: Client, owner: User, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(*arguments: object) -> None:
        raise refusal

    monkeypatch.setattr(admin.site.get_model_admin(Tag), "save_model", refuse)
    client.force_login(owner)
    page = client.post(reverse("admin:crm_tag_add"), {"name": "vip"})
    content = page.content.decode()
    assert page.status_code == 200
    assert "The plan is used up." in content and 'value="vip"' in content
    assert not Tag.objects.exists()


def test_a_new_row_gets_the_business_of_whoever_adds_it_whatever_the_post_says(
    client: Client, owner: User, stranger: User
) -> None:
    client.force_login(owner)
    sent = {"name": "vip", "business": stranger.business_id, "for_business": stranger.business_id}
    client.post(reverse("admin:crm_tag_add"), sent)
    assert Tag.objects.get().business == owner.business


def test_a_row_does_not_move_to_another_business(client: Client, owner: User, stranger: User) -> None:
    tag = Tag.objects.create(business=owner.business, name="vip")
    client.force_login(owner)
    sent = {"name": "new", "business": stranger.business_id, "for_business": stranger.business_id}
    client.post(reverse("admin:crm_tag_change", args=[tag.pk]), sent)
    tag.refresh_from_db()
    assert (tag.name, tag.business) == ("new", owner.business)


# A form that does its work once


def form_with(key: object) -> IdempotentForm:
    form = IdempotentForm({"idempotency_key": key})
    form.is_valid()
    return form


def test_of_a_double_click_the_first_request_alone_counts(owner: User) -> None:
    key = uuid4()
    assert [form_with(key).is_first(owner) for _click in range(2)] == [True, False]


def test_the_form_of_another_page_is_another_form(owner: User) -> None:
    assert form_with(uuid4()).is_first(owner) and form_with(uuid4()).is_first(owner)


def test_somebody_elses_form_does_not_stand_in_the_way(owner: User, stranger: User) -> None:
    """Whoever guesses a key cannot have another's work left undone."""
    key = uuid4()
    assert form_with(key).is_first(stranger)
    assert form_with(key).is_first(owner)
    assert IdempotentRequest.objects.count() == 2


def test_each_page_has_a_key_of_its_own() -> None:
    keys = {IdempotentForm()["idempotency_key"].value() for _page in range(2)}
    assert len(keys) == 2


@pytest.mark.parametrize("key", ["", "1", "x" * 300])
def test_a_form_without_a_key_does_nothing(key: str) -> None:
    assert not IdempotentForm({"idempotency_key": key}).is_valid()
