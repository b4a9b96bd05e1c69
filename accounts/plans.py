"""The plans, what each allows, and the refusals that follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .refusals import Refusal


class Subscription(Protocol):
    """What plans need of an accounts.models.Subscription, which they may not import."""

    @property
    def plan(self) -> str: ...
    @property
    def status(self) -> str: ...
    def locked(self) -> Subscription: ...


class Subscriber(Protocol):
    """What plans need of an accounts.models.Business."""

    @property
    def is_suspended(self) -> bool: ...
    @property
    def subscription(self) -> Subscription: ...


@dataclass(frozen=True)
class Plan:
    """`limits` maps what is counted to how much of it a business may have; what is not named has no limit."""

    key: str
    name: str | Promise
    length: timedelta | None = None
    limits: dict[str, int] = field(default_factory=dict)


PLANS = {
    plan.key: plan
    for plan in (
        Plan("unlimited", _("Unlimited")),
        Plan(
            "trial",
            _("Trial"),
            length=timedelta(days=14),
            limits={"numbers": 5, "bots": 10, "people": 5, "broadcast_recipients_per_month": 10_000},
        ),
    )
}

LIMIT_NAMES = {
    "numbers": _("WhatsApp numbers"),
    "bots": _("bots"),
    "people": _("people"),
    "broadcast_recipients_per_month": _("broadcast recipients a month"),
}

#: What to do at a limit without advice of its own.
DEFAULT_ADVICE = _("Delete one, or ask for a larger plan.")
ADVICE = {
    "people": _("Deactivate somebody, or ask for a larger plan."),
    "broadcast_recipients_per_month": _("Choose fewer recipients, wait for the next month, or ask for a larger plan."),
}


@transaction.atomic
def check_limit(business: Subscriber, what: str, count: Callable[[], int]) -> None:
    """
    Raise Refusal("plan_limit") if the plan allows fewer than `count()`, which includes the new one. Called in the
    transaction that stores the new one: it locks the subscription, so that two at once are counted one by one.
    """
    plan = PLANS[business.subscription.locked().plan]
    limit = plan.limits.get(what)
    if limit is not None and count() > limit:
        raise Refusal(
            "plan_limit",
            _("The plan “%(plan)s” allows %(limit)s %(what)s. %(advice)s")
            % {
                "plan": plan.name,
                "limit": limit,
                "what": LIMIT_NAMES[what],
                "advice": ADVICE.get(what, DEFAULT_ADVICE),
            },
        )


def check_may_send(business: Subscriber) -> None:
    """Raise Refusal("suspended") when nothing may be sent for a business: it is suspended, or its plan has ended."""
    if business.is_suspended:
        raise Refusal("suspended", _("The business is suspended, so nothing is sent. Ask the administrator."))
    if business.subscription.status == "expired":
        raise Refusal("suspended", _("The plan has ended, so nothing is sent. Extend the plan to continue."))
