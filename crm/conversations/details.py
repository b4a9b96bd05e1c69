"""
What a message says beyond its words: an order, a form's answers, contact cards, a place, the ad it came from. Pure.

All of it is somebody else's JSON (Webhooks, "messages"), so anything may be missing or of another type: what cannot
be read is None, and nothing raises.
"""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.models.deal import readable_amount
from whatsapp.webhooks.safe_json import safe_loads

from .foreign_json import degrees_of, dict_of, dicts_of, email_link, number_of, phone_link, text_of, web_link

#: Nobody orders as many.
MAX_QUANTITY = 10**6


@dataclass(frozen=True)
class OrderItem:
    """One line of an order. `price` is that of one piece, a decimal as text."""

    product_id: str | None
    quantity: int | None
    price: str | None
    currency: str | None

    @property
    def readable_price(self) -> str:
        return _readable(self.price, self.currency)


@dataclass(frozen=True)
class Total:
    """What the items of a currency cost together, a decimal as text."""

    amount: str
    currency: str | None

    @property
    def readable_amount(self) -> str:
        return _readable(self.amount, self.currency)


@dataclass(frozen=True)
class Order:
    """A basket of a catalogue. A currency in which an item has no price or quantity has no total."""

    items: list[OrderItem]
    totals: list[Total]
    text: str | None

    def lines(self) -> Iterator[str]:
        for item in self.items:
            quantity = "?" if item.quantity is None else item.quantity
            yield f"{item.product_id or '?'} × {quantity}, {item.readable_price}"
        for total in self.totals:
            yield f"{_('Total')}: {total.readable_amount}"


@dataclass(frozen=True)
class FormValue:
    """One answer of a form. What is inside another value is named by its path: address.city, children.0.name."""

    name: str
    value: str

    @property
    def readable_value(self) -> str:
        """The value as a person reads it: a box that is ticked or not is a yes or a no."""
        return {"true": _("yes"), "false": _("no")}.get(self.value, self.value)


@dataclass(frozen=True)
class ContactCard:
    name: str | None
    phones: list[str]
    emails: list[str]

    @property
    def phone_links(self) -> list[tuple[str, str]]:
        """Each phone as it is written, and its link; the link is empty where there is nothing to dial."""
        return [(phone, phone_link(phone)) for phone in self.phones]

    @property
    def email_links(self) -> list[tuple[str, str]]:
        return [(email, email_link(email)) for email in self.emails]


@dataclass(frozen=True)
class Location:
    """A place. `url` shows it on a map; without coordinates it is the link that came along, if any."""

    latitude: float | None
    longitude: float | None
    name: str | None
    address: str | None
    url: str | None

    @property
    def coordinates(self) -> str:
        return "" if self.latitude is None else f"{self.latitude:.6f}, {self.longitude:.6f}"


@dataclass(frozen=True)
class Ad:
    """The ad or post from which a conversation began (Webhooks, "referral"). `click_id` is Meta's `ctwa_clid`."""

    headline: str | None
    body: str | None
    url: str | None
    id: str | None
    click_id: str | None


@dataclass(frozen=True)
class Product:
    """The product of a catalogue that a question is about (Webhooks, "context.referred_product")."""

    catalog_id: str | None
    product_id: str | None


@dataclass(frozen=True)
class Call:
    """A call by the customer ("in") or to them ("out"); `seconds` of one that was answered. None: it has not ended."""

    direction: str
    answered: bool | None
    seconds: int | None

    @property
    def length(self) -> str:
        return "{}:{:02}".format(*divmod(self.seconds or 0, 60))


@dataclass(frozen=True)
class Details:
    """What one message says beyond its words; None where it says nothing of the kind."""

    order: Order | None
    form: list[FormValue] | None
    contacts: list[ContactCard] | None
    location: Location | None
    ad: Ad | None
    product: Product | None
    forwarded: bool | None
    call: Call | None

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def lines(self) -> Iterator[str]:
        """All of it as a person reads it, for a cell of a table."""
        if self.forwarded:
            yield _("Forwarded")
        if self.ad:
            yield _line(_("From an ad:"), self.ad.headline, self.ad.body, self.ad.url, self.ad.id)
        if self.product:
            yield _line(_("About the product:"), self.product.product_id)
        if self.order:
            yield from self.order.lines()
        for answer in self.form or ():
            yield f"{answer.name}: {answer.readable_value}"
        for card in self.contacts or ():
            yield _line("", card.name, *card.phones, *card.emails)
        if self.location:
            yield _line("", self.location.name, self.location.address, self.location.coordinates, self.location.url)


def details_of(message_type: str, content: Any) -> Details | None:
    """The details of a message, or None; `content` is an element of a webhook's `messages[]`, or what was sent."""
    content = dict_of(content)
    context = dict_of(content.get("context"))
    body = content.get(message_type)
    details = Details(
        order=_order(dict_of(body)) if message_type == "order" else None,
        form=form_of(content) if message_type == "interactive" else None,
        contacts=_contacts(body) if message_type == "contacts" else None,
        location=_location(dict_of(body)) if message_type == "location" else None,
        ad=ad_of(content),
        product=_product(dict_of(context.get("referred_product"))),
        call=call_of(dict_of(body)) if message_type == "call" else None,
        forwarded=True if context.get("forwarded") is True or context.get("frequently_forwarded") is True else None,
    )
    return details if any(value is not None for value in vars(details).values()) else None


def ad_of(content: Any) -> Ad | None:
    """The ad from which the message of this content came."""
    referral = dict_of(dict_of(content).get("referral"))
    ad = Ad(
        headline=text_of(referral.get("headline")),
        body=text_of(referral.get("body")),
        url=web_link(referral.get("source_url")),
        id=text_of(referral.get("source_id")),
        click_id=text_of(referral.get("ctwa_clid")),
    )
    return ad if any(vars(ad).values()) else None


