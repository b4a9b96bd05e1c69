"""Steps that ask the person something and wait for the answer."""

from django.utils.translation import gettext_lazy as _

from bots.engine import answers, content
from bots.engine.effects import EndReason
from bots.engine.fields import Key, ListOf, OneOf, Record, Text, Whole
from bots.engine.matching import folded

from .step import ONWARD, WAIT, StepKind


class Question(StepKind):
    """Asks and waits. A wrong answer is asked for again, up to `invalid.tries` times; `timeout` limits the waiting."""

    max_text = content.MAX_TEXT
    asks = True
    takes_time = True

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

    def time_out(self, step, turn):
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
    """
    The choice that an answer means, or None. A tap on another step's menu is no answer; a template's button counts as
    what stands on it.
    """
    choices = step["choices"]
    if said.choice_id:
        tapped = next((it for it in choices if said.choice_id == content.choice_id(step["key"], it["key"])), None)
        if tapped or said.type != "button":
            return tapped
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
