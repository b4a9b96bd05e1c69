"""The simulated Graph: accepts, refuses and pages as Meta's does."""

import pytest
import requests

from whatsapp.simulator.graph import faults

NUMBER_ID = "106540352242922"
WABA_ID = "102290129340398"


@pytest.fixture
def number(meta):
    return meta.directory.add_number(NUMBER_ID, "+74951234567", "EAAtoken", waba_id=WABA_ID, name="Shop")


def get(meta, path, token="EAAtoken"):
    return requests.get(f"{meta.url}/v25.0/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10)


def post(meta, path, body, token="EAAtoken"):
    return requests.post(
        f"{meta.url}/v25.0/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )


def message(**parts):
    parts = parts or {"type": "text", "text": {"body": "Привет"}}
    return {"messaging_product": "whatsapp", "to": "+79161234567", **parts}


def send(meta, **parts):
    return post(meta, f"{NUMBER_ID}/messages", message(**parts))


def interactive(kind, action, **more):
    return {
        "type": "interactive",
        "interactive": {"type": kind, "body": {"text": "Размер?"}, "action": action, **more},
    }


def buttons(*titles):
    return {"buttons": [{"type": "reply", "reply": {"id": title, "title": title}} for title in titles]}


def template(name="order_ready", values=("Анна", "881"), language="ru"):
    parameters = [{"type": "text", "text": value} for value in values]
    components = [{"type": "body", "parameters": parameters}] if values else []
    return {
        "type": "template",
        "template": {"name": name, "language": {"code": language}, "components": components},
    }


def test_accepted_text_is_answered_with_a_wamid_and_the_recipient(meta, number):
    answer = send(meta).json()

    assert answer["contacts"] == [{"input": "+79161234567", "wa_id": "79161234567"}]
    assert answer["messages"][0]["id"].startswith("wamid.")
    assert meta.texts_to("+79161234567") == ["Привет"]


def test_message_to_a_user_id_is_answered_with_it(meta, number):
    body = {"messaging_product": "whatsapp", "recipient": "RU.123", "type": "text", "text": {"body": "Привет"}}

    answer = post(meta, f"{NUMBER_ID}/messages", body).json()

    assert answer["contacts"] == [{"input": "RU.123", "user_id": "RU.123"}]


@pytest.mark.parametrize(
    "parts",
    [
        interactive("button", buttons("S", "M", "L")),
        interactive("list", {"button": "Выбрать", "sections": [{"rows": [{"id": "s", "title": "S"}]}]}),
        interactive("cta_url", {"name": "cta_url", "parameters": {"display_text": "Сайт", "url": "https://a.ru"}}),
        template(),
        {"type": "image", "image": {"link": "https://example.com/a.jpg", "caption": "Фото"}},
        {"type": "location", "location": {"latitude": "55.7", "longitude": "37.6"}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Анна", "first_name": "Анна"}}]},
        {"type": "reaction", "reaction": {"message_id": "wamid.x", "emoji": ""}},
        {"type": "text", "text": {"body": "я" * 4096}},
    ],
)
def test_every_type_in_its_limits_is_accepted(meta, number, parts):
    assert send(meta, **parts).status_code == 200


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"to": ""}, 100),
        ({"messaging_product": "sms"}, 100),
        ({"type": "fax", "fax": {}}, 100),
        ({"type": "text", "text": {"body": ""}}, 100),
        ({"type": "text", "text": "Привет"}, 100),
        ({"type": "text", "text": {"body": "я" * 4097}}, 100),
        ({"type": "text", "text": {"body": "a"}, "biz_opaque_callback_data": "x" * 513}, 100),
        ({"type": "image", "image": {"caption": "Фото"}}, 100),
        ({"type": "audio", "audio": {"id": "1", "caption": "Голос"}}, 100),
        (interactive("button", buttons("S", "M", "L", "XL")), 131009),
        (interactive("button", buttons("S", "S")), 131009),
        (interactive("button", buttons("длиннее двадцати знаков")), 131009),
        (interactive("button", buttons("S"), footer={"text": "я" * 61}), 131009),
        (interactive("list", {"button": "Выбрать", "sections": []}), 131009),
        (interactive("wheel", {}), 131009),
        ({"type": "location", "location": {"latitude": 55.7}}, 131008),
        ({"type": "reaction", "reaction": {"emoji": "👍"}}, 131008),
        (template(values=["Анна"]), 132000),
        (template(values=["Анна", ""]), 131008),
        (template(language="de"), 132001),
        ({"to": "+74951234567", "type": "text", "text": {"body": "a"}}, 131021),
    ],
)
def test_what_meta_refuses_is_refused_with_its_code(meta, number, parts, code):
    answer = send(meta, **parts)

    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"] == code
    assert meta.simulator.accepted == []


