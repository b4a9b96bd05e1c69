"""Templates that vanish at Meta while broadcasts use them."""

import pytest

from accounts.testing import make_business
from broadcasts.testing import make_broadcast
from whatsapp.message_templates import sync
from whatsapp.message_templates.availability import usable_with
from whatsapp.models import MessageTemplate
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db


def test_what_vanished_at_meta_stays_with_its_broadcast_and_cannot_be_chosen(meta):
    number = make_number(make_business())
    meta.connect(number)
    meta.simulator.templates(number.waba_id).clear()
    broadcast = make_broadcast(number, template=make_template(number))

    assert sync.sync(number).deleted == 1
    assert sync.sync(number).deleted == 0

    assert MessageTemplate.objects.of_number(number).get() == broadcast.template
    assert not usable_with(number).exists()
