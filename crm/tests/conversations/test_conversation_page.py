from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_colleague, make_owner
from crm.deals import deals
from crm.models import Message
from crm.testing import make_conversation, make_message, make_picture
from whatsapp.testing import PNG, make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner(language="en", name="Maria")


@pytest.fixture
def conversation(owner):
    return make_conversation(make_number(owner.business), unread=2)


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def address(conversation, view="change"):
    return reverse(f"admin:crm_conversation_{view}", args=[conversation.pk])


def reply(client, conversation, text="Hello", idempotency_key=None):
    data = {"text": text, "idempotency_key": idempotency_key or uuid4()}
    return client.post(address(conversation), data, follow=True)


def test_the_page_shows_the_thread_with_the_fate_of_each_message(page, conversation):
    make_message(conversation, "Is the cake ready?")
    make_message(conversation, "On Friday", "out", status="read")
    make_message(conversation, "Hello?", "out", status="failed", error_title="Not on WhatsApp")

    html = page.get(address(conversation)).text

    assert "Is the cake ready?" in html
    assert "read" in html
    assert "Not on WhatsApp" in html


def test_what_customers_write_is_never_html(page, conversation):
    make_message(conversation, "<script>alert(1)</script>")

    assert "<script>alert" not in page.get(address(conversation)).text


def test_opening_the_page_marks_the_conversation_read(page, conversation):
    page.get(address(conversation))

    conversation.refresh_from_db()
    assert conversation.unread == 0


def test_a_reply_is_queued_and_the_page_comes_back(page, conversation, owner):
    response = reply(page, conversation, "On Friday")

    message = Message.objects.get()
    assert (message.text, message.status, message.author) == ("On Friday", "queued", owner)
    assert "On Friday" in response.text


def test_a_double_click_sends_one_message(page, conversation):
    key = uuid4()

    reply(page, conversation, idempotency_key=key)
    reply(page, conversation, idempotency_key=key)

    assert Message.objects.count() == 1


def test_outside_the_window_the_box_is_off_and_says_why(page, conversation):
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    html = page.get(address(conversation)).text

    assert "<fieldset disabled>" in html
    assert "More than 24 hours" in html


def test_a_refused_reply_keeps_what_was_typed_and_says_why(page, conversation):
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    html = reply(page, conversation, "A long answer").text

    assert "A long answer" in html
    assert "More than 24 hours" in html
    assert not Message.objects.exists()


def test_with_the_number_switched_off_the_box_says_so(page, conversation):
    conversation.whatsapp_number.is_active = False
    conversation.whatsapp_number.save()

    html = page.get(address(conversation)).text

    assert "<fieldset disabled>" in html
    assert "is switched off" in html


def test_an_empty_reply_is_no_message(page, conversation):
    html = reply(page, conversation, "   ").text

    assert "Write something, or choose a file." in html
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "verb, field, value",
    [("close", "status", "closed"), ("pause_bot", "bot_paused", True), ("resume_bot", "bot_paused", False)],
)
def test_a_button_does_what_it_says_and_is_logged(page, conversation, verb, field, value):
    page.post(address(conversation, "act"), {"verb": verb})

    conversation.refresh_from_db()
    assert getattr(conversation, field) == value
    assert LogEntry.objects.count() == 1


def test_a_conversation_is_assigned_to_whoever_presses_the_button(page, conversation, owner):
    page.post(address(conversation, "act"), {"verb": "assign_to_me"})

    conversation.refresh_from_db()
    assert conversation.assignee == owner


def make_unknown(conversation):
    return make_message(conversation, "On Friday", "out", status="unknown", wamid=None, token="t")


def decide(client, message, decision):
    url = reverse("admin:crm_conversation_decide", args=[message.conversation_id, message.pk])
    response = client.post(url, {"decision": decision}, follow=True)
    message.refresh_from_db()
    return response


@pytest.mark.parametrize("decision, status", [("count_as_sent", "sent"), ("send_again", "queued")])
def test_a_person_decides_about_a_message_of_unknown_fate(page, conversation, decision, status):
    message = make_unknown(conversation)
    assert decision in page.get(address(conversation)).text

    decide(page, message, decision)

    assert message.status == status


def test_a_message_whose_fate_became_known_is_not_sent_again(page, conversation):
    message = make_message(conversation, "On Friday", "out", status="delivered")

    html = decide(page, message, "send_again").text

    assert message.status == "delivered"
    assert "is known by now" in html


def test_nothing_is_sent_again_outside_the_window(page, conversation):
    message = make_unknown(conversation)
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    decide(page, message, "send_again")

    assert message.status == "unknown"


