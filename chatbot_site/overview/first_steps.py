"""The five steps of a new business to its first answer, ticked as they happen."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from accounts.models import Business, User
from broadcasts.models import Broadcast
from crm.models import CustomerUpload, Message
from whatsapp.models import WhatsAppNumber

from .waiting import inbox_url


@dataclass(frozen=True)
class Step:
    """What to do, why or how, where, and whether it is done."""

    key: str
    title: str
    text: str
    url: str
    is_done: bool


@dataclass(frozen=True)
class FirstSteps:
    """The steps, in order."""

    steps: list[Step]

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def next(self) -> Step | None:
        return next((step for step in self.steps if not step.is_done), None)

    @property
    def is_answered(self) -> bool:
        """Whether a customer was answered: from then on there is something to see."""
        return all(step.is_done for step in self.steps if step.key in ("number", "message", "answer"))


def first_steps(business: Business) -> FirstSteps | None:
    """The steps of a business, if it is new: none is shown when all are done, or when somebody put them away."""
    if not business.shows_first_steps:
        return None
    found = FirstSteps(_steps(_facts(business)))
    if found.next is None:
        put_away(business)
        return None
    return found


def put_away(business: Business) -> None:
    """Show the steps of a business no more."""
    Business.objects.filter(pk=business.pk).update(shows_first_steps=False)


def _facts(business: Business) -> dict[str, bool]:
    """What has happened, in one statement."""

    def has(rows: QuerySet) -> Exists:
        return Exists(rows.order_by().filter(business=OuterRef("pk")))

    messages = Message.objects.all()
    asked = {
        "number": has(WhatsAppNumber.objects.filter(is_active=True)),
        "message": has(messages.filter(direction=Message.Direction.IN)),
        "answer": has(messages.filter(direction=Message.Direction.OUT)),
        "colleague": has(User.objects.exclude(role="owner")),
        "upload": has(CustomerUpload.objects.all()),
        "broadcast": has(Broadcast.objects.all()),
    }
    return Business.objects.filter(pk=business.pk).annotate(**asked).values(*asked).get()


def _steps(facts: dict[str, bool]) -> list[Step]:
    return [
        Step(
            "number",
            gettext("Connect your first WhatsApp number"),
            gettext("Quick setup takes a few minutes and asks Meta for everything else."),
            reverse("admin:whatsapp_whatsappnumber_changelist"),
            facts["number"],
        ),
        Step(
            "message",
            gettext("Write to it from your phone"),
            gettext("The message appears among the dialogues within seconds: it works."),
            inbox_url("open"),
            facts["message"],
        ),
        Step(
            "answer",
            gettext("Answer it, by hand or with a bot"),
            gettext("Open the dialogue and write, or make a bot that answers day and night."),
            inbox_url("unassigned"),
            facts["answer"],
        ),
        Step(
            "colleague",
            gettext("Invite a colleague"),
            gettext("They get a letter with a link, choose a password, and answer with you."),
            reverse("admin:accounts_user_add"),
            facts["colleague"],
        ),
        Step(
            "customers",
            gettext("Bring your customers"),
            gettext("Import a table of them, then write to many at once with a template."),
            reverse("admin:crm_customer_import"),
            facts["upload"] or facts["broadcast"],
        ),
    ]
