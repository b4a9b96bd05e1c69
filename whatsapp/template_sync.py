"""
Reads the message templates of a WhatsApp Business account from Meta. Our rows follow Meta's: what vanished there is
deleted here, or marked when a broadcast still shows it.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.refusals import Refusal

from .cloud_api import AnswerLost, CloudApi, CloudApiError, CloudApiTrouble
from .cloud_api_errors import PERMISSION, TOKEN
from .encryption import UnreadableSecret
from .models import MessageTemplate, WhatsAppNumber

logger = logging.getLogger(__name__)

#: A business whose app is its own sends us no webhooks about templates, so Meta is asked from time to time.
EVERY = timedelta(hours=6)
AFTER_TROUBLE = timedelta(hours=1)

#: An account has at most 6000 templates (Cloud API, "Templates"), 100 a page.
MOST_PAGES = 100

#: "Begin again without a cursor": templates were added or removed meanwhile.
STALE_CURSOR = 131059
MOST_BEGINNINGS = 3


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
        raise Refusal(
            "no_waba",
            _("Enter the WhatsApp Business account ID in the settings of “%(number)s”: templates belong to it.")
            % {"number": number.name},
        )
    this_number = WhatsAppNumber.objects.filter(pk=number.pk)
    later = timezone.now() + AFTER_TROUBLE
    this_number.update(templates_due_at=later)
    try:
        found = _read(CloudApi(number.access_token), number.waba_id)
    except CloudApiError as error:
        raise Refusal("meta_refused", _in_words(error)) from error
    except CloudApiTrouble as trouble:
        raise Refusal("meta_unreachable", _in_words(trouble)) from trouble
    except UnreadableSecret as error:
        raise Refusal("meta_refused", _("The saved token cannot be read: enter it again.")) from error
    # A webhook that came while reading may have made them due again.
    this_number.filter(templates_due_at=later).update(templates_due_at=timezone.now() + EVERY)
    return _store(number, found)


def one_number_of_each_account(numbers):
    """Of numbers that share a WhatsApp Business account one, with whose token its templates can be read."""
    of_accounts = numbers.exclude(waba_id="").order_by("is_active", "-pk")
    return list({(number.business_id, number.waba_id): number for number in of_accounts}.values())


def due_numbers():
    """The ids of numbers whose templates are to be read."""
    due = WhatsAppNumber.objects.exclude(waba_id="").filter(is_active=True, templates_due_at__lte=timezone.now())
    return list(due.order_by("templates_due_at").values_list("pk", flat=True)[:100])


def sync_due(number_id):
    """Read a number's templates if nobody else does: what came of it as a dict, or why nothing did."""
    now = timezone.now()
    due = WhatsAppNumber.objects.filter(pk=number_id, templates_due_at__lte=now)
    if not due.update(templates_due_at=now + AFTER_TROUBLE):
        return None
    number = WhatsAppNumber.objects.get(pk=number_id)
    try:
        return asdict(sync(number))
    except Refusal as refusal:
        logger.warning("The templates of number %s could not be read: %s", number_id, refusal)
        return {"refused": refusal.code}


def _read(api, waba_id):
    for beginning in range(MOST_BEGINNINGS):
        try:
            return [template for page in _pages(api, waba_id) for template in page]
        except CloudApiError as error:
            if error.code != STALE_CURSOR or beginning + 1 == MOST_BEGINNINGS:
                raise


def _pages(api, waba_id):
    cursor = ""
    for _page in range(MOST_PAGES):
        templates, cursor = api.message_templates(waba_id, cursor)
        yield templates
        if not cursor:
            return
    raise AnswerLost("Meta's list of templates does not end.")


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
        _remove(template)
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


def _remove(template):
    try:
        template.delete()
    except ProtectedError:
        template.status = MessageTemplate.Status.DELETED
        template.save(update_fields=["status"])
