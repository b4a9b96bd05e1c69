import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import MailedAlert, User
from accounts.testing import make_colleague, make_owner
from crm.conversations import conversations
from crm.teamwork import alerts, letters
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def minutes_ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def make_waiting(number, minutes=20, name="Anna", **fields):
    return make_conversation(
        number, make_customer(number.business, name=name), waiting_since=minutes_ago(minutes), **fields
    )


def half_an_hour_passes():
    User.objects.update(alerted_at=minutes_ago(31))


def recipients():
    return [letter.to[0] for letter in mail.outbox]


def test_the_owner_is_written_to_about_all_who_wait_too_long(owner, number):
    make_waiting(number, 70, name="Anna")
    make_waiting(number, 20, name="Boris")
    make_waiting(number, 5, name="Clara")

    assert alerts.write_of_waits() == 1

    [letter] = mail.outbox
    html = letter.alternatives[0][0]
    assert letter.subject == f"2 customers wait for an answer · {owner.business}"
    assert "1 h 10 min" in letter.body
    for text in (letter.body, html):
        assert "Anna" in text and "Boris" in text and "Clara" not in text


def test_whoever_it_is_assigned_to_is_written_to_alone(owner, number):
    colleague = make_colleague(owner)
    make_waiting(number, assignee=colleague)

    alerts.write_of_waits()

    assert recipients() == [colleague.email]


def test_owners_are_written_to_where_the_assignee_has_left(owner, number):
    colleague = make_colleague(owner)
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    make_waiting(number, assignee=colleague)

    alerts.write_of_waits()

    assert recipients() == [owner.email]


def test_nobody_is_written_to_twice_about_the_same_wait(number):
    make_waiting(number)
    alerts.write_of_waits()
    half_an_hour_passes()

    assert alerts.write_of_waits() == 0


def test_a_second_letter_comes_half_an_hour_later_and_lists_all(number):
    make_waiting(number, name="Anna")
    alerts.write_of_waits()
    make_waiting(number, name="Boris")
    assert alerts.write_of_waits() == 0

    half_an_hour_passes()
    assert alerts.write_of_waits() == 1
    assert "Anna" in mail.outbox[1].body and "Boris" in mail.outbox[1].body


def test_a_new_wait_of_the_same_customer_is_told_of(number):
    conversation = make_waiting(number)
    alerts.write_of_waits()
    half_an_hour_passes()
    conversations.change(conversation, waiting_since=minutes_ago(16))

    assert alerts.write_of_waits() == 1


def test_who_is_taken_over_by_another_worker_is_not_written_to(owner, number):
    alert = alerts.Alert(waits=[make_waiting(number)])
    now = timezone.now()

    assert alerts._claim(owner, alert, now)
    assert not alerts._claim(owner, alert, now)


def test_nobody_is_written_to_where_letters_are_switched_off(owner, number):
    owner.business.alerts_after = None
    owner.business.save()
    make_waiting(number)

    assert alerts.write_of_waits() == 0


def test_nobody_is_written_to_outside_of_working_hours(owner, number):
    other_day = (timezone.localtime() - timedelta(days=2)).strftime("%a").lower()
    owner.business.office_hours = {other_day: ["09:00-10:00"]}
    owner.business.save()
    make_waiting(number)

    assert alerts.write_of_waits() == 0


def test_who_is_snoozed_is_not_told_of(number):
    make_waiting(number, snoozed_until=timezone.now() + timedelta(hours=1))

    assert alerts.write_of_waits() == 0


def test_a_letter_that_no_server_takes_is_sent_later(number, monkeypatch):
    make_waiting(number)

    def refuse(*args):
        raise smtplib.SMTPServerDisconnected("away")

    with monkeypatch.context() as patch:
        patch.setattr(letters, "send", refuse)
        assert alerts.write_of_waits() == 0
    assert not MailedAlert.objects.exists()

    assert alerts.write_of_waits() == 1


def test_letters_are_in_the_language_of_whoever_gets_them(owner, number):
    User.objects.filter(pk=owner.pk).update(language="ru")
    make_waiting(number)

    alerts.write_of_waits()

    assert "ждёт ответа" in mail.outbox[0].subject


def test_a_name_of_two_lines_makes_no_header(owner, number):
    owner.business.name = "Shop\r\nBcc: all@example.com"
    owner.business.save()
    make_waiting(number)

    alerts.write_of_waits()

    assert mail.outbox[0].subject.endswith("Shop Bcc: all@example.com")


def test_what_is_in_a_name_is_no_html(number):
    make_waiting(number, name="<b>Anna</b>")

    alerts.write_of_waits()

    assert "<b>Anna" not in mail.outbox[0].alternatives[0][0]
    assert "<b>Anna" in mail.outbox[0].body


@pytest.fixture
def red(number):
    """A number that needs its owner."""
    number.quality_rating = "RED"
    number.save()
    return number


def test_owners_are_told_once_of_what_a_number_needs(owner, red):
    make_colleague(owner)

    assert alerts.write_of_numbers() == 1
    half_an_hour_passes()
    assert alerts.write_of_numbers() == 0

    [letter] = mail.outbox
    assert letter.to == [owner.email]
    assert "Quality is low" in letter.body


def test_what_comes_again_after_it_was_over_is_told_again(red):
    alerts.write_of_numbers()
    MailedAlert.objects.update(mailed_at=timezone.now() - timedelta(hours=7))
    half_an_hour_passes()
    red.quality_rating = "GREEN"
    red.save()
    assert alerts.write_of_numbers() == 0
    red.quality_rating = "RED"
    red.save()

    assert alerts.write_of_numbers() == 1


def test_what_comes_again_soon_is_not_told_again(red):
    alerts.write_of_numbers()
    half_an_hour_passes()
    red.quality_rating = "GREEN"
    red.save()
    alerts.write_of_numbers()
    red.quality_rating = "RED"
    red.save()

    assert alerts.write_of_numbers() == 0


def test_numbers_of_others_are_not_told_of(red):
    stranger = make_owner()

    alerts.write_of_numbers()

    assert stranger.email not in recipients()


def test_an_address_that_is_refused_holds_up_no_other_letter(owner, number, monkeypatch):
    other = make_owner(language="en")
    make_waiting(number)
    make_waiting(make_number(other.business))
    send = letters.send

    def refuse_the_first(person, *args):
        if person == owner:
            raise smtplib.SMTPRecipientsRefused({person.email: (550, b"no such user")})
        send(person, *args)

    monkeypatch.setattr(letters, "send", refuse_the_first)
    alerts.write_of_waits()

    assert [letter.to for letter in mail.outbox] == [[other.email]]
