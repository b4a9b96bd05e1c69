"""
What a message says beyond its words: an order, a form's answers, contact cards, a place, the ad it came from. Pure.

All of it is somebody else's JSON (Webhooks, "messages"), so anything may be missing or of another type: what cannot
be read is None, and nothing raises.
"""

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

from crm.models.deal import readable_amount
from whatsapp.webhooks.safe_json import safe_loads

#: A price or a quantity is less, and has no more decimals.
_MAX_NUMBER = Decimal(10) ** 12
_MAX_DECIMALS = 6
_MAX_DIGITS = 30

_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")


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
        return [(phone, _phone_link(phone)) for phone in self.phones]

    @property
    def email_links(self) -> list[tuple[str, str]]:
        return [(email, _email_link(email)) for email in self.emails]


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
class Details:
    """What one message says beyond its words; None where it says nothing of the kind."""

    order: Order | None
    form: list[FormValue] | None
    contacts: list[ContactCard] | None
    location: Location | None
    ad: Ad | None
    product: Product | None
    forwarded: bool | None

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
    content = _dict(content)
    context = _dict(content.get("context"))
    body = content.get(message_type)
    details = Details(
        order=_order(_dict(body)) if message_type == "order" else None,
        form=form_of(content) if message_type == "interactive" else None,
        contacts=_contacts(body) if message_type == "contacts" else None,
        location=_location(_dict(body)) if message_type == "location" else None,
        ad=ad_of(content),
        product=_product(_dict(context.get("referred_product"))),
        forwarded=True if context.get("forwarded") is True or context.get("frequently_forwarded") is True else None,
    )
    return details if any(value is not None for value in vars(details).values()) else None


def ad_of(content: Any) -> Ad | None:
    """The ad from which the message of this content came."""
    referral = _dict(_dict(content).get("referral"))
    ad = Ad(
        headline=_text(referral.get("headline")),
        body=_text(referral.get("body")),
        url=_web_link(referral.get("source_url")),
        id=_text(referral.get("source_id")),
        click_id=_text(referral.get("ctwa_clid")),
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
    reply = _dict(_dict(_dict(content).get("interactive")).get("nfm_reply"))
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


# Orders


def _order(order: dict[str, Any]) -> Order | None:
    items = [_order_item(item) for item in _dicts(order.get("product_items"))]
    text = _text(order.get("text"))
    return Order(items, _totals(items), text) if items or text else None


def _order_item(item: dict[str, Any]) -> OrderItem:
    quantity = _number(item.get("quantity"))
    price = _number(item.get("item_price"))
    return OrderItem(
        product_id=_text(item.get("product_retailer_id")),
        quantity=int(quantity) if quantity is not None and quantity == int(quantity) else None,
        price=None if price is None else _amount(price),
        currency=_text(item.get("currency")),
    )


def _totals(items: list[OrderItem]) -> list[Total]:
    sums: dict[str | None, Decimal | None] = {}
    for item in items:
        so_far, cost = sums.get(item.currency, Decimal(0)), _cost(item)
        sums[item.currency] = None if so_far is None or cost is None else so_far + cost
    return [Total(_amount(amount), currency) for currency, amount in sums.items() if amount is not None]


def _cost(item: OrderItem) -> Decimal | None:
    return None if item.price is None or item.quantity is None else item.quantity * Decimal(item.price)


def _number(value: Any) -> Decimal | None:
    """A number that is not negative, or None for what is none. JSON has 350.0 for 350, and texts as well."""
    text = _digits(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number < _MAX_NUMBER:
        return None
    return number if number == round(number, _MAX_DECIMALS) else None


def _digits(value: Any) -> str:
    """A number as it is written, empty for what is none or longer than any."""
    text = "" if isinstance(value, bool) or not isinstance(value, int | float | str) else _str(value).strip()
    return text if len(text) <= _MAX_DIGITS else ""


def _amount(amount: Decimal) -> str:
    """An amount with two decimals, or as many as it has."""
    hundredths = round(amount, 2)
    return f"{hundredths if hundredths == amount else amount.normalize():f}"


def _readable(amount: str | None, currency: str | None) -> str:
    return "?" if amount is None else readable_amount(Decimal(amount), currency or "").strip()


# People and places


def _contacts(cards: Any) -> list[ContactCard] | None:
    found = [_contact_card(card) for card in _dicts(cards)]
    return [card for card in found if card.name or card.phones or card.emails] or None


def _contact_card(card: dict[str, Any]) -> ContactCard:
    name = _dict(card.get("name"))
    parts = filter(None, (_text(name.get("first_name")), _text(name.get("last_name"))))
    return ContactCard(
        name=_text(name.get("formatted_name")) or " ".join(parts) or None,
        phones=_unique(_text(entry.get("phone")) or _wa_phone(entry) for entry in _dicts(card.get("phones"))),
        emails=_unique(_text(entry.get("email")) for entry in _dicts(card.get("emails"))),
    )


def _wa_phone(entry: dict[str, Any]) -> str | None:
    wa_id = _text(entry.get("wa_id"))
    return f"+{wa_id.lstrip('+')}" if wa_id else None


def _location(location: dict[str, Any]) -> Location | None:
    latitude, longitude = _degrees(location.get("latitude"), 90), _degrees(location.get("longitude"), 180)
    is_on_map = latitude is not None and longitude is not None
    place = Location(
        latitude=latitude if is_on_map else None,
        longitude=longitude if is_on_map else None,
        name=_text(location.get("name")),
        address=_text(location.get("address")),
        url=_map_link(latitude, longitude) if is_on_map else _web_link(location.get("url")),
    )
    return place if any(value is not None for value in vars(place).values()) else None


def _degrees(value: Any, limit: int) -> float | None:
    try:
        degrees = float(_digits(value))
    except ValueError:
        return None
    return degrees if math.isfinite(degrees) and abs(degrees) <= limit else None


def _map_link(latitude: float | None, longitude: float | None) -> str:
    return f"https://www.google.com/maps/search/?api=1&query={latitude:.7f},{longitude:.7f}"


def _product(product: dict[str, Any]) -> Product | None:
    catalog_id, product_id = _text(product.get("catalog_id")), _text(product.get("product_retailer_id"))
    return Product(catalog_id, product_id) if catalog_id or product_id else None


# Links


def _web_link(value: Any) -> str | None:
    """An address of the web, or None: nobody is led anywhere else by what a customer sent."""
    text = _text(value) or ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    is_plain = not re.search(r"[\s\x00-\x1f<>\"\\]", text)
    return text if parts.scheme in ("http", "https") and parts.hostname and is_plain else None


def _phone_link(phone: str) -> str:
    digits = re.sub(r"[^0-9]", "", phone)
    plus = "+" if phone.strip().startswith("+") else ""
    return f"tel:{plus}{digits}" if 3 <= len(digits) <= 15 else ""


def _email_link(email: str) -> str:
    return f"mailto:{quote(email, safe='@')}" if _EMAIL.fullmatch(email) else ""


# JSON of others


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _text(value: Any) -> str | None:
    """A text in which something stands; ids come as numbers too."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return _str(value).strip() or None


def _str(value: Any) -> str:
    """A value as text; nothing for an integer longer than Python writes."""
    try:
        return str(value)
    except ValueError:
        return ""


def _line(heading: str, *parts: str | None) -> str:
    return f"{heading} {', '.join(filter(None, parts))}".strip()


def _unique(texts: Iterator[str | None]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
