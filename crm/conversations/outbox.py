"""Writes to customers: a row in the ledger first, then delivery."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.database.saving import insert
from accounts.models import User
from accounts.refusals import Refusal
from crm.customers import customers
from crm.media import media
from crm.models import Conversation, Customer, MediaFile, Message, Wait
from whatsapp.graph.media_types import HEAD, MediaType, recognise
from whatsapp.message_templates import header_files
from whatsapp.message_templates.availability import check_parameters, check_usable
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.numbers.numbers import check_may_send_from
from whatsapp.sending import ledger
from whatsapp.sending.tasks import deliver_on_commit
from whatsapp.template_parameters import media_key, references_in, template_message

from . import conversations
from .message_texts import message_text

#: Characters of a text (Cloud API, "Text messages").
MAX_TEXT = 4096

#: Signs of one emoji: a family of four with its joiners, or a flag of a region.
MAX_EMOJI = 16

#: Characters of a file's caption, and the types that have one (Cloud API, "Media messages").
MAX_CAPTION = 1024
CAPTIONED_TYPES = ("image", "video", "document")


def queue(
    conversation: Conversation,
    content: dict[str, Any],
    text: str,
    origin: str,
    author: User | None = None,
    due_at: datetime | None = None,
    pause_bot: bool = False,
    reply_to: Message | None = None,
) -> Message:
    """
    Queue a message in a conversation, to be sent not before `due_at`, quoting the one it is a `reply_to`; with
    `pause_bot` a person answers there (`conversations.pause_bot`). `content` is the Cloud API's message without its
    recipient; `text` is what a person reads of it. Raises Refusal when the number may not send, or for anything but a
    template outside the window; and ValidationError on `reply_to`.
    """
    check_may_be_sent(conversation, content["type"])
    context_wamid = wamid_of(conversation, reply_to, "reply_to") if reply_to else ""
    if context_wamid:
        content = {**content, "context": {"message_id": context_wamid}}
    # What may be refused was refused: nothing of this is undone alone, so that no savepoint is needed.
    with transaction.atomic(savepoint=False):
        if (files := references_in(content)) and not header_files.use(conversation.whatsapp_number, files):
            due_at = Message.NOT_UPLOADED
        message = _create(
            conversation,
            content,
            text=text,
            origin=origin,
            author=author,
            due_at=due_at,
            context_wamid=context_wamid,
        )
        values: dict[str, Any] = {"last_message_at": message.timestamp}
        if origin != Message.Origin.BOT:
            person = author if origin == Message.Origin.PERSON else None
            conversations.end_wait(conversation, message.timestamp, Wait.Ending.ANSWERED, person)
        if pause_bot:
            values |= conversations.pause(conversation)
        conversations.change(conversation, **values, **conversations.after_answer(conversation))
        _deliver_on_commit(message)
    return message


def _create(conversation: Conversation, content: dict[str, Any], **values: Any) -> Message:
    message = Message(
        business_id=conversation.business_id,
        whatsapp_number=conversation.whatsapp_number,
        conversation=conversation,
        direction=Message.Direction.OUT,
        status=Message.Status.QUEUED,
        type=content["type"],
        content=content,
        **values,
    )
    insert(message)
    return message


def wamid_of(conversation: Conversation, message: Message, field: str) -> str:
    """By what Meta knows a message of this conversation. Raises ValidationError on `field` when it knows none."""
    is_said = message.conversation_id == conversation.pk and message.wamid and not message.is_event
    if not is_said:
        raise ValidationError({field: _("This message is not in the customer's WhatsApp.")}, code="not_said")
    return str(message.wamid)


def react(
    conversation: Conversation,
    message: Message,
    emoji: str,
    author: User | None,
    origin: str = Message.Origin.PERSON,
) -> Message:
    """
    Queue a reaction to a message; an empty one takes the reaction back. It is no answer: whoever waits waits on.
    Raises ValidationError on `emoji` and `message`, and Refusal like `queue`.
    """
    emoji = emoji.strip()
    if emoji and not _is_emoji(emoji):
        raise ValidationError({"emoji": _("A reaction is one emoji.")}, code="emoji")
    check_may_be_sent(conversation, "reaction")
    wamid = wamid_of(conversation, message, "message")
    content = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": emoji}}
    with transaction.atomic(savepoint=False):
        reaction = _create(
            conversation, content, text=emoji, origin=origin, author=author, context_wamid=wamid, due_at=None
        )
        conversations.change(conversation)
        _deliver_on_commit(reaction)
    return reaction


def _is_emoji(text: str) -> bool:
    """Whether a text is short enough for one emoji, which may be of many signs, and has no letters or spaces."""
    return (
        len(text) <= MAX_EMOJI
        and any(unicodedata.category(sign) in ("So", "Me") for sign in text)
        and not any(sign.isalpha() or sign.isspace() for sign in text)
    )


def _deliver_on_commit(message: Message) -> None:
    deliver_on_commit(Message, message.whatsapp_number_id)


def check_may_be_sent(conversation: Conversation, message_type: str = "text") -> None:
    """Raise Refusal when no message of this type may be sent in this conversation now."""
    check_may_send_from(conversation.whatsapp_number)
    if message_type != "template":
        _check_window(conversation)


def _check_window(conversation: Conversation) -> None:
    if not conversation.window_open:
        raise Refusal(
            "window_closed",
            _(
                "More than 24 hours have passed since the customer's last message. "
                "WhatsApp allows free text again when the customer writes; until then only templates."
            ),
            status=400,
        )


def reply(
    conversation: Conversation,
    text: str,
    author: User | None,
    origin: str = Message.Origin.PERSON,
    pause_bot: bool = True,
    reply_to: Message | None = None,
) -> Message:
    """Queue a text by a person or a program. Raises ValidationError on `text`, and what `queue` raises."""
    text = clean_text(text)
    content = {"type": "text", "text": {"body": text}}
    return queue(conversation, content, text, origin, author, pause_bot=pause_bot, reply_to=reply_to)


@transaction.atomic
def reply_with_template(
    conversation: Conversation,
    template: MessageTemplate,
    parameters: Mapping[str, str],
    author: User | None,
    origin: str = Message.Origin.PERSON,
    pause_bot: bool = True,
    upload: UploadedFile | None = None,
    reply_to: Message | None = None,
) -> Message:
    """
    Queue a filled-in template, which may be sent at any time, with a file for its header if one is given; it then
    goes out when Meta has the file. Raises ValidationError on `template`, `parameters` and `file`, and Refusal like
    `queue`.
    """
    number = conversation.whatsapp_number
    check_usable(template, number)
    if upload:
        parameters = {**parameters, media_key(template): header_files.store(number, upload).reference}
    check_parameters(template, parameters)
    header_files.check(number, template, parameters)
    content = template_message(template, parameters)
    text = template.filled_in(parameters)
    return queue(conversation, content, text, origin, author, pause_bot=pause_bot, reply_to=reply_to)


@transaction.atomic
def reply_with_file(
    conversation: Conversation,
    upload: UploadedFile,
    caption: str,
    author: User | None,
    origin: str = Message.Origin.PERSON,
    pause_bot: bool = True,
    reply_to: Message | None = None,
) -> Message:
    """
    Queue an uploaded picture, film, sound, sticker or document; it goes out when Meta has the file. Raises
    ValidationError on `media`, for what WhatsApp does not carry, and on `caption`; and Refusal like `queue`.
    """
    media_type = _media_type(upload)
    caption = _clean_caption(caption, media_type.kind)
    body = {"caption": caption} if caption else {}
    if media_type.kind == "document":
        body["filename"] = media.clean_name(upload.name)
    content = {"type": media_type.kind, media_type.kind: body}
    with translation.override(conversation.whatsapp_number.business.language):
        text = caption or message_text(media_type.kind, content)
    due_at = MediaFile.NOT_UPLOADED
    message = queue(conversation, content, text, origin, author, due_at, pause_bot=pause_bot, reply_to=reply_to)
    media.attach(message, upload, media_type.mime)
    return message


def _media_type(upload: UploadedFile) -> MediaType:
    head = upload.read(HEAD)
    upload.seek(0)
    try:
        return recognise(upload.name or "", head, upload.size or 0)
    except ValidationError as error:
        raise ValidationError({"media": error}) from error


def _clean_caption(caption: str, kind: str) -> str:
    caption = caption.strip()
    if caption and kind not in CAPTIONED_TYPES:
        sentence = _("Sounds and stickers have no caption. Send the text on its own.")
        raise ValidationError({"caption": sentence}, code="no_caption")
    if len(caption) > MAX_CAPTION:
        sentence = _("A caption has at most 1024 characters. Shorten it, or send the text on its own.")
        raise ValidationError({"caption": sentence}, code="max_length")
    return caption


def clean_text(text: str) -> str:
    """A text as it goes out. Raises ValidationError on `text`."""
    text = text.strip()
    if not text:
        raise ValidationError({"text": _("Write something.")}, code="required")
    if len(text) > MAX_TEXT:
        raise ValidationError(
            {"text": _("WhatsApp carries at most 4096 characters in a message. Shorten it, or send two.")},
            code="max_length",
        )
    return text


def write(
    conversation: Conversation,
    author: User | None,
    *,
    text: str = "",
    template: MessageTemplate | None = None,
    parameters: Mapping[str, str] | None = None,
    upload: UploadedFile | None = None,
    origin: str = Message.Origin.API,
    pause_bot: bool = True,
    reply_to: Message | None = None,
) -> Message:
    """
    Queue a filled-in template, with a file for its header if there is one, or a file with the text as its caption;
    else a text. Raises like the `reply` that it is.
    """
    if template:
        values = parameters or {}
        return reply_with_template(conversation, template, values, author, origin, pause_bot, upload, reply_to)
    if upload:
        return reply_with_file(conversation, upload, text, author, origin, pause_bot, reply_to)
    return reply(conversation, text, author, origin, pause_bot, reply_to)


@transaction.atomic
def write_first(
    number: WhatsAppNumber,
    text: str,
    author: User | None,
    *,
    phone: str | None = None,
    customer: Customer | None = None,
    template: MessageTemplate | None = None,
    parameters: Mapping[str, str] | None = None,
    origin: str = Message.Origin.API,
    pause_bot: bool = True,
) -> Message:
    """
    Queue a text, or a template instead of one, to a customer, or to a phone (E.164). Customer and conversation are
    created when there are none. Raises like `write`.
    """
    customer = customer or customers.get_or_create(number.business, phone=phone)
    conversation = conversations.get_or_create(number, customer)
    return write(
        conversation,
        author,
        text=text,
        template=template,
        parameters=parameters,
        origin=origin,
        pause_bot=pause_bot,
    )


@transaction.atomic
def send_again(message: Message) -> None:
    """
    Send a message again of which it is unknown whether it went out, because a person says so; it may arrive twice.
    Raises Refusal like `queue`, and when its fate is known by now.
    """
    check_may_be_sent(message.conversation, message.type)
    ledger.send_again(message)
    _send(message)


@transaction.atomic
def try_again(message: Message) -> None:
    """
    Try a message once more that did not go out, because a person says so. Raises Refusal like `queue`, and when it has
    not failed, or was tried again meanwhile.
    """
    check_may_be_sent(message.conversation, message.type)
    ledger.try_again(message)
    _send(message)
    conversations.change(message.conversation)


def _send(message: Message) -> None:
    """Have a message that waits again sent, with its files."""
    media.ensure_uploaded(message)
    if (files := references_in(message.content)) and not header_files.use(message.whatsapp_number, files):
        Message.objects.filter(pk=message.pk).update(due_at=Message.NOT_UPLOADED)
    _deliver_on_commit(message)