def test_named_parameters_fill_their_placeholders(meta, number):
    parameters = [
        {"type": "text", "parameter_name": "discount", "text": "20 %"},
        {"type": "text", "parameter_name": "name", "text": "Анна"},
    ]
    sent = {
        "name": "spring_sale",
        "language": {"code": "ru"},
        "components": [{"type": "body", "parameters": parameters}],
    }

    assert send(meta, type="template", template=sent).status_code == 200


def test_unknown_token_is_refused_with_190(meta, number):
    answer = get(meta, NUMBER_ID, token="EAAwrong")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 190


def test_number_of_another_token_does_not_exist(meta, number):
    meta.directory.add_number("999999", "+74950000000", "EAAother")

    answer = get(meta, NUMBER_ID, token="EAAother")

    assert answer.status_code == 400
    assert answer.json()["error"]["error_subcode"] == 33


def test_welcome_token_makes_a_number_on_first_use(meta):
    assert get(meta, "123456", token="sim-anything").json()["id"] == "123456"


def test_welcome_token_makes_an_account_with_a_number(meta):
    data = get(meta, "777777/phone_numbers", token="sim-anything").json()["data"]

    assert [number["id"] for number in data] == ["7777771"]


def test_number_is_described_by_the_fields_asked_for(meta, number):
    answer = get(meta, f"{NUMBER_ID}?fields=verified_name,quality_rating")

    assert answer.json() == {"verified_name": "Shop", "quality_rating": "GREEN", "id": NUMBER_ID}


def test_unknown_field_is_refused(meta, number):
    assert get(meta, f"{NUMBER_ID}?fields=shoe_size").json()["error"]["code"] == 100


def test_numbers_of_an_account_are_listed(meta, number):
    data = get(meta, f"{WABA_ID}/phone_numbers").json()["data"]

    assert [number["display_phone_number"] for number in data] == ["+7 495 123-45-67"]


def test_templates_come_in_pages(meta, number):
    first = get(meta, f"{WABA_ID}/message_templates?limit=3").json()
    second = requests.get(first["paging"]["next"], headers={"Authorization": "Bearer EAAtoken"}, timeout=10).json()

    assert len(first["data"]) == 3
    assert [item["name"] for item in second["data"]] == ["spring_sale"]
    assert "next" not in second["paging"]


def test_stale_cursor_is_refused(meta, number):
    answer = get(meta, f"{WABA_ID}/message_templates?after=nonsense!")

    assert answer.json()["error"]["code"] == 131059


def test_subscription_is_kept(meta, number):
    assert get(meta, f"{WABA_ID}/subscribed_apps").json() == {"data": []}
    assert post(meta, f"{WABA_ID}/subscribed_apps", {}).json() == {"success": True}
    assert len(get(meta, f"{WABA_ID}/subscribed_apps").json()["data"]) == 1


def test_callback_that_does_not_answer_the_handshake_is_refused(meta, number):
    body = {"override_callback_uri": "http://127.0.0.1:9/", "verify_token": "secret"}

    assert post(meta, f"{WABA_ID}/subscribed_apps", body).json()["error"]["code"] == 2200


def test_unregistered_number_sends_only_after_registering(meta, number):
    number.registered = False

    assert send(meta).json()["error"]["code"] == 133010
    assert post(meta, f"{NUMBER_ID}/register", {"messaging_product": "whatsapp", "pin": "123456"}).ok
    assert send(meta).ok


