"""What people do in the inbox without leaving it."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_colleague, make_owner
from crm.inbox import snoozing
from crm.models import ConversationRead
from crm.testing import make_conversation

pytestmark = pytest.mark.django_db

FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def conversation(number):
    return make_conversation(number, waiting_since=timezone.now())


@pytest.fixture
def act(client, owner, conversation):
    client.force_login(owner)
    address = reverse("admin:crm_conversation_act", args=[conversation.pk])

    def act(verb, **values):
        response = client.post(address, {"verb": verb, **values}, headers=FETCH)
        conversation.refresh_from_db()
        return response

    return act


def test_a_conversation_is_assigned_to_a_colleague_and_back_to_nobody(act, conversation, owner):
    colleague = make_colleague(owner)

    assert act("assign", assignee=colleague.pk).json() == {"done": True}
    assert conversation.assignee == colleague
    act("assign", assignee="")
    assert conversation.assignee is None


def test_nobody_is_assigned_who_is_of_another_business(act, conversation):
    response = act("assign", assignee=make_owner().pk)

    assert response.status_code == 409
    assert response.json() == {"problem": "This person does not exist."}
    assert conversation.assignee is None


@pytest.mark.parametrize("choice", snoozing.CHOICES)
def test_a_conversation_is_snoozed_until_a_moment_with_a_name(act, conversation, choice):
    act(f"snooze_{choice}")

    assert conversation.is_snoozed


def test_a_conversation_is_snoozed_until_a_moment_of_the_businesss_time_zone(act, conversation, owner):
    owner.business.time_zone = "Asia/Almaty"
    owner.business.save()

    act("snooze_until", moment="2099-01-02T09:30")

    assert conversation.snoozed_until == datetime.fromisoformat("2099-01-02T09:30+05:00")


@pytest.mark.parametrize("moment", ["", "soon", "2001-01-01T10:00"])
def test_nothing_is_snoozed_until_a_moment_that_is_none(act, conversation, moment):
    assert act("snooze_until", moment=moment).status_code == 409
    assert conversation.snoozed_until is None


def test_what_is_snoozed_comes_back_at_once(act, conversation):
    act("snooze_hour")
    act("unsnooze")

    assert conversation.snoozed_until is None


@pytest.mark.parametrize(
    ("day", "monday"), [("2026-11-30", "2026-12-07"), ("2026-12-05", "2026-12-07"), ("2026-12-06", "2026-12-07")]
)
def test_monday_is_the_next_one(day, monday):
    moment = snoozing.CHOICES["monday"].of(timezone.make_aware(datetime.fromisoformat(f"{day}T12:00")))

    assert timezone.localtime(moment).isoformat()[:16] == f"{monday}T09:00"


def test_without_a_script_a_button_leads_back_to_the_page(client, owner, conversation):
    client.force_login(owner)

    response = client.post(reverse("admin:crm_conversation_act", args=[conversation.pk]), {"verb": "close"})

    assert response["Location"] == reverse("admin:crm_conversation_change", args=[conversation.pk])


def test_unread_is_noted_for_who_pressed(act, conversation, owner):
    conversation.inbound_count = 3
    conversation.save()

    act("unread")

    assert ConversationRead.objects.get(user=owner).read_count == 2


@pytest.fixture
def change(client, owner, conversation):
    client.force_login(owner)
    address = reverse("admin:crm_inbox_customer", args=[conversation.pk])

    def change(**values):
        response = client.post(address, values, headers=FETCH)
        conversation.customer.refresh_from_db()
        return response

    return change


def test_a_customer_is_renamed(change, conversation):
    html = change(verb="rename", name="Anna Sokolova").text

    assert conversation.customer.name == "Anna Sokolova"
    assert "Anna Sokolova" in html


def test_tags_are_added_and_removed(change, conversation):
    assert "vip" in change(verb="add_tag", tag="vip").text
    assert [str(tag) for tag in conversation.customer.tags.all()] == ["vip"]

    change(remove_tag="vip")

    assert not conversation.customer.tags.exists()


def test_attributes_are_written_down_and_removed_and_others_stay(change, conversation):
    conversation.customer.attributes = {"orders": 7}
    conversation.customer.save()

    change(verb="set_attribute", attribute=" city ", value="Kazan")
    assert conversation.customer.attributes == {"orders": 7, "city": "Kazan"}

    change(remove_attribute="city")
    assert conversation.customer.attributes == {"orders": 7}


@pytest.mark.parametrize(
    "values",
    [
        {"verb": "add_tag", "tag": "  "},
        {"verb": "add_tag", "tag": "x" * 51},
        {"verb": "set_attribute", "attribute": "a:b", "value": "c"},
        {"verb": "set_attribute", "attribute": "a", "value": "c" * 2001},
        {"verb": "rename", "name": "x" * 201},
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(change, values):
    response = change(**values)

    assert response.status_code == 400
    assert response.json()["problem"]


def test_a_customer_is_opted_out_and_in(change, conversation):
    change(verb="opt_out")
    assert conversation.customer.opted_out

    change(verb="opt_in")
    assert not conversation.customer.opted_out


def test_an_unknown_change_is_none(change):
    assert change(verb="delete").status_code == 404


def test_a_snoozed_conversation_that_is_closed_is_refused(act, conversation):
    act("close")

    assert act("snooze_hour").status_code == 409
    assert conversation.snoozed_until is None


def test_tomorrow_is_in_the_morning():
    now = timezone.now()

    moment = timezone.localtime(snoozing.CHOICES["tomorrow"].of(now))

    assert moment.hour == 9
    assert moment.date() == timezone.localdate(now) + timedelta(days=1)
