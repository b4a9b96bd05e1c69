"""The letter that invites, and the link in it."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from accounts.people import invitations, team
from accounts.refusals import Refusal
from accounts.testing import make_colleague, make_owner

pytestmark = pytest.mark.django_db

PASSWORD = "a battery of horses"


@pytest.fixture
def owner():
    return make_owner("Tea house")


@pytest.fixture
def invite(owner, django_capture_on_commit_callbacks):
    def invite(email="boris@example.com", **fields):
        person = User(email=email, business=owner.business, **{"role": Role.OPERATOR, **fields})
        with django_capture_on_commit_callbacks(execute=True):
            team.invite(person)
        return person

    return invite


def choose_password(url, password=PASSWORD):
    """Open a link and choose a password, as a browser does. Returns the browser and the last page."""
    browser = Client()
    page = browser.get(url, follow=True)
    address = page.redirect_chain[-1][0] if page.redirect_chain else url
    return browser, browser.post(address, {"new_password1": password, "new_password2": password})


def has_password(person):
    return User.objects.get(pk=person.pk).has_usable_password()


def test_an_invited_person_has_no_password_yet(invite):
    assert not has_password(invite())


@pytest.mark.parametrize(("seconds", "is_good"), [(-60, True), (60, False)])
def test_the_link_works_as_long_as_that_of_a_password_reset(invite, settings, seconds, is_good):
    now = timezone.now()
    with time_machine.travel(now):
        person = invite()
        url = invitations.invitation_url(person)
    with time_machine.travel(now + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + seconds)):
        choose_password(url)
    assert has_password(person) is is_good


def test_one_persons_token_does_not_open_anothers_invitation(invite):
    anna, boris = invite("anna@example.com"), invite("boris@example.com")
    token = invitations.invitation_url(anna).rstrip("/").rpartition("/")[2]
    uid = invitations.invitation_url(boris).rstrip("/").split("/")[-2]
    choose_password(reverse("invitation", args=[uid, token]))
    assert not has_password(boris)


@pytest.mark.parametrize("link", ["MTIz/aaa-bbb", "nonsense!/aaa-bbb", "MTIz/choose-password"])
def test_a_made_up_link_is_a_page_that_says_so(client, link):
    page = client.get(f"/invitation/{link}/", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "has already been used or has expired" in page.content.decode()


def test_a_weak_password_is_refused_and_the_link_stays_good(invite):
    person = invite()
    url = invitations.invitation_url(person)
    _browser, page = choose_password(url, "short")
    assert page.status_code == 200 and not has_password(person)
    choose_password(url)
    assert has_password(person)


def test_somebody_switched_off_is_not_let_in_by_the_link(owner, invite):
    person = invite()
    url = invitations.invitation_url(person)
    person.is_active = False
    team.change(person)
    browser, _page = choose_password(url)
    assert browser.get(reverse("admin:index")).status_code == 302


def test_what_a_switched_off_person_got_by_the_link_is_dead_when_they_are_switched_on(owner, invite):
    person = invite()
    url = invitations.invitation_url(person)
    person.is_active = False
    team.change(person)
    browser, _page = choose_password(url)
    person = User.objects.get(pk=person.pk)
    person.is_active = True
    team.change(person)
    assert browser.get(reverse("admin:index")).status_code == 302


def test_the_address_of_the_password_page_does_not_hold_the_token(invite):
    url = invitations.invitation_url(invite())
    page = Client().get(url, follow=True)
    assert url.rstrip("/").rpartition("/")[2] not in page.redirect_chain[-1][0]


def test_the_page_says_into_which_business_and_as_whom(invite):
    page = Client().get(invitations.invitation_url(invite()), follow=True, headers={"accept-language": "en"})
    text = page.content.decode()
    assert "Tea house" in text and "boris@example.com" in text


def test_the_name_of_a_business_is_no_html_on_the_page(owner, invite):
    owner.business.name = "<script>alert(1)</script>"
    owner.business.save()
    page = Client().get(invitations.invitation_url(invite()), follow=True)
    assert "<script>alert(1)" not in page.content.decode()


def test_the_letter_speaks_the_persons_own_language(owner, invite, mailoutbox):
    owner.business.language = "ru"
    owner.business.save()
    invite(language="en")
    assert mailoutbox[0].subject == "Join Tea house"


def test_the_letter_leaves_the_language_of_the_thread_alone(owner, invite, mailoutbox):
    invite(language="en")
    invite("clara@example.com", language="ru")
    assert [letter.subject for letter in mailoutbox] == ["Join Tea house", "Приглашение в «Tea house»"]


def test_the_letter_is_plain_text_without_html_escapes(owner, invite, mailoutbox):
    owner.business.name = "Tea & Sons"
    owner.business.save()
    invite(language="en")
    assert "“Tea & Sons”" in mailoutbox[0].body


def test_a_name_with_line_breaks_adds_no_header_to_the_letter(owner, invite, mailoutbox):
    owner.business.name = "Tea\r\nBcc: everybody@example.com"
    owner.business.save()
    invite(language="en")
    (letter,) = mailoutbox
    assert letter.subject == "Join Tea Bcc: everybody@example.com"
    assert letter.message()["Bcc"] is None and letter.recipients() == ["boris@example.com"]


def test_the_link_leads_to_the_public_address_whatever_host_was_asked(owner, settings):
    settings.PUBLIC_URL = "https://chat.example.com"
    settings.ALLOWED_HOSTS = ["evil.example.net"]
    client = Client(headers={"host": "evil.example.net"})
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    answer = client.post(
        "/api/v1/team/", {"email": "boris@example.com", "role": "operator"}, content_type="application/json"
    )
    assert urlsplit(answer.json()["invitation_url"]).netloc == "chat.example.com"


def test_nothing_is_sent_before_the_person_is_committed(owner, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        team.invite(User(email="boris@example.com", business=owner.business, role=Role.OPERATOR))
    assert len(waiting) == 1 and not mailoutbox


@pytest.mark.parametrize("fields", [{"email": "no address"}, {"email": ""}, {"role": "boss"}, {"role": ""}])
def test_an_invitation_that_is_refused_stores_and_sends_nothing(invite, mailoutbox, fields):
    with pytest.raises(ValidationError):
        invite(**fields)
    assert User.objects.count() == 1 and not mailoutbox


def test_where_the_plan_is_full_nobody_is_stored_and_nothing_is_sent(owner, invite, mailoutbox):
    owner.business.subscription.plan = "trial"
    owner.business.subscription.save()
    for _ in range(4):
        make_colleague(owner)
    with pytest.raises(Refusal, match="5"):
        invite()
    assert not User.objects.filter(email="boris@example.com").exists() and not mailoutbox


def test_people_who_are_switched_off_leave_room_in_the_plan(owner, invite):
    owner.business.subscription.plan = "trial"
    owner.business.subscription.save()
    for _ in range(4):
        colleague = make_colleague(owner)
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    assert invite().pk


def test_the_people_of_another_business_take_no_room(owner, invite):
    owner.business.subscription.plan = "trial"
    owner.business.subscription.save()
    stranger = make_owner()
    for _ in range(5):
        make_colleague(stranger)
    assert invite().pk
