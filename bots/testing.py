"""Bots and scenarios for tests."""

from collections.abc import Iterable
from copy import deepcopy
from itertools import count
from typing import Any

from bots.editor.scenarios import publish
from whatsapp.models import WhatsAppNumber

from .models import Bot, BotScenario

_serial = count(1)

#: A shop's order: a menu, a question, a deal, and a person when it does not go well.
ORDER: dict[str, Any] = {
    "format": 1,
    "triggers": [{"kind": "keyword", "match": "contains", "value": "заказ"}, {"kind": "first_message"}],
    "steps": [
        {"key": "hello", "kind": "message", "text": 'Здравствуйте, {{customer.name|default:"друг"}}!'},
        {
            "key": "size",
            "kind": "menu",
            "text": "Какой размер?",
            "save_to": "size",
            "choices": [
                {"key": "s", "label": "S"},
                {"key": "m", "label": "M"},
                {"key": "other", "label": "Другой", "next": "human"},
            ],
            "invalid": {"text": "Выберите из списка", "tries": 2, "next": "human"},
            "timeout": {"seconds": 3600, "next": "bye"},
        },
        {"key": "name", "kind": "ask", "answer": "text", "text": "Как вас зовут?", "save_to": "name"},
        {
            "key": "save",
            "kind": "set",
            "customer": {"name": "{{vars.name}}", "attributes": {"размер": "{{vars.size}}"}},
            "add_tags": ["заказ"],
            "deal": {"title": "Футболка {{vars.size}}", "stage": "new", "amount": "1500"},
        },
        {"key": "thanks", "kind": "message", "text": "Спасибо, {{vars.name}}! Размер {{vars.size}}.", "next": "bye"},
        {"key": "human", "kind": "handoff", "text": "Зову оператора"},
        {"key": "bye", "kind": "end", "text": "До свидания!"},
    ],
}


def order() -> dict[str, Any]:
    """A copy of ORDER, to change."""
    return deepcopy(ORDER)


def document(
    *steps: dict[str, Any], triggers: Iterable[dict[str, Any]] = ({"kind": "any"},), **fields: Any
) -> dict[str, Any]:
    """A document of these steps, which starts with any message unless it has other triggers."""
    return {"format": 1, "triggers": list(triggers), "steps": list(steps), **fields}


def make_bot(number: WhatsAppNumber, **fields: Any) -> Bot:
    fields = {"name": f"Bot {next(_serial)}", **fields}
    return Bot.objects.create(business=number.business, whatsapp_number=number, **fields)


def make_scenario(bot: Bot, definition: dict[str, Any] | None = None, **fields: Any) -> BotScenario:
    """A scenario that is not published, of the sample order unless a document is given."""
    fields = {"name": f"Scenario {next(_serial)}", **fields}
    return BotScenario.objects.create(business=bot.business, bot=bot, definition=definition or order(), **fields)


def make_published_scenario(bot: Bot, definition: dict[str, Any] | None = None, **fields: Any) -> BotScenario:
    scenario = make_scenario(bot, definition, **fields)
    publish(scenario, user=None)
    return scenario
