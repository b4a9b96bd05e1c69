"""To who asks for it by hand, a row of another business is what a row is that does not exist."""

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from accounts.testing import make_administrator, make_colleague
from crm.models import Customer, Deal, DealStage, Tag
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

MISSING = 987654


@pytest.fixture
def signed_in(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def foreign(stranger: User) -> Customer:
    return make_customer(stranger.business, name="Foreign Anna")


def deal_of(user: User, **fields: Any) -> Deal:
    own = {"customer": make_customer(user.business), "stage": DealStage.objects.for_user(user)[0]}
    return Deal.objects.create(business=user.business, title="Tea", currency="RUB", **{**own, **fields})


def messages_of(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


@pytest.mark.parametrize("page", ["change", "history", "delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_its_pages_are_those_of_a_row_that_is_not_there(
    signed_in: Client, foreign: Customer, page: str, method: str
) -> None:
    told, of_missing = (
        getattr(signed_in, method)(reverse(f"admin:crm_customer_{page}", args=[pk]), {"post": "yes"}, follow=True)
        for pk in (foreign.pk, MISSING)
    )
    assert told.redirect_chain == of_missing.redirect_chain != []
    assert [text.replace(str(foreign.pk), str(MISSING)) for text in messages_of(told)] == messages_of(of_missing)
    assert "Foreign" not in told.content.decode()
    assert Customer.objects.filter(pk=foreign.pk, name="Foreign Anna").exists()


def test_the_history_of_an_own_row_is_shown(signed_in: Client, owner: User) -> None:
    tag = Tag.objects.create(business=owner.business, name="vip")
    signed_in.post(reverse("admin:crm_tag_change", args=[tag.pk]), {"name": "regular"})
    assert LogEntry.objects.get().user == owner
    page = signed_in.get(reverse("admin:crm_tag_history", args=[tag.pk]))
    assert [entry.object_repr for entry in page.context["action_list"]] == ["regular"]


def test_an_action_does_nothing_with_a_row_of_another_business(signed_in: Client, foreign: Customer) -> None:
    selected = {"action": "delete_selected", "_selected_action": [foreign.pk], "post": "yes"}
    signed_in.post(reverse("admin:crm_customer_changelist"), selected)
    assert Customer.objects.filter(pk=foreign.pk).exists()


def test_an_action_on_all_is_on_all_of_the_business(signed_in: Client, owner: User, foreign: Customer) -> None:
    own = make_customer(owner.business)
    selected = {"action": "delete_selected", "_selected_action": own.pk, "select_across": "1", "post": "yes"}
    signed_in.post(reverse("admin:crm_customer_changelist"), selected)
    assert list(Customer.objects.all()) == [foreign]


@pytest.mark.parametrize("chosen", ["abc", "", "9" * 30, "-5,,abc", "\0"])
def test_an_action_on_what_is_no_id_is_on_nothing(signed_in: Client, owner: User, chosen: str) -> None:
    make_customer(owner.business)
    selected = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert signed_in.post(reverse("admin:crm_customer_changelist"), selected).status_code in (200, 302)
    assert Customer.objects.exists()


# Choosing rows


def autocomplete(browser: Client, field: str = "customer", **query: str) -> Any:
    query = {"app_label": "crm", "model_name": "deal", "field_name": field, "term": "", **query}
    return browser.get(reverse("admin:autocomplete"), query)


def test_autocompletion_offers_own_rows_alone(signed_in: Client, owner: User, foreign: Customer) -> None:
    own = make_customer(owner.business, name="Own Anna")
    offered = json.loads(autocomplete(signed_in, term="anna").content)["results"]
    assert [row["id"] for row in offered] == [str(own.pk)]


def test_autocompletion_offers_an_administrator_the_rows_of_all(client: Client, foreign: Customer) -> None:
    client.force_login(make_administrator())
    assert [row["id"] for row in json.loads(autocomplete(client).content)["results"]] == [str(foreign.pk)]


def test_autocompletion_is_for_whoever_is_signed_in(client: Client, foreign: Customer) -> None:
    assert autocomplete(client).status_code == 302


@pytest.mark.parametrize("field", ["stage", "title", "nothing"])
def test_autocompletion_of_a_field_that_has_none_is_refused(signed_in: Client, field: str) -> None:
    assert autocomplete(signed_in, field).status_code in (403, 404)


def test_autocompletion_offers_nobody_to_whom_the_role_shows_no_people(client: Client, owner: User) -> None:
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert autocomplete(client, "assignee", model_name="conversation").status_code == 403


def test_autocompletion_of_people_offers_those_of_the_business(signed_in: Client, owner: User, stranger: User) -> None:
    offered = json.loads(autocomplete(signed_in, "assignee", model_name="conversation").content)["results"]
    assert [row["id"] for row in offered] == [str(owner.pk)]


def test_autocompletion_of_businesses_offers_the_own_one_alone(signed_in: Client, owner: User, stranger: User) -> None:
    offered = json.loads(autocomplete(signed_in, "business").content)["results"]
    assert [row["text"] for row in offered] == ["Tea house"]


def test_a_select_offers_own_rows_alone(signed_in: Client, stranger: User) -> None:
    page = signed_in.get(reverse("admin:crm_deal_add"))
    offered = set(page.context["adminform"].form.fields["stage"].queryset)
    assert offered and not offered & set(DealStage.objects.for_user(stranger))


@pytest.mark.parametrize("field", ["customer", "stage", "conversation"])
def test_a_form_that_names_a_row_of_another_business_is_refused_as_for_one_that_is_not_there(
    signed_in: Client, owner: User, stranger: User, field: str
) -> None:
    conversation = make_conversation(make_number(stranger.business))
    foreign = {
        "customer": conversation.customer.pk,
        "stage": DealStage.objects.for_user(stranger)[0].pk,
        "conversation": conversation.pk,
    }[field]
    sent = {
        "title": "Tea",
        "customer": make_customer(owner.business).pk,
        "stage": DealStage.objects.for_user(owner)[0].pk,
        "amount": "0",
        "currency": "RUB",
    }
    told, of_missing = (
        signed_in.post(reverse("admin:crm_deal_add"), {**sent, field: pk}).context["errors"]
        for pk in (foreign, MISSING)
    )
    assert len(told) == 1 and list(told) == list(of_missing)
    assert not Deal.objects.exists()


def test_a_form_that_names_tags_of_another_business_is_refused(signed_in: Client, owner: User, stranger: User) -> None:
    row, tag = make_customer(owner.business), Tag.objects.create(business=stranger.business, name="foreign")
    sent = {"phone": row.phone, "attributes": "{}", "tags": [tag.pk]}
    page = signed_in.post(reverse("admin:crm_customer_change", args=[row.pk]), sent)
    assert page.status_code == 200 and "tags" in page.context["adminform"].form.errors
    assert "foreign" not in page.content.decode()
    assert not row.tags.exists()


@pytest.mark.parametrize("field", ["customer", "stage"])
def test_a_link_that_fills_in_a_row_of_another_business_does_not_say_its_name(
    signed_in: Client, foreign: Customer, stranger: User, field: str
) -> None:
    stage = DealStage.objects.for_user(stranger)[0]
    DealStage.objects.filter(pk=stage.pk).update(name="Foreign stage")
    pk = foreign.pk if field == "customer" else stage.pk
    assert "Foreign" not in signed_in.get(reverse("admin:crm_deal_add"), {field: pk}).content.decode()


# Lists


def test_a_list_filtered_by_a_row_of_another_business_is_empty_and_does_not_name_it(
    signed_in: Client, owner: User, stranger: User
) -> None:
    deal_of(owner)
    deal_of(stranger)
    stage = DealStage.objects.for_user(stranger)[0]
    DealStage.objects.filter(pk=stage.pk).update(name="Foreign stage")
    page = signed_in.get(reverse("admin:crm_deal_changelist"), {"stage__id__exact": stage.pk})
    assert list(page.context["cl"].result_list) == []
    assert "Foreign" not in page.content.decode()


@pytest.mark.parametrize(
    "lookup",
    [
        "customer__name__startswith",
        "customer__phone",
        "business__name__contains",
        "stage__business__id__exact",
        "customer__deals__title",
        "title__regex",
    ],
)
def test_no_column_can_be_guessed_by_the_address_of_a_list(signed_in: Client, lookup: str) -> None:
    assert signed_in.get(reverse("admin:crm_deal_changelist"), {lookup: "a"}).status_code == 400


@pytest.mark.parametrize("value", ["abc", "9" * 30, "1' OR '1'='1"])
def test_a_filter_of_what_is_no_id_is_answered_with_the_list(signed_in: Client, value: str) -> None:
    page = signed_in.get(reverse("admin:crm_deal_changelist"), {"stage__id__exact": value}, follow=True)
    assert page.status_code == 200


def test_a_link_to_a_filtered_list_filters_it_also_where_there_is_nothing_else_to_choose(
    signed_in: Client, owner: User
) -> None:
    """Django leaves a filter with a single choice out, and would show all."""
    stage = DealStage.objects.for_user(owner)[0]
    DealStage.objects.for_user(owner).exclude(pk=stage.pk).delete()
    row = deal_of(owner)
    addresses = {pk: {"stage__id__exact": pk} for pk in (stage.pk, MISSING)}
    lists = {pk: signed_in.get(reverse("admin:crm_deal_changelist"), query) for pk, query in addresses.items()}
    assert list(lists[stage.pk].context["cl"].result_list) == [row]
    assert list(lists[MISSING].context["cl"].result_list) == []


def test_a_search_finds_own_rows_alone(signed_in: Client, owner: User, foreign: Customer) -> None:
    own = make_customer(owner.business, name="Own Anna")
    page = signed_in.get(reverse("admin:crm_customer_changelist"), {"q": "anna"})
    assert list(page.context["cl"].result_list) == [own]


def editable_list(ids: list[int]) -> dict[str, Any]:
    """What the editable list of stages sends, with these ids in its hidden fields."""
    sent: dict[str, Any] = {"form-TOTAL_FORMS": len(ids), "form-INITIAL_FORMS": len(ids), "_save": "Save"}
    for row, pk in enumerate(ids):
        sent |= {f"form-{row}-id": pk, f"form-{row}-position": 77}
    return sent


def test_an_editable_list_changes_own_rows(signed_in: Client, owner: User) -> None:
    ids = [stage.pk for stage in DealStage.objects.for_user(owner)]
    signed_in.post(reverse("admin:crm_dealstage_changelist"), editable_list(ids))
    assert set(DealStage.objects.for_user(owner).values_list("position", flat=True)) == {77}


def test_an_editable_list_does_not_change_a_row_of_another_business_nor_say_that_it_exists(
    signed_in: Client, owner: User, stranger: User
) -> None:
    own = [stage.pk for stage in DealStage.objects.for_user(owner)]
    foreign = DealStage.objects.for_user(stranger)[0]
    answers = [
        signed_in.post(reverse("admin:crm_dealstage_changelist"), editable_list([pk, *own[1:]]))
        for pk in (foreign.pk, MISSING)
    ]
    told, of_missing = ([form.errors for form in answer.context["cl"].formset.forms] for answer in answers)
    assert told == of_missing and "id" in told[0]
    foreign.refresh_from_db()
    assert foreign.position == 0
