"""Templates as Meta has them: read page by page, kept when a broadcast needs them, and changed by webhooks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from accounts.refusals import Refusal
from accounts.testing import make_business, work_off
from whatsapp.message_templates import sync
from whatsapp.message_templates.reasons import reason_text
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.sending import send_gate
from whatsapp.simulator.graph.endpoints import nodes
from whatsapp.testing import make_number, make_template, payload_of, post_webhook
from whatsapp.webhooks import template_updates
from whatsapp.webhooks.changes import Change

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


def at_meta(name="greeting", language="ru", status="APPROVED", **fields):
    return {
        "id": "300000000000009",
        "name": name,
        "language": language,
        "status": status,
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Здравствуйте!"}],
        **fields,
    }


@pytest.fixture
def account(meta, number):
    """The templates of the number's account at Meta, none at first."""
    templates = meta.simulator.templates(number.waba_id)
    templates.clear()
    return templates


def names():
    return sorted(MessageTemplate.objects.values_list("name", flat=True))


def test_templates_are_read_as_meta_has_them(number, account):
    account.append(at_meta(parameter_format="NAMED", category="MARKETING"))

    assert sync.sync(number) == sync.Synced(total=1, created=1, deleted=0)

    template = MessageTemplate.objects.get()
    assert (template.business, template.waba_id, template.meta_id) == (
        number.business,
        number.waba_id,
        "300000000000009",
    )
    assert (template.name, template.language, template.status) == ("greeting", "ru", "APPROVED")
    assert (template.category, template.parameter_format) == ("MARKETING", "NAMED")
    assert template.components == [{"type": "BODY", "text": "Здравствуйте!"}]


def test_all_pages_are_read(number, account):
    account.extend(at_meta(f"greeting_{serial:03}") for serial in range(205))

    assert sync.sync(number).total == 205
    assert len(names()) == 205


def test_after_a_stale_cursor_reading_begins_again(number, account, monkeypatch):
    account.extend(at_meta(f"greeting_{serial:03}") for serial in range(205))
    position, stale = nodes._position, iter(["-"])
    monkeypatch.setattr(nodes, "_position", lambda cursor: position(next(stale, cursor)))

    assert sync.sync(number).total == 205
    assert next(stale, None) is None


def test_a_second_sync_changes_what_changed_and_keeps_the_rows(number, account):
    account.append(at_meta())
    sync.sync(number)
    template = MessageTemplate.objects.get()

    account[0] = at_meta(status="PAUSED")
    assert sync.sync(number) == sync.Synced(total=1, created=0, deleted=0)

    template.refresh_from_db()
    assert template.status == "PAUSED"


def test_each_language_is_a_template(number, account):
    account.extend([at_meta(language="ru"), at_meta(language="en_US")])

    assert sync.sync(number).total == 2


def test_what_vanished_at_meta_vanishes_here(number, account):
    make_template(number, name="old")
    account.append(at_meta())

    assert sync.sync(number).deleted == 1
    assert names() == ["greeting"]


def test_other_accounts_and_businesses_keep_their_templates(number, account):
    sibling = make_template(make_number(number.business))
    stranger = make_template(make_number(make_business(), waba_id=number.waba_id))

    sync.sync(number)

    assert set(MessageTemplate.objects.all()) == {sibling, stranger}


@pytest.mark.parametrize("element", ["text", {}, {"name": "", "language": "ru"}])
def test_what_is_no_template_does_not_stop_the_others(number, account, element, monkeypatch):
    monkeypatch.setattr(
        "whatsapp.graph.client.CloudApi.message_templates",
        lambda self, waba_id, after="": ([element, at_meta(components="?")], ""),
    )

    assert sync.sync(number).total == 1
    assert MessageTemplate.objects.get().components == []


def refused(number):
    with pytest.raises(Refusal) as refusal:
        sync.sync(number)
    return refusal.value


def test_a_number_without_account_has_no_templates_to_read():
    assert refused(make_number(make_business(), waba_id="")).code == "no_waba"


def test_a_refused_token_is_told_in_words_and_nothing_is_lost(number):
    make_template(number, name="kept")
    number.access_token = "wrong"

    refusal = refused(number)

    assert refusal.code == "meta_refused"
    assert "token" in str(refusal)
    assert names() == ["kept"]


def test_an_account_that_meta_does_not_know_is_told_in_words(number):
    number.waba_id = "1999"

    assert "WhatsApp Business" in str(refused(number))


