"""What colleagues tell each other beside a conversation. No customer ever sees it, and nothing sends it."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from crm.models import Conversation, Message
from crm.models.message import NOTE_TYPE

from . import conversations

#: Characters of a note.
MAX_NOTE = 4096


def write(conversation: Conversation, author: User, text: str) -> Message:
    """Note a text. Raises ValidationError on `text`. Whoever waits for an answer waits on."""
    text = text.strip()
    if not text:
        raise ValidationError({"text": _("Write something.")}, code="required")
    if len(text) > MAX_NOTE:
        raise ValidationError({"text": _("A note has at most 4096 characters. Shorten it.")}, code="max_length")
    note = Message.objects.create(
        business_id=conversation.business_id,
        whatsapp_number_id=conversation.whatsapp_number_id,
        conversation=conversation,
        direction=Message.Direction.INTERNAL,
        origin=Message.Origin.PERSON,
        author=author,
        type=NOTE_TYPE,
        text=text,
        status=Message.Status.RECEIVED,
    )
    conversations.change(conversation)
    return note
