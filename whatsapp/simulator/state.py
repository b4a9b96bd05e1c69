"""The simulated Meta: people, what they and the numbers wrote to each other, and the webhooks that report it."""

import base64
import secrets
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from django.utils.translation import gettext as _

from whatsapp.phone_numbers import variants_of

from . import chats, inbound, webhooks
from .chats import Chat, ChatMessage, Customer
from .courier import Courier, Webhook
from .graph import template_review
from .graph.directory import Directory
from .graph.errors import GraphError
from .graph.faults import Faults
from .graph.message_templates import Template, fill, find
from .graph.phone_numbers import DEFAULT_APP_SECRET, PhoneNumber
from .graph.template_review import AccountTemplates, Uploads
from .http import Json
from .media import Media
from .statuses import Statuses

#: So many of the latest calls are recorded.
MAX_RECORDED_CALLS = 10_000


@dataclass(frozen=True)
class Call:
    """A recorded call of Graph: when it came (UNIX time), and the status of its answer, 0 for a cut connection."""

    at: float
    method: str
    path: str
    query: dict[str, str]
    token: str
    json: Json
    status: int


class Simulator:
    """
    All that the simulated Meta knows. Every method may be called from any thread.

    `directory` knows who may call, `faults` what goes wrong, `courier` takes the webhooks to the product.
    """

    def __init__(self, app_secret: str = DEFAULT_APP_SECRET) -> None:
        #: Rises with every change, so that the page knows when to read anew.
        self.version = 0
        self.directory = Directory(app_secret, self.changed)
        self.faults = Faults()
        self.courier = Courier(self.changed)
        self.statuses = Statuses(self.courier, self.faults)
        self.customers: dict[str, Customer] = {}
        #: By phone number id and the customer's key.
        self.chats: dict[tuple[str, str], Chat] = {}
        #: The messages that Graph took, oldest first.
        self.accepted: list[tuple[PhoneNumber, Customer, ChatMessage]] = []
        self.calls: deque[Call] = deque(maxlen=MAX_RECORDED_CALLS)
        #: Files at Meta by id: what the business uploaded, and what customers sent.
        self.media: dict[str, Media] = {}
        self.uploads = Uploads()
        self._templates: defaultdict[str, AccountTemplates] = defaultdict(AccountTemplates)
        self._messages: dict[str, ChatMessage] = {}
        self._lock = threading.RLock()

    def changed(self) -> None:
        with self._lock:
            self.version += 1

    def environment(self, url: str) -> list[str]:
        """The lines for .env of a chatbot that is to use the simulator at `url`. A real app secret is never shown."""
        lines = [f"META_GRAPH_URL={url}"]
        if self.directory.app_secret == DEFAULT_APP_SECRET:
            lines.append(f"META_APP_SECRET={DEFAULT_APP_SECRET}")
        return lines

    # Templates and files

    def templates(self, waba_id: str) -> list[Template]:
        """The account's message templates: a list that may be changed."""
        with self._lock:
            account = self._templates[waba_id]
            account.approve_reviewed()
            return account.templates

    def create_template(self, number: PhoneNumber, body: Json) -> Template:
        """Take a new template of a number's account for review. A webhook reports its approval."""
        with self._lock:
            template = self._templates[number.waba_id].create(body)
        self.courier.send(Webhook(template["reviewed_at"], number, template_review.status_change(template)))
        return template

    def delete_templates(self, waba_id: str, name: str, template_id: str = "") -> None:
        with self._lock:
            self._templates[waba_id].delete(name, template_id)

    def add_media(self, content: bytes, mime: str, name: str = "") -> Media:
        """A file on Meta's servers."""
        media = Media(content, mime, name)
        with self._lock:
            self.media[media.id] = media
        return media

    # What customers do

    def add_customer(self, name: str, phone: str = "", user_id: str = "") -> Customer:
        """A person who can write; known by phone, or only by WhatsApp user id. The same person is found again."""
        customer = Customer(name, phone, user_id)
        with self._lock:
            known = self._known(phone) or self.customers.setdefault(customer.key, customer)
            known.name = name or known.name
            self.changed()
            return known

    def chat(self, number: PhoneNumber, customer: Customer) -> Chat:
        with self._lock:
            return self.chats.setdefault((number.phone_number_id, customer.key), Chat(number, customer))

    def message(self, wamid: str) -> ChatMessage | None:
        return self._messages.get(wamid)

    def customer_sends(
        self, phone_number_id: str | int, phone: str, message: Json, name: str = "", context_wamid: str = ""
    ) -> ChatMessage:
        """
        A customer sends `message` (`type` and the object of that type; `inbound.py` makes them) to a number, perhaps
        in answer to another. Its webhook is on its way.
        """
        with self._lock:
            number = self.directory.numbers[str(phone_number_id)]
            customer = self._known(phone) or self.add_customer(name or phone, phone)
            sent = ChatMessage(_new_wamid(customer), True, message, chats.SENDING, context_wamid=context_wamid)
            if message["type"] == "reaction":
                self._react(message["reaction"], "customer")
            else:
                self._add(self.chat(number, customer), sent)
            change = webhooks.message_change(number, customer, {"id": sent.wamid, **message}, context_wamid)
            self.courier.send(Webhook(time.time(), number, change, sent))
            self.changed()
            return sent

    def customer_sends_file(
        self, phone_number_id: str | int, phone: str, content: bytes, mime: str, name: str = "", caption: str = ""
    ) -> ChatMessage:
        """A customer sends a file, as a message of the type that WhatsApp makes of it."""
        message = inbound.file(self.add_media(content, mime, name), caption)
        return self.customer_sends(phone_number_id, phone, message)

    def customer_calls(self, phone_number_id: str | int, phone: str, seconds: int = 0) -> str:
        """A customer calls a number, which answers for some seconds, or does not. Returns the call's id."""
        with self._lock:
            number = self.directory.numbers[str(phone_number_id)]
            customer = self.customers.get(phone.lstrip("+")) or self.add_customer(phone, phone)
            call: Json = {"id": "wacid." + secrets.token_hex(16)}
            end: Json = {**call, "event": "terminate", "status": "COMPLETED" if seconds else "FAILED"}
            if seconds:
                end |= {"duration": seconds}
            for event in ({**call, "event": "connect"}, end):
                self.courier.send(Webhook(time.time(), number, webhooks.call_change(number, customer, event)))
            return str(call["id"])

    # What the business does on its own phone

    def owner_sends(self, phone_number_id: str | int, phone: str, message: Json) -> ChatMessage:
        """The owner of a number writes to a person in the WhatsApp Business app. Its echo is on its way."""
        with self._lock:
            number = self.directory.numbers[str(phone_number_id)]
            customer = self.customers.get(phone.lstrip("+")) or self.add_customer(phone, phone)
            sent = ChatMessage(_new_wamid(customer), False, message)
            self._add(self.chat(number, customer), sent)
            change = webhooks.echo_change(number, customer, {"id": sent.wamid, **message})
            self.courier.send(Webhook(time.time(), number, change))
            self.changed()
            return sent

    # What the business does by Graph

    def accept(
        self, number: PhoneNumber, body: Json, failure: GraphError | None = None
    ) -> tuple[Customer, ChatMessage]:
        """
        Take a message: into the customer's chat, and its statuses on their way. With a `failure` it does not reach the
        customer. Returns its recipient and the message.
        """
        with self._lock:
            customer = self._recipient(body)
            message = self._outgoing(number, customer, body)
            self.accepted.append((number, customer, message))
            chat = self.chat(number, customer)
            chat.typing_until = 0
            if message.content["type"] == "reaction":
                self._react(message.content["reaction"], "business")
            elif not failure:
                self._add(chat, message)
            self.statuses.send(number, customer, message, body.get("biz_opaque_callback_data", ""), failure)
            self.changed()
            return customer, message

    def mark_read(self, wamid: str, typing_seconds: float = 0) -> None:
        """
        The business read a message and those before it; perhaps it types. An id from before the simulator started
        is taken as well.
        """
        with self._lock:
            for chat in self.chats.values():
                wamids = [message.wamid for message in chat.messages]
                if wamid in wamids:
                    for message in chat.messages[: wamids.index(wamid) + 1]:
                        if message.from_customer:
                            message.status = chats.READ
                    chat.typing_until = time.time() + typing_seconds
                    self.changed()

    def sent_to(self, phone: str) -> list[ChatMessage]:
        """The messages that Graph took for a person, oldest first."""
        with self._lock:
            return [message for _, customer, message in self.accepted if customer.key == phone.lstrip("+")]

    def _known(self, phone: str) -> Customer | None:
        """Whoever has a phone, in whichever spelling: WhatsApp knows people by one of their own (Cloud API)."""
        spellings = variants_of(f"+{phone.lstrip('+')}")
        return next(filter(None, (self.customers.get(spelling.lstrip("+")) for spelling in spellings)), None)

    def _recipient(self, body: Json) -> Customer:
        digits = "".join(filter(str.isdigit, str(body.get("to", ""))))
        key = digits or body["recipient"]
        return (
            self._known(digits)
            or self.customers.get(key)
            or self.add_customer(
                _("Customer %(phone)s") % {"phone": f"+{digits}" if digits else key},
                phone=f"+{digits}" if digits else "",
                user_id="" if digits else key,
            )
        )

    def _outgoing(self, number: PhoneNumber, customer: Customer, body: Json) -> ChatMessage:
        kind = body.get("type", "text")
        context_wamid = body.get("context", {}).get("message_id", "")
        message = ChatMessage(
            _new_wamid(customer), False, {"type": kind, kind: body[kind]}, context_wamid=context_wamid
        )
        if kind == "template":
            template = find(self.templates(number.waba_id), body["template"])
            message.filled = fill(template, body["template"])
            message.category = template["category"].lower()
        return message

    def _add(self, chat: Chat, message: ChatMessage) -> None:
        chat.messages.append(message)
        self._messages[message.wamid] = message

    def _react(self, reaction: Json, who: str) -> None:
        target = self._messages.get(reaction["message_id"])
        if target:
            target.reactions[who] = reaction.get("emoji", "")


def _new_wamid(customer: Customer) -> str:
    return "wamid." + base64.b64encode(f"{customer.key}:{secrets.token_hex(10)}".encode()).decode()
