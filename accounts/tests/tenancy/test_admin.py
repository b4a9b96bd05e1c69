"""What every admin class inherits."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from accounts.tenancy.admin import TenantModelAdmin, TenantTabularInline
from accounts.testing import make_administrator, make_owner
from crm.models import Conversation, Customer, DealStage, Tag
from crm.testing import make_conversation, make_customer

pytestmark = pytest.mark.django_db


def problems(model, **attributes):
    admin_class = type("SomeAdmin", (TenantModelAdmin,), attributes)
    return [error.id for error in admin_class(model, admin.site).check()]


def test_raw_ids_are_refused():
    assert problems(Conversation, raw_id_fields=["customer"]) == ["accounts.E001"]
    inline = type("Inline", (TenantTabularInline,), {"model": Conversation, "raw_id_fields": ["whatsapp_number"]})
    assert "accounts.E001" in problems(Customer, inlines=[inline])


@pytest.mark.parametrize(
    "item", ["name", "customer__name", ("whatsapp_number", admin.RelatedFieldListFilter), "search_text"]
)
def test_a_filter_that_would_list_values_of_others_is_refused(item):
    model = Conversation if "name" != item != "search_text" else Customer
    assert problems(model, list_filter=[item]) == ["accounts.E002"]


@pytest.mark.parametrize("item", ["status", "whatsapp_number", "customer__tags", "bot_paused", "created_at"])
def test_a_filter_by_a_relation_a_choice_yes_or_no_or_a_time_is_fine(item):
    assert problems(Conversation, list_filter=[item]) == []


def test_searching_by_patterns_is_refused():
    assert problems(Customer, search_fields=["name__iregex"]) == ["accounts.E003"]


class ConversationAdmin(TenantModelAdmin):
    list_filter = ["status", "whatsapp_number", "customer__tags"]
    date_hierarchy = "created_at"
    extra_lookups = frozenset({"customer__id__exact"})


@pytest.mark.parametrize(
    ("lookup", "allowed"),
    [
        ("status__exact", True),
        ("status__in", True),
        ("status", True),
        ("whatsapp_number__id__exact", True),
        ("customer__tags__id__exact", True),
        ("customer__id__exact", True),
        ("created_at__year", True),
        ("created_at__gte", True),
        ("status__startswith", False),
        ("status__regex", False),
        ("unread__gt", False),
        ("customer__name__startswith", False),
        ("whatsapp_number__access_token__startswith", False),
        ("whatsapp_number__name", False),
        ("business__id__exact", False),
        ("assignee__password__startswith", False),
    ],
)
def test_only_filters_of_the_list_may_be_asked_for(lookup, allowed, rf):
    request = rf.get("/")
    request.user = make_owner()
    assert ConversationAdmin(Conversation, admin.site).lookup_allowed(lookup, "x", request) is allowed


def test_a_nested_filter_offers_own_rows_alone(rf):
    owner = make_owner()
    Tag.objects.create(business=owner.business, name="own")
    Tag.objects.create(business=make_owner().business, name="foreign")
    request = rf.get("/")
    request.user = owner
    changelist = ConversationAdmin(Conversation, admin.site).get_changelist_instance(request)
    make_conversation()
    offered = [name for spec in changelist.filter_specs for name in map(str, getattr(spec, "lookup_choices", []))]
    assert not any("foreign" in name for name in offered)


def bound_form(model, user, rf, data, obj=None, **attributes):
    request = rf.post("/")
    request.user = user
    model_admin = type("SomeAdmin", (TenantModelAdmin,), attributes)(model, admin.site)
    return model_admin.get_form(request, obj, change=obj is not None)(data, instance=obj)


def test_an_administrator_chooses_the_business_of_a_row_that_hangs_on_nothing(rf):
    business = make_owner().business
    form = bound_form(Tag, make_administrator(), rf, {"name": "vip", "for_business": business.pk}, fields=["name"])
    assert form.is_valid(), form.errors
    assert form.save().business == business


def test_an_administrator_is_told_to_choose_one(rf):
    form = bound_form(Tag, make_administrator(), rf, {"name": "vip"}, fields=["name"])
    assert list(form.errors) == ["for_business"]


def test_an_owner_is_not_asked(rf):
    owner = make_owner()
    form = bound_form(Tag, owner, rf, {"name": "vip"}, fields=["name"])
    assert list(form.fields) == ["name"] and form.is_valid()
    assert form.instance.business == owner.business


def test_a_name_taken_in_the_business_is_an_error_of_the_form(rf):
    owner = make_owner()
    Tag.objects.create(business=owner.business, name="vip")
    form = bound_form(Tag, owner, rf, {"name": "vip"}, fields=["name"])
    assert not form.is_valid()


def test_a_name_taken_elsewhere_is_free(rf):
    Tag.objects.create(business=make_owner().business, name="vip")
    assert bound_form(Tag, make_owner(), rf, {"name": "vip"}, fields=["name"]).is_valid()


def test_an_administrator_cannot_tie_rows_of_two_businesses(rf):
    customer = make_customer()
    tag = Tag.objects.create(business=make_owner().business, name="foreign")
    fields = ["phone", "tags"]
    form = bound_form(
        Customer, make_administrator(), rf, {"phone": "+79161234567", "tags": [tag.pk]}, customer, fields=fields
    )
    assert list(form.errors) == ["tags"]


def test_administrators_see_whose_row_it_is_and_filter_by_it(client):
    client.force_login(make_administrator())
    owner = make_owner("Tea house")
    changelist = client.get(reverse("admin:accounts_user_changelist"), {"business__id__exact": owner.business_id})
    assert changelist.status_code == 200
    assert "business" in changelist.context["cl"].list_display
    assert [person.pk for person in changelist.context["cl"].result_list] == [owner.pk]


def test_owners_have_no_such_column(client):
    client.force_login(make_owner())
    assert "business" not in client.get(reverse("admin:accounts_user_changelist")).context["cl"].list_display


def test_a_business_opened_by_an_administrator_has_its_deal_stages(client):
    client.force_login(make_administrator())
    settings = {"country": "RU", "time_zone": "Europe/Moscow", "language": "en", "currency": "RUB"}
    client.post(reverse("admin:accounts_business_add"), {"name": "Tea house", **settings})
    stages = DealStage.objects.filter(business__name="Tea house")
    assert [stage.key for stage in stages] == ["new", "in_progress", "won", "lost"]


def test_the_list_of_people_takes_the_same_number_of_queries_however_long(client, django_assert_num_queries):
    owner = make_owner()
    client.force_login(owner)
    for serial in range(3):
        User.objects.create_user(f"person{serial}@example.com", business=owner.business, role="operator")
    # Session, person, business, rights of the role (2), COUNT, people, those who wait for an answer.
    with django_assert_num_queries(7):
        client.get(reverse("admin:accounts_user_changelist"))
