"""What businesses find that were there before a setting."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_business_that_was_there_gets_no_letters_and_no_first_steps():
    before, after = ("accounts", "0009_count_edits"), ("accounts", "0010_keep_who_is_alerted_and_present")
    call_command("migrate", *before, verbosity=0)
    try:
        old = MigrationExecutor(connection).loader.project_state([before]).apps.get_model("accounts", "Business")
        pk = old.objects.create(name="Old shop").pk
    finally:
        call_command("migrate", verbosity=0)
    new = MigrationExecutor(connection).loader.project_state([after]).apps.get_model("accounts", "Business")

    business = new.objects.get(pk=pk)

    assert business.alerts_after is None
    assert (business.alerts_about_numbers, business.assigns_automatically, business.shows_first_steps) == (
        False,
        False,
        False,
    )
