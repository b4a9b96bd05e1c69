"""Everything in one process: web pages, worker, ticks; with `--demo` also a stand-in for WhatsApp."""

import gc
import os
import signal
from contextlib import ExitStack, closing

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.jobs import registry
from accounts.management.translated import TranslatedCommand
from accounts.people import roles
from chatbot_site.operations import database_lock, embedded, environment, web
from chatbot_site.operations.backups import create, migration_state
from whatsapp.sending import ledger


class Command(TranslatedCommand):
    help = gettext_lazy("Start everything: web pages, worker and ticks in one process. Stop it with Ctrl-C.")

    def add_arguments(self, parser: CommandParser) -> None:
        environment.add_arguments(parser, with_help=True)

    def handle(self, *, host: str, port: int, **options: object) -> None:
        _stop_on_signals()
        try:
            self._run(host, port, with_demo=bool(options["demo"]))
        except KeyboardInterrupt:
            pass
        except embedded.StillWorking:
            self._leave_at_once()
        self.stdout.write(_("Stopped."))

    def _run(self, host: str, port: int, with_demo: bool) -> None:
        simulator_page = ""
        with ExitStack() as running:
            running.enter_context(database_lock.only_one())
            listener = running.enter_context(closing(web.listen(host, port)))
            self._migrate(with_backup=not with_demo)
            self._warn()
            if with_demo:
                # It brings the stand-in for WhatsApp, which nothing else needs.
                from chatbot_site.demo import running as demo

                simulator_page = running.enter_context(demo.running(port + 1, environment.local_url(host, port)))
            _settle_after_a_kill()
            running.enter_context(embedded.running())
            self._greet(simulator_page)
            _leave_out_of_collections()
            web.serve(listener)
            self.stdout.write(_("Stopping…"))

    def _migrate(self, with_backup: bool) -> None:
        """Bring the database to this version, where most starts find it: without `migrate` they take half as long."""
        if migration_state.is_complete() and roles.are_granted():
            return
        if with_backup:
            create.before_migrating(self.stdout.write)
        call_command("migrate", interactive=False, verbosity=0)

    def _warn(self) -> None:
        """Say what is wrong with what the database holds, such as secrets that no key opens."""
        for warning in run_checks(tags=[Tags.database], databases=["default"]):
            self.stderr.write(str(warning))

    def _greet(self, simulator_page: str) -> None:
        """Write the few lines that a newcomer needs."""
        url = settings.PUBLIC_URL
        self.stdout.write(_("The site: %(url)s") % {"url": url})
        if simulator_page:
            from chatbot_site.demo import story

            login = {"email": story.OWNER["email"], "password": story.PASSWORD}
            self.stdout.write(_("Sign in as: %(email)s, password: %(password)s") % login)
            self.stdout.write(_("Write as a customer: %(url)s") % {"url": simulator_page})
        elif not get_user_model().objects.exists():
            self.stdout.write(_("Create your account: %(url)s") % {"url": f"{url}/register/"})
        self.stdout.write(_("Stop with Ctrl-C."))
        self.stdout.flush()

    def _leave_at_once(self) -> None:
        """End without the threads that still work, as after a kill: the next start settles what they held."""
        self.stdout.write(_("Stopped. What was still under way is settled at the next start."))
        self.stdout.flush()
        os._exit(0)


def _settle_after_a_kill() -> None:
    """Settle what a process that is gone had under way. With Redis it may be under way in workers elsewhere."""
    if not settings.REDIS_URL:
        ledger.settle_abandoned()
        registry.give_back()


def _leave_out_of_collections() -> None:
    """Have Python look for garbage as often as ever, but not among what the start has made, which stays."""
    gc.freeze()
    gc.set_threshold(700)


def _stop_on_signals() -> None:
    """Let whatever asks a process to stop do what Ctrl-C does, also where a shell started it with Ctrl-C ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
