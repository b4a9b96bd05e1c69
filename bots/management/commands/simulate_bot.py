import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from bots.editor.labels import effect_text
from bots.editor.scenarios import BrokenScenario
from bots.engine.effects import SendMessage
from bots.models import Bot
from bots.simulation.simulation import SKIP, SimulatedTurn, is_shown, simulate


class Command(TranslatedCommand):
    help = format_lazy(
        gettext_lazy(
            "Chat with a bot in the terminal. Nothing is stored, sent or called. Waits pass at once; {skip} lets the"
            " time to answer run out. An empty line ends it."
        ),
        skip=SKIP,
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bot_id", type=int, help=_("The number in the address of the bot's page."))
        parser.add_argument("--draft", action="store_true", help=_("Try the drafts instead of what is published."))
        parser.add_argument(
            "--answer",
            action="append",
            default=[],
            metavar="STEP=JSON",
            help=_("What the service called at a step answers; without it the call fails."),
        )

    def handle(self, *, bot_id: int, draft: bool, answer: Sequence[str], **options: Any) -> None:
        bot = Bot.objects.filter(pk=bot_id).first()
        if bot is None:
            raise CommandError(
                _("There is no bot %(id)s. Its number is part of the address of the bot's page.") % {"id": bot_id}
            )
        answers = dict(map(_read_answer, answer))
        said: list[str] = []
        while text := _read_message():
            said.append(text)
            with translation.override(bot.business.language):
                self._show(_last_turn(bot, said, draft, answers))

    def _show(self, turn: SimulatedTurn) -> None:
        for effect in turn.effects:
            if isinstance(effect, SendMessage):
                self._show_message(effect)
            elif is_shown(effect):
                self.stdout.write(f"  [{effect_text(effect.as_json())}]")

    def _show_message(self, message: SendMessage) -> None:
        self.stdout.write(message.text)
        for position, choice in enumerate(message.choices, 1):
            self.stdout.write(f"  {position}. {choice}")


def _read_answer(written: str) -> tuple[str, Any]:
    """STEP=JSON as a pair. Raises CommandError."""
    step, _equals, value = written.partition("=")
    try:
        return step, json.loads(value)
    except ValueError as error:
        raise CommandError(
            _('Write an answer like call={"ok": true}; %(written)s is not.') % {"written": written}
        ) from error


def _read_message() -> str:
    """What is typed; empty at the end of input."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""


def _last_turn(bot: Bot, said: Sequence[str], draft: bool, answers: Mapping[str, Any]) -> SimulatedTurn:
    """The answer to the last message. Nothing of a chat is stored, so it is played from its beginning."""
    try:
        return simulate(bot, said, draft, answers)[-1]
    except BrokenScenario as broken:
        raise CommandError("\n".join(map(str, broken.report.errors))) from broken
