"""
Reads the message templates of a WhatsApp Business account from Meta. Our rows follow Meta's: what vanished there is
deleted here, or marked when a broadcast still shows it.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs.job import Columns, Job
from accounts.refusals import Refusal
from whatsapp.graph.client import CloudApi
from whatsapp.graph.error_codes import PERMISSION, TOKEN
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble
from whatsapp.graph.paging import whole_list
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate

logger = logging.getLogger(__name__)

#: A business whose app is its own sends us no webhooks about templates, so Meta is asked from time to time.
EVERY = timedelta(hours=6)
AFTER_TROUBLE = timedelta(hours=1)


@dataclass(frozen=True)
class Synced:
    """What came of reading: how many templates Meta has, how many of them are new here, how many are gone."""

    total: int
    created: int
    deleted: int


def sync(number):
    """
    Read the templates of a number's account now; never inside a transaction. Raises Refusal: `no_waba`, or
    `meta_refused` and `meta_unreachable`, after which what was here stays as it was.
    """
    if not number.waba_id:
        raise no_waba(number)
    began = timezone.now()
    due_at = send_gate.same(number).values_list("templates_due_at", flat=True).first()
    try:
        found = _read(number)
    except Refusal:
        send_gate.same(number).filter(templates_due_at=due_at).update(templates_due_at=began + AFTER_TROUBLE)
        raise
    _note_read(number, began, due_at)
    return _store(number, found)


def _read(number):
    try:
        return whole_list(partial(CloudApi(number.access_token).message_templates, number.waba_id))
    except CloudApiError as error:
        raise Refusal("meta_refused", _in_words(error)) from error
    except CloudApiTrouble as trouble:
        raise Refusal("meta_unreachable", _in_words(trouble)) from trouble
    except UnreadableSecret as error:
        raise Refusal("meta_refused", _("The saved token cannot be read: enter it again.")) from error


def _note_read(number, began, due_at):
    """
    For all numbers of the account the templates are read, but for those of which something was told since, or that
    somebody wants read soon. This number was to be read at `due_at`.
    """
    later = began + AFTER_TROUBLE
    read = Q(pk=number.pk, templates_due_at=due_at) | Q(templates_due_at__lte=began) | Q(templates_due_at__gt=later)
    send_gate.siblings(number).filter(read).update(templates_due_at=timezone.now() + EVERY)


def no_waba(number):
    """The refusal of a number that has no templates because its account is not known."""
    told = _("Enter the WhatsApp Business account ID in the settings of “%(number)s”: templates belong to it.")
    return Refusal("no_waba", told % {"number": number.name})


def one_number_of_each_account(numbers):
    """Of numbers that share a WhatsApp Business account one, with whose token its templates can be read."""
    of_accounts = numbers.exclude(waba_id="").order_by("is_active", "-pk")
    return list({(number.business_id, number.waba_id): number for number in of_accounts}.values())


def number_of_account(business, waba_id):
    """A number of this WhatsApp Business account in a business; None when there is none."""
    numbers = WhatsAppNumber.objects.filter(business=business, waba_id=waba_id)
    return next(iter(one_number_of_each_account(numbers)), None)


def can_be_read(numbers: QuerySet[WhatsAppNumber]) -> QuerySet[WhatsAppNumber]:
    """Of these numbers those that have templates; not with a token that Meta has refused."""
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
        JOB.come_back(number, timezone.now() + EVERY)
    return False


def _in_words(trouble):
    if isinstance(trouble, AnswerLost):
        return _("Meta's answer was lost. Try again in a few minutes.")
    if not isinstance(trouble, CloudApiError) or trouble.error_class in (TOKEN, PERMISSION):
        return str(trouble)
    told = {"error": ", ".join(str(part) for part in (trouble.code, trouble.title) if part)}
    if trouble.code == 100:
        return (
            _("Meta does not know the WhatsApp Business account ID, or the token may not use it (%(error)s).") % told
        )
    return _("Meta did not hand over the templates. Try again in a few minutes. (Meta: %(error)s)") % told


@transaction.atomic
def _store(number, found):
    here = MessageTemplate.objects.filter(business=number.business_id, waba_id=number.waba_id)
    known = {(template.name, template.language): template for template in here.only("name", "language", "status")}
    rows = {(row.name, row.language): row for row in (_row(number, template) for template in found) if row}
    fields = ["meta_id", "category", "status", "parameter_format", "components", "synced_at"]
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
    return Synced(len(rows), len(rows.keys() - known.keys()), len(newly_gone))


def _row(number, template):
    """What Meta tells of one template as our row; None when it has no name."""
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
    )


def remove(template):
    """Take away the row of a template that is gone at Meta, or mark it when a broadcast still shows it."""
    try:
        template.delete()
    except ProtectedError:
        template.status = MessageTemplate.Status.DELETED
        template.save(update_fields=["status"])


JOB = Job(
    name="read templates",
    model=WhatsAppNumber,
    work=work,
    queue="housekeeping",
    interval=5,
    lease=timedelta(minutes=5),
    delays=(AFTER_TROUBLE,),
    claimable=can_be_read,
    columns=Columns("templates_due_at", "templates_lease_until", "templates_attempts", "templates_error"),
    # One is looked at again when its number is active, or has another token.
    stuck_after=timedelta(hours=1),
    given_up=WhatsAppNumber.objects.none,
)
