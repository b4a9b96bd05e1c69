"""A day in the inbox, in a real browser."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_colleague, make_owner
from crm.conversations import conversations
from crm.inbox import presence
from crm.models import Conversation, ConversationRead, Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

INBOX = reverse("admin:crm_inbox")


@pytest.fixture
def owner():
    return make_owner(language="en", name="Vera")


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business)
    meta.connect(number)
    return number


def make_waiting(number, name, minutes=5):
    since = timezone.now() - timedelta(minutes=minutes)
    conversation = make_conversation(
        number, make_customer(number.business, name=name), waiting_since=since, last_message_at=since
    )
    make_message(conversation, f"{name} asks", timestamp=since)
    return conversation


def customer_writes(conversation, text):
    make_message(conversation, text)
    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)


def count_loads(page):
    loads = []
    page.on("load", lambda _page: loads.append(page.url))
    return loads


def test_three_chats_are_answered_with_few_keys_and_without_a_page_load(open_page, owner, number):
    waiting = [make_waiting(number, name, minutes) for name, minutes in (("Anna", 9), ("Boris", 8), ("Clara", 7))]
    page = open_page(owner, INBOX)
    loads, touches = count_loads(page), 0

    for conversation in waiting:
        page.locator(f"#row-{conversation.pk}-link").click()
        page.locator(f"#thread[data-conversation='{conversation.pk}']").wait_for()
        page.fill("#reply textarea", f"Good day, {conversation.customer}")
        page.press("#reply textarea", "Control+Enter")
        page.locator(".entry.out").get_by_text(f"Good day, {conversation.customer}").wait_for()
        touches += 2

    page.get_by_text("Everybody has an answer").wait_for()
    assert (touches / 3 <= 6, loads) == (True, [])
    assert Message.objects.filter(direction="out").count() == 3


def test_a_message_appears_in_an_open_list_within_four_seconds(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    conversations.close(conversation)
    page = open_page(owner, INBOX)
    page.get_by_text("Everybody has an answer").wait_for()

    customer_writes(conversation, "Hello again")

    page.locator(".inbox-row").get_by_text("Hello again").wait_for(timeout=4000)
    assert page.title().startswith("(1) ")
    assert page.locator("#nav-waiting").inner_text() == "1"


def test_back_and_forward_go_through_what_was_open(open_page, owner, number):
    first, second = make_waiting(number, "Anna", 9), make_waiting(number, "Boris", 8)
    page = open_page(owner, INBOX)
    loads = count_loads(page)
    for conversation in (first, second):
        page.locator(f"#row-{conversation.pk}-link").click()
        page.locator(f"#thread[data-conversation='{conversation.pk}']").wait_for()

    page.go_back()
    page.locator(f"#thread[data-conversation='{first.pk}']").wait_for()
    assert page.url.endswith(f"/inbox/{first.pk}/")
    page.go_back()
    page.get_by_text("Choose a dialogue").wait_for()
    page.go_forward()
    page.locator(f"#thread[data-conversation='{first.pk}']").wait_for()
    assert loads == []


def test_keys_go_through_the_list_close_and_snooze(open_page, owner, number):
    first, second = make_waiting(number, "Anna", 9), make_waiting(number, "Boris", 8)
    page = open_page(owner, INBOX)

    page.keyboard.press("j")
    page.locator(f"#thread[data-conversation='{first.pk}']").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.locator(f"#row-{first.pk}").wait_for(state="detached")
    page.keyboard.press("j")
    page.locator(f"#thread[data-conversation='{second.pk}']").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    page.locator(f"#row-{second.pk}").wait_for(state="detached")

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.status == "closed"
    assert second.is_snoozed


def test_what_is_typed_survives_a_session_that_ends(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    page = open_page(owner, f"{INBOX}{conversation.pk}/")
    page.fill("#reply textarea", "On Fri")
    sessions, cookies = list(Session.objects.all()), page.context.cookies()

    Session.objects.all().delete()
    page.get_by_text("You are signed out").wait_for(timeout=8000)
    assert page.locator("[data-notice=signed-out] a").get_attribute("target") == "_blank"
    assert page.input_value("#reply textarea") == "On Fri"

    Session.objects.bulk_create(sessions)
    page.context.add_cookies(cookies)
    page.get_by_text("You are signed out").wait_for(state="detached", timeout=8000)


def test_without_a_connection_the_page_says_so_and_goes_on_by_itself(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    page = open_page(owner, INBOX)

    page.evaluate("() => { fetchOnline = fetch; fetch = () => Promise.reject(new TypeError()); }")
    page.get_by_text("No connection").wait_for(timeout=8000)
    page.evaluate("() => { fetch = fetchOnline; dispatchEvent(new Event('online')); }")

    page.get_by_text("No connection").wait_for(state="detached", timeout=4000)
    assert page.locator(f"#row-{conversation.pk}").is_visible()


def test_opening_reads_for_oneself_and_a_colleague_is_seen(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    customer_writes(conversation, "Hello?")
    page = open_page(owner, INBOX)
    assert page.locator(f"#row-{conversation.pk} .inbox-unread").is_visible()
    page.locator(f"#row-{conversation.pk}-link").click()
    page.locator(f"#row-{conversation.pk} .inbox-unread").wait_for(state="detached")
    assert list(ConversationRead.objects.values_list("user", "read_count")) == [(owner.pk, 1)]

    colleague = make_colleague(owner)
    presence.write(colleague, conversation.pk)

    page.locator("#thread-head").get_by_text("is writing").wait_for(timeout=6000)
    assert page.locator("#thread").get_attribute("data-colleagues") == str(colleague)


def test_older_messages_come_above_and_stay(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    for serial in range(60):
        make_message(conversation, f"Message {serial}.", timestamp=timezone.now() - timedelta(minutes=600 - serial))
    page = open_page(owner, f"{INBOX}{conversation.pk}/")

    page.locator("#older-messages a").click()
    page.get_by_text("Message 0.").wait_for()
    customer_writes(conversation, "Are you there?")
    page.get_by_text("Are you there?").first.wait_for(timeout=6000)

    texts = page.locator(".conversation-thread .words").all_inner_texts()
    assert texts == [f"Message {serial}." for serial in range(60)] + ["Anna asks", "Are you there?"]


def test_who_reads_above_is_not_moved_and_is_told_of_what_is_new(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    for serial in range(40):
        make_message(conversation, f"Message {serial}.", timestamp=timezone.now() - timedelta(minutes=600 - serial))
    page = open_page(owner, f"{INBOX}{conversation.pk}/")
    page.evaluate("document.getElementById('conversation-scroll').scrollTop = -400")
    shown = page.get_by_text("Message 20.").bounding_box()["y"]

    customer_writes(conversation, "Are you there?")

    page.locator("#to-newest").wait_for(timeout=6000)
    assert abs(page.get_by_text("Message 20.").bounding_box()["y"] - shown) < 2
    page.locator("#to-newest").click()
    page.locator("#to-newest").wait_for(state="hidden")


def test_a_tag_is_added_beside_the_thread(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    page = open_page(owner, f"{INBOX}{conversation.pk}/", viewport={"width": 1400, "height": 900})
    loads = count_loads(page)

    page.fill("#customer-tag", "vip")
    page.press("#customer-tag", "Enter")

    page.locator(".customer-tags").get_by_text("vip", exact=True).wait_for()
    assert [str(tag) for tag in conversation.customer.tags.all()] == ["vip"]
    assert loads == []


def test_on_a_telephone_list_thread_and_customer_are_three_screens(open_page, owner, number):
    conversation = make_waiting(number, "ъ" * 200)
    page = open_page(owner, INBOX, viewport={"width": 375, "height": 700})

    page.locator(".inbox-row").click()
    page.locator(f"#thread[data-conversation='{conversation.pk}']").wait_for()
    assert page.locator("#reply textarea").is_visible()
    assert not page.locator(".inbox-list").is_visible()
    page.locator("#to-customer").click()
    assert page.locator("#customer").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.locator("#customer .inbox-back").click()
    page.locator("#back-to-list").click()
    assert page.locator(".inbox-list").is_visible()


def test_without_scripts_one_goes_from_the_list_to_the_thread_and_acts(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    page = open_page(owner, INBOX, java_script_enabled=False)

    page.locator(".inbox-row").click()
    assert page.url.endswith(f"/inbox/{conversation.pk}/")
    page.click("#verb-close")

    assert Conversation.objects.get().status == "closed"


def test_who_answers_is_said_anew_by_the_menu_whoever_changes_it(open_page, owner, number):
    conversation = make_waiting(number, "Anna")
    colleague = make_colleague(owner)
    page = open_page(owner, f"{INBOX}{conversation.pk}/")
    for person in (owner, colleague, owner):
        conversation.refresh_from_db()
        conversations.assign(conversation, person)
        page.locator(f"#assignee option[selected][value='{person.pk}']").wait_for(state="attached", timeout=6000)
        assert page.input_value("#assignee") == str(person.pk)
