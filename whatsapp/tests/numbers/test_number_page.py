"""The page of a number: what needs a person, what Meta says, and how its webhooks are set up."""

from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.testing import make_colleague
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import make_number
from whatsapp.webhooks import process

pytestmark = pytest.mark.django_db

LIST = reverse("admin:whatsapp_whatsappnumber_changelist")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def address(number, view="change"):
    return reverse(f"admin:whatsapp_whatsappnumber_{view}", args=[number.pk])


def page_of(client, number, **fields):
    WhatsAppNumber.objects.filter(pk=number.pk).update(**fields)
    return client.get(address(number)).text


def event(number, received_at, **fields):
    return WebhookEvent.objects.create(
        business=number.business,
        whatsapp_number=number,
        field="messages",
        value={},
        received_at=received_at,
        **fields,
    )


def test_what_needs_a_person_stands_at_the_top_and_in_the_list(client, number):
    html = page_of(client, number, quality_rating="RED", subscribed_apps=[])
    assert html.index("to no app") < html.index("Quality is low") < html.index('name="name"')
    listed = client.get(LIST).text
    assert "to no app" in listed
    assert "(+1)" in listed


def test_a_number_in_order_shows_nothing_to_do(client, number):
    assert "Needs you" not in page_of(client, number)


def test_what_meta_told_is_not_taken_for_html(client, number):
    alerts = {"account_alert:X": {"until": "2999-01-01T00:00:00+00:00", "what": "<script>alert(1)</script>"}}
    html = page_of(client, number, alerts=alerts, verified_name="<b>Shop</b>", subscribed_apps=["<i>App</i>"])
    html += client.get(LIST).text
    for bad in ("<script>alert", "<b>Shop", "<i>App"):
        assert bad not in html


def test_what_meta_says_is_in_words(client, number):
    html = page_of(
        client,
        number,
        meta_status="RATE_LIMITED",
        verified_name="Kettle House",
        name_status="PENDING_REVIEW",
        messaging_limit="TIER_10K",
        throughput="HIGH",
        token_expires_at=timezone.make_aware(datetime(2999, 3, 1)),
    )
    for words in (
        "limited for a while",
        "Kettle House · being reviewed",
        "10000 people",
        "up to 1000",
        "1 Mar 2999",
    ):
        assert words in html


def test_address_and_verify_token_can_be_copied(client, number, settings):
    settings.PUBLIC_URL = "https://chat.example.com"
    html = page_of(client, number)
    assert "https://chat.example.com/webhooks/whatsapp/</code>" in html
    assert f"{number.verify_token}</code>" in html
    assert html.count("data-copy=") == 2


@pytest.mark.parametrize(
    ("public", "graph", "hinted"),
    [
        ("http://127.0.0.1:8000", "https://graph.facebook.com", True),
        ("https://chat.example.com", "https://graph.facebook.com", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8001", False),
    ],
)
def test_an_address_that_meta_cannot_reach_is_said_to_be_one(client, number, settings, public, graph, hinted):
    settings.PUBLIC_URL, settings.META_GRAPH_URL = public, graph
    assert ("a tunnel is enough" in page_of(client, number)) is hinted


def test_every_field_that_is_used_is_named(client, number):
    html = page_of(client, number)
    assert all(f"<code>{field}</code>" in html for field in process.FIELDS)


def test_when_the_last_event_came_is_shown(client, owner, number):
    assert "Nothing has come yet" in page_of(client, number)
    event(make_number(owner.business), timezone.make_aware(datetime(2026, 5, 4, 3, 2)))
    assert "Nothing has come yet" in page_of(client, number)
    event(number, timezone.make_aware(datetime(2026, 5, 2, 3, 2)), processed_at=timezone.now(), due_at=None)
    event(number, timezone.make_aware(datetime(2026, 5, 1, 3, 2)))
    assert "2 May 2026" in page_of(client, number)


def test_nobody_is_sent_to_a_phone_while_nothing_can_come(client, number):
    html = page_of(client, number, webhooks_refused=1, webhooks_refused_at=timezone.now())
    assert "Nothing has come yet. The top of this page says why." in html
    assert "from a phone" not in html


def test_an_operator_sees_what_is_wrong_but_no_set_up(client, owner, number):
    client.force_login(make_colleague(owner, Role.OPERATOR))
    html = page_of(client, number, quality_rating="RED")
    assert "number-needs" in html
    assert number.verify_token not in html


def test_the_button_checks_the_number(client, meta, number):
    meta.connect(number)
    meta.directory.subscribed[number.waba_id] = {meta.directory.app_id: True}
    answer = client.post(address(number, "check"), follow=True)
    assert "is in order at Meta" in answer.text
    assert WhatsAppNumber.objects.get().subscribed_apps == ["Simulator"]


def test_the_button_says_when_meta_is_out_of_reach(client, settings, number):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    assert "Meta cannot be reached" in client.post(address(number, "check"), follow=True).text


def test_the_rule_for_a_number_that_is_off_is_on_the_page(client, number):
    assert "go on when you switch it on again" in page_of(client, number)


@pytest.mark.parametrize(("action", "is_active"), [("activate", True), ("deactivate", False)])
def test_switching_many_at_once_has_an_entry_for_each(client, owner, number, action, is_active):
    make_number(owner.business)
    WhatsAppNumber.objects.update(is_active=not is_active)
    selected = list(WhatsAppNumber.objects.values_list("pk", flat=True))
    client.post(LIST, {"action": action, "_selected_action": selected})
    assert set(WhatsAppNumber.objects.values_list("is_active", flat=True)) == {is_active}
    assert LogEntry.objects.count() == 2


def test_the_list_asks_as_much_of_the_database_for_many_numbers_as_for_one(
    client, owner, number, django_assert_max_num_queries
):
    for _serial in range(4):
        make_number(owner.business, quality_rating="RED", checked_at=timezone.now() - timedelta(days=9))
    client.get(LIST)
    with django_assert_max_num_queries(10):
        client.get(LIST)
