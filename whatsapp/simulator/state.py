"""The simulated Meta: numbers, people, what they wrote to each other, and the webhooks that tell of it."""

import base64
import secrets
import threading
import time
from collections import deque

from django.utils.translation import gettext as _

from whatsapp.simulator.chat_page.chats import Chat, ChatMessage, Customer
from whatsapp.simulator.graph.faults import Faults
from whatsapp.simulator.graph.message_templates import DEFAULT_TEMPLATES, fill, find
from whatsapp.simulator.graph.phone_numbers import (
    DEFAULT_APP_SECRET,
    DEFAULT_WABA_ID,
    WELCOME_PREFIX,
    PhoneNumber,
    invented_phone,
)

from . import webhooks
from .chat_page import chats, inbound
from .courier import Courier, Webhook
from .graph import template_review, tokens
from .media import Media

#: How long after accepting a message each status is sent; seconds.
STATUS_DELAYS = {"sent": 0.2, "delivered": 0.6, "read": 2.0}


def new_wamid(phone):
    return "wamid." + base64.b64encode(f"{phone}:{secrets.token_hex(10)}".encode()).decode()


class Simulator:
    """
    All that the simulated Meta knows. Every method may be called from any thread.

    `requests` records each call of Graph; `accepted` the messages it took, as (number, customer, ChatMessage).
    """

    def __init__(self, app_secret=DEFAULT_APP_SECRET):
        self.app_secret = app_secret
        self.numbers = {}
        self.customers = {}
        self.chats = {}
        self.accepted = []
        self.requests = deque(maxlen=10_000)
        self.app_id = tokens.APP_ID
        #: What Meta tells of an access token otherwise than of a good one; see `tokens.Token`.
        self.tokens = {}
        #: Codes of embedded signup and the tokens they are exchanged for.
        self.codes = {}
        #: What Meta tells of an account otherwise than of one in order.
        self.accounts = {}
        #: The ids of the apps that are subscribed to each account.
        self.subscribed = {}
        self.status_delays = dict(STATUS_DELAYS)
        self.faults = Faults()
        self.courier = Courier(self.changed)
        #: Rises with every change, so that the page knows when to read anew.
        self.version = 0
        #: Files at Meta by id: what the business uploaded, and what customers sent.
        self.media = {}
        #: Sessions of uploading example files.
        self.uploads = template_review.Uploads()
        self._templates = {}
        self._deleted_templates = {}
        self._messages = {}
        self._held = []
        self._lock = threading.RLock()

    def changed(self):
        with self._lock:
            self.version += 1

    def environment(self, url):
        """The lines for .env of a chatbot that shall use the simulator at `url`. A real app secret is never shown."""
        lines = [f"META_GRAPH_URL={url}"]
        if self.app_secret == DEFAULT_APP_SECRET:
            lines.append(f"META_APP_SECRET={self.app_secret}")
        return lines

    # Numbers and accounts

    def add_number(self, phone_number_id, phone, access_token, **fields):
        """A number of the business: tokens, secret and account as PhoneNumber has them."""
        number = PhoneNumber(str(phone_number_id), phone, access_token, **{"app_secret": self.app_secret, **fields})
        with self._lock:
            self.numbers[number.phone_number_id] = number
            self.changed()
        return number

    def number(self, phone_number_id, token):
        """The number that this token may use; None when there is none. A welcome token makes an unknown one."""
        with self._lock:
            number = self.numbers.get(phone_number_id)
            if number is None and token.startswith(WELCOME_PREFIX) and not self.is_account(phone_number_id):
                number = self.add_number(phone_number_id, invented_phone(phone_number_id), token, is_homeless=True)
            return number if number and number.accepts(token) else None

    def is_account(self, waba_id):
        known = waba_id == DEFAULT_WABA_ID or waba_id in self.accounts
        return known or any(number.waba_id == waba_id for number in self.numbers.values())

    def numbers_of(self, waba_id, token):
        """
        The numbers of an account that this token may use. A welcome token makes an unknown account: of the numbers
        that came into being by this token and are in no account yet, or with a new one.
        """
        with self._lock:
            if token.startswith(WELCOME_PREFIX) and waba_id != DEFAULT_WABA_ID:
                self._welcome(waba_id, token)
            return [n for n in self.numbers.values() if n.waba_id == waba_id and n.accepts(token)]

    def _welcome(self, waba_id: str, token: str) -> None:
        members = [number for number in self.numbers.values() if number.waba_id == waba_id]
        if any(number.access_token != token for number in members):
            return
        for number in self.numbers.values():
            if number.is_homeless and number.access_token == token:
                number.waba_id, number.is_homeless = waba_id, False
        if not self.is_account(waba_id):
            self.add_number(f"{waba_id}1", invented_phone(waba_id), token, waba_id=waba_id)

    def accepts_token(self, token):
        """Whether Meta takes calls with a token at all."""
        if token in self.tokens:
            return self.tokens[token].is_accepted
        return token.startswith(WELCOME_PREFIX) or any(n.access_token == token for n in self.numbers.values())

    def knows_token(self, token):
        return token == f"{self.app_id}|{self.app_secret}" or self.accepts_token(token)

    def token(self, token):
        """What Meta knows of an access token."""
        return self.tokens.get(token) or tokens.Token()

    def app_name(self, app_id):
        return "Simulator" if app_id == self.app_id else f"App {app_id}"

    def add_code(self, code, token):
        """A code of embedded signup, to be exchanged once."""
        self.codes[code] = token

    def templates(self, waba_id):
        """The account's message templates: a list that may be changed."""
        with self._lock:
            templates = self._templates.setdefault(waba_id, list(DEFAULT_TEMPLATES))
            template_review.approve_reviewed(templates)
            return templates

    def create_template(self, number, body):
        """Take a new template of a number's account for review. A webhook tells when it is over."""
        with self._lock:
            template = template_review.create(self.templates(number.waba_id), self._deleted(number.waba_id), body)
        change = template_review.status_change(template)
        self.courier.send(Webhook(template["reviewed_at"], number, change))
        return template

    def delete_templates(self, waba_id, name, template_id=""):
        with self._lock:
            template_review.delete(self.templates(waba_id), self._deleted(waba_id), name, template_id)

    def _deleted(self, waba_id):
        return self._deleted_templates.setdefault(waba_id, set())

    # People

    def add_customer(self, name, phone="", user_id=""):
        """A person who can write; known by phone, or only by WhatsApp user id. The same person is found again."""
        customer = Customer(name, phone, user_id)
        with self._lock:
            known = self.customers.setdefault(customer.key, customer)
            known.name = name or known.name
            self.changed()
            return known

    def chat(self, number, customer):
        with self._lock:
            return self.chats.setdefault((number.phone_number_id, customer.key), Chat(number, customer))

    def customer_sends(self, phone_number_id, phone, message, name="", context_wamid=""):
        """
        A customer sends `message` (`type` and the object of that type; `inbound.py` makes them) to a number.
        Returns the ChatMessage; its webhook is on its way.
        """
        with self._lock:
            number = self.numbers[str(phone_number_id)]
            customer = self.customers.get(phone.lstrip("+")) or self.add_customer(name or phone, phone)
            sent = ChatMessage(new_wamid(customer.key), True, message, chats.SENDING, context_wamid=context_wamid)
            if message["type"] == "reaction":
                self._react(message["reaction"], "customer")
            else:
                self._add(self.chat(number, customer), sent)
            change = webhooks.message_change(number, customer, {"id": sent.wamid, **message}, context_wamid)
            self.courier.send(Webhook(time.time(), number, change, sent))
            self.changed()
            return sent

    def add_media(self, content, mime, name=""):
        """A file on Meta's servers."""
        media = Media(content, mime, name)
        with self._lock:
            self.media[media.id] = media
        return media

    def customer_sends_file(self, phone_number_id, phone, content, mime, name="", caption=""):
        """A customer sends a file, as a message of the type that WhatsApp makes of it."""
        message = inbound.file(self.add_media(content, mime, name), caption)
        return self.customer_sends(phone_number_id, phone, message)

    # What Graph is asked to do

    def accept(self, number, body, failure=None):
        """Take a message of the business: into the customer's chat, and statuses on their way. Returns it."""
        with self._lock:
            customer = self._addressee(body)
            content = {key: body[key] for key in ("type", body.get("type", "text")) if key in body}
            content.setdefault("type", "text")
            message = ChatMessage(
                new_wamid(customer.key), False, content, context_wamid=body.get("context", {}).get("message_id", "")
            )
            if content["type"] == "template":
                template = content["template"]
                message.filled = fill(find(self.templates(number.waba_id), template), template)
            self.accepted.append((number, customer, message))
            chat = self.chat(number, customer)
            chat.typing_until = 0
            if content["type"] == "reaction":
                self._react(content["reaction"], "business")
            elif not failure:
                self._add(chat, message)
            self._send_statuses(number, customer, message, body.get("biz_opaque_callback_data", ""), failure)
            self.changed()
            return customer, message

    def mark_read(self, wamid, typing_seconds=0):
        """
        The business read a message and those before it; perhaps it types. An id from before the simulator started
        is taken as well.
        """
        with self._lock:
            for chat in self.chats.values():
                position = next((i for i, m in enumerate(chat.messages) if m.wamid == wamid), None)
                if position is not None:
                    for message in chat.messages[: position + 1]:
                        if message.from_customer:
                            message.status = chats.READ
                    chat.typing_until = time.time() + typing_seconds
                    self.changed()

    def release_statuses(self):
        """Let go the statuses that `faults.hold_statuses` held back."""
        with self._lock:
            self.faults.hold_statuses = False
            held, self._held = self._held, []
        self.courier.send(*held)

    def sent_to(self, phone):
        """The messages Graph accepted for a person, oldest first."""
        with self._lock:
            return [message for _, customer, message in self.accepted if customer.key == phone.lstrip("+")]

    def message(self, wamid):
        return self._messages.get(wamid)

    def _addressee(self, body):
        digits = "".join(filter(str.isdigit, str(body.get("to", ""))))
        key = digits or body["recipient"]
        return self.customers.get(key) or self.add_customer(
            _("Customer %(phone)s") % {"phone": f"+{digits}" if digits else key},
            phone=f"+{digits}" if digits else "",
            user_id="" if digits else key,
        )

    def _add(self, chat, message):
        chat.messages.append(message)
        self._messages[message.wamid] = message

    def _react(self, reaction, who):
        target = self._messages.get(reaction["message_id"])
        if target:
            target.reactions[who] = reaction.get("emoji", "")

    def _send_statuses(self, number, customer, message, echo, failure):
        if self.faults.statuses_without_echo:
            echo = ""
        statuses = ["sent", "failed"] if failure else ["sent", "delivered", "read"]
        if message.content["type"] == "reaction":
            statuses = statuses[:1]
        on_their_way = [
            Webhook(
                time.time() + self.status_delays.get(status, self.status_delays["delivered"]),
                number,
                webhooks.status_change(
                    number, customer, message.wamid, status, echo, failure if status == "failed" else None
                ),
            )
            for status in statuses
        ]
        if self.faults.hold_statuses:
            self._held.extend(on_their_way)
        else:
            self.courier.send(*on_their_way)
