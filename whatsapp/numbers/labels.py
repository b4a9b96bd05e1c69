"""Meta's words for the state of a number, in words for people (Cloud API, "Phone numbers")."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

QUALITIES = {"GREEN": gettext_lazy("high"), "YELLOW": gettext_lazy("medium"), "RED": gettext_lazy("low")}

STATUSES = {
    "CONNECTED": gettext_lazy("in order"),
    "PENDING": gettext_lazy("not registered"),
    "UNVERIFIED": gettext_lazy("not verified"),
    "DISCONNECTED": gettext_lazy("disconnected"),
    "FLAGGED": gettext_lazy("warned because of complaints"),
    "RESTRICTED": gettext_lazy("restricted"),
    "RATE_LIMITED": gettext_lazy("limited for a while"),
    "BANNED": gettext_lazy("banned"),
    "MIGRATED": gettext_lazy("moved to another account"),
    "DELETED": gettext_lazy("deleted"),
}

#: What to do about a status that needs a person.
STATUS_ADVICE = {
    "PENDING": gettext_lazy(
        "The number is not registered for the Cloud API. Register it at Meta, then check the number here."
    ),
    "UNVERIFIED": gettext_lazy(
        "The number is not verified at Meta. Verify it in WhatsApp Manager → Phone numbers, then check it here."
    ),
    "DISCONNECTED": gettext_lazy("Meta has disconnected the number. Register it at Meta again, then check it here."),
    "FLAGGED": gettext_lazy(
        "Meta warns of limiting this number because people blocked or reported it. Write only to those who expect it."
    ),
    "RESTRICTED": gettext_lazy(
        "Meta has restricted this number: it may not write first for now. See “Account quality” at Meta."
    ),
    "BANNED": gettext_lazy("Meta has banned this number. See “Account quality” at Meta, and appeal there."),
    "MIGRATED": gettext_lazy(
        "At Meta this number has moved to another WhatsApp Business account. Enter that account's ID and token here."
    ),
    "DELETED": gettext_lazy("This number is deleted at Meta. Connect it there again, or delete it here."),
}

#: With these nothing goes out.
CANNOT_SEND = {"PENDING", "UNVERIFIED", "DISCONNECTED", "BANNED", "MIGRATED", "DELETED"}

NAME_REVIEWS = {
    "APPROVED": gettext_lazy("approved by Meta"),
    "AVAILABLE_WITHOUT_REVIEW": gettext_lazy("usable without review"),
    "PENDING_REVIEW": gettext_lazy("being reviewed at Meta"),
    "DECLINED": gettext_lazy("declined by Meta"),
    "EXPIRED": gettext_lazy("approval expired"),
}

#: What to do about the review of a name.
NAME_ADVICE = {
    "DECLINED": gettext_lazy(
        "Meta has declined the name that customers are to see. Change it in WhatsApp Manager → Phone numbers."
    ),
    "EXPIRED": gettext_lazy(
        "The approval of the name that customers see has expired. Ask for it again in WhatsApp Manager."
    ),
}

THROUGHPUTS = {"STANDARD": gettext_lazy("up to 80 messages a second"), "HIGH": gettext_lazy("up to 1000 a second")}


def limit_text(limit: str) -> str:
    """`TIER_250`, `TIER_2K`… as how many people may be written to first; an unknown word as it is."""
    if limit == "TIER_UNLIMITED":
        return _("any number of people")
    known = re.fullmatch(r"TIER_(\d{1,6})(K?)", limit)
    if not known:
        return limit
    return _("%(count)s people in 24 hours") % {"count": int(known[1]) * (1000 if known[2] else 1)}
