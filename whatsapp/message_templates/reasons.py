"""
Why Meta lets a template not be sent, or is about to, in words that say what to do (Webhooks,
"message_template_status_update"; Graph API, `rejected_reason`). Codes that are not known here are shown as they are.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp.models import MessageTemplate

Status = MessageTemplate.Status

#: Meta's codes: of a rejection, and of a pause.
REASONS = {
    "ABUSIVE_CONTENT": gettext_lazy(
        "The text is taken for abusive, or breaks WhatsApp's policies. Leave out threats and whatever asks for"
        " passwords, cards or documents, then submit it as a new template."
    ),
    "CATEGORY_NOT_AVAILABLE": gettext_lazy(
        "The category is not available for this account. Choose another one in a new template."
    ),
    "INCORRECT_CATEGORY": gettext_lazy(
        "The category does not fit the text: offers and news are “marketing”, codes are “sign-in code”. Submit it as a"
        " new template in the category that fits."
    ),
    "INVALID_FORMAT": gettext_lazy(
        "The format is wrong: often a placeholder at the beginning or the end, two side by side, or one without an"
        " example. Correct it in a new template."
    ),
    "PROMOTIONAL": gettext_lazy(
        "The text is advertising that its category or WhatsApp's policies do not allow. Submit it as “marketing”, or"
        " leave out the offer."
    ),
    "SCAM": gettext_lazy(
        "The text looks like fraud. Say who writes and why, leave out prizes and urgency, then submit it as a new"
        " template."
    ),
    "TAG_CONTENT_MISMATCH": gettext_lazy(
        "The language or the category does not fit the text. Submit it as a new template with those that do."
    ),
    "FIRST_PAUSE": gettext_lazy(
        "People complained about it or blocked it. Write only to those who expect it, or change the text: the next"
        " pause is longer, and then Meta disables the template."
    ),
    "SECOND_PAUSE": gettext_lazy(
        "People complained about it again. Write only to those who expect it, or change the text: next time Meta"
        " disables the template."
    ),
    "RATE_LIMITING_PAUSE": gettext_lazy(
        "The first people to get it did not like it, so Meta holds back the rest. Change the text, or unpause it at"
        " Meta (WhatsApp Manager)."
    ),
    "DISABLED": gettext_lazy("People complained about it too often. Make a new template with another text."),
}

#: What the codes are about, before them; others need no words but the status.
BEGINNINGS = {
    Status.REJECTED: gettext_lazy("Meta has rejected the template."),
    Status.PAUSED: gettext_lazy("Meta has paused the template."),
    Status.DISABLED: gettext_lazy("Meta has disabled the template."),
    Status.FLAGGED: gettext_lazy("Meta is going to disable the template, because people complain about it."),
    Status.LOCKED: gettext_lazy("Meta has locked the template."),
    Status.LIMIT_EXCEEDED: gettext_lazy("The account has more templates than Meta allows."),
    Status.ARCHIVED: gettext_lazy("The template is archived at Meta. Bring it back there (WhatsApp Manager)."),
    Status.PENDING_DELETION: gettext_lazy("The template is being deleted at Meta. Choose or make another one."),
    Status.DELETED: gettext_lazy("The template is deleted at Meta. Choose or make another one."),
}


def reason_text(template: MessageTemplate) -> str:
    """Why Meta lets it not be sent, and what to do about it; empty for a template of which Meta said nothing bad."""
    if template.status not in BEGINNINGS:
        return ""
    beginning = str(BEGINNINGS[Status(template.status)])
    parts = [beginning, _date_text(template), _code_text(template.rejection_reason), _words_of_meta(template)]
    return " ".join(part for part in parts if part)


def _date_text(template: MessageTemplate) -> str:
    if template.status_date is None:
        return ""
    zone = ZoneInfo(template.business.time_zone)
    moment = date_format(localtime(template.status_date, zone), "SHORT_DATETIME_FORMAT")
    text = _("Until: %(time)s.") if template.status == Status.PAUSED else _("When: %(time)s.")
    return text % {"time": moment}


def _code_text(code: str) -> str:
    return str(REASONS.get(code) or (_("Meta's reason: %(code)s.") % {"code": code} if code else ""))


def _words_of_meta(template: MessageTemplate) -> str:
    return _("Meta writes: “%(words)s”") % {"words": template.rejection_details} if template.rejection_details else ""


def quality_text(template: MessageTemplate) -> str:
    """What to do about the quality that Meta measures by people's answers and complaints; empty unless it is low."""
    if template.quality_score != "RED":
        return ""
    return _("People complain about the template, and Meta may pause it. Send it to fewer people, or change it.")


def category_text(template: MessageTemplate, labels: Mapping[str, object]) -> str:
    """
    That Meta puts a template into another category, by which prices differ; empty where it does not. `labels` are
    what people call Meta's categories.
    """
    codes = {"before": template.previous_category, "category": template.category, "next": template.correct_category}
    facts = {name: labels.get(code, code) for name, code in codes.items()}
    if template.correct_category:
        return _("Meta is going to change the category to %(next)s: messages will cost as in that one.") % facts
    if template.previous_category:
        return (
            _("Meta has changed the category from %(before)s to %(category)s: messages cost as in that one.") % facts
        )
    return ""
