import pytest
from cryptography.fernet import Fernet
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.testing import make_colleague, make_owner
from bots.editor import allowed_hosts
from bots.models import AllowedHost
from bots.testing import make_bot
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

HOSTS = "/api/v1/allowed-hosts/"
PAGES = "/admin/bots/allowedhost/"


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def program(owner):
    program = APIClient()
    program.force_authenticate(owner)
    return program


def test_a_host_is_allowed_by_api_and_its_secret_is_not_shown_again(program, owner):
    made = program.post(HOSTS, {"host": "API.example.com.", "authorization": "Bearer 1"}, format="json")
    assert made.status_code == 201
    shown = made.json()
    assert (shown["host"], shown["allow_http"], shown["has_authorization"]) == ("api.example.com", False, True)
    assert "Bearer" not in program.get(HOSTS).content.decode()
    assert AllowedHost.objects.get(business=owner.business).authorization == "Bearer 1"
    assert program.delete(f"{HOSTS}{shown['id']}/").status_code == 204


@pytest.mark.parametrize("host", ["https://example.com", "127.0.0.1", "localhost", "a b.com", "", "example.com:22"])
def test_what_is_no_host_is_refused(program, host):
    assert "host" in program.post(HOSTS, {"host": host}, format="json").json()


def test_a_host_is_allowed_once(program):
    assert program.post(HOSTS, {"host": "a.example.com"}, format="json").status_code == 201
    assert program.post(HOSTS, {"host": "A.example.com"}, format="json").status_code == 400


def test_a_secret_that_is_no_header_is_refused(program):
    body = {"host": "a.example.com", "authorization": "Bearer 1\r\nHost: b"}
    assert "authorization" in program.post(HOSTS, body, format="json").json()


CHANGES_OF_ADDRESS = [
    {"host": "evil.example.com"},
    {"allow_http": True},
    {"host": "b.example.com", "authorization": ""},
]


@pytest.fixture
def host(owner):
    return AllowedHost.objects.create(business=owner.business, host="a.example.com", authorization="Bearer 1")


@pytest.mark.parametrize("changes", CHANGES_OF_ADDRESS)
def test_a_secret_goes_when_the_address_changes_by_api(program, host, changes):
    changed = program.patch(f"{HOSTS}{host.pk}/", changes, format="json")
    assert (changed.status_code, changed.json()["has_authorization"]) == (200, False)
    assert AllowedHost.objects.get().authorization == ""


def test_a_secret_goes_when_encryption_is_asked_for_again(program, owner):
    host = AllowedHost.objects.create(
        business=owner.business, host="a.example.com", allow_http=True, authorization="Bearer 1"
    )
    assert not program.patch(f"{HOSTS}{host.pk}/", {"allow_http": False}, format="json").json()["has_authorization"]


@pytest.mark.parametrize("changes", [{}, {"host": "A.example.com."}, {"host": "a.example.com", "allow_http": False}])
def test_a_secret_stays_where_the_address_does(program, host, changes):
    assert program.patch(f"{HOSTS}{host.pk}/", changes, format="json").json()["has_authorization"]
    assert AllowedHost.objects.get().authorization == "Bearer 1"


def test_a_secret_that_is_entered_again_is_kept_for_the_new_address(program, host):
    changes = {"host": "b.example.com", "authorization": "Bearer 2"}
    assert program.patch(f"{HOSTS}{host.pk}/", changes, format="json").json()["has_authorization"]
    assert AllowedHost.objects.get().authorization == "Bearer 2"


def test_a_secret_is_emptied_by_api_where_the_address_stays(program, host):
    assert not program.patch(f"{HOSTS}{host.pk}/", {"authorization": ""}, format="json").json()["has_authorization"]


def test_a_secret_saved_meanwhile_goes_with_the_address_too(owner):
    host = AllowedHost.objects.create(business=owner.business, host="a.example.com")
    AllowedHost.objects.update(authorization="Bearer 1")
    assert allowed_hosts.change(host, host="b.example.com")
    assert AllowedHost.objects.get().authorization == ""


@pytest.mark.parametrize("changes", CHANGES_OF_ADDRESS)
def test_a_manager_moves_no_secret_to_another_address(client, owner, host, changes):
    manager = make_colleague(owner, Role.MANAGER)
    manager.language = "en"
    manager.save()
    client.force_login(manager)
    fields = {"host": host.host, "authorization": "", **{name: value or "" for name, value in changes.items()}}
    page = client.post(f"{PAGES}{host.pk}/change/", fields, follow=True).content.decode()
    assert "the Authorization header was removed" in page
    host = AllowedHost.objects.get()
    assert (host.authorization, host.host) == ("", changes.get("host", "a.example.com"))


