"""How time zones are called and offered."""

import zoneinfo

import pytest
from django.utils import translation

from accounts import time_zones
from accounts.admin.forms import BusinessForm
from accounts.testing import make_owner


@pytest.mark.parametrize(
    ("name", "language", "label"),
    [
        ("Europe/Moscow", "ru", "Москва (UTC+3)"),
        ("Europe/Moscow", "en", "Moscow (UTC+3)"),
        ("Asia/Kamchatka", "ru", "Камчатка (UTC+12)"),
        ("Asia/Kolkata", "en", "Kolkata (UTC+5:30)"),
        ("America/Bogota", "en", "Bogota (UTC−5)"),
        ("Mars/Olympus", "en", "Mars/Olympus"),
    ],
)
def test_a_zone_is_called_by_its_city(name: str, language: str, label: str) -> None:
    with translation.override(language):
        assert time_zones.label(name) == label


def test_zones_are_offered_in_the_order_of_their_difference() -> None:
    for _label, group in time_zones.choices():
        offsets = [time_zones._offset(name) for name, _text in group]
        assert offsets == sorted(offsets) and offsets


def test_every_common_zone_exists_and_has_a_russian_name() -> None:
    assert set(time_zones.COMMON) <= zoneinfo.available_timezones()
    with translation.override("ru"):
        assert [name for name in time_zones.COMMON if time_zones.label(name)[0].isascii()] == []


@pytest.mark.parametrize("name", ["Factory", "localtime", "Zulu", "Etc/GMT+5", "US/Eastern"])
def test_technical_names_are_not_offered(name: str) -> None:
    assert name not in {value for _label, group in time_zones.choices() for value, _text in group}


@pytest.mark.django_db
def test_a_zone_that_is_stored_stays_a_choice() -> None:
    business = make_owner().business
    business.time_zone = "US/Eastern"
    choices = BusinessForm(instance=business).fields["time_zone"].choices
    assert "US/Eastern" in {value for _label, group in choices for value, _text in group}
