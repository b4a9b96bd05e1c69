from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.testing import make_colleague, make_owner
from crm.conversations import conversations
from crm.models import Conversation
from crm.teamwork import assignment
from crm.testing import make_conversation
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def minutes_ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


@pytest.fixture
def owner():
    owner = make_owner()
    owner.business.assigns_automatically = True
    owner.business.save()
    return owner


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def make_present(owner, minutes=0):
    person = make_colleague(owner)
    User.objects.filter(pk=person.pk).update(last_seen_at=minutes_ago(minutes))
    return person


def make_waiting(number, minutes=5, **fields):
    return make_conversation(number, waiting_since=minutes_ago(minutes), **fields)


def assignees():
    return list(Conversation.objects.order_by("pk").values_list("assignee", flat=True))


def test_who_waits_is_given_to_whoever_has_the_fewest_waiting(owner, number):
    busy, free = make_present(owner), make_present(owner)
    make_waiting(number, assignee=busy)
    make_waiting(number)

    assert assignment.assign_waiting() == 1

    assert assignees() == [busy.pk, free.pk]


def test_several_are_dealt_out_in_turns(owner, number):
    people = [make_present(owner), make_present(owner)]
    for _serial in range(4):
        make_waiting(number)

    assignment.assign_waiting()

    assert sorted(assignees()) == sorted(person.pk for person in people * 2)


def test_nobody_is_given_anything_who_left(owner, number):
    make_present(owner, minutes=3)
    make_waiting(number)

    assert assignment.assign_waiting() == 0


def test_who_may_not_sign_in_any_more_is_given_nothing(owner, number):
    person = make_present(owner)
    User.objects.filter(pk=person.pk).update(is_active=False)
    make_waiting(number)

    assert assignment.assign_waiting() == 0


def test_what_a_bot_answers_is_snoozed_or_is_of_others_is_left_alone(owner, number):
    make_present(owner)
    make_conversation(number)
    make_waiting(number, snoozed_until=timezone.now() + timedelta(hours=1))
    make_waiting(make_number(make_owner().business))

    assert assignment.assign_waiting() == 0


def test_what_is_given_already_keeps_its_assignee(owner, number):
    person = make_present(owner)
    make_waiting(number)
    with assignment._locked(Conversation.objects.get().pk, assignee__isnull=True) as conversation:
        conversations.assign(conversation, person)

    with assignment._locked(conversation.pk, assignee__isnull=True) as again:
        assert again is None


def test_what_is_unanswered_returns_to_the_queue(owner, number):
    owner.business.assigns_automatically, owner.business.returns_after = False, 10
    owner.business.save()
    colleague = make_colleague(owner)
    late = make_waiting(number, 30, assignee=colleague, assigned_at=minutes_ago(11))
    soon = make_waiting(number, 30, assignee=colleague, assigned_at=minutes_ago(9))
    make_waiting(number, 9, assignee=colleague)

    assert assignment.return_unanswered() == 1

    assert Conversation.objects.get(assignee=None) == late
    assert soon.assignee == colleague


def test_what_is_unanswered_goes_to_another_who_is_present(owner, number):
    owner.business.returns_after = 10
    owner.business.save()
    first, other = make_present(owner), make_present(owner)
    make_waiting(number, 30, assignee=first)

    assignment.return_unanswered()

    assert assignees() == [other.pk]


def test_whoever_is_present_alone_keeps_what_waits(owner, number):
    owner.business.returns_after = 10
    owner.business.save()
    alone = make_present(owner)
    make_waiting(number, 30, assignee=alone)

    assert assignment.return_unanswered() == 0


def test_nothing_returns_outside_of_working_hours(owner, number):
    owner.business.returns_after = 10
    yesterday = (timezone.localtime() - timedelta(days=2)).strftime("%a").lower()
    owner.business.office_hours = {yesterday: ["09:00-10:00"]}
    owner.business.save()
    make_waiting(number, 30, assignee=make_colleague(owner))

    assert assignment.return_unanswered() == 0


def test_assigning_keeps_when(owner, number):
    conversation = make_waiting(number)

    conversations.assign(conversation, owner)
    assert Conversation.objects.get().assigned_at is not None

    conversations.assign(conversation, None)
    assert Conversation.objects.get().assigned_at is None