def test_reading_a_message_marks_it_and_those_before_it(meta, number):
    first = meta.simulator.customer_sends(NUMBER_ID, "+79161234567", {"type": "text", "text": {"body": "1"}})
    second = meta.simulator.customer_sends(NUMBER_ID, "+79161234567", {"type": "text", "text": {"body": "2"}})

    answer = post(
        meta,
        f"{NUMBER_ID}/messages",
        {"messaging_product": "whatsapp", "status": "read", "message_id": second.wamid},
    )

    assert answer.json() == {"success": True}
    assert (first.status, second.status) == ("read", "read")


def test_every_request_is_recorded(meta, number):
    send(meta)

    [call] = meta.requests
    assert (call.method, call.path, call.token, call.status) == (
        "POST",
        f"/v25.0/{NUMBER_ID}/messages",
        "EAAtoken",
        200,
    )
    assert call.json["text"] == {"body": "Привет"}


# Faults


def test_error_fault_is_answered_once_and_nothing_is_accepted(meta, number):
    meta.faults.on_send(faults.error(130429, "Rate limit hit"))

    assert send(meta).json()["error"]["code"] == 130429
    assert meta.simulator.accepted == []
    assert send(meta).ok


def test_fault_for_one_person_spares_the_others(meta, number):
    meta.faults.on_send(faults.error(131026), times=None, to="+79990000000")

    assert send(meta).ok
    assert not send(meta, to="+79990000000", type="text", text={"body": "a"}).ok


@pytest.mark.parametrize(("fault", "accepted"), [("closed_before_accepting", 0), ("closed_after_accepting", 1)])
def test_connection_is_cut_before_or_after_accepting(meta, number, fault, accepted):
    meta.faults.on_send(getattr(faults, fault))

    with pytest.raises(requests.ConnectionError):
        send(meta)

    assert len(meta.simulator.accepted) == accepted
    assert [call.status for call in meta.requests] == [0]


def test_slow_answer_comes_after_the_message_was_accepted(meta, number):
    meta.faults.on_send(faults.slow(1))

    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{meta.url}/v25.0/{NUMBER_ID}/messages",
            json=message(),
            headers={"Authorization": "Bearer EAAtoken"},
            timeout=0.3,
        )

    assert len(meta.simulator.accepted) == 1


def test_server_error_has_no_json(meta, number):
    meta.faults.on_send(faults.server_error)

    answer = send(meta)

    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_fault_of_a_call_meets_that_edge_as_often_as_was_said(meta, number):
    meta.faults.on_call("GET", "phone_numbers", faults.error(131000, "Something went wrong", http_status=500))
    assert get(meta, f"{WABA_ID}/message_templates").status_code == 200
    assert get(meta, f"{WABA_ID}/phone_numbers").json()["error"]["code"] == 131000
    assert get(meta, f"{WABA_ID}/phone_numbers").status_code == 200


def test_a_fault_of_a_call_meets_the_node_it_names_alone(meta, number):
    meta.faults.on_call("GET", None, faults.server_error, times=None, node=WABA_ID)
    assert get(meta, NUMBER_ID).status_code == 200
    assert [get(meta, WABA_ID).status_code for _call in range(2)] == [500, 500]
    meta.faults.clear_calls()
    assert get(meta, WABA_ID).status_code == 200


def test_a_call_whose_connection_is_cut_may_have_been_carried_out(meta, number):
    meta.faults.on_call("POST", "subscribed_apps", faults.closed_after_accepting)
    with pytest.raises(requests.ConnectionError):
        post(meta, f"{WABA_ID}/subscribed_apps", {})
    assert len(get(meta, f"{WABA_ID}/subscribed_apps").json()["data"]) == 1


def test_a_number_is_told_of_as_a_test_wants(meta, number):
    number.facts["quality_rating"] = "RED"
    assert get(meta, NUMBER_ID).json()["quality_rating"] == "RED"