def test_meta_out_of_reach_is_told_in_words(number, settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"

    assert refused(number).code == "meta_unreachable"


def test_a_list_that_does_not_end_is_given_up(number, monkeypatch):
    make_template(number, name="kept")
    monkeypatch.setattr(
        "whatsapp.graph.client.CloudApi.message_templates", lambda self, waba_id, after="": ([at_meta()], "more")
    )

    assert refused(number).code == "meta_unreachable"
    assert names() == ["kept"]


# When they are read


def due_numbers():
    """The ids of the numbers whose templates are to be read."""
    return list(sync.JOB.due().order_by("templates_due_at").values_list("pk", flat=True))


def test_the_templates_of_a_connected_number_are_read_soon_and_then_from_time_to_time(number, account):
    account.append(at_meta())

    work_off(sync.JOB)

    assert names() == ["greeting"]
    assert due_numbers() == []
    WhatsAppNumber.objects.update(templates_due_at=timezone.now() - timedelta(seconds=1))
    assert due_numbers() == [number.pk]


def test_numbers_that_are_off_or_have_no_account_are_not_asked_about():
    make_number(make_business(), waba_id="")
    make_number(make_business(), is_active=False)

    assert due_numbers() == []


def test_two_workers_read_once(number, account):
    assert sync.JOB.claim(number.pk)
    assert sync.JOB.claim(number.pk) is None


def test_after_trouble_it_is_tried_again_later(number, settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"

    work_off(sync.JOB)

    assert due_numbers() == []
    assert WhatsAppNumber.objects.get().templates_due_at < timezone.now() + timedelta(hours=2)


def test_what_meta_tells_while_its_list_is_read_is_not_forgotten(number, monkeypatch):
    def told_meanwhile(self, waba_id, after=""):
        template_updates.apply(number, Change("message_template_components_update", {}))
        return [], ""

    monkeypatch.setattr("whatsapp.graph.client.CloudApi.message_templates", told_meanwhile)

    sync.sync(number)

    assert due_numbers() == [number.pk]


@pytest.mark.parametrize("changed", [{"waba_id": "10229999999"}, {"access_token": "new-token"}])
def test_another_account_or_token_means_reading_again(number, meta, changed):
    WhatsAppNumber.objects.update(templates_due_at=timezone.now() + timedelta(hours=1))
    meta.directory.add_number(
        number.phone_number_id, number.phone_number, changed.get("access_token", number.access_token)
    )

    numbers.update(WhatsAppNumber.objects.get(), **changed)

    assert due_numbers() == [number.pk]


# What webhooks tell


def tell(client, number, value, field="message_template_status_update"):
    told = {"message_template_name": "order", "message_template_language": "en-US", **value}
    assert post_webhook(client, payload_of(number, told, field), number.app_secret).status_code == 200


@pytest.fixture
def order(number, handled):
    WhatsAppNumber.objects.update(templates_due_at=timezone.now() + timedelta(hours=1))
    return make_template(number, name="order", language="en_US")


@pytest.mark.parametrize(
    ("event", "status"), [("PAUSED", "PAUSED"), ("REINSTATED", "APPROVED"), ("NEW_WORD", "NEW_WORD")]
)
def test_a_status_is_changed_by_a_webhook(client, number, order, event, status, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tell(client, number, {"event": event})

    order.refresh_from_db()
    assert order.status == status
    assert due_numbers() == []


def test_a_category_is_changed_by_a_webhook(client, number, order, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tell(client, number, {"new_category": "MARKETING"}, "template_category_update")

    order.refresh_from_db()
    assert (order.category, order.status) == ("MARKETING", "APPROVED")


@pytest.mark.parametrize("field", ["message_template_quality_update", "message_template_status_update"])
def test_a_change_of_quality_changes_nothing(client, number, order, field, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tell(client, number, {"new_quality_score": "YELLOW"}, field)

    order.refresh_from_db()
    assert order.status == "APPROVED"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"message_template_element": "Hello"}, "message_template_components_update"),
        ({"event": "APPROVED", "message_template_name": "new"}, "message_template_status_update"),
    ],
)
def test_what_a_webhook_does_not_hold_is_read_soon(
    client, number, order, value, field, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        tell(client, number, value, field)

    assert due_numbers() == [number.pk]


def test_a_webhook_changes_no_template_of_a_stranger(client, number, order, django_capture_on_commit_callbacks):
    theirs = make_template(
        make_number(make_business(), waba_id=number.waba_id), name="order", language="en_US", status="APPROVED"
    )

    with django_capture_on_commit_callbacks(execute=True):
        tell(client, number, {"event": "PAUSED"})

    theirs.refresh_from_db()
    assert theirs.status == "APPROVED"


def test_why_a_template_was_rejected_is_kept(client, number, order, django_capture_on_commit_callbacks):
    words = {"reason": "Two parameters stand next to each other.", "recommendation": "Put words between them."}
    with django_capture_on_commit_callbacks(execute=True):
        tell(client, number, {"event": "REJECTED", "reason": "INVALID_FORMAT", "rejection_info": words})

    order.refresh_from_db()
    assert (order.status, order.rejection_reason) == ("REJECTED", "INVALID_FORMAT")
    assert order.rejection_details == "Two parameters stand next to each other. Put words between them."


@pytest.mark.parametrize(("title", "hours"), [("FIRST_PAUSE", 3), ("SECOND_PAUSE", 6)])
def test_a_pause_says_until_when_it_lasts(number, order, title, hours):
    change(number, event="PAUSED", reason="NONE", other_info={"title": title, "description": "Low quality."})

    order.refresh_from_db()
    assert (order.status, order.rejection_reason, order.rejection_details) == ("PAUSED", title, "Low quality.")
    assert abs(order.status_date - timezone.now() - timedelta(hours=hours)) < timedelta(minutes=1)


def test_the_end_of_a_pause_is_told_in_the_time_of_the_business(number, order):
    order.status, order.status_date = "PAUSED", datetime(2026, 12, 5, 10, 0, tzinfo=UTC)
    order.business.time_zone = "Asia/Vladivostok"

    with translation.override("ru"), timezone.override(UTC):
        assert "05.12.2026 20:00" in reason_text(order)


@pytest.mark.parametrize("date", [1795252500, "1795252500", "2026-11-21T09:15:00+00:00"])
def test_when_meta_disables_a_template_is_kept(number, order, date):
    change(number, event="DISABLED", disable_info={"disable_date": date})

    order.refresh_from_db()
    assert order.status_date.isoformat() == "2026-11-21T09:15:00+00:00"


@pytest.mark.parametrize(
    "facts", [{}, {"reason": None}, {"reason": "NONE"}, {"rejection_info": 7, "disable_info": []}]
)
def test_a_rejection_of_which_meta_says_nothing_has_no_reason(number, order, facts):
    change(number, event="REJECTED", **facts)

    order.refresh_from_db()
    assert (order.status, order.rejection_reason, order.rejection_details) == ("REJECTED", "", "")


def test_what_was_said_of_a_rejection_is_over_with_it(number, order):
    change(number, event="REJECTED", reason="SCAM", rejection_info={"reason": "No."})
    change(number, event="APPROVED", reason="NONE")

    order.refresh_from_db()
    assert (order.status, order.rejection_reason, order.rejection_details) == ("APPROVED", "", "")


def test_after_an_event_that_names_no_status_it_is_read(number, order):
    change(number, event="UNARCHIVED")

    order.refresh_from_db()
    assert order.status == "APPROVED"
    assert due_numbers() == [number.pk]


def test_a_change_of_category_to_come_is_kept(number, order):
    facts = {"new_category": "UTILITY", "correct_category": "MARKETING"}
    change(number, "template_category_update", **facts)

    order.refresh_from_db()
    assert (order.category, order.correct_category) == ("UTILITY", "MARKETING")


def test_the_reason_and_the_quality_are_read_too(number, account):
    account.append(at_meta(status="REJECTED", rejected_reason="SCAM", quality_score={"score": "YELLOW", "date": 1}))

    sync.sync(number)

    template = MessageTemplate.objects.get()
    assert (template.rejection_reason, template.quality_score) == ("SCAM", "YELLOW")


def test_reading_keeps_what_only_webhooks_tell(number, account, order):
    change(number, event="REJECTED", reason="SCAM", rejection_info={"reason": "No."})
    account.append(at_meta(name="order", language="en_US", status="REJECTED", rejected_reason="SCAM"))

    sync.sync(number)

    order.refresh_from_db()
    assert (order.rejection_reason, order.rejection_details) == ("SCAM", "No.")


def test_reading_another_status_ends_what_was_said_of_the_one_before(number, account, order):
    change(number, event="PAUSED", other_info={"title": "FIRST_PAUSE", "description": "Low."})
    account.append(at_meta(name="order", language="en_US", status="APPROVED"))

    sync.sync(number)

    order.refresh_from_db()
    assert (order.rejection_reason, order.rejection_details, order.status_date) == ("", "", None)


def change(number, field="message_template_status_update", **value):
    told = {"message_template_name": "order", "message_template_language": "en-US", **value}
    template_updates.apply(number, Change(field, told))


# Numbers of one account


def test_the_templates_of_an_account_are_read_once_for_all_its_numbers(number, account, meta):
    for _sibling in range(5):
        meta.connect(make_number(number.business, waba_id=number.waba_id))
    meta.requests.clear()

    work_off(sync.JOB)

    assert len(meta.requests) == 1
    assert due_numbers() == []


def test_what_meta_tells_of_another_number_of_the_account_meanwhile_is_not_forgotten(number, meta, monkeypatch):
    sibling = make_number(number.business, waba_id=number.waba_id)

    def told_meanwhile(self, waba_id, after=""):
        template_updates.apply(sibling, Change("message_template_components_update", {}))
        return [], ""

    monkeypatch.setattr("whatsapp.graph.client.CloudApi.message_templates", told_meanwhile)

    sync.sync(number)

    assert due_numbers() == [sibling.pk]


def test_nothing_is_read_with_a_token_that_meta_has_refused(number, meta):
    send_gate.stop(number, "Refused.")

    assert due_numbers() == []

    meta.directory.add_number(number.phone_number_id, number.phone_number, "another-token")
    numbers.update(WhatsAppNumber.objects.get(), access_token="another-token")
    assert due_numbers() == [number.pk]
