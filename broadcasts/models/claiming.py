"""
Claiming the recipients of broadcasts. One statement finds the broadcast whose turn it is, takes its next people, skips
those who have opted out, and brings all that their messages need. It takes nobody when the number may not send, or is
not as whoever claims knows it, so that nobody reads the number before each claim.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm.models.customer import recipient_of
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile
from whatsapp.template_parameters import MEDIA, SentFile, message_of, parts_of, with_files

from .broadcast import Broadcast

# Who waits is asked for as a range of one status, in the order of the index of a broadcast's recipients: however much
# of it is sent, and whatever PostgreSQL believes of that, it cannot read the table by id instead.
TURN = """
    SELECT b.id, template.synced_at
    FROM broadcasts b
    JOIN whatsapp_numbers n ON n.id = b.whatsapp_number_id
    JOIN businesses owner ON owner.id = n.business_id
    LEFT JOIN subscriptions s ON s.business_id = n.business_id
    JOIN message_templates template ON template.id = b.template_id
    WHERE b.whatsapp_number_id = %(number)s AND b.status = 'sending'
      AND n.is_active AND NOT owner.is_suspended
      AND (n.paused_until IS NULL OR n.paused_until <= %(now)s) AND (s.ends_at IS NULL OR s.ends_at > %(now)s)
      AND n.access_token = %(access_token)s AND n.phone_number_id = %(phone_number_id)s AND n.status = %(status)s
      AND n.refused_token = %(refused_token)s AND n.messages_per_second = %(messages_per_second)s
      AND (
        SELECT m.id FROM broadcast_messages m
        WHERE m.broadcast_id = b.id AND m.status BETWEEN 'planned' AND 'planned'
          AND (m.due_at IS NULL OR m.due_at <= %(now)s)
        ORDER BY m.status, m.id LIMIT 1
      ) IS NOT NULL
      AND {has_its_files}
    ORDER BY b.claimed_at NULLS FIRST, b.started_at, b.id LIMIT 1
"""

PEOPLE = """
    SELECT m.id, m.attempts + 1 AS attempts, m.parameters, m.broadcast_id, (SELECT synced_at FROM turn) AS synced_at,
      customer.phone, customer.whatsapp_user_id, customer.opted_out_at IS NULL AS is_wanted
    FROM broadcast_messages m
    JOIN customers customer ON customer.id = m.customer_id
    WHERE m.broadcast_id = (SELECT id FROM turn) AND m.status BETWEEN 'planned' AND 'planned'
      AND (m.due_at IS NULL OR m.due_at <= %(now)s)
    ORDER BY m.status, m.id LIMIT %(limit)s
"""

# Whoever changes the broadcast at this moment (cancels it, and then its recipients, which the claim holds) is not
# waited for.
POSTGRESQL = """
    WITH turn AS MATERIALIZED ({turn}),
    people AS MATERIALIZED ({people} FOR UPDATE OF m SKIP LOCKED),
    noted AS (
      UPDATE broadcasts SET claimed_at = %(now)s WHERE id = (
        SELECT b.id FROM broadcasts b JOIN turn ON turn.id = b.id FOR NO KEY UPDATE OF b SKIP LOCKED
      )
    )
    UPDATE broadcast_messages m SET
      status = CASE WHEN is_wanted THEN 'sending' ELSE 'skipped' END,
      skip_reason = CASE WHEN is_wanted THEN '' ELSE 'opted_out' END,
      token = CASE WHEN is_wanted THEN %(secret)s || lpad(m.id::text, 20, '0') ELSE m.token END,
      attempts = CASE WHEN is_wanted THEN m.attempts + 1 ELSE m.attempts END,
      lease_until = CASE WHEN is_wanted THEN %(lease_until)s ELSE m.lease_until END
    FROM people WHERE m.id = people.id
    RETURNING people.*
"""

# SQLite has one writer at a time, so that what it reads in its transaction is free.
SQLITE = "WITH turn AS MATERIALIZED ({turn}) {people}"
SQLITE_CLAIM = """
    UPDATE broadcast_messages SET status = 'sending', token = %(secret)s || printf('%%020d', id),
      attempts = attempts + 1, lease_until = %(lease_until)s
    WHERE id IN (SELECT value FROM json_each(%(ids)s))
"""
SQLITE_SKIP = """
    UPDATE broadcast_messages SET status = 'skipped', skip_reason = 'opted_out'
    WHERE id IN (SELECT value FROM json_each(%(ids)s))
"""
SQLITE_NOTE = "UPDATE broadcasts SET claimed_at = %(now)s WHERE id = %(broadcast)s"


# Of a parameter that refers to a file (template_parameters.FILE): whether Meta has that. Whatever else it may be is no
# reason to wait.
_IS_AT_META = """
    CASE WHEN {value} {matches} '^\\s*file:[0-9]{{1,18}}\\s*$' THEN EXISTS (
      SELECT 1 FROM header_files f
      WHERE f.whatsapp_number_id = n.id AND f.id = CAST(trim(replace({value}, 'file:', '')) AS bigint)
        AND f.meta_id <> '' AND f.uploaded_at > %(files_since)s
    ) ELSE true END
