"""The scenario document, format 1."""

from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field

from .field_types import Items, Whole
from .limits import DEFAULT_EXPIRES, MAX_STEPS, MAX_TRIGGERS, MAX_WAIT, MIN_EXPIRES
from .part import Part
from .steps import BaseStep, Condition, Step
from .triggers import Trigger

T = TypeVar("T", bound=Part)


class Scenario(Part):
    """
    What a bot says and does: triggers that start it and steps that follow one another. In texts {{customer.name}},
    {{customer.phone}}, {{customer.attributes.…}}, {{vars.…}}, {{message.text}} and {{message.form.…}} are filled in;
    a missing value leaves nothing, or what is given as {{customer.name|default:"friend"}}.
    """

    format: Annotated[Literal[1], BeforeValidator(lambda value: 1 if value == 1 else value)] = Field(
        description="The document's format. Later additions keep the meaning of what stands in it."
    )
    triggers: Annotated[tuple[Trigger, ...], Items(MAX_TRIGGERS)] = Field(
        description="What starts it. Without one nothing does."
    )
    steps: Annotated[tuple[Step, ...], Items(MAX_STEPS)] = Field(
        description="The scenario begins at the first. Each goes on to the following one where it does not say."
    )
    expires: Annotated[int, Whole(MIN_EXPIRES, MAX_WAIT)] = Field(
        DEFAULT_EXPIRES, description="Seconds after which a scenario ends that waits for an answer."
    )

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each step stands, by its key."""
        return {step.key: position for position, step in enumerate(self.steps)}

    @cached_property
    def asks_for_tags(self) -> bool:
        """Whether a condition looks at the customer's tags."""
        rules = (rule for step in self.steps if isinstance(step, Condition) for rule in step.rules)
        return any(rule.field == "customer.tags" for rule in rules)

    def step(self, key: str | None) -> BaseStep | None:
        """The step with a key; None where there is none."""
        position = self.positions.get(key) if key else None
        return None if position is None else self.steps[position]

    def triggers_of(self, kind: type[T]) -> list[T]:
        """The triggers of a kind, in order."""
        return [trigger for trigger in self.triggers if isinstance(trigger, kind)]
