"""The figures of the overview: who waits, first answers, days, deals, first steps."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.testing import make_colleague, make_owner
from bots.testing import make_bot
from broadcasts.testing import make_broadcast, make_broadcast_message
from chatbot_site.overview.answers import summary
from chatbot_site.overview.chart import HEIGHT, chart
from chatbot_site.overview.overview import Period, overview
from chatbot_site.overview.spans import Day, Figures, today_of
from crm.models import Deal, DealStage, Message, Wait
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def ago(**length):
    return timezone.now() - timedelta(**length)


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def make_wait(conversation, seconds, user=None, **fields):
    return Wait.objects.create(
        business=conversation.business,
        conversation=conversation,
        user=user,
        waited_seconds=seconds,
        **{"ending": "answered", "ended_at": timezone.now(), **fields},
    )


def written(conversation, at, direction="in", **fields):
    message = make_message(conversation, direction=direction, **fields)
    Message.objects.filter(pk=message.pk).update(created_at=at)


def test_who_waits_is_counted_and_the_longest_five_are_listed(owner, number):
    for minutes in range(1, 8):
        make_conversation(number, waiting_since=ago(minutes=minutes))
    make_conversation(number)
    make_conversation(number, waiting_since=ago(hours=1), snoozed_until=timezone.now() + timedelta(hours=1))
    make_conversation(make_number(make_owner().business), waiting_since=ago(hours=9))

    shown = overview(owner.business, owner)

    assert shown["waiting"].count == 7
    assert [waiter.seconds // 60 for waiter in shown["longest"]] == [7, 6, 5, 4, 3]


def test_windows_that_close_soon_are_counted_among_those_who_wait(owner, number):
    make_conversation(number, waiting_since=ago(hours=23), last_inbound_at=ago(hours=23))
    make_conversation(number, waiting_since=ago(hours=21), last_inbound_at=ago(hours=21))
    make_conversation(number, waiting_since=ago(hours=25), last_inbound_at=ago(hours=25))
    make_conversation(number, last_inbound_at=ago(hours=23))

    shown = overview(owner.business, owner)

    assert shown["waiting"].closing == 1
    assert [waiter.is_closing for waiter in shown["longest"]] == [False, True, False]


def test_an_operator_sees_what_is_theirs_or_nobody_s(owner, number):
    operator = make_colleague(owner)
    mine = make_conversation(number, waiting_since=ago(minutes=1), assignee=operator)
    free = make_conversation(number, waiting_since=ago(minutes=2))
    make_conversation(number, waiting_since=ago(minutes=3), assignee=owner)

    shown = overview(owner.business, operator)

    assert [waiter.conversation for waiter in shown["longest"]] == [free, mine]
    assert (shown["mine"], shown["waiting"].unassigned, shown["people"]) == (1, 1, [])


def test_an_operator_sees_their_own_first_answers(owner, number):
    operator, conversation = make_colleague(owner), make_conversation(number)
    make_wait(conversation, 60, operator)
    make_wait(conversation, 120, operator, ended_at=ago(days=2))
    make_wait(conversation, 5000, owner)

    shown = overview(owner.business, operator)

    assert (shown["answers"].count, shown["answers"].p90_seconds) == (2, 120)
    assert shown["answered_today"].count == 1


@pytest.mark.parametrize(
    ("seconds", "median", "p90"),
    [([], None, None), ([7], 7, 7), ([3, 1, 2], 2, 3), (range(1, 11), 5, 9), (range(1, 101), 50, 90)],
)
def test_half_and_nine_of_ten_by_the_nearest_rank(seconds, median, p90):
    found = summary(seconds)

    assert (found.median_seconds, found.p90_seconds) == (median, p90)


def test_first_answers_are_told_by_people_and_numbers(owner, number):
    colleague, other = make_colleague(owner), make_number(owner.business)
    for seconds, person, at in ((30, owner, number), (90, colleague, number), (600, colleague, other)):
        make_wait(make_conversation(at), seconds, person)
    make_wait(make_conversation(other), 5, None)
    make_wait(make_conversation(other), 9, colleague, ending="closed")
    make_conversation(other, waiting_since=ago(minutes=5), assignee=owner)

    shown = overview(owner.business, owner)

    people = {line.pk: (line.waiting, line.answers.count, line.answers.p90_seconds) for line in shown["people"]}
    assert people == {owner.pk: (1, 1, 30), colleague.pk: (0, 2, 600)}
    numbers = {line.pk: (line.waiting, line.answers.count, line.answers.p90_seconds) for line in shown["numbers"]}
    assert numbers == {number.pk: (0, 2, 90), other.pk: (1, 2, 600)}


def test_what_nobody_was_waited_for_is_solved_by_bots(owner, number):
    make_conversation(number)
    make_conversation(number, waiting_since=ago(minutes=5))
    answered = make_conversation(number)
    make_wait(answered, 60, owner)
    make_wait(answered, 30, owner)
    closed = make_conversation(number)
    make_wait(closed, 60, ending="closed")
    make_conversation(number, last_inbound_at=ago(days=20), last_message_at=ago(days=20))

    solved = overview(owner.business, owner)["solved"]

    assert (solved.conversations, solved.solved, solved.percent) == (4, 1, 25)


def test_days_are_those_of_the_business_s_calendar(owner, number):
    owner.business.time_zone = "Asia/Vladivostok"
    owner.business.save()
    conversation, zone = make_conversation(number), ZoneInfo("Asia/Vladivostok")
    day = today_of(owner.business) - timedelta(days=2)
    begin = timezone.datetime(day.year, day.month, day.day, tzinfo=zone)
    written(conversation, begin)
    written(conversation, begin - timedelta(seconds=1))
    written(conversation, begin + timedelta(hours=23), direction="out")
    written(conversation, begin + timedelta(hours=23), direction="out", status="failed")
    broadcast = make_broadcast(number, status="done", finished_at=begin + timedelta(hours=5))
    for status in ("read", "failed"):
        at = begin + timedelta(hours=4)
        make_broadcast_message(broadcast, make_customer(owner.business), status, accepted_at=at)

    shown = {found.date: found.figures for found in overview(owner.business, owner)["days"]}

    assert len(shown) == 14
    assert shown[day] == Figures(received=1, sent=1, failed=1, broadcast=1)
    assert shown[day - timedelta(days=1)].received == 1


def test_days_that_are_over_are_counted_once(owner, number, django_assert_max_num_queries):
    conversation = make_conversation(number)
    written(conversation, ago(days=3))
    overview(owner.business, owner)
    for _serial in range(3):
        make_wait(make_conversation(number, waiting_since=ago(minutes=5), assignee=make_colleague(owner)), 5, owner)
        written(conversation, ago(minutes=0))

    # What is being deleted; who waits, the longest; needs of numbers and others; today and its broadcasts; the same a
    # week ago; first answers; solved by bots; people, numbers, deals; the rights of the person.
    with django_assert_max_num_queries(15):
        shown = overview(owner.business, owner)

    assert [found.figures.received for found in shown["days"]].count(1) == 1
    assert shown["today"].received == 3


def test_today_stands_beside_the_same_time_a_week_ago(owner, number):
    conversation = make_conversation(number)
    written(conversation, ago(days=7) - timedelta(seconds=1))
    written(conversation, ago(days=7) + timedelta(minutes=5))

    assert overview(owner.business, owner)["last_week"].received == 1


def test_open_deals_are_added_up_by_stage_and_currency(owner):
    customer = make_customer(owner.business)
    first, second, won, _lost = DealStage.objects.filter(business=owner.business)
    for stage, currency, amount in (
        (second, "RUB", 5),
        (first, "RUB", 100),
        (first, "RUB", None),
        (first, "USD", 7),
        (won, "RUB", 9),
    ):
        Deal.objects.create(
            business=owner.business, customer=customer, title="Tea", stage=stage, currency=currency, amount=amount
        )

    shown = overview(owner.business, owner)["deals"]

    assert [(found.stage, found.currency, found.count, found.amount) for found in shown] == [
        (first.name, "RUB", 2, 100),
        (first.name, "USD", 1, 7),
        (second.name, "RUB", 1, 5),
    ]


def test_the_highest_bar_is_as_high_as_the_chart_and_the_least_is_seen():
    days = [Day(date(2026, 11, 1), Figures(1000, 1, 0)), Day(date(2026, 11, 2), Figures(0, 500, 0))]

    first, second = chart(days).columns

    assert [bar.height for bar in (first.received, first.sent, second.received, second.sent)] == [
        HEIGHT,
        1,
        0,
        HEIGHT / 2,
    ]


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_page_is_shown_to_every_role(client, owner, number, role, language):
    person = owner if role == "owner" else make_colleague(owner, role)
    person.language = language
    person.save()
    customer = make_customer(owner.business, name="<b>Анна</b>" + "а" * 150)
    make_wait(make_conversation(number, customer, waiting_since=ago(minutes=70)), 60, person)
    client.force_login(person)

    html = client.get(reverse("admin:index")).text

    assert "&lt;b&gt;Анна" in html
    assert ("1 ч 10 мин" if language == "ru" else "1 h 10 min") in html
    assert "style=" not in html


# --- The first steps -----------------------------------------------------------------------------------------


def done(client):
    steps = client.get(reverse("admin:index")).context["first_steps"]
    return steps and [step.key for step in steps.steps if step.is_done]


def test_the_first_steps_are_ticked_as_they_happen(client, owner):
    client.force_login(owner)
    assert done(client) == []

    number = make_number(owner.business)
    assert done(client) == ["number"]
    conversation = make_conversation(number)
    make_message(conversation)
    assert done(client) == ["number", "message"]
    make_message(conversation, direction="out", origin="bot")
    assert done(client) == ["number", "message", "answer"]
    make_colleague(owner)
    assert done(client) == ["number", "message", "answer", "colleague"]
    make_broadcast(number)
    assert done(client) is None


def test_steps_of_others_count_for_nothing(client, owner):
    number = make_number(make_owner().business)
    make_message(make_conversation(number))
    make_bot(number)
    client.force_login(owner)

    assert done(client) == []


def test_a_new_business_sees_its_steps_instead_of_empty_figures(client, owner):
    client.force_login(owner)

    html = client.get(reverse("admin:index")).text

    assert "Five steps to the first answer" in html
    assert "Wait for an answer" not in html


def test_the_steps_are_put_away(client, owner):
    client.force_login(owner)

    client.post(reverse("admin:first_steps"))

    assert done(client) is None


def test_only_an_owner_puts_the_steps_away(client, owner):
    client.force_login(make_colleague(owner, Role.MANAGER))

    assert client.post(reverse("admin:first_steps")).status_code == 403
    assert client.get(reverse("admin:first_steps")).status_code == 405


# --- By API --------------------------------------------------------------------------------------------------


def stats(client, person, query=""):
    client.force_login(person)
    return client.get(f"/api/v1/stats/{query}")


def test_a_program_gets_the_figures(client, owner, number):
    conversation = make_conversation(number, waiting_since=ago(minutes=10), assignee=owner)
    make_wait(conversation, 42, owner)
    make_message(conversation)

    found = stats(client, owner).json()

    assert found["today"] == {"received": 1, "sent": 0, "failed": 0}
    assert found["waiting"] | {"longest": len(found["waiting"]["longest"])} == {
        "count": 1,
        "mine": 1,
        "unassigned": 0,
        "closing": 0,
        "longest": 1,
    }
    assert found["first_answers"] == {"count": 1, "median_seconds": 42, "p90_seconds": 42}
    assert found["days"][-1] == {
        "date": today_of(owner.business).isoformat(),
        "received": 1,
        "sent": 0,
        "broadcast": 0,
    }
    assert found["people"][0]["first_answers"]["count"] == 1


def test_a_program_asks_for_days(client, owner, number):
    conversation = make_conversation(number)
    day = today_of(owner.business) - timedelta(days=5)
    make_wait(conversation, 42, owner, ended_at=ago(days=5))
    make_wait(conversation, 99, owner)

    found = stats(client, owner, f"?from={day - timedelta(days=1)}&to={day}").json()

    assert [shown["date"] for shown in found["days"]] == [str(day - timedelta(days=1)), str(day)]
    assert found["first_answers"]["median_seconds"] == 42
    assert found["solved_by_bots"] is None


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday",
        "?from=2020-01-01",
        "?to=2999-01-01",
        "?from=0001-01-01&to=0001-01-02",
        "?from=2026-05-02&to=2026-05-01",
    ],
)
def test_days_that_are_none_are_refused(client, owner, query):
    assert stats(client, owner, query).status_code == 400


def test_a_time_has_an_order_and_an_end(owner):
    with pytest.raises(ValidationError):
        Period.asked(owner.business, date(2026, 1, 1), date(2026, 10, 1))