"""

#: How each database reads a parameter of a broadcast, and matches a regular expression.
_READING = {
    "postgresql": ("(b.parameters ->> 'header.{kind}')", "~"),
    "sqlite": ("json_extract(b.parameters, '$.\"header.{kind}\"')", "REGEXP"),
}


@dataclass
class KeptBroadcast:
    """What all messages of a broadcast have in common, as long as its template stays as it is."""

    broadcast: Broadcast
    synced_at: object
    parts: list[dict[str, Any]]
    file_ids: set[int]
    files: Mapping[int, SentFile]


@dataclass(slots=True)
class ClaimedRecipient:
    """A claimed row of a BroadcastMessage, as far as sending needs it."""

    pk: int
    token: str
    attempts: int
    kept: KeptBroadcast
    parameters: str
    phone: str | None
    whatsapp_user_id: str | None

    def cloud_api_message(self) -> dict[str, Any]:
        """The message without the envelope that delivery adds (OutboundMessage.cloud_api_message)."""
        kept = self.kept
        content = message_of(kept.broadcast.template, kept.parts, json.loads(self.parameters))
        return {**with_files(content, kept.files), **recipient_of(self.phone, self.whatsapp_user_id)}


class Claimer:
    """Claims recipients of the broadcasts of one number again and again."""

    def __init__(self, number_id: int) -> None:
        self.number_id = number_id
        self._kept: dict[int, KeptBroadcast] = {}

    def claim(
        self, known: Mapping[str, Any], limit: int, secret: str, lease_until: datetime
    ) -> list[ClaimedRecipient]:
        """
        Up to `limit` people to be written to now, in order, whose tokens begin with `secret`. None while the number
        may not send, or has other values than those `known`.
        """
        now = timezone.now()
        times = {"now": now, "lease_until": lease_until, "files_since": now - HeaderFile.UPLOAD_RETENTION}
        adapt = connection.ops.adapt_datetimefield_value
        values = {**known, "number": self.number_id, "limit": limit, "secret": secret}
        values |= {name: adapt(moment) for name, moment in times.items()}
        take = _take_on_sqlite if connection.vendor == "sqlite" else _take
        # A whole claim of people who have opted out says nothing about those who come after.
        while taken := take(values):
            if wanted := [row for row in taken if row[-1]]:
                return self._claimed(sorted(wanted), secret)
        return []

    def _claimed(self, rows: list[tuple[Any, ...]], secret: str) -> list[ClaimedRecipient]:
        _pk, _attempts, _parameters, broadcast_id, synced_at, *_customer = rows[0]
        kept = self._keep(broadcast_id, synced_at)
        return [
            ClaimedRecipient(pk, f"{secret}{pk:020}", attempts, kept, parameters, phone, user_id)
            for pk, attempts, parameters, _broadcast, _synced_at, phone, user_id, _is_wanted in rows
        ]

    def _keep(self, broadcast_id: int, synced_at: object) -> KeptBroadcast:
        kept = self._kept.get(broadcast_id)
        if kept is None or kept.synced_at != synced_at:
            broadcast = Broadcast.objects.select_related("template").get(pk=broadcast_id)
            file_ids = header_files.ids_in(broadcast.parameters)
            kept = KeptBroadcast(broadcast, synced_at, parts_of(broadcast.template), file_ids, {})
            self._kept[broadcast_id] = kept
        if kept.file_ids:
            kept.files = header_files.at_meta(kept.file_ids, self.number_id)
        return kept


def _take(values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Claim and skip the next people of the broadcast whose turn it is."""
    with connection.cursor() as cursor:
        cursor.execute(filled(POSTGRESQL), values)
        return cursor.fetchall()


@transaction.atomic(durable=True)
def _take_on_sqlite(values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        rows = cursor.execute(filled(SQLITE), values).fetchall()
        if rows:
            wanted, unwanted = [row[0] for row in rows if row[-1]], [row[0] for row in rows if not row[-1]]
            cursor.execute(SQLITE_CLAIM, {**values, "ids": json.dumps(wanted)})
            if unwanted:
                cursor.execute(SQLITE_SKIP, {"ids": json.dumps(unwanted)})
            cursor.execute(SQLITE_NOTE, {**values, "broadcast": rows[0][3]})
        return rows


@lru_cache
def filled(statement: str) -> str:
    """A statement with its parts in the SQL of the database."""
    value, matches = _READING[connection.vendor]
    conditions = [_IS_AT_META.format(value=value.format(kind=kind), matches=matches) for kind in MEDIA]
    return statement.format(turn=TURN.format(has_its_files=" AND ".join(conditions)), people=PEOPLE)
