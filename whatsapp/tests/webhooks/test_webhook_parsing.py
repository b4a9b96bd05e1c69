import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from whatsapp.sending.statuses import Pricing
from whatsapp.webhooks.changes import Contact, UserIdChange
from whatsapp.webhooks.parsing import parse

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
        ("audio_voice_of_old", "audio", ""),
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


@pytest.mark.parametrize(
    ("written", "username"),
    [
        ("@noor.writes", "noor.writes"),
        ("noor_1", "noor_1"),
        ("", ""),
        ("two words", ""),
        ("\u200b", ""),
        ("x" * 101, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_a_webhook_says_it_with_and_without_the_sign(written, username):
    contact = {"profile": {"name": "Lev", "username": written}, "user_id": "RU.1"}
    element = {"from_user_id": "RU.1", "id": "wamid.1", "timestamp": "1795252200", "type": "text"}

    [message] = parse("messages", {"contacts": [contact], "messages": [element]}).messages

    assert message.username == username


def test_a_new_user_id_is_read():
    update = {"user_id": {"previous": "RU.1", "current": "RU.2"}, "timestamp": "1795252200"}
    change = parse("user_id_update", {"user_id_update": [update, {"user_id": "RU.3"}, {"user_id": {"previous": "x"}}]})

    assert change.user_id_changes == (UserIdChange("RU.1", "RU.2"),)
    assert len(change.errors) == 2


def test_a_system_message_tells_of_a_new_user_id():
    system = {"type": "user_changed_user_id", "user_id": "RU.2", "body": "…"}
    element = {"from_user_id": "RU.1", "id": "wamid.1", "timestamp": "1795252200", "type": "system", "system": system}

    [message] = parse("messages", {"messages": [element]}).messages

    assert (message.sender_user_id, message.new_user_id) == ("RU.1", "RU.2")


# --- Groups --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of_group"),
    [
        ("messages", element(group_id="Y2FwaV9ncm91cDox")),
        ("message_echoes", element(group_id="Y2FwaV9ncm91cDox", to="Y2FwaV9ncm91cDox")),
        ("message_echoes", element(recipient_type="group", to="79161112233")),
        ("statuses", {"id": "wamid.A", "status": "read", "timestamp": "1795334400", "recipient_type": "group"}),
        ("calls", {"id": "wacid.A", "from": "79161234567", "timestamp": "1795334400", "group_id": "Y2Fw"}),
    ],
)
def test_what_happens_in_a_group_is_named_and_read_as_nothing(name, of_group):
    change = parse("messages", {name: [of_group]})

    assert change.errors == (f"{name}[0]: of a group, which is not acted on",)
    assert not change.concerns_customers
    assert not change.statuses


def test_a_message_beside_one_of_a_group_is_read():
    change = parse_messages(element(group_id="Y2FwaV9ncm91cDox"), element(id="wamid.B"))

    assert [message.wamid for message in change.messages] == ["wamid.B"]


@pytest.mark.parametrize("group_id", [None, ""])
def test_a_message_with_an_empty_group_is_of_a_person(group_id):
    assert len(parse_messages(element(group_id=group_id)).messages) == 1


# --- Echoes --------------------------------------------------------------------------------------------------


def echo(name):
    [echo] = read(name).echoes
    return echo


def test_an_echo_names_its_recipient_and_not_its_sender():
    read = echo("echo_text")

    assert (read.recipient_phone, read.recipient_user_id) == ("+79161234567", None)
    assert (read.type, read.text) == ("text", "Добрый день! Да, успеем")


def test_an_echo_may_name_its_recipient_by_user_id():
    read = echo("echo_user_id_only")

    assert (read.recipient_phone, read.recipient_user_id) == (None, "RU.55019283746501928374")


def test_an_echoed_edit_names_the_original():
    read = echo("echo_edit")

    assert (read.type, read.text, read.context_wamid) == ("edit", "Да, успеем к пяти", "wamid.echo1=")


@pytest.mark.parametrize(
    ("to", "error"),
    [
        (None, "no recipient"),
        ("status@broadcast", "no recipient"),
        ("74957770142", "to the number itself, which is not acted on"),
    ],
)
def test_an_echo_to_nobody_in_particular_is_named(to, error):
    change = parse("smb_message_echoes", {"message_echoes": [{**element(), "from": "74957770142", "to": to}]})

    assert (change.echoes, change.errors) == ((), (f"message_echoes[0]: {error}",))


def test_what_was_written_before_the_number_was_connected_is_no_message_of_now():
    change = parse("history", {"messages": [element()], "message_echoes": [element(to="79161112233")]})

    assert not change.concerns_customers


# --- Calls ---------------------------------------------------------------------------------------------------


def call(name):
    [call] = read(name).calls
    return call


@pytest.mark.parametrize(
    ("name", "has_ended"), [("call_connect", False), ("call_answered", True), ("call_missed", True)]
)
def test_a_call_names_its_caller_and_whether_it_has_ended(name, has_ended):
    read = call(name)

    assert (read.phone, read.user_id, read.profile_name) == ANNA
    assert (read.is_inbound, read.has_ended) == (True, has_ended)


def test_of_a_call_only_its_facts_are_kept():
    assert call("call_connect").content == {
        "type": "call",
        "call": {"event": "connect", "direction": "USER_INITIATED"},
    }


def test_a_call_by_the_business_names_the_one_who_is_called():
    ours = {"id": "wacid.A", "from": "74957770142", "to": "79161234567", "timestamp": "1795334400"}
    [read] = parse("calls", {"calls": [{**ours, "event": "connect", "direction": "BUSINESS_INITIATED"}]}).calls

    assert (read.phone, read.is_inbound) == ("+79161234567", False)


@pytest.mark.parametrize("status", ["RINGING", "ACCEPTED", "deleted"])
def test_a_status_that_says_nothing_of_a_sent_message_is_named(status):
    change = parse("calls", {"statuses": [{"id": "wacid.A", "status": status, "timestamp": "1795334400"}]})

    assert change.errors == (f"statuses[0]: the status “{status}”, which is not acted on",)


# --- Voice messages of old -----------------------------------------------------------------------------------


def test_a_voice_message_of_the_old_shape_is_audio_that_was_spoken():
    content = message("audio_voice_of_old").content

    assert content["audio"] == {"id": "881720", "mime_type": "audio/ogg; codecs=opus", "voice": True}
    assert (content["type"], "voice" in content) == ("audio", False)


@pytest.mark.parametrize("voice", [None, [], "junk"])
def test_a_voice_message_of_the_old_shape_without_a_file_is_kept(voice):
    [read] = parse_messages(element(type="voice", voice=voice)).messages

    assert (read.type, read.content["audio"]) == ("audio", {"voice": True})


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
