"""
Reads the message templates of a WhatsApp Business account from Meta. The rows here follow Meta's list: what is gone
there is deleted here, or marked when a broadcast still shows it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs.job import Columns, Job
from accounts.models import Business
from accounts.refusals import Refusal
from whatsapp.graph.client import CloudApi, Json
from whatsapp.graph.error_codes import INVALID_PARAMETER, PERMISSION, TOKEN
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble
from whatsapp.graph.paging import whole_list
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from . import stopping

logger = logging.getLogger(__name__)

#: How long a worker holds a row.
LEASE = timedelta(minutes=5)

#: Webhooks about templates do not come from every app, so Meta is asked from time to time; after a failure, sooner.
READ_INTERVAL = timedelta(hours=6)
RETRY_INTERVAL = timedelta(hours=1)


@dataclass(frozen=True)
class Synced:
    """What came of reading: how many templates Meta has, how many of them are new here, how many are gone."""

    total: int
    created: int
    deleted: int


def sync(number: WhatsAppNumber) -> Synced:
    """
    Read the templates of a number's account now; never inside a transaction. Raises Refusal: `no_waba`, or
    `meta_refused` and `meta_unreachable`, after which what was here stays as it was.
    """
    if not number.waba_id:
        raise no_waba(number)
    began = timezone.now()
    row = WhatsAppNumber.objects.filter(pk=number.pk)
    due_at = row.values_list("templates_due_at", flat=True).first() or began
    try:
        found = _read(number)
    except Refusal:
        row.filter(templates_due_at=due_at).update(templates_due_at=began + RETRY_INTERVAL)
        raise
    _note_read(number, began, due_at)
    return _store(number, found)


def _read(number: WhatsAppNumber) -> list[Json]:
    try:
        return whole_list(partial(CloudApi(number.access_token).message_templates, number.waba_id))
    except CloudApiError as error:
        raise Refusal("meta_refused", _trouble_text(error)) from error
    except CloudApiTrouble as trouble:
        raise Refusal("meta_unreachable", _trouble_text(trouble)) from trouble
    except UnreadableSecret as error:
        raise Refusal("meta_refused", _("The saved token cannot be read: enter it again.")) from error


def _note_read(number: WhatsAppNumber, began: datetime, due_at: datetime) -> None:
    """
    Note on the numbers of the account that the templates were read, except on those about which a webhook has come
    since, or that somebody wants read soon. This number was to be read at `due_at`.
    """
    later = began + RETRY_INTERVAL
    read = Q(pk=number.pk, templates_due_at=due_at) | Q(templates_due_at__lte=began) | Q(templates_due_at__gt=later)
    account = WhatsAppNumber.objects.sharing_account_with(number)
    account.filter(read).update(templates_due_at=timezone.now() + READ_INTERVAL)


def no_waba(number: WhatsAppNumber) -> Refusal:
    """The Refusal for a number that has no templates because its account is not known."""
    text = _("Enter the WhatsApp Business account ID in the settings of “%(number)s”: templates belong to it.")
    return Refusal("no_waba", text % {"number": number.name})


def one_number_of_each_account(numbers: QuerySet[WhatsAppNumber]) -> list[WhatsAppNumber]:
    """For each WhatsApp Business account of these numbers the one with whose token its templates are read."""
    of_accounts = numbers.exclude(waba_id="").order_by("is_active", "-pk")
    return list({(number.business_id, number.waba_id): number for number in of_accounts}.values())


def number_of_account(business: Business | int, waba_id: str) -> WhatsAppNumber | None:
    """A number of this WhatsApp Business account in a business; None when there is none."""
    numbers = WhatsAppNumber.objects.filter(business=business, waba_id=waba_id)
    return next(iter(one_number_of_each_account(numbers)), None)


def can_be_read(numbers: QuerySet[WhatsAppNumber]) -> QuerySet[WhatsAppNumber]:
    """Those of the numbers whose templates can be read: active, of a known account, and without a refused token."""
    active = numbers.exclude(waba_id="").filter(is_active=True)
    return active.exclude(status=WhatsAppNumber.Status.PROBLEM, refused_token__gt="")


def work(number: WhatsAppNumber, seconds: float) -> bool:
    """Read the templates of a claimed number, and so those of its account."""
    try:
        sync(number)
    except Refusal as refusal:
        logger.warning("The templates of number %s could not be read: %s", number.pk, refusal)
        JOB.retry(number, str(refusal))
    else:
        JOB.come_back(number, timezone.now() + READ_INTERVAL)
    return False


def _trouble_text(trouble: CloudApiTrouble) -> str:
    if isinstance(trouble, AnswerLost):
        return _("Meta's answer was lost. Try again in a few minutes.")
    if not isinstance(trouble, CloudApiError) or trouble.error_class in (TOKEN, PERMISSION):
        return str(trouble)
    if trouble.code == INVALID_PARAMETER:
        text = _("Meta does not know the WhatsApp Business account ID, or the token may not use it (%(error)s).")
    else:
        text = _("Meta did not return the templates. Try again in a few minutes. (Meta: %(error)s)")
    return text % {"error": trouble.summary}


@transaction.atomic
def _store(number: WhatsAppNumber, found: list[Json]) -> Synced:
    here = MessageTemplate.objects.filter(business=number.business_id, waba_id=number.waba_id)
    known = {(template.name, template.language): template for template in here.select_related("business")}
    rows = {(row.name, row.language): row for row in (_row(number, template) for template in found) if row}
    for key, row in rows.items():
        if key in known:
            _keep_what_webhooks_told(row, known[key])
    fields = ["meta_id", "category", "status", "parameter_format", "components", "synced_at", *_TOLD]
    MessageTemplate.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["business", "waba_id", "name", "language"],
        update_fields=fields,
    )
    gone = [template for key, template in known.items() if key not in rows]
    newly_gone = [template for template in gone if template.status != MessageTemplate.Status.DELETED]
    for template in gone:
        remove(template)
    for key in rows.keys() & known.keys():
        _stop_if_stopped(known[key], rows[key])
    return Synced(len(rows), len(rows.keys() - known.keys()), len(newly_gone))


#: What is told of a template beside its parts.
_TOLD = (
    *("rejection_reason", "rejection_details", "status_date", "quality_score"),
    *("previous_category", "correct_category"),
)


def _keep_what_webhooks_told(row: MessageTemplate, before: MessageTemplate) -> None:
    """What Meta's list does not say holds as long as the status and the category do."""
    if row.status == before.status:
        row.rejection_reason = row.rejection_reason or before.rejection_reason
        row.rejection_details, row.status_date = before.rejection_details, before.status_date
    row.quality_score = row.quality_score or before.quality_score
    if row.category == before.category:
        row.previous_category, row.correct_category = before.previous_category, before.correct_category
    elif before.category:
        row.previous_category = before.category


