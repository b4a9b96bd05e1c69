import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from accounts.deletion import deletion
from crm.conversations import export_writer, exports
from crm.customers.customers import add_tags
from crm.models import Conversation, Message
from crm.testing import make_conversation, make_customer, make_message, make_picture
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation():
    customer = make_customer(name="Анна; «Аня»", phone="+79161234567")
    return make_conversation(make_number(customer.business), customer)


def written(number, file_format):
    with translation.override("en"):
        return "".join(export_writer.ExportWriter(number, file_format).whole())


def csv_rows(number):
    """The rows of messages, by heading."""
    text = written(number, "csv")
    assert text.startswith("\ufeff")
    *rows, _total = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";")
    return rows


def json_lines(number):
    return [json.loads(line) for line in written(number, "jsonl").splitlines()]


def json_messages(number):
    return [line for line in json_lines(number) if "id" in line]


def test_csv_has_one_row_a_message_in_order(conversation):
    make_message(conversation, "second")
    make_message(conversation, "first", timestamp=timezone.now() - timedelta(hours=1))

    assert [row["Text"] for row in csv_rows(conversation.whatsapp_number)] == ["first", "second"]


def test_csv_keeps_semicolons_quotes_and_line_breaks(conversation):
    text = 'a;b "c"\nd'
    make_message(conversation, text)

    [row] = csv_rows(conversation.whatsapp_number)

    assert (row["Text"], row["Customer"]) == (text, "Анна; «Аня»")


def test_times_are_those_of_the_business_although_the_file_is_written_after_the_page(client, conversation):
    business = conversation.business
    business.time_zone = "Asia/Vladivostok"
    business.save()
    make_message(conversation, timestamp=datetime(2026, 1, 1, 12, tzinfo=UTC))
    client.force_login(business.people.get(), backend="accounts.people.roles.RoleBackend")

    page = client.get(f"/admin/crm/conversation/export/{conversation.whatsapp_number_id}/")

    assert "2026-01-01 22:00:00" in page.getvalue().decode()


def test_phones_are_digits(conversation):
    make_message(conversation)

    assert csv_rows(conversation.whatsapp_number)[0]["Phone"] == "79161234567"


def test_jsonl_loses_nothing(conversation):
    message = make_message(
        conversation, "=1+1", content={"type": "text", "text": {"body": "=1+1"}, "extra": [1, None]}
    )

    [row] = json_messages(conversation.whatsapp_number)

    assert (row["id"], row["text"], row["content"]) == (message.pk, "=1+1", message.content)
    assert (row["customer_phone"], row["wamid"]) == ("+79161234567", message.wamid)


def test_only_the_messages_of_the_number_are_exported(conversation):
    make_message(make_conversation(make_number(conversation.business), conversation.customer), "other")

    assert json_messages(conversation.whatsapp_number) == []


def test_many_conversations_take_as_few_queries_as_one(conversation, django_assert_num_queries):
    number = conversation.whatsapp_number
    for _serial in range(3):
        customer = make_customer(conversation.business)
        add_tags(customer, ["vip"])
        make_message(make_conversation(number, customer))

    # Conversations with customer and assignee, their tags, their messages; and that there are no more conversations.
    with django_assert_num_queries(5):
        written(number, "jsonl")


def test_a_file_is_named_with_its_type_and_size(conversation):
    media = make_picture(conversation, name="Торт.png")

    [row] = csv_rows(conversation.whatsapp_number)
    [named] = json_messages(conversation.whatsapp_number)

    assert (row["File"], row["File type"], row["File size"]) == ("Торт.png", "image/png", str(media.size))
    facts = [named[name] for name in ("media_file_name", "media_file_mime", "media_file_size")]
    assert facts == ["Торт.png", "image/png", media.size]


def test_the_last_row_of_a_csv_says_how_much_it_holds(conversation):
    make_message(conversation)
    make_message(conversation)
    make_conversation(conversation.whatsapp_number)

    assert written(conversation.whatsapp_number, "csv").endswith("\r\nTotal;2 conversations;2 messages\r\n")


def test_the_total_is_said_in_the_language_of_the_page(conversation):
    with translation.override("en"):
        pieces = export_writer.ExportWriter(conversation.whatsapp_number, "csv").whole()

    with translation.override("ru"):
        assert "".join(pieces).endswith("Total;1 conversation;0 messages\r\n")


def test_the_last_line_of_a_jsonl_says_how_much_it_holds(conversation):
    make_message(conversation)
    make_conversation(conversation.whatsapp_number)

    assert json_lines(conversation.whatsapp_number)[-1] == {"total": {"conversations": 2, "messages": 1}}


def test_the_total_is_what_the_delete_page_counts(conversation):
    make_message(conversation)
    make_conversation(conversation.whatsapp_number)

    *_lines, last = json_lines(conversation.whatsapp_number)

    counts = deletion.preview(conversation.whatsapp_number).counts
    assert last["total"] == {"conversations": counts[Conversation], "messages": counts[Message]}


def test_jsonl_tells_of_a_conversation_before_its_messages_even_when_it_has_none(conversation):
    customer, business = conversation.customer, conversation.business
    add_tags(customer, ["vip"])
    conversation.status, conversation.assignee = "closed", business.people.get()
    conversation.save()

    told, _total = json_lines(conversation.whatsapp_number)

    told = told["conversation"]
    assert (told["id"], told["status"], told["assignee"]) == (conversation.pk, "closed", conversation.assignee.email)
    assert (told["customer"]["name"], told["customer"]["tags"]) == (customer.name, ["vip"])


