from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_owner
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation, make_customer, make_message
from crm.tests.calls import path, post
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db


def test_a_message_looks_as_the_contract_says(api, number):
    conversation = make_conversation(number)
    message = make_message(
        conversation, "Hello", "out", status="failed", error_code=131026, error_title="Not on WhatsApp"
    )

    body = api.get(path("messages", message.pk)).json()

    contract = {
        "id": message.pk,
        "conversation": conversation.pk,
        "direction": "out",
        "type": "text",
        "text": "Hello",
        "status": "failed",
        "wamid": message.wamid,
        "error": {"code": 131026, "title": "Not on WhatsApp"},
    }
    assert body | contract == body
    assert body["timestamp"]


def test_a_message_without_error_says_null(api, number):
    message = make_message(make_conversation(number))

    body = api.get(path("messages", message.pk)).json()

    assert (body["status"], body["error"]) == ("received", None)


def test_messages_are_paged_by_cursor_newest_first(api, number):
    conversation = make_conversation(number)
    for serial in range(3):
        make_message(conversation, str(serial))

    first = api.get(path("messages"), {"page_size": 2, "conversation": conversation.pk}).json()
    second = api.get(first["next"]).json()

    assert [row["text"] for row in first["results"] + second["results"]] == ["2", "1", "0"]
    assert "count" not in first


@pytest.mark.parametrize("parameter", ["whatsapp_number", "conversation", "direction", "origin"])
def test_messages_are_filtered(api, owner, number, parameter):
    wanted = make_message(make_conversation(number), "wanted", "out")
    make_message(make_conversation(make_number(owner.business)), "other", "in")
    value = {
        "whatsapp_number": number.pk,
        "conversation": wanted.conversation_id,
        "direction": "out",
        "origin": "person",
    }[parameter]

    assert [row["text"] for row in api.get(path("messages"), {parameter: value}).json()["results"]] == ["wanted"]


def test_a_conversation_lists_its_own_messages(api, number):
    conversation = make_conversation(number)
    make_message(conversation, "mine")
    make_message(make_conversation(number), "other")

    body = api.get(path("conversations", conversation.pk, "messages")).json()

    assert [row["text"] for row in body["results"]] == ["mine"]


def test_a_text_is_queued_and_pauses_the_bot(api, owner, number):
    conversation = make_conversation(number)

    response = post(api, path("conversations", conversation.pk, "messages"), {"text": "Hello"})

    assert (response.status_code, response.json()["status"]) == (201, "queued")
    message, conversation = Message.objects.get(), Conversation.objects.get()
    assert (message.origin, message.author, conversation.bot_paused) == ("api", owner, True)


def test_a_text_leaves_the_bot_alone_when_asked(api, number):
    conversation = make_conversation(number)

    post(api, path("conversations", conversation.pk, "messages"), {"text": "Hello", "pause_bot": False})

    assert not Conversation.objects.get().bot_paused


def test_outside_the_window_a_text_is_refused_with_a_code(api, number):
    conversation = make_conversation(number, last_inbound_at=timezone.now() - timedelta(hours=25))

    response = post(api, path("conversations", conversation.pk, "messages"), {"text": "Hello"})

    assert (response.status_code, response.json()["code"]) == (400, "window_closed")
    assert not Message.objects.exists()


def test_through_a_number_that_is_switched_off_nothing_is_sent(api, owner):
    conversation = make_conversation(make_number(owner.business, is_active=False))

    response = post(api, path("conversations", conversation.pk, "messages"), {"text": "Hello"})

    assert (response.status_code, response.json()["code"]) == (409, "number_inactive")


def test_a_repeated_key_sends_once_and_answers_alike(api, number):
    address = path("conversations", make_conversation(number).pk, "messages")

    first = post(api, address, {"text": "Hello"}, **{"Idempotency-Key": "k1"})
    second = post(api, address, {"text": "Hello"}, **{"Idempotency-Key": "k1"})

    assert (second.status_code, second.json()) == (201, first.json())
    assert Message.objects.count() == 1


