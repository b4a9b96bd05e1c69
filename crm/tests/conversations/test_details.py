import json
from decimal import Decimal

import pytest
from django.utils import translation

from crm.conversations.details import ad_of, details_of

#: More digits than Python writes.
HUGE = 10**5000


def order(*items, **fields):
    return {"type": "order", "order": {"catalog_id": "1", "product_items": list(items), **fields}}


def item(price, quantity=1, currency="RUB", product_id="A"):
    return {
        "product_retailer_id": product_id,
        "quantity": quantity,
        "item_price": price,
        "currency": currency,
    }


def form(answers):
    text = answers if isinstance(answers, str) else json.dumps(answers)
    reply = {"name": "flow", "body": "Sent", "response_json": text}
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


def read(content):
    details = details_of(content["type"], content)
    return details.as_json() if details else None


# Orders


def test_an_order_has_items_and_a_total():
    content = order(item(350.0, 2, product_id="SKU-77"), item(100, 1, product_id="SKU-9"), text="Подарочно")

    assert read(content)["order"] == {
        "items": [
            {"product_id": "SKU-77", "quantity": 2, "price": "350.00", "currency": "RUB"},
            {"product_id": "SKU-9", "quantity": 1, "price": "100.00", "currency": "RUB"},
        ],
        "totals": [{"amount": "800.00", "currency": "RUB"}],
        "text": "Подарочно",
    }


def test_each_currency_has_a_total_of_its_own():
    totals = read(order(item(1.5, 3, "EUR"), item(10, 1, "RUB"), item(0.25, 1, "EUR")))["order"]["totals"]

    assert totals == [{"amount": "4.75", "currency": "EUR"}, {"amount": "10.00", "currency": "RUB"}]


def test_money_is_added_exactly():
    assert read(order(*[item(0.1) for _each in range(3)]))["order"]["totals"][0]["amount"] == "0.30"


@pytest.mark.parametrize("price, kept", [("19.90", "19.90"), (0.005, "0.005"), ("1e2", "100.00"), (0, "0.00")])
def test_a_price_is_kept_as_it_is(price, kept):
    assert read(order(item(price)))["order"]["items"][0]["price"] == kept


NO_PRICES = [None, "", "a lot", float("nan"), float("inf"), -1, True, [], {}, HUGE, "9" * 40, "1e-9999", 1e300]


@pytest.mark.parametrize("price", NO_PRICES, ids=range(len(NO_PRICES)))
def test_a_price_that_is_none_is_told_as_unknown_and_in_no_total(price):
    found = read(order(item(price), item(5)))["order"]

    assert found["items"][0]["price"] is None
    assert found["totals"] == []


@pytest.mark.parametrize(
    "quantity, kept", [(2, 2), ("3", 3), (2.0, 2), (1.5, None), (None, None), ("two", None), (10**11, None)]
)
def test_a_quantity_is_a_whole_number(quantity, kept):
    assert read(order(item(5, quantity)))["order"]["items"][0]["quantity"] == kept


def test_a_price_that_is_unknown_leaves_the_totals_of_other_currencies():
    totals = read(order(item(None, 1, "EUR"), item(7, 1, "RUB")))["order"]["totals"]

    assert totals == [{"amount": "7.00", "currency": "RUB"}]


# Forms


def test_the_answers_of_a_form_are_listed_without_its_token():
    answers = {"flow_token": "t", "name": "Анна Р", "date": "2026-12-25"}

    assert read(form(answers))["form"] == [
        {"name": "name", "value": "Анна Р"},
        {"name": "date", "value": "2026-12-25"},
    ]


def test_answers_inside_others_are_named_by_their_path():
    answers = {
        "address": {"city": "Казань", "flat": 5},
        "topics": ["tea", "cake"],
        "children": [{"name": "Ия"}],
        "agree": True,
        "none": None,
    }

    found = {answer["name"]: answer["value"] for answer in read(form(answers))["form"]}

    assert found == {
        "address.city": "Казань",
        "address.flat": "5",
        "topics": "tea, cake",
        "children.0.name": "Ия",
        "agree": "true",
    }


def test_a_ticked_box_is_a_yes_for_people():
    [answer] = details_of("interactive", form({"agree": True})).form

    with translation.override("ru"):
        assert answer.readable_value == "да"


@pytest.mark.parametrize(
    "answers", ["", "{", "[]", "7", "null", "{}", '{"flow_token": "t"}', "[" * 5000, '{"a":' * 500 + "1" + "}" * 500]
)
def test_a_form_without_answers_says_nothing(answers):
    assert read(form(answers)) is None


def test_a_tap_is_no_form():
    reply = {"type": "button_reply", "button_reply": {"id": "1", "title": "S"}}

    assert read({"type": "interactive", "interactive": reply}) is None


# Contact cards and places


def test_contact_cards_have_names_phones_and_addresses():
    card = {
        "name": {"formatted_name": "Rui Ferreira"},
        "phones": [{"phone": "+1 (650) 555-0177", "wa_id": "16505550177"}, {"wa_id": "79031112233"}],
        "emails": [{"email": "rui@example.com"}],
    }

    assert read({"type": "contacts", "contacts": [card]})["contacts"] == [
        {"name": "Rui Ferreira", "phones": ["+1 (650) 555-0177", "+79031112233"], "emails": ["rui@example.com"]}
    ]


def test_phones_and_addresses_can_be_used():
    card = {"phones": [{"phone": "+7 903 111-22-33"}], "emails": [{"email": "a@b.ru"}]}
    [found] = details_of("contacts", {"contacts": [card]}).contacts

    assert found.phone_links == [("+7 903 111-22-33", "tel:+79031112233")]
    assert found.email_links == [("a@b.ru", "mailto:a@b.ru")]


