"""Whether the tokens and webhooks of all businesses' numbers are in order at Meta."""

from collections.abc import Collection, Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import issues

from .findings import Finding, broken, ok, warning

TOKENS = frozenset({"token_refused", "token_expired", "token_expires", "not_checked"})
WEBHOOKS = frozenset(
    {
        "not_subscribed",
        "app_removed",
        "webhooks_elsewhere",
        "webhook_secret_missing",
        "webhooks_refused",
        "callback_not_public",
        "waba_refused",
        "silent",
    }
)
MAX_NAMED = 3


def tokens() -> Finding:
    return _of_numbers(TOKENS, _("The tokens of all active numbers are in order."))


def webhooks() -> Finding:
    return _of_numbers(WEBHOOKS, _("According to Meta, the webhooks of all active numbers come here."))


def _of_numbers(codes: Collection[str], in_order: str) -> Finding:
    """Broken when it concerns every active number, and a warning when some."""
    numbers = list(WhatsAppNumber.objects.not_being_deleted().filter(is_active=True).select_related("business"))
    if not numbers:
        return ok(_("No number is active."))
    lines = [f"{number.business}, {number}: {text}" for number in numbers for text in _first_need(number, codes)]
    if not lines:
        return ok(in_order)
    finding = broken if len(lines) == len(numbers) else warning
    return finding(" · ".join(_shortened(lines)), _("Open the pages of these numbers: each says what to do."))


def _shortened(lines: list[str]) -> list[str]:
    left = len(lines) - MAX_NAMED
    if left <= 0:
        return lines
    rest = ngettext("and %(count)s number more", "and %(count)s numbers more", left) % {"count": left}
    return [*lines[:MAX_NAMED], rest]


def _first_need(number: WhatsAppNumber, codes: Collection[str]) -> Iterator[str]:
    for need in issues.issues_of(number, timezone.now()):
        if need.code in codes:
            yield need.text
            return
