"""A plan: one row per person, with frozen parameters or the reason why they are left out."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.refusals import Refusal
from accounts.testing import work_off
from broadcasts import drafts, planning
from broadcasts.models import BroadcastMessage
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.customers import customers
from crm.models import Customer, Tag
from crm.testing import make_customer
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

PARAMETERS = {"1": "{{customer.name}}", "2": '{{customer.attributes.order|default:"881"}}'}


@pytest.fixture
def broadcast(number):
    return make_broadcast(number, template=make_template(number), parameters=PARAMETERS)


@pytest.fixture
def two_at_a_time(monkeypatch):
    monkeypatch.setattr(planning, "BATCH", 2)


def rows(broadcast):
    return {row.customer.name: row for row in broadcast.messages.select_related("customer")}


def test_everybody_gets_a_row_with_their_own_parameters(broadcast):
    make_customer(broadcast.business, name="Anna", attributes={"order": "17"})
    make_customer(broadcast.business, name="Boris")
    make_customer(name="Stranger")

    drafts.plan(broadcast)

    assert broadcast.status == "planned"
    assert {name: row.parameters for name, row in rows(broadcast).items()} == {
        "Anna": {"1": "Anna", "2": "17"},
        "Boris": {"1": "Boris", "2": "881"},
    }
    assert {row.status for row in rows(broadcast).values()} == {"planned"}


def stored(broadcast):
    """The rows as the driver reads them, but for what differs from plan to plan."""
    names = [field.column for field in BroadcastMessage._meta.concrete_fields]
    columns = ", ".join(name for name in names if name not in ("id", "broadcast_id", "created_at"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM broadcast_messages WHERE broadcast_id = {broadcast.pk} ORDER BY id")
        return cursor.fetchall()


def test_rows_are_as_the_model_would_have_made_them(broadcast):
    people = {
        make_customer(broadcast.business, name="Анна «О'Нил»"): ({"1": "Анна «О'Нил»", "2": "881"}, "planned", ""),
        make_customer(broadcast.business, name=""): ({"1": "", "2": "881"}, "skipped", "empty_parameter"),
        make_customer(broadcast.business, name="Ян", opted_out_at=timezone.now()): (
            {"1": "Ян", "2": "881"},
            "skipped",
            "opted_out",
        ),
    }
    by_hand = make_broadcast(broadcast.whatsapp_number)
    for customer, (parameters, status, reason) in people.items():
        make_broadcast_message(by_hand, customer, status, parameters=parameters, skip_reason=reason)

    drafts.plan(broadcast)

    assert stored(broadcast) == stored(by_hand)
    made = broadcast.messages.values_list("created_at", flat=True)
    assert all(timezone.now() - timedelta(minutes=1) < moment <= timezone.now() for moment in made)


def test_parameters_stay_as_they_were_planned(broadcast):
    anna = make_customer(broadcast.business, name="Anna")
    drafts.plan(broadcast)

    Customer.objects.filter(pk=anna.pk).update(name="Maria")

    assert rows(broadcast)["Maria"].parameters["1"] == "Anna"


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"name": "Anna", "opted_out_at": "2026-01-01T00:00Z"}, "opted_out"),
        ({"name": ""}, "empty_parameter"),
        ({"name": "x", "attributes": {"order": "9" * 990, "more": "x"}}, "unfit_parameter"),
    ],
)
def test_who_is_left_out_has_the_reason(broadcast, person, reason):
    broadcast.template.components[0]["text"] = "{{1}} {{2}}" + "x" * 100
    broadcast.template.save()
    make_customer(broadcast.business, **person)

    drafts.plan(broadcast)

    row = broadcast.messages.get()
    assert (row.status, row.skip_reason) == ("skipped", reason)


@pytest.mark.parametrize(("category", "reason"), [("AUTHENTICATION", "no_phone"), ("MARKETING", "")])
def test_codes_are_sent_to_phones_only(broadcast, category, reason):
    broadcast.template.category = category
    broadcast.template.save()
    make_customer(broadcast.business, name="Anna", phone=None, whatsapp_user_id="RU.1")

    drafts.plan(broadcast)

    assert broadcast.messages.get().skip_reason == reason


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"1": "x"}, "“2”"),
        ({**PARAMETERS, "header.1": "x"}, "“header.1”"),
        ({**PARAMETERS, "1": "{{vars.x}}"}, "vars.x"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_by_name(broadcast, parameters, named):
    make_customer(broadcast.business)
    drafts.change(broadcast, parameters=parameters)

    with pytest.raises(ValidationError) as refused:
        drafts.plan(broadcast)

    assert named in " ".join(refused.value.message_dict["parameters"])
    assert_still_a_draft(broadcast)


def assert_still_a_draft(broadcast):
    broadcast.refresh_from_db()
    assert broadcast.status == "draft"
    assert not broadcast.messages.exists()


@pytest.mark.parametrize("status", ["PENDING", "PAUSED", "REJECTED", ""])
def test_only_approved_templates_are_planned(broadcast, status):
    make_customer(broadcast.business)
    broadcast.template.status = status
    broadcast.template.save()

    with pytest.raises(ValidationError, match="template"):
        drafts.plan(broadcast)

    assert_still_a_draft(broadcast)


def test_a_template_of_another_account_is_refused(broadcast):
    make_customer(broadcast.business)
    drafts.change(broadcast, template=make_template(make_number(broadcast.business)))

    with pytest.raises(ValidationError, match="template"):
        drafts.plan(broadcast)


def test_a_number_without_an_account_is_refused_in_words(broadcast):
    make_customer(broadcast.business)
    broadcast.whatsapp_number.waba_id = ""
    broadcast.whatsapp_number.save()

    with pytest.raises(ValidationError, match="WhatsApp Business account ID"):
        drafts.plan(broadcast)


def test_an_audience_of_nobody_is_refused(broadcast):
    with pytest.raises(ValidationError, match="audience"):
        drafts.plan(broadcast)

    assert_still_a_draft(broadcast)


def test_a_tag_deleted_since_the_draft_is_refused(broadcast):
    customers.add_tags(make_customer(broadcast.business), ["vip", "staff"])
    drafts.change(broadcast, audience={"tags_any": ["vip"], "tags_none": ["staff"]})
    Tag.objects.filter(name="staff").delete()

    with pytest.raises(ValidationError, match="staff"):
        drafts.plan(broadcast)


def test_many_people_are_planned_by_a_worker(broadcast, two_at_a_time, django_capture_on_commit_callbacks):
    for _person in range(5):
        make_customer(broadcast.business, name="Anna")

    with django_capture_on_commit_callbacks(execute=True):
        drafts.plan(broadcast)
        assert broadcast.status == "planning"
        assert broadcast.messages.count() == 2

    broadcast.refresh_from_db()
    assert broadcast.status == "planned"
    assert broadcast.messages.count() == 5


@pytest.mark.parametrize("steps_before_the_kill", [0, 1, 2])
def test_planning_that_was_interrupted_goes_on_at_the_next_tick(broadcast, two_at_a_time, steps_before_the_kill):
    for _person in range(7):
        make_customer(broadcast.business, name="Anna")
    planning.begin(broadcast)
    for _step in range(steps_before_the_kill):
        planning.plan_batch(broadcast.pk)

    work_off(planning.JOB)

    broadcast.refresh_from_db()
    assert broadcast.status == "planned"
    assert Counter(broadcast.messages.values_list("customer", flat=True)).most_common(1)[0][1] == 1
    assert broadcast.messages.count() == 7


def test_a_row_that_is_there_already_is_kept(broadcast, two_at_a_time):
    anna = make_customer(broadcast.business, name="Anna")
    for _person in range(2):
        make_customer(broadcast.business, name="Boris")
    planning.begin(broadcast)
    kept = broadcast.messages.get(customer=anna)
    type(broadcast).objects.filter(pk=broadcast.pk).update(planned_up_to=0)

    work_off(planning.JOB)

    assert broadcast.messages.get(customer=anna) == kept
    assert broadcast.messages.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_plan_everybody_once(broadcast, two_at_a_time):
    for _person in range(21):
        make_customer(broadcast.business, name="Anna")
    broadcast.move("planning", since=["draft"])

    def work(_worker):
        try:
            planning.advance(broadcast)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(work, range(2)))

    broadcast.refresh_from_db()
    assert broadcast.status == "planned"
    assert broadcast.messages.count() == 21


def test_rows_made_of_an_older_draft_are_not_stored(broadcast, two_at_a_time):
    make_customer(broadcast.business, name="Anna")
    broadcast.move("planning", since=["draft"])
    older = planning.in_planning().get()
    rows = planning.rows_for(older, Customer.objects.all())
    broadcast.move("planning", since=["planning"], audience={"tags_any": ["vip"]})

    planning.store(older, rows)

    assert not broadcast.messages.exists()


def test_a_tag_that_goes_while_planning_stops_it_with_the_reason(broadcast, two_at_a_time):
    for _person in range(3):
        customers.add_tags(make_customer(broadcast.business, name="Anna"), ["vip", "tea"])
    drafts.change(broadcast, audience={"tags_any": ["vip"], "tags_none": []})
    planning.begin(broadcast)
    Tag.objects.filter(name="vip").delete()

    work_off(planning.JOB)

    assert_still_a_draft(broadcast)
    assert "vip" in broadcast.paused_reason


@pytest.mark.parametrize("status", ["planning", "planned"])
def test_planning_again_changes_nothing(broadcast, status):
    broadcast.move(status, since=["draft"])

    drafts.plan(broadcast)

    assert broadcast.status == status


@pytest.mark.parametrize("status", ["scheduled", "sending", "paused", "done", "cancelled"])
def test_a_started_broadcast_is_not_planned_again(broadcast, status):
    broadcast.move(status, since=["draft"])

    with pytest.raises(Refusal):
        drafts.plan(broadcast)

    assert broadcast.status == status


def test_a_batch_costs_the_same_for_many_people(broadcast, django_assert_max_num_queries):
    for _person in range(40):
        make_customer(broadcast.business, name="Anna")
    broadcast.move("planning", since=["draft"])

    # Savepoint twice, the broadcast, the audience's tags, the people, the rows, the move, the broadcast again.
    with django_assert_max_num_queries(11):
        planning.plan_batch(broadcast.pk)

    assert BroadcastMessage.objects.count() == 40


def test_changing_a_planned_broadcast_drops_the_plan(broadcast):
    make_customer(broadcast.business, name="Anna")
    drafts.plan(broadcast)

    drafts.change(broadcast, name="New")

    assert broadcast.name == "New"
    assert_still_a_draft(broadcast)


@pytest.mark.parametrize("status", ["planning", "scheduled", "sending", "paused", "done", "cancelled"])
def test_a_started_broadcast_is_neither_changed_nor_deleted(broadcast, status):
    broadcast.move(status, since=["draft"])

    for ask in (lambda: drafts.change(broadcast, name="New"), lambda: drafts.delete(broadcast)):
        with pytest.raises(Refusal) as refused:
            ask()
        assert refused.value.code == "not_editable"

    broadcast.refresh_from_db()
    assert broadcast.name != "New"


def test_a_planned_broadcast_is_deleted_with_its_plan(broadcast):
    make_customer(broadcast.business, name="Anna")
    drafts.plan(broadcast)

    drafts.delete(broadcast)

    assert not BroadcastMessage.objects.exists()