@pytest.mark.parametrize(("hours", "paused"), [(1, True), (-1, False)])
def test_jsonl_tells_whether_the_bot_is_paused_now_and_until_when(conversation, hours, paused):
    conversation.bot_paused, conversation.bot_resumes_at = True, timezone.now() + timedelta(hours=hours)
    conversation.save()

    told = json_lines(conversation.whatsapp_number)[0]["conversation"]

    assert (told["bot_paused"], bool(told["bot_resumes_at"])) == (paused, paused)


def test_what_comes_after_the_file_was_asked_for_is_not_in_it(conversation):
    make_message(conversation, "before")
    export = export_writer.ExportWriter(conversation.whatsapp_number, "jsonl")
    make_message(conversation, "after", timestamp=timezone.now() - timedelta(hours=1))
    make_conversation(conversation.whatsapp_number)

    _conversation, message, total = map(json.loads, "".join(export.whole()).splitlines())

    assert (message["text"], total["total"]) == ("before", {"conversations": 1, "messages": 1})


def test_many_conversations_are_written_part_by_part(conversation, monkeypatch):
    monkeypatch.setattr(export_writer, "CONVERSATION_BATCH", 2)
    monkeypatch.setattr(export_writer, "LINE_BATCH", 3)
    number = conversation.whatsapp_number
    for serial in range(5):
        made = make_conversation(number)
        for _serial in range(serial):
            make_message(made, f"from {made.pk}")

    lines = json_lines(number)

    assert [line["text"] for line in lines if "id" in line] == [
        f"from {line['conversation']}" for line in lines if "id" in line
    ]
    assert lines[-1] == {"total": {"conversations": 6, "messages": 10}}


def test_a_file_that_was_sent_to_its_end_is_written_down(conversation):
    number = conversation.whatsapp_number

    exports.download(number, "csv").getvalue()

    number.refresh_from_db()
    assert number.exported_at


def test_a_file_whose_reader_left_is_not_written_down(conversation):
    number = conversation.whatsapp_number
    pieces = exports._streamed(export_writer.ExportWriter(number, "csv"))

    next(pieces)
    pieces.close()

    number.refresh_from_db()
    assert number.exported_at is None


def test_an_earlier_export_that_ends_later_changes_nothing(conversation):
    number = conversation.whatsapp_number
    earlier, later = export_writer.ExportWriter(number, "csv"), export_writer.ExportWriter(number, "csv")

    later.note_exported()
    earlier.note_exported()

    number.refresh_from_db()
    assert number.exported_at == later.moment


def test_a_file_whose_number_is_deleted_meanwhile_is_cut_off_and_says_no_total(conversation, monkeypatch):
    number = make_message(conversation).whatsapp_number
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)
    pieces = export_writer.ExportWriter(number, "csv").whole()
    next(pieces)
    deletion.delete(number)

    with pytest.raises(export_writer.CutOff):
        list(pieces)


ORDER = {
    "type": "order",
    "order": {
        "product_items": [{"product_retailer_id": "A", "quantity": 2, "item_price": 350.5, "currency": "RUB"}],
        "text": "Gift wrap",
    },
}


def test_csv_says_what_an_order_holds(conversation):
    make_message(conversation, "", type="order", content=ORDER)

    [row] = csv_rows(conversation.whatsapp_number)

    assert row["Text"] == "Order: 1 item. Gift wrap"
    assert row["Details"] == "A × 2, 350.50\xa0RUB\nTotal: 701\xa0RUB"


def test_json_has_the_words_of_the_customer_and_the_details(conversation):
    make_message(conversation, "", type="order", content=ORDER)

    [message] = json_messages(conversation.whatsapp_number)

    assert message["text"] == ""
    assert message["details"]["order"]["totals"] == [{"amount": "701.00", "currency": "RUB"}]


def test_both_say_what_a_message_answers(conversation):
    asked = make_message(conversation, "Which size?", "out", timestamp=timezone.now() - timedelta(hours=1))
    make_message(conversation, "S", context_wamid=asked.wamid)

    number = conversation.whatsapp_number
    assert [row["In answer to"] for row in csv_rows(number)] == ["", "Which size?"]
    assert [message["quoted"] for message in json_messages(number)] == [
        None,
        {"kind": "message", "id": asked.pk, "text": "Which size?"},
    ]


def test_a_message_is_exported_with_its_price(conversation):
    price = {"pricing_category": "marketing", "pricing_type": "regular", "pricing_billable": True}
    make_message(conversation, "sent", "out", recipient_country="KZ", **price, pricing_model="PMP")
    make_message(conversation, "received")

    [sent, received] = csv_rows(conversation.whatsapp_number)
    names = ("Price category", "Price type", "Charged", "Recipient's country")
    assert [sent[name] for name in names] == ["marketing", "regular", "yes", "KZ"]
    assert [received[name] for name in names] == [""] * 4
    [sent, received] = json_messages(conversation.whatsapp_number)
    assert sent | price | {"pricing_model": "PMP", "recipient_country": "KZ"} == sent
    assert received["pricing_category"] is None


def test_csv_calls_types_and_prices_what_people_call_them(conversation):
    price = {"pricing_category": "utility", "pricing_type": "free_entry_point", "pricing_billable": False}
    make_message(conversation, "sent", "out", type="interactive", **price)
    make_message(conversation, "", type="of_tomorrow")

    choice, unknown = csv_rows(conversation.whatsapp_number)

    assert choice["Type"] == "Menu, choice or form"
    assert (choice["Price category"], choice["Price type"]) == ("service", "free: began at an ad")
    assert unknown["Type"] == "of_tomorrow"
