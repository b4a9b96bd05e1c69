"""
Planning: one row per person with frozen parameters, or with the reason why they are left out. It goes through the
customers by id in batches, each stored in a transaction that notes how far it came: killed anywhere it goes on from
there, and of two that plan the same broadcast one stores each batch.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.bulk_insert import insert_rows
from accounts.jobs.job import Job
from accounts.jobs.job import advance as advance_row
from accounts.refusals import Refusal
from whatsapp.message_templates import header_files
from whatsapp.message_templates.availability import check_usable
from whatsapp.models import MessageTemplate
from whatsapp.template_parameters import missing, problem_finder

from . import audience, parameters
from .models import Broadcast, BroadcastMessage

Status = Broadcast.Status
SkipReason = BroadcastMessage.SkipReason

#: How long a worker holds a row.
LEASE = timedelta(minutes=1)

#: People in one transaction, during which nobody else writes on SQLite. As many are planned in the request that asks
#: for the plan.
BATCH = 1000

#: Tells what is wrong with the parameters of one person (whatsapp.template_parameters).
ProblemFinder = Callable[[Mapping[str, str]], dict[str, str]]

#: If one of these changes, rows made before are no longer those to be stored.
ROWS_DEPEND_ON = ("status", "planned_up_to", "whatsapp_number_id", "template_id", "parameters", "audience")


class Recipient(NamedTuple):
    """What is read of a customer: thousands of them are no models."""

    pk: int
    name: str
    phone: str | None
    attributes: dict[str, Any]
    opted_out_at: datetime | None


class Row(NamedTuple):
    """What is different in each row of a plan."""

    customer: int
    parameters: dict[str, str]
    status: str
    skip_reason: str


@transaction.atomic
def begin(broadcast: Broadcast) -> None:
    """
    Start to plan a draft, with the first batch. Without effect when it is planned or being planned. Raises
    ValidationError for an audience or parameters that will not do, and Refusal.
    """
    fresh = {"due_at": timezone.now(), "lease_until": None, "attempts": 0, "planned_up_to": 0, "paused_reason": ""}
    if not broadcast.move(Status.PLANNING, since=[Status.DRAFT], **fresh):
        if broadcast.status not in (Status.PLANNING, Status.PLANNED):
            raise Refusal("already_started", _("This broadcast has been started, so its plan stays as it is."))
        return
    _check(broadcast)
    plan_batch(broadcast.pk)
    broadcast.refresh_from_db()


def _check(broadcast: Broadcast) -> None:
    """Raise ValidationError or Refusal when no plan can be made of a draft."""
    broadcast.clean()
    check_usable(broadcast.template, broadcast.whatsapp_number)
    parameters.check_fit(broadcast.template, broadcast.parameters)
    header_files.check(broadcast.whatsapp_number, broadcast.template, broadcast.parameters)
    try:
        people = audience.people(broadcast.business, broadcast.audience)
    except ValidationError as error:
        raise ValidationError({"audience": error.messages}) from error
    if not people.exists():
        raise ValidationError({"audience": _("There is nobody like this among the customers now.")})


def advance(broadcast: Broadcast, seconds: float = 20) -> bool:
    """Plan for some seconds. Returns whether there is more to plan."""
    return advance_row(JOB, broadcast, seconds)


def work(broadcast: Broadcast, seconds: float) -> bool:
    """Plan a claimed broadcast for some seconds. Returns whether there is more to plan."""
    deadline = time.monotonic() + seconds
    while plan_batch(broadcast.pk):
        if time.monotonic() >= deadline:
            return True
        JOB.extend(broadcast)
    return False


def plan_batch(broadcast_id: int) -> bool:
    """Give the next customers their rows. Returns whether there may be more."""
    broadcast = in_planning().filter(pk=broadcast_id).first()
    if broadcast is None:
        return False
    try:
        people = audience.people(broadcast.business, broadcast.audience)
    except ValidationError as error:
        _give_up(broadcast, error)
        return False
    batch = people.filter(pk__gt=broadcast.planned_up_to).order_by("pk").values_list(*Recipient._fields)[:BATCH]
    store(broadcast, rows_for(broadcast, map(Recipient._make, batch)))
    return True


def in_planning() -> QuerySet[Broadcast]:
    return Broadcast.objects.filter(status=Status.PLANNING).select_related("business", "whatsapp_number", "template")


@transaction.atomic
def store(broadcast: Broadcast, rows: list[Row]) -> None:
    """
    Store the next rows of a broadcast, unless somebody else did, or it is not what they were made of any more. They
    are made before: on SQLite nobody writes during this transaction.
    """
    current = Broadcast.objects.select_for_update().get(pk=broadcast.pk)
    if any(getattr(current, name) != getattr(broadcast, name) for name in ROWS_DEPEND_ON):
        return
    names = ("business_id", "whatsapp_number_id")
    constants = {"broadcast_id": broadcast.pk, **{name: getattr(broadcast, name) for name in names}}
    insert_rows(BroadcastMessage, Row._fields, rows, constants)
    if len(rows) < BATCH:
        current.move(Status.PLANNED, since=[Status.PLANNING])
    else:
        current.move(Status.PLANNING, since=[Status.PLANNING], planned_up_to=rows[-1].customer)


@transaction.atomic
def _give_up(broadcast: Broadcast, error: ValidationError) -> None:
    """What the audience names has gone meanwhile: back to the draft, which says so."""
    with translation.override(broadcast.business.language):
        reason = _("The plan could not be made: %(problem)s") % {"problem": " ".join(error.messages)}
    if broadcast.move(Status.DRAFT, since=[Status.PLANNING], paused_reason=reason[:500]):
        drop(broadcast)


def drop(broadcast: Broadcast) -> None:
    """Remove the plan's rows; only of a broadcast of which nothing has been sent."""
    rows = broadcast.messages.all()
    rows._raw_delete(rows.db)


def rows_for(broadcast: Broadcast, recipients: Iterable[Recipient]) -> list[Row]:
    find_problems = problem_finder(broadcast.template)
    rows = []
    for recipient in recipients:
        filled = parameters.filled_in(broadcast.parameters, recipient)
        reason = _skip_reason(broadcast.template, recipient, filled, find_problems)
        status = BroadcastMessage.Status.SKIPPED if reason else BroadcastMessage.Status.PLANNED
        rows.append(Row(recipient.pk, filled, status, reason))
    return rows


def _skip_reason(
    template: MessageTemplate, recipient: Recipient, filled: dict[str, str], find_problems: ProblemFinder
) -> str:
    """Why a person is left out; empty when they are not."""
    if recipient.opted_out_at:
        return SkipReason.OPTED_OUT
    if _needs_phone(template) and not recipient.phone:
        return SkipReason.NO_PHONE
    if not find_problems(filled):
        return ""
    if missing(template, filled):
        return SkipReason.EMPTY_PARAMETER
    return SkipReason.UNFIT_PARAMETER


def _needs_phone(template: MessageTemplate) -> bool:
    """Codes go to phones only (error 131062); anything else also to a WhatsApp user id."""
    return template.category == "AUTHENTICATION"


JOB = Job(
    name="plan broadcasts",
    model=Broadcast,
    work=work,
    queue="files",
    # For one batch.
    lease=LEASE,
    delays=(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10)),
    rows=in_planning,
)
