import pytest
from django.utils import translation

from crm.conversations.message_texts import shown_text


def shown(content, text="", language="en"):
    with translation.override(language):
        return shown_text(content["type"], text, content)


@pytest.mark.parametrize(
    "type, body, text",
    [
        ("image", {"id": "1"}, "Photo"),
        ("audio", {"voice": True}, "Voice message"),
        ("document", {"filename": "price.pdf"}, "price.pdf"),
        ("location", {"latitude": 38.7, "longitude": -9.1, "name": "Rossio"}, "Location: Rossio"),
        ("contacts", [{"name": {"formatted_name": "Rui"}}, {"phones": []}], "Contact: Rui"),
        ("order", {"product_items": [{}, {}], "text": "Gift wrap"}, "Order: 2 items. Gift wrap"),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {}}, "Answer to a form"),
        (
            "interactive",
            {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}},
            "May be called from now on",
        ),
        ("interactive", {"type": "xyz_reply", "xyz_reply": {"id": "1"}}, "A message that cannot be shown here"),
        ("system", {"body": "Anna has a new phone"}, "Anna has a new phone"),
        ("text", {"body": None}, "Empty message"),
        ("unheard_of", {}, "A message that cannot be shown here"),
    ],
)
def test_a_message_without_words_is_shown_as_a_phrase(type, body, text):
    assert shown({"type": type, type: body}) == text


@pytest.mark.parametrize(
    ("system", "text"),
    [
        ({"type": "user_changed_number", "wa_id": "79161234567"}, "Новый телефон клиента: +7 916 123-45-67"),
        ({"type": "user_changed_user_id", "user_id": "RU.1"}, "У клиента новый ID пользователя WhatsApp"),
        ({"type": "customer_identity_changed"}, "У клиента изменился код безопасности"),
        ({"type": "user_changed_number"}, "Anna changed"),
        ({"type": "user_changed_number", "wa_id": 7}, "Anna changed"),
        ({"type": "unheard_of"}, "Anna changed"),
    ],
)
def test_a_change_is_told_in_our_words_where_we_know_what_changed(system, text):
    assert shown({"type": "system", "system": {"body": "Anna changed", **system}}, language="ru") == text


def test_the_phrase_is_in_the_language_of_who_reads():
    assert shown({"type": "image", "image": {}}, language="ru") == "Фото"


def test_words_are_shown_as_they_are():
    assert shown({"type": "image", "image": {"caption": "Like this"}}, "Like this") == "Like this"


def unsupported(code, kind=None, type="unsupported", **error):
    return {"type": type, type: {"type": kind}, "errors": [{"code": code, "title": "Message type unknown", **error}]}


def test_what_cannot_be_shown_says_what_it_is_and_what_to_do():
    text = shown(unsupported(131051, "poll_creation"))

    assert text.startswith("A message that cannot be shown here: a poll. ")
    assert "Ask for it in another form" in text


def test_what_whatsapp_kept_back_is_asked_for_again():
    assert "send it again" in shown(unsupported(131060))


@pytest.mark.parametrize("type", ["unsupported", "unknown"])
def test_another_reason_is_told_as_whatsapp_says_it(type):
    content = unsupported(1, type=type, error_data={"details": "It was lost."})

    assert shown(content).endswith("WhatsApp says: It was lost.")


@pytest.mark.parametrize("errors", [None, [], {}, [None], ["x"], [{"code": []}], [{"error_data": 7}], 7])
def test_a_reason_that_cannot_be_read_is_left_out(errors):
    content = {"type": "unsupported", "errors": errors, "unsupported": {"type": []}}

    assert shown(content) == "A message that cannot be shown here"
