"""A template made, shown and submitted in the admin, and deleted there; all without a script."""

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.testing import make_administrator, make_colleague, make_owner
from whatsapp.models import MessageTemplate
from whatsapp.testing import PNG, make_number, make_template

pytestmark = pytest.mark.django_db

ADD = reverse("admin:whatsapp_messagetemplate_add")
PREVIEW = reverse("admin:whatsapp_messagetemplate_preview")
LIST = reverse("admin:whatsapp_messagetemplate_changelist")


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business, name="Shop")
    meta.connect(number)
    return number


def typed(shop, **fields):
    facts = {
        "number": shop.pk,
        "name": "order_is_ready",
        "language": "ru",
        "category": "UTILITY",
        "body": "Hello {{1}}, your order is ready.",
        "example-1": "Anna",
    }
    return facts | fields


def page_of(template, name="change"):
    return reverse(f"admin:whatsapp_messagetemplate_{name}", args=[template.pk])


def submitted(meta):
    return [call.json for call in meta.requests if (call.method, call.path[-17:]) == ("POST", "message_templates")]


# Making one


def test_the_list_leads_to_a_new_template(client, number):
    assert f'href="{ADD}"' in client.get(LIST).text
    assert "Submit to Meta" in client.get(ADD).text


def test_what_is_typed_is_submitted_and_shown_as_under_review(client, number, meta):
    answer = client.post(ADD, typed(number))

    template = MessageTemplate.objects.get()
    assert answer.url == page_of(template)
    assert (template.name, template.status, template.business) == ("order_is_ready", "PENDING", number.business)
    assert "under review at Meta" in client.get(answer.url).text
    assert submitted(meta)[0]["components"] == [
        {"type": "BODY", "text": "Hello {{1}}, your order is ready.", "example": {"body_text": [["Anna"]]}}
    ]


def test_all_parts_are_submitted_as_meta_describes_them(client, number, meta):
    data = typed(
        number,
        body="Hello {{first_name}}, your order is ready.",
        header_kind="TEXT",
        header_text="Order {{order}}",
        footer="Tea shop",
        **{
            "example-first_name": "Anna",
            "example-header.order": "881",
            "button-0-kind": "QUICK_REPLY",
            "button-0-text": "Thanks",
            "button-2-kind": "URL",
            "button-2-text": "Track",
            "button-2-value": "https://shop.example/{{1}}",
            "example-button.1.1": "881",
            "button-3-kind": "PHONE_NUMBER",
            "button-3-text": "Call",
            "button-3-value": "+79161234567",
            "button-4-kind": "COPY_CODE",
            "button-4-value": "TEA20",
        },
    )

    assert client.post(ADD, data).status_code == 302

    assert submitted(meta)[0]["parameter_format"] == "NAMED"
    assert submitted(meta)[0]["components"] == [
        {
            "type": "HEADER",
            "format": "TEXT",
            "text": "Order {{order}}",
            "example": {"header_text_named_params": [{"param_name": "order", "example": "881"}]},
        },
        {
            "type": "BODY",
            "text": "Hello {{first_name}}, your order is ready.",
            "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Anna"}]},
        },
        {"type": "FOOTER", "text": "Tea shop"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Thanks"},
                {
                    "type": "URL",
                    "text": "Track",
                    "url": "https://shop.example/{{1}}",
                    "example": ["https://shop.example/881"],
                },
                {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+79161234567"},
                {"type": "COPY_CODE", "example": "TEA20"},
            ],
        },
    ]


def test_the_file_of_a_header_is_given_to_meta(client, number):
    file = SimpleUploadedFile("tea.png", PNG, "image/png")

    assert client.post(ADD, typed(number, header_kind="IMAGE", header_file=file)).status_code == 302

    [handle] = MessageTemplate.objects.get().components[0]["example"]["header_handle"]
    assert handle.startswith("4::")


def test_a_file_that_does_not_fit_the_header_is_refused(client, number, meta):
    file = SimpleUploadedFile("tea.png", PNG, "image/png")

    html = client.post(ADD, typed(number, header_kind="VIDEO", header_file=file)).text

    assert "does not fit the header" in html
    assert not submitted(meta)


def test_a_sign_in_code_needs_no_text(client, number, meta):
    data = typed(number, category="AUTHENTICATION", security_hint="on", code_minutes="10", body="", name="code")

    assert client.post(ADD, data).status_code == 302

    assert submitted(meta)[0]["components"] == [
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Заказ готов"}, "For example: zakaz_gotov"),
        ({"body": ""}, "Write the text of the message."),
        ({"body": "{{1}}, hello"}, "begins or ends with a placeholder"),
        ({"example-1": ""}, "Give an example: Meta reviews the template with it."),
        ({"header_kind": "TEXT"}, "Write the header"),
        ({"header_kind": "IMAGE"}, "Give an example file"),
        ({"footer": "a" * 61}, "61 characters of 60"),
        ({"button-0-text": "Yes"}, "Choose what a tap on the button does."),
        ({"button-5-kind": "URL", "button-5-text": "Open"}, "Give a link that begins with https://."),
        ({"number": "0"}, "Select a valid choice"),
        ({"category": "AUTHENTICATION", "code_minutes": "91"}, "less than or equal to 90"),
        ({"category": "AUTHENTICATION", "code_minutes": "x"}, "1 to 90 minutes"),
    ],
)
def test_what_is_wrong_is_told_on_the_page_and_nothing_is_submitted(client, number, meta, change, told):
    answer = client.post(ADD, typed(number, **change))

    assert answer.status_code == 200
    assert told in answer.text
    assert not submitted(meta)


