from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from accounts.office_hours import clean_office_hours, is_open

MOSCOW = ZoneInfo("Europe/Moscow")
HOURS = {"mon": ["09:00-13:00", "14:00-18:00"], "fri": ["22:00-02:00"], "sun": ["00:00-24:00"]}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T09:00", True),
        ("2026-11-23T08:59", False),
        ("2026-11-23T13:00", False),
        ("2026-11-23T17:59", True),
        ("2026-11-24T10:00", False),
        ("2026-11-27T23:00", True),
        ("2026-11-28T01:59", True),
        ("2026-11-28T02:00", False),
        ("2026-11-29T23:59", True),
    ],
)
def test_a_moment_lies_in_the_hours_or_not(moment, expected):
    assert is_open(HOURS, datetime.fromisoformat(moment).replace(tzinfo=MOSCOW)) is expected


def test_without_hours_it_is_always_open():
    assert is_open({}, datetime(2026, 11, 23, 3, 0, tzinfo=MOSCOW))


@pytest.mark.parametrize(
    ("written", "kept"),
    [("9-18", "09:00-18:00"), ("9:30 – 18:00", "09:30-18:00"), ("0:00-24:00", "00:00-24:00"), ("22-2", "22:00-02:00")],
)
def test_hours_are_kept_in_one_form(written, kept):
    assert clean_office_hours({"mon": [written], "tue": []}) == {"mon": [kept]}


@pytest.mark.parametrize(
    "value",
    [[], {"someday": []}, {"mon": "9-18"}, {"mon": [9]}, {"mon": ["25-26"]}, {"mon": ["9"]}, {"mon": ["9:60-10"]}],
)
def test_what_are_no_hours_is_refused(value):
    with pytest.raises(ValidationError):
        clean_office_hours(value)
