"""
The kinds of steps: which keys each has and where it may lead. What entering and answering it does is the engine's
(bots.engine.steps). A new kind is a class here, in the union Step, and a handler there.
"""

from typing import Annotated, ClassVar, Literal, cast

from pydantic import Field

from . import limits
from .field_types import Items, Json, Key, Omittable, Scalar, Text, Whole
from .part import Part, parts_in

#: The operators that need no value, and the methods of HTTP that carry JSON.
OPS_WITHOUT_VALUE = frozenset({"is_set"})
METHODS_WITH_BODY = ("POST", "PUT", "PATCH")

#: A reference to another step: the path below the step and the key that stands there.
Exit = tuple[str, str]

#: The step that follows.
NextStep = Annotated[Omittable[Key], Field(description="The key of the step that follows; without it the next one.")]
#: A name for what is kept.
SavedName = Annotated[
    Omittable[Key], Field(description="The name under which the answer is kept, for texts and conditions: vars.…")
]
#: What a step says that ends the scenario.
LastWords = Annotated[
    Omittable[Annotated[str, Text(limits.MAX_TEXT)]],
    Field(description="What is said before. Meta's limit: Cloud API, Messages, “Text object”."),
]


def _exits(*references: tuple[str, str | None]) -> list[Exit]:
    return [(path, key) for path, key in references if key is not None]


class BaseStep(Part):
    """
    What steps of all kinds have. `asks`: it waits for the person's answer. `takes_time`: it waits for a person or for
    a time, so that a circle through it is no endless loop.
    """

    asks: ClassVar[bool] = False
    takes_time: ClassVar[bool] = False

    key: Key = Field(description="The step's name, unlike that of any other.")
    kind: str

    def exits(self) -> list[Exit]:
        """The references to other steps."""
        return []

    def leads_onward(self) -> bool:
        """Whether it may lead to the following step."""
        return False


class StepWithNext(BaseStep):
    """A step that goes on, here or elsewhere."""

    next: NextStep = None

    def exits(self) -> list[Exit]:
        return _exits(("next", self.next))

    def leads_onward(self) -> bool:
        return self.next is None


class Message(StepWithNext):
    """Says something."""

    kind: Literal["message"]
    text: Annotated[str, Text(limits.MAX_TEXT)] = Field(
        description="What is said; {{customer.name}} is filled in. Meta's limit: Cloud API, Messages, “Text object”."
    )


class Template(StepWithNext):
    """
    Sends a template, which reaches the person also when the 24-hour window is closed, for example after a wait. If
    the number has no such approved template when its turn comes, a person is called.
    """

    kind: Literal["template"]
    template: Annotated[str, Text(limits.MAX_TEMPLATE_NAME)] = Field(
        description="Its name, as approved by Meta. Meta's limit: Business Management API, Message templates."
    )
    language: Annotated[str, Text(limits.MAX_LANGUAGE)] = Field(description="The code of its language, like ru.")
    parameters: Annotated[
        dict[Annotated[str, Text(limits.MAX_NAME_OF_VALUE)], Annotated[str, Text(limits.MAX_PARAMETER)]],
        Items(limits.MAX_PARAMETERS),
    ] = Field(
        {},
        description="By placeholder: “1” or its name in the body, “header.1”, “button.0.1”. Meta's limit: Business "
        "Management API, Message templates.",
    )


class Handoff(BaseStep):
    """Calls a person and ends. The bot is silent until the conversation is closed, given back or left by people."""

    kind: Literal["handoff"]
    text: LastWords = None


class End(BaseStep):
    """Ends the scenario."""

    kind: Literal["end"]
    text: LastWords = None


# Questions


class Timeout(Part):
    """What happens without an answer."""

    seconds: Annotated[int, Whole(1, limits.MAX_WAIT)] = Field(description="How long the answer is waited for.")
    next: Omittable[Key] = Field(None, description="The step that follows then; without it the scenario ends.")


