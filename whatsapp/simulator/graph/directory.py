"""Who is known to the simulated Meta: numbers, accounts, and the tokens that may use them."""

import threading
from collections.abc import Callable
from typing import Any

from whatsapp.simulator.http import Json

from .phone_numbers import DEFAULT_WABA_ID, WELCOME_PREFIX, PhoneNumber, invented_phone
from .tokens import APP_ID, Token


class Directory:
    """
    Numbers and accounts by their ids. Every method may be called from any thread; `changed` is called when a number
    came into being.
    """

    def __init__(self, app_secret: str, changed: Callable[[], None]) -> None:
        self.app_id = APP_ID
        self.app_secret = app_secret
        self.numbers: dict[str, PhoneNumber] = {}
        #: The fields of an account's node in which it differs from one in order, by WABA id.
        self.accounts: dict[str, Json] = {}
        #: The apps that are subscribed to each account, in order: {WABA id: {app id: True}}.
        self.subscribed: dict[str, dict[str, bool]] = {}
        #: Access tokens that differ from a good one.
        self.tokens: dict[str, Token] = {}
        #: Codes of embedded signup, and the tokens they are exchanged for.
        self.codes: dict[str, str] = {}
        self._changed = changed
        self._lock = threading.RLock()

    def add_number(self, phone_number_id: str | int, phone: str, access_token: str, **fields: Any) -> PhoneNumber:
        """A number of the business; `fields` are further ones of PhoneNumber."""
        number = PhoneNumber(str(phone_number_id), phone, access_token, **{"app_secret": self.app_secret, **fields})
        with self._lock:
            self.numbers[number.phone_number_id] = number
        self._changed()
        return number

    def number(self, phone_number_id: str, token: str) -> PhoneNumber | None:
        """The number, when this token may use it. A welcome token makes an unknown one."""
        with self._lock:
            number = self.numbers.get(phone_number_id)
            if number is None and token.startswith(WELCOME_PREFIX) and not self.is_account(phone_number_id):
                number = self.add_number(phone_number_id, invented_phone(phone_number_id), token, is_unassigned=True)
            return number if number and number.accepts(token) else None

    def is_account(self, waba_id: str) -> bool:
        is_known = waba_id == DEFAULT_WABA_ID or waba_id in self.accounts
        return is_known or any(number.waba_id == waba_id for number in self.numbers.values())

    def numbers_of(self, waba_id: str, token: str) -> list[PhoneNumber]:
        """
        The numbers of an account that this token may use. A welcome token makes an unknown account: of the numbers
        that this token made and that are in no account yet, or with a new one.
        """
        with self._lock:
            if token.startswith(WELCOME_PREFIX) and waba_id != DEFAULT_WABA_ID:
                self._welcome(waba_id, token)
            return [number for number in self.numbers.values() if number.waba_id == waba_id and number.accepts(token)]

    def _welcome(self, waba_id: str, token: str) -> None:
        members = [number for number in self.numbers.values() if number.waba_id == waba_id]
        if any(number.access_token != token for number in members):
            return
        for number in self.numbers.values():
            if number.is_unassigned and number.access_token == token:
                number.waba_id, number.is_unassigned = waba_id, False
        if not self.is_account(waba_id):
            self.add_number(f"{waba_id}1", invented_phone(waba_id), token, waba_id=waba_id)

    def accepts_token(self, token: str) -> bool:
        """Whether Meta takes calls with an access token at all."""
        if token in self.tokens:
            return self.tokens[token].is_accepted
        return token.startswith(WELCOME_PREFIX) or any(
            number.access_token == token for number in list(self.numbers.values())
        )

    def knows_token(self, token: str) -> bool:
        """Whether Meta takes calls with this access token, or with this app token (`id|secret`)."""
        return token == f"{self.app_id}|{self.app_secret}" or self.accepts_token(token)

    def token(self, token: str) -> Token:
        """What Meta knows of an access token."""
        return self.tokens.get(token) or Token()

    def app_name(self, app_id: str) -> str:
        return "Simulator" if app_id == self.app_id else f"App {app_id}"
