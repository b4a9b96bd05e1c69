"""Two customers become one, and two again, with what every app knows of them."""

from datetime import timedelta

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.deletion import deletion
from accounts.models import Role, User
from accounts.refusals import Refusal
from accounts.testing import make_business
from bots.models import BotSession
from bots.testing import make_bot, make_published_scenario
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.conversations import conversations, reads, recording, scheduled
from crm.customers import customers, duplicates, merge_undo
from crm.customers.duplicates import Pair
from crm.deals import deals
from crm.models import Conversation, Customer, CustomerMerge, Message
from crm.testing import make_change, make_conversation, make_customer, make_inbound, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

FIRST, SECOND = "+551190009045", "+5511990009045"


@pytest.fixture
def number():
    return make_number(make_business())


@pytest.fixture
def pair(number):
    """Ana, by two spellings of her phone: both have a conversation, the second has all the rest."""
    target = make_customer(number.business, phone=FIRST, attributes={"city": "Rio"})
    source = Customer(
        business=number.business,
        phone=SECOND,
        canonical_phone=FIRST,
        name="Ana",
        attributes={"city": "São Paulo", "size": "M"},
        opted_out_at=timezone.now(),
    )
    source.save()
    customers.add_tags(target, ["old"])
    customers.add_tags(source, ["vip", "old"])
    for customer, text in [(target, "Oi"), (source, "Olá")]:
        make_message(make_conversation(number, customer, unread=1), text)
    other = make_conversation(make_number(number.business), source)
    make_message(other, "Other")
    deals.create_deal(source, "Cake", conversation=other)
    broadcast = make_broadcast(number)
    for customer in (target, source):
        make_broadcast_message(broadcast, customer)
    make_broadcast_message(make_broadcast(number), source)
    return Pair(target, source)


@pytest.fixture
def operator(number):
    return User.objects.create_user("ana@example.com", "a-long-password", business=number.business, role=Role.OPERATOR)


def state(model=None):
    """Every row of customers and what belongs to them, without what a serialized time has no room for."""
    rows = {}
    for relation in [None, *Customer._meta.related_objects, *Conversation._meta.related_objects]:
        model = relation.field.model if relation else Customer
        if relation and model is CustomerMerge:
            continue
        rows[model._meta.label] = sorted(
            tuple(
                value.replace(microsecond=0) if hasattr(value, "microsecond") else str(value)
                for value in model.objects.filter(pk=pk).values_list(*_columns(model))[0]
            )
            for pk in model.objects.values_list("pk", flat=True)
        )
    rows["tags"] = sorted(Customer.tags.through.objects.values_list("customer", "tag"))
    return rows