class InvalidAnswer(Part):
    """What happens after a wrong answer."""

    text: Omittable[Annotated[str, Text(limits.MAX_TEXT)]] = Field(
        None, description="What is said; without it the question again."
    )
    tries: Omittable[Annotated[int, Whole(1, limits.MAX_TRIES)]] = Field(
        None, description="So many wrong answers lead to `next`; without it the first does."
    )
    next: Omittable[Key] = Field(None, description="The step that follows then; without it the question is repeated.")


class InvalidChoice(InvalidAnswer):
    """What happens after an answer that is none of the choices."""

    text: Omittable[Annotated[str, Text(limits.MAX_INTERACTIVE_BODY)]] = Field(
        None, description="What is said above the choices; without it the question again."
    )


class Question(StepWithNext):
    """Asks and waits. A wrong answer is asked for again, up to `invalid.tries` times; `timeout` limits the waiting."""

    asks = True
    takes_time = True

    text: Annotated[str, Text(limits.MAX_TEXT)] = Field(
        description="The question. Meta's limit: Cloud API, Messages, “Text object”."
    )
    save_to: SavedName = None
    invalid: Omittable[InvalidAnswer] = Field(None, description="What follows a wrong answer.")
    timeout: Omittable[Timeout] = Field(None, description="What follows when no answer comes in time.")

    def exits(self) -> list[Exit]:
        invalid_next = self.invalid.next if self.invalid else None
        timeout_next = self.timeout.next if self.timeout else None
        return super().exits() + _exits(("invalid.next", invalid_next), ("timeout.next", timeout_next))


class Ask(Question):
    """Asks for something to be written or sent."""

    kind: Literal["ask"]
    answer: Literal["text", "number", "email", "phone", "date", "image", "document", "location"] = Field(
        description="What is an answer. A phone is kept as E.164, a date as 2026-12-25, media as Meta's id."
    )


class Choice(Part):
    """A button, or a row of a list."""

    key: Key = Field(description="Its name, unlike that of the step's other choices.")
    label: Annotated[str, Text(limits.MAX_ROW_TITLE)] = Field(
        description=f"What is shown. At most {limits.MAX_BUTTON_TITLE} characters where up to {limits.MAX_BUTTONS} "
        "choices are buttons. Meta's limits: Cloud API, Messages, “Interactive object”."
    )
    next: Omittable[Key] = Field(None, description="The step that follows; without it that of the menu.")


class Menu(Question):
    """
    Offers choices: up to 3 are buttons, up to 10 a list. An answer is a tap, a label, a key or a position; the label
    is kept.
    """

    kind: Literal["menu"]
    text: Annotated[str, Text(limits.MAX_INTERACTIVE_BODY)] = Field(
        description="The question. Meta's limit: Cloud API, Messages, “Interactive object”."
    )
    choices: Annotated[tuple[Choice, ...], Items(limits.MAX_ROWS)] = Field(
        description="At least one. Meta's limit of rows: Cloud API, Messages, “Interactive object”."
    )
    invalid: Omittable[InvalidChoice] = Field(None, description="What follows an answer that is no choice.")

    def exits(self) -> list[Exit]:
        chosen = ((f"choices[{position}].next", choice.next) for position, choice in enumerate(self.choices))
        return _exits(*chosen) + super().exits()

    def leads_onward(self) -> bool:
        return super().leads_onward() and not all(choice.next is not None for choice in self.choices)


# Decisions and time


class Rule(Part):
    """What is known of a field, compared with a value."""

    field: Annotated[str, Text(limits.MAX_FIELD)] = Field(
        description="vars.…, customer.attributes.…, customer.name, customer.phone, customer.tags, message.text, "
        "message.form.… or now.office_hours."
    )
    op: Literal["equals", "not_equals", "contains", "greater", "less", "is_set", "in_tags"] = Field(
        description="Texts are compared without case, numbers and dates as such. `in_tags` is for customer.tags."
    )
    value: Omittable[Scalar] = Field(None, description="What it is compared with; `is_set` needs none.")


