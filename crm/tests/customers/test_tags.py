"""Tags are one whatever their case, and nothing else that can be seen is taken for the same."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Business, Role, User
from accounts.testing import make_business, make_colleague
from crm.customers import customers
from crm.customers.tags import BATCH, clean_tag_names, find_tags, get_or_create_tags, merge_same_tags
from crm.models import Customer, Tag
from crm.normalization import fold_tag
from crm.testing import make_customer
from crm.tests.calls import path, post

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/tag/"


@pytest.fixture
def business() -> Business:
    return make_business()


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client


def names_of(customer: Customer) -> list[str]:
    return sorted(customer.tags.values_list("name", flat=True))


def old_tag(business: Business, name: str, *holders: Customer) -> Tag:
    """A tag as the version before writes it."""
    (tag,) = Tag.objects.bulk_create([Tag(business=business, name=name)])
    tag.customers.add(*holders)
    return tag


@pytest.mark.parametrize(
    "written",
    [
        "VIP",
        "Vip",
        " vip ",
        "vip\u00a0",
        "\ufeffvip",
        "v\u200bip",
        "vi\u00adp",
        "\u2060vip\u200e",
        "vip\ufe0f",
        "\u3164vip",
        "vip\u200d",
    ],
)
def test_a_tag_is_one_whatever_its_case_and_the_invisible(business: Business, written: str) -> None:
    first, second = make_customer(business), make_customer(business)
    customers.add_tags(first, ["vip"])

    customers.add_tags(second, [written])

    assert names_of(second) == ["vip"]
    assert Tag.objects.count() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("СТАЛ КЛИЕНТОМ", "стал  клиентом"),
        ("Straße", "STRASSE"),
        ("é", "E\u0301"),
        ("❤", "❤\ufe0f"),
        ("ПОСТОЯННЫЙ\nклиент", "постоянный клиент"),
    ],
)
def test_names_that_are_one(one: str, other: str) -> None:
    assert fold_tag(one) == fold_tag(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("vip", "vip!"),
        ("vip", "«vip»"),
        ("vip", "#vip"),
        ("vip", "vip ⭐"),
        ("⭐", "🌟"),
        ("все", "всё"),
        ("осел", "осёл"),
        ("1", "1\ufe0f\u20e3"),
        ("1", "١"),
        ("👨\u200d👩", "👨👩"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴"),
        ("👍", "👍🏽"),
        ("BИП", "ВИП"),
        ("new client", "newclient"),
        ("wi-fi", "wifi"),
        ("резюме", "резюмé"),
        ("C", "C++"),
    ],
)
def test_names_that_differ_to_the_eye_are_two(business: Business, one: str, other: str) -> None:
    customer = make_customer(business)
    customers.add_tags(customer, [one, other])
    assert names_of(customer) == sorted([one, other])


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\u3164", "\u2800 \ufeff", "\u00ad", "\u200d", "\n"])
def test_a_name_in_which_nothing_is_to_be_seen_is_refused(business: Business, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        customers.add_tags(make_customer(business), [name])
    assert refused.value.code == "invalid_tag"
    assert not Tag.objects.exists()


def test_the_spelling_that_was_written_first_stays(business: Business) -> None:
    assert clean_tag_names([" Vip", "VIP", "new", "vip"]) == ["Vip", "new"]
    get_or_create_tags(business.pk, ["Vip"])
    assert [tag.name for tag in get_or_create_tags(business.pk, ["VIP", "vip"])] == ["Vip"]


def test_tags_are_taken_away_and_replaced_whatever_their_case(business: Business) -> None:
    customer = make_customer(business)
    customers.add_tags(customer, ["VIP", "new", "old"])
    customers.remove_tags(customer, ["vip", "NEW "])
    assert names_of(customer) == ["old"]
    customers.set_tags(customer, ["Vip", "OLD"])
    assert names_of(customer) == ["VIP", "old"]


def test_tags_of_two_businesses_are_two_whatever_their_case(business: Business) -> None:
    other = make_business()
    (ours,) = get_or_create_tags(business.pk, ["VIP"])
    (theirs,) = get_or_create_tags(other.pk, ["vip"])
    assert ours != theirs
    assert find_tags(business.pk, ["vip"]) == [ours]


# In the API


def test_the_api_finds_and_takes_tags_whatever_their_case(api: Any, owner: User) -> None:
    post(api, path("customers"), {"phone": "+79161234567", "tags": ["ВИП", "вип"]})
    made = post(api, path("customers"), {"phone": "+79161234568", "tags": ["Вип "]}).json()
    assert made["tags"] == ["ВИП"]
    assert api.get(path("customers"), {"tag": " вип"}).json()["count"] == 2
    assert api.get(path("customers"), {"tag": "вип!"}).json()["count"] == 0
    (tag,) = api.get(path("tags"), {"name": "вИп"}).json()["results"]
    assert tag["name"] == "ВИП"


def test_the_api_refuses_a_tag_that_there_is_and_one_that_cannot_be_seen(api: Any, owner: User) -> None:
    assert post(api, path("tags"), {"name": "VIP"}).status_code == 201
    for name in ("vip", "Vip ", "\u200b"):
        answer = post(api, path("tags"), {"name": name})
        assert (answer.status_code, list(answer.json())) == (400, ["name"]), name
    assert [tag.name for tag in Tag.objects.all()] == ["VIP"]


def test_the_api_writes_a_tag_in_another_case_of_itself(api: Any, owner: User) -> None:
    pk = post(api, path("tags"), {"name": "vip"}).json()["id"]
    answer = api.patch(path("tags", pk), {"name": "VIP"}, format="json")
    assert (answer.status_code, Tag.objects.get().name) == (200, "VIP")
    assert find_tags(owner.business_id, ["vip"])


# In the admin


def test_a_tag_is_written_in_another_case_of_itself(page: Client, owner: User) -> None:
    (tag,) = get_or_create_tags(owner.business_id, ["вип"])
    page.post(f"{LIST}{tag.pk}/change/", {"name": "ВИП"})
    tag.refresh_from_db()
    assert (tag.name, tag.folded_name) == ("ВИП", "вип")


@pytest.mark.parametrize("name", ["НОВЫЙ", "\u200b"])
def test_a_tag_is_not_given_the_name_of_another_or_none_that_can_be_seen(page: Client, owner: User, name: str) -> None:
    tag, _other = (get_or_create_tags(owner.business_id, [name])[0] for name in ("вип", "Новый"))
    answer = page.post(f"{LIST}{tag.pk}/change/", {"name": name})
    assert answer.status_code == 200 and answer.context["adminform"].form.errors["name"]
    tag.refresh_from_db()
    assert tag.name == "вип"


def test_a_tag_is_added_once(page: Client, owner: User) -> None:
    page.post(f"{LIST}add/", {"name": " Vip"})
    answer = page.post(f"{LIST}add/", {"name": "VIP"})
    assert "“Vip”" in answer.content.decode()
    assert [tag.name for tag in Tag.objects.all()] == ["Vip"]


def test_the_list_of_tags_is_searched_whatever_the_case(page: Client, owner: User) -> None:
    get_or_create_tags(owner.business_id, ["Постоянный клиент", "Новый"])
    found = page.get(LIST, {"q": "ПОСТОЯН"}).context["cl"].result_list
    assert [tag.name for tag in found] == ["Постоянный клиент"]


# Rows of the version before


def test_of_tags_that_are_one_the_one_in_use_stays_with_the_customers_of_all(business: Business) -> None:
    anna, boris, vera = (make_customer(business) for _serial in range(3))
    old_tag(business, "vip", anna)
    old_tag(business, "VIP", anna, boris)
    old_tag(business, "Vip ", vera)
    old_tag(business, "tea", vera)

    merge_same_tags(business.pk)

    assert {(tag.name, tag.folded_name) for tag in Tag.objects.all()} == {("VIP", "vip"), ("tea", "tea")}
    assert [names_of(one) for one in (anna, boris, vera)] == [["VIP"], ["VIP"], ["VIP", "tea"]]


def test_of_those_that_are_used_as_often_the_oldest_stays(business: Business) -> None:
    oldest = old_tag(business, "vip")
    old_tag(business, "VIP")
    merge_same_tags(business.pk)
    assert Tag.objects.get() == oldest


def test_names_that_were_never_possible_stay_as_they_are(business: Business) -> None:
    for name in ("\u200b", "\u3164", "", "ß" * 50):
        old_tag(business, name)
    merge_same_tags(business.pk)
    assert Tag.objects.filter(folded_name__isnull=False).count() == 4


def test_merging_again_changes_nothing(business: Business) -> None:
    old_tag(business, "vip", make_customer(business))
    old_tag(business, "VIP")
    merge_same_tags(business.pk)
    before = list(Tag.objects.values())
    merge_same_tags(business.pk)
    assert list(Tag.objects.values()) == before


def test_the_migration_merges_the_tags_of_each_business_by_itself(business: Business) -> None:
    other = make_business()
    for owner in (business, other):
        for name in ("vip", "VIP"):
            old_tag(owner, name)
    old_tag(business, "всё")
    old_tag(business, "все")

    import_module("crm.migrations.0015_merge_tags_that_differ_by_case").merge_tags(apps, None)

    assert sorted(Tag.objects.filter(business=business).values_list("name", flat=True)) == ["vip", "все", "всё"]
    assert [tag.name for tag in Tag.objects.filter(business=other)] == ["vip"]


def test_very_many_are_brought_in_line_in_parts(business: Business) -> None:
    Tag.objects.bulk_create(Tag(business=business, name=f"Tag {serial}") for serial in range(25))
    merge_same_tags(business.pk, batch=10)
    assert Tag.objects.filter(folded_name__startswith="tag ").count() == 25 < BATCH


def test_a_tag_that_an_earlier_version_wrote_meanwhile_is_found_and_brought_in_line(business: Business) -> None:
    (tag,) = get_or_create_tags(business.pk, ["VIP"])
    tag.customers.add(make_customer(business), make_customer(business))
    customer = make_customer(business)
    late = old_tag(business, "vip", customer)

    assert find_tags(business.pk, ["Vip"]) == [tag, late]
    customers.add_tags(customer, ["vip"])

    assert Tag.objects.get() == tag
    assert names_of(customer) == ["VIP"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.OPERATOR])
def test_every_role_tags_customers_whatever_the_case(api: Any, owner: User, role: Role) -> None:
    get_or_create_tags(owner.business_id, ["VIP"])
    customer = make_customer(owner.business)
    api.force_authenticate(make_colleague(owner, role))
    answer = api.patch(path("customers", customer.pk), {"tags": ["vip"]}, format="json")
    assert (answer.status_code, answer.json()["tags"]) == (200, ["VIP"])


@pytest.mark.parametrize(
    ("change", "names", "counted"),
    [
        (customers.add_tags, ["VIP"], 0),
        (customers.add_tags, ["vip", "new"], 1),
        (customers.remove_tags, ["gone"], 0),
        (customers.remove_tags, ["VIP"], 1),
        (customers.set_tags, ["VIP"], 0),
        (customers.set_tags, [], 1),
    ],
)
def test_only_what_changes_the_tags_of_a_customer_is_an_edit(
    change: Callable[[Customer, list[str]], None], names: list[str], counted: int
) -> None:
    customer = make_customer(make_business())
    customers.add_tags(customer, ["vip"])
    before = Customer.objects.get().revision

    change(Customer.objects.get(), names)

    assert Customer.objects.get().revision == before + counted
