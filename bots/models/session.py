from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import JobRow, TenantModel
from bots.engine.effects import EndReason, TimerKind
from crm.models import Conversation


def _shown(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT") if moment else "—"


class BotSession(TenantModel):
    """Where a conversation is in a scenario (`state` is the engine's); at most one session of it runs."""

    conversation = models.ForeignKey(
        "crm.Conversation", on_delete=models.CASCADE, related_name="bot_sessions", verbose_name=_("conversation")
    )
    bot = models.ForeignKey("bots.Bot", on_delete=models.CASCADE, related_name="sessions", verbose_name=_("bot"))
    version = models.ForeignKey(
        "bots.ScenarioVersion", on_delete=models.CASCADE, related_name="sessions", verbose_name=_("version")
    )
    state = models.JSONField(default=dict)
    started_at = models.DateTimeField(_("began"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(_("why it ended"), max_length=20, choices=EndReason.choices, blank=True)
    end_step = models.CharField(_("at the step"), max_length=60, blank=True)

    tenant_parent = "bot"

    class Meta:
        db_table = "bot_sessions"
        verbose_name = _("bot session")
        verbose_name_plural = _("bot sessions")
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(ended_at__isnull=True), name="one_running_session"
            )
        ]
        # Serves: a business's sessions, newest first.
        indexes = [models.Index("business", models.F("started_at").desc(), name="session_by_business")]

    def __str__(self) -> str:
        return f"{self.version} · {self.conversation}"

    @classmethod
    def before_delete(cls, rows: models.QuerySet["BotSession"]) -> None:
        """A session that is deleted is no longer waited for."""
        Conversation.objects.filter(in_scenario=True, bot_sessions__in=rows.filter(ended_at__isnull=True)).update(
            in_scenario=False
        )

    @property
    def turns(self) -> int:
        """How many events it has handled; a timer set at an earlier turn is out of date."""
        return self.state.get("turns", 0) if isinstance(self.state, dict) else 0


class BotTimer(JobRow, TenantModel):
    """
    A due time of a session: a question's timeout, the end of a wait, or the session's end. Ignored when the session
    has moved on.
    """

    session = models.ForeignKey(BotSession, on_delete=models.CASCADE, related_name="timers", verbose_name=_("session"))
    kind = models.CharField(_("kind"), max_length=10, choices=TimerKind.choices)
    # The session's turn that set it.
    turn = models.PositiveIntegerField(_("turn"))
    tenant_parent = "session"

    class Meta:
        db_table = "bot_timers"
        verbose_name = _("bot timer")
        verbose_name_plural = _("bot timers")
        # Serves: the tick that fires timers.
        indexes = [models.Index("due_at", name="timer_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {_shown(self.due_at)}"


class BotCall(JobRow, TenantModel):
    """
    A call of a service for which a session waits. It is begun at most once: the first of its `attempts` is committed
    before the call, and whoever claims it again knows that nobody knows whether it arrived. Gone when it is settled.
    """

    session = models.ForeignKey(BotSession, on_delete=models.CASCADE, related_name="calls", verbose_name=_("session"))
    # The session's turn that wants it.
    turn = models.PositiveIntegerField(_("turn"))
    # The fields of bots.engine.effects.Call.
    request = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    # For processes of the version before, which go by it instead of the lease. The next release removes it.
    began_at = models.DateTimeField(_("began"), null=True)

    tenant_parent = "session"

    class Meta:
        db_table = "bot_calls"
        verbose_name = _("call of a service")
        verbose_name_plural = _("calls of services")
        # Serves: the calls to make, and how many of a business are under way.
        indexes = [models.Index("due_at", name="call_waiting", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.request.get('method', '')} · {_shown(self.created_at)}"


class BotTurn(TenantModel):
    """What a bot did with one event, and why: which steps it went through and what came of it."""

    conversation = models.ForeignKey(
        "crm.Conversation", on_delete=models.CASCADE, related_name="bot_turns", verbose_name=_("conversation")
    )
    session = models.ForeignKey(
        BotSession, on_delete=models.CASCADE, null=True, related_name="log", verbose_name=_("session")
    )
    message = models.ForeignKey(
        "crm.Message", on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("message")
    )
    event = models.JSONField(_("event"), default=dict)
    path = models.JSONField(_("steps"), default=list)
    effects = models.JSONField(_("effects"), default=list)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)

    tenant_parent = "conversation"

    class Meta:
        db_table = "bot_turns"
        verbose_name = _("bot turn")
        verbose_name_plural = _("bot turns")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["message"], condition=Q(message__isnull=False), name="one_turn_per_message"
            )
        ]
        # Serves: a business's turns, newest first.
        indexes = [models.Index("business", models.F("created_at").desc(), name="turn_by_business")]

    def __str__(self) -> str:
        return _shown(self.created_at)
