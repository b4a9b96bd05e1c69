"""The facts of a turn, read from the database once its conversation is locked."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from accounts.database.prepared import PreparedQuery
from accounts.refusals import Refusal
from bots.document.interpolation import MAX_VALUE
from bots.document.scenario import Scenario
from bots.engine.engine import State
from bots.engine.events import Event, Said
from bots.models import BotCall, BotSession, ScenarioVersion
from crm.conversations.details import form_of
from crm.customers.opt_out import asks_to_stop
from crm.models import Conversation, Message
from crm.models.message import EVENT_TYPES
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.numbers import check_may_send_from
from whatsapp.webhooks.parsing import words_of

from .decisions import Inbound, Situation
from .routing import Candidate

#: Answers of a form that texts may use.
MAX_ANSWERS = 200


_lock = PreparedQuery(lambda pk: Conversation.objects.select_for_update().filter(pk=pk).only("pk"), int)

_conversation = PreparedQuery(
    lambda pk: Conversation.objects.filter(pk=pk).select_related(
        "customer", "whatsapp_number__business__subscription"
    ),
    int,
)


def lock(conversation_id: int) -> Conversation | None:
    """The conversation, locked until this transaction ends; None when it is gone."""
    # What hangs on it is read once it is ours: in one query PostgreSQL would take it from before the wait. SQLite has
    # one writer at a time anyway.
    if connection.features.has_select_for_update and not _lock.fetch(conversation_id):
        return None
    return next(iter(_conversation.fetch(conversation_id)), None)


def waiting_messages(conversation_id: int) -> QuerySet[Message]:
    """The messages that no turn has been taken for, in the order in which they are answered."""
    return Message.objects.filter(
        conversation=conversation_id, direction=Message.Direction.IN, automated_at__isnull=True
    ).order_by("id")


def _first_two_waiting(conversation_id: int) -> QuerySet[Message]:
    earlier = Message.objects.filter(
        conversation=conversation_id, direction=Message.Direction.IN, pk__lt=OuterRef("pk")
    ).exclude(type__in=EVENT_TYPES)
    return waiting_messages(conversation_id).annotate(is_first=~Exists(earlier))[:2]


_next_messages = PreparedQuery(_first_two_waiting, int)


def next_inbound(conversation: Conversation) -> Inbound | None:
    """The message to answer next; None when none waits, or while the answer of a service is awaited."""
    waiting = _next_messages.fetch(conversation.pk)
    if not waiting or _is_calling(conversation):
        return None
    is_first: bool = waiting[0].is_first  # type: ignore[attr-defined]
    return Inbound(waiting[0], is_first, is_last=len(waiting) == 1)


def _is_calling(conversation: Conversation) -> bool:
    return conversation.in_scenario and BotCall.objects.filter(session__conversation=conversation).exists()


def _sessions(conversation_id: int) -> QuerySet[BotSession]:
    return (
        BotSession.objects.filter(conversation=conversation_id)
        .select_related("bot", "version__scenario")
        .defer("version__definition", "version__scenario__definition")
        .order_by(F("ended_at").desc(nulls_first=True), "-started_at", "-id")
    )


_last_session = PreparedQuery(lambda conversation_id: _sessions(conversation_id)[:1], int)


def last_session(conversation: Conversation) -> BotSession | None:
    """The session that runs, else the one that ended last."""
    for session in _last_session.fetch(conversation.pk):
        session.conversation = conversation
        return session
    return None


def load(
    conversation: Conversation, session: BotSession | None, event: Event, inbound: Inbound | None = None
) -> Situation:
    """What an event meets. `session` is the conversation's last; `inbound` is the message that the event is."""
    now = timezone.now()
    running = session if session and session.ended_at is None else None
    may_speak = not conversation.is_bot_paused and _may_send(conversation.whatsapp_number)
    candidates: list[Candidate] = []
    own_words = conversation.whatsapp_number.business.opt_out_words
    if isinstance(event, Said) and may_speak and not asks_to_stop(event.text, own_words):
        candidates = _live(conversation.whatsapp_number_id)
    documents = [candidate.document for candidate in candidates]
    if running and may_speak:
        documents.append(running.version.document)
    return Situation(
        conversation=conversation,
        event=event,
        moment=inbound.message.timestamp if inbound else now,
        now=timezone.localtime(now, ZoneInfo(conversation.whatsapp_number.business.time_zone)),
        may_speak=may_speak,
        session=running,
        last_state=State(**session.state) if session else State(),
        last_scenario_id=session.version.scenario_id if session else None,
        inbound=inbound,
        candidates=tuple(candidates),
        tags=_tags(conversation, documents),
    )


