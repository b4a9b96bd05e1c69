"""The composer in a real browser: keys, drafts, canned replies, notes, files, quotes, and what is not lost."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_colleague, make_owner, work_off
from crm.conversations import scheduled
from crm.models import Message, SavedReply, ScheduledMessage
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import PNG, make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def conversation(owner, meta):
    conversation = make_conversation(make_number(owner.business), make_customer(owner.business, name="Anna"))
    meta.connect(conversation.whatsapp_number)
    make_message(conversation, "Is the cake ready?")
    return conversation


@pytest.fixture
def page(open_page, owner, conversation):
    return open_page(owner, reverse("admin:crm_conversation_change", args=[conversation.pk]))


def said(page, text):
    """Wait until a message of ours stands in the thread."""
    page.locator(".entry.out").get_by_text(text).wait_for()


def test_enter_sends_without_loading_a_page_and_the_box_is_ready_for_more(page):
    page.evaluate("window.mark = 'the same'")
    page.keyboard.type("On Friday")

    page.keyboard.press("Enter")

    said(page, "On Friday")
    assert page.input_value("#id_text") == ""
    assert page.evaluate("[window.mark, document.activeElement.id]") == ["the same", "id_text"]


def test_shift_and_enter_break_the_line(page):
    page.keyboard.type("On Friday")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("at six")

    assert page.input_value("#id_text") == "On Friday\nat six"
    assert not Message.objects.filter(direction="out").exists()


def test_who_wants_so_breaks_lines_by_enter_next_time_too(page):
    page.uncheck("#composer-enter input")
    page.reload()
    page.locator("#id_text:focus").wait_for()
    page.keyboard.type("On Friday")

    page.keyboard.press("Enter")
    assert page.input_value("#id_text") == "On Friday\n"
    page.keyboard.press("Control+Enter")

    said(page, "On Friday")


def test_a_draft_survives_a_reload_and_goes_when_it_is_sent(page):
    page.keyboard.type("On Fri")
    page.reload()
    assert page.input_value("#id_text") == "On Fri"

    page.press("#id_text", "Enter")
    said(page, "On Fri")
    page.reload()

    assert page.input_value("#id_text") == ""


def test_the_list_shows_where_there_is_a_draft(page, owner, conversation):
    page.evaluate(
        """of => {
            const mark = document.createElement("i");
            mark.id = "mark";
            mark.hidden = true;
            mark.dataset.draftOf = of;
            mark.textContent = "draft";
            document.body.append(mark);
        }""",
        f"{owner.business_id}:{owner.pk}:{conversation.pk}",
    )
    page.keyboard.type("On Friday")
    assert page.locator("#mark").is_visible()

    page.keyboard.press("Enter")

    page.locator("#mark").wait_for(state="hidden")


def test_a_canned_reply_is_found_while_typing_and_stands_filled_in(page, owner):
    for shortcut, text in [("hours", "From ten to eight."), ("hello", "Hello, {{customer.name}}!")]:
        SavedReply.objects.create(business=owner.business, shortcut=shortcut, text=text)
    page.keyboard.type("/")
    page.locator("[role=option]").nth(1).wait_for()

    page.keyboard.type("he")
    page.locator("[role=option]").get_by_text("Hello, Anna!").wait_for()
    page.keyboard.press("Enter")

    assert page.input_value("#id_text") == "Hello, Anna!"
    assert not Message.objects.filter(direction="out").exists()


def test_escape_leaves_the_slash_as_it_is(page, owner):
    SavedReply.objects.create(business=owner.business, shortcut="hours", text="From ten to eight.")
    page.keyboard.type("/")
    page.locator("[role=option]").wait_for()

    page.keyboard.press("Escape")

    assert page.locator("[role=option]").count() == 0
    assert page.input_value("#id_text") == "/"


def test_a_note_names_a_colleague_and_goes_to_no_customer(page, owner):
    colleague = make_colleague(owner, "operator")
    page.get_by_text("Note", exact=True).first.click()
    page.locator("#id_text:focus").wait_for()

    page.keyboard.type("Ask @")
    page.locator("[role=option]").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    page.locator(".entry").get_by_text(f"Ask @{colleague}").wait_for()
    assert Message.objects.get(author=owner).type == "note"


PASTE = """bytes => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], "image.png", {type: "image/png"}));
    document.getElementById("id_text").dispatchEvent(
        new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def test_a_pasted_picture_is_shown_and_sent_with_its_caption(page, meta, conversation):
    page.evaluate(PASTE, list(PNG))
    page.locator(".composer-file img").wait_for()
    page.keyboard.type("Your cake")

    page.keyboard.press("Enter")

    page.locator(".entry.out .file img").wait_for()
    assert Message.objects.get(type="image").content["image"]["caption"] == "Your cake"
    assert page.locator(".composer-file").count() == 0


def test_several_files_are_messages_in_their_order_with_the_caption_at_the_first(page, tmp_path):
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(PNG)
    page.set_input_files("#id_file", [tmp_path / "one.png", tmp_path / "two.png"])
    page.keyboard.type("Two cakes")

    page.press("#id_text", "Enter")

    page.locator(".entry.out .file img").nth(1).wait_for()
    sent = Message.objects.filter(type="image").order_by("pk")
    assert [message.content["image"].get("caption") for message in sent] == ["Two cakes", None]


def test_what_whatsapp_does_not_carry_is_said_before_sending(page, tmp_path):
    (tmp_path / "cake.exe").write_bytes(b"MZ")

    page.set_input_files("#id_file", tmp_path / "cake.exe")

    page.locator(".composer-file.bad").get_by_text("does not carry").wait_for()


def test_a_message_is_quoted_by_its_button(page, conversation):
    asked = Message.objects.get()
    page.evaluate(
        """pk => {
            const button = document.createElement("button");
            button.dataset.replyTo = pk;
            button.textContent = "Quote";
            document.querySelector(".entry .bubble").append(button);
            button.click();
        }""",
        asked.pk,
    )
    page.locator("#composer-quote").get_by_text("Is the cake ready?").wait_for()

    page.keyboard.type("On Friday")
    page.keyboard.press("Enter")

    said(page, "On Friday")
    assert Message.objects.get(direction="out").context_wamid == asked.wamid
    assert page.locator("#composer-quote").is_hidden()


def test_a_message_goes_out_later(page):
    page.keyboard.type("See you tomorrow")
    at = timezone.localtime() + timedelta(hours=2)
    page.click(".composer-later summary")
    page.fill("#id_send_at", f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Send later").click()

    page.locator("#scheduled").get_by_text("See you tomorrow").wait_for()
    page.locator("#scheduled").get_by_role("button", name="Cancel").click()

    page.locator("#scheduled li").wait_for(state="detached")
    assert ScheduledMessage.objects.get().state == "cancelled"


def test_what_went_out_at_its_time_goes_from_above_the_box(page, owner, conversation):
    row = scheduled.schedule(conversation, owner, timezone.now() + timedelta(hours=1), text="See you at six")
    page.reload()
    page.locator("#scheduled").get_by_text("See you at six").wait_for()

    scheduled.send_now(row)
    work_off(scheduled.JOB)

    page.locator("#scheduled li").wait_for(state="detached", timeout=8000)


def test_when_the_session_is_gone_the_text_stays_and_goes_out_after_signing_in(page, live_server, owner, client):
    page.keyboard.type("On Friday")
    Session.objects.all().delete()

    page.keyboard.press("Enter")
    page.get_by_role("link", name="Sign in, in a new tab").wait_for()
    assert page.input_value("#id_text") == "On Friday"

    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    page.get_by_role("button", name="Send again").click()

    said(page, "On Friday")
    assert Message.objects.filter(direction="out").count() == 1


LOSE_THE_FIRST_ANSWER = """() => {
    const fetched = window.fetch;
    window.fetch = async (...request) => {
        await fetched(...request);
        window.fetch = fetched;
        throw new TypeError("Failed to fetch");
    };
}"""


def test_an_answer_that_is_lost_on_its_way_back_is_not_sent_twice(page):
    page.keyboard.type("On Friday")
    page.evaluate(LOSE_THE_FIRST_ANSWER)
    page.keyboard.press("Enter")
    page.get_by_text("No connection.").wait_for()
    assert page.input_value("#id_text") == "On Friday"

    page.get_by_role("button", name="Send again").click()

    page.get_by_text("No connection.").wait_for(state="detached")
    assert page.input_value("#id_text") == ""
    assert Message.objects.filter(direction="out").count() == 1


def test_an_emoji_is_found_by_its_name(page):
    page.keyboard.type("Thanks")
    page.click("#composer-emoji")

    page.keyboard.type("спаси")
    page.keyboard.press("Enter")

    assert page.input_value("#id_text") == "Thanks🙏"


def test_nothing_is_wider_than_a_telephone(open_page, owner, conversation):
    SavedReply.objects.create(business=owner.business, shortcut="x" * 40, text="long" * 100)
    options = {"viewport": {"width": 375, "height": 700}}
    page = open_page(owner, reverse("admin:crm_conversation_change", args=[conversation.pk]), **options)
    page.fill("#id_text", "/")
    page.locator("[role=option]").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") <= 375
