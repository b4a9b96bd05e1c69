"""
Signed webhooks of every kind with something wrong in them, as a change of Meta's or a fault might bring: none is
answered 5xx, none costs the good ones beside it, and none has an effect twice.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Business
from accounts.testing import make_business
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.testing import WEBHOOK_PATH, inbound_text, make_number, message_from, sign
from whatsapp.tests.rows import message_model
from whatsapp.webhooks import process

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

SAMPLES = [json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "payloads").glob("*.json"))]

PHONE = "+79161234567"

#: In its place a number is posted that Python neither writes nor reads.
DIGITS = "a number of 5000 digits"

#: What stands where something else should.
JUNK = [
    *(None, True, False, 0, -1, 1.5, "", [], {}, [None], [[]], {"": None}, [{}], [1, "a"]),
    *(2**31, 2**63, -(2**63) - 1, 10**29, 10**40, DIGITS, 1e308, float("nan"), float("inf")),
    *("\0", "a\0b", "\ud800", "я" * 61, "x" * 70_000, "0", "-1", "NaN", "<b>", "%s%n", "{{1}}", "%(what)s"),
    {"id": {"id": []}},
    {"type": ["text"], "text": {"body": {"body": 1}}},
    {"type": "edit", "id": "wamid.edit", "edit": {"message": {"type": [], "text": 1}}},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each place in a value."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [path, *(found for key, item in items for found in places(item, (*path, key)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """One change of a sample, with up to four things wrong in it."""
    entry = copy.deepcopy(draw(st.sampled_from(SAMPLES))["entry"][0])
    for _mutation in range(draw(st.integers(1, 4))):
        # The entry itself stays.
        *way, key = draw(st.sampled_from([path for path in places(entry) if path] or [("id",)]))
        place = at(entry, tuple(way))
        match draw(st.sampled_from(["replace", "replace", "replace", "remove", "double", "rename"])):
            case "remove" if key in place or isinstance(place, list):
                del place[key]
            case "double" if isinstance(place, list):
                place.insert(key, copy.deepcopy(place[key]))
            case "rename" if isinstance(place, dict) and key in place:
                place[draw(st.sampled_from(["", "x" * 70, "type", "id", "\0"]))] = place.pop(key)
            case _:
                place[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return entry


def addressed(entry: dict[str, Any], number: WhatsAppNumber) -> dict[str, Any]:
    """An entry as it would be of this number, as far as it still looks like one."""
    entry = copy.deepcopy(entry)
    if isinstance(entry.get("id"), str):
        entry["id"] = number.waba_id
    changes = entry.get("changes")
    for change in changes if isinstance(changes, list) else []:
        value = change.get("value") if isinstance(change, dict) else None
        metadata = value.get("metadata") if isinstance(value, dict) else None
        if isinstance(metadata, dict) and isinstance(metadata.get("phone_number_id"), str):
            metadata["phone_number_id"] = number.phone_number_id
        if isinstance(value, dict) and isinstance(value.get("display_phone_number"), str):
            value["display_phone_number"] = number.phone_number.lstrip("+")
    return entry


def with_sibling(entry: dict[str, Any], number: WhatsAppNumber) -> str | None:
    """Put a good message beside those of an entry, where there still are any: its wamid."""
    for path in places(entry):
        if path[-2:] != ("value", "messages"):
            continue
        value, messages = at(entry, path[:-1]), at(entry, path)
        metadata = value.get("metadata")
        is_ours = isinstance(metadata, dict) and metadata.get("phone_number_id") == number.phone_number_id
        if isinstance(messages, list) and is_ours:
            good = message_from(PHONE, "text", {"body": "beside"})
            messages.append(good)
            return str(good["id"])
    return None


def post(entries: list[Any], number: WhatsAppNumber) -> None:
    body = json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()
    body = body.replace(json.dumps(DIGITS).encode(), b"9" * 5000)
    headers = {"X-Hub-Signature-256": sign(body, number.app_secret)}
    answer = Client().post(WEBHOOK_PATH, body, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    process.process_line(number.pk)


def kept(number: WhatsAppNumber) -> list[tuple[Any, ...]]:
    """What came by webhook. What is said to it, such as that somebody opted out, has no id of Meta's yet."""
    rows = message_model().objects.filter(whatsapp_number=number, wamid__isnull=False)
    return sorted(rows.values_list("wamid", "direction", "type", "text"))


def troubles(number: WhatsAppNumber) -> list[str]:
    """Of events that were not processed, but for those that wait for a message that is not here."""
    left = WebhookEvent.objects.filter(whatsapp_number=number, processed_at=None).order_by("pk")
    return [event.last_error for event in left if not event.last_error.startswith("Waiting for")]


@pytest.fixture
def business() -> Business:
    return make_business()


@given(entries=st.lists(mutated(), min_size=1, max_size=3), position=st.integers(0, 3))
def test_whatever_is_wrong_costs_nothing_beside_it_and_happens_once(
    business: Business, entries: list[dict[str, Any]], position: int
) -> None:
    before = transaction.savepoint()
    number = make_number(business)
    posted = [addressed(entry, number) for entry in entries]
    beside = [wamid for entry in posted if (wamid := with_sibling(entry, number))]
    good = inbound_text(number, PHONE, "good")["entry"][0]
    beside.append(good["changes"][0]["value"]["messages"][0]["id"])
    posted.insert(position, good)

    post(posted, number)

    assert troubles(number) == []
    stored = kept(number)
    assert {wamid for wamid, *_rest in stored} >= set(beside)
    assert len({wamid for wamid, *_rest in stored}) == len(stored)
    post(posted[::-1], number)
    assert (troubles(number), kept(number)) == ([], stored)
    transaction.savepoint_rollback(before)
