"""kill -9 in the middle of a broadcast, again and again: nobody gets it twice, and nobody is forgotten."""

import random
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from chatbot_site.tests.system.installation import NUMBER, make_environment, manage, rows, start
from chatbot_site.tests.system.processes import PATIENCE, wait_until
from whatsapp.sending.delivery import MAX_CALLS

pytestmark = pytest.mark.processes

PEOPLE = 2000
KILLS = 5
WABA_ID = "102290129340398"

TEMPLATE = {
    "name": "news",
    "language": "ru",
    "category": "MARKETING",
    "status": "APPROVED",
    "components": [{"type": "BODY", "text": "{{1}}, скидка 20 %"}],
}

#: Makes a broadcast to everybody that was just started.
SEED = f"""
from accounts.testing import make_business
from broadcasts import lifecycle, planning
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast
from crm.models import Customer
from whatsapp.testing import make_number, make_template
number = make_number(make_business(), waba_id={WABA_ID!r}, messages_per_second=1000, **{NUMBER!r})
Customer.objects.bulk_create(
    Customer(business=number.business, phone=f"+7916{{serial:07}}") for serial in range({PEOPLE})
)
template = make_template(number, **{TEMPLATE!r})
parameters = {{"1": '{{{{customer.name|default:"Друг"}}}}'}}
broadcast = make_broadcast(number, template=template, parameters=parameters)
planning.begin(broadcast)
while planning.advance(broadcast):
    pass
lifecycle.start(Broadcast.objects.get(pk=broadcast.pk))
"""


@pytest.fixture
def environment(tmp_path, meta):
    return make_environment(tmp_path, meta)


def test_killed_five_times_in_the_middle_it_reaches_everybody_once(environment, meta, tmp_path):
    meta.approve(SimpleNamespace(waba_id=WABA_ID, meta_id="1", parameter_format="POSITIONAL", **TEMPLATE))
    meta.directory.numbers[NUMBER["phone_number_id"]].waba_id = WABA_ID
    meta.post_webhooks_to(environment["PUBLIC_URL"])
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0

    with open(tmp_path / "log", "wb") as log:
        for kill in range(1, KILLS + 1):
            process = start(environment, log)
            wait_until(lambda kill=kill: PEOPLE - waiting(environment) > kill * PEOPLE / (KILLS + 2))
            time.sleep(random.uniform(0, 0.1))
            process.kill()
            process.wait()
            assert waiting(environment), "The broadcast ended before it was killed."
        process = start(environment, log)
        try:
            wait_until(lambda: is_settled(environment))
        finally:
            process.kill()
            process.wait()

    assert rows(environment, "SELECT status FROM broadcasts") == [("done",)]
    assert_everybody_once(meta, environment)


def waiting(environment):
    [(count,)] = rows(environment, "SELECT COUNT(*) FROM broadcast_messages WHERE status = 'planned'")
    return count


def is_settled(environment):
    """Whether the broadcast is done, and every message read or unknown."""
    open_rows = rows(environment, "SELECT 1 FROM broadcast_messages WHERE status NOT IN ('read', 'unknown') LIMIT 1")
    return not open_rows and rows(environment, "SELECT 1 FROM broadcasts WHERE status = 'done'")


def assert_everybody_once(meta, environment):
    """Of each recipient: one message at Meta, or none and the fate is unknown."""
    recipients = dict(
        rows(
            environment,
            "SELECT phone, status FROM broadcast_messages JOIN customers ON customers.id = customer_id",
        )
    )
    received = Counter(body["to"] for body in meta.sends)
    unknown = {phone for phone, status in recipients.items() if status == "unknown"}
    assert len(recipients) == PEOPLE
    assert set(received.values()) == {1}
    assert set(recipients) - set(received) <= unknown
    assert len(unknown) <= KILLS * MAX_CALLS
