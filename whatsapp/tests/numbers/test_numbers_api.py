"""Numbers by API: connected with a check at Meta, changed, switched, counted and deleted."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.testing import make_colleague, make_owner
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

URL = "/api/v1/whatsapp-numbers/"


def client_of(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def entered(**changes):
    return {
        "name": "Shop",
        "phone_number": "8 916 123-45-67",
        "phone_number_id": "1000001",
        "waba_id": "2000001",
        "access_token": "sim-token",
        "app_secret": "the-secret",
    } | changes


@pytest.fixture
def owner():
    return make_owner()


def test_a_number_that_meta_knows_is_connected(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token", name="Tea shop")
    answer = client_of(owner).post(URL, entered(), format="json")
    assert answer.status_code == 201, answer.data
    assert (answer.data["status"], answer.data["verified_name"]) == ("connected", "Tea shop")
    assert answer.data["phone_number"] == "+79161234567"
    assert "access_token" not in answer.data and "app_secret" not in answer.data


def test_a_token_that_meta_refuses_is_a_400_on_that_field_and_saves_nothing(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    answer = client_of(owner).post(URL, entered(access_token="wrong"), format="json")
    assert answer.status_code == 400
    assert list(answer.data) == ["access_token"]
    assert not WhatsAppNumber.objects.exists()


def test_out_of_reach_the_number_is_saved_unchecked(settings, owner):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    answer = client_of(owner).post(URL, entered(), format="json")
    assert (answer.status_code, answer.data["status"]) == (201, "not_checked")


def test_another_phone_at_meta_is_shown_as_a_problem(meta, owner):
    meta.directory.add_number("1000001", "+79990000000", "sim-token")
    answer = client_of(owner).post(URL, entered(), format="json")
    assert (answer.status_code, answer.data["status"]) == (201, "problem")
    assert "+7 999 000-00-00" in answer.data["problem"]


def test_a_phone_number_id_of_another_business_is_refused_without_saying_whose(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    stranger = make_owner("Secret rival")
    client_of(stranger).post(URL, entered(), format="json")
    answer = client_of(owner).post(URL, entered(), format="json")
    assert answer.status_code == 400
    assert list(answer.data) == ["phone_number_id"]
    assert "rival" not in str(answer.data)
    assert WhatsAppNumber.objects.count() == 1


@pytest.mark.parametrize("phone", ["abc", "12", ""])
def test_an_impossible_phone_is_refused(meta, owner, phone):
    answer = client_of(owner).post(URL, entered(phone_number=phone), format="json")
    assert (answer.status_code, list(answer.data)) == (400, ["phone_number"])


def test_an_unknown_field_is_refused(meta, owner):
    answer = client_of(owner).post(URL, entered(colour="red"), format="json")
    assert (answer.status_code, list(answer.data)) == (400, ["colour"])


def test_an_unknown_filter_is_refused(owner):
    answer = client_of(owner).get(URL, {"colour": "red"})
    assert (answer.status_code, list(answer.data)) == (400, ["colour"])


def test_a_new_token_is_checked_before_it_is_saved(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    number = client_of(owner).post(URL, entered(), format="json").data
    answer = client_of(owner).patch(f"{URL}{number['id']}/", {"access_token": "wrong"}, format="json")
    assert answer.status_code == 400
    assert WhatsAppNumber.objects.get().access_token == "sim-token"


def test_a_manager_may_rename_a_number_but_not_change_its_token(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    number = client_of(owner).post(URL, entered(), format="json").data
    client = client_of(make_colleague(owner, Role.MANAGER))
    assert client.patch(f"{URL}{number['id']}/", {"name": "Cafe"}, format="json").status_code == 200
    assert client.patch(f"{URL}{number['id']}/", {"access_token": "x"}, format="json").status_code == 403
    assert client.delete(f"{URL}{number['id']}/").status_code == 403


def test_the_pin_of_a_number_goes_when_it_becomes_another_number(meta, owner):
    number = make_number(owner.business, access_token="sim-token", pin="123456")
    meta.directory.add_number("1000009", number.phone_number, "sim-token")
    client_of(owner).patch(f"{URL}{number.pk}/", {"name": "Tea"}, format="json")
    assert WhatsAppNumber.objects.get().pin == "123456"
    assert (
        client_of(owner).patch(f"{URL}{number.pk}/", {"phone_number_id": "1000009"}, format="json").status_code == 200
    )
    assert WhatsAppNumber.objects.get().pin == ""


def test_an_operator_may_only_look(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    number = client_of(owner).post(URL, entered(), format="json").data
    client = client_of(make_colleague(owner, Role.OPERATOR))
    assert client.get(f"{URL}{number['id']}/").status_code == 200
    assert client.post(f"{URL}{number['id']}/deactivate/").status_code == 403


def test_switching_off_and_on(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    number = client_of(owner).post(URL, entered(), format="json").data
    assert client_of(owner).post(f"{URL}{number['id']}/deactivate/").data["is_active"] is False
    assert client_of(owner).post(f"{URL}{number['id']}/activate/").data["is_active"] is True


def test_the_plan_limits_numbers(meta, owner):
    owner.business.subscription.plan = "trial"
    owner.business.subscription.save()
    for position in range(5):
        WhatsAppNumber.objects.create(
            business=owner.business, name="n", phone_number="+79161234567", phone_number_id=f"9000{position}"
        )
    answer = client_of(owner).post(URL, entered(), format="json")
    assert (answer.status_code, answer.data["code"]) == (409, "plan_limit")


def test_the_preview_counts_and_the_deletion_answers_204(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    number = client_of(owner).post(URL, entered(), format="json").data
    preview = client_of(owner).get(f"{URL}{number['id']}/delete-preview/")
    assert preview.data == {
        "bots": 0,
        "bot_scenarios": 0,
        "conversations": 0,
        "messages": 0,
        "broadcasts": 0,
        "broadcast_messages": 0,
    }
    assert client_of(owner).delete(f"{URL}{number['id']}/").status_code == 204
    assert client_of(owner).get(f"{URL}{number['id']}/").status_code == 404


def test_the_number_of_a_stranger_is_not_there(meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    number = client_of(owner).post(URL, entered(), format="json").data
    client = client_of(make_owner())
    for method, path in [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "activate/"),
        ("get", "delete-preview/"),
    ]:
        assert getattr(client, method)(f"{URL}{number['id']}/{path}").status_code == 404


def test_changing_a_number_leaves_a_pause_of_delivery_alone(owner):
    number = make_number(owner.business)
    pause = timezone.now() + timedelta(hours=1)
    WhatsAppNumber.objects.update(paused_until=pause)
    numbers.update(number, name="Cafe")
    number.refresh_from_db()
    assert (number.name, number.paused_until) == ("Cafe", pause)
