"""What a webhook says, read: a Change, and the elements of the lists in it (`parsing` reads them)."""

import dataclasses
from datetime import datetime
from typing import Any

from whatsapp.sending.statuses import StatusUpdate


@dataclasses.dataclass(frozen=True)
class Contact:
    """A person as WhatsApp knows them: a phone, a WhatsApp user id, or both."""

    phone: str | None
    user_id: str | None
    name: str = ""
    username: str = ""


@dataclasses.dataclass(frozen=True)
class InboundMessage:
    """
    One element of `messages[]`, which is `content`. `text` is what the person wrote, tapped or captioned, empty where
    they wrote nothing. `choice_id` is the id of a tapped button or list row. `new_phone` and `new_user_id` are
    those that the sender has from now on, when the message says so.
    """

    wamid: str
    sender_phone: str | None
    sender_user_id: str | None
    profile_name: str
    timestamp: datetime
    type: str
    text: str
    choice_id: str | None
    context_wamid: str
    content: dict[str, Any]
    new_phone: str | None = None
    username: str = ""
    new_user_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Echo:
    """
    One element of `message_echoes[]`, which is `content`: what the owner of the number wrote to a person in the
    WhatsApp Business app. The rest is as in InboundMessage.
    """

    wamid: str
    recipient_phone: str | None
    recipient_user_id: str | None
    timestamp: datetime
    type: str
    text: str
    context_wamid: str
    content: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Call:
    """
    One element of `calls[]`: a call with a person began or ended. `wamid` is the call's id, which both have in common.
    `content` has the shape of a message of the type "call", with CALL_KEYS.
    """

    wamid: str
    phone: str | None
    user_id: str | None
    profile_name: str
    timestamp: datetime
    is_inbound: bool
    has_ended: bool
    content: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Preference:
    """A person stopped or resumed marketing messages in WhatsApp itself."""

    phone: str | None
    user_id: str | None
    wants_marketing: bool
    timestamp: datetime | None


@dataclasses.dataclass(frozen=True)
class UserIdChange:
    """WhatsApp knows a person by another user id from now on."""

    previous: str
    current: str


@dataclasses.dataclass(frozen=True)
class Change:
    """One change of a webhook. `errors` says which of its elements could not be read, or are not acted on, and why."""

    field: str
    value: object = dataclasses.field(repr=False)
    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[StatusUpdate, ...] = ()
    contacts: tuple[Contact, ...] = ()
    preferences: tuple[Preference, ...] = ()
    echoes: tuple[Echo, ...] = ()
    calls: tuple[Call, ...] = ()
    user_id_changes: tuple[UserIdChange, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def concerns_customers(self) -> bool:
        """Whether it holds what customers did, or what was done to them elsewhere."""
        return bool(self.messages or self.preferences or self.user_id_changes or self.echoes or self.calls)
