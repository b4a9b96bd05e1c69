"""What a new bot says by itself is in its business's language, whoever makes it."""

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.testing import make_administrator, make_owner
from bots.editor.create import create_bot
from bots.models import Bot
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

RUSSIAN, ENGLISH = "Зову", "I am calling a person"


@pytest.fixture(params=[("ru", "en", RUSSIAN), ("en", "ru", ENGLISH)], ids=["Russian", "English"])
def shop(request):
    """The owner of a business who reads another language than it writes, its number, and how a bot's text begins."""
    written, read, beginning = request.param
    owner = make_owner(language=read)
    owner.business.language = written
    owner.business.save()
    return owner, make_number(owner.business), beginning


def test_by_the_domain(shop):
    owner, number, beginning = shop
    with translation.override(owner.language):
        assert create_bot(number.business, whatsapp_number=number, name="B").operator_text.startswith(beginning)


def test_by_the_api(shop, client):
    owner, number, beginning = shop
    client.force_login(owner)
    client.post("/api/v1/bots/", {"whatsapp_number": number.pk, "name": "B"}, content_type="application/json")
    assert Bot.objects.get().operator_text.startswith(beginning)


def test_on_the_owners_page(shop, client):
    owner, _number, beginning = shop
    client.force_login(owner)
    page = client.get(reverse("admin:bots_bot_add"))
    assert page.context["adminform"].form["operator_text"].value().startswith(beginning)


def test_by_an_administrator_who_leaves_the_text_as_it_is(shop, client):
    _owner, number, beginning = shop
    client.force_login(make_administrator())
    add = reverse("admin:bots_bot_add")
    shown = client.get(add).context["adminform"].form["operator_text"].value()
    # A field whose default may change comes with what was shown at first, hidden.
    texts = {"operator_text": shown, "initial-operator_text": shown}
    answer = client.post(add, {"whatsapp_number": number.pk, "name": "B", "is_active": "on", "priority": 100, **texts})
    assert answer.status_code == 302
    assert Bot.objects.get().operator_text.startswith(beginning)


def test_a_text_that_somebody_wrote_stays(shop, client):
    owner, number, _beginning = shop
    client.force_login(owner)
    client.post(
        reverse("admin:bots_bot_add"),
        {"whatsapp_number": number.pk, "name": "B", "is_active": "on", "priority": 100, "operator_text": "Минуту"},
    )
    assert Bot.objects.get().operator_text == "Минуту"
