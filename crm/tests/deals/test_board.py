"""The board of deals: what it shows, to whom, in how many queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_administrator, make_colleague, make_owner
from crm.deals import board, deals
from crm.models import Deal, DealPipeline, DealStage
from crm.testing import make_conversation, make_customer

pytestmark = pytest.mark.django_db

BOARD = "admin:crm_deal_board"


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def columns(response):
    return {
        column.stage.key: [deal.title for deal in column.deals] for column, _amounts in response.context["columns"]
    }


def test_deals_stand_in_the_column_of_their_stage_the_last_to_come_first(page, owner):
    customer = make_customer(owner.business)
    for title, key in [("Cake", "new"), ("Pie", "won"), ("Tea", "new")]:
        deals.create_deal(customer, title, stage_key=key)

    assert columns(page.get(reverse(BOARD))) == {"new": ["Tea", "Cake"], "in_progress": [], "won": ["Pie"], "lost": []}


def test_a_column_counts_its_deals_and_adds_them_up_by_currency(page, owner):
    customer = make_customer(owner.business)
    for amount, currency in [(1500, "RUB"), (7, "EUR"), (None, "RUB")]:
        Deal.objects.filter(pk=deals.create_deal(customer, "Cake", amount).pk).update(currency=currency)

    first, amounts = page.get(reverse(BOARD)).context["columns"][0]

    assert (first.total.count, amounts) == (3, ["7\u00a0EUR", "1,500\u00a0RUB"])


def test_another_pipeline_has_a_board_of_its_own(page, owner):
    second = DealPipeline.objects.create(business=owner.business, name="Wholesale", position=1)
    DealStage.objects.create(business=owner.business, pipeline=second, key="asked", name="Asked")
    deals.create_deal(make_customer(owner.business), "Flour", stage_key="asked")

    assert "asked" not in columns(page.get(reverse(BOARD)))
    assert columns(page.get(reverse(BOARD), {"pipeline": second.pk})) == {"asked": ["Flour"]}


@pytest.mark.parametrize("pipeline", ["0", "x", "9" * 30])
def test_a_pipeline_that_is_not_there_shows_the_first(page, pipeline):
    assert list(columns(page.get(reverse(BOARD), {"pipeline": pipeline}))) == ["new", "in_progress", "won", "lost"]


def test_the_queries_of_a_board_do_not_grow_with_its_deals_and_stages(
    page, owner, number, django_assert_max_num_queries
):
    pipeline = DealPipeline.objects.get(business=owner.business)

    def add_deals(count):
        for serial in range(count):
            stage = DealStage.objects.create(
                business=owner.business, pipeline=pipeline, key=f"s{Deal.objects.count()}-{serial}", name="Stage"
            )
            conversation = make_conversation(number)
            deals.quick_add(conversation.customer, "Cake", 10, owner, stage, conversation)

    add_deals(1)
    with CaptureQueriesContext(connection) as few:
        page.get(reverse(BOARD))
    add_deals(6)
    with django_assert_max_num_queries(len(few)):
        page.get(reverse(BOARD))


def test_a_column_begins_with_its_first_cards_and_the_rest_is_fetched(page, owner):
    customer = make_customer(owner.business)
    for serial in range(board.MAX_CARDS + 5):
        deals.create_deal(customer, f"Cake {serial}")

    response = page.get(reverse(BOARD))
    first, _amounts = response.context["columns"][0]
    rest = page.get(reverse("admin:crm_deal_column"), {"after": first.deals[-1].pk})

    assert (len(first.deals), first.has_more) == (board.MAX_CARDS, True)
    assert [f"Cake {serial}<" in rest.text for serial in (5, 4, 3, 2, 1, 0)] == [False, True, True, True, True, True]
    assert rest.headers["X-More"] == "no"


def test_cards_of_one_moment_are_shown_once(page, owner):
    customer = make_customer(owner.business)
    for serial in range(board.MAX_CARDS + 2):
        deals.create_deal(customer, f"Cake {serial}")
    Deal.objects.update(moved_at=timezone.now())

    first, _amounts = page.get(reverse(BOARD)).context["columns"][0]
    rest = page.get(reverse("admin:crm_deal_column"), {"after": first.deals[-1].pk})

    assert rest.text.count("data-deal=") == 2


def test_the_board_is_filtered_by_who_is_responsible(page, owner):
    colleague = make_colleague(owner)
    customer = make_customer(owner.business)
    for title, person in [("Mine", owner), ("Theirs", colleague)]:
        deals.quick_add(customer, title, None, person)
    deals.create_deal(customer, "Nobody's")

    for responsible, expected in [("me", ["Mine"]), ("nobody", ["Nobody's"]), (colleague.pk, ["Theirs"])]:
        assert columns(page.get(reverse(BOARD), {"responsible": responsible}))["new"] == expected


def test_the_board_is_searched_by_customer(page, owner):
    deals.create_deal(make_customer(owner.business, name="Анна", phone="+79161234567"), "Cake")
    deals.create_deal(make_customer(owner.business, name="Пётр"), "Pie")

    for text in ("анна", "8 (916) 123-45-67"):
        assert columns(page.get(reverse(BOARD), {"q": text}))["new"] == ["Cake"]


def test_the_board_shows_what_is_overdue(page, owner):
    customer = make_customer(owner.business)
    for title, hours in [("Late", -1), ("Early", 1)]:
        Deal.objects.filter(pk=deals.create_deal(customer, title).pk).update(
            next_step_at=timezone.now() + timedelta(hours=hours)
        )

    assert columns(page.get(reverse(BOARD), {"overdue": "on"}))["new"] == ["Late"]


def test_a_stranger_sees_nothing_of_it(client, owner):
    deal = deals.create_deal(make_customer(owner.business), "Secret cake")
    client.force_login(make_owner(language="en"))

    assert "Secret cake" not in client.get(reverse(BOARD)).text
    assert client.get(reverse("admin:crm_deal_column"), {"after": deal.pk}).status_code == 404
    assert client.get(reverse("admin:crm_deal_customers"), {"term": "+7916"}).json() == {"results": []}


def test_a_platform_administrator_has_the_list(client):
    client.force_login(make_administrator())

    assert client.get(reverse(BOARD)).url == reverse("admin:crm_deal_changelist")
    assert client.get(reverse("admin:crm_deal_column"), {"after": "1"}).status_code == 404


def test_a_board_without_stages_says_what_to_do(page, owner):
    DealPipeline.objects.all().delete()

    assert "There are no stages yet" in page.get(reverse(BOARD)).text


def test_customers_are_suggested_by_name_with_their_phone(page, owner):
    make_customer(owner.business, name="Анна", phone="+79161234567")

    suggested = page.get(reverse("admin:crm_deal_customers"), {"term": "анн"}).json()

    assert suggested == {"results": ["Анна · +7 916 123-45-67"]}


def test_names_of_stages_and_deals_are_text(page, owner):
    DealStage.objects.filter(key="new").update(name="<b>New</b>")
    deals.create_deal(make_customer(owner.business, name="<i>Anna</i>"), '"><script>alert(1)</script>')

    html = page.get(reverse(BOARD)).text

    assert not {"<b>New", "<i>Anna", "<script>alert"} & {
        part for part in ("<b>New", "<i>Anna", "<script>alert") if part in html
    }
