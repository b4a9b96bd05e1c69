from datetime import timedelta

import pytest
from django.utils import timezone, translation

from accounts.testing import make_owner
from crm.conversations import thread
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


def texts(page):
    return [entry.text for entry in page.entries]


def make_messages(count, conversation):
    began = timezone.now() - timedelta(hours=3)
    # Two messages share each second, as Meta's timestamps do.
    return [
        make_message(conversation, str(serial), timestamp=began + timedelta(seconds=serial // 2))
        for serial in range(count)
    ]


def test_the_newest_page_shows_the_oldest_of_it_first():
    conversation = make_conversation()
    make_messages(3, conversation)

    page = thread.page(conversation)

    assert texts(page) == ["0", "1", "2"]
    assert page.older == ""


def test_pages_follow_each_other_without_gap_or_repetition():
    conversation = make_conversation()
    make_messages(2 * thread.PAGE_SIZE + 7, conversation)

    newest = thread.page(conversation)
    middle = thread.page(conversation, newest.older)
    oldest = thread.page(conversation, middle.older)

    shown = texts(oldest) + texts(middle) + texts(newest)
    assert shown == [str(serial) for serial in range(2 * thread.PAGE_SIZE + 7)]
    assert oldest.older == ""


@pytest.mark.parametrize("cursor", ["nonsense", "0001-01-01T00:00:00+23:59_1", "2026-01-01_x", "_1", "'; --"])
def test_what_is_no_cursor_shows_the_newest_page(cursor):
    conversation = make_conversation()
    make_message(conversation, "Hello")

    assert texts(thread.page(conversation, cursor)) == ["Hello"]


def test_a_reaction_is_shown_on_its_message_and_the_last_one_counts():
    conversation = make_conversation()
    message = make_message(conversation, "Ready on Friday", "out")
    for emoji in ("👍", "❤"):
        make_message(conversation, emoji, type="reaction", context_wamid=message.wamid, content=reaction(emoji))

    [entry] = thread.page(conversation).entries

    assert entry.reactions == ["❤"]


def test_a_reaction_taken_back_is_not_shown():
    conversation = make_conversation()
    message = make_message(conversation, "Ready on Friday", "out")
    for emoji in ("👍", ""):
        make_message(conversation, "…", type="reaction", context_wamid=message.wamid, content=reaction(emoji))

    [entry] = thread.page(conversation).entries

    assert entry.reactions == []


def reaction(emoji):
    return {"type": "reaction", "reaction": {"emoji": emoji}}


def test_an_edit_and_a_revoke_are_shown_on_their_message():
    conversation = make_conversation()
    edited, revoked = make_message(conversation, "Frday"), make_message(conversation, "Oops")
    make_message(conversation, "Friday", type="edit", context_wamid=edited.wamid)
    make_message(conversation, "Deleted a message", type="revoke", context_wamid=revoked.wamid)

    first, second = thread.page(conversation).entries

    assert (first.text, first.edited_text) == ("Frday", "Friday")
    assert second.is_revoked


def test_an_answer_quotes_what_it_answers():
    conversation = make_conversation()
    asked = make_message(conversation, "Which size?", "out")
    make_message(conversation, "S", context_wamid=asked.wamid)

    assert thread.page(conversation).entries[1].quoted == "Which size?"


def test_media_show_their_kind_and_their_caption():
    image = {"type": "image", "image": {"caption": "Like this one"}}
    conversation = make_conversation()
    make_message(conversation, "Like this one", type="image", content=image)

    with translation.override("en"):
        [entry] = thread.page(conversation).entries

    assert (entry.media, entry.text) == ("Photo", "Like this one")


def test_the_choices_a_bot_offered_are_shown():
    button = {"type": "button", "action": {"buttons": [{"reply": {"id": "s", "title": "S"}}]}}
    rows = {"type": "list", "action": {"sections": [{"rows": [{"id": "m", "title": "M"}]}]}}
    conversation = make_conversation()
    for content in (button, rows):
        make_message(
            conversation, "Size?", "out", type="interactive", content={"type": "interactive", "interactive": content}
        )

    assert [entry.choices for entry in thread.page(conversation).entries] == [["S"], ["M"]]


def test_who_wrote_is_said_by_name():
    owner = make_owner(name="Maria")
    conversation = make_conversation()
    make_message(conversation, "Hello", "out", author=owner)

    assert thread.page(conversation).entries[0].written_by == "Maria"


def test_the_number_of_queries_does_not_grow_with_the_thread(django_assert_num_queries):
    conversation = make_conversation()
    asked = make_message(conversation, "Which size?", "out", author=make_owner())
    for _serial in range(5):
        make_message(conversation, "S", context_wamid=asked.wamid)
        make_message(conversation, "👍", type="reaction", context_wamid=asked.wamid, content=reaction("👍"))

    # messages, broadcast messages, reactions, quoted texts
    with django_assert_num_queries(4):
        thread.page(conversation)
