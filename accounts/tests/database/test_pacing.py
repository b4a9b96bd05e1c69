"""Whoever writes in many transactions leaves a gap for others on SQLite, which has one writer."""

import pytest
from django.db import connection

from accounts.database import pacing


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(pacing.time, "sleep", made.append)
    return made


@pytest.mark.parametrize(("vendor", "expected"), [("sqlite", [pacing.PAUSE]), ("postgresql", [])])
def test_only_sqlite_needs_it(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch, vendor: str, expected: list[float]
) -> None:
    monkeypatch.setattr(connection, "vendor", vendor)
    pacing.let_others_write()
    assert pauses == expected
