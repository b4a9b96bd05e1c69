"""Steps that ask the person something and wait for the answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

from bots.document.steps import Ask, Choice, Menu, Question
from bots.engine import answers, content
from bots.engine.effects import EndReason
from bots.engine.events import Said
from crm.normalization import normalize, trim

from .handler import ONWARD, WAIT, Destination, StepHandler

if TYPE_CHECKING:
    from bots.engine.engine import Turn

Q = TypeVar("Q", bound=Question)


class QuestionHandler(StepHandler[Q]):
    def enter(self, step: Q, turn: Turn) -> Destination:
        self.ask(step, step.text, turn)
        return WAIT

    def ask(self, step: Q, text: str, turn: Turn) -> None:
        raise NotImplementedError

    def answer(self, step: Q, said: Said, turn: Turn) -> Destination | None:
        """A tap on a menu that is gone is no answer, and no wrong one: the question is asked again."""
        if said.choice_id and said.type != "button" and said.choice_id not in self.ids(step):
            self.ask(step, step.text, turn)
            return WAIT
        return self.read(step, said, turn)

    def ids(self, step: Q) -> Collection[str]:
        """The ids of the buttons that the question offers."""
        return ()

    def read(self, step: Q, said: Said, turn: Turn) -> Destination | None:
        """The person answered. None when the question goes on waiting as it is."""
        raise NotImplementedError

    def is_left_to_people(self, step: Q, said: Said) -> bool:
        """Whether what was sent has nothing to do with the question: an order, a form, a contact card."""
        return said.is_for_people

    def refuse(self, step: Q, turn: Turn) -> Destination | None:
        """
        The answer was none: ask again, or go where the author says after so many tries. What is left to people is no
        wrong one, and the question goes on waiting.
        """
        if isinstance(turn.event, Said) and self.is_left_to_people(step, turn.event):
            return None
        invalid = step.invalid
        turn.tries += 1
        if invalid and invalid.next and turn.tries >= (invalid.tries or 1):
            return invalid.next
        self.ask(step, (invalid and invalid.text) or step.text, turn)
        return WAIT

    def time_out(self, step: Q, turn: Turn) -> Destination:
        return (step.timeout and step.timeout.next) or EndReason.EXPIRED


class MenuHandler(QuestionHandler[Menu]):
    def ask(self, step: Menu, text: str, turn: Turn) -> None:
        turn.offer(step, text)

    def ids(self, step: Menu) -> Collection[str]:
        return _by_id(step)

    def read(self, step: Menu, said: Said, turn: Turn) -> Destination | None:
        choice = _chosen(step, said)
        if choice is None:
            return self.refuse(step, turn)
        turn.save(step.save_to, choice.label)
        return choice.next or step.next or ONWARD


def _chosen(menu: Menu, said: Said) -> Choice | None:
    """
    The choice that an answer means, or None. A template's button counts as what stands on it.
    """
    if tapped := _by_id(menu).get(said.choice_id):
        return tapped
    return _written(menu.choices, normalize(said.text))


def _by_id(menu: Menu) -> dict[str, Choice]:
    return {content.choice_id(menu.key, choice.key): choice for choice in reversed(menu.choices)}


def _written(choices: tuple[Choice, ...], text: str) -> Choice | None:
    """The choice whose label, key or position a normalized text is: “Да” for “✅ Да”, “1)” or “№1” for the first."""
    labels = [normalize(choice.label) for choice in choices]
    keys = [normalize(choice.key) for choice in choices]
    for names in (labels, keys):
        if text in names:
            return choices[names.index(text)]
    said, bare = trim(text), [trim(label) for label in labels]
    # Two labels may differ by nothing but their emoji: then it is unknown which of them is meant.
    if bare.count(said) == 1:
        return choices[bare.index(said)]
    position = int(said) if said.isascii() and said.isdigit() and len(said) < 3 else 0
    return choices[position - 1] if 1 <= position <= len(choices) else None


class AskHandler(QuestionHandler[Ask]):
    def ask(self, step: Ask, text: str, turn: Turn) -> None:
        turn.say(text)

    def read(self, step: Ask, said: Said, turn: Turn) -> Destination | None:
        value = answers.READERS[step.answer](said, turn.now)
        if value is None:
            return self.refuse(step, turn)
        turn.save(step.save_to, value)
        return step.next or ONWARD

    def is_left_to_people(self, step: Ask, said: Said) -> bool:
        """A contact card answers a question for a phone, if it has one phone."""
        answers_phone = step.answer == "phone" and said.type == "contacts"
        return super().is_left_to_people(step, said) and not answers_phone