def _columns(model):
    """The id first, so that rows are sorted by it; not how often and when a row was changed, which never goes back."""
    names = [field.attname for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    names = [name for name in names if name not in ("revision", "updated_at")]
    return ["pk", *names]


def test_the_preview_says_what_would_move(pair):
    assert dict(pair.moving()) == {
        "диалоги": 2,
        "сделки": 1,
        "сообщения рассылок": 2,
        "метки": 2,
    }


def test_one_customer_has_all(pair):
    duplicates.merge_pair(pair)

    customer = Customer.objects.get()
    assert (customer.pk, customer.phone, customer.name, customer.opted_out) == (pair.target.pk, FIRST, "Ana", True)
    assert customer.attributes == {"city": "Rio", "size": "M"}
    assert Conversation.objects.filter(customer=customer).count() == 2
    assert customer.deals.count() == 1


def test_undoing_leaves_everything_as_it_was(pair):
    before = state()
    done = duplicates.merge_pair(pair)

    merge_undo.undo(done.pk)

    assert state() == before


def test_what_was_changed_since_stays(pair, number):
    done = duplicates.merge_pair(pair)
    customer = Customer.objects.get()
    customers.update(customer, name="Ana Maria", attributes={"city": "Rio", "size": "L"})
    recording.record(number, make_change(make_inbound(FIRST, "New")))

    source = merge_undo.undo(done.pk)

    target = Customer.objects.get(phone=FIRST)
    assert (target.name, target.attributes) == ("Ana Maria", {"city": "Rio", "size": "L"})
    assert (source.name, source.attributes) == ("Ana", {"city": "São Paulo", "size": "M"})
    assert Message.objects.get(text="New").conversation.customer == target
    assert Message.objects.get(text="Olá").conversation.customer == source


def test_two_that_are_kept_apart_are_not_merged_when_they_write(pair, number):
    merge_undo.undo(duplicates.merge_pair(pair).pk)

    for phone in (FIRST, SECOND):
        recording.record(number, make_change(make_inbound(phone, f"From {phone}")))

    assert Customer.objects.count() == 2
    for phone in (FIRST, SECOND):
        assert Message.objects.get(text=f"From {phone}").conversation.customer.phone == phone
    assert duplicates.find(number.business) == []


def test_a_merge_by_a_webhook_can_be_undone_too(number, pair):
    before = state()["tags"]
    Customer.objects.filter(pk=pair.target.pk).update(name="Ana")

    recording.record(number, make_change(make_inbound(FIRST, "Oi de novo")))

    done = CustomerMerge.objects.get()
    assert done.merged_by is None
    merge_undo.undo(done.pk)
    assert state()["tags"] == before


def test_a_session_of_a_bot_that_ran_in_both_runs_in_both_again(pair, number):
    version = make_published_scenario(make_bot(number)).versions.get()
    for conversation in Conversation.objects.filter(whatsapp_number=number):
        BotSession.objects.create(
            business=number.business, conversation=conversation, bot=version.scenario.bot, version=version
        )
    before = state()

    merge_undo.undo(duplicates.merge_pair(pair).pk)

    assert state() == before


def test_an_undone_merge_holds_nothing_of_the_person(pair):
    done = duplicates.merge_pair(pair)

    merge_undo.undo(done.pk)

    done.refresh_from_db()
    assert (done.source, done.target, done.changes) == ({}, {}, {})


def code_of(done):
    with pytest.raises(Refusal) as caught:
        merge_undo.undo(done.pk)
    return caught.value.code


def test_a_merge_is_undone_once(pair):
    done = duplicates.merge_pair(pair)
    merge_undo.undo(done.pk)

    assert code_of(done) == "undone"


def test_a_merge_is_not_undone_while_somebody_else_has_the_phone(pair):
    done = duplicates.merge_pair(pair)
    Customer.objects.bulk_create([Customer(business=done.business, phone=SECOND)])
    before = state()

    assert code_of(done) == "identity_taken"
    assert state() == before


def test_a_merge_is_not_undone_when_what_moved_has_lost_its_number(pair, number):
    done = duplicates.merge_pair(pair)
    number.delete()
    before = state()

    assert code_of(done) == "not_undoable"
    assert state() == before


def test_conversations_are_locked_before_customers_when_a_merge_is_undone(pair):
    done = duplicates.merge_pair(pair)

    with CaptureQueriesContext(connection) as captured:
        merge_undo.undo(done.pk)

    tables = [query["sql"].partition(' FROM "')[2].partition('"')[0] for query in captured.captured_queries]
    assert tables.index("conversations") < tables.index("customers")


def test_a_merge_is_undone_without_the_person_who_has_left_since(pair, operator, number):
    Conversation.objects.filter(customer=pair.source, whatsapp_number=number).update(assignee=operator)
    done = duplicates.merge_pair(pair)
    operator.delete()

    source = merge_undo.undo(done.pk)

    assert source.conversations.get(whatsapp_number=number).assignee is None
    connection.check_constraints()


def test_a_merge_is_undone_without_the_broadcast_that_is_deleted_since(pair):
    done = duplicates.merge_pair(pair)
    twice = Broadcast.objects.get(pk__in=[row["fields"]["broadcast"] for row in done.changes["deleted"]])
    deletion.delete(twice)

    source = merge_undo.undo(done.pk)

    assert source.broadcast_messages.count() == 1
    connection.check_constraints()


def test_the_target_takes_the_identity_it_lacks_and_gives_it_back(number):
    target = make_customer(number.business, phone=None, whatsapp_user_id="BR.1")
    source = make_customer(number.business, phone=FIRST)
    before = state()

    done = duplicates.merge_pair(Pair(target, source))

    target.refresh_from_db()
    assert (target.phone, target.whatsapp_user_id) == (FIRST, "BR.1")
    merge_undo.undo(done.pk)
    assert state() == before


def test_a_pair_of_which_one_is_gone_is_left_alone(pair):
    pair.source.__class__.objects.filter(pk=pair.source.pk).delete()

    assert duplicates.merge_pair(pair) is None
    assert not CustomerMerge.objects.exists()


def test_a_merge_of_a_merge_is_undone_in_any_order(number):
    first, second, third = (make_customer(number.business, name=name) for name in ["Ana", "Bia", "Cia"])
    make_message(make_conversation(number, third), "Oi")
    inner = duplicates.merge_pair(Pair(second, third))
    outer = duplicates.merge_pair(Pair(first, second))

    merge_undo.undo(outer.pk)
    merge_undo.undo(inner.pk)

    assert Customer.objects.count() == 3
    assert Conversation.objects.get().customer == third


# Finding them


def test_who_wrote_last_stays(number):
    first = make_customer(number.business, phone=FIRST)
    Customer.objects.bulk_create([Customer(business=number.business, phone=SECOND)])
    second = Customer.objects.get(phone=SECOND)
    make_conversation(number, first, last_inbound_at=timezone.now() - timedelta(days=1))
    make_conversation(number, second)

    assert duplicates.find(number.business) == [Pair(second, first)]


def test_other_customers_are_no_pairs(number):
    for phone in ["+551140009045", "+5511940009045", "+79161234567", None]:
        make_customer(number.business, phone=phone, whatsapp_user_id=f"RU.{phone}")
    make_customer(number.business, phone=FIRST)
    make_customer(phone=SECOND)

    assert duplicates.find(number.business) == []


def test_merges_are_forgotten_after_ninety_days(pair):
    old = duplicates.merge_pair(pair)
    CustomerMerge.objects.update(created_at=timezone.now() - timedelta(days=91))
    assert old

    assert duplicates.prune_merges() == 1
    assert duplicates.prune_merges() == 0


def test_that_two_are_kept_apart_is_not_forgotten(pair):
    merge_undo.undo(duplicates.merge_pair(pair).pk)
    CustomerMerge.objects.update(created_at=timezone.now() - timedelta(days=91))

    assert duplicates.prune_merges() == 0


def test_the_merges_of_a_business_go_with_it(pair, number):
    duplicates.merge_pair(pair)

    deletion.delete(number.business)

    assert not CustomerMerge.objects.exists()


def test_what_counts_messages_counts_those_of_both_and_goes_apart_again(pair, number):
    mine, other = (Conversation.objects.get(whatsapp_number=number, customer=it) for it in (pair.target, pair.source))
    person = number.business.people.earliest("pk")
    for conversation, count in ((mine, 3), (other, 7)):
        conversations.change(conversation, inbound_count=count)
        reads.read(conversation, person)
    soon = timezone.now() + timedelta(hours=1)
    later = scheduled.schedule(mine, person, soon, text="Soon", cancel_if_customer_writes=True)
    before = state()

    done = duplicates.merge_pair(pair)
    later.refresh_from_db()
    merged = Conversation.objects.get(pk=mine.pk)
    assert (merged.inbound_count, later.inbound_count) == (10, 10)
    assert reads.with_unread(Conversation.objects.filter(pk=mine.pk), person).get().unread_by_me == 0

    merge_undo.undo(done.pk)
    assert state() == before


def test_a_wait_of_the_source_keeps_waiting_and_goes_back_to_it(pair, number):
    mine, other = (Conversation.objects.get(whatsapp_number=number, customer=it) for it in (pair.target, pair.source))
    conversations.close(mine)
    conversations.wait_for_person(other, timezone.now())
    before = state()

    done = duplicates.merge_pair(pair)
    merged = Conversation.objects.get(pk=mine.pk)
    assert merged.status == "open" and merged.waiting_since

    merge_undo.undo(done.pk)
    assert state() == before
