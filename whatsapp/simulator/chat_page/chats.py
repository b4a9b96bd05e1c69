"""What lies on the customers' phones: people, and what they and a number wrote to each other."""

import time
from dataclasses import dataclass, field

#: What a message of the customer went through: on its way to the product, refused there (and repeated), taken, read.
SENDING, REFUSED, TAKEN, READ = "sending", "refused", "taken", "read"


@dataclass
class Customer:
    """A person with WhatsApp: known by phone, or only by WhatsApp user id (Business-scoped user IDs)."""

    name: str
    phone: str = ""
    user_id: str = ""

    @property
    def key(self):
        """How Meta names the person: the phone's digits, else the user id."""
        return self.phone.lstrip("+") or self.user_id

    def as_sender(self):
        return {"from": self.key} if self.phone else {"from_user_id": self.user_id}

    def as_recipient(self):
        return {"recipient_id": self.key} if self.phone else {"recipient_user_id": self.user_id}

    def as_contact(self):
        """An element of a webhook's `contacts`."""
        identity = {"wa_id": self.key} if self.phone else {"user_id": self.user_id}
        return {"profile": {"name": self.name}, **identity}


@dataclass
class ChatMessage:
    """One bubble. `content` is Cloud API's message: `type` and the object of that type."""

    wamid: str
    from_customer: bool
    content: dict
    status: str = ""
    at: float = field(default_factory=time.time)
    context_wamid: str = ""
    reactions: dict = field(default_factory=dict)
    #: A template's texts and buttons as the customer reads them (message_templates.fill).
    filled: dict = field(default_factory=dict)
    #: The id of the button or row that the customer tapped last.
    chosen: str = ""


@dataclass
class Chat:
    number: object
    customer: Customer
    messages: list = field(default_factory=list)
    #: The business shows that it is typing until then (Cloud API, "Typing indicators").
    typing_until: float = 0

    @property
    def last_at(self):
        return self.messages[-1].at if self.messages else 0
