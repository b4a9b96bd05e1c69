"""A new message template: checked, submitted to Meta for review, and stored here at once."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import BinaryIO, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.client import CloudApi, Json
from whatsapp.graph.error_codes import PERMISSION, TOKEN
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble
from whatsapp.graph.media_types import HEAD, recognise
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.template_parameters import MEDIA, PLACEHOLDER

from . import rules, sync

logger = logging.getLogger(__name__)

#: After this time a new template is in Meta's list.
LISTING_DELAY = timedelta(minutes=1)

#: What Meta accepts as an example of a header's file (Graph API, "Resumable upload").
EXAMPLE_TYPES = {"image/jpeg", "image/png", "video/mp4", "application/pdf"}

LATIN = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya"
LETTERS = {
    cyrillic: latin.strip("-")
    for cyrillic, latin in zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", LATIN.split(), strict=True)
}


def name_from(title: str) -> str:
    """A name that Meta accepts for what a person calls a template: “Заказ готов” → `zakaz_gotov`."""
    latin = "".join(LETTERS.get(letter, letter) for letter in title.lower())
    return re.sub(r"[^a-z0-9]+", "_", latin).strip("_")[:512]


def format_of(*texts: str) -> str:
    """Whether the placeholders of these texts are numbered or have names."""
    names = [name for text in texts for name in PLACEHOLDER.findall(text)]
    return "NAMED" if any(not name.isdecimal() for name in names) else "POSITIONAL"


def submit(
    number: WhatsAppNumber, template: MessageTemplate, header_file: "File[bytes] | None" = None
) -> MessageTemplate:
    """
    Hand a new template of a number's account to Meta, with the example file of its header if it has one, and return
    its row; never inside a transaction. `template` is not in the database yet.

    Raises ValidationError by place (`rules`) for what Meta would refuse, and Refusal: `no_waba`,
    `meta_refused`, `meta_unreachable`; `not_submitted` when Meta's answer was lost and the template is not there.
    """
    template.business, template.waba_id = number.business, number.waba_id
    if not number.waba_id:
        raise sync.no_waba(number)
    if header_file:
        _put_handle(template, "-")
    rules.check(template)
    _check_is_new(template)
    if header_file:
        _put_handle(template, upload_example(number, header_file))
    return _submit(number, template)


def upload_example(number: WhatsAppNumber, file: "File[bytes]") -> str:
    """
    Give Meta an example of a header's picture, video or document, and return the handle by which a template names it;
    never inside a transaction. Raises ValidationError for a file that Meta does not accept, and Refusal.
    """
    name = file.name or ""
    media_type = recognise(name, file_head(file), file.size)
    if media_type.mime not in EXAMPLE_TYPES:
        raise ValidationError({"file": _("As an example Meta accepts: jpg, png, mp4, pdf.")}, code="media_type")
    try:
        api = AccountApi(number.access_token)
        return api.upload_example(_app_id(number, api), cast(BinaryIO, file), file.size, media_type.mime, name)
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        raise refusal_of(trouble) from trouble


def refusal_of(trouble: CloudApiTrouble | UnreadableSecret, otherwise: str = "") -> Refusal:
    """What went wrong with a call about templates, as a Refusal; `otherwise` is its sentence for an unknown reason."""
    if isinstance(trouble, UnreadableSecret):
        return Refusal("meta_refused", _("The saved token cannot be read: enter it again."))
    if not isinstance(trouble, CloudApiError):
        return Refusal("meta_unreachable", _("Meta cannot be reached. Try again in a few minutes."))
    if trouble.error_class in (TOKEN, PERMISSION):
        return Refusal("meta_refused", str(trouble))
    words = ", ".join(
        str(part) for part in (trouble.subcode or trouble.code, trouble.details or trouble.title) if part
    )
    sentence = _REASONS.get(trouble.subcode) or _REASONS.get(trouble.code)
    text = sentence() if sentence else otherwise or _("Meta did not accept the template. Correct it, and try again.")
    return Refusal("meta_refused", f"{text} (Meta: {words})")


#: Meta's reasons for refusing a template (Business management API, "Error codes"), in words for people.
_REASONS: dict[int | None, Callable[[], str]] = {
    2388019: lambda: _("The account has as many templates as Meta allows. Delete one that is not needed."),
    2388023: lambda: _("A template of this name is being deleted: Meta blocks the name for 30 days. Choose another."),
    2388024: lambda: _("There is a template of this name and language at Meta. Choose another name."),
    2388040: lambda: _("A text of the template is too long for Meta. Shorten it."),
    2388043: lambda: _("A part of the template is missing, perhaps an example. Give one for each placeholder."),
    2388047: lambda: _("Meta does not accept the header. Write it without line breaks, pictograms and formatting."),
    2388072: lambda: _("Meta does not accept the text. Look at its placeholders and line breaks."),
    2388073: lambda: _("Meta does not accept the footer. Write it without placeholders, line breaks and pictograms."),
    2388293: lambda: _("The text is too short for so many placeholders. Write more words or use fewer placeholders."),
    2388299: lambda: _("Meta accepts no text that begins or ends with a placeholder. Put words before and after it."),
    33: lambda: _("Meta does not know the WhatsApp Business account ID, or the token may not use it."),
    80008: lambda: _("Meta accepts at most 100 new templates an hour. Try again in an hour."),
}


def _check_is_new(template: MessageTemplate) -> None:
    here = MessageTemplate.objects.filter(
        business=template.business_id, waba_id=template.waba_id, name=template.name, language=template.language
    )
    if here.exclude(status=MessageTemplate.Status.DELETED).exists():
        text = _("There is a template of this name and language already. Choose another name.")
        raise ValidationError({"name": text}, code="unique")


def _submit(number: WhatsAppNumber, template: MessageTemplate) -> MessageTemplate:
    fields = ("name", "language", "category", "parameter_format", "components")
    body = {field: getattr(template, field) for field in fields}
    try:
        answer = CloudApi(number.access_token).create_template(template.waba_id, body)
    except AnswerLost:
        return _found_at_meta(number, template)
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        raise refusal_of(trouble) from trouble
    return _stored(number, template, answer)


def _found_at_meta(number: WhatsAppNumber, template: MessageTemplate) -> MessageTemplate:
    """The row of a template whose submission had no answer: perhaps Meta has it all the same."""
    try:
        sync.sync(number)
    except Refusal as refusal:
        text = _(
            "Meta's answer was lost. Press “Sync with Meta” before you submit the template again: it may be there."
        )
        raise Refusal("meta_unreachable", text) from refusal
    row = MessageTemplate.objects.of_number(number).filter(name=template.name, language=template.language).first()
    if row is None or row.status == MessageTemplate.Status.DELETED:
        raise Refusal("not_submitted", _("Meta's answer was lost, and the template is not there. Submit it again."))
    return row


def _stored(number: WhatsAppNumber, template: MessageTemplate, answer: Json) -> MessageTemplate:
    """The row as Meta answered. What Meta changes, like the category, is read soon."""
    facts = {
        "meta_id": str(answer.get("id") or "")[:30],
        "status": str(answer.get("status") or MessageTemplate.Status.PENDING)[:30],
        "category": str(answer.get("category") or template.category)[:30],
        "parameter_format": template.parameter_format,
        "components": template.components,
    }
    row, _created = MessageTemplate.objects.update_or_create(
        business=number.business,
        waba_id=number.waba_id,
        name=template.name,
        language=template.language,
        defaults=facts,
    )
    WhatsAppNumber.objects.filter(pk=number.pk).update(templates_due_at=timezone.now() + LISTING_DELAY)
    return row


def _put_handle(template: MessageTemplate, handle: str) -> None:
    for part in template.components:
        if part.get("type") == "HEADER" and part.get("format", "").lower() in MEDIA:
            part["example"] = {"header_handle": [handle]}


def file_head(file: "File[bytes]") -> bytes:
    """The beginning of a file, by which its type is recognised."""
    head: bytes = file.read(HEAD)
    file.seek(0)
    return head


def _app_id(number: WhatsAppNumber, api: AccountApi) -> str:
    """The id of the Meta app that issued the token: the installation's if the number has no app secret of its own."""
    if settings.META_APP_ID and not number.app_secret:
        return settings.META_APP_ID
    try:
        app_id = str(api.debug_token(number.access_token).get("app_id") or "")
    except CloudApiError as error:
        logger.warning("Meta does not say which app issued the token of number %s: %s", number.pk, error)
        app_id = ""
    if not (app_id or settings.META_APP_ID):
        raise Refusal("no_app_id", _("Meta does not say which app the token belongs to. Set META_APP_ID in .env."))
    return app_id or settings.META_APP_ID
