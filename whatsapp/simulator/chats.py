"""What is on the customers' phones: people, and what they and a number wrote to each other."""

import time
from dataclasses import dataclass, field

from .graph.message_templates import FilledTemplate
from .graph.phone_numbers import PhoneNumber
from .http import Json

#: How far a message of the customer came: on its way to the product, refused there (and repeated), taken, read.
SENDING, REFUSED, TAKEN, READ = "sending", "refused", "taken", "read"


@dataclass
class Customer:
    """A person with WhatsApp: known by phone, or only by WhatsApp user id (Business-scoped user IDs)."""

    name: str
    phone: str = ""
    user_id: str = ""

    @property
    def key(self) -> str:
        """How Meta names the person: the phone's digits, else the user id."""
        return self.phone.lstrip("+") or self.user_id

    def as_sender(self) -> Json:
        """The part of an element of `messages` that names the person."""
        return {"from": self.key} if self.phone else {"from_user_id": self.user_id}

    def as_addressee(self) -> Json:
        """The part of an element of `message_echoes` that names the person."""
        return {"to": self.key} if self.phone else {"to_user_id": self.user_id}

    def as_recipient(self) -> Json:
        """The part of an element of `statuses` that names the person."""
        return {"recipient_id": self.key} if self.phone else {"recipient_user_id": self.user_id}

    def as_contact(self) -> Json:
        """An element of a webhook's `contacts`."""
        identity = {"wa_id": self.key} if self.phone else {"user_id": self.user_id}
        return {"profile": {"name": self.name}, **identity}


@dataclass
class ChatMessage:
    """
    One bubble. `content` is the Cloud API's message: `type` and the object of that type. `at` is UNIX time.
    `reactions` are emojis by who reacted, "customer" or "business"; one that was taken back is empty.
    """

    wamid: str
    from_customer: bool
    content: Json
    status: str = ""
    at: float = field(default_factory=time.time)
    context_wamid: str = ""
    reactions: dict[str, str] = field(default_factory=dict)
    #: A template as the customer reads it; empty for other messages.
    filled: FilledTemplate = FilledTemplate()
    #: As what Meta bills it: the category of its template in lower case (Webhooks, "messages": `pricing`).
    category: str = "service"
    #: The id of the button or row that the customer tapped last.
    chosen: str = ""


@dataclass
class Chat:
    number: PhoneNumber
    customer: Customer
    messages: list[ChatMessage] = field(default_factory=list)
    #: Until when the business shows that it types; UNIX time (Cloud API, "Typing indicators").
    typing_until: float = 0

    @property
    def last_at(self) -> float:
        """When the last message was written; 0 without any."""
        return self.messages[-1].at if self.messages else 0
