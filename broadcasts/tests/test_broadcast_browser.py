"""A broadcast in a real browser: from the draft to everybody having read it, at the simulated Meta."""

import pytest
from django.urls import reverse

from broadcasts import tasks
from broadcasts.models import Broadcast
from crm.customers import customers
from crm.testing import make_customer
from whatsapp.sending.tasks import deliver_due
from whatsapp.testing import make_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANNA, BORIS = "+79161234567", "+79265550011"


@pytest.fixture
def shop(number, meta):
    """A number at Meta with a template, and three customers, of whom one has opted out."""
    make_template(number, "{{1}}, 20 % off until Sunday.", name="autumn_sale", language="en")
    meta.connect(number)
    meta.simulator.templates(number.waba_id).append(
        {
            "id": "1",
            "name": "autumn_sale",
            "language": "en",
            "status": "APPROVED",
            "category": "MARKETING",
            "parameter_format": "POSITIONAL",
            "components": [{"type": "BODY", "text": "{{1}}, 20 % off until Sunday."}],
        }
    )
    make_customer(number.business, name="Anna", phone=ANNA)
    make_customer(number.business, phone=BORIS)
    customers.opt_out(make_customer(number.business, name="Vera"))
    return number


def test_from_the_draft_to_done(open_page, owner, shop, meta):
    page = open_page(owner, reverse("admin:broadcasts_broadcast_add"))
    page.fill("#id_name", "Autumn sale")
    page.select_option("#id_whatsapp_number", str(shop.pk))
    page.select_option("#id_template", label="autumn_sale (en)")
    page.click("[name=_save]")

    page.select_option("[name=parameter_1_source]", "customer.name")
    page.fill("[name=parameter_1_text]", "Friend")
    page.check("[name=who][value=everyone]")
    page.click("[name=_plan]")

    page.get_by_text("2 people will receive it").wait_for()
    page.get_by_text("1 · opted out").wait_for()
    page.click("button[value=start]")
    page.locator(".broadcast-status").wait_for()
    deliver_due()
    tasks.finish_broadcasts()

    page.locator(".broadcast-status.is-done").wait_for(timeout=10_000)
    page.locator(".state-read td", has_text="2").wait_for(timeout=10_000)
    assert [meta.sent_to(phone)[0]["template"]["components"][0]["parameters"] for phone in (ANNA, BORIS)] == [
        [{"type": "text", "text": "Anna"}],
        [{"type": "text", "text": "Friend"}],
    ]


def test_what_is_unfolded_stays_while_the_numbers_change(open_page, owner, shop):
    broadcast = Broadcast.objects.create(
        business=shop.business,
        whatsapp_number=shop,
        name="Sale",
        template=make_template(shop, "Sale"),
        audience={"everyone": True},
        status="paused",
    )
    page = open_page(owner, reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk]))
    page.click(".broadcast-buttons summary")

    Broadcast.objects.update(paused_reason="Pay Meta first.")

    page.get_by_text("Pay Meta first.").wait_for(timeout=10_000)
    assert page.locator("button[value=cancel]").is_visible()
