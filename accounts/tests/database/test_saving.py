"""A prepared save writes what the model's own would."""

import pytest
from django.db import DatabaseError
from django.forms.models import model_to_dict

from accounts.database.saving import insert, update
from bots.models import BotTurn
from crm.models import Message
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


def columns_of(row):
    """What is stored in a row but for its id and what is taken from the clock or drawn for it alone."""
    stored = type(row).objects.filter(pk=row.pk).values().get()
    return {name: value for name, value in stored.items() if name not in ("id", "created_at")}


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_new_row_is_stored_as_the_model_stores_it(direction):
    conversation = make_conversation()
    like = make_message(conversation, "Привет", direction=direction)
    values = {field.attname: getattr(like, field.attname) for field in Message._meta.concrete_fields}
    del values["id"], values["created_at"], values["wamid"]
    prepared, usual = Message(**values), Message(**values)
    insert(prepared)
    usual.save()
    assert columns_of(prepared) == columns_of(usual)
    assert Message.objects.get(pk=prepared.pk).created_at == prepared.created_at


def test_a_new_row_can_be_referred_to_and_saved_again():
    message = make_message(make_conversation(), "Привет")
    turn = BotTurn(business=message.business, conversation=message.conversation, message=message)
    insert(turn)
    turn.error = "later"
    turn.save()
    assert BotTurn.objects.get(message=message) == turn
    assert model_to_dict(BotTurn.objects.get())["error"] == "later"


def test_only_the_named_fields_are_saved():
    conversation = make_conversation()
    conversation.unread, conversation.status = 7, "closed"
    update(conversation, ["unread"])
    conversation.refresh_from_db()
    assert (conversation.unread, conversation.status) == (7, "open")


def test_a_foreign_key_is_named_as_the_model_names_it():
    conversation, other = make_conversation(), make_conversation()
    message = make_message(conversation, "Привет")
    message.conversation = other
    update(message, ["conversation"])
    assert Message.objects.get(pk=message.pk).conversation == other


def test_a_row_that_is_gone_is_no_silent_loss():
    conversation = make_conversation()
    type(conversation).objects.filter(pk=conversation.pk).delete()
    with pytest.raises(DatabaseError, match="gone"):
        update(conversation, ["unread"])
