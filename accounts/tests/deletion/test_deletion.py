"""Deleting a number: exactly what was counted goes, and nothing else."""

import pytest
from django.apps import apps

from accounts.deletion import cascade, deletion
from accounts.models import Deletion
from accounts.refusals import Refusal
from accounts.testing import make_owner
from accounts.tests.deletion.rows import fill_number, rows_of_everything
from bots.models import Bot, BotScenario, BotSession, BotTurn
from broadcasts.models import Broadcast, BroadcastMessage
from crm.models import Conversation, Customer, Deal, DealStage, Message, Tag
from whatsapp.models import MessageTemplate

pytestmark = pytest.mark.django_db


def test_the_preview_counts_every_kind():
    number = fill_number(make_owner(), "10001")
    counts = {model._meta.db_table: count for model, count in deletion.preview(number).counts.items()}
    assert counts == {
        "whatsapp_numbers": 1,
        "webhook_events": 1,
        "bots": 1,
        "bot_scenarios": 1,
        "scenario_versions": 1,
        "bot_sessions": 3,
        "bot_timers": 3,
        "bot_turns": 3,
        "conversations": 3,
        "messages": 3,
        "media_files": 3,
        "conversation_exports": 1,
        "broadcasts": 1,
        "broadcast_messages": 3,
    }


def test_exactly_the_counted_rows_go():
    owner = make_owner()
    number = fill_number(owner, "10001")
    fill_number(owner, "10002")
    fill_number(make_owner(), "10003")
    counted = {model._meta.db_table: count for model, count in deletion.preview(number).counts.items()}
    before = rows_of_everything()
    deletion.delete(number, requested_by=owner)
    after = rows_of_everything()
    gone = {table: len(before[table] - after[table]) for table in before if before[table] - after[table]}
    assert gone == counted


def test_customers_tags_deals_and_templates_stay():
    owner = make_owner()
    number = fill_number(owner, "10001")
    Tag.objects.create(business=owner.business, name="vip")
    deletion.delete(number)
    kept = [model.objects.for_business(owner.business).count() for model in (Customer, Tag, Deal, MessageTemplate)]
    assert kept == [3, 1, 3, 1]


def test_a_deal_that_stays_lets_go_of_its_conversation():
    owner = make_owner()
    deletion.delete(fill_number(owner, "10001"))
    assert not Deal.objects.filter(conversation__isnull=False).exists()


def test_a_receipt_stays():
    owner = make_owner()
    number = fill_number(owner, "10001")
    receipt = deletion.delete(number, requested_by=owner)
    assert (receipt.name, receipt.requested_by, receipt.counts["messages"]) == (
        "Shop 10001, +7 916 123-45-67",
        owner,
        3,
    )
    assert Deletion.objects.for_user(owner).get() == receipt


def test_deleting_a_business_takes_everything_of_it_and_nothing_of_others():
    owner, stranger = make_owner(), make_owner()
    fill_number(owner, "10001")
    fill_number(stranger, "10002")
    strangers_rows = Message.objects.for_user(stranger).count()
    deletion.delete(owner.business, requested_by=owner)
    left = [
        model._meta.label
        for model in apps.get_models()
        if any(field.name == "business" for field in model._meta.fields)
        and model._base_manager.filter(business_id=owner.business_id).exists()
    ]
    assert left == []
    assert Message.objects.for_user(stranger).count() == strangers_rows == 3


def test_a_stage_with_deals_is_refused_and_stays():
    owner = make_owner()
    fill_number(owner, "10001")
    stage = DealStage.objects.for_business(owner.business).first()
    with pytest.raises(Refusal, match="Tea"):
        deletion.delete(stage)
    assert DealStage.objects.filter(pk=stage.pk).exists()


def test_kinds_are_nested_in_what_they_are_a_part_of():
    number = fill_number(make_owner(), "10001")
    (root,) = deletion.preview(number).kinds()
    nested = {kind.model: {part.model for part in kind.parts} for kind in root.parts}
    assert nested[Bot] == {BotScenario, BotSession}
    assert nested[Conversation] == {Message, BotTurn}
    assert nested[Broadcast] == {BroadcastMessage}


def test_of_very_many_kinds_fewer_rows_each_are_listed(monkeypatch):
    monkeypatch.setattr(cascade, "MAX_ROWS_IN_ALL", 30)
    number = fill_number(make_owner(), "10001", customers=9)
    listed, waiting = [], deletion.preview(number).kinds()
    while waiting:
        kind = waiting.pop()
        listed.append(len(kind.rows))
        waiting += kind.parts
    assert sum(listed) <= 30 and max(listed) < 9


def test_the_number_deleted_in_a_shell_cascades_too():
    number = fill_number(make_owner(), "10001")
    number.delete()
    assert not Message.objects.exists() and not Bot.objects.exists() and not BroadcastMessage.objects.exists()


def test_a_long_list_names_fifty_rows_and_counts_the_rest(django_assert_max_num_queries):
    owner = make_owner()
    number = fill_number(owner, "10001")
    conversation = Conversation.objects.first()
    Message.objects.bulk_create(
        Message(
            business=owner.business,
            whatsapp_number=number,
            conversation=conversation,
            direction="in",
            origin="customer",
            type="text",
            status="received",
            text=f"message {position}",
        )
        for position in range(70)
    )
    with django_assert_max_num_queries(50):
        (root,) = deletion.preview(number).kinds()
    (conversations,) = [kind for kind in root.parts if kind.model is Conversation]
    (messages,) = [kind for kind in conversations.parts if kind.model is Message]
    assert (messages.count, len(messages.rows), messages.more) == (73, 50, 23)
