from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from whatsapp.simulator import server
from whatsapp.simulator.graph.phone_numbers import DEFAULT_APP_SECRET, WELCOME_PREFIX


class Command(TranslatedCommand):
    help = format_lazy(
        gettext_lazy(
            "Run a local stand-in for Meta's Cloud API, with a page on which you write as a customer. Connect numbers"
            " with any phone number ID and an access token that begins with “{prefix}”: a number comes into being when"
            " it is first used, and so does its account (any WABA ID). Webhooks are signed with META_APP_SECRET, or"
            " with “{secret}” while that is empty, so give such a number no app secret of its own. Everything is in"
            " memory and forgotten at the end."
        ),
        prefix=WELCOME_PREFIX,
        secret=DEFAULT_APP_SECRET,
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8090, help=_("Default: 8090. 0 takes a free one."))
        parser.add_argument(
            "--callback",
            default=f"{settings.PUBLIC_URL}/webhooks/whatsapp/",
            help=_("Where webhooks are posted. Default: %(default)s"),
        )

    def handle(self, *, port: int, callback: str, **options: Any) -> None:
        running = self._start(port, callback)
        self.stdout.write(
            _("The simulator is running. Write as a customer here: %(url)s\nStop it with Ctrl-C.")
            % {"url": running.url}
        )
        self.stdout.write(_("\nLines for the .env of the chatbot that is to use it:"))
        self.stdout.write("\n".join(running.environment))
        self.stdout.write(_("\nWebhooks go to %(callback)s") % {"callback": callback})
        try:
            running.wait()
        except KeyboardInterrupt:
            running.stop()
            self.stdout.write(_("Stopped."))

    def _start(self, port: int, callback: str) -> server.Server:
        try:
            running = server.start(
                port, callback_url=callback, app_secret=settings.META_APP_SECRET or DEFAULT_APP_SECRET
            )
        except OSError as error:
            raise CommandError(
                _("Port %(port)s is taken. Stop the program that uses it, or choose another: --port %(other)s")
                % {"port": port, "other": port + 1}
            ) from error
        running.simulator.add_customer(_("Anna"), "+79161234567")
        return running
