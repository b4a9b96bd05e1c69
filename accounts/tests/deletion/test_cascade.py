"""What goes with a row, found by the keys of the models; in an order in which nothing is left behind."""

import pytest
from django.db import models

from accounts.deletion.cascade import Cascade, references_to
from accounts.models import ApiToken, Business, Deletion, IdempotentRequest, User
from accounts.testing import make_colleague, make_owner
from accounts.tests.deletion.rows import fill_number
from bots.models import Bot, BotSession, BotTurn
from broadcasts.models import BroadcastMessage
from crm.models import Conversation, Customer, Deal, DealStage, MediaFile, Message, Tag
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def cascade_of(*rows: models.Model) -> Cascade:
    return Cascade(type(rows[0])._base_manager.filter(pk__in=[row.pk for row in rows]))


def sums(cascade: Cascade) -> dict[str, int]:
    return {model._meta.db_table: count for model, count in cascade.counts.items()}


# What goes


def test_keys_that_nobody_follows_backwards_are_references_too() -> None:
    """`related_name="+"` hides them from Django's own reverse look-ups."""
    assert {key.model for key in references_to(Business)} >= {User, Customer, Deletion, MediaFile}
    assert {key.model for key in references_to(User)} >= {ApiToken, IdempotentRequest}


def test_rows_go_by_keys_that_cascade_and_by_no_others() -> None:
    going = set(Cascade(WhatsAppNumber.objects.all()).foreign_keys)
    assert {Conversation, Message, MediaFile, Bot, BotTurn, BroadcastMessage} <= going
    assert not {Customer, Deal, Tag, MessageTemplate, Business, Deletion} & going


def test_rows_of_a_many_to_many_go_without_being_counted(owner: User) -> None:
    customer = make_customer(owner.business)
    customer.tags.add(Tag.objects.create(business=owner.business, name="vip"))
    cascade = cascade_of(customer)
    assert sums(cascade) == {"customers": 1}
    assert cascade.remove() == {Customer: 1}
    assert not Customer.tags.through.objects.exists() and Tag.objects.exists()


def test_what_hangs_on_a_row_by_two_ways_is_counted_once(owner: User) -> None:
    """A message hangs on its number, and on its conversation, which hangs on the number."""
    number = make_number(owner.business)
    make_message(make_conversation(number))
    assert sums(cascade_of(number)) == {"whatsapp_numbers": 1, "conversations": 1, "messages": 1}


def test_several_rows_have_one_cascade_in_which_each_row_is_once(owner: User) -> None:
    number = make_number(owner.business)
    first, second = (make_conversation(number) for _ in range(2))
    make_message(first), make_message(first), make_message(second)
    cascade = cascade_of(first.customer, second.customer)
    assert sums(cascade) == {"customers": 2, "conversations": 2, "messages": 3}
    assert cascade.total == 7
    by_root = {root: sum(counts.values()) for root, counts in cascade.counts_by_root().items()}
    assert by_root == {first.customer.pk: 4, second.customer.pk: 3}


def test_nothing_has_an_empty_cascade() -> None:
    cascade = Cascade(Customer.objects.none())
    assert (cascade.counts, cascade.total, cascade.blockers(), cascade.remove()) == ({}, 0, [], {})


def test_the_rows_of_everybody_else_are_not_touched(owner: User) -> None:
    other = make_owner()
    theirs = make_conversation(make_number(other.business))
    make_message(theirs)
    cascade_of(make_conversation(make_number(owner.business)).whatsapp_number).remove()
    assert list(Conversation.objects.all()) == [theirs]
    assert Message.objects.count() == 1


# In which order


@pytest.mark.parametrize("model", [Business, WhatsAppNumber, Customer, Bot, User, DealStage])
def test_no_model_is_removed_before_one_that_points_to_it(model: type[models.Model]) -> None:
    order = Cascade(model._base_manager.all()).children_first
    assert len(order) == len(set(order)) and order[-1] is model
    for position, removed in enumerate(order):
        for key in removed._meta.concrete_fields:
            if key.is_relation and key.related_model in order and key.related_model is not removed:
                assert order.index(key.related_model) > position, f"{key} would name nothing"


def test_a_key_that_may_be_empty_is_emptied_where_the_row_stays(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    stage = DealStage.objects.for_user(owner)[0]
    deal = Deal.objects.create(
        business=owner.business, customer=conversation.customer, conversation=conversation, title="Tea", stage=stage
    )
    cascade_of(conversation).remove()
    deal.refresh_from_db()
    assert deal.conversation is None


def test_who_is_removed_is_no_assignee_any_more_and_the_conversation_stays(owner: User) -> None:
    colleague = make_colleague(owner)
    conversation = make_conversation(make_number(owner.business), assignee=colleague)
    removed = cascade_of(colleague).remove()
    conversation.refresh_from_db()
    assert (conversation.assignee, removed) == (None, {User: 1})


def test_models_undo_first_what_their_rows_wrote_elsewhere(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    number = fill_number(owner, "10001")
    seen: list[tuple[int, bool]] = []

    def before_delete(rows: models.QuerySet[BotSession]) -> None:
        seen.append((rows.count(), Conversation.objects.exists()))

    monkeypatch.setattr(BotSession, "before_delete", before_delete)
    cascade_of(number).remove()
    assert seen == [(3, True)]


# What forbids it


def test_a_row_that_stays_and_needs_one_that_would_go_forbids_it(owner: User) -> None:
    stage = DealStage.objects.for_user(owner)[0]
    deal = Deal.objects.create(
        business=owner.business, customer=make_customer(owner.business), title="Tea", stage=stage
    )
    assert cascade_of(stage).blockers() == [deal]


def test_a_row_that_goes_too_forbids_nothing(owner: User) -> None:
    stage = DealStage.objects.for_user(owner)[0]
    Deal.objects.create(business=owner.business, customer=make_customer(owner.business), title="Tea", stage=stage)
    assert cascade_of(owner.business).blockers() == []


def test_of_very_many_that_forbid_it_some_are_named(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.deletion.cascade.MAX_ROWS_OF_A_KIND", 2)
    stage, customer = DealStage.objects.for_user(owner)[0], make_customer(owner.business)
    for _ in range(4):
        Deal.objects.create(business=owner.business, customer=customer, title="Tea", stage=stage)
    assert len(cascade_of(stage).blockers()) == 2


# What was left behind


def test_a_row_that_names_nothing_is_counted_as_an_orphan(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    cascade = Cascade(Customer.objects.none())
    assert sum(cascade.orphans()) == 0
    Customer.objects.filter(pk=conversation.customer.pk)._raw_delete("default")
    assert sum(cascade.orphans()) == 1
    conversation.delete()


def test_after_a_removal_there_are_none(owner: User) -> None:
    number = fill_number(owner, "10001")
    cascade_of(number).remove()
    assert sum(Cascade(WhatsAppNumber.objects.none()).orphans()) == 0
