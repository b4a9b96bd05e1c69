"""Why did the bot say that: sessions and turns, to look at."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import ReadOnlyTenantAdmin
from bots.editor.labels import effect_text, event_text
from bots.engine.effects import TimerKind
from bots.models import BotSession, BotTurn


@admin.register(BotSession)
class BotSessionAdmin(ReadOnlyTenantAdmin):
    empty_text = _("No sessions yet. One begins when a customer starts a scenario.")
    list_display = ["started_at", "conversation", "version", "turns", "ended_at", "end_reason", "end_step"]
    list_filter = ["bot", "end_reason"]
    list_select_related = ["conversation__customer", "conversation__whatsapp_number", "version__scenario"]
    extra_lookups = frozenset({"conversation__id__exact", "version__id__exact"})
    fields = [
        "conversation",
        "version",
        "started_at",
        "turns",
        "answers",
        "expires_at",
        "ended_at",
        "end_reason",
        "end_step",
        "log",
    ]

    @admin.display(description=_("turns"))
    def turns(self, session: BotSession) -> int:
        return session.turns

    @admin.display(description=_("answers"))
    def answers(self, session: BotSession) -> str:
        """What the customer answered so far, under the names the author chose."""
        known = session.state.get("vars") if isinstance(session.state, dict) else None
        return ", ".join(f"{name}: {value}" for name, value in _items(known)) or "—"

    @admin.display(description=_("log"))
    def log(self, session: BotSession) -> str:
        url = reverse("admin:bots_botturn_changelist")
        return format_html(
            '<a href="{}?session__id__exact={}">{}</a>', url, session.pk, _("What the bot did, and why")
        )


@admin.register(BotTurn)
class BotTurnAdmin(ReadOnlyTenantAdmin):
    empty_text = _("No turns yet. Each answer of a bot is noted here, with the reason for it.")
    list_display = ["created_at", "conversation", "happened", "steps", "did", "error"]
    list_filter = ["created_at"]
    list_select_related = ["conversation__customer", "conversation__whatsapp_number"]
    extra_lookups = frozenset({"conversation__id__exact", "session__id__exact"})
    fields = ["conversation", "session", "created_at", "happened", "steps", "did", "error"]

    @admin.display(description=_("event"))
    def happened(self, turn: BotTurn) -> str:
        return event_text(turn.event) if turn.event else "—"

    @admin.display(description=_("steps"))
    def steps(self, turn: BotTurn) -> str:
        return " → ".join(map(str, _elements(turn.path))) or "—"

    @admin.display(description=_("effects"))
    def did(self, turn: BotTurn) -> str:
        shown = [effect for effect in _elements(turn.effects) if not _is_expiry(effect)]
        return format_html_join("", "{}<br>", ((effect_text(effect),) for effect in shown)) or "—"


def _is_expiry(effect: Any) -> bool:
    return isinstance(effect, dict) and effect.get("kind") == TimerKind.EXPIRY


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