class Condition(BaseStep):
    """Goes one way when its rules hold, and another when not. Without a way it goes on to the following step."""

    kind: Literal["condition"]
    match: Literal["all", "any"] = Field("all", description="Whether all rules must hold, or any.")
    rules: Annotated[tuple[Rule, ...], Items(limits.MAX_RULES)] = Field(description="At least one.")
    then: Omittable[Key] = Field(None, description="The step that follows when the rules hold.")
    otherwise: Omittable[Key] = Field(None, description="The step that follows when they do not.")

    def exits(self) -> list[Exit]:
        return _exits(("then", self.then), ("otherwise", self.otherwise))

    def leads_onward(self) -> bool:
        return self.then is None or self.otherwise is None


class Wait(StepWithNext):
    """
    Lets some time pass. Nobody was asked anything, so what the person writes meanwhile is no answer: a keyword, a
    button, or a word of the bot begins what it always begins, and this scenario is over; anything else is left to
    people, and the wait goes on.
    """

    takes_time = True

    kind: Literal["wait"]
    seconds: Annotated[int, Whole(1, limits.MAX_WAIT)] = Field(
        description="How long. After 24 hours without a message of the customer WhatsApp lets only templates through."
    )


class Goto(BaseStep):
    """Goes on elsewhere."""

    kind: Literal["goto"]
    step: Key = Field(description="The key of the step that follows.")

    def exits(self) -> list[Exit]:
        return _exits(("step", self.step or None))


# What is written down, and who is called


class CustomerFacts(Part):
    """What is written down about the customer."""

    name: Omittable[Annotated[str, Text(limits.MAX_CUSTOMER_NAME)]] = Field(
        None, description="Their name; one that is blank once filled in changes nothing."
    )
    attributes: Annotated[
        dict[Annotated[str, Text(limits.MAX_NAME_OF_VALUE)], Annotated[str, Text(limits.MAX_ATTRIBUTE)]],
        Items(limits.MAX_ATTRIBUTES),
    ] = Field({}, description="Texts under names that the author chooses.")


class NewDeal(Part):
    """A deal that is created."""

    title: Annotated[str, Text(limits.MAX_DEAL_TITLE)] = Field(description="What people call it.")
    stage: Annotated[str, Text(limits.MAX_STAGE)] = Field("new", description="The key of one of the deal stages.")
    amount: Annotated[str, Text(limits.MAX_AMOUNT)] = Field("0", description="A number, perhaps of an answer.")


Tags = Annotated[tuple[Annotated[str, Text(limits.MAX_TAG)], ...], Items(limits.MAX_TAGS)]


class Set(StepWithNext):
    """Writes down what is known of the customer: name and attributes, tags, a deal."""

    kind: Literal["set"]
    customer: Omittable[CustomerFacts] = Field(None, description="The customer's name and attributes.")
    add_tags: Tags = Field((), description="Names of tags the customer gets.")
    remove_tags: Tags = Field((), description="Names of tags the customer loses.")
    deal: Omittable[NewDeal] = Field(None, description="A deal of the customer.")


class HttpRequest(StepWithNext):
    """
    Calls an address on a host that the business allowed and keeps the JSON of the answer. Any failure leads to
    `failed`, or to a person: a refused host, no answer in time, a status other than 2xx, no JSON where it is to be
    kept, and a call of which a crash left unknown whether it arrived. A call is never repeated by itself.
    """

    kind: Literal["http"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(description="HTTP's method.")
    url: Annotated[str, Text(limits.MAX_URL)] = Field(
        description="Where it is called: https://, or http:// where the business allows it, to port 80, 443 or 8443. "
        "Placeholders may stand after the host only."
    )
    body: Json = Field(
        None, alias="json", description="Sent with POST, PUT and PATCH; placeholders work inside its texts."
    )
    save_to: SavedName = None
    failed: Omittable[Key] = Field(None, description="The step that follows a failure; without it a person is called.")

    @property
    def has_body(self) -> bool:
        """Whether anything is sent along; null is something."""
        return "body" in self.model_fields_set

    def exits(self) -> list[Exit]:
        return super().exits() + _exits(("failed", self.failed))


Step = Annotated[
    Message | Menu | Ask | Condition | Set | Wait | Template | HttpRequest | Goto | Handoff | End,
    Field(discriminator="kind"),
]

#: The kinds of steps by their name in the document.
STEP_KINDS = cast(dict[str, type[BaseStep]], parts_in(Step))