def test_a_message_of_another_conversation_is_not_decided_about_here(page, conversation):
    message = make_unknown(make_conversation(conversation.whatsapp_number))
    url = reverse("admin:crm_conversation_decide", args=[conversation.pk, message.pk])

    assert page.post(url, {"decision": "send_again"}).status_code == 404


def test_an_unknown_button_does_nothing(page, conversation):
    assert page.post(address(conversation, "act"), {"verb": "delete"}).status_code == 404


def test_buttons_are_not_followed_by_links(page, conversation):
    assert page.get(address(conversation, "act"), {"verb": "close"}).status_code == 405


def test_the_live_part_is_answered_304_while_nothing_changes(page, conversation):
    make_message(conversation, "Hello")
    first = page.get(address(conversation, "live"))

    second = page.get(address(conversation, "live"), headers={"If-None-Match": first["ETag"]})

    assert "Hello" in first.text
    assert (second.status_code, second.content) == (304, b"")


def test_the_live_part_is_sent_again_when_a_message_was_delivered(page, conversation):
    message = make_message(conversation, "Hello", "out")
    etag = page.get(address(conversation, "live"))["ETag"]
    Message.objects.filter(pk=message.pk).update(status="delivered")

    response = page.get(address(conversation, "live"), headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert "delivered" in response.text


def test_older_messages_are_a_link_away(page, conversation):
    for serial in range(60):
        make_message(conversation, f"Message {serial}.", timestamp=timezone.now() - timedelta(minutes=60 - serial))

    newest = page.get(address(conversation))
    oldest = page.get(address(conversation), {"before": newest.context["page"].older})

    assert "Message 59." in newest.text and "Message 0." not in newest.text
    assert "Message 0." in oldest.text and "Message 59." not in oldest.text


def test_a_deal_stands_beside_the_conversation_with_its_price(page, conversation):
    deals.create_deal(conversation.customer, "Cake", amount="96000")

    assert "96,000\u00a0RUB" in page.get(address(conversation)).text


@pytest.mark.parametrize("view", ["change", "live"])
def test_a_stranger_finds_nothing(client, conversation, view):
    client.force_login(make_owner())

    assert client.get(address(conversation, view)).status_code == 404


@pytest.mark.parametrize("view", ["change", "act"])
def test_a_stranger_changes_nothing(client, conversation, view):
    client.force_login(make_owner())

    response = client.post(address(conversation, view), {"verb": "close", "text": "Hello", "idempotency_key": uuid4()})

    assert response.status_code == 404
    assert not Message.objects.exists()


def test_an_operator_answers(client, owner, conversation):
    client.force_login(make_colleague(owner))

    reply(client, conversation)

    assert Message.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_the_thread(page, conversation, django_assert_max_num_queries):
    for _serial in range(10):
        make_message(conversation, "Hello", "out")
    page.get(address(conversation))

    # session, user with business, two of permissions, conversation; messages, broadcast messages, reactions; list,
    # last messages, counts, numbers, tags of the filter, people twice; templates, tags, scheduled, other
    # conversations, broadcasts, what the bot knows; open deals, closed ones, pipelines, stages; what waits, for the
    # navigation
    with django_assert_max_num_queries(27):
        page.get(address(conversation))


def send_file(client, conversation, name="cake.png", content=PNG, **data):
    data = {"file": SimpleUploadedFile(name, content), "idempotency_key": uuid4(), "text": "", **data}
    return client.post(address(conversation), data, follow=True)


def test_a_file_is_sent_with_the_words_as_its_caption(page, conversation, owner):
    send_file(page, conversation, text="Your cake")

    message = Message.objects.get()
    assert (message.type, message.text, message.author, message.origin) == ("image", "Your cake", owner, "person")
    assert message.media.name == "cake.png"


def test_a_double_click_sends_one_file(page, conversation):
    key = uuid4()

    send_file(page, conversation, idempotency_key=key)
    send_file(page, conversation, idempotency_key=key)

    assert Message.objects.count() == 1


def test_a_file_that_whatsapp_does_not_carry_is_refused_and_the_words_stay(page, conversation):
    html = send_file(page, conversation, "page.html", b"<p>", text="Look here").text

    assert "WhatsApp does not carry files of this type" in html
    assert "Look here" in html
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("mime", "shown"),
    [
        ("image/png", "<img src="),
        ("audio/ogg", "<audio src="),
        ("video/mp4", "<video src="),
        ("text/html", "cake.png</a>"),
    ],
)
def test_a_file_is_shown_as_what_it_is(page, conversation, mime, shown):
    make_picture(conversation, mime=mime, name="cake.png")

    assert shown in page.get(address(conversation)).text


