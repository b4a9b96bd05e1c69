"""The board of deals in a real browser: moved by keyboard, by mouse and by finger, and added to."""

import pytest
from django.urls import reverse

from accounts.testing import make_owner
from crm.deals import deals
from crm.models import Deal, DealStage
from crm.testing import make_customer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def deal(owner):
    return deals.create_deal(make_customer(owner.business, name="Anna", phone="+79161234567"), "Cake", 1500)


@pytest.fixture
def board(open_page, owner, deal):
    """Opens the board."""
    return lambda **options: open_page(owner, reverse("admin:crm_deal_board"), **options)


def column(page, name):
    return page.locator(f'.column[data-name="{name}"]')


def card_in(page, name):
    return column(page, name).locator(".deal-card")


def key_of_stage(deal):
    deal.refresh_from_db()
    return deal.stage.key


def test_the_arrow_keys_move_a_card_and_keep_the_focus_on_it(board, deal):
    page = board()
    page.get_by_role("link", name="Cake").focus()

    page.keyboard.press("ArrowRight")
    card_in(page, "In progress").wait_for()
    page.locator("#board-said").get_by_text("“Cake” is now in “In progress”.").wait_for(state="attached")

    assert key_of_stage(deal) == "in_progress"
    assert page.evaluate("document.activeElement.textContent") == "Cake"
    assert column(page, "New").locator(".column-count").inner_text() == "0"
    assert column(page, "In progress").locator(".column-sums").inner_text() == "1,500\u00a0RUB"


def drag(page, source, target):
    start, end = source.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] - 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 80, start["y"] + 30, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 90, steps=12)
    page.mouse.up()


def test_a_card_is_dragged_into_another_column(board, deal):
    page = board()

    with page.expect_response("**/move/*"):
        drag(page, card_in(page, "New"), column(page, "Won"))
    card_in(page, "Won").wait_for()

    assert key_of_stage(deal) == "won"


def test_a_card_dropped_into_a_lost_stage_asks_why(board, deal):
    page = board()

    drag(page, card_in(page, "New"), column(page, "Lost"))
    page.get_by_label("In a few words").fill("Too expensive")
    with page.expect_response("**/move/*"):
        page.get_by_role("button", name="Mark as lost").click()
    card_in(page, "Lost").get_by_text("Too expensive").wait_for()

    assert key_of_stage(deal) == "lost"
    assert deal.lost_reason == "Too expensive"


def test_a_card_stays_where_it_was_when_nobody_says_why_it_is_lost(board, deal):
    page = board()

    drag(page, card_in(page, "New"), column(page, "Lost"))
    page.get_by_role("button", name="Leave it where it was").click()
    card_in(page, "New").wait_for()

    assert key_of_stage(deal) == "new"


def test_the_select_of_a_card_moves_it(board, deal):
    page = board()

    page.get_by_label("Move “Cake” to").select_option(label="Won")
    card_in(page, "Won").wait_for()

    assert key_of_stage(deal) == "won"


def test_a_card_that_cannot_be_moved_goes_back_with_a_sentence(board, deal):
    page = board()
    deal.title = "Big cake"
    deal.save()

    page.get_by_label("Move “Cake” to").select_option(label="Won")

    page.get_by_role("alert").get_by_text("Somebody changed this").wait_for()
    assert card_in(page, "New").count() == 1


@pytest.fixture
def phone(board):
    return board(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)


def test_a_finger_that_holds_a_card_drags_it(phone, deal):
    page = phone
    start = card_in(page, "New").bounding_box()
    touch = page.context.new_cdp_session(page)

    def send(kind, x, y):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = start["x"] + 100, start["y"] + start["height"] - 12
    send("touchStart", x, y)
    page.locator(".board").evaluate("() => new Promise((held) => setTimeout(held, 400))")
    with page.expect_response("**/move/*"):
        for step in range(1, 13):
            send("touchMove", x + step * 20, y)
        send("touchEnd", 0, 0)

    assert key_of_stage(deal) == "in_progress"


def test_on_a_phone_the_page_is_as_wide_as_the_screen(phone):
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_deal_is_added_at_the_top_of_a_column(board, owner):
    page = board()
    page.get_by_text("Add a deal").nth(1).click()
    form = column(page, "In progress").locator(".quick-add")

    form.get_by_label("Title").fill("Pie")
    form.get_by_label("Customer").fill("8 916 123-45-67")
    form.get_by_label("Amount").fill("700,50")
    form.get_by_role("button", name="Add", exact=True).click()
    card_in(page, "In progress").get_by_text("Pie").wait_for()

    deal = Deal.objects.get(title="Pie")
    assert (deal.stage.key, str(deal.amount), deal.customer.name) == ("in_progress", "700.50", "Anna")


def test_customers_are_suggested_while_one_types(board):
    page = board()
    page.get_by_text("Add a deal").first.click()

    column(page, "New").get_by_label("Customer").type("ann")

    page.locator('#deal-customers option[value="Anna · +7 916 123-45-67"]').wait_for(state="attached")


def test_without_scripts_a_form_on_the_card_moves_it(board, deal):
    page = board(java_script_enabled=False)

    page.get_by_label("Move “Cake” to").select_option(label="Lost")
    page.get_by_role("button", name="Move").click()
    page.get_by_label("Why it was lost").fill("Too expensive")
    page.get_by_role("button", name="Move").click()
    card_in(page, "Lost").wait_for()

    assert key_of_stage(deal) == "lost"


def test_more_cards_are_fetched_below_the_first(board, deal):
    for serial in range(35):
        deals.create_deal(deal.customer, f"Pie {serial}", stage_key="in_progress")
    page = board()
    assert card_in(page, "In progress").count() == 30

    column(page, "In progress").get_by_text("Show more").click()
    page.get_by_text("Pie 0", exact=True).wait_for()

    assert card_in(page, "In progress").count() == DealStage.objects.get(key="in_progress").deals.count()
