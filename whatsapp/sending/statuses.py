"""
What Meta reports about sent messages (Webhooks, "statuses"), written into the ledger in bulk. Statuses come in any
order, repeatedly, and sometimes before the answer to the send; they only ever move a row forward.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import translation

from accounts.database.bulk_update import update_rows
from whatsapp.graph.error_codes import Action
from whatsapp.graph.errors import CloudApiError
from whatsapp.models import OutboundMessage, WhatsAppNumber, outbound_models
from whatsapp.phone_numbers import country_of

from . import send_gate

#: How far a status is. `delivered` beats `failed`: one of a person's devices may fail (Webhooks, "statuses").
RANKS = {"sent": 1, "failed": 2, "delivered": 3, "read": 4}

#: Meta's names for what the ledger calls otherwise. A voice message that was played was read.
SYNONYMS = {"played": "read"}

#: Messages whose reports are written in one statement.
BATCH = 1000

Model = type[OutboundMessage]

#: wamid → (id of its row, status before), of the rows there are.
_Found = dict[str, tuple[int, str]]

_RANK = "CASE {row}.status " + " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RANKS.items())
_RANK += " WHEN 'received' THEN 9 ELSE 0 END"
_ADVANCES = "{} > {}".format(_RANK.format(row="v"), _RANK.format(row="t"))

#: Of two prices that Meta names for a message, that of the further status holds, and none is erased.
_IS_PRICED = "v.pricing_category IS NOT NULL AND (t.pricing_category IS NULL OR {} >= {})".format(
    _RANK.format(row="v"), _RANK.format(row="t")
)

#: The columns of a row's price, as Pricing has them.
_PRICING = ("pricing_category", "pricing_type", "pricing_billable", "pricing_model")

#: What else a report says of its row.
_FACTS = ("wamid", "status", "error_code", "error_title", "accepted_at", "sent_at", "delivered_at", "read_at")

_CHANGES = {
    **{
        name: f"CASE WHEN {_ADVANCES} THEN v.{name} ELSE t.{name} END"
        for name in ("status", "error_code", "error_title")
    },
    **{name: f"CASE WHEN {_ADVANCES} THEN NULL ELSE t.{name} END" for name in ("lease_until", "due_at")},
    **{
        name: f"COALESCE(t.{name}, v.{name})"
        for name in ("wamid", "accepted_at", "sent_at", "delivered_at", "read_at", "recipient_country")
    },
    **{name: f"CASE WHEN {_IS_PRICED} THEN v.{name} ELSE t.{name} END" for name in _PRICING},
}


@dataclass(frozen=True)
class Pricing:
    """What Meta charges for a message, in its own words; empty where it says nothing."""

    category: str
    type: str = ""
    billable: bool | None = None
    model: str = ""


@dataclass(frozen=True)
class StatusUpdate:
    """
    One element of `statuses[]`. `token` is the `biz_opaque_callback_data` with which the message was sent, `recipient`
    a phone (E.164) or a WhatsApp user id.
    """

    wamid: str
    status: str
    timestamp: datetime
    token: str | None = None
    error_code: int | None = None
    error_title: str = ""
    pricing: Pricing | None = None
    recipient: str = ""


@dataclass
class Report:
    """All that was reported about one message."""

    wamid: str
    token: str | None = None
    status: str = ""
    refusal: CloudApiError | None = None
    error_title: str = ""
    accepted_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    pricing: Pricing | None = None
    priced_by: str = ""
    recipient: str = ""

    def add(self, update: StatusUpdate) -> None:
        """Take one more status into account."""
        status = SYNONYMS.get(update.status, update.status)
        if status not in RANKS:
            return
        self.token = self.token or update.token
        self.recipient = self.recipient or update.recipient
        if update.pricing and RANKS[status] >= RANKS.get(self.priced_by, 0):
            self.pricing, self.priced_by = update.pricing, status
        # Of a message whose answer was lost or comes later: Meta has accepted what it reports about.
        self.accepted_at = min(self.accepted_at or update.timestamp, update.timestamp)
        if RANKS[status] > RANKS.get(self.status, 0):
            self.status = status
            self.refusal = CloudApiError(update.error_code, update.error_title) if status == "failed" else None
            self.error_title = str(self.refusal)[:500] if self.refusal else ""
        if status != "failed":
            setattr(self, f"{status}_at", getattr(self, f"{status}_at") or update.timestamp)

    @property
    def error_code(self) -> int | None:
        return self.refusal.code if self.refusal else None

    @property
    def values(self) -> list[Any]:
        """What it says of its row: the values of `_FACTS`, `_PRICING` and the recipient's country."""
        price = astuple(self.pricing) if self.pricing else (None,) * len(_PRICING)
        return [*(getattr(self, name) for name in _FACTS), *price, country_of(self.recipient) or None]


