"""The page on which one writes as a customer, and the JSON it reads and posts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template import Context, Engine
from django.utils.translation import gettext as _
from django.utils.translation import override

from whatsapp.graph.media_types import EXTENSIONS, HEAD, recognise
from whatsapp.phone_numbers import normalize_phone, readable_phone
from whatsapp.simulator import inbound
from whatsapp.simulator.chats import Chat, ChatMessage, Customer
from whatsapp.simulator.graph.phone_numbers import PhoneNumber
from whatsapp.simulator.http import Json, Request, Response
from whatsapp.simulator.media import Media
from whatsapp.simulator.state import Simulator

from . import bubbles

ROOT = Path(__file__).parents[1]
CONTENT_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
ASSETS = {path.name: path for path in (ROOT / "static" / "simulator").iterdir()}
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
#: Content types that a page may post to another site without asking (CORS); empty is none.
FORM_TYPES = ("", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
#: Meta carries no longer ones either.
MAX_TEXT, MAX_CAPTION = 4096, 1024
#: Files that a browser shows in a tab; others it downloads.
INLINE_TYPES = ("image/", "audio/", "video/")
#: So many of the latest chats, and messages in one, are shown: a broadcast may have reached thousands.
MAX_SHOWN = 200

_engine = Engine(
    dirs=[str(ROOT / "templates")],
    libraries={"i18n": "django.templatetags.i18n"},
    builtins=["django.templatetags.i18n"],
)


class Page:
    def __init__(self, simulator: Simulator, admin_url: str) -> None:
        self.simulator = simulator
        self.admin_url = admin_url

    def respond(self, request: Request) -> Response:
        language = request.query.get("lang")
        with override(language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE):
            response = self._answer(request)
        response.headers.update(SECURITY_HEADERS)
        return response

    def _answer(self, request: Request) -> Response:
        if request.method == "GET" and request.path.startswith("/static/"):
            return _asset(request.path.removeprefix("/static/"))
        endpoint = ENDPOINTS.get((request.method, request.path))
        if endpoint is None:
            return Response(404)
        # Another site's page can post forms here, but nothing else without being asked first.
        if request.method == "POST" and request.headers["content-type"].partition(";")[0] in FORM_TYPES:
            return Response(415)
        try:
            return endpoint(self, request)
        except ValidationError as error:
            return Response.json({"error": " ".join(error.messages)}, 400)

    def show(self, request: Request) -> Response:
        languages = [(code, str(name)) for code, name in settings.LANGUAGES]
        html = _engine.get_template("simulator/page.html").render(
            Context(
                {
                    "admin_url": self.admin_url,
                    "languages": languages,
                    "file_types": ",".join(EXTENSIONS),
                    "environment": self.simulator.environment(request.base_url),
                }
            )
        )
        return Response.html(html)

    def state(self, request: Request) -> Response:
        """Everything the page shows; only the version when that is what the page has."""
        version = self.simulator.version
        if request.query.get("after") == str(version):
            return Response.json({"version": version})
        numbers = list(self.simulator.directory.numbers.values())
        number = self._number(request.query) or next(iter(numbers), None)
        customer = self._customer(request.query)
        return Response.json(
            {
                "version": version,
                "numbers": [_describe_number(each) for each in numbers],
                "customers": self._customers(number) if number else [],
                "chat": self._chat(number, customer) if number and customer else None,
            }
        )

    def add_customer(self, request: Request) -> Response:
        posted = request.json
        if not posted.get("phone"):
            raise ValidationError(_("Write the customer’s phone, for example +79161234567."))
        phone = normalize_phone(posted["phone"])
        customer = self.simulator.add_customer(str(posted.get("name", "")).strip() or readable_phone(phone), phone)
        return Response.json({"customer": customer.key}, 201)

    def send(self, request: Request) -> Response:
        """The customer writes; with `as_owner` the owner of the number does, in the WhatsApp Business app."""
        posted = request.json
        number, customer = self._chosen(posted)
        message, context = self._message(posted)
        if posted.get("as_owner") is True:
            sent = self.simulator.owner_sends(number.phone_number_id, customer.key, message)
        else:
            sent = self.simulator.customer_sends(number.phone_number_id, customer.key, message, context_wamid=context)
        return Response.json({"message": sent.wamid}, 201)

    def call(self, request: Request) -> Response:
        """The customer calls, and nobody answers."""
        number, customer = self._chosen(request.json)
        return Response.json({"call": self.simulator.customer_calls(number.phone_number_id, customer.key)}, 201)

    def _chosen(self, posted: Json) -> tuple[PhoneNumber, Customer]:
        number, customer = self._number(posted), self._customer(posted)
        if not (number and customer):
            raise ValidationError(_("The simulator was restarted and does not know this chat. Reload the page."))
        return number, customer

    def add_media(self, request: Request) -> Response:
        """The body is a file that the customer is about to send."""
        name = request.query.get("name", "")
        try:
            media_type = recognise(name, request.body[:HEAD], len(request.body))
        except ValidationError as error:
            raise ValidationError([f"{name}: {message}" for message in error.messages]) from error
        return Response.json({"media": self.simulator.add_media(request.body, media_type.mime, name).id}, 201)

    def show_media(self, request: Request) -> Response:
        media = self.simulator.media.get(request.query.get("id", ""))
        if media is None:
            return Response(404)
        kind = "inline" if media.mime.startswith(INLINE_TYPES) else "attachment"
        return Response(200, media.content, {"Content-Type": media.mime, "Content-Disposition": kind})

    def _media(self, media_id: str) -> Media:
        media = self.simulator.media.get(media_id)
        if media is None:
            raise ValidationError(_("The simulator was restarted and does not know this file. Choose it again."))
        return media

    def _message(self, posted: Json) -> tuple[Json, str]:
        """What the customer sends, and the id of the message that it answers."""
        wamid = posted.get("wamid", "")
        if "choice" in posted:
            return self._tap(self.simulator.message(wamid), posted["choice"]), wamid
        if "emoji" in posted:
            return inbound.reaction(wamid, posted["emoji"]), ""
        text = str(posted.get("text", "")).strip()[:MAX_TEXT]
        if "media" in posted:
            return inbound.file(self._media(posted["media"]), text[:MAX_CAPTION]), ""
        if not text:
            raise ValidationError(_("Write something first."))
        return inbound.text(text), ""

    def _tap(self, message: ChatMessage | None, choice: str) -> Json:
        reply = bubbles.choices(message).get(choice) if message else None
        if message is None or reply is None:
            raise ValidationError(_("This button is no longer there. Reload the page."))
        message.chosen = choice
        return reply

    def _number(self, given: Mapping[str, Any]) -> PhoneNumber | None:
        return self.simulator.directory.numbers.get(given.get("number", ""))

    def _customer(self, given: Mapping[str, Any]) -> Customer | None:
        return self.simulator.customers.get(given.get("customer", ""))

    def _customers(self, number: PhoneNumber) -> list[Json]:
        chats = [self.simulator.chat(number, customer) for customer in list(self.simulator.customers.values())]
        latest = sorted(chats, key=lambda chat: chat.last_at, reverse=True)[:MAX_SHOWN]
        return [_describe_chat(chat) for chat in latest]

    def _chat(self, number: PhoneNumber, customer: Customer) -> Json:
        chat = self.simulator.chat(number, customer)
        return {
            "typing_until": chat.typing_until,
            "messages": [
                bubbles.bubble(message, self.simulator.message(message.context_wamid), self.simulator.media)
                for message in chat.messages[-MAX_SHOWN:]
            ],
        }


def _asset(name: str) -> Response:
    if name not in ASSETS:
        return Response(404)
    path = ASSETS[name]
    return Response(200, path.read_bytes(), {"Content-Type": CONTENT_TYPES[path.suffix], "Cache-Control": "no-cache"})


def _describe_number(number: PhoneNumber) -> Json:
    return {"id": number.phone_number_id, "name": number.name, "phone": readable_phone(number.phone)}


def _describe_chat(chat: Chat) -> Json:
    last = chat.messages[-1] if chat.messages else None
    known_by = readable_phone(chat.customer.phone) if chat.customer.phone else chat.customer.user_id
    return {
        "key": chat.customer.key,
        "name": chat.customer.name or known_by,
        "phone": known_by,
        "last": bubbles.summary(last) if last else "",
        "at": chat.last_at,
        "last_id": last.wamid if last and not last.from_customer else "",
    }


ENDPOINTS: dict[tuple[str, str], Callable[[Page, Request], Response]] = {
    ("GET", "/"): Page.show,
    ("GET", "/state"): Page.state,
    ("POST", "/customers"): Page.add_customer,
    ("POST", "/messages"): Page.send,
    ("POST", "/calls"): Page.call,
    ("POST", "/media"): Page.add_media,
    ("GET", "/media"): Page.show_media,
}
