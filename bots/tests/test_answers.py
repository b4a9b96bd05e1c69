from datetime import UTC, datetime

import pytest

from bots.engine.answers import READERS
from bots.engine.events import Person, Said

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "text", "expected"),
    [
        ("text", "  Аня ", "Аня"),
        ("text", "   ", None),
        ("number", "5", "5"),
        ("number", "1 500,50", "1500.50"),
        ("number", "-3", "-3"),
        ("number", "пять", None),
        ("number", "1e5", None),
        ("number", "٣", None),
        ("number", "9" * 13, None),
        ("email", "anna@example.com", "anna@example.com"),
        ("email", "anna@", None),
        ("phone", "8 916 123-45-67", "+79161234567"),
        ("phone", "+49 30 901820", "+4930901820"),
        ("phone", "123", None),
        ("date", "25.12.2026", "2026-12-25"),
        ("date", "25.12.26", "2026-12-25"),
        ("date", "25.12", "2026-12-25"),
        ("date", "1.2", "2027-02-01"),
        ("date", "2026-12-25", "2026-12-25"),
        ("date", "Завтра", "2026-11-23"),
        ("date", "today", "2026-11-22"),
        ("date", "31.02.2026", None),
        ("date", "скоро", None),
        ("image", "фото", None),
        ("location", "Москва", None),
    ],
)
def test_a_written_answer_is_read(answer, text, expected):
    assert READERS[answer](Said(Person(), text), NOW) == expected


@pytest.mark.parametrize(
    ("answer", "type", "content", "expected"),
    [
        ("image", "image", {"id": "123", "mime_type": "image/jpeg"}, "123"),
        ("image", "document", {"id": "123"}, None),
        ("document", "document", {"id": "124", "filename": "a.pdf"}, "124"),
        ("location", "location", {"latitude": 55.7, "longitude": 37.6, "name": "ГУМ"}, "55.7,37.6 ГУМ"),
        ("location", "location", {}, None),
        ("text", "image", {"id": "123"}, None),
    ],
)
def test_a_sent_thing_is_read(answer, type, content, expected):
    assert READERS[answer](Said(Person(), "", type=type, content=content), NOW) == expected