def test_a_file_still_on_its_way_and_one_that_did_not_come_say_so(page, conversation):
    make_picture(conversation, state="waiting", due_at=timezone.now(), problem="Meta cannot be reached.")
    make_picture(conversation, state="failed", problem="Meta does not have this file any more.")

    html = page.get(address(conversation)).text

    assert "It is being fetched from WhatsApp… Meta cannot be reached." in html
    assert "It could not be fetched: Meta does not have this file any more." in html
    assert "<img" not in html


def test_a_file_named_like_html_is_harmless(page, conversation):
    make_picture(conversation, mime="application/zip", name="<script>alert(1)</script>")

    assert "<script>alert" not in page.get(address(conversation)).text


def test_a_thread_of_files_takes_as_many_queries_as_one(page, conversation, django_assert_num_queries):
    make_picture(conversation)
    with CaptureQueriesContext(connection) as queries:
        page.get(address(conversation, "live"))
    for _ in range(5):
        make_picture(conversation)

    with django_assert_num_queries(len(queries)):
        page.get(address(conversation, "live"))


def shown(page, conversation, type, body, **content):
    content = {"type": type, type: body, **content}
    make_message(conversation, "", type=type, content=content)
    return page.get(address(conversation)).text


def test_an_order_is_a_table_with_a_total(page, conversation):
    items = [
        {"product_retailer_id": "SKU-77", "quantity": 2, "item_price": 350.0, "currency": "RUB"},
        {"product_retailer_id": "SKU-9", "quantity": 1, "item_price": 100.5, "currency": "RUB"},
    ]

    html = shown(page, conversation, "order", {"product_items": items, "text": "Gift wrap"})

    assert "Order: 2 items. Gift wrap" in html
    assert "<td>SKU-77</td><td>2</td><td>350\xa0RUB</td>" in html
    assert "<td>800.50\xa0RUB</td>" in html


def test_the_answers_of_a_form_are_listed(page, conversation):
    reply = {"response_json": '{"flow_token": "t", "name": "Anna", "agree": true}'}

    html = shown(page, conversation, "interactive", {"type": "nfm_reply", "nfm_reply": reply})

    assert "<dt>name:</dt> <dd>Anna</dd>" in html
    assert "<dt>agree:</dt> <dd>yes</dd>" in html
    assert "flow_token" not in html


def test_a_contact_card_can_be_called_and_written_to(page, conversation):
    card = {
        "name": {"formatted_name": "Rui"},
        "phones": [{"phone": "+7 903 111-22-33"}],
        "emails": [{"email": "a@b.ru"}],
    }

    html = shown(page, conversation, "contacts", [card])

    assert '<a href="tel:+79031112233">+7 903 111-22-33</a>' in html
    assert '<a href="mailto:a@b.ru">a@b.ru</a>' in html


def test_a_place_has_a_link_to_a_map(page, conversation):
    html = shown(page, conversation, "location", {"latitude": 55.75, "longitude": 37.61})

    assert "query=55.7500000,37.6100000" in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_the_ad_the_product_and_a_forwarding_are_shown(page, conversation):
    html = shown(
        page,
        conversation,
        "text",
        {"body": "Hi"},
        referral={"headline": "Tea <b>", "source_url": "https://fb.me/ad1", "source_id": "120200"},
        context={"forwarded": True, "referred_product": {"catalog_id": "1", "product_retailer_id": "SKU-77"}},
    )

    link = '<a href="https://fb.me/ad1" target="_blank" rel="noopener noreferrer nofollow">Tea &lt;b&gt;</a>'
    assert link in html
    assert "120200" in html
    assert "SKU-77" in html
    assert "Forwarded" in html


def test_no_link_of_a_customer_runs_a_script(page, conversation):
    referral = {"headline": "Tea", "source_url": "javascript:alert(1)"}
    card = {"phones": [{"phone": "javascript:alert(1)"}], "emails": [{"email": "javascript:alert(1)"}]}
    make_message(conversation, "", type="contacts", content={"type": "contacts", "contacts": [card]})

    html = shown(page, conversation, "text", {"body": "Hi"}, referral=referral)

    assert 'href="javascript' not in html


def test_the_customer_is_shown_with_the_ad_they_came_from(page, conversation):
    conversation.customer.ad = {"headline": "Tea", "body": None, "url": "https://fb.me/1", "id": "1", "click_id": None}
    conversation.customer.save()

    html = page.get(address(conversation)).text

    assert "Came from the ad" in html
    assert 'href="https://fb.me/1"' in html
