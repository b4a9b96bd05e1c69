from django.core.management.base import BaseCommand, CommandError

from bots.models import Bot
from bots.scenarios import BrokenScenario
from bots.simulation import simulate


class Command(BaseCommand):
    help = "Chat with a bot in the terminal. Nothing is stored and nothing is sent. An empty line ends it."

    def add_arguments(self, parser):
        parser.add_argument("bot_id", type=int)
        parser.add_argument("--draft", action="store_true", help="try the drafts instead of what is published")

    def handle(self, bot_id, draft, **options):
        bot = Bot.objects.filter(pk=bot_id).first()
        if bot is None:
            raise CommandError(f"There is no bot {bot_id}. The number stands in the address of the bot's page.")
        said = []
        while text := self.read():
            said.append(text)
            self.show(self.turn(bot, said, draft))

    def read(self):
        try:
            return input("> ").strip()
        except EOFError:
            return ""

    def turn(self, bot, said, draft):
        """The answer to the last message; the chat is played anew, since nothing of it is kept."""
        try:
            return simulate(bot, said, draft)[-1]
        except BrokenScenario as broken:
            raise CommandError("\n".join(map(str, broken.report.errors))) from broken

    def show(self, turn):
        for answer in turn.answers:
            self.stdout.write(answer.text)
            for position, choice in enumerate(answer.choices, 1):
                self.stdout.write(f"  {position}. {choice}")
