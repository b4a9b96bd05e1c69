"""A POST may promise a formset no more rows than it takes, and name no row but its own."""

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.test import Client, RequestFactory
from django.utils.translation import override

from accounts.models import User
from accounts.tenancy.admin import TenantModelAdmin, TenantTabularInline
from accounts.tenancy.formsets import LimitedFormSet, TooManyRows
from accounts.testing import make_administrator
from crm.models import Customer, Deal, DealStage
from crm.testing import make_customer


class Row(forms.Form):
    text = forms.CharField()


def formset_of(limit: int, base: type[LimitedFormSet] = LimitedFormSet) -> type[LimitedFormSet]:
    return forms.formset_factory(Row, formset=base, max_num=limit, absolute_max=limit)


Choices = formset_of(4)


class WithChoices(LimitedFormSet):
    nested = {"choices": Choices}


def sent(total: Any, prefix: str = "form", rows: int = 0) -> dict[str, Any]:
    texts = {f"{prefix}-{row}-text": "x" for row in range(rows)}
    return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": 0, **texts}


def test_as_many_rows_as_a_formset_takes_are_taken() -> None:
    assert len(formset_of(3)(sent(3, rows=3)).forms) == 3


def test_one_row_more_is_refused_before_a_form_is_built() -> None:
    with pytest.raises(TooManyRows, match="3"):
        formset_of(3)(sent(4, rows=4))


@pytest.mark.parametrize("total", [-1, 99_999_999, "1" * 30])
def test_a_promise_that_nobody_can_keep_is_refused(total: Any) -> None:
    with pytest.raises(TooManyRows):
        formset_of(3)(sent(total))


def test_more_rows_than_fields_came_are_refused() -> None:
    with pytest.raises(TooManyRows):
        formset_of(500)(sent(400, rows=5))


@pytest.mark.parametrize("total", ["many", "", None, "1.5"])
def test_a_promise_that_is_no_number_is_a_mistake_of_the_form(total: Any) -> None:
    formset = formset_of(3)({**sent(0), "form-TOTAL_FORMS": total} if total is not None else {})
    assert not formset.is_valid()


def test_a_page_that_did_not_arrive_whole_says_what_to_do() -> None:
    with override("en"):
        assert "Open it again" in str(formset_of(3)({"other": 1}).non_form_errors())


def test_a_formset_that_is_only_shown_promises_nothing() -> None:
    assert formset_of(3)().forms


def test_rows_within_rows_are_counted_too() -> None:
    data = {**sent(1, rows=1), **sent(5, prefix="form-0-choices", rows=5)}
    with pytest.raises(TooManyRows, match="4"):
        formset_of(3, WithChoices)(data)
    assert formset_of(3, WithChoices)({**data, **sent(4, prefix="form-0-choices")})


def test_the_rows_of_all_formsets_together_are_no_more_than_fields_came() -> None:
    data = sent(3, rows=3)
    for row in range(3):
        data |= sent(4, prefix=f"form-{row}-choices")
    with pytest.raises(TooManyRows):
        formset_of(3, WithChoices)(data)


def test_rows_of_another_formset_of_the_page_are_not_its_own() -> None:
    data = {**sent(1, rows=1), **sent(99_999_999, prefix="other-0-choices")}
    assert formset_of(3, WithChoices)(data).is_valid()


# In the admin


@pytest.mark.django_db
def test_rows_that_are_promised_to_an_editable_list_are_refused(client: Client, owner: User) -> None:
    client.force_login(owner)
    stages = DealStage.objects.filter(business=owner.business)
    before = list(stages.values())
    page = client.post("/admin/crm/dealstage/", {**sent(99_999_999), "_save": "Save"})
    assert page.status_code == 400
    assert "Nothing was saved" in page.content.decode()
    assert list(stages.values()) == before


class DealInline(TenantTabularInline):
    model = Deal
    fields = ["title", "stage", "currency"]


class CustomerAdmin(TenantModelAdmin):
    inlines = [DealInline]


