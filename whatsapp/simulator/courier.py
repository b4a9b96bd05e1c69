"""Carries webhooks to the product: when they are due, in order, and again while they are refused."""

import threading
import time
from dataclasses import dataclass, field
from itertools import count

import requests

from . import webhooks
from .chat_page import chats

_serials = count()


@dataclass(order=True)
class Webhook:
    """One change on its way. `message` is the customer's message it tells of, whose ticks follow the journey."""

    due_at: float
    serial: int = field(default_factory=lambda: next(_serials), init=False)
    number: object = field(compare=False)
    change: dict = field(compare=False)
    message: object = field(default=None, compare=False)
    attempts: int = field(default=0, compare=False, init=False)


class Courier:
    """
    One thread, so the webhooks of a person arrive in order. What is due together for one callback goes in one POST
    (Webhooks, "Batching"). Webhooks that have no callback yet wait for one, or for `deliver`.
    """

    BATCH = 100
    LONGEST_WAIT = 60

    def __init__(self, changed):
        self.callback_url = ""
        #: Callbacks of accounts that set their own (`override_callback_uri`), by WABA id.
        self.callback_overrides = {}
        #: Seconds before the first repetition; doubled each time.
        self.repeat_after = 1.0
        #: How many times each POST is made.
        self.copies = 1
        self._changed = changed
        self._waiting = []
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="simulator-courier", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        with self._wake:
            self._stopped = True
            self._wake.notify()
        self._thread.join(timeout=15)

    def send(self, *sent):
        with self._wake:
            self._waiting.extend(sent)
            self._wake.notify()

    def wake(self):
        """Look again: a callback was set."""
        with self._wake:
            self._wake.notify()

    @property
    def waiting(self):
        """What is still to be delivered, in the order it is due."""
        with self._wake:
            return sorted(self._waiting)

    def callback_of(self, number):
        return self.callback_overrides.get(number.waba_id) or self.callback_url

    def deliver(self, post):
        """
        Post all that waits now, in the calling thread, however far ahead it is due. `post(url, body, headers)`
        returns an HTTP status. Returns these; what was refused waits again.
        """
        with self._wake:
            taken, self._waiting = sorted(self._waiting), []
        return [self._carry([webhook], post) for webhook in taken]

    def _run(self):
        while batch := self._next_batch():
            self._carry(batch, post_by_http)

    def _next_batch(self):
        with self._wake:
            while not self._stopped:
                ready = sorted(webhook for webhook in self._waiting if self.callback_of(webhook.number))
                due = [webhook for webhook in ready if webhook.due_at <= time.time()]
                if due:
                    return self._take_those_that_go_together(due)
                self._wake.wait(max(ready[0].due_at - time.time(), 0) if ready else None)
        return []

    def _take_those_that_go_together(self, due):
        first = self._address(due[0])
        batch = [webhook for webhook in due if self._address(webhook) == first][: self.BATCH]
        taken = {id(webhook) for webhook in batch}
        self._waiting = [webhook for webhook in self._waiting if id(webhook) not in taken]
        return batch

    def _address(self, webhook):
        return self.callback_of(webhook.number), webhook.number.app_secret

    def _carry(self, batch, post):
        url, app_secret = self._address(batch[0])
        body = webhooks.body_of((webhook.number.waba_id, webhook.change) for webhook in batch)
        status = 0
        for _ in range(self.copies):
            status = post(url, body, webhooks.signed_headers(body, app_secret))
        for webhook in batch:
            self._note(webhook, taken=status == 200)
        self._changed()
        return status

    def _note(self, webhook, taken):
        if webhook.message and webhook.message.status != chats.READ:
            webhook.message.status = chats.TAKEN if taken else chats.REFUSED
        if not taken:
            webhook.due_at = time.time() + min(self.repeat_after * 2**webhook.attempts, self.LONGEST_WAIT)
            webhook.attempts += 1
            self.send(webhook)


def post_by_http(url, body, headers):
    """The answer's HTTP status; 0 when there was none."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.post(url, data=body, headers=headers, timeout=20, allow_redirects=False).status_code
        except requests.RequestException:
            return 0
