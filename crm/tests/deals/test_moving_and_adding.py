"""What the board, the list and the pane beside a conversation post."""

from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from accounts.testing import make_colleague, make_owner
from crm.deals import deals
from crm.deals.pipelines import first_stage
from crm.models import Customer, Deal, DealStage
from crm.testing import make_conversation, make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def deal(owner):
    return deals.create_deal(make_customer(owner.business), "Cake")


def stage_of(business, key):
    return DealStage.objects.get(business=business, key=key)


def move(page, deal, key="won", **data):
    stage = stage_of(deal.business, key)
    return page.post(reverse("admin:crm_deal_move", args=[deal.pk]), {"stage": stage.pk, **data})


def add(page, **data):
    data = {"title": "Cake", "idempotency_key": str(uuid4()), **data}
    return page.post(reverse("admin:crm_deal_quick_add"), data)


def refused_fields(answer):
    assert answer.json()["is_done"] is False
    return set(answer.json()["errors"])


# Moving


def test_a_move_answers_the_board_with_the_card_and_the_sums(page, deal):
    answer = move(page, deal, answer="board").json()

    deal.refresh_from_db()
    assert (deal.stage.key, answer["stage"]) == ("won", deal.stage_id)
    assert f'data-deal="{deal.pk}"' in answer["card"]
    assert [head["count"] for head in answer["heads"]] == [0, 0, 1, 0]


def test_without_scripts_a_move_leads_back(page, deal):
    assert move(page, deal, next="/admin/crm/deal/board/?q=anna").url == "/admin/crm/deal/board/?q=anna"
    assert move(page, deal, "new", next="https://elsewhere.example/").url == reverse("admin:crm_deal_board")


def test_a_lost_deal_without_a_reason_is_refused_with_a_sentence(page, deal):
    answer = move(page, deal, "lost", answer="board")

    deal.refresh_from_db()
    assert (refused_fields(answer), deal.stage.key) == ({"lost_reason"}, "new")


def test_without_scripts_a_page_asks_why_the_deal_is_lost(page, deal):
    asked = move(page, deal, "lost", next="/admin/crm/deal/board/?q=anna")
    assert "Say in a few words why the deal was lost." in asked.text

    done = move(page, deal, "lost", lost_reason="Too expensive", next="/admin/crm/deal/board/?q=anna")

    deal.refresh_from_db()
    assert (done.url, deal.lost_reason) == ("/admin/crm/deal/board/?q=anna", "Too expensive")


def test_a_card_that_somebody_has_changed_meanwhile_is_not_moved(page, deal):
    shown = deal.revision
    deal.title = "Big cake"
    deal.save()

    answer = move(page, deal, revision=shown, answer="board")

    deal.refresh_from_db()
    assert (refused_fields(answer), deal.stage.key) == ({"__all__"}, "new")
    assert "Somebody changed this" in answer.json()["detail"]


def test_a_stage_of_another_business_is_none(page, deal):
    foreign = stage_of(make_owner().business, "won")

    answer = page.post(reverse("admin:crm_deal_move", args=[deal.pk]), {"stage": foreign.pk, "answer": "board"})

    assert refused_fields(answer) == {"stage"}


def test_a_stranger_moves_nothing(client, deal):
    client.force_login(make_owner())

    assert client.post(reverse("admin:crm_deal_move", args=[deal.pk]), {"stage": deal.stage_id}).status_code == 404


def test_an_operator_moves_deals(client, owner, deal):
    client.force_login(make_colleague(owner))

    move(client, deal)

    deal.refresh_from_db()
    assert deal.stage.key == "won"


# Moving many


def test_selected_deals_are_moved_together(page, owner, deal):
    other = deals.create_deal(deal.customer, "Pie")
    chosen = {"action": "move_selected", "_selected_action": [deal.pk, other.pk]}
    asked = page.post(reverse("admin:crm_deal_changelist"), chosen)
    assert "2 deals are selected." in asked.text

    page.post(reverse("admin:crm_deal_changelist"), {**chosen, "stage": stage_of(owner.business, "won").pk})

    assert set(Deal.objects.values_list("stage__key", flat=True)) == {"won"}


def test_of_selected_deals_none_is_lost_without_a_reason(page, owner, deal):
    chosen = {"action": "move_selected", "_selected_action": [deal.pk], "stage": stage_of(owner.business, "lost").pk}

    assert "Say in a few words why" in page.post(reverse("admin:crm_deal_changelist"), chosen).text

    page.post(reverse("admin:crm_deal_changelist"), {**chosen, "lost_reason": "Too expensive"})
    assert Deal.objects.get().lost_reason == "Too expensive"


# Adding


def test_a_deal_is_added_to_a_column_for_the_customer_of_a_phone(page, owner):
    customer = make_customer(owner.business, name="Anna", phone="+79161234567")
    stage = stage_of(owner.business, "in_progress")

    answer = add(page, customer_text="8 916 123-45-67", amount="1500,50", stage=stage.pk, answer="board")

    deal = Deal.objects.get()
    assert (answer.status_code, answer.json()["stage"]) == (201, stage.pk)
    assert (deal.customer, str(deal.amount), deal.responsible) == (customer, "1500.50", owner)


