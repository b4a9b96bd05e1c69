"""
The kinds of steps. Each says which keys a step of its kind has, what entering it does, and where it may lead; kinds
that wait say what an answer does. A new kind is a class here and a line in KINDS.

Entering or answering returns where to go on: a step's key, or ONWARD, WAIT, or the reason for which the session ends.
"""

from enum import Enum

from django.utils.translation import gettext_lazy as _

from . import answers, content
from .effects import AddTags, CreateDeal, EndReason, HandOff, RemoveTags, SetCustomer
from .fields import Key, ListOf, OneOf, Record, Text, Texts, Whole
from .matching import folded

MAX_NAME = 200
MAX_DEAL_TITLE = 200
MAX_ATTRIBUTE = 1000


class Move(Enum):
    ONWARD = "to the following step"
    WAIT = "for an answer"


ONWARD, WAIT = Move


class StepKind:
    """
    `name` is what people call it. `fields` are the keys of a step of this kind beside `key` and `kind`; `required` are
    those it cannot miss.
    """

    name = ""
    fields = {}
    required = ()
    waits = False
    goes_on = True

    def record(self):
        return Record({"key": Key(), "kind": Text(20), **self.fields}, ("key", "kind", *self.required))

    def enter(self, step, turn):
        raise NotImplementedError

    def exits(self, step):
        """The references to other steps: pairs of the path below the step and the key found there."""
        return [("next", step["next"])] if "next" in step else []

    def leads_onward(self, step):
        """Whether it may lead to the following step."""
        return self.goes_on and "next" not in step


class Message(StepKind):
    """Says something."""

    name = _("Message")
    fields = {"text": Text(content.MAX_TEXT), "next": Key()}
    required = ("text",)

    def enter(self, step, turn):
        turn.say(step["text"])
        return step.get("next", ONWARD)


class Question(StepKind):
    """Asks and waits. A wrong answer is asked for again, up to `invalid.tries` times; `timeout` limits the waiting."""

    max_text = content.MAX_TEXT
    waits = True

    @property
    def fields(self):
        return {
            "text": Text(self.max_text),
            "save_to": Key(),
            "next": Key(),
            "invalid": Record({"text": Text(self.max_text), "tries": Whole(1, 20), "next": Key()}),
            "timeout": Record({"seconds": Whole(1, 30 * 86400), "next": Key()}, ("seconds",)),
        }

    def exits(self, step):
        outs = super().exits(step)
        for name in ("invalid", "timeout"):
            if "next" in step.get(name, {}):
                outs.append((f"{name}.next", step[name]["next"]))
        return outs

    def enter(self, step, turn):
        self.ask(step, step["text"], turn)
        return WAIT

    def ask(self, step, text, turn):
        raise NotImplementedError

    def answer(self, step, said, turn):
        raise NotImplementedError

    def save(self, step, value, turn):
        if "save_to" in step:
            turn.vars[step["save_to"]] = value

    def refuse(self, step, turn):
        """The answer was none: ask again, or go where the author says after so many tries."""
        invalid = step.get("invalid", {})
        turn.tries += 1
        if "next" in invalid and turn.tries >= invalid.get("tries", 1):
            return invalid["next"]
        self.ask(step, invalid.get("text", step["text"]), turn)
        return WAIT

    def time_out(self, step):
        return step.get("timeout", {}).get("next", EndReason.EXPIRED)


class Menu(Question):
    """Offers choices. An answer is a tap, a label, a key or a position; the label is kept."""

    name = _("Menu")
    max_text = content.MAX_INTERACTIVE_BODY
    choice = Record({"key": Key(), "label": Text(content.MAX_ROW_TITLE), "next": Key()}, ("key", "label"))
    required = ("text", "choices")

    @property
    def fields(self):
        return {**super().fields, "choices": ListOf(self.choice, content.MAX_ROWS)}

    def exits(self, step):
        chosen = [
            (f"choices[{position}].next", choice["next"])
            for position, choice in enumerate(step.get("choices", ()))
            if "next" in choice
        ]
        return [*chosen, *super().exits(step)]

    def leads_onward(self, step):
        return super().leads_onward(step) and not all("next" in choice for choice in step.get("choices", ()))

    def ask(self, step, text, turn):
        turn.offer(step, text)

    def answer(self, step, said, turn):
        choice = chosen(step, said)
        if choice is None:
            return self.refuse(step, turn)
        self.save(step, choice["label"], turn)
        return choice.get("next") or step.get("next", ONWARD)


def chosen(step, said):
    """The choice that an answer means, or None. A tap on another step's menu is no answer."""
    choices = step["choices"]
    if said.choice_id:
        return next((it for it in choices if said.choice_id == content.choice_id(step["key"], it["key"])), None)
    text = folded(said.text)
    for name in ("label", "key"):
        for choice in choices:
            if folded(choice[name]) == text:
                return choice
    position = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
    return choices[position - 1] if 1 <= position <= len(choices) else None


class Ask(Question):
    """Asks for something to be written or sent."""

    name = _("Question")
    required = ("text", "answer")

    @property
    def fields(self):
        return {"answer": OneOf(tuple(answers.READERS)), **super().fields}

    def ask(self, step, text, turn):
        turn.say(text)

    def answer(self, step, said, turn):
        value = answers.READERS[step["answer"]](said, turn.now)
        if value is None:
            return self.refuse(step, turn)
        self.save(step, value, turn)
        return step.get("next", ONWARD)


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
                turn.want(effect(tuple(tag for tag in names if tag)))
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


class Goto(StepKind):
    """Goes on elsewhere."""

    name = _("Go to a step")
    fields = {"step": Key()}
    required = ("step",)
    goes_on = False

    def enter(self, step, turn):
        return step["step"]

    def exits(self, step):
        return [("step", step["step"])] if "step" in step else []


class Handoff(StepKind):
    """Calls a person and ends."""

    name = _("Call a person")
    fields = {"text": Text(content.MAX_TEXT)}
    goes_on = False

    def enter(self, step, turn):
        turn.say(step.get("text", ""))
        turn.want(HandOff())
        return EndReason.HANDED_OFF


class End(StepKind):
    """Ends."""

    name = _("End")
    fields = {"text": Text(content.MAX_TEXT)}
    goes_on = False

    def enter(self, step, turn):
        turn.say(step.get("text", ""))
        return EndReason.FINISHED


KINDS = {
    "message": Message(),
    "menu": Menu(),
    "ask": Ask(),
    "set": Set(),
    "goto": Goto(),
    "handoff": Handoff(),
    "end": End(),
}
