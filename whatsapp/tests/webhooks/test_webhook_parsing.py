import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from whatsapp.sending.statuses import Pricing
from whatsapp.webhooks.parsing import Contact, parse

PAYLOADS = sorted((Path(__file__).parent / "payloads").glob("*.json"))
ANNA = ("+79161234567", "RU.55019283746501928374", "Анна Смирнова")


def read(name):
    payload = json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text(encoding="utf-8"))
    [entry] = payload["entry"]
    [change] = entry["changes"]
    return parse(change["field"], change["value"])


def message(name):
    [message] = read(name).messages
    return message


def parse_messages(*elements, contacts=()):
    return parse("messages", {"contacts": list(contacts), "messages": list(elements)})


def element(**fields):
    return {
        "from": "79161234567",
        "id": "wamid.A",
        "timestamp": "1795334400",
        "type": "text",
        "text": {"body": "Hi"},
        **fields,
    }


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_every_kind_of_webhook_is_read_without_errors(path):
    assert read(path.stem).errors == ()


@pytest.mark.parametrize(
    ("name", "type", "text"),
    [
        ("text", "text", "Здравствуйте! Торт на субботу ещё можно заказать?"),
        ("text_reply", "text", "Да, этот"),
        ("text_from_ad", "text", "Пишу по рекламе"),
        ("image", "image", "Вот такой хочу"),
        ("video", "video", ""),
        ("audio", "audio", ""),
        ("document", "document", "Список"),
        ("sticker", "sticker", ""),
        ("location", "location", ""),
        ("contacts", "contacts", ""),
        ("reaction", "reaction", "❤️"),
        ("reaction_removed", "reaction", ""),
        ("button_reply", "interactive", "Средний"),
        ("list_reply", "interactive", "14:00"),
        ("flow_reply", "interactive", ""),
        ("interactive_missing", "interactive", ""),
        ("template_button", "button", "Больше не писать"),
        ("order", "order", ""),
        ("unsupported", "unsupported", ""),
        ("request_welcome", "request_welcome", ""),
        ("edit", "edit", "Торт на воскресенье"),
        ("revoke", "revoke", ""),
    ],
)
def test_the_text_is_what_the_person_wrote_tapped_or_captioned(name, type, text):
    read = message(name)
    assert (read.type, read.text) == (type, text)
    assert (read.sender_phone, read.sender_user_id, read.profile_name) == ANNA


@pytest.mark.parametrize(
    ("name", "choice_id"), [("button_reply", "size:m"), ("list_reply", "time:14"), ("template_button", "stop")]
)
def test_a_tap_has_the_id_of_what_was_tapped(name, choice_id):
    assert message(name).choice_id == choice_id


def test_a_text_is_no_choice():
    assert message("text").choice_id is None


@pytest.mark.parametrize("name", ["text_reply", "button_reply", "reaction", "reaction_removed"])
def test_an_answer_or_reaction_names_the_message_it_is_about(name):
    [status] = read("status_sent").statuses
    assert message(name).context_wamid == status.wamid


@pytest.mark.parametrize("name", ["edit", "revoke"])
def test_an_edit_or_revocation_names_the_original(name):
    assert message(name).context_wamid == message("text").wamid


def test_a_forwarded_message_answers_nothing():
    assert message("text_forwarded").context_wamid == ""


def test_a_person_with_a_username_has_a_user_id_and_no_phone():
    sender = message("text_user_id_only")
    assert (sender.sender_phone, sender.sender_user_id) == (None, "RU.70011223344556677889")
    assert sender.profile_name == "Лев"


def test_a_system_message_comes_without_contacts():
    assert message("system_new_phone").sender_phone == "+79161234567"


def test_a_system_message_tells_the_new_phone_of_its_sender():
    assert message("system_new_phone").new_phone == "+79169998877"


@pytest.mark.parametrize(
    "system",
    [
        {"type": "customer_identity_changed", "wa_id": "79169998877"},
        {"type": "user_changed_number", "wa_id": "nonsense"},
        {"type": "user_changed_number"},
        "nonsense",
    ],
)
def test_other_system_messages_tell_no_new_phone(system):
    [message] = parse_messages(element(type="system", system=system)).messages
    assert message.new_phone is None


def test_the_content_is_the_whole_element():
    assert message("location").content["location"]["name"] == "Кафе «Пышка»"


@pytest.mark.parametrize("timestamp", ["1795334400", 1795334400, 1795334400.0, "1795334400000", 1795334400000])
def test_times_are_seconds_or_milliseconds_as_text_or_number(timestamp):
    [read] = parse_messages(element(timestamp=timestamp)).messages
    assert read.timestamp == datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize("timestamp", [None, "", "soon", -1, 0, 10**30, [], "nan", "inf"])
