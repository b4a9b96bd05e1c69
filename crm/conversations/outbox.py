"""What is said to customers: a row in the ledger first, then delivery."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refusal
from crm.customers import customers
from crm.media import media
from crm.models import MediaFile, Message
from whatsapp.graph.media_types import HEAD, recognise
from whatsapp.message_templates.availability import check_parameters, check_usable
from whatsapp.numbers.numbers import check_may_send
from whatsapp.sending import ledger
from whatsapp.sending.tasks import deliver
from whatsapp.template_parameters import template_message

from . import conversations
from .message_summaries import readable

#: The longest text (Cloud API, "Text messages").
MAX_TEXT = 4096

#: The longest caption of a file (Cloud API, "Media messages"), and what has one.
MAX_CAPTION = 1024
CAPTIONED = ("image", "video", "document")


@transaction.atomic
def queue(conversation, content, text, origin, author=None, due_at=None, pause_bot=False):
    """
    A message to be sent in a conversation, not before `due_at`, which may pause the bot there. `content` is Cloud
    API's message without its recipient; `text` is what a person reads of it. Raises Refusal when the number may not
    send, or for anything but a template outside the window.
    """
    number = conversation.whatsapp_number
    check_may_be_sent(conversation, content["type"])
    message = Message.objects.create(
        business_id=conversation.business_id,
        whatsapp_number=number,
        conversation=conversation,
        direction=Message.Direction.OUT,
        origin=origin,
        author=author,
        status=Message.Status.QUEUED,
        type=content["type"],
        text=text,
        content=content,
        due_at=due_at,
    )
    conversations.change(conversation, last_message_at=message.timestamp)
    if pause_bot:
        conversations.pause_bot(conversation)
    deliver.delay_on_commit(Message._meta.label, number.pk)
    return message


def check_may_be_sent(conversation, message_type="text"):
    """Raise Refusal when no message of this type may be sent in this conversation now."""
    check_may_send(conversation.whatsapp_number)
    if message_type != "template":
        check_window(conversation)


def check_window(conversation):
    if not conversation.window_open:
        raise Refusal(
            "window_closed",
            _(
                "More than 24 hours have passed since the customer's last message. "
                "WhatsApp allows free text again when the customer writes; until then only templates."
            ),
            status=400,
        )


def reply(conversation, text, author, origin=Message.Origin.PERSON, pause_bot=True):
    """A text by a person or a program; it pauses the bot."""
    text = clean_text(text)
    content = {"type": "text", "text": {"body": text}}
    return queue(conversation, content, text, origin, author, pause_bot=pause_bot)


def reply_with_template(conversation, template, parameters, author, origin=Message.Origin.PERSON, pause_bot=True):
    """
    A template filled in, which may be sent at any time; it pauses the bot. Raises ValidationError on `template` and
    `parameters`.
    """
    check_usable(template, conversation.whatsapp_number)
    check_parameters(template, parameters)
    content = template_message(template, parameters)
    return queue(conversation, content, template.filled_in(parameters), origin, author, pause_bot=pause_bot)


@transaction.atomic
def reply_with_file(conversation, upload, caption, author, origin=Message.Origin.PERSON, pause_bot=True):
    """
    An uploaded picture, film, sound, sticker or document; it pauses the bot. It goes out when Meta has the file.
    Raises ValidationError on `media` for what WhatsApp does not carry, and on `caption`.
    """
    media_type = media_type_of(upload)
    caption = clean_caption(caption, media_type.kind)
    body = {"caption": caption} if caption else {}
    if media_type.kind == "document":
        body["filename"] = media.clean_name(upload.name)
    content = {"type": media_type.kind, media_type.kind: body}
    with translation.override(conversation.whatsapp_number.business.language):
        text = caption or readable(media_type.kind, content)
    message = queue(conversation, content, text, origin, author, due_at=MediaFile.NOT_UPLOADED, pause_bot=pause_bot)
    media.attach(message, upload, media_type.mime)
    return message


def media_type_of(upload):
    head = upload.read(HEAD)
    upload.seek(0)
    try:
        return recognise(upload.name, head, upload.size)
    except ValidationError as error:
        raise ValidationError({"media": error}) from error


def clean_caption(caption, kind):
    caption = caption.strip()
    if caption and kind not in CAPTIONED:
        sentence = _("Sounds and stickers have no caption. Send the text on its own.")
        raise ValidationError({"caption": sentence}, code="no_caption")
    if len(caption) > MAX_CAPTION:
        sentence = _("A caption has at most 1024 characters. Shorten it, or send the text on its own.")
        raise ValidationError({"caption": sentence}, code="max_length")
    return caption


def clean_text(text):
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
    conversation,
    author,
    *,
    text="",
    template=None,
    parameters=None,
    upload=None,
    origin=Message.Origin.API,
    pause_bot=True,
):
    """A file with the text as its caption, or a template, when one is given; else a text."""
    if upload:
        return reply_with_file(conversation, upload, text, author, origin, pause_bot)
    if template:
        return reply_with_template(conversation, template, parameters or {}, author, origin, pause_bot)
    return reply(conversation, text, author, origin, pause_bot)


@transaction.atomic
def write_first(
    number,
    text,
    author,
    *,
    phone=None,
    customer=None,
    template=None,
    parameters=None,
    origin=Message.Origin.API,
    pause_bot=True,
):
    """
    A text, or a template instead of one, to a customer, or to a phone, whose customer and conversation are made when
    there are none.
    """
    customer = customer or customers.find_or_make(number.business, phone=phone)
    conversation = conversations.with_customer(number, customer)
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
def send_again(message):
    """A person says that a message of which it is unknown whether it went out is sent again; it may arrive twice."""
    check_may_be_sent(message.conversation, message.type)
    ledger.send_again(message)
    media.keep_at_meta(message)
    deliver.delay_on_commit(Message._meta.label, message.whatsapp_number_id)
