"""manage.py set_plan: which business it takes, until when, and what it says."""

from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from accounts.management.commands.set_plan import Command
from accounts.models import Subscription
from accounts.testing import make_business

pytestmark = pytest.mark.django_db


def plan_of(business):
    return Subscription.objects.get(business=business).plan


def test_other_businesses_keep_their_plan():
    business, other = make_business("Tea house"), make_business("Coffee house")
    call_command("set_plan", "Tea house", "trial")
    assert (plan_of(business), plan_of(other)) == ("trial", "unlimited")


def test_a_part_of_a_name_is_no_name():
    make_business("Tea house")
    with pytest.raises(CommandError, match="Tea"):
        call_command("set_plan", "Tea", "trial")


def test_a_business_may_be_called_like_a_number():
    business = make_business("1887")
    call_command("set_plan", "1887", "trial")
    assert plan_of(business) == "trial"


def test_an_id_that_is_anothers_name_too_changes_neither():
    first = make_business("Tea house")
    second = make_business(str(first.pk))
    with pytest.raises(CommandError):
        call_command("set_plan", str(first.pk), "trial")
    assert plan_of(first) == plan_of(second) == "unlimited"


def test_a_day_begins_at_midnight_of_the_installation(settings):
    settings.TIME_ZONE = "Asia/Yekaterinburg"
    make_business("Tea house")
    call_command("set_plan", "Tea house", "trial", "--until", "2030-01-31")
    assert Subscription.objects.get().ends_at == datetime(2030, 1, 30, 19, tzinfo=UTC)


@pytest.mark.parametrize("day", ["2030-02-30", "2030-1", "tomorrow", ""])
def test_a_day_that_is_none_changes_nothing(day):
    business = make_business("Tea house")
    with pytest.raises(CommandError):
        call_command("set_plan", "Tea house", "trial", "--until", day)
    assert plan_of(business) == "unlimited"


def test_a_plan_without_end_is_said_to_have_none(settings, capsys):
    settings.LANGUAGE_CODE = "en"
    make_business("Tea house")
    call_command("set_plan", "Tea house", "unlimited")
    assert capsys.readouterr().out == "Tea house: Unlimited, without end.\n"


@pytest.mark.parametrize(("language", "help"), [("en", "Put a business on a plan."), ("ru", "Перевести компанию")])
def test_its_help_is_in_the_language_of_the_installation(settings, language, help):
    from django.utils import translation

    with translation.override(language):
        assert help in Command().create_parser("manage.py", "set_plan").format_help()
