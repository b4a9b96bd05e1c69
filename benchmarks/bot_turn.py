"""F1: a bot's turn, from a message that waits to the answer in the ledger, against a bare transaction."""

import os
import sys

from .measuring import database, in_turns, seconds_of, table, use

TURNS = 200
KEYWORDS = 50


def main():
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_bot_turn") as url:
        use(url, redis_url)
        measure()


def measure():
    from django.db import connection, transaction

    from accounts.testing import make_business
    from bots.document.matching import matches
    from bots.models import BotSession
    from bots.runtime import turns
    from bots.testing import document, make_bot, make_published_scenario
    from crm.customers.interpolation import fill
    from crm.models import Conversation, Message
    from crm.testing import make_conversation, make_message
    from whatsapp.testing import make_number

    number = make_number(make_business())
    make_published_scenario(
        make_bot(number), document({"key": "hello", "kind": "message", "text": "Здравствуйте, {{customer.name}}!"})
    )
    conversations = [make_conversation(number) for _ in range(TURNS)]

    def turn():
        # The same text too often calls a person: each round is a first one.
        BotSession.objects.all().delete()
        for conversation in conversations:
            make_message(conversation, "Добрый день")
        waiting = iter(conversations)
        return seconds_of(lambda: turns.take_turn(next(waiting).pk), TURNS)

    def bare():
        """Lock the conversation, save it, insert the answer: what any program must do that answers once."""
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

        return seconds_of(answer, TURNS)

    limit, ours = in_turns(bare, turn)
    words = [f"слово{serial}" for serial in range(KEYWORDS)]

    def match():
        for word in words:
            matches("contains", word, "Добрый день, хочу сделать заказ")
        fill("Здравствуйте, {{vars.name}}!", {"vars.name": "Анна"}.get, 4096)

    [matching] = in_turns(lambda: seconds_of(match, 1000))
    table(
        "F1 a bot's turn",
        [
            ("turns/s", "≥ 0.70 ×", f"{1 / limit:.0f}", f"{1 / ours:.0f}", f"{limit / ours:.2f}"),
            (f"{KEYWORDS} keywords + text", "≤ 20 µs", "", f"{matching * 1e6:.0f} µs", ""),
        ],
    )
    connection.close()


if __name__ == "__main__":
    main()
