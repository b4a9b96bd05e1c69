"""A key of the API, of which only the beginning is shown."""

import pytest

from accounts.models import ApiToken
from accounts.testing import make_owner

pytestmark = pytest.mark.django_db


def test_a_keys_name_shows_no_more_than_its_beginning() -> None:
    token, key = ApiToken.objects.create(user=make_owner(), name="shop")
    assert str(token) == f"shop ({key[:8]}…)"


def test_a_key_without_a_name_is_a_sign_in() -> None:
    owner = make_owner()
    assert ApiToken.objects.create(user=owner)[0].is_sign_in
    assert not ApiToken.objects.create(user=owner, name="shop")[0].is_sign_in
