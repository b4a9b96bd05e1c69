"""The simulator as tests use it."""

from django.test import Client

WEBHOOK_PATH = "/webhooks/whatsapp/"


class SimulatedMeta:
    """
    A running simulator beside the product under test: connect numbers, write as customers, set faults, look at what
    Graph was asked. `simulator` is everything it knows.
    """

    def __init__(self, server):
        self.simulator = server.simulator
        self.url = server.url
        self.faults = self.simulator.faults
        self.simulator.status_delays = {"sent": 0, "delivered": 0.02, "read": 0.04}
        self.simulator.courier.repeat_after = 0.1

    def connect(self, number):
        """Make a WhatsAppNumber known to Meta, with its tokens and secrets."""
        fields = {"waba_id": number.waba_id} if number.waba_id else {}
        if number.app_secret:
            fields["app_secret"] = number.app_secret
        return self.simulator.add_number(
            number.phone_number_id, number.phone_number, number.access_token, name=number.name, **fields
        )

    def approve(self, template):
        """Make a MessageTemplate known to Meta."""
        fields = ("name", "language", "category", "status", "parameter_format", "components")
        known = {"id": template.meta_id, **{field: getattr(template, field) for field in fields}}
        self.simulator.templates(template.waba_id).append(known)

    def customer_writes(self, number, phone, message, name="", context_wamid=""):
        """A customer sends a text, or a message made by `simulator.inbound`, to a WhatsAppNumber."""
        if isinstance(message, str):
            message = {"type": "text", "text": {"body": message}}
        return self.simulator.customer_sends(number.phone_number_id, phone, message, name, context_wamid)

    def customer_sends_file(self, number, phone, content, mime, name="", caption=""):
        """A customer sends a picture, film, sound or document to a WhatsAppNumber."""
        return self.simulator.customer_sends_file(number.phone_number_id, phone, content, mime, name, caption)

    @property
    def requests(self):
        """Every call of Graph: `method`, `path`, `query`, `token`, `json`, `status` (0: the connection was cut)."""
        return list(self.simulator.requests)

    @property
    def sends(self):
        """The bodies of the messages that were posted, accepted or not."""
        return [call.json for call in self.requests if call.path.endswith("/messages") and "status" not in call.json]

    def sent_to(self, phone):
        """The Cloud API messages that were accepted for a person, oldest first."""
        return [message.content for message in self.simulator.sent_to(phone)]

    def texts_to(self, phone):
        """The texts that a person received, of plain and interactive messages."""
        return [
            content["text"]["body"] if content["type"] == "text" else content[content["type"]]["body"]["text"]
            for content in self.sent_to(phone)
            if content["type"] in ("text", "interactive")
        ]

    def deliver_webhooks(self, client=None):
        """
        Post all webhooks that wait through Django's test client, in the calling thread, statuses too. Returns the
        HTTP statuses. What this sets in motion makes new webhooks: call it again for those.
        """
        client = client or Client(raise_request_exception=False)

        def post(url, body, headers):
            content_type = headers.pop("Content-Type")
            return client.post(WEBHOOK_PATH, body, content_type=content_type, headers=headers).status_code

        return self.simulator.courier.deliver(post)

    def post_webhooks_to(self, site_url):
        """From now on webhooks go there by HTTP, as they fall due."""
        self.simulator.courier.callback_url = site_url + WEBHOOK_PATH
        self.simulator.courier.wake()