def _stop_if_stopped(before: MessageTemplate, row: MessageTemplate) -> None:
    if row.status in stopping.STOPPED and before.status != row.status:
        row.pk, row.business = before.pk, before.business
        stopping.stop(row)


def _row(number: WhatsAppNumber, template: object) -> MessageTemplate | None:
    """The row of a template in Meta's list; None when it has no name or no language."""
    template = template if isinstance(template, dict) else {}
    name, language = str(template.get("name") or "")[:512], str(template.get("language") or "")[:15]
    if not (name and language):
        return None
    components = template.get("components")
    return MessageTemplate(
        business_id=number.business_id,
        waba_id=number.waba_id,
        name=name,
        language=language,
        meta_id=str(template.get("id") or "")[:30],
        category=str(template.get("category") or "")[:30],
        status=str(template.get("status") or "")[:30],
        parameter_format=str(template.get("parameter_format") or "POSITIONAL")[:15],
        components=[part for part in components if isinstance(part, dict)] if isinstance(components, list) else [],
        rejection_reason=_reason(template.get("rejected_reason")),
        quality_score=_score(template.get("quality_score")),
    )


def _reason(reason: object) -> str:
    return reason[:60] if isinstance(reason, str) and reason != "NONE" else ""


def _score(quality: object) -> str:
    """The score, which Meta gives as `{"score", "date"}`."""
    score = quality.get("score") if isinstance(quality, dict) else quality
    return score[:10] if isinstance(score, str) else ""


def remove(template: MessageTemplate) -> None:
    """
    Delete the row of a template that is gone at Meta, or mark it when a broadcast still shows it: one that is being
    sent with it stops.
    """
    try:
        template.delete()
    except ProtectedError:
        template.status, template.status_date = MessageTemplate.Status.DELETED, None
        template.rejection_reason = template.rejection_details = ""
        template.save(update_fields=["status", "status_date", "rejection_reason", "rejection_details"])
        stopping.stop(template)


JOB = Job(
    name="read templates",
    model=WhatsAppNumber,
    work=work,
    queue="housekeeping",
    interval=5,
    lease=LEASE,
    delays=(RETRY_INTERVAL,),
    claimable=can_be_read,
    columns=Columns("templates_due_at", "templates_lease_until", "templates_attempts", "templates_error"),
    # A number is read again when it is active, or has another token.
    stuck_after=timedelta(hours=1),
    given_up=WhatsAppNumber.objects.none,
)
