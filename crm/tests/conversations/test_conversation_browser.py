"""The conversation page in a real browser: what the script adds, and what works without it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_owner
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation, make_message, make_picture
from whatsapp.testing import PNG, make_number, make_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def conversation(owner, meta):
    conversation = make_conversation(make_number(owner.business))
    meta.connect(conversation.whatsapp_number)
    make_message(conversation, "Is the cake ready?")
    return conversation


@pytest.fixture
def open_page(open_page, owner, conversation):
    """Opens the conversation."""
    address = reverse("admin:crm_conversation_change", args=[conversation.pk])
    return lambda **options: open_page(owner, address, **options)


def test_a_new_message_appears_by_itself_and_what_is_being_typed_stays(open_page, conversation):
    page = open_page()
    page.fill("#id_text", "On Fri")

    make_message(conversation, "Hello?")

    page.get_by_text("Hello?").wait_for(timeout=8000)
    assert page.input_value("#id_text") == "On Fri"


def test_a_delivery_is_shown_by_itself(open_page, conversation):
    message = make_message(conversation, "On Friday", "out", status="sent")
    page = open_page()

    Message.objects.filter(pk=message.pk).update(status="delivered")

    page.locator(".status.delivered").wait_for(timeout=8000)
    assert page.locator(".entry").count() == 2


def test_the_box_is_switched_off_when_the_window_closes(open_page, conversation):
    page = open_page()
    assert page.locator("#id_text").is_enabled()

    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))

    page.get_by_text("More than 24 hours").wait_for(timeout=8000)
    assert page.locator("#id_text").is_disabled()


def test_control_and_enter_send(open_page):
    page = open_page()
    page.fill("#id_text", "On Friday")

    page.press("#id_text", "Control+Enter")

    page.locator(".entry.out").get_by_text("On Friday").wait_for()
    assert Message.objects.filter(direction="out").count() == 1


def test_a_double_click_sends_once(open_page):
    page = open_page()
    page.fill("#id_text", "On Friday")

    page.dblclick("#reply [type=submit]")

    page.locator(".entry.out").get_by_text("On Friday").wait_for()
    assert Message.objects.filter(direction="out").count() == 1


def test_without_scripts_one_reads_and_answers(open_page, conversation):
    for serial in range(40):
        make_message(conversation, f"Message {serial}.")
    page = open_page(java_script_enabled=False)
    assert page.get_by_text("Message 39.").is_visible()
    box, newest = page.locator(".conversation-scroll"), page.get_by_text("Message 39.")
    assert newest.bounding_box()["y"] < box.bounding_box()["y"] + box.bounding_box()["height"]

    page.fill("#id_text", "On Friday")
    page.click("#reply [type=submit]")

    page.locator(".entry.out").get_by_text("On Friday").wait_for()


@pytest.fixture
def closed_page(open_page, conversation):
    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))
    make_template(conversation.whatsapp_number, "Hello {{1}}, your order {{2}} is ready.", name="order_ready")
    return open_page


def test_a_template_is_chosen_filled_in_and_sent(closed_page):
    page = closed_page()
    assert page.locator("#id_text").is_disabled()

    page.select_option("#id_template", index=1)
    page.fill("[name='template-parameter-1']", "Anna")
    page.locator("#template-preview").get_by_text("Hello Anna, your order {{2}} is ready.").wait_for()
    page.fill("[name='template-parameter-2']", "881")
    page.locator("#template-preview").get_by_text("Hello Anna, your order 881 is ready.").wait_for()
    page.click("#fill-template input.default")

    page.locator(".entry.out").get_by_text("Hello Anna, your order 881 is ready.").wait_for()
    assert Message.objects.filter(type="template").count() == 1


def test_a_template_is_sent_without_scripts(closed_page):
    page = closed_page(java_script_enabled=False)

    page.select_option("#id_template", index=1)
    page.click("#choose-template [type=submit]")
    page.fill("[name='template-parameter-1']", "Anna")
    page.click("#fill-template [name=preview]")
    page.locator("#template-preview").get_by_text("Hello Anna, your order {{2}} is ready.").wait_for()
    page.fill("[name='template-parameter-2']", "881")
    page.click("#fill-template input.default")

    page.locator(".entry.out").get_by_text("Hello Anna, your order 881 is ready.").wait_for()


def test_what_is_being_filled_in_stays_while_the_thread_updates(closed_page):
    page = closed_page()
    page.select_option("#id_template", index=1)
    page.fill("[name='template-parameter-1']", "Anna")

    Conversation.objects.update(last_inbound_at=timezone.now())

    page.get_by_text("You may reply until").wait_for(timeout=8000)
    assert page.input_value("[name='template-parameter-1']") == "Anna"


def test_nothing_is_cut_off_on_a_telephone(open_page, conversation):
    make_message(conversation, "https://example.com/" + "long" * 60, "out")
    page = open_page(viewport={"width": 400, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_name_without_spaces_is_not_wider_than_a_telephone(open_page, conversation):
    Customer.objects.filter(pk=conversation.customer_id).update(name="ъ" * 100)
    page = open_page(viewport={"width": 400, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_picture_that_comes_in_appears_and_one_that_is_sent_arrives(open_page, conversation, meta, tmp_path):
    page = open_page()
    meta.customer_sends_file(conversation.whatsapp_number, conversation.customer.phone, PNG, "image/png")
    page.locator(".entry.in .file img").wait_for(timeout=8000)
    page.wait_for_function("document.querySelector('.entry.in .file img').naturalWidth")

    (tmp_path / "cake.png").write_bytes(PNG)
    page.set_input_files("#id_file", tmp_path / "cake.png")
    page.fill("#id_text", "Your cake")
    page.click("#reply [type=submit]")

    page.locator(".entry.out .file img").wait_for()
    page.locator(".entry.out").get_by_text("Your cake").wait_for()
    [arrived] = meta.sent_to(conversation.customer.phone)
    assert meta.simulator.media[arrived["image"]["id"]].content == PNG


def test_a_sound_goes_on_while_its_ticks_change(open_page, conversation):
    media = make_picture(conversation, b"OggS", mime="audio/ogg", direction="out")
    page = open_page()
    page.evaluate("document.querySelector('audio').mark = 'the same'")

    Message.objects.filter(pk=media.message_id).update(status="read")

    page.locator(".status.read").wait_for(timeout=8000)
    assert page.evaluate("document.querySelector('audio').mark") == "the same"