@pytest.mark.parametrize("text", ["Anna", "Anna · +7 916 123-45-67", "+79161234567"])
def test_a_customer_is_known_by_name_or_phone(page, owner, text):
    customer = make_customer(owner.business, name="Anna", phone="+79161234567")
    make_customer(owner.business, name="Anna Maria", phone="+79160000000")

    add(page, customer_text=text, answer="board")

    assert Deal.objects.get().customer == customer


def test_a_phone_that_nobody_has_makes_a_customer(page, owner):
    add(page, customer_text="8 916 123-45-67", answer="board")

    assert Deal.objects.get().customer == Customer.objects.get(business=owner.business, phone="+79161234567")


@pytest.mark.parametrize("text", ["An", "Nobody", ""])
def test_a_customer_who_is_not_clear_is_asked_for(page, owner, text):
    for name in ("Anna", "Andrey"):
        make_customer(owner.business, name=name)

    answer = add(page, customer_text=text, answer="board")

    assert refused_fields(answer) == {"customer_text"}
    assert not Deal.objects.exists()


def test_a_customer_of_another_business_is_none(page):
    make_customer(name="Stranger", phone="+79161234567")

    assert refused_fields(add(page, customer_text="Stranger", answer="board")) == {"customer_text"}
    assert refused_fields(add(page, customer=Customer.objects.get().pk, answer="board")) == {"customer"}


def test_a_double_click_adds_once(page, owner):
    key = str(uuid4())
    customer = make_customer(owner.business)
    for _click in range(2):
        answer = add(page, customer=customer.pk, idempotency_key=key, answer="board")

    assert Deal.objects.count() == 1
    assert (answer.status_code, answer.json()["card"]) == (201, "")


def test_without_scripts_what_is_missing_is_asked_for_on_the_long_form(page, owner):
    customer = make_customer(owner.business)

    refused = add(page, customer=customer.pk, amount="many")

    assert refused.url == f"{reverse('admin:crm_deal_add')}?title=Cake&customer={customer.pk}"


# Beside a conversation


@pytest.fixture
def conversation(number):
    return make_conversation(number)


def test_a_deal_is_added_beside_a_conversation(page, conversation):
    answer = add(page, customer=conversation.customer_id, conversation=conversation.pk, amount="10", answer="pane")

    deal = Deal.objects.get()
    assert (answer.status_code, deal.conversation) == (201, conversation)
    assert reverse("admin:crm_deal_change", args=[deal.pk]) in answer.text


def test_the_pane_offers_the_stages_of_the_customers_open_deals(page, conversation):
    deal = deals.create_deal(conversation.customer, "Cake")
    closed = deals.create_deal(conversation.customer, "Pie", stage_key="won")

    html = move(page, deal, "in_progress", conversation=conversation.pk, answer="pane").text

    assert f'<option value="{stage_of(deal.business, "in_progress").pk}" data-kind="open" selected>' in html
    assert reverse("admin:crm_deal_change", args=[closed.pk]) not in html
    assert "1 closed deal" in html


def test_the_pane_of_who_may_not_change_deals_has_no_forms(client, conversation, owner):
    deals.create_deal(conversation.customer, "Cake", stage_key=first_stage(owner.business).key)
    request = RequestFactory().get("/")
    request.user = make_owner()
    request.user.groups.clear()
    request.user.role = ""

    html = render_to_string("admin/crm/deal/customer_deals.html", {"customer": conversation.customer}, request)

    assert "Cake" in html
    assert '<form method="post"' not in html


def test_a_lost_deal_keeps_its_reason_on_the_way_to_another_lost_stage(owner, deal):
    lost = stage_of(owner.business, "lost")
    gone = DealStage.objects.create(
        business=owner.business, pipeline=lost.pipeline, key="gone", name="Gone", kind="lost", position=9
    )
    deals.move(deal, lost, owner, "too dear")
    deals.move(deal, gone, owner)
    deal.refresh_from_db()
    assert (deal.stage, deal.lost_reason) == (gone, "too dear")


def test_a_deal_that_is_sent_twice_beside_a_conversation_is_shown_both_times(page, conversation):
    data = {"customer": conversation.customer_id, "answer": "pane", "idempotency_key": str(uuid4())}
    answers = [add(page, **data) for _attempt in range(2)]
    assert [(answer.status_code, "Cake" in answer.text) for answer in answers] == [(201, True)] * 2
    assert Deal.objects.count() == 1


def test_more_cards_are_shown_below_a_card_of_the_same_column_alone(page, deal):
    column = reverse("admin:crm_deal_column")
    won = stage_of(deal.business, "won")
    assert page.get(column, {"after": deal.pk, "stage": deal.stage_id}).status_code == 200
    assert page.get(column, {"after": deal.pk, "stage": won.pk}).status_code == 404
