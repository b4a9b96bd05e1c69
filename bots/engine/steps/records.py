"""Steps that write down what is known."""

from django.utils.translation import gettext_lazy as _

from bots.engine import answers
from bots.engine.effects import AddTags, CreateDeal, RemoveTags, SetCustomer
from bots.engine.fields import Key, ListOf, Record, Text, Texts

from .step import ONWARD, StepKind

MAX_NAME = 200
MAX_DEAL_TITLE = 200
MAX_ATTRIBUTE = 1000


class Set(StepKind):
    """Writes down what is known of the customer: name and attributes, tags, a deal."""

    name = _("Write down")
    tags = ListOf(Text(50), 20)
    fields = {
        "customer": Record({"name": Text(MAX_NAME), "attributes": Texts(MAX_ATTRIBUTE, 50)}),
        "add_tags": tags,
        "remove_tags": tags,
        "deal": Record({"title": Text(MAX_DEAL_TITLE), "stage": Text(50), "amount": Text(100)}, ("title",)),
        "next": Key(),
    }

    def enter(self, step, turn):
        self.write_customer(step.get("customer", {}), turn)
        for name, effect in (("add_tags", AddTags), ("remove_tags", RemoveTags)):
            if names := [turn.fill(tag, 50).strip() for tag in step.get(name, ())]:
                turn.know(effect(tuple(tag for tag in names if tag)))
        if "deal" in step:
            turn.want(self.deal(step["deal"], turn))
        return step.get("next", ONWARD)

    def write_customer(self, customer, turn):
        name = turn.fill(customer.get("name", ""), MAX_NAME).strip()
        attributes = {
            key: turn.fill(text, MAX_ATTRIBUTE).strip() for key, text in customer.get("attributes", {}).items()
        }
        if name or attributes:
            turn.know(SetCustomer(name or None, attributes))

    def deal(self, deal, turn):
        title = turn.fill(deal["title"], MAX_DEAL_TITLE).strip()
        amount = answers.read_number(turn.fill(deal.get("amount", "0"), 100)) or "0"
        return CreateDeal(title or "—", deal.get("stage", "new"), amount.removeprefix("-"))
