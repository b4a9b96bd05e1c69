"""From a new template to the message a customer reads, with every kind of parameter, at the simulated Meta."""

import pytest
from rest_framework.test import APIClient

from accounts.testing import make_owner
from whatsapp.message_templates import submit, sync
from whatsapp.models import MessageTemplate
from whatsapp.sending.tasks import deliver_due
from whatsapp.simulator.graph import template_review
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db(transaction=True)

ANNA = "+79161234567"

POSITIONAL = {"type": "BODY", "text": "Hello {{1}}, it is {{2}}.", "example": {"body_text": [["Anna", "ready"]]}}
NAMED = {
    "type": "BODY",
    "text": "Hello {{first_name}}, it is {{state}}.",
    "example": {
        "body_text_named_params": [
            {"param_name": "first_name", "example": "Anna"},
            {"param_name": "state", "example": "ready"},
        ]
    },
}
BUTTONS = {
    "type": "BUTTONS",
    "buttons": [
        {"type": "QUICK_REPLY", "text": "Thanks"},
        {
            "type": "URL",
            "text": "Track",
            "url": "https://shop.example/{{1}}",
            "example": ["https://shop.example/1"],
        },
        {"type": "COPY_CODE", "example": "TEA20"},
    ],
}
SIGN_IN = [{"type": "BODY"}, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]


def text(value, **fields):
    return {"type": "text", "text": value, **fields}


def body(*parameters):
    return {"type": "body", "parameters": list(parameters)}


def header(**parameter):
    return {"type": "header", "parameters": [parameter]}


def button(index, sub_type, **parameter):
    return {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": [parameter]}


HELLO = {"type": "BODY", "text": "Hello!"}


def file_header(kind):
    return {"type": "HEADER", "format": kind, "example": {"header_handle": ["4::abc"]}}


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner, meta, monkeypatch):
    monkeypatch.setattr(template_review, "REVIEW_SECONDS", 0)
    number = make_number(owner.business)
    meta.connect(number)
    return number


@pytest.fixture
def api(owner):
    client = APIClient()
    client.force_authenticate(owner)
    return client


@pytest.mark.parametrize(
    ("components", "fields", "parameters", "sent"),
    [
        ([POSITIONAL], {}, {"1": "Anna", "2": "ready"}, [body(text("Anna"), text("ready"))]),
        (
            [NAMED],
            {"parameter_format": "NAMED"},
            {"state": "ready", "first_name": "Anna"},
            [body(text("Anna", parameter_name="first_name"), text("ready", parameter_name="state"))],
        ),
        (
            [{"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["1"]}}, HELLO],
            {},
            {"header.1": "881"},
            [header(type="text", text="881")],
        ),
        *[
            (
                [file_header(kind.upper()), HELLO],
                {},
                {f"header.{kind}": "https://shop.example/file"},
                [header(type=kind, **{kind: {"link": "https://shop.example/file"}})],
            )
            for kind in ("image", "video", "document")
        ],
        (
            [{"type": "HEADER", "format": "LOCATION"}, HELLO],
            {},
            {"header.location": "55.75, 37.61, Shop, Tverskaya 1"},
            [
                header(
                    type="location",
                    location={"latitude": "55.75", "longitude": "37.61", "name": "Shop", "address": "Tverskaya 1"},
                )
            ],
        ),
        (
            [HELLO, BUTTONS],
            {},
            {"button.1.1": "881", "button.2.1": "TEA30"},
            [
                button(1, "url", type="text", text="881"),
                button(2, "copy_code", type="coupon_code", coupon_code="TEA30"),
            ],
        ),
        (
            SIGN_IN,
            {"category": "AUTHENTICATION"},
            {"1": "4711", "button.0.1": "4711"},
            [body(text("4711")), button(0, "url", type="text", text="4711")],
        ),
    ],
    ids=["positional", "named", "header", "image", "video", "document", "location", "buttons", "sign-in code"],
)
def test_what_is_made_here_is_sent_with_its_parameters(api, meta, number, components, fields, parameters, sent):
    facts = {"name": "greeting", "language": "en", "category": "UTILITY", **fields}
    submit.submit(number, MessageTemplate(components=components, **facts))
    sync.sync(number)
    template = MessageTemplate.objects.get(name="greeting")

    answer = api.post(
        "/api/v1/messages/",
        {"whatsapp_number": number.pk, "to": ANNA, "template": template.pk, "parameters": parameters},
        format="json",
    )
    deliver_due()

    assert answer.status_code == 201, answer.json()
    [message] = meta.sent_to(ANNA)
    assert message["template"] == {"name": "greeting", "language": {"code": "en"}, "components": sent}