def test_a_template_is_queued_outside_the_window(api, owner, number):
    conversation = make_conversation(number, last_inbound_at=timezone.now() - timedelta(hours=25))
    data = {"template": make_template(number, "Hello {{1}}!").pk, "parameters": {"1": "Anna"}}

    response = post(api, path("conversations", conversation.pk, "messages"), data)

    body = response.json()
    assert (response.status_code, body["type"], body["text"], body["status"]) == (
        201,
        "template",
        "Hello Anna!",
        "queued",
    )
    message = Message.objects.get()
    assert (message.origin, message.author) == ("api", owner)


def test_a_template_sent_with_a_repeated_key_is_sent_once(api, number):
    address = path("conversations", make_conversation(number).pk, "messages")
    data = {"template": make_template(number, "Hello!").pk}

    first = post(api, address, data, **{"Idempotency-Key": "k1"})
    second = post(api, address, data, **{"Idempotency-Key": "k1"})

    assert (second.status_code, second.json()) == (201, first.json())
    assert Message.objects.count() == 1


def test_a_template_that_cannot_be_sent_is_refused_on_its_field(api, owner, number):
    address = path("conversations", make_conversation(number).pk, "messages")
    others = [
        make_template(make_number(owner.business), "Hello!"),
        make_template(make_number(make_owner().business), "Hello!"),
        make_template(number, "Hello!", status="PAUSED"),
    ]

    answers = [post(api, address, {"template": template.pk}) for template in others]

    assert [(answer.status_code, list(answer.json())) for answer in answers] == [(400, ["template"])] * 3
    assert not Message.objects.exists()


@pytest.mark.parametrize("parameters", [{}, {"1": " "}, {"1": "Anna", "2": "Berta"}])
def test_parameters_that_do_not_fit_are_refused_on_their_field(api, number, parameters):
    data = {"template": make_template(number, "Hello {{1}}!").pk, "parameters": parameters}

    response = post(api, path("conversations", make_conversation(number).pk, "messages"), data)

    assert (response.status_code, list(response.json())) == (400, ["parameters"])


def test_writing_first_with_a_template_reaches_somebody_new(api, number):
    data = {
        "whatsapp_number": number.pk,
        "to": "8 916 123-45-67",
        "template": make_template(number, "Hello {{1}}!").pk,
        "parameters": {"1": "Anna"},
    }

    response = post(api, path("messages"), data)

    assert (response.status_code, response.json()["text"]) == (201, "Hello Anna!")
    assert Customer.objects.get().phone == "+79161234567"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": " "},
        {"text": "x" * 4097},
        {"text": "Hello", "template": 1},
        {"text": "Hello", "parameters": {}},
        {"parameters": {}},
    ],
)
def test_an_impossible_message_is_refused(api, number, data):
    response = post(api, path("conversations", make_conversation(number).pk, "messages"), data)

    assert response.status_code == 400
    assert not Message.objects.exists()


def test_writing_first_to_a_phone_finds_its_conversation(api, number):
    conversation = make_conversation(number, make_customer(number.business, phone="+79161234567"))

    response = post(api, path("messages"), {"whatsapp_number": number.pk, "to": "8 916 123-45-67", "text": "Hello"})

    assert (response.status_code, response.json()["conversation"]) == (201, conversation.pk)


def test_writing_first_to_a_customer_finds_the_conversation(api, number):
    conversation = make_conversation(number)
    data = {"whatsapp_number": number.pk, "customer": conversation.customer_id, "text": "Hello"}

    assert post(api, path("messages"), data).json()["conversation"] == conversation.pk


def test_writing_first_to_somebody_new_needs_a_template_and_leaves_nothing(api, number):
    response = post(api, path("messages"), {"whatsapp_number": number.pk, "to": "+79161234567", "text": "Hello"})

    assert (response.status_code, response.json()["code"]) == (400, "window_closed")
    assert not Customer.objects.exists()


@pytest.mark.parametrize("extra", [{}, {"to": "12"}, {"to": "+79161234567", "customer": 1}])
def test_writing_first_needs_one_recipient(api, number, extra):
    response = post(api, path("messages"), {"whatsapp_number": number.pk, "text": "Hello", **extra})

    assert response.status_code == 400


def test_messages_cannot_be_changed_or_deleted(api, number):
    address = path("messages", make_message(make_conversation(number)).pk)

    assert api.patch(address, {"text": "Bye"}, format="json").status_code == 405
    assert api.delete(address).status_code == 405


