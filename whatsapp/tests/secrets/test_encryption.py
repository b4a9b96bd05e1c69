import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import connection

from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return WhatsAppNumber.objects.create(
        business=make_business(),
        name="Shop",
        phone_number="+79161234567",
        phone_number_id="10001",
        access_token="EAA-very-secret",
    )


def stored(number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token FROM whatsapp_numbers WHERE id = %s", [number.pk])
        return cursor.fetchone()[0]


def test_a_secret_is_not_readable_in_the_database(number):
    assert "very-secret" not in stored(number)


def test_a_secret_reads_back(number):
    assert WhatsAppNumber.objects.get().access_token == "EAA-very-secret"


def test_a_secret_does_not_print_itself(number):
    assert "very" not in repr(WhatsAppNumber.objects.get().access_token)


def test_a_new_key_in_front_still_reads_the_old_secret(number, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    assert WhatsAppNumber.objects.get().access_token == "EAA-very-secret"


def test_a_wrong_key_is_an_error_and_never_the_ciphertext(number, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(UnreadableSecret):
        _ = WhatsAppNumber.objects.get().access_token


def test_a_row_says_that_a_secret_of_its_own_cannot_be_read(number, settings):
    assert WhatsAppNumber.objects.get().readable_secret("access_token") == "EAA-very-secret"
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    row = WhatsAppNumber.objects.get()
    assert row.readable_secret("access_token") is None
    assert row.readable_secret("app_secret") == ""


def test_a_row_with_an_unreadable_secret_can_still_be_named(number, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert str(WhatsAppNumber.objects.get()) == "Shop"


def test_a_row_with_an_unreadable_secret_is_read_again_without_it(number, settings):
    WhatsAppNumber.objects.update(name="Cafe")
    right, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    number.refresh_from_db()
    assert number.name == "Cafe"
    with pytest.raises(UnreadableSecret):
        _ = number.access_token
    settings.FIELD_KEYS = right
    assert number.access_token == "EAA-very-secret"


def test_a_secret_that_changed_is_read_again(number):
    WhatsAppNumber.objects.update(access_token="EAA-new")
    number.refresh_from_db()
    assert number.access_token == "EAA-new"


def test_saving_other_fields_keeps_the_secret(number):
    number = WhatsAppNumber.objects.get()
    number.name = "Cafe"
    number.save()
    assert WhatsAppNumber.objects.get().access_token == "EAA-very-secret"


@pytest.mark.parametrize("lookup", ["startswith", "contains", "regex", "exact"])
def test_a_secret_cannot_be_looked_up(number, lookup):
    with pytest.raises(FieldError):
        WhatsAppNumber.objects.filter(**{f"access_token__{lookup}": "EAA"}).exists()