def inline_of(customer: Customer, user: User, data: dict[str, Any]) -> Any:
    """The formset of a customer's deals, as the admin makes it for a POST of this user."""
    request = RequestFactory().post("/", data)
    request.user = user
    model_admin = CustomerAdmin(Customer, admin.site)
    [(formset, inline)] = model_admin.get_formsets_with_inlines(request, customer)
    return formset(request.POST, instance=customer, queryset=inline.get_queryset(request), prefix="deals")


def deal_row(user: User, **more: Any) -> dict[str, Any]:
    values = {"title": "Tea", "stage": DealStage.objects.for_user(user)[0].pk, "currency": "RUB", **more}
    return {f"deals-0-{name}": value for name, value in values.items()}


@pytest.mark.django_db
def test_a_row_of_an_inline_belongs_to_the_business_of_what_it_hangs_on(owner: User, stranger: User) -> None:
    """Also when somebody adds it who belongs to no business, or to another."""
    customer = make_customer(owner.business)
    formset = inline_of(customer, make_administrator(), {**sent(1, prefix="deals"), **deal_row(owner)})
    assert formset.is_valid(), formset.errors
    formset.save()
    assert Deal.objects.get().business == owner.business


@pytest.mark.django_db
def test_an_inline_ties_no_rows_of_two_businesses(owner: User, stranger: User) -> None:
    customer = make_customer(owner.business)
    formset = inline_of(customer, make_administrator(), {**sent(1, prefix="deals"), **deal_row(stranger)})
    assert not formset.is_valid() and "stage" in formset.errors[0]


class StageInline(TenantTabularInline):
    model = Deal
    fk_name = "stage"
    fields = ["title", "customer", "currency"]


@pytest.mark.django_db
def test_it_is_not_the_business_of_another_row_that_is_chosen(owner: User, stranger: User) -> None:
    """A deal elsewhere takes its business from its customer."""
    stage = DealStage.objects.for_user(owner)[0]
    request = RequestFactory().post("/")
    request.user = make_administrator()
    formset = StageInline(DealStage, admin.site).get_formset(request, stage)
    data = {**sent(1, prefix="deals"), **deal_row(owner, customer=make_customer(stranger.business).pk)}
    made = formset(data, instance=stage, prefix="deals")
    assert not made.is_valid() and list(made.errors[0]) == ["customer"]


@pytest.mark.django_db
def test_a_select_of_an_inline_offers_own_rows_alone(owner: User, stranger: User) -> None:
    formset = inline_of(make_customer(owner.business), owner, sent(1, prefix="deals"))
    offered = set(formset.forms[0].fields["stage"].queryset)
    assert offered and not offered & set(DealStage.objects.for_user(stranger))


@pytest.mark.django_db
def test_an_inline_takes_a_limited_number_of_rows(owner: User) -> None:
    with pytest.raises(TooManyRows):
        inline_of(make_customer(owner.business), owner, sent(DealInline.max_num + 1, prefix="deals", rows=150))


@pytest.mark.django_db
def test_a_hidden_id_of_a_row_that_is_not_the_inlines_own_is_as_one_that_is_not_there(
    owner: User, stranger: User
) -> None:
    customer = make_customer(owner.business)
    foreign, own = (
        Deal.objects.create(
            business=user.business,
            customer=customer if user == owner else make_customer(user.business),
            title="Theirs",
            stage=DealStage.objects.for_user(user)[0],
            currency="RUB",
        )
        for user in (stranger, owner)
    )
    told = []
    for pk in (foreign.pk, 987654):
        data = {**sent(1, prefix="deals"), "deals-INITIAL_FORMS": 1, **deal_row(owner, id=pk, customer=customer.pk)}
        formset = inline_of(customer, owner, data)
        told.append((formset.is_valid(), formset.errors))
    assert told[0] == told[1] and "id" in told[0][1][0]
    assert Deal.objects.get(pk=foreign.pk).title == "Theirs"
