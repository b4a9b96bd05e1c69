"""The simulated Meta's webhooks: signed over their bytes, repeated while refused, statuses with their echo."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from whatsapp.simulator import inbound
from whatsapp.simulator.graph import faults, template_review

NUMBER_ID = "106540352242922"
ANNA = "+79161234567"
HELLO = {"name": "hello_world", "language": {"code": "en_US"}}


class Callback(ThreadingHTTPServer):
    """A callback that keeps what is posted and answers with the statuses it is given, then with 200."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), CallbackHandler)
        self.posts = []
        self.answers = []
        self.arrived = threading.Condition()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/webhooks/whatsapp/"

    def wait_for(self, condition):
        with self.arrived:
            assert self.arrived.wait_for(lambda: condition(self.elements), timeout=10), self.elements

    def wait_for_post(self):
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.posts, timeout=10)

    @property
    def elements(self):
        """Every message and status that was posted, in order."""
        changes = [
            change
            for body, _ in list(self.posts)
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        ]
        return [
            element
            for change in changes
            for element in [*change["value"].get("messages", []), *change["value"].get("statuses", [])]
        ]


class CallbackHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.arrived:
            status = self.server.answers.pop(0) if self.server.answers else 200
            self.server.posts.append((body, dict(self.headers)))
            self.server.arrived.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def number(meta):
    return meta.directory.add_number(NUMBER_ID, "+74951234567", "EAAtoken", app_secret="shop-secret", waba_id="555555")


@pytest.fixture
def callback(meta, number):
    server = Callback()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    meta.simulator.courier.callback_url = server.url
    yield server
    server.shutdown()
    server.server_close()


def send(meta, **parts):
    body = {
        "messaging_product": "whatsapp",
        "to": ANNA,
        "type": "text",
        "text": {"body": "Привет"},
        "biz_opaque_callback_data": "token-1",
        **parts,
    }
    return requests.post(
        f"{meta.url}/v25.0/{NUMBER_ID}/messages",
        json=body,
        headers={"Authorization": "Bearer EAAtoken"},
        timeout=10,
    )


def statuses(elements):
    return [element["status"] for element in elements if "status" in element]


def test_webhook_is_signed_over_its_exact_bytes(meta, callback):
    meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Ёлка / 1"), name="Анна")
    callback.wait_for(len)

    body, headers = callback.posts[0]
    expected = hmac.new(b"shop-secret", body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"


def test_body_is_compact_and_escaped_like_metas(meta, callback):
    meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Ёлка / 1"), name="Анна")
    callback.wait_for(len)

    body, _ = callback.posts[0]
    assert body.isascii()
    assert b'"body":"\\u0401\\u043b\\u043a\\u0430 \\/ 1"' in body


def test_customers_message_names_number_account_and_sender(meta, callback):
    sent = meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Привет"), name="Анна")
    callback.wait_for(len)

    [entry] = json.loads(callback.posts[0][0])["entry"]
    value = entry["changes"][0]["value"]
    assert entry["id"] == "555555"
    assert value["metadata"] == {"display_phone_number": "74951234567", "phone_number_id": NUMBER_ID}
    assert value["contacts"] == [{"profile": {"name": "Анна"}, "wa_id": "79161234567"}]
    [message] = value["messages"]
    assert (message["id"], message["from"], message["text"]) == (sent.wamid, "79161234567", {"body": "Привет"})
    assert message["timestamp"].isdigit()


def test_customer_without_a_phone_is_named_by_user_id(meta, callback):
    meta.simulator.add_customer("Нур", user_id="RU.123")
    meta.simulator.customer_sends(NUMBER_ID, "RU.123", inbound.text("Привет"))
    callback.wait_for(len)

    value = json.loads(callback.posts[0][0])["entry"][0]["changes"][0]["value"]
    assert value["contacts"] == [{"profile": {"name": "Нур"}, "user_id": "RU.123"}]
    assert "from" not in value["messages"][0]


def test_messages_of_a_person_arrive_in_the_order_written(meta, callback):
    for text in "12345":
        meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text(text))
    callback.wait_for(lambda elements: len(elements) == 5)

    assert [message["text"]["body"] for message in callback.elements] == list("12345")


