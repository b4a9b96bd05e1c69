"""The demo business while `up --demo` runs: made once, and introduced to the simulator of WhatsApp at every start."""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.models import User
from chatbot_site.operations import web
from crm.models import Customer
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.simulator import server
from whatsapp.simulator.state import Simulator

from . import business, story


@contextmanager
def running(port: int, site_url: str) -> Iterator[str]:
    """
    The demo business, made if there is none yet, beside a simulator that runs on `port`. Gives the simulator's URL.
    """
    if not User.objects.filter(email=story.OWNER["email"]).exists():
        business.make()
    try:
        simulating = server.start(port, callback_url=f"{site_url}/webhooks/whatsapp/", admin_url=f"{site_url}/admin/")
    except OSError as error:
        raise web.cannot_listen(server.HOST, port, error) from error
    try:
        for number in WhatsAppNumber.objects.order_by("pk"):
            _introduce(number, simulating.simulator)
        yield simulating.url
    finally:
        simulating.stop()


def _introduce(number: WhatsAppNumber, simulator: Simulator) -> None:
    """Make the simulator know a number as its owner registered it at Meta, and the people who may write to it."""
    simulator.directory.add_number(
        number.phone_number_id,
        number.phone_number,
        number.access_token,
        app_secret=number.app_secret,
        waba_id=number.waba_id,
        name=number.name,
    )
    for customer in Customer.objects.for_business(number.business).filter(phone__isnull=False):
        simulator.add_customer(customer.name, customer.phone or "")
    simulator.directory.subscribed[number.waba_id] = {simulator.directory.app_id: True}
    health.check(number)
