"""The people of a business."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Deletion, Role, User
from accounts.people.registration import start_plan
from accounts.people.tokens import sign_in
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db

TEAM = "/api/v1/team/"
PASSWORD = "a battery of horses"


@pytest.fixture
def owner():
    return make_owner("Tea house")


@pytest.fixture
def browser(owner, client):
    client.force_login(owner)
    return client


def call(user, path=TEAM, method="get", **data):
    client = Client(headers={"Authorization": f"Token {sign_in(user)}"})
    return getattr(client, method)(path, data, content_type="application/json")


def invite(owner, email="boris@example.com", role="operator", **data):
    return call(owner, method="post", email=email, role=role, **data)


def accept(url, password=PASSWORD):
    """Open the link, choose a password, and return the browser, signed in."""
    browser = Client()
    page = browser.get(url, follow=True)
    form_url = page.redirect_chain[-1][0] if page.redirect_chain else url
    browser.post(form_url, {"new_password1": password, "new_password2": password})
    return browser


def test_inviting_answers_with_a_link_for_handing_over(owner):
    answer = invite(owner, name="Boris")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["email"], body["role"], body["has_joined"]) == ("boris@example.com", "operator", False)
    assert "/invitation/" in body["invitation_url"]
    assert "invitation_url" not in call(owner, f"{TEAM}{body['id']}/").json()


def test_the_link_opens_a_page_to_choose_a_password_and_signs_in(owner):
    browser = accept(invite(owner).json()["invitation_url"])
    boris = User.objects.get(email="boris@example.com")
    assert boris.check_password(PASSWORD)
    assert browser.session["_auth_user_id"] == str(boris.pk)


def test_the_link_works_once(owner):
    url = invite(owner).json()["invitation_url"]
    accept(url)
    accept(url, "somebody elses password")
    assert User.objects.get(email="boris@example.com").check_password(PASSWORD)


def test_a_used_link_does_not_speak_of_a_reset(client, owner):
    url = invite(owner).json()["invitation_url"]
    accept(url)
    page = client.get(url, headers={"accept-language": "ru"}).content.decode()
    assert "Ссылка уже использована" in page
    assert "восстановлен" not in page


def test_the_invitation_is_emailed_in_the_language_of_the_business(
    owner, mailoutbox, django_capture_on_commit_callbacks
):
    owner.business.language = "en"
    owner.business.save()
    with django_capture_on_commit_callbacks(execute=True):
        invite(owner)
    (letter,) = mailoutbox
    assert letter.to == ["boris@example.com"]
    assert "Tea house" in letter.subject and "/invitation/" in letter.body


def test_an_email_registered_anywhere_is_refused(owner):
    make_owner(email="boris@example.com")
    answer = invite(owner, "Boris@Example.com")
    assert (answer.status_code, list(answer.json())) == (400, ["email"])


def test_a_plan_limits_the_people(owner):
    start_plan(owner.business, "trial")
    for _ in range(4):
        make_colleague(owner)
    answer = invite(owner)
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_limit")
    assert not User.objects.filter(email="boris@example.com").exists()


def test_switching_a_person_on_again_counts_for_the_plan(owner):
    left = make_colleague(owner)
    left.is_active = False
    left.save()
    start_plan(owner.business, "trial")
    for _ in range(4):
        make_colleague(owner)
    assert call(owner, f"{TEAM}{left.pk}/", "patch", is_active=True).json()["code"] == "plan_limit"


@pytest.mark.parametrize(("role", "sees"), [(Role.MANAGER, 200), (Role.OPERATOR, 403)])
def test_managers_look_and_operators_do_not(owner, role, sees):
    colleague = make_colleague(owner, role)
    assert call(colleague).status_code == sees
    assert invite(colleague).status_code == 403


def test_a_persons_role_is_changed(owner):
    colleague = make_colleague(owner)
    assert call(owner, f"{TEAM}{colleague.pk}/", "patch", role="manager").json()["role"] == "manager"


def test_an_email_is_not_changed_by_others(owner):
    colleague = make_colleague(owner)
    call(owner, f"{TEAM}{colleague.pk}/", "patch", email="other@example.com")
    assert User.objects.get(pk=colleague.pk).email == colleague.email


@pytest.mark.parametrize("change", [{"role": "manager"}, {"is_active": False}])
def test_the_only_owner_stays_owner(owner, change):
    answer = call(owner, f"{TEAM}{owner.pk}/", "patch", **change)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    owner.refresh_from_db()
    assert owner.is_active and owner.role == Role.OWNER


def test_the_only_owner_is_not_removed(owner):
    assert call(owner, f"{TEAM}{owner.pk}/", "delete").json()["code"] == "last_owner"
    assert User.objects.filter(pk=owner.pk).exists()


def test_an_invited_owner_who_has_not_joined_does_not_count(owner):
    invite(owner, role="owner")
    assert call(owner, f"{TEAM}{owner.pk}/", "delete").json()["code"] == "last_owner"


def test_of_two_owners_one_may_go(owner):
    make_colleague(owner, Role.OWNER)
    assert call(owner, f"{TEAM}{owner.pk}/", "delete").status_code == 204


def test_removing_a_person_leaves_a_receipt(owner):
    colleague = make_colleague(owner)
    assert call(owner, f"{TEAM}{colleague.pk}/", "delete").status_code == 204
    assert Deletion.objects.get().name == colleague.email


def test_the_admin_invites_and_shows_the_link(browser, owner):
    page = browser.post(
        reverse("admin:accounts_user_add"),
        {"email": "boris@example.com", "name": "", "role": "operator", "language": ""},
        follow=True,
    ).content.decode()
    boris = User.objects.get(email="boris@example.com")
    assert boris.business == owner.business and not boris.has_usable_password()
    assert "/invitation/" in page


def test_the_admin_shows_the_link_until_the_person_has_joined(browser, owner):
    boris = User.objects.get(pk=invite(owner).json()["id"])
    url = reverse("admin:accounts_user_change", args=[boris.pk])
    assert "/invitation/" in browser.get(url).content.decode()
    boris.set_password(PASSWORD)
    boris.save()
    assert "/invitation/" not in browser.get(url).content.decode()


def test_a_manager_does_not_see_invitation_links(owner, client):
    boris = invite(owner, role="owner").json()
    client.force_login(make_colleague(owner, Role.MANAGER))
    page = client.get(reverse("admin:accounts_user_change", args=[boris["id"]]))
    assert page.status_code == 200 and "/invitation/" not in page.content.decode()


def test_the_admin_tells_why_the_only_owner_stays(browser, owner):
    url = reverse("admin:accounts_user_change", args=[owner.pk])
    page = browser.post(url, {"name": "Typed name", "role": "manager", "language": "", "is_active": "on"})
    assert page.status_code == 200
    assert page.context["adminform"].form.non_field_errors()
    assert "Typed name" in page.content.decode()
    owner.refresh_from_db()
    assert owner.role == Role.OWNER


@pytest.mark.parametrize("data", [{"action": "delete_selected", "index": "0", "post": "yes"}])
def test_the_admin_tells_why_the_only_owner_is_not_deleted(browser, owner, data):
    page = browser.post(
        reverse("admin:accounts_user_changelist"), {**data, "_selected_action": [owner.pk]}, follow=True
    )
    assert [message.level_tag for message in page.context["messages"]] == ["error"]
    assert User.objects.filter(pk=owner.pk).exists()


def test_an_owner_does_not_make_an_administrator(browser, owner):
    colleague = make_colleague(owner)
    browser.post(
        reverse("admin:accounts_user_change", args=[colleague.pk]),
        {"role": "manager", "is_active": "on", "is_superuser": "on", "business": "", "groups": "1", "email": "x@x.ru"},
    )
    colleague.refresh_from_db()
    assert colleague.role == Role.MANAGER
    assert not colleague.is_superuser and colleague.business == owner.business and not colleague.groups.exists()


def test_a_platform_administrator_has_no_role_to_choose(client):
    administrator = make_administrator()
    client.force_login(administrator)
    url = reverse("admin:accounts_user_change", args=[administrator.pk])
    client.post(url, {"name": "Root", "language": "en", "is_active": "on"})
    administrator.refresh_from_db()
    assert (administrator.name, administrator.role, administrator.is_superuser) == ("Root", "", True)


def test_createsuperuser_makes_a_platform_administrator(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "root@example.com")
    root = User.objects.get(email="root@example.com")
    assert root.is_staff and root.business is None and root.check_password(PASSWORD)


def test_a_platform_administrator_invites_into_a_business_of_their_choice(owner, client):
    client.force_login(make_administrator())
    data = {"email": "boris@example.com", "role": "owner", "language": ""}
    refused = client.post(reverse("admin:accounts_user_add"), data)
    assert "for_business" in refused.context["adminform"].form.errors
    client.post(reverse("admin:accounts_user_add"), {**data, "for_business": owner.business_id})
    assert User.objects.get(email="boris@example.com").business == owner.business
