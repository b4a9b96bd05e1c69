"""The history of a row names what was changed in the reader's language."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import RequestFactory
from django.utils import translation

from accounts.tenancy.admin_history import name_fields
from accounts.testing import make_owner
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def told(changed: list[str], language: str) -> str:
    """What the history says of changed fields of a number."""
    owner = make_owner()
    assert owner.business
    request = RequestFactory().post("/")
    request.user = owner
    model_admin: Any = admin.site.get_model_admin(WhatsAppNumber)
    number = make_number(owner.business)
    form = model_admin.get_form(request, number, change=True)(instance=number)
    form.changed_data = changed
    with translation.override(language):
        message = model_admin.construct_change_message(request, form, [])
        entry = LogEntry.objects.log_actions(owner.pk, [number], 2, message, single_object=True)
        return str(entry.get_change_message())


def test_fields_are_named_in_russian() -> None:
    assert told(["read_receipts", "messages_per_second"], "ru") == "Изменено синие галочки и сообщений в секунду."


def test_fields_are_named_in_english() -> None:
    assert told(["read_receipts"], "en") == "Changed blue ticks."


def test_fields_of_rows_in_the_form_are_left_alone() -> None:
    message = [{"changed": {"name": "step", "object": "Greeting", "fields": ["Blue ticks"]}}]

    assert name_fields(message, WhatsAppNumber) == message
    assert message[0]["changed"]["fields"] == ["Blue ticks"]
