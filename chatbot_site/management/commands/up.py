"""Everything in one process: web pages, worker, ticks; with `--demo` also a stand-in for WhatsApp."""

import os
import signal
from contextlib import ExitStack, closing

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.jobs import registry
from accounts.management.translated import TranslatedCommand
from chatbot_site.demo import running as demo
from chatbot_site.demo import story
from chatbot_site.operations import database_lock, embedded, environment, web
from chatbot_site.operations.backups import create
from whatsapp.sending import ledger


class Command(TranslatedCommand):
    help = gettext_lazy("Start everything: web pages, worker and ticks in one process. Stop it with Ctrl-C.")

    def add_arguments(self, parser):
        environment.add_arguments(parser, with_help=True)

    def handle(self, *, host, port, **options):
        stop_on_signals()
        try:
            self.run(host, port, with_demo=options["demo"])
        except KeyboardInterrupt:
            pass
        except embedded.StillWorking:
            self.leave_at_once()
        self.stdout.write(_("Stopped."))

    def run(self, host, port, with_demo):
        with ExitStack() as running:
            running.enter_context(database_lock.only_one())
            listener = running.enter_context(closing(web.listen(host, port)))
            if not with_demo:
                create.before_migrating(self.stdout.write)
            call_command("migrate", interactive=False, verbosity=0)
            self.warn()
            if with_demo:
                page = running.enter_context(demo.running(port + 1, environment.local_url(host, port)))
            settle_what_a_kill_left()
            running.enter_context(embedded.running())
            self.greet(page if with_demo else "")
            web.serve(listener)
            self.stdout.write(_("Stopping…"))

    def warn(self):
        """Say what is wrong with what the database holds, such as secrets that no key opens."""
        for warning in run_checks(tags=[Tags.database], databases=["default"]):
            self.stderr.write(str(warning))

    def greet(self, simulator_page):
        """The few lines that a newcomer needs."""
        url = settings.PUBLIC_URL
        self.stdout.write(_("The site: %(url)s") % {"url": url})
        if simulator_page:
            login = {"email": story.OWNER["email"], "password": story.PASSWORD}
            self.stdout.write(_("Sign in as: %(email)s, password: %(password)s") % login)
            self.stdout.write(_("Write as a customer: %(url)s") % {"url": simulator_page})
        elif not get_user_model().objects.exists():
            self.stdout.write(_("Create your account: %(url)s") % {"url": f"{url}/register/"})
        self.stdout.write(_("Stop with Ctrl-C."))
        self.stdout.flush()

    def leave_at_once(self):
        """End without the threads that still work, as after a kill: the next start settles what they held."""
        self.stdout.write(_("Stopped. What was still under way is settled at the next start."))
        self.stdout.flush()
        os._exit(0)


def settle_what_a_kill_left():
    """What is under way belongs to a process that is gone, unless workers elsewhere share the work by Redis."""
    if not settings.REDIS_URL:
        ledger.settle_abandoned()
        registry.give_back()


def stop_on_signals():
    """Let whatever asks a process to stop do what Ctrl-C does, also where a shell started it with Ctrl-C ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