def test_a_message_without_a_time_is_of_when_it_was_received(timestamp):
    received_at = datetime(2026, 11, 22, tzinfo=UTC)
    change = parse("messages", {"messages": [element(timestamp=timestamp)]}, received_at)
    assert change.messages[0].timestamp == received_at


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "text",
        [],
        {},
        element(id=None),
        element(id=""),
        element(id="w" * 256),
        element(id=7),
        element(**{"from": None}),
        element(**{"from": "not a phone"}),
        element(**{"from": "1" * 16}),
        element(timestamp=None),
    ],
    ids=repr,
)
def test_a_broken_message_is_named_and_does_not_stop_its_siblings(broken):
    change = parse_messages(element(id="wamid.1"), broken, element(id="wamid.2"))
    assert [message.wamid for message in change.messages] == ["wamid.1", "wamid.2"]
    assert len(change.errors) == 1
    assert change.errors[0].startswith("messages[1]: ")


@pytest.mark.parametrize(
    "odd",
    [
        element(type=None),
        element(type=7),
        element(type="t" * 99),
        element(text=None),
        element(text="Hi"),
        element(text={"body": 7}),
        element(type="interactive", interactive="x"),
        element(type="interactive", interactive={"button_reply": []}),
        element(type="edit", edit={"message": {"type": "edit"}}),
        element(type="edit", edit={"message": []}),
        element(type="id"),
        element(context=[], reaction=7),
        element(context={"id": "w" * 256}),
    ],
    ids=repr,
)
def test_an_odd_message_is_kept(odd):
    [read] = parse_messages(odd).messages
    assert read.content == odd
    assert isinstance(read.text, str)
    assert len(read.type) <= 30


@pytest.mark.parametrize("value", [None, "text", 7, [], {}, {"messages": None}, {"messages": {}}, {"statuses": "x"}])
def test_a_value_of_another_shape_holds_nothing(value):
    change = parse("messages", value)
    assert (change.messages, change.statuses, change.errors) == ((), (), ())


def test_a_contact_completes_the_sender_it_shares_the_phone_with():
    contacts = [
        {"profile": {"name": "Пётр"}, "wa_id": "79160000000", "user_id": "RU.1"},
        {"profile": {"name": "Анна"}, "wa_id": "79161234567", "user_id": "RU.2"},
    ]
    [read] = parse_messages(element(), contacts=contacts).messages
    assert (read.sender_user_id, read.profile_name) == ("RU.2", "Анна")


def test_another_persons_contact_completes_nothing():
    contacts = [{"profile": {"name": "Пётр"}, "wa_id": "79160000000", "user_id": "RU.1"}]
    [read] = parse_messages(element(), contacts=contacts).messages
    assert (read.sender_user_id, read.profile_name) == (None, "")


def test_a_user_id_in_the_place_of_the_phone_is_taken_for_what_it_is():
    [read] = parse_messages(element(**{"from": "RU.123"})).messages
    assert (read.sender_phone, read.sender_user_id) == (None, "RU.123")


def test_contacts_are_read():
    assert read("text").contacts == (Contact(*ANNA),)


@pytest.mark.parametrize("status", ["sent", "delivered", "read", "played", "failed"])
def test_a_status_has_its_wamid_and_the_token_of_the_send(status):
    [update] = read(f"status_{status}").statuses
    assert update.status == status
    assert update.wamid == message("reaction").context_wamid
    assert update.token == "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def test_a_failed_status_has_metas_code_and_words():
    [update] = read("status_failed").statuses
    assert (update.error_code, update.error_title) == (131026, "Message Undeliverable.")


def test_a_broken_status_does_not_stop_its_siblings():
    good = {"id": "wamid.A", "status": "sent", "timestamp": "1795334400"}
    change = parse("messages", {"statuses": [good, {**good, "status": None}, {**good, "errors": 7}]})
    assert [update.wamid for update in change.statuses] == ["wamid.A", "wamid.A"]
    assert change.errors == ("statuses[1]: no status",)


def test_stopping_marketing_is_a_preference():
    [preference] = read("user_preferences").preferences
    assert (preference.phone, preference.wants_marketing) == ("+79161234567", False)


def test_a_preference_about_something_else_is_named_an_error():
    change = parse("user_preferences", {"user_preferences": [{"wa_id": "79161234567", "category": "x"}]})
    assert change.preferences == ()
    assert change.errors == ("user_preferences[0]: not about marketing messages",)


@pytest.mark.parametrize("status", ["sent", "delivered"])
def test_a_status_has_what_meta_charges_and_the_recipient(status):
    [update] = read(f"status_{status}").statuses
    assert update.pricing == Pricing("utility", "regular", True, "PMP")
    assert update.recipient.startswith("+7")


@pytest.mark.parametrize("pricing", [None, {}, [], "regular", 7])
def test_a_price_that_is_none_is_none(pricing):
    [update] = parse_statuses(pricing=pricing)
    assert update.pricing is None


def test_of_a_price_that_is_half_readable_the_rest_is_kept():
    [update] = parse_statuses(pricing={"category": "x" * 99, "billable": "yes", "type": None, "pricing_model": 7})
    assert update.pricing == Pricing("x" * 40)


def test_a_person_without_a_phone_is_the_recipient_by_user_id():
    [update] = parse_statuses(recipient_user_id="KZ.13491208655302741918")
    assert update.recipient == "KZ.13491208655302741918"


def parse_statuses(**fields):
    element = {"id": "wamid.A", "status": "sent", "timestamp": "1795334400", **fields}
    return parse("messages", {"statuses": [element]}).statuses
