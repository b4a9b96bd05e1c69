"""The conversation's page: answering with a template, also when the window is closed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_colleague, make_owner
from crm.conversations import thread
from crm.customers import customers
from crm.models import Conversation, Message
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def conversation(owner):
    number = make_number(owner.business)
    return make_conversation(number, last_inbound_at=timezone.now() - timedelta(hours=25))


@pytest.fixture
def template(conversation):
    return make_template(conversation.whatsapp_number, "Hello {{1}}, your order {{2}} is ready.", name="order_ready")


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def address(conversation, view="template"):
    return reverse(f"admin:crm_conversation_{view}", args=[conversation.pk])


def fill_in(client, conversation, template, values, **fields):
    parameters = {f"template-parameter-{key}": value for key, value in values.items()}
    data = {"template": template.pk, "template-idempotency_key": uuid4(), **parameters, **fields}
    return client.post(address(conversation), data, follow=True)


def test_the_approved_templates_of_the_number_are_offered(page, owner, conversation, template):
    make_template(conversation.whatsapp_number, name="on_hold", status="PAUSED")
    make_template(make_number(owner.business), name="of_another_account")

    html = page.get(address(conversation, "change")).text

    assert "order_ready" in html
    assert "on_hold" not in html
    assert "of_another_account" not in html


def test_a_chosen_template_shows_its_placeholders_and_what_the_customer_will_see(page, conversation, template):
    html = page.get(address(conversation), {"template": template.pk}).text

    assert "Hello {{1}}, your order {{2}} is ready." in html
    assert 'name="template-parameter-1"' in html
    assert 'name="template-parameter-2"' in html


def test_a_filled_in_template_is_sent_and_stands_in_the_thread(page, owner, conversation, template):
    response = fill_in(page, conversation, template, {"1": "Anna", "2": "881"})

    message = Message.objects.get()
    assert (message.type, message.status, message.origin, message.author) == ("template", "queued", "person", owner)
    assert "Hello Anna, your order 881 is ready." in response.text
    assert response.redirect_chain == [(address(conversation, "change"), 302)]
    assert Conversation.objects.get().bot_paused


def test_a_double_click_sends_one_template(page, conversation, template):
    key = {"template-idempotency_key": uuid4()}

    fill_in(page, conversation, template, {"1": "Anna", "2": "881"}, **key)
    fill_in(page, conversation, template, {"1": "Anna", "2": "881"}, **key)

    assert Message.objects.count() == 1


def test_what_is_missing_is_asked_for_and_what_is_there_stays(page, conversation, template):
    html = fill_in(page, conversation, template, {"1": "Anna", "2": " "}).text

    assert "This field is required." in html
    assert 'value="Anna"' in html
    assert not Message.objects.exists()


def test_what_is_wrong_is_said_at_its_field(page, conversation):
    picture = make_template(conversation.whatsapp_number, "Hello!", {"type": "HEADER", "format": "IMAGE"})

    html = fill_in(page, conversation, picture, {"header.image": "cake.png"}).text

    assert "Give a link that begins with https://." in html
    assert not Message.objects.exists()


def test_a_preview_shows_what_is_filled_in_so_far_and_sends_nothing(page, conversation, template):
    html = fill_in(page, conversation, template, {"1": "<b>Anna</b>", "2": ""}, preview="1").text

    assert "Hello &lt;b&gt;Anna&lt;/b&gt;, your order {{2}} is ready." in html
    assert "This field is required." not in html
    assert not Message.objects.exists()


def test_a_template_that_is_no_longer_approved_is_not_sent(page, conversation, template):
    template.status = "PAUSED"
    template.save()

    html = fill_in(page, conversation, template, {"1": "Anna", "2": "881"}).text

    assert "This template is no longer approved." in html
    assert not Message.objects.exists()


def test_the_page_warns_of_advertising_to_somebody_who_opted_out(page, conversation, template):
    assert "has opted out" not in page.get(address(conversation, "change")).text

    customers.opt_out(conversation.customer)

    assert "This customer has opted out" in page.get(address(conversation, "change")).text


def test_a_number_that_is_switched_off_offers_no_template(page, conversation, template):
    conversation.whatsapp_number.is_active = False
    conversation.whatsapp_number.save()

    html = fill_in(page, conversation, template, {"1": "Anna", "2": "881"}).text

    assert "is switched off" in html
    assert not Message.objects.exists()
    assert 'id="choose-template"' not in page.get(address(conversation, "change")).text


@pytest.mark.parametrize(
    ("waba_id", "words"), [("1022999", "This number has no approved templates."), ("", "Templates need the WhatsApp")]
)
def test_without_templates_the_page_says_what_to_do(page, conversation, waba_id, words):
    conversation.whatsapp_number.waba_id = waba_id
    conversation.whatsapp_number.save()

    assert words in page.get(address(conversation, "change")).text


@pytest.mark.parametrize("pk", ["x", "-1"])
def test_what_is_no_template_is_not_found(page, conversation, pk):
    assert page.get(address(conversation), {"template": pk}).status_code == 404


def test_the_template_of_a_stranger_is_not_sent(page, conversation):
    theirs = make_template(make_number(make_owner().business, waba_id=conversation.whatsapp_number.waba_id), "Hello!")

    fill_in(page, conversation, theirs, {})

    assert not Message.objects.exists()


def test_a_stranger_sends_nothing(client, conversation, template):
    client.force_login(make_owner())

    assert fill_in(client, conversation, template, {"1": "Anna", "2": "881"}).status_code == 404
    assert not Message.objects.exists()


def test_an_operator_answers_with_a_template(client, owner, conversation, template):
    client.force_login(make_colleague(owner))

    fill_in(client, conversation, template, {"1": "Anna", "2": "881"})

    assert Message.objects.get().text == "Hello Anna, your order 881 is ready."


def test_the_page_costs_the_same_for_many_templates(page, conversation, template, django_assert_max_num_queries):
    with django_assert_max_num_queries(100) as few:
        page.get(address(conversation, "change"))
    for _serial in range(5):
        make_template(conversation.whatsapp_number)

    with django_assert_max_num_queries(len(few)):
        page.get(address(conversation, "change"))


def test_the_thread_names_the_file_that_a_template_was_sent_with(page, conversation):
    template = make_template(conversation.whatsapp_number, "Your bill.", {"type": "HEADER", "format": "DOCUMENT"})
    bill = SimpleUploadedFile("Bill 12.pdf", b"%PDF-1.4 bill", content_type="application/pdf")

    fill_in(page, conversation, template, {}, **{"template-file": bill})

    assert "Document: Bill 12.pdf" in page.get(address(conversation, "change")).text


def test_the_page_of_the_message_names_it_too(page, conversation):
    template = make_template(conversation.whatsapp_number, "Your bill.", {"type": "HEADER", "format": "DOCUMENT"})
    fill_in(page, conversation, template, {}, **{"template-file": SimpleUploadedFile("Bill 12.pdf", b"%PDF-1.4")})

    assert (
        "Document: Bill 12.pdf" in page.get(reverse("admin:crm_message_change", args=[Message.objects.get().pk])).text
    )


def test_the_thread_names_the_link_that_a_template_was_sent_with(page, conversation):
    template = make_template(conversation.whatsapp_number, "News.", {"type": "HEADER", "format": "IMAGE"})

    fill_in(page, conversation, template, {"header.image": "https://example.com/a.png"})

    assert "Picture: https://example.com/a.png" in page.get(address(conversation, "change")).text


def test_files_of_templates_cost_the_thread_one_query(page, conversation):
    template = make_template(conversation.whatsapp_number, "Your bill.", {"type": "HEADER", "format": "DOCUMENT"})

    def send(count):
        for serial in range(count):
            fill_in(
                page, conversation, template, {}, **{"template-file": SimpleUploadedFile(f"{serial}.pdf", b"%PDF-1.4")}
            )
        with CaptureQueriesContext(connection) as queries:
            thread.page(conversation)
        return len(queries)

    assert send(1) == send(3)


def test_an_echo_of_a_template_of_any_shape_is_shown(page, conversation):
    content = {"type": "template", "template": {"components": ["x", {"type": "header", "parameters": "y"}]}}
    make_message(conversation, "Hello", "out", type="template", origin="phone", content=content)

    assert page.get(address(conversation, "change")).status_code == 200
