"""What Meta would refuse is told before Meta is asked, with what to do. One row a rule."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from whatsapp.message_templates.rules import check, problems
from whatsapp.models import MessageTemplate

BODY = {"type": "BODY", "text": "Hello {{1}}, your order is ready.", "example": {"body_text": [["Anna"]]}}
NAMED = {
    "type": "BODY",
    "text": "Hello {{first_name}}, welcome.",
    "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Anna"}]},
}
SIGN_IN = [
    {"type": "BODY", "add_security_recommendation": True},
    {"type": "FOOTER", "code_expiration_minutes": 10},
    {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
]


APP = {"package_name": "com.example.tea_shop", "signature_hash": "K8a/AINcGX7"}


def one_tap(*apps, **fields):
    button = {"type": "OTP", "otp_type": "ONE_TAP", "supported_apps": list(apps), **fields}
    return {"type": "BUTTONS", "buttons": [button]}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def made(*components, **fields):
    facts = {"name": "order_ready", "language": "ru", "category": "UTILITY", "parameter_format": "POSITIONAL"}
    return MessageTemplate(components=list(components), **(facts | fields))


def body(text, *values):
    return {"type": "BODY", "text": text, "example": {"body_text": [list(values)]}}


def header(**fields):
    return {"type": "HEADER", **fields}


def buttons(*rows):
    return {"type": "BUTTONS", "buttons": list(rows)}


def reply(text="Yes"):
    return {"type": "QUICK_REPLY", "text": text}


def link(url="https://shop.example", text="Open", **fields):
    return {"type": "URL", "text": text, "url": url, **fields}


PHONE = {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+79161234567"}
CODE = {"type": "COPY_CODE", "example": "TEA20"}


@pytest.mark.parametrize(
    "template",
    [
        made(BODY),
        made(NAMED, parameter_format="NAMED"),
        made(body("No placeholders.")),
        made(BODY, header(format="TEXT", text="Order {{1}}", example={"header_text": ["881"]})),
        made(BODY, header(format="TEXT", text="Заказ № 881")),
        made(BODY, header(format="IMAGE", example={"header_handle": ["4::abc"]})),
        made(BODY, header(format="LOCATION")),
        made(BODY, {"type": "FOOTER", "text": "Tea shop"}),
        made(BODY, buttons(reply(), reply("No"), link(), PHONE, CODE)),
        made(BODY, buttons(link("https://shop.example/{{1}}", example=["https://shop.example/881"]))),
        made(*SIGN_IN, category="AUTHENTICATION"),
        made(SIGN_IN[0], SIGN_IN[2], category="AUTHENTICATION", language="en_US"),
        made(SIGN_IN[0], one_tap(APP), category="AUTHENTICATION"),
        made(SIGN_IN[0], one_tap(APP, APP, autofill_text="Fill in"), category="AUTHENTICATION"),
    ],
)
def test_what_meta_takes_is_taken(template):
    assert problems(template) == {}


@pytest.mark.parametrize(
    ("template", "place", "told"),
    [
        (made(BODY, name=""), "name", "small Latin letters"),
        (made(BODY, name="Заказ"), "name", "small Latin letters"),
        (made(BODY, name="a" * 513), "name", "small Latin letters"),
        (made(BODY, language="Russian"), "language", "ru or en_US"),
        (made(BODY, category="SERVICE"), "category", "MARKETING, UTILITY"),
        (made(BODY, parameter_format="MIXED"), "parameter_format", "NAMED"),
        (made(BODY, {"type": "CAROUSEL"}), "components", "“CAROUSEL” cannot be created here"),
        (made(BODY, BODY), "components", "each part only once"),
        (made(), "body", "Write the text"),
        (made(body("  ")), "body", "Write the text"),
        (made(body("a" * 1025)), "body", "1025 characters of 1024"),
        (made(body("{{1}}, hello", "Anna")), "body", "begins or ends"),
        (made(body("Hello {{1}}", "Anna")), "body", "begins or ends"),
        (made(body("Hello {{1}} {{2}}!", "Anna", "B")), "body", "side by side"),
        (made(body("Hello {{1}} and {{3}}!", "Anna", "B")), "body", "without gaps"),
        (made(body("Hello {{2}}!", "Anna")), "body", "without gaps"),
        (made(body("Hello {{1} you!")), "body", "malformed"),
        (made(body("Hello {{first name}} you!")), "body", "malformed"),
        (made(body("Hello {{1}} and {{name}}!", "Anna")), "body", "not both"),
        (made(body("Hello {{имя}} you!"), parameter_format="NAMED"), "body", "“имя”"),
        (made(body("Hello {{name}} you!")), "body", "need the format NAMED"),
        (made(BODY, parameter_format="NAMED"), "body", "have names"),
        (made(body("Hello {{1}}!")), "example.1", "Give an example"),
        (made(body("Hello {{1}} and {{2}}!", "Anna")), "example.2", "Give an example"),
        (made(body("Hello {{1}}!", "{{1}}")), "example.1", "no placeholders"),
        (made(BODY, header(format="TEXT", text="")), "header", "Write the header"),
        (made(BODY, header(format="TEXT", text="a" * 61)), "header", "61 characters of 60"),
        (made(BODY, header(format="TEXT", text="{{1}} {{2}}")), "header", "at most one"),
        (made(BODY, header(format="TEXT", text="Two\nlines")), "header", "one line"),
        (made(BODY, header(format="TEXT", text="Sale 🎉")), "header", "pictograms"),
        (made(BODY, header(format="TEXT", text="Order {{1}}")), "example.header.1", "Give an example"),
        (made(BODY, header(format="IMAGE")), "header", "example file"),
        (made(BODY, header(format="PRODUCT")), "header", "cannot be created here"),
        (made(BODY, {"type": "FOOTER", "text": "a" * 61}), "footer", "61 characters of 60"),
        (made(BODY, {"type": "FOOTER", "text": "Hi {{1}}"}), "footer", "no placeholders"),
        (made(BODY, {"type": "FOOTER", "text": ""}), "footer", "leave the footer out"),
        (made(BODY, buttons()), "buttons", "1 to 10"),
        (made(BODY, buttons(*[reply(str(n)) for n in range(11)])), "buttons", "1 to 10"),
        (made(BODY, buttons(link(), link(), link())), "buttons", "at most 2"),
        (made(BODY, buttons(PHONE, PHONE)), "buttons", "at most 1"),
        (made(BODY, buttons(CODE, CODE)), "buttons", "at most 1"),
        (made(BODY, buttons(reply(), link(), reply("No"))), "buttons", "together"),
        (made(BODY, buttons({"type": "FLOW", "text": "Form"})), "button.0", "cannot be created here"),
        (made(BODY, buttons(reply(), reply(""))), "button.1", "Write the label"),
        (made(BODY, buttons(reply("a" * 26))), "button.0", "26 characters of 25"),
        (made(BODY, buttons(reply("Hi {{1}}"))), "button.0", "without placeholders"),
        (made(BODY, buttons(link("shop.example"))), "button.0", "https://"),
        (made(BODY, buttons(link("https://shop.example/" + "a" * 2000))), "button.0", "of 2000"),
        (made(BODY, buttons(link("https://shop.example/{{1}}/more"))), "button.0", "at the end"),
        (made(BODY, buttons(link("https://shop.example/{{name}}"))), "button.0", "{{1}}"),
        (made(BODY, buttons(link("https://shop.example/{{1}}"))), "example.button.0.1", "Give an example"),
        (
            made(BODY, buttons(link("https://shop.example/{{1}}", example=["a b"]))),
            "example.button.0.1",
            "without spaces",
        ),
        (made(BODY, buttons({**PHONE, "phone_number": "89161234567"})), "button.0", "country code"),
        (made(BODY, buttons({"type": "COPY_CODE"})), "example.button.0.1", "Give an example"),
        (made(BODY, buttons({**CODE, "example": "A" * 21})), "example.button.0.1", "at most 20"),
        (made(BODY, category="AUTHENTICATION"), "category", "Meta writes the text"),
        (made(SIGN_IN[0], category="AUTHENTICATION"), "buttons", "copies the code"),
        (made(SIGN_IN[0], one_tap(), category="AUTHENTICATION"), "buttons", "1 to 5 apps"),
        (made(SIGN_IN[0], one_tap(*[APP] * 6), category="AUTHENTICATION"), "buttons", "1 to 5 apps"),
        (
            made(SIGN_IN[0], one_tap({**APP, "package_name": "shop"}), category="AUTHENTICATION"),
            "buttons",
            "package_name",
        ),
        (made(SIGN_IN[0], one_tap({**APP, "signature_hash": "K8a"}), category="AUTHENTICATION"), "buttons", "11"),
        (made(SIGN_IN[0], one_tap(APP, autofill_text="x" * 26), category="AUTHENTICATION"), "buttons", "too long"),
        (made(SIGN_IN[0], one_tap(APP, otp_type="COPY_CODE"), category="AUTHENTICATION"), "buttons", "Only a ONE_TAP"),
        (
            made(SIGN_IN[0], one_tap(APP, otp_type="ZERO_TAP"), category="AUTHENTICATION"),
            "buttons",
            "WhatsApp Manager",
        ),
        (
            made(SIGN_IN[0], {"type": "FOOTER", "code_expiration_minutes": 91}, SIGN_IN[2], category="AUTHENTICATION"),
            "footer",
            "1 to 90",
        ),
    ],
)
def test_what_meta_would_refuse_is_told(template, place, told):
    assert told in problems(template)[place]


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(ValidationError) as error:
        check(made(body("{{1}}"), {"type": "FOOTER", "text": ""}, name="Заказ"))

    assert set(error.value.message_dict) == {"name", "body", "footer", "example.1"}


def test_a_part_for_buttons_needs_some():
    assert set(problems(made(BODY, {"type": "BUTTONS"}))) == {"buttons"}


def test_a_number_without_end_is_no_placeholder():
    assert set(problems(made(body("Hello {{%s}}, ready." % ("1" * 5000), "Anna")))) == {"body"}
    assert set(problems(made(header(text="Hi {{%s}} there" % ("1" * 5000)), BODY))) == {"header"}
