"""The small question that an open inbox asks every few seconds."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_colleague
from crm.conversations import conversations, notes, reads
from crm.customers import customers
from crm.inbox import presence
from crm.models import Message
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db

LIVE = reverse("admin:crm_inbox_live")


@pytest.fixture(autouse=True)
def nobody_is_here():
    cache.clear()


@pytest.fixture
def conversation(number):
    conversation = make_conversation(number, waiting_since=timezone.now())
    make_message(conversation, "Is the cake ready?")
    return conversation


@pytest.fixture
def same_minute(monkeypatch):
    """A test that lasts from one minute to the next sees no other time."""
    now = timezone.now()
    monkeypatch.setattr("crm.inbox.changes.timezone.now", lambda: now)


@pytest.fixture
def ask(client, owner, conversation, same_minute):
    client.force_login(owner)
    query = {"open": conversation.pk}
    return lambda etag="", **more: client.get(LIVE, {**query, **more}, headers={"If-None-Match": etag} if etag else {})


def test_nothing_new_is_told_by_three_statements(ask, django_assert_max_num_queries):
    etag = ask()["ETag"]

    # session, user with business, whether anything changed
    with django_assert_max_num_queries(3):
        response = ask(etag)

    assert (response.status_code, response.content) == (304, b"")


def _message(conversation, owner):
    make_message(conversation, "Hello?")


def _delivery(conversation, owner):
    Message.objects.update(status="received", type="image")
    make_message(conversation, "On Friday", "out", status="delivered")


def _note(conversation, owner):
    notes.write(conversation, owner, "She pays late")


def _assignment(conversation, owner):
    conversations.assign(conversation, owner)


def _tag(conversation, owner):
    customers.add_tags(conversation.customer, ["vip"])


def _elsewhere(conversation, owner):
    conversations.close(make_conversation(conversation.whatsapp_number))


def _presence(conversation, owner):
    presence.look(make_colleague(owner), conversation.pk)


@pytest.mark.parametrize("happens", [_message, _delivery, _note, _assignment, _tag, _elsewhere, _presence])
def test_whatever_happens_is_told(ask, conversation, owner, happens):
    etag = ask()["ETag"]

    happens(conversation, owner)

    assert ask(etag).status_code == 200


def test_a_status_alone_is_told(ask, conversation):
    message = make_message(conversation, "On Friday", "out")
    etag = ask()["ETag"]

    Message.objects.filter(pk=message.pk).update(status="delivered")

    assert "delivered" in ask(etag).text


def test_time_goes_on_even_if_nothing_happens(ask, monkeypatch):
    etag = ask()["ETag"]
    later = timezone.now() + timezone.timedelta(minutes=1)
    monkeypatch.setattr("crm.inbox.changes.timezone.now", lambda: later)

    assert ask(etag).status_code == 200


def test_the_answer_has_list_counts_and_thread(ask):
    html = ask().text

    for part in ("inbox-queues", "inbox-rows", "thread-head", "conversation-log", "conversation-state"):
        assert f'id="{part}"' in html


def test_with_nothing_open_the_answer_is_list_and_counts(client, owner, conversation):
    client.force_login(owner)

    html = client.get(LIVE).text

    assert 'id="inbox-rows"' in html
    assert 'id="thread-head"' not in html


def test_asking_reads_nothing(ask, conversation, owner):
    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)

    ask(looks="1")

    conversation.refresh_from_db()
    assert conversation.unread == 1


def test_unread_is_each_persons_own(client, owner, conversation):
    colleague = make_colleague(owner)
    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)

    client.force_login(owner)
    client.post(reverse("admin:crm_inbox_read", args=[conversation.pk]))

    assert unread(client, owner) == [0]
    assert unread(client, colleague) == [1]


def test_a_conversation_is_set_back_to_unread_for_oneself(client, owner, conversation):
    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)
    reads.read(conversation, owner)
    client.force_login(owner)

    client.post(reverse("admin:crm_conversation_act", args=[conversation.pk]), {"verb": "unread"})

    assert unread(client, owner) == [1]


def unread(client, user):
    client.force_login(user)
    return [row.conversation.unread_by_me for row in client.get(LIVE).context["list"].rows]


def test_who_looks_is_seen_by_colleagues_and_not_by_themselves(client, owner, conversation):
    colleague = make_colleague(owner)
    colleague.name = "Pavel"
    colleague.save()
    client.force_login(colleague)
    client.get(LIVE, {"open": conversation.pk, "looks": "1"})
    assert "Pavel is here too" not in client.get(LIVE, {"open": conversation.pk}).text

    client.force_login(owner)

    assert "Pavel is here too" in client.get(LIVE, {"open": conversation.pk}).text


def test_who_writes_is_seen_writing(client, owner, conversation):
    colleague = make_colleague(owner)
    client.force_login(colleague)
    client.post(reverse("admin:crm_conversation_typing", args=[conversation.pk]))

    client.force_login(owner)

    assert "is writing…" in client.get(LIVE, {"open": conversation.pk}).text


def test_who_has_gone_is_seen_no_more(owner, conversation, monkeypatch):
    colleague = make_colleague(owner)
    presence.look(colleague, conversation.pk)
    assert presence.colleagues_of(owner)
    later = presence.time.time() + presence.SEEN_FOR + 1
    monkeypatch.setattr("crm.inbox.presence.time.time", lambda: later)

    assert presence.colleagues_of(owner) == []


def test_without_a_cache_nobody_is_seen_and_the_inbox_works(ask, monkeypatch):
    def fail(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr("crm.inbox.presence.cache.get", fail)
    monkeypatch.setattr("crm.inbox.presence.cache.set", fail)

    assert ask(looks="1").status_code == 200
