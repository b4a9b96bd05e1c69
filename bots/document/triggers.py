"""What starts a scenario."""

from typing import Annotated, Literal

from pydantic import Field

from .field_types import Text
from .limits import MAX_PATTERN
from .part import Part


class Keyword(Part):
    """The customer's message is a word, holds it, starts with it, or matches a pattern of RE2; case is ignored."""

    kind: Literal["keyword"]
    match: Literal["equals", "contains", "starts", "regex"] = Field(
        description="`contains` means the whole word, not a part of one; `regex` is RE2's syntax without \\b."
    )
    value: Annotated[str, Text(MAX_PATTERN)] = Field(description="The word, or the pattern.")


class FirstMessage(Part):
    """The first message that a customer ever writes."""

    kind: Literal["first_message"]


class AnyMessage(Part):
    """Any message that starts nothing else."""

    kind: Literal["any"]


Trigger = Annotated[Keyword | FirstMessage | AnyMessage, Field(discriminator="kind")]