ORDER = {
    "type": "order",
    "order": {
        "product_items": [{"product_retailer_id": "A", "quantity": 2, "item_price": 350.0, "currency": "RUB"}],
        "text": "Gift wrap",
    },
}


def test_an_order_has_details_and_no_text_of_ours(api, number):
    message = make_message(make_conversation(number), "", type="order", content=ORDER)

    body = api.get(path("messages", message.pk)).json()

    assert body["text"] == ""
    assert body["details"] == {
        "order": {
            "items": [{"product_id": "A", "quantity": 2, "price": "350.00", "currency": "RUB"}],
            "totals": [{"amount": "700.00", "currency": "RUB"}],
            "text": "Gift wrap",
        },
        "form": None,
        "contacts": None,
        "location": None,
        "ad": None,
        "product": None,
        "forwarded": None,
        "call": None,
    }


def test_a_message_of_words_alone_has_no_details_and_quotes_nothing(api, number):
    message = make_message(make_conversation(number))

    body = api.get(path("messages", message.pk)).json()

    assert (body["details"], body["quoted"]) == (None, None)


def test_what_a_message_answers_is_quoted(api, number):
    conversation = make_conversation(number)
    asked = make_message(conversation, "Which size?", "out")
    answer = make_message(conversation, "S", context_wamid=asked.wamid)
    expected = {"kind": "message", "id": asked.pk, "text": "Which size?"}

    listed = api.get(path("conversations", conversation.pk, "messages")).json()["results"]

    assert api.get(path("messages", answer.pk)).json()["quoted"] == expected
    assert [row["quoted"] for row in listed] == [expected, None]


def test_what_is_quoted_without_words_is_a_phrase(api, number):
    conversation = make_conversation(number)
    photo = make_message(conversation, "", type="image", content={"type": "image", "image": {"id": "1"}})
    answer = make_message(conversation, "Nice", "out", context_wamid=photo.wamid)

    assert api.get(path("messages", answer.pk)).json()["quoted"]["text"] == "Photo"


def test_nothing_of_another_business_is_quoted(api, number):
    foreign = make_message(make_conversation(), "Secret")
    answer = make_message(make_conversation(number), "S", context_wamid=foreign.wamid)

    assert api.get(path("messages", answer.pk)).json()["quoted"] is None


def test_the_number_of_queries_of_a_list_does_not_grow_with_what_is_quoted(api, number, django_assert_num_queries):
    conversation = make_conversation(number)
    for serial in range(5):
        asked = make_message(conversation, f"Question {serial}", "out")
        make_message(conversation, "S", context_wamid=asked.wamid)
        make_message(conversation, "?", context_wamid="wamid.of-nothing-known")

    # the person's rights (2), messages, quoted messages, quoted broadcasts
    with django_assert_num_queries(5):
        api.get(path("messages"))


def test_a_message_says_what_meta_charges_once_it_is_known(api, number):
    price = {"category": "marketing", "type": "regular", "billable": True, "model": "PMP"}
    columns = {f"pricing_{name}": value for name, value in price.items()}
    priced = make_message(make_conversation(number), direction="out", **columns)
    unpriced = make_message(make_conversation(number), direction="out")

    assert api.get(path("messages", priced.pk)).json()["pricing"] == price
    assert api.get(path("messages", unpriced.pk)).json()["pricing"] is None


@pytest.mark.parametrize(("given", "filename"), [({}, "Счёт.pdf"), ({"header.document.filename": "7.pdf"}, "7.pdf")])
def test_a_document_of_a_template_goes_out_with_its_name(api, number, given, filename):
    template = make_template(number, "Счёт", {"type": "HEADER", "format": "DOCUMENT"})
    link = "https://shop.example/files/%D0%A1%D1%87%D1%91%D1%82.pdf"
    body = {"template": template.pk, "parameters": {"header.document": link, **given}}

    answer = post(api, path("conversations", make_conversation(number).pk, "messages"), body)

    assert answer.status_code == 201
    [part] = Message.objects.get(pk=answer.json()["id"]).content["template"]["components"]
    assert part["parameters"] == [{"type": "document", "document": {"link": link, "filename": filename}}]
