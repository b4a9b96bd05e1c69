import pytest

from accounts.models import Role
from accounts.testing import make_colleague, make_owner

pytestmark = pytest.mark.django_db


def test_the_owner_may_delete_numbers():
    assert make_owner().has_perm("whatsapp.delete_whatsappnumber")


@pytest.mark.parametrize("right", ["whatsapp.delete_whatsappnumber", "whatsapp.change_secrets_of_whatsappnumber"])
def test_a_manager_may_neither_delete_a_number_nor_change_its_secrets(right):
    manager = make_colleague(make_owner(), Role.MANAGER)
    assert manager.has_perm("whatsapp.change_whatsappnumber")
    assert not manager.has_perm(right)


@pytest.mark.parametrize("right", ["crm.delete_customer", "crm.export_customer", "bots.change_bot"])
def test_an_operator_may_not(right):
    assert not make_colleague(make_owner(), Role.OPERATOR).has_perm(right)
