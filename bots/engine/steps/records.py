"""Steps that write down what is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from bots.document.limits import MAX_AMOUNT, MAX_ATTRIBUTE, MAX_CUSTOMER_NAME, MAX_DEAL_TITLE, MAX_TAG
from bots.document.steps import CustomerFacts, NewDeal, Set
from bots.engine import answers
from bots.engine.effects import AddTags, CreateDeal, EndReason, RemoveTags, SetCustomer
from crm.normalization import fold_tag

from .handler import ONWARD, Destination, StepHandler

if TYPE_CHECKING:
    from bots.engine.engine import Turn


_HUNDREDTH = Decimal("0.01")

_MAY_BE_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")


class SetHandler(StepHandler[Set]):
    def enter(self, step: Set, turn: Turn) -> Destination:
        if step.customer:
            _write_customer(step.customer, turn)
        if step.add_tags:
            turn.record(AddTags(_filled(step.add_tags, turn)))
        if step.remove_tags:
            turn.record(RemoveTags(_filled(step.remove_tags, turn)))
        if step.deal:
            _create_deal(step.deal, turn)
        return step.next or ONWARD


def _write_customer(customer: CustomerFacts, turn: Turn) -> None:
    name = turn.fill(customer.name or "", MAX_CUSTOMER_NAME).strip()
    attributes = {key: turn.fill(text, MAX_ATTRIBUTE).strip() for key, text in customer.attributes.items()}
    if name or attributes:
        turn.record(SetCustomer(name or None, attributes))


def _filled(tags: Iterable[str], turn: Turn) -> tuple[str, ...]:
    """The names of tags, without those in which an empty value leaves nothing to be seen."""
    return tuple(name for tag in tags if fold_tag(name := turn.fill(tag, MAX_TAG).strip()))


def _create_deal(deal: NewDeal, turn: Turn) -> None:
    """Create a deal. Where its amount cannot be read it has none, and a person takes over who can."""
    title = turn.fill(deal.title, MAX_DEAL_TITLE).strip()
    amount = _amount(turn.fill(deal.amount, MAX_AMOUNT))
    turn.want(CreateDeal(title or "—", deal.stage, amount))
    if amount is None:
        turn.give_up(EndReason.UNREADABLE_AMOUNT)


def _amount(text: str) -> str | None:
    """
    The amount that a text names, with hundredths at most; 0 for nothing, None for what is no amount. 1.500 is none:
    one person writes fifteen hundred like that, another one and a half.
    """
    if not text.strip():
        return "0"
    number = answers.find_number(text)
    if number is None or number.startswith("-") or _MAY_BE_THOUSANDS.fullmatch(number):
        return None
    return f"{_rounded(Decimal(number)):f}"


def _rounded(amount: Decimal) -> Decimal:
    decimals = -int(amount.as_tuple().exponent)
    return amount if decimals <= 2 else amount.quantize(_HUNDREDTH, ROUND_HALF_UP)
