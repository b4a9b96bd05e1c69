"""
How many files and functions of ours one piece of work passes, counted at run time: an inbound message from Meta's POST
to the answer's fate, a broadcast's planning and start, and a number's deletion. Tasks run where they are called.

A *move* goes from one file into another by a call; `entered most` names the file that is entered most often so. The
*spine* is what a reader follows: all but the ground, which is read once and then known. A *return* goes into a file of
the spine that was entered before.
"""

import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from .measuring import database, main, use
from .results import Row

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site")
#: What every piece of work stands on: rows, secrets, the database, middleware and the way to the broker.
GROUND = (
    "/models/",
    "/middleware.py",
    "accounts/database/",
    "accounts/plans.py",
    "chatbot_site/broker.py",
    "chatbot_site/celery.py",
    "whatsapp/secrets/",
)
INBOUND = "an inbound message, answered"
NOT_OURS = ("/tests/", "/simulator/", "/testing.py", "/migrations/")


@dataclass
class Journey:
    """What was passed on the way: files, functions, calls, the deepest stack of ours, entries into each file."""

    files: set[str] = field(default_factory=set)
    functions: set[tuple[str, str]] = field(default_factory=set)
    calls: int = 0
    depth: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    statements: int = 0

    @property
    def moves(self) -> int:
        return sum(self.entries.values())

    @property
    def spine(self) -> set[str]:
        """The files that are no ground."""
        return {file for file in self.files if not any(part in file for part in GROUND)}

    @property
    def functions_of_spine(self) -> int:
        return sum(file in self.spine for file, _function in self.functions)

    @property
    def returns(self) -> int:
        return sum(self.entries[file] - 1 for file in self.spine)


class Tracer:
    """Follows the frames of our own modules in the threads that begin while it runs, and in this one."""

    def __init__(self) -> None:
        self.journey = Journey()
        self._stacks = threading.local()

    def __call__(self, frame, event, argument) -> None:
        if event not in ("call", "return"):
            return
        file = own_file(frame.f_code.co_filename)
        if file is None or frame.f_code.co_name == "<module>":
            return
        stack = self._stacks.__dict__.setdefault("files", [])
        if event == "return":
            if stack:
                stack.pop()
            return
        journey = self.journey
        journey.calls += 1
        journey.files.add(file)
        journey.functions.add((file, frame.f_code.co_qualname if sys.version_info >= (3, 11) else ""))
        if not stack or stack[-1] != file:
            journey.entries[file] += 1
        stack.append(file)
        journey.depth = max(journey.depth, len(stack))


_known: dict[str, str | None] = {}


def own_file(filename: str) -> str | None:
    """The path of a file of the product from the repository's root; None for any other."""
    if filename not in _known:
        path = Path(filename)
        own = path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in APPS
        _known[filename] = str(path.relative_to(ROOT)) if own and not any(p in filename for p in NOT_OURS) else None
    return _known[filename]


@contextmanager
def traced():
    """A Journey that is filled while the context lasts."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    tracer = Tracer()
    with CaptureQueriesContext(connection) as queries:
        threading.setprofile(tracer)
        sys.setprofile(tracer)
        try:
            yield tracer.journey
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    tracer.journey.statements = len(queries)


def measure(whole):
    with database("journeys", "SQLite") as url:
        use(url)
        from django.conf import settings
        from django.test.utils import override_settings

        from chatbot_site.celery import app
        from whatsapp.simulator import server
        from whatsapp.simulator.testing import SimulatedMeta

        app.conf.task_always_eager = app.conf.task_eager_propagates = True
        settings.ALLOWED_HOSTS = ["*"]
        running = server.start()
        try:
            with override_settings(META_GRAPH_URL=running.url):
                journeys = walk(SimulatedMeta(running))
        finally:
            running.stop()
    report(journeys, with_files=whole)
    for name, journey in journeys.items():
        is_inbound = name == INBOUND
        yield Row(f"J1 files: {name}", "≤ 25" if is_inbound else "", len(journey.files))
        yield Row(f"J2 statements: {name}", "≤ 20" if is_inbound else "", journey.statements)


def walk(meta) -> dict[str, Journey]:
    from accounts.testing import make_business
    from whatsapp.testing import make_number

    number = make_number(make_business())
    meta.connect(number)
    return {
        INBOUND: inbound_message(number),
        **broadcast(meta, number),
        "a number's deletion": deletion(number),
    }


def inbound_message(number) -> Journey:
    from django.test import Client

    from bots.testing import document, make_bot, make_published_scenario
    from whatsapp.testing import inbound_text, post_webhook

    make_published_scenario(make_bot(number), document({"key": "hello", "kind": "message", "text": "Hello!"}))
    client = Client()
    # The first one warms what is remembered.
    assert post_webhook(client, inbound_text(number, "+79161234567", "Hi"), number.app_secret).status_code == 200
    with traced() as journey:
        post_webhook(client, inbound_text(number, "+79161234567", "Hi"), number.app_secret)
    return journey


def broadcast(meta, number) -> dict[str, Journey]:
    from broadcasts.testing import make_broadcast
    from crm.testing import make_customer
    from whatsapp.testing import make_template

    template = make_template(number, "Hello!")
    meta.approve(template)
    for serial in range(3):
        make_customer(number.business, phone=f"+7916000000{serial}")
    journeys = {}
    for turn in ("warm", "traced"):
        row = make_broadcast(number, template=template, audience={"everyone": True}, name=turn)
        with traced() as planned:
            drafts_plan(row)
        row.refresh_from_db()
        with traced() as started:
            lifecycle_start(row)
        journeys = {"a broadcast's planning (3 people)": planned, "its start and delivery": started}
    return journeys


def drafts_plan(row) -> None:
    from broadcasts import drafts

    drafts.plan(row)


def lifecycle_start(row) -> None:
    from broadcasts import lifecycle

    lifecycle.start(row)
    deliver_due()


def deliver_due() -> None:
    from whatsapp.sending.tasks import deliver_due

    deliver_due()


def deletion(number) -> Journey:
    from accounts.deletion import deletion

    with traced() as journey:
        deletion.delete(number)
    return journey


def report(journeys: dict[str, Journey], with_files: bool) -> None:
    print(f"{'':36}{'files':>6}{'functions':>10}{'calls':>6}{'depth':>6}{'moves':>6}{'SQL':>5}  of the spine:")
    print(f"{'':77}{'files':>6}{'functions':>10}{'returns':>8}  entered most")
    for name, journey in journeys.items():
        file, entries = max(((file, journey.entries[file]) for file in journey.spine), key=itemgetter(1, 0))
        print(
            f"{name:36}{len(journey.files):6}{len(journey.functions):10}{journey.calls:6}{journey.depth:6}"
            f"{journey.moves:6}{journey.statements:5}  {len(journey.spine):6}{journey.functions_of_spine:10}"
            f"{journey.returns:8}  {file} {entries} ×"
        )
    if with_files:
        for name, journey in journeys.items():
            print(f"\n{name}")
            for file, entries in journey.entries.most_common():
                print(f"  {entries:4}  {file}{'' if file in journey.spine else '  (ground)'}")


if __name__ == "__main__":
    main({"Files and statements on the way of one piece of work": measure}, rounds=1)
