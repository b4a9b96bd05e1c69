"""A broadcast before it starts: changed, planned, tried out, deleted."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.database.deadlocks import again_after_deadlock
from accounts.deletion import deletion
from accounts.jobs.tasks import wake
from accounts.models import Deletion, User
from accounts.refusals import Refusal
from crm.conversations import outbox
from crm.models import Customer, Message
from whatsapp.message_templates.availability import check_usable
from whatsapp.phone_numbers import variants_of
from whatsapp.template_parameters import missing

from . import parameters, planning
from .models import Broadcast

Status = Broadcast.Status

#: While it may be changed.
EDITABLE = (Status.DRAFT, Status.PLANNED)


@transaction.atomic
def change(broadcast: Broadcast, **values: Any) -> None:
    """Change a draft; a plan made of it before is dropped. Raises Refusal("not_editable") for a started one."""
    _make_draft(broadcast)
    for name, value in values.items():
        setattr(broadcast, name, value)
    broadcast.save(update_fields=list(values))


def _make_draft(broadcast: Broadcast) -> None:
    """Back to the draft, without a plan. Call it in a transaction: others wait until that ends."""
    if not broadcast.move(Status.DRAFT, since=EDITABLE, planned_up_to=0, paused_reason=""):
        raise not_editable(broadcast)
    planning.drop(broadcast)


def not_editable(broadcast: Broadcast) -> Refusal:
    message = _("Only drafts and planned broadcasts can be changed or deleted; this one is “%(status)s”.")
    return Refusal("not_editable", message % {"status": broadcast.get_status_display()})


@again_after_deadlock
@transaction.atomic
def delete(broadcast: Broadcast, requested_by: User | None = None) -> Deletion:
    """Delete a draft. Raises Refusal("not_editable") for a started one: its recipients stay accounted for."""
    _make_draft(broadcast)
    return deletion.delete(broadcast, requested_by)


@transaction.atomic
def plan(broadcast: Broadcast) -> None:
    """
    Plan a draft: at once when there are few people, else a worker goes on, and it is `planning` until then. Raises
    ValidationError for an audience or parameters that will not do, and Refusal: also when the draft is not of the
    revision that was expected.
    """
    planning.begin(broadcast)
    broadcast.expect(broadcast.expected_revision)
    if broadcast.status == Status.PLANNING:
        wake(planning.JOB)


def send_test(broadcast: Broadcast, phone: str, author: User) -> Message:
    """
    Send one message of the template to a phone, with what is known of the customer who has it. Raises ValidationError
    for parameters that will not do, and Refusal. Returns the message.
    """
    check_usable(broadcast.template, broadcast.whatsapp_number)
    parameters.check_fit(broadcast.template, broadcast.parameters)
    known = Customer.objects.for_business(broadcast.business).filter(phone__in=variants_of(phone))
    customer = known.first() or Customer(phone=phone)
    filled = parameters.filled_in(broadcast.parameters, customer)
    if empty := missing(broadcast.template, filled):
        message = _("“%(key)s” would stay empty for this person. Write a default for it.")
        raise ValidationError({"to": message % {"key": empty[0]}})
    return outbox.write_first(
        broadcast.whatsapp_number,
        "",
        author,
        phone=phone,
        template=broadcast.template,
        parameters=filled,
        origin=Message.Origin.PERSON,
        pause_bot=False,
    )
