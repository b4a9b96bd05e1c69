"""F1: a bot's turn, from a message that waits to the answer in the ledger, against a bare transaction."""

import os
import sys
import time
from functools import partial
from unittest.mock import patch

from .measuring import KINDS, cost_of, database, in_turns, main, seconds_of, use
from .results import Row

TURNS = 200
KEYWORDS = 50


def measure(kind, _whole):
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_bot_turn", kind) as url:
        use(url, redis_url if kind == "PostgreSQL" else "")
        yield from rows()


def rows():
    from django.db import connection

    conversations = make_conversations()
    (limit, *limit_cpu), (ours, *cpu) = in_turns(
        lambda: answer_barely(conversations), lambda: take_turns(conversations)
    )
    [matching] = in_turns(lambda: seconds_of(match_and_fill, 1000, time.process_time))
    costs = {"cpu": sum(cpu) * 1e6, "limit_cpu": sum(limit_cpu) * 1e6}
    yield Row("F1 turns", "≥ 0.85 ×", 1 / ours, "/s", 1 / limit, **costs)
    yield Row(f"F3 {KEYWORDS} keywords and a text", "≤ 20 µs", matching * 1e6, "µs")
    connection.close()


def make_conversations():
    from accounts.testing import make_business
    from bots.testing import document, make_bot, make_published_scenario
    from crm.testing import make_conversation
    from whatsapp.testing import make_number

    number = make_number(make_business())
    make_published_scenario(
        make_bot(number), document({"key": "hello", "kind": "message", "text": "Здравствуйте, {{customer.name}}!"})
    )
    return [make_conversation(number) for _ in range(TURNS)]


def take_turns(conversations):
    """What a turn in each conversation costs."""
    from accounts.jobs.after_commit import gathering
    from bots.models import BotSession
    from bots.runtime import turns
    from crm.testing import make_message

    # The same text too often calls a person: each round is a first one.
    BotSession.objects.all().delete()
    for conversation in conversations:
        make_message(conversation, "Добрый день")
    waiting = iter(conversations)
    # As in a worker, which sends what is queued at the end of its task.
    with patch("whatsapp.sending.tasks._deliver_each"), patch("crm.conversations.tasks._show_each_read"), gathering():
        return cost_of(lambda: turns.take_turn(next(waiting).pk), TURNS)


def answer_barely(conversations):
    """Lock the conversation, save it, insert the answer: what any program must do that answers once."""
    from django.db import transaction

    from crm.models import Conversation, Message

    waiting = iter(conversations)

    @transaction.atomic
    def answer():
        conversation = Conversation.objects.select_for_update().get(pk=next(waiting).pk)
        Message.objects.create(
            business_id=conversation.business_id,
            whatsapp_number_id=conversation.whatsapp_number_id,
            conversation=conversation,
            direction="out",
            origin="bot",
            type="text",
            text="Здравствуйте!",
            content={"type": "text", "text": {"body": "Здравствуйте!"}},
            status="queued",
        )
        conversation.save(update_fields=["last_message_at"])

    return cost_of(answer, TURNS)


def match_and_fill():
    from bots.document.matching import matches
    from crm.customers.interpolation import fill

    for serial in range(KEYWORDS):
        matches("contains", f"слово{serial}", "Добрый день, хочу сделать заказ")
    fill("Здравствуйте, {{vars.name}}!", {"vars.name": "Анна"}.get, 4096)


if __name__ == "__main__":
    main({f"A bot's turn on {kind}": partial(measure, kind) for kind in KINDS})