def form_of(content: Any) -> list[FormValue] | None:
    """The answers of a form (a Flow, an address form), flat and in their order; None where there is no form."""
    answers = form_answers(content)
    if answers is None:
        return None
    return [FormValue(name, value) for name, value in _flat(answers) if value] or None


def form_answers(content: Any) -> dict[str, Any] | None:
    """The answers of a form as they came, without the token of the form itself; None where there is no form."""
    reply = dict_of(dict_of(dict_of(content).get("interactive")).get("nfm_reply"))
    answers = _parsed(reply.get("response_json"))
    if not isinstance(answers, dict):
        return None
    return {name: value for name, value in answers.items() if name != "flow_token"}


def _parsed(value: Any) -> Any:
    """JSON in a text, or JSON that already was read; None for what is none."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
        return safe_loads(text.encode("utf-8", "replace"))
    except (ValueError, TypeError, RecursionError):
        return None


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """(path, text) of everything in a value; plain values of a list stand in one text."""
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        yield ".".join(path), ", ".join(filter(None, map(_plain, value)))
    elif isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(item, (*path, str(name)))
    else:
        yield ".".join(path), _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def call_of(body: dict[str, Any]) -> Call:
    """What became of a call (Webhooks, "calls"). Meta reports a duration, in seconds, of calls that were answered."""
    direction = "out" if body.get("direction") == "BUSINESS_INITIATED" else "in"
    if body.get("event") != "terminate":
        return Call(direction, answered=None, seconds=None)
    seconds = _whole(number_of(body.get("duration")))
    answered = bool(seconds) and body.get("status") != "FAILED"
    return Call(direction, answered, seconds if answered else None)


# Orders


def _order(order: dict[str, Any]) -> Order | None:
    items = [_order_item(item) for item in dicts_of(order.get("product_items"))]
    text = text_of(order.get("text"))
    return Order(items, _totals(items), text) if items or text else None


def _order_item(item: dict[str, Any]) -> OrderItem:
    quantity = number_of(item.get("quantity"))
    price = number_of(item.get("item_price"))
    return OrderItem(
        product_id=text_of(item.get("product_retailer_id")),
        quantity=_whole(quantity),
        price=None if price is None else _amount(price),
        currency=text_of(item.get("currency")),
    )


def _whole(quantity: Decimal | None) -> int | None:
    """A quantity with which amounts stay exact: fewer digits than decimals are calculated with."""
    if quantity is None or quantity >= MAX_QUANTITY or quantity != int(quantity):
        return None
    return int(quantity)


def _totals(items: list[OrderItem]) -> list[Total]:
    sums: dict[str | None, Decimal | None] = {}
    for item in items:
        so_far, cost = sums.get(item.currency, Decimal(0)), _cost(item)
        sums[item.currency] = None if so_far is None or cost is None else so_far + cost
    return [Total(_amount(amount), currency) for currency, amount in sums.items() if amount is not None]


def _cost(item: OrderItem) -> Decimal | None:
    return None if item.price is None or item.quantity is None else item.quantity * Decimal(item.price)


def _amount(amount: Decimal) -> str:
    """An amount with two decimals, or as many as it has."""
    hundredths = round(amount, 2)
    return f"{hundredths if hundredths == amount else amount.normalize():f}"


def _readable(amount: str | None, currency: str | None) -> str:
    return "?" if amount is None else readable_amount(Decimal(amount), currency or "").strip()


# People and places


def _contacts(cards: Any) -> list[ContactCard] | None:
    found = [_contact_card(card) for card in dicts_of(cards)]
    return [card for card in found if card.name or card.phones or card.emails] or None


def _contact_card(card: dict[str, Any]) -> ContactCard:
    name = dict_of(card.get("name"))
    parts = filter(None, (text_of(name.get("first_name")), text_of(name.get("last_name"))))
    return ContactCard(
        name=text_of(name.get("formatted_name")) or " ".join(parts) or None,
        phones=_unique(text_of(entry.get("phone")) or _wa_phone(entry) for entry in dicts_of(card.get("phones"))),
        emails=_unique(text_of(entry.get("email")) for entry in dicts_of(card.get("emails"))),
    )


def _wa_phone(entry: dict[str, Any]) -> str | None:
    wa_id = text_of(entry.get("wa_id"))
    return f"+{wa_id.lstrip('+')}" if wa_id else None


def _location(location: dict[str, Any]) -> Location | None:
    latitude, longitude = degrees_of(location.get("latitude"), 90), degrees_of(location.get("longitude"), 180)
    is_on_map = latitude is not None and longitude is not None
    place = Location(
        latitude=latitude if is_on_map else None,
        longitude=longitude if is_on_map else None,
        name=text_of(location.get("name")),
        address=text_of(location.get("address")),
        url=_map_link(latitude, longitude) if is_on_map else web_link(location.get("url")),
    )
    return place if any(value is not None for value in vars(place).values()) else None


def _map_link(latitude: float | None, longitude: float | None) -> str:
    return f"https://www.google.com/maps/search/?api=1&query={latitude:.7f},{longitude:.7f}"


def _product(product: dict[str, Any]) -> Product | None:
    catalog_id, product_id = text_of(product.get("catalog_id")), text_of(product.get("product_retailer_id"))
    return Product(catalog_id, product_id) if catalog_id or product_id else None


def _line(heading: str, *parts: str | None) -> str:
    return f"{heading} {', '.join(filter(None, parts))}".strip()


def _unique(texts: Iterator[str | None]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
