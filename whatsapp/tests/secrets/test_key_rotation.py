from io import StringIO
from unittest.mock import patch

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets import key_rotation
from whatsapp.secrets.encryption import EncryptedTextField, HoldsSecrets
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def new_key():
    return Fernet.generate_key().decode()


@pytest.fixture
def number(settings):
    """With a token and an app secret under the old key, and no PIN."""
    return make_number(make_business(), access_token="EAA-very-secret")


@pytest.fixture
def keys(number, settings):
    """A new key in front of the old one."""
    settings.FIELD_KEYS = [new_key(), *settings.FIELD_KEYS]
    return settings.FIELD_KEYS


def stored(number, column="access_token"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM whatsapp_numbers WHERE id = %s", [number.pk])
        return cursor.fetchone()[0]


def run():
    out = StringIO()
    call_command("rotate_field_keys", stdout=out)
    return out.getvalue()


def test_every_encrypted_field_of_every_model_is_found():
    assert set(key_rotation.secret_fields()) == {
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, EncryptedTextField)
    }


def test_every_model_with_an_encrypted_field_lives_with_what_cannot_be_read():
    assert all(issubclass(model, HoldsSecrets) for model, _field in key_rotation.secret_fields())


def test_secrets_are_read_with_the_new_key_alone_afterwards(number, keys, settings):
    rotation = key_rotation.rotate()
    settings.FIELD_KEYS = keys[:1]
    number = WhatsAppNumber.objects.get()
    assert (number.access_token, number.pin) == ("EAA-very-secret", "")
    assert (rotation.rotated, rotation.already, rotation.old_keys_may_go) == (2, 0, True)


def test_what_is_under_the_newest_key_is_left_alone(number, keys):
    key_rotation.rotate()
    before = stored(number)
    rotation = key_rotation.rotate()
    assert (rotation.rotated, rotation.already) == (0, 2)
    assert stored(number) == before


def test_more_rows_than_a_batch_are_all_rotated(number, keys):
    for _number in range(4):
        make_number(number.business, access_token="")
    make_number(number.business)
    WhatsAppNumber.objects.update(app_secret=stored_as(stored(number, "app_secret")))
    with patch.object(key_rotation, "BATCH", 2):
        key_rotation.rotate()
        assert key_rotation.rotate().already == 8


def stored_as(ciphertext):
    return key_rotation.Ciphertext(ciphertext)


def test_a_secret_entered_meanwhile_is_not_overwritten(number, keys):
    replace = key_rotation._replace

    def entered_first(model, secret, changes):
        if secret.name == "access_token" and changes:
            number.access_token = "EAA-entered-meanwhile"
            number.save(update_fields=["access_token"])
        return replace(model, secret, changes)

    with patch.object(key_rotation, "_replace", entered_first):
        key_rotation.rotate()
    assert WhatsAppNumber.objects.get().access_token == "EAA-entered-meanwhile"


def test_the_command_says_that_the_old_keys_may_go(number, keys):
    told = run()
    assert "2" in told and "FIELD_KEYS" in told


def test_the_command_names_what_it_cannot_read(number, settings):
    other = make_number(number.business, name="Bakery")
    settings.FIELD_KEYS = [new_key()]
    readable = make_number(number.business, name="Readable")
    with pytest.raises(CommandError) as refused:
        run()
    assert f"“Bakery” (id {other.pk})" in str(refused.value)
    assert readable.name not in str(refused.value)


def test_an_unreadable_secret_does_not_keep_others_from_being_rotated(number, keys, settings):
    lost = make_number(number.business, app_secret="")
    settings.FIELD_KEYS = [new_key()]
    WhatsAppNumber.objects.filter(pk=lost.pk).update(access_token="under a key that is lost")
    settings.FIELD_KEYS = keys
    rotation = key_rotation.rotate()
    assert rotation.rotated == 2
    assert [(secret.pk, secret.field.name) for secret in rotation.unreadable] == [(lost.pk, "access_token")]
    assert not rotation.old_keys_may_go


def test_somebody_who_still_writes_with_an_old_key_is_noticed(number, keys):
    old = stored(number)
    replace = key_rotation._replace

    def undone(*arguments):
        count = replace(*arguments)
        WhatsAppNumber.objects.update(access_token=stored_as(old))
        return count

    with patch.object(key_rotation, "_replace", undone):
        assert not key_rotation.rotate().old_keys_may_go


def test_the_check_of_the_database_tells_of_wrong_keys(number, settings):
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    settings.FIELD_KEYS = [new_key()]
    assert [found.id for found in run_checks(tags=[Tags.database], databases=["default"])] == ["site.W001"]
