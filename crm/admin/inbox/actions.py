"""What people do with a conversation by a button, in a page or by a script."""

from dataclasses import dataclass
from functools import partial

from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenancy.live_page import Button
from crm.conversations import conversations, reads
from crm.inbox import snoozing
from crm.models import Conversation

from .parameters import number_of


@dataclass(frozen=True)
class Pressed:
    """Who pressed a button, and what the form around it says."""

    user: User
    values: QueryDict


def _assign(conversation: Conversation, pressed: Pressed) -> None:
    """To the person chosen; to nobody where nobody is."""
    pk = pressed.values.get("assignee", "")
    person = User.objects.filter(pk=number_of(pk), is_active=True).first() if pk else None
    if pk and person is None:
        raise ValidationError({"user": _("This person does not exist.")})
    conversations.assign(conversation, person)


def _snooze_until(conversation: Conversation, pressed: Pressed) -> None:
    conversations.snooze(conversation, snoozing.moment_of(pressed.values.get("moment", "")))


def _snooze(choice: str) -> Button:
    moment_of = partial(snoozing.moment_of, choice)
    return Button(_("Snooze"), lambda row, pressed: conversations.snooze(row, moment_of()))


#: By the name that a button posts as `verb`.
VERBS = {
    "assign_to_me": Button(_("Take"), lambda row, pressed: conversations.assign(row, pressed.user)),
    "unassign": Button(_("Unassign"), lambda row, pressed: conversations.assign(row, None)),
    "assign": Button(_("Assign"), _assign),
    "pause_bot": Button(_("Pause the bot"), lambda row, pressed: conversations.pause_bot(row)),
    "resume_bot": Button(_("Resume the bot"), lambda row, pressed: conversations.resume_bot(row)),
    "silence_bot": Button(_("Keep the bot silent"), lambda row, pressed: conversations.pause_bot_until(row, None)),
    **{f"snooze_{choice}": _snooze(choice) for choice in snoozing.CHOICES},
    "snooze_until": Button(_("Snooze"), _snooze_until),
    "unsnooze": Button(_("Wake up"), lambda row, pressed: conversations.unsnooze(row)),
    "unread": Button(_("Mark as unread"), lambda row, pressed: reads.unread(row, pressed.user)),
    "close": Button(_("Close"), lambda row, pressed: conversations.close(row)),
    "reopen": Button(_("Reopen"), lambda row, pressed: conversations.reopen(row)),
}


def buttons(conversation: Conversation, user: User) -> list[str]:
    """The verbs that are buttons of their own now, in order."""
    return [
        "unassign" if conversation.assignee_id == user.pk else "assign_to_me",
        "resume_bot" if conversation.is_bot_paused else "pause_bot",
        *(["silence_bot"] if conversation.pause_ends_at else []),
        *(["unsnooze"] if conversation.is_snoozed else []),
        "unread",
        "reopen" if conversation.status == Conversation.Status.CLOSED else "close",
    ]


def is_fetch(request: HttpRequest) -> bool:
    """Whether a script asks, which stays on its page."""
    return request.headers.get("X-Requested-With") == "fetch"
