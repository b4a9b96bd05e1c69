from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Deletion
from accounts.testing import make_owner
from broadcasts.testing import make_broadcast, make_broadcast_message
from chatbot_site.overview import spans
from chatbot_site.overview.needs import needs
from chatbot_site.overview.rows import rows_of
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import WebhookEvent
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def today(business):
    figures, _last_week = spans.today_and_last_week(business, rows_of(business))
    return {"received": figures.received, "sent": figures.sent_in_all, "failed": figures.failed}


def test_what_could_not_be_processed_is_linked_alone(client):
    owner = make_owner()
    number = make_number(owner.business)
    for due_at in (None, number.created_at):
        event = WebhookEvent(
            business=owner.business, whatsapp_number=number, field="messages", value={}, due_at=due_at
        )
        event.save()
    client.force_login(owner)

    [need] = needs(owner.business)

    assert need.count == 1
    assert client.get(need.url).context["cl"].result_count == 1


def test_broadcasts_that_wait_for_a_person_are_linked(client):
    owner = make_owner()
    number = make_number(owner.business)
    for shop in (number, make_number(make_owner().business)):
        for status in ("sending", "paused"):
            broadcast = make_broadcast(shop, status=status)
            make_broadcast_message(broadcast, make_customer(shop.business), "sent")
        make_broadcast_message(broadcast, make_customer(shop.business), "unknown")
    client.force_login(owner)

    found = needs(owner.business)

    assert [(need.kind, need.count) for need in found] == [("paused_broadcasts", 1), ("unknown_of_broadcasts", 1)]
    for need in found:
        assert client.get(need.url).context["cl"].result_count == 1


def test_today_counts_what_was_sent_and_what_failed_of_broadcasts_too():
    business = make_owner().business
    number = make_number(business)
    now, yesterday = timezone.now(), timezone.now() - timedelta(days=1)
    conversation = make_conversation(number)
    make_message(conversation)
    for status, accepted_at in (("read", now), ("failed", now), ("queued", None)):
        make_message(conversation, direction="out", status=status, accepted_at=accepted_at)
    old = make_broadcast(number, status="done", finished_at=yesterday)
    live = make_broadcast(number, status="sending")
    for broadcast, status, accepted_at in (
        (old, "read", yesterday),
        (live, "sent", now),
        (live, "read", now),
        (live, "failed", None),
        (live, "planned", None),
    ):
        make_broadcast_message(broadcast, make_customer(business), status, accepted_at=accepted_at)

    assert today(business) == {"received": 1, "sent": 3, "failed": 2}


def test_what_was_not_sent_yet_or_may_not_have_been_is_not_counted_as_sent():
    number = make_number(make_owner().business)
    conversation = make_conversation(number)
    for status in ("queued", "sending", "unknown", "failed", "accepted", "sent", "delivered", "read"):
        make_message(conversation, direction="out", status=status)

    assert today(number.business) == {"received": 0, "sent": 4, "failed": 1}


def test_what_a_job_is_deleting_is_not_counted():
    number = make_number(make_owner().business)
    for customer in (make_customer(number.business), make_customer(number.business)):
        make_message(make_conversation(number, customer))
    Deletion.objects.create(business=number.business, what="crm.customer", object_id=customer.pk, state="waiting")

    assert today(number.business)["received"] == 1


def test_each_thing_that_a_number_needs_is_one_line_that_leads_to_it(client):
    owner = make_owner(language="en")
    number = make_number(owner.business, name="Shop", quality_rating="RED", subscribed_apps=[])
    make_number(owner.business, quality_rating="RED", is_active=False)
    make_number(make_owner().business, quality_rating="RED")
    client.force_login(owner)

    html = client.get(reverse("admin:index")).text

    found = needs(owner.business)
    assert [need.kind for need in found] == ["numbers", "numbers"]
    assert {need.url for need in found} == {reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk])}
    assert html.count("Shop: ") == 2


def test_there_are_ten_lines_about_numbers_at_most():
    business = make_owner().business
    for _serial in range(12):
        make_number(business, quality_rating="RED")

    found = needs(business)

    assert len(found) == 11
    assert (found[-1].count, found[-1].url.partition("?")[0]) == (
        2,
        reverse("admin:whatsapp_whatsappnumber_changelist"),
    )


def test_a_new_business_is_led_to_its_first_number(client):
    owner = make_owner(language="en")
    client.force_login(owner)

    assert "Connect your first WhatsApp number" in client.get(reverse("admin:index")).text

    [need] = needs(owner.business)
    assert "Quick setup" in client.get(need.url).text


def test_a_number_that_cannot_receive_is_told_of(settings):
    settings.META_APP_SECRET = ""
    number = make_number(make_owner().business, app_secret="")
    [need] = needs(number.business)
    assert need.text.startswith(f"{number}: Не указан секрет приложения Meta")
