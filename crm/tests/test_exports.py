import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from crm import exports
from crm.testing import make_conversation, make_customer, make_message, make_picture
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation():
    customer = make_customer(name="Анна; «Аня»", phone="+79161234567")
    return make_conversation(make_number(customer.business), customer)


def csv_rows(number):
    with translation.override("en"):
        text = "".join(exports.as_csv(number))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


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
    client.force_login(business.people.get(), backend="accounts.roles.RoleBackend")

    page = client.get(f"/admin/crm/conversation/export/{conversation.whatsapp_number_id}/")

    assert "2026-01-01 22:00:00" in page.getvalue().decode()


def test_phones_are_digits(conversation):
    make_message(conversation)

    assert csv_rows(conversation.whatsapp_number)[0]["Phone"] == "79161234567"


def test_jsonl_loses_nothing(conversation):
    message = make_message(
        conversation, "=1+1", content={"type": "text", "text": {"body": "=1+1"}, "extra": [1, None]}
    )

    [line] = exports.as_jsonl(conversation.whatsapp_number)

    row = json.loads(line)
    assert (row["id"], row["text"], row["content"]) == (message.pk, "=1+1", message.content)
    assert (row["customer_phone"], row["wamid"]) == ("+79161234567", message.wamid)


def test_only_the_messages_of_the_number_are_exported(conversation):
    make_message(make_conversation(make_number(conversation.business), conversation.customer), "other")

    assert list(exports.as_jsonl(conversation.whatsapp_number)) == []


def test_an_export_takes_one_query_however_long(conversation, django_assert_num_queries):
    for _serial in range(3):
        make_message(conversation)

    with django_assert_num_queries(1):
        list(exports.as_csv(conversation.whatsapp_number))


def test_the_command_writes_a_file(conversation, tmp_path):
    make_message(conversation, "Привет")
    output = tmp_path / "conversations.csv"

    call_command("export_conversations", number=conversation.whatsapp_number_id, output=str(output))

    assert output.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "Привет" in output.read_text("utf-8")


def test_the_command_writes_to_standard_output(conversation):
    make_message(conversation, "Привет")
    out = io.StringIO()

    call_command("export_conversations", number=conversation.whatsapp_number_id, format="jsonl", stdout=out)

    assert json.loads(out.getvalue())["text"] == "Привет"


def test_the_command_says_which_number_is_missing():
    with pytest.raises(CommandError, match="no number with id 999"):
        call_command("export_conversations", number=999)


def test_the_command_says_when_the_file_cannot_be_written(conversation, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_conversations", number=conversation.whatsapp_number_id, output=str(tmp_path))


def test_a_file_is_named_with_its_type_and_size(conversation):
    media = make_picture(conversation, name="Торт.png")

    [row] = csv_rows(conversation.whatsapp_number)
    [line] = exports.as_jsonl(conversation.whatsapp_number)

    assert (row["File"], row["File type"], row["File size"]) == ("Торт.png", "image/png", str(media.size))
    named = json.loads(line)
    facts = [named[name] for name in ("media_file_name", "media_file_mime", "media_file_size")]
    assert facts == ["Торт.png", "image/png", media.size]