def apply(number: WhatsAppNumber, updates: Iterable[StatusUpdate]) -> set[str]:
    """Write StatusUpdates of a number's messages into the ledger. Returns the wamids that no message has."""
    with translation.override(number.business.language):
        reports = iter(_reports(updates))
    unknown: set[str] = set()
    while chunk := {report.wamid: report for report in islice(reports, BATCH)}:
        for model in outbound_models():
            if chunk:
                _apply_to(model, number, chunk)
        unknown |= chunk.keys()
    return unknown


def _reports(updates: Iterable[StatusUpdate]) -> list[Report]:
    reports: dict[str, Report] = {}
    for update in updates:
        reports.setdefault(update.wamid, Report(update.wamid)).add(update)
    return [report for report in reports.values() if report.status]


def _apply_to(model: Model, number: WhatsAppNumber, reports: dict[str, Report]) -> None:
    """Write reports, by wamid, into the rows of one model, and remove those that found their row from `reports`."""
    found = _write(model, number, reports)
    _react(model, number, [(reports[wamid], *row) for wamid, row in found.items()])
    for wamid in found:
        del reports[wamid]


@transaction.atomic
def _write(model: Model, number: WhatsAppNumber, reports: dict[str, Report]) -> _Found:
    found = _rows_by(model, number, "wamid", {report.wamid: report for report in reports.values()})
    by_token = {report.token: report for report in reports.values() if report.token and report.wamid not in found}
    found |= _rows_by(model, number, "token", by_token, wamid=None)
    rows = [(pk, *reports[wamid].values) for wamid, (pk, _status) in found.items()]
    given = ("id", *_FACTS, *_PRICING, "recipient_country")
    update_rows(model, given, rows, _CHANGES, where="t.id = v.id")
    return found


def _rows_by(model: Model, number: WhatsAppNumber, name: str, reports: dict[str, Report], **conditions: Any) -> _Found:
    """The rows with these wamids or tokens, locked in order so that nobody deadlocks."""
    if not reports:
        return {}
    rows = model.objects.filter(whatsapp_number=number, **{f"{name}__in": list(reports)}, **conditions)
    locked = rows.select_for_update(of=("self",)).order_by("pk").values_list(name, "pk", "status")
    return {reports[value].wamid: (pk, status) for value, pk, status in locked}


def _react(model: Model, number: WhatsAppNumber, reported: list[tuple[Report, int, str]]) -> None:
    """
    Do what refusals ask for that came later than the answer to the send. `reported`: triples of a report, the id of
    its row, and the status of that before.
    """
    refusals = {
        pk: report.refusal
        for report, pk, status_before in reported
        if report.refusal and RANKS.get(status_before, 0) < RANKS["failed"]
    }
    if not refusals:
        return
    with translation.override(number.business.language):
        for refusal in {refusal.code: refusal for refusal in refusals.values()}.values():
            if refusal.action in (Action.PAUSE_NUMBER, Action.PAUSE_WABA):
                send_gate.react(number, refusal)
        model.refused(number, refusals)
