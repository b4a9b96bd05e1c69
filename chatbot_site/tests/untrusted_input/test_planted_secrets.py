"""Secrets planted where they belong turn up nowhere else: not in the log at DEBUG, on error pages, in the history."""

import copy
import io
import json
import logging
import logging.config

import pytest
from celery import shared_task
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import Deletion
from accounts.testing import make_owner
from crm.models import Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.graph.accounts import AccountApi, app_api
from whatsapp.graph.errors import CloudApiTrouble
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.sending import delivery
from whatsapp.testing import inbound_text, make_number, post_webhook
from whatsapp.tests.graph.scripted_server import ScriptedServer, answer, refused_url, reset

pytestmark = pytest.mark.django_db

TOKEN = "EAAGplantedTokenZCpsBAKx9Qw"
APP_SECRET = "5ec2e75ec2e75ec2e75ec2e75ec2e7ff"
PIN = "739154"
VERIFY_TOKEN = "planted-verify-token"
INSTALLATIONS_SECRET = "planted secret of the installation"
PASSWORD = "planted horse battery"
PHONE = "+79165550123"

PLANTED = [TOKEN, APP_SECRET, PIN, VERIFY_TOKEN, INSTALLATIONS_SECRET, PASSWORD, PHONE, PHONE[1:], "gAAAA"]


def planted_in(text):
    return [secret for secret in PLANTED if secret in text]


@pytest.fixture(autouse=True)
def installation(settings):
    settings.META_APP_SECRET = INSTALLATIONS_SECRET
    settings.META_VERIFY_TOKEN = VERIFY_TOKEN


@pytest.fixture
def log(settings):
    """What the installation's own handlers write with LOG_LEVEL=DEBUG; nothing planted may be in it at the end."""
    written = io.StringIO()
    config = copy.deepcopy(settings.LOGGING)
    config["root"]["level"] = "DEBUG"
    for handler in config["handlers"].values():
        handler["stream"] = written
    for name in ("celery", "axes", "waitress.queue"):
        config["loggers"][name]["level"] = "DEBUG"
    logging.config.dictConfig(config)
    logging.getLogger("shop").debug("It begins.")
    yield written
    logging.config.dictConfig(settings.LOGGING)
    assert "It begins." in written.getvalue()
    assert planted_in(written.getvalue()) == []


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def number(owner):
    return make_number(owner.business, access_token=TOKEN, app_secret=APP_SECRET, pin=PIN)


@pytest.fixture
def api(owner):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(owner)
    return client


def refusing(message):
    return ScriptedServer(answer(400, {"error": {"code": 190, "message": message}}))


# Flows


def test_webhooks_signed_rightly_and_wrongly(log, client, number):
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), APP_SECRET).status_code == 200
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), "0" * 32).status_code == 401


def test_the_handshake(log, client):
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1"}
    assert client.get("/webhooks/whatsapp/", asked).status_code == 200
    assert client.get("/webhooks/whatsapp/", {**asked, "hub.mode": "nonsense"}).status_code == 403


def test_a_number_whose_token_meta_quotes_in_its_refusal(log, api, settings):
    fields = {"name": "Shop", "phone_number": PHONE, "phone_number_id": "1000001", "access_token": TOKEN}
    with refusing(f"Malformed access token {TOKEN}") as meta:
        settings.META_GRAPH_URL = meta.url
        refused = api.post("/api/v1/whatsapp-numbers/", fields | {"app_secret": APP_SECRET})
    assert refused.status_code == 400
    assert TOKEN not in refused.content.decode()


def test_a_token_refused_while_sending(log, number, settings):
    message = queue_message(number)
    with refusing(f"Error validating access token {TOKEN}") as meta:
        settings.META_GRAPH_URL = meta.url
        delivery.deliver(Message, number.pk)
    message.refresh_from_db()
    number.refresh_from_db()
    assert number.status == "problem"
    assert planted_in(f"{number.problem} {message.error_title}") == []


