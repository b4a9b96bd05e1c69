"""
The two ways in which rows are claimed and called for. Replies are few and each in its turn: their number and the rows
are read whole. Bulk comes by the thousand: a claim is one statement, what rows have in common is kept, and calls go on
while the thread is at the database.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from whatsapp.graph.living_pool import LivingPool
from whatsapp.graph.pool import Answer, RequestPool
from whatsapp.graph.requests import Request, sender
from whatsapp.models import Claimed, OutboundMessage, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from . import ledger, send_gate

logger = logging.getLogger(__name__)

Model = type[OutboundMessage]


class Calls(Protocol):
    """The calls that are under way, each with its row."""

    def start_all(self, calls: Sequence[tuple[Claimed, Request]]) -> None: ...

    def answers(self, timeout: float) -> list[tuple[Claimed, Answer]]: ...

    def close(self) -> None: ...


class Lane:
    """How rows of one model are claimed that go out through one number, and the calls for them."""

    calls: Calls
    #: As it was when it was last read. Only after `is_open`.
    number: WhatsAppNumber

    def __init__(self, model: Model, number_id: int) -> None:
        self.model = model
        self.number_id = number_id

    def is_open(self) -> bool:
        """Whether the number may send now."""
        raise NotImplementedError

    def claim(self, limit: int) -> Sequence[Claimed]:
        """Up to `limit` rows to be sent now."""
        raise NotImplementedError

    def request(self, row: Claimed) -> Request:
        """The call that sends a claimed row. Raises CloudApiError for a token that cannot be one."""
        body = {"recipient_type": "individual", **row.cloud_api_message(), "biz_opaque_callback_data": row.token}
        return self._sender(body)

    @property
    def _sender(self) -> Callable[[Mapping[str, Any]], Request]:
        return sender(self.number.access_token, self.number.phone_number_id)

    def _read_number(self) -> bool:
        try:
            number = send_gate.sendable(self.number_id)
        except UnreadableSecret:
            number = None
            if send_gate.note_unreadable(self.number_id):
                logger.error(
                    "The access token of number %s cannot be read with the keys in FIELD_KEYS.", self.number_id
                )
        if number:
            self.number = number
        return number is not None


class ReplyLane(Lane):
    def __init__(self, model: Model, number_id: int) -> None:
        super().__init__(model, number_id)
        self.calls = RequestPool()

    def is_open(self) -> bool:
        return self._read_number()

    def claim(self, limit: int) -> Sequence[Claimed]:
        return ledger.claim(self.model, self.number_id, limit)


class BulkLane(Lane):
    def __init__(self, model: Model, number_id: int) -> None:
        super().__init__(model, number_id)
        self.calls = LivingPool()
        self._claimer = model.claimer(number_id)
        self._known: Mapping[str, Any] = {}
        self._kept_sender: Callable[[Mapping[str, Any]], Request] | None = None

    def is_open(self) -> bool:
        """Read once: a claim finds nothing when the number has changed."""
        return bool(self._known) or self._read_again()

    def claim(self, limit: int) -> Sequence[Claimed]:
        # Nothing may mean that the number has changed, or that others took what the broadcast had whose turn it was.
        return self._claim(limit) or (self._read_again() and self._claim(limit)) or []

    def _claim(self, limit: int) -> Sequence[Claimed]:
        return ledger.claim_bulk(self.model, self.number_id, self._claimer, self._known, limit)

    def _read_again(self) -> bool:
        # In this order: what changes between the two is noticed by the next claim.
        known, self._known, self._kept_sender = send_gate.known(self.number_id), {}, None
        if self._read_number():
            self._known = known
        return bool(self._known)

    @property
    def _sender(self) -> Callable[[Mapping[str, Any]], Request]:
        if self._kept_sender is None:
            self._kept_sender = super()._sender
        return self._kept_sender


def lane_of(model: Model, number_id: int) -> Lane:
    return BulkLane(model, number_id) if model.is_bulk else ReplyLane(model, number_id)
