"""A POST may promise a formset no more rows than it takes."""

import pytest

from accounts.testing import make_owner
from crm.models import DealStage

pytestmark = pytest.mark.django_db


def test_rows_that_are_promised_to_an_editable_list_are_refused(client):
    owner = make_owner(language="en")
    client.force_login(owner)
    address = "/admin/crm/dealstage/"
    stages = DealStage.objects.filter(business=owner.business)
    before = list(stages.values())
    sent = {"form-TOTAL_FORMS": 99999999, "form-INITIAL_FORMS": 0, "_save": "Save"}
    page = client.post(address, sent)
    assert page.status_code == 400
    assert "Nothing was saved" in page.content.decode()
    assert list(stages.values()) == before
