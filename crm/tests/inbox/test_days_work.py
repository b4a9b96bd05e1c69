"""What an operator does in a day, in both languages, in a real browser and without a page load."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from accounts.testing import make_owner
from crm.conversations import conversations
from crm.deals import deals
from crm.models import Conversation, Deal, DealStage, Message, SavedReply
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import PNG, make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["en", "ru"])
def operator(request: pytest.FixtureRequest) -> User:
    owner = make_owner(language=request.param, name="Vera")
    fields = {"language": request.param, "name": "Pavel", "role": Role.OPERATOR, "business": owner.business}
    return User.objects.create_user("operator@example.com", "password", **fields)


@pytest.fixture
def conversation(operator: User, meta: Any) -> Conversation:
    """A customer of long ago, with a deal."""
    number = make_number(operator.business)
    meta.connect(number)
    conversation = make_conversation(number, make_customer(number.business, name="Anna"))
    deals.create_deal(conversation.customer, "A cake", 1500, conversation=conversation)
    SavedReply.objects.create(business=number.business, shortcut="friday", text="It is ready on Friday")
    return conversation


def customer_writes(conversation: Conversation, text: str) -> None:
    make_message(conversation, text)
    conversation.refresh_from_db()
    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)


def wait_until(page: Any, is_so: Callable[[], bool]) -> None:
    """Give a page, and what it has asked for, some time."""
    for _attempt in range(50):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("It did not happen within five seconds.")


def test_a_days_work_is_done_without_leaving_the_page(
    open_page: Callable[..., Any], operator: User, conversation: Conversation
) -> None:
    page = open_page(operator, reverse("admin:crm_inbox"), viewport={"width": 1400, "height": 900})
    page.locator(".inbox-list").wait_for()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    stored = Conversation.objects.filter(pk=conversation.pk)

    # The customer writes, which the title of the tab tells.
    customer_writes(conversation, "Is the cake ready?")
    wait_until(page, lambda: page.title().startswith("(1)"))

    # A canned reply, by keys alone.
    page.keyboard.press("j")
    page.locator(f"#thread[data-conversation='{conversation.pk}']").wait_for()
    page.keyboard.type("/fri")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")
    wait_until(page, lambda: "Friday" in page.input_value("#id_text"))
    page.keyboard.press("Enter")
    page.locator(".entry.out").get_by_text("It is ready on Friday").wait_for()
    assert stored.get().waiting_since is None

    # A picture.
    page.set_input_files("#reply input[type=file]", {"name": "cake.png", "mimeType": "image/png", "buffer": PNG})
    page.focus("#id_text")
    page.keyboard.press("Enter")
    wait_until(page, lambda: Message.objects.filter(type="image", direction="out").exists())

    # A note for colleagues.
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("She comes at six")
    page.keyboard.press("Enter")
    page.locator(".entry").get_by_text("She comes at six").wait_for()

    # It is the operator's now.
    page.locator("#verb-assign_to_me").click()
    wait_until(page, lambda: stored.get().assignee_id == operator.pk)

    # The deal is won, beside the thread.
    won = DealStage.objects.get(business=operator.business, key="won")
    page.locator(".pane-deal select").select_option(str(won.pk))
    wait_until(page, lambda: Deal.objects.get().stage_id == won.pk)

    # Snoozed; back when the customer writes; closed.
    page.locator("#menu-snooze summary").click()
    page.locator("#menu-snooze button").first.click()
    wait_until(page, lambda: (stored.get().snoozed_until or timezone.now()) > timezone.now() + timedelta(minutes=30))
    customer_writes(conversation, "Thank you")
    page.locator(f"#row-{conversation.pk}").wait_for(timeout=6000)
    page.locator(f"#row-{conversation.pk}-link").click()
    page.locator("#verb-close").click()
    wait_until(page, lambda: stored.get().status == "closed")

    assert loads == []
