"""The deals of a customer beside a conversation, in a real browser: put into a page that shows something else."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse
from django.utils import translation

from accounts.testing import make_owner
from crm.deals import deals
from crm.models import Deal
from crm.testing import make_conversation
from whatsapp.testing import make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOW = """html => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    document.querySelector("#content").innerHTML = html;
    document.querySelectorAll("#content [name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
}"""


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def conversation(owner):
    return make_conversation(make_number(owner.business))


@pytest.fixture
def pane(open_page, live_server, owner, conversation):
    page = open_page(owner, reverse("admin:crm_tag_changelist"))
    request = RequestFactory().get("/")
    request.user = owner
    context = {"customer": conversation.customer, "conversation": conversation}
    with translation.override("en"):
        page.evaluate(SHOW, render_to_string("admin/crm/deal/customer_deals.html", context, request))
    for script in ("requests", "lost", "pane"):
        page.add_script_tag(url=f"{live_server.url}/static/crm/deals_{script}.js")
    return page


@pytest.fixture
def deal(conversation):
    return deals.create_deal(conversation.customer, "Cake", conversation=conversation)


def test_a_deal_is_moved_without_leaving_the_page(deal, pane):
    address = pane.url

    pane.get_by_label("Stage of “Cake”").select_option(label="In progress")
    pane.locator('[data-title="Cake"] option:checked').get_by_text("In progress").wait_for(state="attached")
    pane.locator("[name=stage]:focus").wait_for()

    deal.refresh_from_db()
    assert (deal.stage.key, pane.url) == ("in_progress", address)


def test_a_lost_deal_asks_why_and_goes_out_of_sight(deal, pane):
    pane.get_by_label("Stage of “Cake”").select_option(label="Lost")
    pane.get_by_label("In a few words").fill("Too expensive")
    pane.get_by_role("button", name="Mark as lost").click()
    pane.get_by_text("1 closed deal").wait_for()

    deal.refresh_from_db()
    assert (deal.stage.key, deal.lost_reason) == ("lost", "Too expensive")


def test_a_deal_is_added_without_leaving_the_page(pane, conversation):
    pane.get_by_text("Add a deal").click()
    pane.get_by_label("Title").fill("Pie")
    pane.get_by_label("Amount").fill("1500,50")
    pane.get_by_role("button", name="Add", exact=True).click()
    pane.get_by_role("link", name="Pie").wait_for()

    deal = Deal.objects.get()
    assert (deal.conversation, str(deal.amount)) == (conversation, "1500.50")


def test_what_is_refused_is_said_in_a_sentence(pane):
    pane.get_by_text("Add a deal").click()
    pane.get_by_label("Title").fill("Pie")
    pane.get_by_label("Amount").fill("1.500")
    pane.get_by_role("button", name="Add", exact=True).click()

    pane.get_by_role("alert").get_by_text("Write an amount in figures").wait_for()
