"""What becomes of the messages of a business: statuses, each some time after the message was accepted."""

import threading
import time

from . import webhooks
from .chats import ChatMessage, Customer
from .courier import Courier, Webhook
from .graph.errors import GraphError
from .graph.faults import Faults
from .graph.phone_numbers import PhoneNumber

#: Seconds from accepting a message to each status.
DELAYS = {"sent": 0.2, "delivered": 0.6, "read": 2.0, "failed": 0.6}


class Statuses:
    """Has the statuses of accepted messages posted when their time comes; `Faults.hold_statuses` holds them back."""

    def __init__(self, courier: Courier, faults: Faults) -> None:
        self.delays = dict(DELAYS)
        self._courier = courier
        self._faults = faults
        self._held: list[Webhook] = []
        self._lock = threading.Lock()

    def send(
        self, number: PhoneNumber, customer: Customer, message: ChatMessage, echo: str, failure: GraphError | None
    ) -> None:
        """Plan the statuses of a message; `echo` is its biz_opaque_callback_data, `failure` why it fails later."""
        if self._faults.statuses_without_echo:
            echo = ""
        planned = []
        for status in _statuses(message, failure):
            error = failure if status == "failed" else None
            change = webhooks.status_change(number, customer, message, status, echo, error)
            planned.append(Webhook(time.time() + self.delays[status], number, change))
        with self._lock:
            if self._faults.hold_statuses:
                self._held.extend(planned)
                return
        self._courier.send(*planned)

    def release(self) -> None:
        """Send the statuses that were held back, and hold none from now on."""
        with self._lock:
            self._faults.hold_statuses = False
            held, self._held = self._held, []
        self._courier.send(*held)


def _statuses(message: ChatMessage, failure: GraphError | None) -> list[str]:
    if message.content["type"] == "reaction":
        return ["sent"]
    return ["sent", "failed"] if failure else ["sent", "delivered", "read"]
