"""What `up` makes of its database before it serves."""

from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group

from chatbot_site.management.commands import up
from chatbot_site.operations.backups import create, migration_state

pytestmark = pytest.mark.django_db


@pytest.fixture
def migrated():
    with patch.object(up, "call_command") as migrated:
        yield migrated


def test_a_database_of_this_version_is_left_as_it_is(migrated):
    up.Command()._migrate(with_backup=True)
    assert not migrated.called


@pytest.mark.parametrize("role", ["owner", "manager", "operator"])
def test_one_whose_roles_have_other_rights_is_migrated_which_grants_them(role, migrated):
    group = Group.objects.get(name=role)
    group.permissions.remove(group.permissions.first())
    up.Command()._migrate(with_backup=True)
    assert migrated.called


def test_one_whose_first_start_was_killed_before_it_had_roles_is_migrated(migrated):
    Group.objects.all().delete()
    up.Command()._migrate(with_backup=True)
    assert migrated.called


@pytest.mark.parametrize("with_backup", [True, False])
def test_one_of_the_version_before_is_migrated_and_unless_it_is_the_demo_backed_up(with_backup, migrated):
    with (
        patch.object(migration_state, "is_complete", return_value=False),
        patch.object(create, "before_migrating") as backed_up,
    ):
        up.Command()._migrate(with_backup)
    assert backed_up.called is with_backup
    assert migrated.called
