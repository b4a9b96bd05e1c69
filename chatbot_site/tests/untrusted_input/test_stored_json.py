"""Pages show what Meta or an older version wrote, whatever shape it has."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import JSONField
from django.test import Client
from django.urls import reverse

from bots.models import BotSession, BotTurn
from chatbot_site.tests.tenancy.world import World
from crm.models import Message
from whatsapp.models import MessageTemplate, WebhookEvent, WhatsAppNumber

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

ANYTHING: list[Any] = [None, 2**31, "text", [1, "x", [[]]], {"a": {"b": [1]}}]

#: Shapes that begin as Meta's do, and then are something else.
NEARLY = {
    WebhookEvent: [{name: wrong} for name in ("messages", "statuses", "errors") for wrong in ANYTHING],
    Message: [
        {kind: wrong}
        for kind in ("interactive", "text", "image", "order", "contacts", "reaction", "location")
        for wrong in [
            *ANYTHING,
            {"action": {"buttons": 1, "sections": "x"}},
            {"action": {"buttons": [None, {"reply": "x"}], "sections": [1, {"rows": [None, {"title": 1}]}]}},
            {"caption": 5, "product_items": 5, "emoji": [1]},
        ]
    ],
    MessageTemplate: [
        [{"type": kind, "text": wrong, "format": wrong, "buttons": wrong, "example": wrong}]
        for kind in ("HEADER", "BODY", "BUTTONS", 5)
        for wrong in [*ANYTHING, [{"type": "URL", "url": 5, "text": [], "example": {"a": 1}}]]
    ]
    + [
        [{"type": "BODY", "text": "{{1}}", "example": {"body_text_named_params": wrong, "body_text": wrong}}]
        for wrong in ANYTHING
    ],
    BotTurn: [{"kind": "answer"}, [{"effect": "SendMessage"}], [{"effect": "Never"}]],
    BotSession: [{"vars": wrong} for wrong in ANYTHING],
}
MODELS = list(NEARLY)


@pytest.fixture
def world(meta: Any) -> World:
    return World("json")


@pytest.fixture
def client(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.owner, backend="accounts.people.roles.RoleBackend")
    return client


def pages_of(model: Any, world: World) -> list[str]:
    row = world.rows[model]
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pages = (
        [reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])]
        if model in admin.site._registry
        else []
    )
    if model in (Message, MessageTemplate):
        pages.append(reverse("admin:crm_conversation_change", args=[world.rows[Message].conversation_id]))
        pages.append("/api/v1/messages/")
    if model is MessageTemplate:
        pages += [
            f"/api/v1/templates/{row.pk}/",
            reverse("admin:crm_test_message", args=[world.rows[WhatsAppNumber].pk]),
        ]
    return pages


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_page_shows_any_json(client: Client, model: Any, world: World) -> None:
    pages = pages_of(model, world)
    broken = []
    for field in [field for field in model._meta.concrete_fields if isinstance(field, JSONField)]:
        for shape in [*(shape for shape in ANYTHING if field.null or shape is not None), *NEARLY[model]]:
            fields = {field.name: shape}
            if model is Message:
                fields["type"] = (
                    next(iter(shape)) if isinstance(shape, dict) and shape and "a" not in shape else "order"
                )
            model.objects.filter(pk=world.rows[model].pk).update(**fields)
            broken += [f"{page} {field.name}={shape}" for page in pages if client.get(page).status_code >= 500]
    assert "\n".join(broken[:5]) == ""