def test_what_is_no_phone_or_address_is_no_link():
    card = {"phones": [{"phone": "call me"}], "emails": [{"email": 'a@b.ru?bcc=c@d.ru&x="'}]}
    [found] = details_of("contacts", {"contacts": [card]}).contacts

    assert found.phone_links == [("call me", "")]
    assert found.email_links[0][1] == ""


def test_a_place_is_shown_on_a_map():
    place = {"latitude": 38.7131, "longitude": -9.1399, "name": "Rossio", "address": "Lisboa", "url": "https://x.y/"}

    found = read({"type": "location", "location": place})["location"]

    assert found == {
        "latitude": 38.7131,
        "longitude": -9.1399,
        "name": "Rossio",
        "address": "Lisboa",
        "url": "https://www.google.com/maps/search/?api=1&query=38.7131000,-9.1399000",
    }


NO_LATITUDES = [None, "north", float("nan"), 91, True, "1" * 50, HUGE]


@pytest.mark.parametrize("latitude", NO_LATITUDES, ids=range(len(NO_LATITUDES)))
def test_a_place_without_coordinates_has_the_link_that_came_along(latitude):
    place = {"latitude": latitude, "longitude": 1, "name": "Rossio", "url": "https://example.com/rossio"}

    found = read({"type": "location", "location": place})["location"]

    assert (found["latitude"], found["longitude"], found["url"]) == (None, None, "https://example.com/rossio")


def test_coordinates_come_as_text_too():
    found = read({"type": "location", "location": {"latitude": "55.75", "longitude": "37.61"}})["location"]

    assert (found["latitude"], found["longitude"]) == (55.75, 37.61)


# What it came with


def test_an_ad_has_headline_link_and_ids():
    referral = {
        "source_url": "https://fb.me/ad1",
        "source_id": "120200",
        "headline": "Чай со скидкой 20%",
        "body": "Только сегодня",
        "ctwa_clid": "CLID-123",
    }

    assert read({"type": "text", "text": {"body": "Hi"}, "referral": referral})["ad"] == {
        "headline": "Чай со скидкой 20%",
        "body": "Только сегодня",
        "url": "https://fb.me/ad1",
        "id": "120200",
        "click_id": "CLID-123",
    }


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//evil", "ftp://a.b", "https://", "http://[", "java\nscript:x", 'h"'],
)
def test_an_ad_leads_nowhere_but_to_the_web(address):
    assert ad_of({"referral": {"source_url": address, "headline": "Tea"}}).url is None


def test_a_question_about_a_product_names_it():
    context = {"referred_product": {"catalog_id": "1", "product_retailer_id": "SKU-77"}}

    assert read({"type": "text", "context": context})["product"] == {"catalog_id": "1", "product_id": "SKU-77"}


@pytest.mark.parametrize("mark", ["forwarded", "frequently_forwarded"])
def test_a_forwarded_message_says_so(mark):
    assert read({"type": "text", "context": {mark: True}})["forwarded"] is True


def test_what_there_is_nothing_of_is_null():
    found = read(order(item(5)))

    assert [name for name, value in found.items() if value is not None] == ["order"]


@pytest.mark.parametrize(
    "content", [{"type": "text", "text": {"body": "Hi"}}, {"type": "text", "context": {"id": "wamid.1", "from": "7"}}]
)
def test_a_message_of_words_alone_has_no_details(content):
    assert read(content) is None


HOSTILE = [None, True, 0, -1, 1.5, float("nan"), "", "x", [], [None], [[]], {}, {"type": None}, [{"a": "b"}], HUGE]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("type", ["order", "contacts", "location", "interactive", "text", "unheard_of"])
def test_nothing_raises_whatever_came(type, value):
    for content in (
        value,
        {type: value, "referral": value, "context": value},
        {"order": {"product_items": [value], "text": value}},
        {"order": {"product_items": [dict.fromkeys(item(1), value)]}},
        {"contacts": [value, {"name": value, "phones": value, "emails": value}]},
        {"contacts": [{"name": {"formatted_name": value}, "phones": [value, {"phone": value, "wa_id": value}]}]},
        {"location": dict.fromkeys(["latitude", "longitude", "name", "address", "url"], value)},
        {"interactive": {"nfm_reply": value}},
        {"interactive": {"nfm_reply": {"response_json": value}}},
        {"referral": {"source_url": value, "headline": value}, "context": {"referred_product": value}},
    ):
        details = details_of(type, content)
        if details:
            json.dumps(details.as_json(), allow_nan=False)
            list(details.lines())


def test_an_order_of_many_items_is_added_exactly():
    content = order(*[item(999_999_999.99, 999_999) for _each in range(1000)])

    [total] = read(content)["order"]["totals"]

    assert Decimal(total["amount"]) == Decimal("999999999.99") * 999_999 * 1000


def test_a_quantity_nobody_orders_is_told_as_unknown():
    content = order(*[item("999999999999.999999", 10**11 - 1) for _each in range(2000)])

    assert read(content)["order"]["totals"] == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ("in", None, None)),
        ({"event": "terminate", "status": "COMPLETED", "duration": 125}, ("in", True, 125)),
        ({"event": "terminate", "status": "FAILED"}, ("in", False, None)),
        ({"event": "terminate", "duration": "junk", "direction": "BUSINESS_INITIATED"}, ("out", False, None)),
        ({"event": ["terminate"], "direction": 5}, ("in", None, None)),
    ],
)
def test_a_call_says_who_called_and_whether_it_was_answered(facts, expected):
    call = read({"type": "call", "call": facts})["call"]
    assert (call["direction"], call["answered"], call["seconds"]) == expected
