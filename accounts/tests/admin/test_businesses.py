"""A business and its plan."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Business, Role, Subscription
from accounts.people.tokens import sign_in
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db

BUSINESS = "/api/v1/business/"


@pytest.fixture
def owner():
    return make_owner("Tea house")


def call(user, method="get", **data):
    client = Client(headers={"Authorization": f"Token {sign_in(user)}"})
    return getattr(client, method)(BUSINESS, data, content_type="application/json")


def test_the_owner_changes_the_business(owner):
    assert call(owner, "patch", name="Coffee house", time_zone="Asia/Yekaterinburg").status_code == 200
    assert call(owner).json()["name"] == "Coffee house"


@pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, 200), (Role.OPERATOR, 403)])
def test_managers_look_at_it_and_operators_do_not(owner, role, status):
    colleague = make_colleague(owner, role)
    assert call(colleague).status_code == status
    assert call(colleague, "patch", name="Mine").status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Moscow"),
        ("currency", "roubles"),
        ("country", "Russia"),
        ("country", "ZZ"),
        ("country", "ru"),
        ("language", "fr"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_on_its_field(owner, field, value):
    answer = call(owner, "patch", **{field: value})
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_an_owner_does_not_lift_a_suspension(owner):
    Business.objects.update(is_suspended=True)
    call(owner, "patch", is_suspended=False)
    assert Business.objects.get().is_suspended


def test_times_are_in_utc(owner):
    assert call(owner).json()["created_at"].endswith("Z")


def change_page(business):
    return reverse("admin:accounts_business_change", args=[business.pk])


def business_form(**changes):
    return {
        "name": "Tea house",
        "country": "RU",
        "time_zone": "Europe/Moscow",
        "language": "ru",
        "currency": "RUB",
        "bot_returns_after": "12",
        "confirms_opt_out": "on",
        **changes,
    }


def test_the_owner_edits_it_in_the_admin_and_adds_none(owner, client):
    client.force_login(owner)
    client.post(change_page(owner.business), business_form(name="Coffee house", is_suspended="on"))
    business = Business.objects.get()
    assert (business.name, business.is_suspended) == ("Coffee house", False)
    assert client.get(reverse("admin:accounts_business_add")).status_code == 403


def test_the_owner_writes_own_words_one_a_line(owner, client):
    client.force_login(owner)
    words = {"opt_out_words": " не  надо \n\nХватит\nхватит", "opt_in_words": "хочу", "opt_out_text": "Bye"}
    client.post(change_page(owner.business), business_form(**words, bot_returns_after=""))
    business = Business.objects.get()
    assert (business.opt_out_words, business.opt_in_words) == (["не надо", "Хватит"], ["хочу"])
    assert (business.opt_out_text, business.bot_returns_after, business.confirms_opt_out) == ("Bye", None, True)
    html = client.get(change_page(business)).text
    assert "не надо\nХватит</textarea>" in html


def test_a_word_of_both_lists_is_refused_on_the_page(owner, client):
    client.force_login(owner)
    response = client.post(change_page(owner.business), business_form(opt_out_words="да", opt_in_words="ДА"))
    assert "opt_in_words" in response.context["adminform"].errors
    assert Business.objects.get().opt_out_words == []


@pytest.mark.parametrize(("language", "word"), [("ru", "СТАРТ"), ("en", "START")])
def test_the_page_shows_what_is_said_in_the_language_of_the_business(owner, client, language, word):
    Business.objects.update(language=language)
    client.force_login(owner)
    assert word in client.get(change_page(owner.business)).text


def test_an_administrator_suspends_a_business(owner, client):
    client.force_login(make_administrator())
    client.post(change_page(owner.business), business_form(is_suspended="on"))
    assert Business.objects.get().is_suspended


def test_an_administrator_opens_a_business_with_all_it_starts_with(client):
    client.force_login(make_administrator())
    client.post(reverse("admin:accounts_business_add"), business_form())
    business = Business.objects.get()
    assert business.subscription.plan == "unlimited"


def test_the_owner_looks_at_the_plan_and_an_administrator_changes_it(owner, client):
    url = reverse("admin:accounts_subscription_change", args=[owner.business.subscription.pk])
    client.force_login(owner)
    assert client.get(url).status_code == 200
    assert client.post(url, {"plan": "trial"}).status_code == 403
    client.force_login(make_administrator())
    client.post(url, {"plan": "trial", "ends_at_0": "", "ends_at_1": ""})
    assert Subscription.objects.get().plan == "trial"


@pytest.mark.parametrize("named", ["id", "name"])
def test_a_command_sets_the_plan(owner, named, capsys):
    business = owner.business
    call_command("set_plan", {"id": str(business.pk), "name": "Tea house"}[named], "trial", "--until", "2030-01-31")
    subscription = Subscription.objects.get()
    assert (subscription.plan, f"{subscription.ends_at:%Y-%m-%d}") == ("trial", "2030-01-30")  # 21:00 UTC
    told = capsys.readouterr().out
    assert "Tea house" in told and "2030-01-31" in told


def test_the_command_without_an_end_gives_the_plans_own(owner):
    call_command("set_plan", "Tea house", "unlimited")
    assert Subscription.objects.get().ends_at is None


@pytest.mark.parametrize("arguments", [["Coffee house", "trial"], ["Tea house", "gold"], ["Tea house", "trial", "-x"]])
def test_the_command_says_what_it_does_not_know(owner, arguments):
    with pytest.raises(CommandError):
        call_command("set_plan", *arguments)


def test_the_command_says_how_to_write_a_day(owner):
    with pytest.raises(CommandError, match="2026-12-31"):
        call_command("set_plan", "Tea house", "trial", "--until", "31.12.2026")


def test_the_command_asks_for_the_id_when_a_name_is_given_twice(owner):
    make_owner("Tea house")
    with pytest.raises(CommandError, match="id"):
        call_command("set_plan", "Tea house", "trial")
