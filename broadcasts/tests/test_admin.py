"""Broadcasts in the admin: the list, the draft's two steps, and the page of what is planned or started."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_administrator, make_colleague
from broadcasts.admin import broadcast_page
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.customers import customers
from crm.models import Customer, Message
from crm.testing import make_customer
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

BROADCASTS = "/admin/broadcasts/broadcast/"
MESSAGES = "/admin/broadcasts/broadcastmessage/"


@pytest.fixture
def client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def draft(number):
    customers.add_tags(make_customer(number.business, name="Anna"), ["vip"])
    return make_broadcast(number, name="Autumn sale", template=make_template(number), audience={})


@pytest.fixture
def planned(number):
    broadcast = make_broadcast(number, name="Autumn sale", status="planned")
    make_broadcast_message(broadcast, make_customer(number.business, name="Иванов"))
    return broadcast


def page(broadcast, part="change"):
    return reverse(f"admin:broadcasts_broadcast_{part}", args=[broadcast.pk])


def shown(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client, broadcast, verb, **data):
    """Press a button, and look at the page it leads to."""
    return client.post(page(broadcast, "act"), {"verb": verb, **data}, follow=True).content.decode()


# The lists


@pytest.mark.parametrize("query", ["", "?q=autumn", "?status__exact=planned"])
def test_broadcasts_are_listed_searched_and_filtered(client, planned, query):
    assert "Autumn sale" in shown(client, BROADCASTS + query)


def test_the_list_says_how_far_each_is(client, planned):
    make_broadcast_message(planned, make_customer(planned.business), "read")
    make_broadcast_message(planned, make_customer(planned.business), "failed")
    make_broadcast_message(planned, make_customer(planned.business), "skipped")

    assert "2 of 3, 1 failed" in shown(client, BROADCASTS)


@pytest.mark.parametrize("query", ["", "&q=иванов", "&status=planned"])
def test_recipients_are_found_by_broadcast_state_and_name(client, planned, query):
    assert "Иванов" in shown(client, f"{MESSAGES}?broadcast__id__exact={planned.pk}{query}")


def test_why_somebody_was_skipped_is_in_words(client, planned):
    planned.messages.update(status="skipped", skip_reason="opted_out")
    for address in (MESSAGES, f"{MESSAGES}{planned.messages.get().pk}/change/", page(planned)):
        assert "opted out" in shown(client, address)


def test_recipients_are_only_looked_at(client, planned):
    message = planned.messages.get()
    assert client.get(f"{MESSAGES}add/").status_code == 403
    assert client.post(f"{MESSAGES}{message.pk}/change/", {}).status_code == 403
    assert client.post(f"{MESSAGES}{message.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(("address", "most"), [(BROADCASTS, 10), (MESSAGES, 9)])
def test_a_list_costs_the_same_for_many_rows(client, planned, address, most, django_assert_max_num_queries):
    for _row in range(3):
        make_broadcast_message(make_broadcast(planned.whatsapp_number), make_customer(planned.business))
    # Session, person, business, two of permissions, the filter's rows, the count, the rows (and their counts).
    with django_assert_max_num_queries(most):
        client.get(address)


# The draft


def test_the_first_step_makes_a_draft_and_leads_to_the_second(client, number):
    template = make_template(number)
    data = {"name": "Autumn sale", "whatsapp_number": number.pk, "template": template.pk, "_save": ""}

    answer = client.post(f"{BROADCASTS}add/", data)

    broadcast = Broadcast.objects.get()
    assert (broadcast.status, broadcast.business) == ("draft", number.business)
    assert answer.url == page(broadcast)


def test_only_approved_templates_are_offered(client, number):
    make_template(number, name="approved_one")
    make_template(number, name="rejected_one", status="REJECTED")
    text = shown(client, f"{BROADCASTS}add/")
    assert "approved_one" in text
    assert "rejected_one" not in text


def test_a_template_of_another_account_is_refused_at_the_field(client, number):
    foreign = make_template(make_number(number.business))
    data = {"name": "x", "whatsapp_number": number.pk, "template": foreign.pk}
    assert "another WhatsApp Business account" in client.post(f"{BROADCASTS}add/", data).content.decode()


def form_data(broadcast, **changes):
    return {
        "name": broadcast.name,
        "whatsapp_number": broadcast.whatsapp_number_id,
        "template": broadcast.template_id,
        "scheduled_at_0": "",
        "scheduled_at_1": "",
        "parameter_1_source": "customer.name",
        "parameter_1_text": "friend",
        "parameter_2_source": "text",
        "parameter_2_text": "881",
        "who": "everyone",
        "_continue": "",
        **changes,
    }


def test_the_second_step_has_a_field_for_each_placeholder(client, draft):
    text = shown(client, page(draft))
    assert 'name="parameter_1_text"' in text
    assert 'name="parameter_2_text"' in text
    assert "your order" in text


def test_the_form_writes_the_documents(client, draft):
    vip = customers.get_or_create_tags(draft.business_id, ["vip"])[0]
    data = form_data(draft, who="chosen", tags_any=[vip.pk], scheduled_at_0="2031-01-02", scheduled_at_1="10:00")

    client.post(page(draft), data)

    draft.refresh_from_db()
    assert draft.parameters == {"1": '{{customer.name|default:"friend"}}', "2": "881"}
    assert draft.audience == {"tags_any": ["vip"]}
    # Ten o'clock of the business, in Moscow.
    assert draft.scheduled_at.isoformat() == "2031-01-02T07:00:00+00:00"


def test_a_time_that_has_passed_is_refused_at_the_field(client, draft):
    data = form_data(draft, scheduled_at_0="2020-01-02", scheduled_at_1="10:00")

    assert "This time has passed." in client.post(page(draft), data).content.decode()

    draft.refresh_from_db()
    assert draft.scheduled_at is None


def test_what_was_saved_stands_in_the_form_again(client, draft):
    client.post(page(draft), form_data(draft))
    text = shown(client, page(draft))
    assert '<option value="customer.name" selected>' in text
    assert 'value="friend"' in text
    assert "Hello ‹name›, your order 881 is ready." in text


def test_attributes_of_customers_are_offered(client, draft):
    make_customer(draft.business, attributes={"city": "Kazan", "bad{name": "x"})
    text = shown(client, page(draft))
    assert "customer.attributes.city" in text
    assert "bad{name" not in text


def test_more_customers_than_django_reads_fields_by_default_are_chosen_by_name(client, draft):
    people = Customer.objects.bulk_create(
        Customer(business=draft.business, name="D", phone=f"+7925{serial:07}") for serial in range(1100)
    )
    data = form_data(draft, who="chosen", customers=[person.pk for person in people])

    assert client.post(page(draft), data).status_code == 302

    draft.refresh_from_db()
    assert len(draft.audience["customers"]) == 1100


@pytest.mark.parametrize("choice", [{"who": "chosen"}, {"who": "everyone", "tags_any": "vip"}, {"who": ""}])
def test_nobody_and_everybody_by_accident_are_refused(client, draft, choice):
    if "tags_any" in choice:
        choice["tags_any"] = [customers.get_or_create_tags(draft.business_id, ["vip"])[0].pk]
    answer = client.post(page(draft), form_data(draft, **choice))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"who"}
    draft.refresh_from_db()
    assert draft.audience == {}


def test_saving_and_planning_shows_who_receives_it(client, draft):
    customers.opt_out(make_customer(draft.business, name="Boris"))

    text = client.post(page(draft), form_data(draft, _plan=""), follow=True).content.decode()

    draft.refresh_from_db()
    assert draft.status == "planned"
    assert "1 person will receive it" in text
    assert "opted out" in text
    assert 'value="start"' in text


def test_what_cannot_be_planned_says_why_and_stays_a_draft(client, draft):
    text = client.post(page(draft), form_data(draft, parameter_2_text="", _plan=""), follow=True).content.decode()
    assert "Saved, but not planned" in text
    assert "“2”" in text
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert draft.parameters == {"1": '{{customer.name|default:"friend"}}'}


def test_another_template_takes_its_own_placeholders_only(client, draft):
    other = make_template(draft.whatsapp_number, "Dear {{1}}!")
    client.post(page(draft), form_data(draft, template=other.pk))
    draft.refresh_from_db()
    assert draft.parameters == {"1": '{{customer.name|default:"friend"}}'}
    assert "parameter_2_text" not in shown(client, page(draft))


def test_a_form_sent_from_a_tab_that_is_too_old_changes_nothing(client, draft):
    draft.move("sending", since=["draft"])
    text = client.post(page(draft), form_data(draft, name="New"), follow=True).content.decode()
    assert "Only drafts and planned broadcasts can be changed" in text
    draft.refresh_from_db()
    assert draft.name == "Autumn sale"


@pytest.mark.parametrize("status", ["draft", "planned"])
def test_drafts_are_deleted(client, planned, status):
    planned.move(status, since=["planned"])
    client.post(page(planned, "delete"), {"post": "yes"})
    assert not Broadcast.objects.exists()


def test_started_broadcasts_are_not_deleted(client, planned):
    planned.move("done", since=["planned"])
    assert client.post(page(planned, "delete"), {"post": "yes"}).status_code == 403
    text = client.post(
        BROADCASTS, {"action": "delete_selected", "_selected_action": [planned.pk], "post": "yes"}, follow=True
    ).content.decode()
    assert "Only drafts" in text
    assert Broadcast.objects.exists()


# The page of a planned or started one


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("planned", {"start", "edit"}),
        ("planning", {"cancel"}),
        ("scheduled", {"pause", "cancel"}),
        ("sending", {"pause", "cancel", "retry_failed"}),
        ("paused", {"resume", "cancel"}),
        ("done", {"retry_failed"}),
        ("cancelled", set()),
    ],
)
def test_each_state_has_its_buttons(client, planned, status, buttons):
    make_broadcast_message(planned, make_customer(planned.business), "failed", error_code=131026)
    planned.move(status, since=["planned"], scheduled_at=timezone.now() + timedelta(hours=1))
    for part in ("change", "live"):
        text = shown(client, page(planned, part))
        assert {verb for verb in broadcast_page.BroadcastPage.verbs if f'value="{verb}"' in text} == buttons


def test_from_start_to_cancelling_by_buttons(client, planned):
    for verb, status in [("start", "sending"), ("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")]:
        press(client, planned, verb)
        planned.refresh_from_db()
        assert planned.status == status


def test_a_refusal_is_told_on_the_page(client, planned):
    WhatsAppNumber.objects.update(is_active=False)
    text = press(client, planned, "start")
    assert "is switched off, so nothing is sent" in text


def test_changing_a_plan_leads_back_to_the_form(client, planned):
    assert 'name="who"' in press(client, planned, "edit")
    assert not BroadcastMessage.objects.exists()


@pytest.mark.parametrize(
    ("typed", "status"), [("", "planned"), ("2", "planned"), ("3", "sending"), (" 3 ", "sending")]
)
def test_many_recipients_are_typed_before_the_start(client, planned, monkeypatch, typed, status):
    monkeypatch.setattr(broadcast_page, "MAX_RECIPIENTS_UNASKED", 2)
    for _person in range(2):
        make_broadcast_message(planned, make_customer(planned.business))
    assert 'name="recipients"' in shown(client, page(planned))

    press(client, planned, "start", recipients=typed)

    planned.refresh_from_db()
    assert planned.status == status


def test_failures_are_explained_with_how_many(client, planned):
    planned.move("done", since=["planned"])
    planned.messages.update(status="failed", error_code=131026)
    text = shown(client, page(planned))
    assert "This person cannot be reached" in text
    assert "error_code__exact=131026" in text


def test_each_number_on_the_page_leads_to_its_recipients(client, planned):
    make_broadcast_message(planned, make_customer(planned.business), "skipped", skip_reason="opted_out")
    make_broadcast_message(planned, make_customer(planned.business), "failed", error_code=131026)
    make_broadcast_message(make_broadcast(planned.whatsapp_number), make_customer(planned.business), "failed")

    links = re.findall(r'href="(/admin/broadcasts/broadcastmessage/[^"]*)">(\d+)<', shown(client, page(planned)))

    # Nine states, all of them, one reason, one error.
    assert len(links) == 12
    for address, count in links:
        assert client.get(unescape(address)).context["cl"].result_count == int(count), address


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_active": False}, "is switched off"),
        ({"paused_until": timezone.now() + timedelta(hours=1), "problem": "Pay Meta."}, "Pay Meta."),
        ({"status": "problem", "problem": "The token was refused."}, "The token was refused."),
    ],
)
def test_what_stops_the_number_is_said(client, planned, fields, words):
    WhatsAppNumber.objects.update(**fields)
    assert words in shown(client, page(planned))


@pytest.mark.parametrize(("decision", "status"), [("count_as_sent", "sent"), ("send_again", "planned")])
def test_a_message_of_unknown_fate_is_decided(client, planned, decision, status):
    planned.move("paused", since=["planned"])
    planned.messages.update(status="unknown")
    message = planned.messages.get()
    address = reverse("admin:broadcasts_broadcast_decide", args=[planned.pk, message.pk])
    assert address in shown(client, page(planned))

    client.post(address, {"decision": decision})

    message.refresh_from_db()
    assert message.status == status


@pytest.mark.parametrize(("verb", "status"), [("count_unknown_as_sent", "sent"), ("send_unknown_again", "planned")])
def test_all_messages_of_unknown_fate_are_decided_at_once(client, planned, verb, status):
    make_broadcast_message(planned, make_customer(planned.business))
    planned.move("paused", since=["planned"])
    planned.messages.update(status="unknown")
    assert f'value="{verb}"' in shown(client, page(planned))

    press(client, planned, verb)

    assert [message.status for message in planned.messages.all()] == [status, status]
    assert 'value="count_unknown_as_sent"' not in shown(client, page(planned))


def test_a_test_is_sent_once_for_a_double_click(client, planned):
    data = {"to": "8 916 111-22-33", "idempotency_key": "1f0e7c9e-52a7-4d62-8a3f-1c3f8c1f4a11"}
    for _click in range(2):
        text = client.post(page(planned, "test"), data, follow=True).content.decode()
        assert "on its way" in text
    assert Message.objects.get().conversation.customer.phone == "+79161112233"


def test_a_test_to_no_phone_is_refused(client, planned):
    text = client.post(page(planned, "test"), {"to": "12"}, follow=True).content.decode()
    assert "is not a phone number" in text
    assert not Message.objects.exists()


def test_the_live_part_is_sent_only_when_it_changed(client, planned):
    etag = client.get(page(planned, "live"))["ETag"]
    assert client.get(page(planned, "live"), headers={"If-None-Match": etag}).status_code == 304

    planned.messages.update(status="skipped", skip_reason="opted_out")

    assert client.get(page(planned, "live"), headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("status", ["draft", "planned", "sending"])
def test_an_operator_only_looks(client, owner, planned, status):
    planned.move(status, since=["planned"])
    client.force_login(make_colleague(owner, "operator"))
    text = shown(client, page(planned))
    assert 'name="verb"' not in text
    assert 'name="to"' not in text
    for part in ("act", "test"):
        assert client.post(page(planned, part), {"verb": "cancel"}).status_code == 403
    assert client.post(page(planned), {"name": "x"}).status_code == 403


# What it costs


def test_what_meta_charges_is_on_the_pages_of_the_broadcast_and_of_the_recipient(client, planned):
    planned.move("done", since=["planned"], started_at=timezone.now())
    price = {"pricing_category": "marketing", "pricing_billable": True, "recipient_country": "KZ"}
    planned.messages.update(status="read", **price)

    assert "Marketing: 1" in shown(client, page(planned))
    assert "marketing, charged, KZ" in shown(client, f"{MESSAGES}{planned.messages.get().pk}/change/")


def test_where_nothing_is_charged_the_page_says_nothing_of_it(client, planned):
    planned.move("done", since=["planned"], started_at=timezone.now())
    assert "Charged by Meta" not in shown(client, page(planned))


def draft_fields(client, draft):
    form = client.get(page(draft)).context["adminform"].form
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value is not None}


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(client, draft):
    fields = draft_fields(client, draft) | {"who": "everyone"}
    fields |= {f"parameter_{key}_source": "text" for key in "12"}
    theirs = fields | {"name": "Winter sale", "parameter_1_text": "Dear customer", "parameter_2_text": "7"}
    assert client.post(page(draft), theirs | {"_continue": "1"}).status_code == 302

    refused = client.post(page(draft), fields | {"name": "Spring sale", "_plan": "1"})

    assert refused.status_code == 200
    errors = refused.context["adminform"].form.errors
    assert errors["name"] == ["Saved now: “Winter sale”."]
    assert errors["parameter_1"] == ["Saved now: “this text: Dear customer”."]
    assert "who" not in errors
    draft.refresh_from_db()
    assert (draft.name, draft.status) == ("Winter sale", "draft")


def test_a_plan_that_somebody_changed_meanwhile_is_not_started_from_an_old_page(client, planned):
    assert f'name="revision" value="{planned.revision}"' in shown(client, page(planned))
    old = planned.revision
    planned.save(update_fields=["name"])
    assert "Somebody changed this after you opened it" in press(client, planned, "start", revision=old)
    planned.refresh_from_db()
    assert planned.status == "planned"
    press(client, planned, "start", revision=planned.revision)
    planned.refresh_from_db()
    assert planned.status == "sending"


def test_sending_and_pausing_are_no_edits(client, planned):
    press(client, planned, "start")
    press(client, planned, "pause")
    planned.refresh_from_db()
    assert planned.revision == 1


def test_the_draft_says_in_which_zone_its_time_is_and_takes_it_so(client, draft, owner):
    owner.business.time_zone = "Asia/Vladivostok"
    owner.business.save()
    assert "Time zone: Vladivostok (UTC+10)." in shown(client, page(draft))
    fields = draft_fields(client, draft) | {
        "who": "everyone",
        "parameter_1_source": "text",
        "parameter_2_source": "text",
    }
    time = {"scheduled_at_0": "2031-12-05", "scheduled_at_1": "10:00"}
    assert client.post(page(draft), fields | time | {"_continue": "1"}).status_code == 302
    draft.refresh_from_db()
    assert draft.scheduled_at.isoformat() == "2031-12-05T00:00:00+00:00"


def test_a_platform_administrator_is_told_the_zone_of_the_installation(client, draft, owner):
    client.force_login(make_administrator())
    owner.business.time_zone = "Asia/Vladivostok"
    owner.business.save()
    form = client.get(page(draft)).context["adminform"].form
    assert "(UTC+3)" in str(form.fields["scheduled_at"].help_text)