def test_refused_webhook_is_repeated_until_it_is_taken(meta, callback):
    callback.answers = [503, 401]

    sent = meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Привет"))
    callback.wait_for(lambda elements: len(elements) == 3)

    assert {message["id"] for message in callback.elements} == {sent.wamid}


def test_message_waits_for_a_callback(meta, number):
    sent = meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Привет"))

    assert [webhook.message for webhook in meta.simulator.courier.waiting] == [sent]
    assert sent.status == "sending"


def test_accepted_message_becomes_sent_delivered_and_read(meta, callback):
    wamid = send(meta).json()["messages"][0]["id"]
    callback.wait_for(lambda elements: len(elements) == 3)

    assert statuses(callback.elements) == ["sent", "delivered", "read"]
    assert {element["id"] for element in callback.elements} == {wamid}
    assert {element["biz_opaque_callback_data"] for element in callback.elements} == {"token-1"}
    assert {element["recipient_id"] for element in callback.elements} == {"79161234567"}


@pytest.mark.parametrize(
    ("parts", "category", "is_billable"),
    [({}, "service", False), ({"type": "template", "template": HELLO}, "utility", True)],
    ids=["text", "template"],
)
def test_statuses_name_the_category_that_is_billed(meta, callback, parts, category, is_billable):
    send(meta, **parts)
    callback.wait_for(lambda elements: len(elements) == 3)

    pricings = [element.get("pricing") for element in callback.elements]
    assert [(pricing["category"], pricing["billable"]) for pricing in pricings[:2]] == [(category, is_billable)] * 2
    assert pricings[2] is None


def test_message_that_fails_later_gets_a_failed_status_with_the_error(meta, callback):
    meta.faults.on_send(faults.failing_later(131049, "Not delivered"))

    assert send(meta).ok
    callback.wait_for(lambda elements: len(elements) == 2)

    assert statuses(callback.elements) == ["sent", "failed"]
    assert callback.elements[-1]["errors"][0]["code"] == 131049


def test_reaction_of_the_business_is_only_sent(meta, callback):
    send(meta, type="reaction", reaction={"message_id": "wamid.x", "emoji": "👍"})
    callback.wait_for(len)
    send(meta)
    callback.wait_for(lambda elements: len(elements) == 4)

    assert statuses(callback.elements) == ["sent", "sent", "delivered", "read"]


def test_statuses_may_come_without_the_echo(meta, callback):
    meta.faults.statuses_without_echo = True

    send(meta)
    callback.wait_for(lambda elements: len(elements) == 3)

    assert not any("biz_opaque_callback_data" in element for element in callback.elements)


def test_held_statuses_come_when_they_are_released(meta, callback):
    meta.faults.hold_statuses = True
    send(meta)
    assert meta.simulator.courier.waiting == []

    meta.simulator.statuses.release()
    callback.wait_for(lambda elements: len(elements) == 3)


def test_webhooks_may_come_several_times(meta, callback):
    meta.simulator.courier.copies = 3

    meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Привет"))
    callback.wait_for(lambda elements: len(elements) == 3)

    assert len({body for body, _ in callback.posts}) == 1


def test_what_is_due_together_travels_in_one_post(meta, number, callback):
    meta.simulator.courier.callback_url = ""
    for text in "123":
        meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text(text))
    meta.simulator.courier.callback_url = callback.url
    meta.simulator.courier.wake()
    callback.wait_for(lambda elements: len(elements) == 3)

    assert len(callback.posts) == 1


def test_account_may_have_a_callback_of_its_own(meta, number, callback):
    meta.simulator.courier.callback_overrides["555555"] = callback.url
    meta.simulator.courier.callback_url = "http://127.0.0.1:9/"

    meta.simulator.customer_sends(NUMBER_ID, ANNA, inbound.text("Привет"))

    callback.wait_for(len)


def test_approved_template_is_reported_to_the_callback_of_the_app(meta, number, callback, monkeypatch):
    monkeypatch.setattr(template_review, "REVIEW_SECONDS", 0)
    meta.simulator.courier.callback_overrides["555555"] = "http://127.0.0.1:9/"

    template = {"name": "spring", "language": "ru", "category": "UTILITY", "components": []}
    meta.simulator.create_template(number, template)

    callback.wait_for_post()
    [change] = json.loads(callback.posts[0][0])["entry"][0]["changes"]
    assert (change["field"], change["value"]["event"]) == ("message_template_status_update", "APPROVED")
