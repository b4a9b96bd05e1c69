"""The pages of the inbox: lists, filters, and one conversation beside them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.testing import make_administrator, make_colleague, make_owner
from crm.conversations import conversations, notes
from crm.customers import customers
from crm.models import Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

INBOX = reverse("admin:crm_inbox")


@pytest.fixture
def inbox(client, owner):
    client.force_login(owner)
    return client


def make_waiting(number, name, minutes=5, **fields):
    since = timezone.now() - timedelta(minutes=minutes)
    customer = make_customer(number.business, name=name)
    conversation = make_conversation(number, customer, waiting_since=since, last_message_at=since, **fields)
    make_message(conversation, f"{name} asks", timestamp=since)
    return conversation


def names(response):
    return [str(row.conversation.customer) for row in response.context["list"].rows]


def test_who_waits_longest_stands_first(inbox, number):
    make_waiting(number, "Anna", minutes=5)
    make_waiting(number, "Boris", minutes=50)

    response = inbox.get(INBOX)

    assert names(response) == ["Boris", "Anna"]
    assert "waits 50 min" in response.text
    assert "Boris asks" in response.text


@pytest.mark.parametrize(
    ("queue", "fields"),
    [
        ("mine", {"assignee": "me"}),
        ("bot", {"in_scenario": True}),
        ("snoozed", {"snoozed_until": timezone.now() + timedelta(days=30)}),
        ("closed", {"status": "closed"}),
    ],
)
def test_a_queue_holds_what_its_name_says(inbox, owner, number, queue, fields):
    fields = {name: owner if value == "me" else value for name, value in fields.items()}
    make_conversation(number, make_customer(owner.business, name="Found"), **fields)
    make_conversation(number, make_customer(owner.business, name="Other"))

    assert names(inbox.get(INBOX, {"queue": queue})) == ["Found"]


def test_the_queues_are_counted_up_to_a_hundred(inbox, number):
    for _serial in range(3):
        make_waiting(number, "Anna")

    queues = {name: count for name, _label, count, _address in inbox.get(INBOX).context["queues"]}

    assert (queues["waiting"], queues["mine"], queues["open"]) == ("3", "", "3")


def test_more_than_99_are_not_counted(inbox, number, monkeypatch):
    monkeypatch.setattr("crm.inbox.counts.MAX_COUNT", 2)
    for _serial in range(4):
        make_waiting(number, "Anna")

    assert inbox.get(INBOX).context["waiting"] == "2+"


def test_a_search_looks_in_all_queues(inbox, number, owner):
    make_conversation(number, make_customer(owner.business, name="Анна Соколова"), status="closed")
    make_waiting(number, "Boris")

    assert names(inbox.get(INBOX, {"search": "соколова"})) == ["Анна Соколова"]


def test_the_list_is_narrowed_by_number_tag_and_assignee(inbox, number, owner):
    other = make_number(owner.business)
    found = make_waiting(other, "Anna", assignee=owner)
    customers.add_tags(found.customer, ["vip"])
    make_waiting(number, "Boris")
    tag = found.customer.tags.get()

    for query in ({"number": other.pk}, {"tag": tag.pk}, {"assignee": owner.pk}):
        assert names(inbox.get(INBOX, query)) == ["Anna"]
    assert names(inbox.get(INBOX, {"assignee": "nobody"})) == ["Boris"]


def test_windows_about_to_close_are_found(inbox, number):
    make_waiting(number, "Soon", last_inbound_at=timezone.now() - timedelta(hours=22, minutes=30))
    make_waiting(number, "Later", last_inbound_at=timezone.now() - timedelta(hours=1))
    make_waiting(number, "Closed", last_inbound_at=timezone.now() - timedelta(hours=25))

    assert names(inbox.get(INBOX, {"closing": "yes"})) == ["Soon"]


@pytest.mark.parametrize(
    "query", ["queue=nothing", "number=x", "tag=99999999999999999999", "assignee=x", "after=x_y", "after=9999-99_1"]
)
def test_an_address_that_makes_no_sense_shows_the_first_queue(inbox, number, query):
    make_waiting(number, "Anna")

    assert names(inbox.get(f"{INBOX}?{query}")) == ["Anna"]


@pytest.mark.parametrize("queue", ["waiting", "open", "closed"])
def test_every_conversation_is_on_one_page_of_a_list(inbox, number, monkeypatch, queue):
    monkeypatch.setattr("crm.admin.inbox.parameters.PAGE_SIZE", 3)
    same = timezone.now() - timedelta(minutes=5)
    status = "closed" if queue == "closed" else "open"
    wanted = {
        make_conversation(number, waiting_since=same, last_message_at=same, status=status).pk for _serial in range(8)
    }

    found, query = [], f"?queue={queue}"
    while query:
        context = inbox.get(INBOX + query).context
        found += [row.pk for row in context["list"].rows]
        query = context["more_query"]

    assert (len(found), set(found)) == (8, wanted)


def test_what_colleagues_note_is_not_the_last_thing_said(inbox, number, owner):
    notes.write(make_waiting(number, "Anna"), owner, "She pays late")

    response = inbox.get(INBOX)

    assert "Anna asks" in response.text
    assert "She pays late" not in response.text


def test_a_conversation_of_another_business_is_nowhere(inbox):
    stranger = make_waiting(make_number(make_owner().business), "Stranger")

    assert names(inbox.get(INBOX)) == []
    for view in ("crm_inbox_conversation", "crm_inbox_pane", "crm_inbox_older"):
        assert inbox.get(reverse(f"admin:{view}", args=[stranger.pk])).status_code == 404
    for view in ("crm_inbox_read", "crm_inbox_customer"):
        assert inbox.post(reverse(f"admin:{view}", args=[stranger.pk])).status_code == 404
    assert inbox.get(reverse("admin:crm_inbox_live"), {"open": stranger.pk}).status_code == 404


def test_who_is_not_signed_in_signs_in_first(client):
    for address in (INBOX, reverse("admin:crm_inbox_live"), reverse("admin:crm_inbox_rows")):
        assert client.get(address).status_code == 302


def test_an_administrator_of_the_platform_sees_the_conversations_of_all(client, number):
    make_waiting(number, "Anna")
    client.force_login(make_administrator())

    assert names(client.get(INBOX)) == ["Anna"]


def test_a_link_opens_a_conversation_beside_its_list(inbox, number):
    conversation = make_waiting(number, "Anna")

    response = inbox.get(reverse("admin:crm_inbox_conversation", args=[conversation.pk]))

    assert 'id="thread"' in response.text
    assert f'data-conversation="{conversation.pk}"' in response.text
    assert names(response) == ["Anna"]


def test_the_old_address_of_a_conversation_shows_the_same(inbox, number):
    conversation = make_waiting(number, "Anna")

    response = inbox.get(reverse("admin:crm_conversation_change", args=[conversation.pk]))

    assert names(response) == ["Anna"]


def test_the_pane_is_thread_and_customer_alone(inbox, number):
    conversation = make_waiting(number, "Anna")

    html = inbox.get(reverse("admin:crm_inbox_pane", args=[conversation.pk])).text

    assert html.lstrip().startswith('<section id="thread"')
    assert 'id="customer"' in html
    assert "<html" not in html


def test_a_note_stands_in_its_place_and_says_that_no_customer_sees_it(inbox, number, owner):
    conversation = make_waiting(number, "Anna")
    notes.write(conversation, owner, "She pays late")

    html = inbox.get(reverse("admin:crm_inbox_conversation", args=[conversation.pk])).text

    assert "She pays late" in html
    assert "note, the customer does not see it" in html


def test_a_day_is_jumped_to(inbox, number):
    conversation = make_waiting(number, "Anna")
    make_message(conversation, "Long ago", timestamp=timezone.now() - timedelta(days=40))
    day = timezone.localdate() - timedelta(days=30)

    html = inbox.get(reverse("admin:crm_inbox_conversation", args=[conversation.pk]), {"date": day.isoformat()}).text

    assert "Long ago" in html
    assert ">Anna asks<" not in html.split('id="conversation-log"')[1]


def test_the_list_takes_as_many_queries_with_many_rows_as_with_few(inbox, number, django_assert_max_num_queries):
    for serial in range(12):
        make_waiting(number, f"Anna {serial}", in_scenario=serial % 2)
    inbox.get(INBOX)

    # session, user with business, two of permissions; list, last messages, counts; numbers, tags, people of the
    # filters; what waits, for the navigation
    with django_assert_max_num_queries(12):
        inbox.get(INBOX)


def test_an_operator_has_the_inbox_too(client, owner, number):
    make_waiting(number, "Anna")
    client.force_login(make_colleague(owner, Role.OPERATOR))

    assert names(client.get(INBOX)) == ["Anna"]


def test_empty_queues_say_so(inbox):
    assert "Everybody has an answer" in inbox.get(INBOX).text
    assert "This queue is empty" in inbox.get(INBOX, {"queue": "mine"}).text


def test_a_failed_message_is_tried_again_by_a_person(inbox, number):
    conversation = make_waiting(number, "Anna")
    message = make_message(conversation, "On Friday", "out", status="failed", error_title="Not reachable", token="t")
    address = reverse("admin:crm_conversation_decide", args=[conversation.pk, message.pk])

    inbox.post(address, {"decision": "try_again"})
    response = inbox.post(address, {"decision": "try_again"}, headers={"X-Requested-With": "fetch"})

    message.refresh_from_db()
    assert (message.status, message.error_title, message.token) == ("queued", "", None)
    assert response.status_code == 409
    assert Message.objects.filter(direction="out").count() == 1


def test_reopening_by_a_customer_brings_a_conversation_back_to_the_list(inbox, number):
    conversation = make_waiting(number, "Anna")
    conversations.close(conversation)
    assert names(inbox.get(INBOX)) == []

    conversations.note_inbound(conversation, timezone.now(), is_for_people=True)

    assert names(inbox.get(INBOX)) == ["Anna"]
