"""Whom an audience means, and which are refused."""

import pytest
from django.core.exceptions import ValidationError

from accounts.testing import make_business
from broadcasts import audience
from crm.customers import customers
from crm.models import Tag
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

#: Name → tags.
SHOP = {"Anna": ["vip", "tea"], "Boris": ["vip"], "Vera": ["tea"], "Gleb": ["tea", "staff"], "Dina": []}


@pytest.fixture
def people():
    """The shop's customers by name, beside a stranger's with the same tags."""
    shop, stranger = make_business(), make_business()
    for name, tags in SHOP.items():
        customers.add_tags(make_customer(stranger, name=f"foreign {name}"), tags)
    found = {name: make_customer(shop, name=name) for name in SHOP}
    for name, tags in SHOP.items():
        customers.add_tags(found[name], tags)
    return found


@pytest.fixture
def shop(people):
    return people["Anna"].business


def names(shop, document):
    return sorted(audience.people(shop, document).values_list("name", flat=True))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"tags_any": ["vip"]}, ["Anna", "Boris"]),
        ({"tags_any": ["vip", "tea"]}, ["Anna", "Boris", "Gleb", "Vera"]),
        ({"tags_any": [" vip "]}, ["Anna", "Boris"]),
        ({"tags_any": ["Vip", "VIP"]}, ["Anna", "Boris"]),
        ({"everyone": True, "tags_all": ["TEA"], "tags_none": ["Staff"]}, ["Anna", "Vera"]),
        ({"tags_any": ["vip", "tea"], "tags_all": ["tea"]}, ["Anna", "Gleb", "Vera"]),
        ({"tags_any": ["tea"], "tags_all": ["tea", "vip"]}, ["Anna"]),
        ({"tags_any": ["tea"], "tags_none": ["staff"]}, ["Anna", "Vera"]),
        ({"tags_any": ["tea"], "tags_none": ["staff", "vip"]}, ["Vera"]),
        ({"tags_any": ["tea"], "tags_none": ["tea"]}, []),
        ({"customers": ["Dina"]}, ["Dina"]),
        ({"customers": ["Dina", "Dina"]}, ["Dina"]),
        ({"customers": ["Dina"], "tags_any": ["vip"]}, ["Anna", "Boris", "Dina"]),
        ({"customers": ["Dina", "Gleb"], "tags_all": ["tea"]}, ["Gleb"]),
        ({"customers": ["Dina", "Gleb"], "tags_none": ["staff"]}, ["Dina"]),
        ({"everyone": True}, ["Anna", "Boris", "Dina", "Gleb", "Vera"]),
        ({"everyone": True, "tags_all": ["tea"]}, ["Anna", "Gleb", "Vera"]),
        ({"everyone": True, "tags_none": ["tea"]}, ["Boris", "Dina"]),
        ({"everyone": True, "tags_any": [], "customers": []}, ["Anna", "Boris", "Dina", "Gleb", "Vera"]),
        ({"everyone": False, "tags_any": ["vip"]}, ["Anna", "Boris"]),
    ],
)
def test_an_audience_means(shop, people, document, expected):
    assert names(shop, with_ids(document, people)) == expected


def with_ids(document, people):
    if "customers" in document:
        return {**document, "customers": [people[name].pk for name in document["customers"]]}
    return document


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, None),
        ({"tags_any": [], "tags_all": [], "tags_none": [], "customers": []}, None),
        ({"everyone": False}, None),
        ({"tags_none": ["staff"]}, None),
        ({"tags_all": ["tea"]}, None),
        ({"tags_all": ["tea"], "tags_none": ["staff"]}, None),
        ([], None),
        ("everyone", None),
        (None, None),
        ({"tags": ["vip"]}, "tags"),
        ({"everyone": 1}, "everyone"),
        ({"everyone": "true"}, "everyone"),
        ({"everyone": None}, "everyone"),
        ({"everyone": True, "tags_any": ["vip"]}, "tags_any"),
        ({"tags_any": "vip"}, "tags_any"),
        ({"tags_any": [1]}, "tags_any"),
        ({"tags_any": ["vip"], "tags_none": None}, "tags_none"),
        ({"tags_any": ["nobody"]}, "tags_any"),
        ({"tags_any": ["vip!"]}, "tags_any"),
        ({"tags_any": ["\u200b"]}, "tags_any"),
        ({"tags_any": [""]}, "tags_any"),
        ({"tags_any": ["x" * 51]}, "tags_any"),
        ({"tags_any": ["vip"] * 101}, "tags_any"),
        ({"tags_any": ["vip"], "tags_none": ["stuff"]}, "tags_none"),
        ({"customers": [999999]}, "customers"),
        ({"customers": [True]}, "customers"),
        ({"customers": ["1"]}, "customers"),
        ({"customers": [10**30]}, "customers"),
        ({"customers": list(range(10_001))}, "customers"),
    ],
)
def test_an_audience_is_refused_at_its_place(shop, document, place):
    for ask in (audience.clean, audience.people):
        with pytest.raises(ValidationError) as refused:
            ask(shop, document)
        assert list(getattr(refused.value, "error_dict", {None: 0})) == [place]


def test_everybody_and_somebody_contradict_each_other(shop, people):
    with pytest.raises(ValidationError, match="customers"):
        audience.clean(shop, {"everyone": True, "customers": [people["Dina"].pk]})


def test_a_customer_of_another_business_is_refused_like_one_that_is_not_there(shop):
    with pytest.raises(ValidationError, match="customers"):
        audience.clean(shop, {"customers": [make_customer().pk]})


def test_a_tag_of_another_business_is_no_tag(shop):
    Tag.objects.create(business=make_business(), name="secret")
    with pytest.raises(ValidationError, match="tags_any"):
        audience.clean(shop, {"tags_any": ["secret"]})


@pytest.mark.parametrize("key", ["tags_any", "tags_all", "tags_none"])
def test_a_tag_deleted_since_is_refused_and_does_not_widen_the_audience(shop, people, key):
    document = audience.clean(shop, {"tags_any": ["vip"], key: ["tea"]})
    Tag.objects.for_business(shop).filter(name="tea").delete()

    with pytest.raises(ValidationError, match=key):
        audience.people(shop, document)


def test_a_document_is_kept_as_it_was_given(shop):
    document = {"tags_any": ["vip"], "tags_all": [], "tags_none": ["staff"], "customers": []}
    assert audience.clean(shop, document) == document


def test_a_tag_is_stored_as_the_crm_names_it(shop):
    assert audience.clean(shop, {"tags_any": ["VIP", "vip"], "tags_none": [" Staff"]}) == {
        "tags_any": ["vip"],
        "tags_none": ["staff"],
    }


def test_a_tag_that_got_another_case_since_is_still_meant(shop, people):
    document = audience.clean(shop, {"tags_any": ["vip"]})
    tag = Tag.objects.get(business=shop, name="vip")
    tag.name = "VIP"
    tag.save()
    assert names(shop, document) == ["Anna", "Boris"]


def test_of_a_tag_that_stands_there_twice_the_customers_of_both_are_meant(shop, people):
    """As the version before may have left it."""
    (twin,) = Tag.objects.bulk_create([Tag(business=shop, name="VIP")])
    twin.customers.add(people["Dina"])
    assert names(shop, {"tags_any": ["vip"]}) == ["Anna", "Boris", "Dina"]
    assert names(shop, {"everyone": True, "tags_none": ["vip"]}) == ["Gleb", "Vera"]
