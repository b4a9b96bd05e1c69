"""Takes webhooks to the product: when they are due, in order, and again while they are refused."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import requests

from . import chats, webhooks
from .chats import ChatMessage
from .graph.phone_numbers import PhoneNumber
from .http import Json

#: Seconds in which the product answers a POST.
POST_TIMEOUT = 20

#: Fields of webhooks that go to the callback of an account (Webhooks, "Override"); all others go to the app's.
OVERRIDABLE_FIELDS = {"messages", "smb_message_echoes", "calls"}

#: Posts a body with its headers to a URL, and returns the HTTP status; 0 when there was no answer.
Post = Callable[[str, bytes, dict[str, str]], int]

_serials = count()


@dataclass(order=True)
class Webhook:
    """One change on its way. `message` is the customer's message in it, whose ticks follow the delivery."""

    due_at: float
    serial: int = field(default_factory=lambda: next(_serials), init=False)
    number: PhoneNumber = field(compare=False)
    change: Json = field(compare=False)
    message: ChatMessage | None = field(default=None, compare=False)
    attempts: int = field(default=0, compare=False, init=False)


class Courier:
    """
    One thread, so the webhooks of a person arrive in order. What is due together for one callback goes in one POST
    (Webhooks, "Batching"). Webhooks that have no callback yet wait for one, or for `deliver`.
    """

    BATCH = 100
    #: The most seconds between two attempts.
    MAX_RETRY_DELAY: float = 60

    def __init__(self, changed: Callable[[], None]) -> None:
        self.callback_url = ""
        #: Callbacks of accounts that set their own (`override_callback_uri`), by WABA id.
        self.callback_overrides: dict[str, str] = {}
        #: Seconds before the second attempt; doubled with each.
        self.retry_delay = 1.0
        #: How many times each POST is made.
        self.copies = 1
        self._changed = changed
        self._waiting: list[Webhook] = []
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="simulator-courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join(timeout=15)

    def send(self, *sent: Webhook) -> None:
        with self._wake:
            self._waiting.extend(sent)
            self._wake.notify()

    def wake(self) -> None:
        """Look again: a callback was set."""
        with self._wake:
            self._wake.notify()

    @property
    def waiting(self) -> list[Webhook]:
        """What is still to be delivered, in the order it is due."""
        with self._wake:
            return sorted(self._waiting)

    def deliver(self, post: Post) -> list[int]:
        """
        Post all that waits now, in the calling thread, however far ahead it is due. Returns the HTTP statuses; what
        was refused waits again.
        """
        with self._wake:
            taken, self._waiting = sorted(self._waiting), []
        return [self._post([webhook], post) for webhook in taken]

    def _run(self) -> None:
        while batch := self._next_batch():
            self._post(batch, _post_by_http)

    def _next_batch(self) -> list[Webhook]:
        """What is due, once there is something; empty when the courier was stopped."""
        with self._wake:
            while not self._stopped:
                ready = sorted(webhook for webhook in self._waiting if self._callback_url(webhook))
                due = [webhook for webhook in ready if webhook.due_at <= time.time()]
                if due:
                    return self._take_batch(due)
                self._wake.wait(max(ready[0].due_at - time.time(), 0) if ready else None)
        return []

    def _take_batch(self, due: list[Webhook]) -> list[Webhook]:
        first = self._destination(due[0])
        batch = [webhook for webhook in due if self._destination(webhook) == first][: self.BATCH]
        taken = {id(webhook) for webhook in batch}
        self._waiting = [webhook for webhook in self._waiting if id(webhook) not in taken]
        return batch

    def _callback_url(self, webhook: Webhook) -> str:
        is_overridable = webhook.change["field"] in OVERRIDABLE_FIELDS
        override = self.callback_overrides.get(webhook.number.waba_id) if is_overridable else ""
        return override or self.callback_url

    def _destination(self, webhook: Webhook) -> tuple[str, str]:
        """The URL, and the app secret of the signature."""
        return self._callback_url(webhook), webhook.number.app_secret

    def _post(self, batch: list[Webhook], post: Post) -> int:
        url, app_secret = self._destination(batch[0])
        body = webhooks.body_of((webhook.number.waba_id, webhook.change) for webhook in batch)
        status = 0
        for _ in range(self.copies):
            status = post(url, body, webhooks.signed_headers(body, app_secret))
        for webhook in batch:
            self._settle(webhook, is_taken=status == 200)
        self._changed()
        return status

    def _settle(self, webhook: Webhook, is_taken: bool) -> None:
        if webhook.message and webhook.message.status != chats.READ:
            webhook.message.status = chats.TAKEN if is_taken else chats.REFUSED
        if not is_taken:
            webhook.due_at = time.time() + min(self.retry_delay * 2**webhook.attempts, self.MAX_RETRY_DELAY)
            webhook.attempts += 1
            self.send(webhook)


def _post_by_http(url: str, body: bytes, headers: dict[str, str]) -> int:
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.post(url, data=body, headers=headers, timeout=POST_TIMEOUT, allow_redirects=False)
        except requests.RequestException:
            return 0
        return response.status_code