def test_a_secret_stays_in_the_admin_where_the_address_does(client, owner, host):
    client.force_login(owner)
    page = client.post(f"{PAGES}{host.pk}/change/", {"host": "A.example.com.", "authorization": ""}, follow=True)
    assert "the Authorization header was removed" not in page.content.decode()
    assert AllowedHost.objects.get().authorization == "Bearer 1"


def test_a_secret_is_entered_again_for_a_new_address_in_the_admin(client, owner, host):
    client.force_login(owner)
    client.post(f"{PAGES}{host.pk}/change/", {"host": "b.example.com", "authorization": "Bearer 2"})
    host = AllowedHost.objects.get()
    assert (host.host, host.authorization) == ("b.example.com", "Bearer 2")


def test_a_host_whose_secret_cannot_be_read_is_still_changed(program, settings):
    made = program.post(HOSTS, {"host": "a.example.com", "authorization": "Bearer 1"}, format="json").json()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    changed = program.patch(f"{HOSTS}{made['id']}/", {"allow_http": True}, format="json").json()
    assert (changed["allow_http"], changed["has_authorization"]) == (True, False)


def test_an_operator_allows_nothing(owner):
    operator = APIClient()
    operator.force_authenticate(make_colleague(owner, Role.OPERATOR))
    assert operator.post(HOSTS, {"host": "a.example.com"}, format="json").status_code == 403


def test_a_host_is_allowed_in_the_admin_and_its_secret_kept_when_left_empty(client, owner):
    client.force_login(owner)
    fields = {"host": "Api.example.com", "authorization": "Bearer 1"}
    assert client.post(f"{PAGES}add/", fields).status_code == 302
    host = AllowedHost.objects.get()
    page = client.get(f"{PAGES}{host.pk}/change/").content.decode()
    assert "Leave this empty to keep it" in page and "Bearer 1" not in page
    client.post(f"{PAGES}{host.pk}/change/", {"host": "api.example.com", "authorization": ""})
    host = AllowedHost.objects.get()
    assert (host.host, host.allow_http, host.authorization) == ("api.example.com", False, "Bearer 1")


def test_a_manager_allows_hosts_too(client, owner):
    client.force_login(make_colleague(owner, Role.MANAGER))
    assert client.post(f"{PAGES}add/", {"host": "a.example.com"}).status_code == 302


def test_the_secret_lies_encrypted_in_the_database(program):
    program.post(HOSTS, {"host": "a.example.com", "authorization": "Bearer 1"}, format="json")
    with connection.cursor() as cursor:
        cursor.execute('SELECT "authorization" FROM allowed_hosts')
        assert "Bearer" not in cursor.fetchone()[0]


# Office hours


def test_office_hours_are_set_by_api(program, owner):
    bot = make_bot(make_number(owner.business))
    address = f"/api/v1/bots/{bot.pk}/"
    assert program.patch(address, {"office_hours": {"mon": ["9-18"]}}, format="json").json()["office_hours"] == {
        "mon": ["09:00-18:00"]
    }
    assert "office_hours" in program.patch(address, {"office_hours": {"mon": ["x"]}}, format="json").json()


def test_office_hours_are_set_in_the_admin(client, owner):
    client.force_login(owner)
    bot = make_bot(make_number(owner.business))
    address = f"/admin/bots/bot/{bot.pk}/change/"
    fields = {"whatsapp_number": bot.whatsapp_number_id, "name": "Bot", "priority": 1, "is_active": "on"}
    answer = client.post(address, {**fields, "hours_mon": "9-13, 14:00-18:00", "hours_tue": ""})
    assert answer.status_code == 302
    bot.refresh_from_db()
    assert bot.office_hours == {"mon": ["09:00-13:00", "14:00-18:00"]}
    assert 'value="09:00-13:00, 14:00-18:00"' in client.get(address).content.decode()
    assert "Write hours like" in client.post(address, {**fields, "hours_mon": "late"}).content.decode()


def test_a_host_that_was_changed_meanwhile_keeps_its_secret(program, host):
    seen = program.get(f"{HOSTS}{host.pk}/").json()["revision"]
    AllowedHost.objects.get().save(update_fields=["allow_http"])
    body = {"host": "other.example.com", "revision": seen}
    refused = program.patch(f"{HOSTS}{host.pk}/", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert AllowedHost.objects.get().has_authorization == host.has_authorization
    assert "authorization" not in refused.json()["current"]