@pytest.mark.parametrize("trouble", [reset, b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"])
def test_a_send_that_is_cut_off(log, number, settings, trouble):
    queue_message(number)
    with ScriptedServer(trouble) as meta:
        settings.META_GRAPH_URL = meta.url
        delivery.deliver(Message, number.pk)


def test_a_send_that_goes_out(log, number, meta):
    meta.connect(number)
    queue_message(number)
    delivery.deliver(Message, number.pk)
    assert meta.sends


def queue_message(number):
    customer = make_customer(number.business, phone=PHONE)
    return make_message(make_conversation(number, customer), direction="out", status="queued")


def test_calls_that_carry_secrets_in_their_address(log, settings, meta):
    meta.directory.add_number("1000001", PHONE, TOKEN)
    for url in (meta.url, refused_url()):
        settings.META_GRAPH_URL = url
        for call in (
            lambda: AccountApi(TOKEN).debug_token(TOKEN),
            lambda: app_api("1234567890", INSTALLATIONS_SECRET.replace(" ", "-")).debug_token(TOKEN),
            lambda: AccountApi(TOKEN).register("1000001", PIN),
            lambda: AccountApi(TOKEN).get("oauth/access_token", client_secret=APP_SECRET, code=VERIFY_TOKEN),
        ):
            try:
                call()
            except CloudApiTrouble as trouble:
                logging.getLogger("shop").debug("A call failed.", exc_info=trouble)


def test_signing_in_with_a_wrong_password_and_using_a_token(log, owner):
    client = APIClient()
    client.post("/api/v1/auth/login/", {"email": owner.email, "password": PASSWORD})
    client.get("/api/v1/conversations/", headers={"Authorization": f"Token {APP_SECRET * 2}"})
    logging.getLogger("shop").debug("Asked with %s", {"Authorization": f"Token {APP_SECRET * 2}"})


@shared_task
def fail(token, phone):
    raise RuntimeError(f"{token} did not reach {phone}")


def test_a_task_that_fails(log):
    fail.apply(args=[TOKEN, PHONE], throw=False)


# Error pages


@pytest.fixture
def crashing(settings):
    settings.ROOT_URLCONF = "chatbot_site.tests.pages.crashing_urls"
    return Client(raise_request_exception=False, headers={"authorization": f"Token {APP_SECRET * 2}"})


@pytest.mark.parametrize("accepts", ["text/html", "text/plain"])
@pytest.mark.parametrize("debug", [True, False])
def test_the_page_of_a_crash(log, crashing, number, settings, debug, accepts):
    settings.DEBUG = debug
    entered = {"access_token": TOKEN, "app_secret": PASSWORD, "pin": PIN}
    address = f"/crash/?code={VERIFY_TOKEN}&phone={PHONE[1:]}"
    shown = crashing.post(address, entered, headers={"accept": accepts})
    assert shown.status_code == 500
    text = shown.content.decode()
    assert planted_in(text) == []
    assert settings.SECRET_KEY not in text
    assert settings.FIELD_KEYS[0] not in text
    assert ("Could not carry out" in text) == debug


def test_the_page_of_a_crash_in_the_api(log, api, settings, number, monkeypatch):
    settings.DEBUG = True
    monkeypatch.setattr(numbers, "ask_meta", lambda *arguments: 1 / 0)
    fields = {"name": "Shop", "phone_number": PHONE, "phone_number_id": "1000001"}
    secrets = {"access_token": TOKEN, "app_secret": PASSWORD}
    shown = api.post("/api/v1/whatsapp-numbers/", json.dumps(fields | secrets), content_type="application/json")
    assert shown.status_code == 500
    assert "ZeroDivisionError" in shown.content.decode()
    assert [secret for secret in (TOKEN, PASSWORD, PHONE) if secret in shown.content.decode()] == []


# What is kept, and what is handed out


def test_the_history_and_the_pages_of_a_number(log, client, owner, number, meta):
    meta.connect(number)
    client.force_login(owner)
    page = reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk])
    entered = {
        "name": "Bakery",
        "phone_number": number.phone_number,
        "phone_number_id": number.phone_number_id,
        "access_token": TOKEN,
        "app_secret": APP_SECRET,
        "messages_per_second": "80",
        "read_receipts": "answered",
    }
    assert client.post(page, entered).status_code == 302
    refused = client.post(page, entered | {"messages_per_second": "0"})
    history = reverse("admin:whatsapp_whatsappnumber_history", args=[number.pk])
    pages = [refused, client.get(page), client.get(history)]
    assert LogEntry.objects.exists()
    texts = [entry.change_message for entry in LogEntry.objects.all()] + [page.content.decode() for page in pages]
    assert [planted_in(text) for text in texts] == [[]] * len(texts)


@pytest.mark.parametrize("form", ["json", "html"])
def test_what_the_api_answers(log, client, owner, number, meta, form):
    meta.connect(number)
    client.force_login(owner)
    kind = {"accept": "text/html" if form == "html" else "application/json"}
    detail = f"/api/v1/whatsapp-numbers/{number.pk}/"
    entered = json.dumps({"access_token": TOKEN, "app_secret": APP_SECRET, "messages_per_second": 0})
    answers = [client.get(path, headers=kind) for path in ("/api/v1/whatsapp-numbers/", detail, "/api/schema/")]
    answers.append(client.patch(detail, entered, content_type="application/json", headers=kind))
    assert [planted_in(answer.content.decode()) for answer in answers] == [[]] * len(answers)


def test_the_receipt_of_a_deletion(log, client, owner, number):
    client.force_login(owner)
    client.delete(f"/api/v1/whatsapp-numbers/{number.pk}/")
    [receipt] = Deletion.objects.values()
    assert planted_in(str(receipt)) == []
    assert not WhatsAppNumber.objects.exists()
