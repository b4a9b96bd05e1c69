from datetime import timedelta

import pytest
from django.utils.translation import override

from crm.teamwork.durations import duration


@pytest.mark.parametrize(
    ("length", "text"),
    [
        ({"seconds": -5}, "0 s"),
        ({"seconds": 59}, "59 s"),
        ({"seconds": 119}, "1 min"),
        ({"hours": 3}, "3 h"),
        ({"hours": 3, "minutes": 5}, "3 h 5 min"),
        ({"days": 2, "hours": 4, "minutes": 30}, "2 d 4 h"),
    ],
)
def test_a_length_is_told_in_two_units_at_most(length, text):
    with override("en"):
        assert duration(timedelta(**length)) == text
