"""A name in which nothing can be seen is none, wherever a name can be written."""

import pytest

from accounts.models import Business, User
from accounts.names import clean_name
from accounts.testing import make_owner
from bots.engine.effects import SetCustomer
from bots.models import BotSession
from bots.runtime import writing
from bots.testing import make_bot, make_scenario
from broadcasts.testing import make_broadcast
from crm.conversations import recording
from crm.customers.files.file_format import CustomerFile
from crm.customers.files.file_import import import_customers
from crm.customers.merge import merge
from crm.models import Customer, Deal, DealStage, Tag
from crm.testing import make_change, make_conversation, make_customer, make_inbound
from crm.tests.calls import path, post, signed_in
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

UNSEEN = ["\u200b", "\u3164", "\u2800 \u200d", "\ufe0f", "\u00a0\u2060", "\u202e", "\u0301"]
SEEN = ["Анна", "🌸", "👩\u200d🍳", "..", "李", "1", "นา", "ㅤAnnaㅤ"]

each_unseen = pytest.mark.parametrize("unseen", UNSEEN)


@each_unseen
def test_what_nobody_sees_is_no_name(unseen):
    assert clean_name(unseen) == ""


@pytest.mark.parametrize("name", SEEN)
def test_what_somebody_sees_stays_as_it_is(name):
    assert clean_name(f" {name} ") == name


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


@pytest.fixture
def api(owner):
    return signed_in(owner)


@pytest.fixture
def rows(number):
    """Path of the API → a row whose name must be seen."""
    bot = make_bot(number)
    customer = make_customer(number.business)
    stage = DealStage.objects.filter(business=number.business).first()
    deal = Deal.objects.create(
        business=number.business, customer=customer, title="Cake", stage=stage, amount=0, currency="RUB"
    )
    return {
        "whatsapp-numbers": number,
        "bots": bot,
        "bot-scenarios": make_scenario(bot),
        "broadcasts": make_broadcast(number),
        "tags": Tag.objects.create(business=number.business, name="vip"),
        "deal-stages": stage,
        "deals": deal,
    }


@pytest.mark.parametrize(
    "kind", ["whatsapp-numbers", "bots", "bot-scenarios", "broadcasts", "tags", "deal-stages", "deals"]
)
def test_the_api_refuses_it_where_a_name_is_needed(api, rows, kind):
    name = "title" if kind == "deals" else "name"
    before = getattr(rows[kind], name)

    response = api.patch(path(kind, rows[kind].pk), {name: "\u3164"}, format="json")

    rows[kind].refresh_from_db()
    assert (response.status_code, list(response.json())) == (400, [name]), response.content
    assert getattr(rows[kind], name) == before


@pytest.mark.parametrize("kind", ["whatsappnumber", "bot", "botscenario", "broadcast", "tag", "dealstage", "deal"])
def test_the_forms_refuse_it_where_a_name_is_needed(client, owner, rows, kind):
    rows = {row._meta.model_name: row for row in rows.values()}
    name, row = "title" if kind == "deal" else "name", rows[kind]
    client.force_login(owner)

    page = client.post(f"/admin/{row._meta.app_label}/{kind}/{row.pk}/change/", {name: "\u3164"})

    assert page.status_code == 200
    errors = page.context["adminform"].form.errors
    assert errors[name] == ["This field is required."]


@each_unseen
def test_a_customer_is_added_and_changed_without_one(api, unseen):
    pk = post(api, path("customers"), {"phone": "+79161234567", "name": unseen}).json()["id"]
    assert Customer.objects.get().name == ""
    api.patch(path("customers", pk), {"name": "Anna"}, format="json")

    response = api.patch(path("customers", pk), {"name": unseen}, format="json")

    assert response.json()["name"] == Customer.objects.get().name == ""


@each_unseen
def test_the_form_of_a_customer_takes_none(client, owner, unseen):
    client.force_login(owner)

    client.post("/admin/crm/customer/add/", {"name": unseen, "phone": "+79161234567", "attributes": ""})

    assert Customer.objects.get().name == ""


@each_unseen
def test_a_file_and_a_webhook_keep_the_name_that_is_known(number, unseen):
    customer = make_customer(number.business, phone="+79161234567", name="Anna")

    file = CustomerFile(f"phone;name\n89161234567;{unseen}\n", "RU")
    import_customers(number.business, file, apply=True)
    recording.record(number, make_change(make_inbound(profile_name=unseen)))

    customer.refresh_from_db()
    assert customer.name == "Anna"


@each_unseen
def test_a_bot_does_not_take_the_name_away(number, unseen):
    conversation = make_conversation(number, make_customer(number.business, name="Anna"))

    writing._set_customer(BotSession(conversation=conversation), SetCustomer(unseen, {}))

    assert Customer.objects.get().name == "Anna"


@each_unseen
def test_of_two_customers_that_are_merged_the_name_that_is_seen_stays(unseen):
    target = make_customer(phone="+79161234567")
    source = make_customer(target.business, name="Anna")
    Customer.objects.filter(pk=target.pk).update(name=unseen)
    target.refresh_from_db()

    merge(target, source)

    assert Customer.objects.get().name == "Anna"


@each_unseen
def test_a_customer_of_before_is_called_by_the_phone(unseen):
    assert str(Customer(name=unseen, phone="+79161234567")) == "+7 916 123-45-67"


@each_unseen
def test_nobody_registers_a_business_without_a_name(client, unseen):
    people = {"email": "a@example.com", "password": "correct horse", "business_name": unseen, "name": "Anna"}

    by_page = client.post("/register/", people)
    by_api = client.post("/api/v1/auth/register/", people, content_type="application/json")

    assert (by_page.status_code, by_api.status_code) == (200, 400)
    assert list(by_api.json()) == ["business_name"]
    assert not Business.objects.exists()
    assert not User.objects.exists()


def test_a_business_a_person_and_a_token_keep_their_names(client, owner, api):
    client.force_login(owner)
    post(api, path("tokens"), {"name": "\u200b", "role": "manager"})

    renamed = api.patch(path("business"), {"name": "\u200b"}, format="json")
    api.patch(path("team", owner.pk), {"name": "\u200b"}, format="json")

    owner.refresh_from_db()
    assert (renamed.status_code, owner.business.name) == (400, Business.objects.get().name)
    assert owner.name == ""
    assert not owner.auth_token_set.exists()


def test_the_name_of_a_number_that_can_be_seen_is_taken(api, number):
    response = api.patch(path("whatsapp-numbers", number.pk), {"name": "🌸"}, format="json")

    assert response.status_code == 200
    assert WhatsAppNumber.objects.get().name == "🌸"
