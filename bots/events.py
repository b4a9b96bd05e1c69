"""What happens to a session, as the engine sees it."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Person:
    """The customer as a scenario knows them. Phones without a country code are read as phones of `country`."""

    name: str = ""
    phone: str = ""
    attributes: dict = field(default_factory=dict)
    country: str = "RU"

    def with_news(self, name=None, attributes=()):
        """The person after something was written down about them."""
        return replace(self, name=name or self.name, attributes={**self.attributes, **dict(attributes)})


@dataclass(frozen=True)
class Said:
    """
    The person wrote, tapped or sent something. `text` is empty for media without a caption, `choice_id` names a
    tapped button or row, `content` is the object of Meta's `type` (for example what stands under "image").
    """

    person: Person
    text: str = ""
    choice_id: str = ""
    type: str = "text"
    content: dict = field(default_factory=dict)


@dataclass(frozen=True)
class TimedOut:
    """The time to answer is over."""

    person: Person