def test_an_empty_form_asks_for_what_is_needed(client, number, meta):
    answer = client.post(ADD, {})

    assert answer.status_code == 200
    assert not submitted(meta)


def test_metas_refusal_is_told_with_what_was_typed(client, number, meta):
    meta.simulator.templates(number.waba_id).append(
        {"id": "9", "name": "order_is_ready", "language": "ru", "status": "APPROVED"}
    )

    html = client.post(ADD, typed(number)).text

    assert "There is a template of this name and language at Meta. Choose another name." in html
    assert "Hello {{1}}, your order is ready." in html
    assert 'value="Anna"' in html


def test_the_message_is_shown_without_submitting_it(client, number, meta):
    html = client.post(ADD, typed(number, _preview="Show")).text

    assert "Hello Anna, your order is ready." in html
    assert not submitted(meta)


def test_the_preview_asks_for_examples_and_offers_a_name(client, number):
    html = client.post(PREVIEW, {"name": "Заказ готов", "body": "Hi {{1}} and {{2}}!", "example-1": "Anna"}).text

    assert 'value="zakaz_gotov"' in html
    assert 'name="example-2"' in html
    assert "Hi Anna and {{2}}!" in html


def test_what_is_typed_is_never_html(client, number):
    html = client.post(PREVIEW, {"name": "<b>", "body": "<script>alert(1)</script>{{<b>}}", "footer": "<i>"}).text

    assert "<script>" not in html and "<b>" not in html and "<i>" not in html


def test_one_number_of_each_account_is_offered(client, number, meta):
    make_number(number.business, name="Sibling", waba_id=number.waba_id)
    other = make_number(number.business, name="Other account")
    make_number(number.business, name="No account", waba_id="")
    make_number(make_owner().business, name="Stranger")

    form = client.get(ADD).context["adminform"].form

    assert set(form.fields["number"].queryset) == {number, other}


def test_an_operator_makes_and_deletes_none(client, owner, number):
    template = make_template(number)
    client.force_login(make_colleague(owner))

    answers = [
        client.get(ADD),
        client.post(ADD, typed(number)),
        client.post(PREVIEW, {}),
        client.get(page_of(template, "delete")),
        client.post(page_of(template, "delete")),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert f'href="{ADD}"' not in client.get(LIST).text


def test_a_platform_administrator_makes_one_for_the_business_of_the_number(client, number):
    client.force_login(make_administrator())

    assert client.post(ADD, typed(number)).status_code == 302

    assert MessageTemplate.objects.get().business == number.business


# Deleting one


@pytest.fixture
def template(meta, number):
    template = make_template(number, "We open at nine.", name="opening", language="ru", meta_id="3001")
    meta.approve(template)
    return template


def broadcast_with(template, number, status):
    return apps.get_model("broadcasts", "Broadcast").objects.create(
        business=number.business, whatsapp_number=number, name="Autumn", template=template, status=status
    )


def test_a_template_leads_to_its_deletion(client, template):
    assert page_of(template, "delete") in client.get(page_of(template)).text


def test_the_page_says_that_the_name_is_blocked_and_that_nothing_uses_it(client, template):
    html = client.get(page_of(template, "delete")).text

    assert "blocks its name for 30 days" in html
    assert "No broadcast and no scenario uses it." in html


def test_the_page_links_what_uses_the_template_and_deletes_it(client, template, number, meta):
    broadcast = broadcast_with(template, number, "draft")

    html = client.get(page_of(template, "delete")).text
    assert reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk]) in html

    answer = client.post(page_of(template, "delete"), {"post": "yes"}, follow=True)

    assert "is deleted. Meta blocks the name for 30 days." in answer.text
    assert "opening" not in [one["name"] for one in meta.simulator.templates(number.waba_id)]
    assert MessageTemplate.objects.get().status == "DELETED"


def test_a_template_that_is_being_sent_has_no_button(client, template, number):
    broadcast_with(template, number, "sending")

    html = client.get(page_of(template, "delete")).text
    assert "needed now" in html
    assert "Yes, delete it" not in html

    told = client.post(page_of(template, "delete"), {"post": "yes"}, follow=True).text
    assert "Autumn" in told
    assert MessageTemplate.objects.get().status == "APPROVED"


def test_all_languages_are_deleted_when_that_is_said(client, template, number, meta):
    meta.approve(make_template(number, name="opening", language="en", meta_id="3002"))
    assert "In all languages: ru, en" in client.get(page_of(template, "delete")).text

    client.post(page_of(template, "delete"), {"post": "yes", "all_languages": "on"})

    assert not MessageTemplate.objects.exists()


def test_metas_refusal_to_delete_is_told(client, template, meta, number):
    meta.simulator.templates(number.waba_id).clear()

    assert "has not deleted the template" in client.post(page_of(template, "delete"), {}, follow=True).text


def test_templates_are_deleted_one_by_one(client, template):
    assert "delete_selected" not in client.get(LIST).text


def test_what_nobody_types_breaks_no_page(client, number):
    for odd in ({"body": "Hi {{%s}} ok" % ("1" * 5000)}, {"category": "AUTHENTICATION", "code_minutes": "9" * 5000}):
        assert client.post(PREVIEW, typed(number, **odd)).status_code == 200
        assert client.post(ADD, typed(number, **odd)).status_code == 200
