"""
What the page, the preview and the receipt count is what really goes, for every model that hangs on a number. They are
found by introspection, so that a model added tomorrow is among them.
"""

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse

from accounts.deletion import deletion, job
from accounts.models import Deletion
from accounts.tests.deletion.rows import rows_of_everything
from chatbot_site.tests.tenancy.world import World
from whatsapp.models import WhatsAppNumber

pytestmark = pytest.mark.django_db

#: Written by the very asking.
LOGS = {"deletions", "django_admin_log", "django_session"}


def hanging_on(model):
    """The models that name this one, or one that does, by a key along which rows go."""
    found, waiting = {model}, [model]
    while waiting:
        target = waiting.pop()
        for other in apps.get_models():
            keys = [key for key in other._meta.concrete_fields if key.is_relation and key.related_model is target]
            if other not in found and any(key.remote_field.on_delete is models.CASCADE for key in keys):
                found.add(other)
                waiting.append(other)
    return found


@pytest.fixture(params=["at once", "by a job"])
def world(request, monkeypatch):
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 1000 if request.param == "at once" else 0)
    World("stranger")
    return World("mineown")


def test_there_is_a_row_of_every_model_that_hangs_on_a_number(world):
    counted = deletion.preview(world.rows[WhatsAppNumber]).counts
    assert hanging_on(WhatsAppNumber) - set(counted) == set()


def test_page_preview_and_receipt_count_what_really_goes(world, client):
    number = world.rows[WhatsAppNumber]
    client.force_login(world.owner)
    url = reverse("admin:whatsapp_whatsappnumber_delete", args=[number.pk])
    counted = client.get(url).context["counts"]
    preview = client.get(f"/api/v1/whatsapp-numbers/{number.pk}/delete-preview/").json()
    before = rows_of_everything()

    client.post(url, {"post": "yes", f"name-{number.pk}-typed": number.name})
    asked = Deletion.objects.filter(what=number._meta.label_lower, object_id=number.pk)
    job.advance(asked.get())

    after, receipt = rows_of_everything(), asked.get()
    gone = {table: len(before[table] - after[table]) for table in before if before[table] - after[table]}
    assert counted == gone == receipt.counts
    assert preview == {kind: gone[kind] for kind in preview}
    assert (receipt.done, receipt.total) == (sum(gone.values()), sum(gone.values()))
    assert (receipt.state, receipt.orphans) == ("done", 0)
    assert {table for table in before if after[table] - before[table]} <= LOGS
