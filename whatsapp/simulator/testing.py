"""The simulator as tests use it."""

from typing import Any

from django.test import Client

from whatsapp.models import MessageTemplate, WhatsAppNumber

from .chats import ChatMessage
from .graph.message_templates import Template
from .graph.phone_numbers import PhoneNumber
from .http import Json
from .server import Server
from .state import Call

WEBHOOK_PATH = "/webhooks/whatsapp/"


class SimulatedMeta:
    """
    A running simulator beside the product under test: connect numbers, write as customers, set faults, look at what
    Graph was asked. `simulator` is everything it knows, `directory` its numbers, accounts and tokens.
    """

    def __init__(self, server: Server) -> None:
        self.simulator = server.simulator
        self.url = server.url
        self.directory = self.simulator.directory
        self.faults = self.simulator.faults
        self.simulator.statuses.delays = {"sent": 0, "delivered": 0.02, "read": 0.04, "failed": 0.02}
        self.simulator.courier.retry_delay = 0.1

    def connect(self, number: WhatsAppNumber) -> PhoneNumber:
        """Make a WhatsAppNumber known to Meta, with its tokens and secrets."""
        own = {"waba_id": number.waba_id, "app_secret": number.app_secret}
        return self.directory.add_number(
            number.phone_number_id,
            number.phone_number,
            number.access_token,
            name=number.name,
            **{name: value for name, value in own.items() if value},
        )

    def approve(self, template: MessageTemplate) -> None:
        """Make a MessageTemplate known to Meta."""
        known: Template = {
            "id": template.meta_id,
            "name": template.name,
            "language": template.language,
            "category": template.category,
            "status": template.status,
            "parameter_format": template.parameter_format,
            "components": template.components,
        }
        self.simulator.templates(template.waba_id).append(known)

    def customer_writes(
        self, number: WhatsAppNumber, phone: str, message: str | Json, name: str = "", context_wamid: str = ""
    ) -> ChatMessage:
        """A customer sends a text, or a message made by `simulator.inbound`, to a WhatsAppNumber."""
        if isinstance(message, str):
            message = {"type": "text", "text": {"body": message}}
        return self.simulator.customer_sends(number.phone_number_id, phone, message, name, context_wamid)

    def customer_sends_file(
        self, number: WhatsAppNumber, phone: str, content: bytes, mime: str, name: str = "", caption: str = ""
    ) -> ChatMessage:
        """A customer sends a picture, video, audio or document to a WhatsAppNumber."""
        return self.simulator.customer_sends_file(number.phone_number_id, phone, content, mime, name, caption)

    def owner_writes(self, number: WhatsAppNumber, phone: str, message: str | Json) -> ChatMessage:
        """The owner of a WhatsAppNumber writes a text, or another message, on their own phone."""
        if isinstance(message, str):
            message = {"type": "text", "text": {"body": message}}
        return self.simulator.owner_sends(number.phone_number_id, phone, message)

    def customer_calls(self, number: WhatsAppNumber, phone: str, seconds: int = 0) -> str:
        """A customer calls a WhatsAppNumber, which answers for some seconds, or does not. Returns the call's id."""
        return self.simulator.customer_calls(number.phone_number_id, phone, seconds)

    @property
    def requests(self) -> list[Call]:
        """Every call of Graph, oldest first."""
        return list(self.simulator.calls)

    @property
    def sends(self) -> list[Json]:
        """The bodies of the messages that were posted, accepted or not."""
        return [call.json for call in self.requests if call.path.endswith("/messages") and "status" not in call.json]

    def sent_to(self, phone: str) -> list[Json]:
        """The Cloud API messages that were accepted for a person, oldest first."""
        return [message.content for message in self.simulator.sent_to(phone)]

    def texts_to(self, phone: str) -> list[str]:
        """The texts that a person received, of plain and interactive messages."""
        return [
            content["text"]["body"] if content["type"] == "text" else content[content["type"]]["body"]["text"]
            for content in self.sent_to(phone)
            if content["type"] in ("text", "interactive")
        ]

    def deliver_webhooks(self, client: Client | None = None) -> list[int]:
        """
        Post all webhooks that wait through Django's test client, in the calling thread, statuses too. Returns the
        HTTP statuses. What this sets in motion makes new webhooks: call it again for those.
        """
        client = client or Client(raise_request_exception=False)

        def post(url: str, body: bytes, headers: dict[str, Any]) -> int:
            content_type = headers.pop("Content-Type")
            return client.post(WEBHOOK_PATH, body, content_type=content_type, headers=headers).status_code

        return self.simulator.courier.deliver(post)

    def post_webhooks_to(self, site_url: str) -> None:
        """From now on webhooks go there by HTTP, as they fall due."""
        self.simulator.courier.callback_url = site_url + WEBHOOK_PATH
        self.simulator.courier.wake()
