"""Who may do what by API: each operation of the contract, asked for by each role."""

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import ApiToken, Deletion, User
from accounts.testing import make_colleague
from bots.models import Bot, BotScenario
from broadcasts.models import Broadcast, BroadcastMessage
from chatbot_site.tests.api.contract import OPERATIONS
from chatbot_site.tests.tenancy.world import World
from crm.models import (
    Conversation,
    Customer,
    Deal,
    DealPipeline,
    DealStage,
    Message,
    SavedReply,
    ScheduledMessage,
    Tag,
)
from whatsapp.models import HeaderFile, MessageTemplate, WhatsAppNumber

pytestmark = pytest.mark.django_db

#: The rest belongs to everybody: customers, tags, deals, conversations, messages.
OF_THE_OWNER = {"business", "deletions", "subscription", "team", "tokens"}
OF_MANAGERS = {"whatsapp-numbers", "templates", "bots", "bot-scenarios", "broadcasts", "broadcast-messages"}
OF_ANYBODY = {"auth", "stats"}
#: Everybody adds their own; those of the world are everybody's, which managers write.
SHARED = {"saved-replies"}

#: POSTs that change nothing, and GETs that are a step towards a change.
READING = {"bots/{id}/simulate/", "bot-scenarios/{id}/validate/"}
WRITING = {
    "whatsapp-numbers/{id}/delete-preview/",
    "templates/{id}/delete-preview/",
    "whatsapp-numbers/{id}/export/",
}

ROWS = {
    "deletions": Deletion,
    "team": User,
    "tokens": ApiToken,
    "whatsapp-numbers": WhatsAppNumber,
    "templates": MessageTemplate,
    "template-files": HeaderFile,
    "bots": Bot,
    "bot-scenarios": BotScenario,
    "broadcasts": Broadcast,
    "broadcast-messages": BroadcastMessage,
    "customers": Customer,
    "tags": Tag,
    "deals": Deal,
    "deal-stages": DealStage,
    "deal-pipelines": DealPipeline,
    "conversations": Conversation,
    "messages": Message,
    "saved-replies": SavedReply,
    "scheduled-messages": ScheduledMessage,
}


def may(role, operation):
    """What the contract says."""
    resource = operation.path.partition("/")[0]
    deletes = operation.method == "DELETE"
    reads = (operation.method == "GET" or operation.path in READING) and operation.path not in WRITING
    if role == "owner" or resource in OF_ANYBODY:
        return True
    if resource in OF_THE_OWNER:
        return reads and role == "manager"
    if role == "manager":
        return not (deletes and resource == "whatsapp-numbers")
    if resource in SHARED:
        return reads or operation.method == "POST"
    return reads if resource in OF_MANAGERS else not deletes


@pytest.fixture
def world(settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    return World("mineown")


@pytest.mark.parametrize("role", ["owner", "manager", "operator"])
def test_a_role_may_do_what_the_contract_says(role, world):
    client = APIClient()
    client.force_authenticate(world.owner if role == "owner" else make_colleague(world.owner, role))
    answers = [(operation, ask(client, world, operation)) for operation in OPERATIONS]
    assert [(str(operation), status) for operation, status in answers if status in (404, 405)] == []
    assert [str(operation) for operation, status in answers if (status != 403) is not may(role, operation)] == []


def ask(client, world, operation):
    """The status of the answer. What it changed is undone."""
    row = world.rows.get(ROWS.get(operation.path.partition("/")[0]))
    path = operation.path.replace("{id}", str(getattr(row, "token_key", row and row.pk)))
    # No block of its own: what is claimed to be worked on asks to be committed.
    before = transaction.savepoint()
    status = getattr(client, operation.method.lower())(f"/api/v1/{path}", {}, format="json").status_code
    transaction.savepoint_rollback(before)
    return status