def _may_send(number: WhatsAppNumber) -> bool:
    try:
        check_may_send_from(number)
    except Refusal:
        return False
    return True


def _tags(conversation: Conversation, documents: Iterable[Scenario]) -> tuple[str, ...]:
    """The names of the customer's tags, if one of these documents asks for them."""
    if not any(document.asks_for_tags for document in documents):
        return ()
    return tuple(conversation.customer.tags.values_list("name", flat=True))


# The scenarios that may begin


def published(**conditions: object) -> list[Candidate]:
    """The latest versions of active scenarios, in order of priority; `conditions` are about the scenario's row."""
    return [_candidate(version) for version in _published(**conditions)]


def _published(**conditions: object) -> QuerySet[ScenarioVersion]:
    return (
        ScenarioVersion.objects.latest_of_each()
        .filter(scenario__is_active=True, **{f"scenario__{name}": value for name, value in conditions.items()})
        .select_related("scenario__bot")
        .defer("definition", "scenario__definition")
        .order_by("scenario__bot__priority", "scenario__bot_id", "scenario_id")
    )


_live_editions = PreparedQuery(
    lambda number_id: _published(bot__whatsapp_number=number_id, bot__is_active=True).values_list(
        "pk",
        "published_at",
        "scenario__revision",
        "scenario__bot__created_at",
        "scenario__bot__revision",
    ),
    int,
)


def _live(number_id: int) -> list[Candidate]:
    """The published scenarios of a number's active bots."""
    known = [_known_candidate(*edition) for edition in _live_editions.fetch(number_id)]
    return [candidate for candidate in known if candidate]


@lru_cache(maxsize=1000)
def _known_candidate(version_id: int, *edition: object) -> Candidate | None:
    """
    Read once: whoever changes the version, its scenario or its bot makes another edition of it. None when it was
    deleted a moment ago.
    """
    rows = ScenarioVersion.objects.select_related("scenario__bot").defer("definition", "scenario__definition")
    version = rows.filter(pk=version_id).first()
    return _candidate(version) if version else None


def _candidate(version: ScenarioVersion) -> Candidate:
    return Candidate(version.scenario.bot, version.scenario_id, version.scenario.name, version.document, version)


# The message as the engine sees it


def said(message: Message) -> Said:
    """What a message says."""
    content = message.content.get(message.type) or {}
    if not isinstance(content, dict):
        # Contact cards are a list, whose name stands before it in the engine as it does at Meta.
        content = {message.type: content}
    return Said(
        # Not the column: a process of the version before writes a phrase of ours where the customer wrote nothing.
        text=words_of(message.content, message.type),
        choice_id=_tapped(message.type, content),
        type=message.type,
        content=content,
        form={answer.name: answer.value[:MAX_VALUE] for answer in (form_of(message.content) or ())[:MAX_ANSWERS]},
    )


def _tapped(message_type: str, content: dict[str, Any]) -> str:
    """The id of the button or row that was tapped (Webhooks, "interactive"), or a template button's payload."""
    if message_type == "button":
        return _text_in(content, "payload")
    return _text_in(content.get("button_reply"), "id") or _text_in(content.get("list_reply"), "id")


def _text_in(value: Any, key: str) -> str:
    text = value.get(key) if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""
