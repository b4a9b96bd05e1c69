"""The page and the command that merge customers who are one person."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation

from accounts.models import Role
from accounts.testing import make_administrator, make_business, make_colleague
from crm.models import Customer, CustomerMerge
from crm.testing import make_customer
from whatsapp.phone_numbers import readable_phone

pytestmark = pytest.mark.django_db

PAGE = "/admin/crm/customer/merge/"
LIST = "/admin/crm/customer/"
FIRST, SECOND = "+551190009045", "+5511990009045"


def make_pair(business):
    """Two customers of before who are one person."""
    first = make_customer(business, phone=FIRST, name="Ana")
    Customer.objects.bulk_create([Customer(business=business, phone=SECOND, name="Ana Maria")])
    return first, Customer.objects.get(business=business, phone=SECOND)


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def key(target, source):
    return f"{target.pk}-{source.pk}"


def test_the_page_shows_who_would_be_merged_and_changes_nothing(page, owner):
    make_pair(owner.business)

    html = page.get(PAGE).text

    assert "Ana Maria" in html
    assert Customer.objects.count() == 2


def test_the_ticked_are_merged_and_the_page_shows_it(page, owner):
    first, second = make_pair(owner.business)

    answer = page.post(PAGE, {"pair": key(first, second)}, follow=True)

    assert Customer.objects.get() == first
    assert "1 customer was merged." in answer.text
    assert CustomerMerge.objects.get().merged_by == owner


def test_what_was_merged_is_told_apart_by_phone(page, owner):
    first, second = make_pair(owner.business)

    html = page.post(PAGE, {"pair": key(first, second)}, follow=True).text

    assert readable_phone(FIRST) in html
    assert readable_phone(SECOND) in html


def test_a_merge_is_undone_by_a_button(page, owner):
    first, second = make_pair(owner.business)
    page.post(PAGE, {"pair": key(first, second)})

    answer = page.post(f"{PAGE}{CustomerMerge.objects.get().pk}/undo/", follow=True)

    assert "“Ana Maria” is a customer of its own again." in answer.text
    assert Customer.objects.get(phone=SECOND).pk == second.pk


def test_the_page_says_why_a_merge_cannot_be_undone(page, owner):
    first, second = make_pair(owner.business)
    page.post(PAGE, {"pair": key(first, second)})
    Customer.objects.bulk_create([Customer(business=owner.business, phone=SECOND, name="Bia")])

    answer = page.post(f"{PAGE}{CustomerMerge.objects.get().pk}/undo/", follow=True)

    assert "“Bia” has the phone" in answer.text
    assert Customer.objects.count() == 2


def test_nobody_is_merged_who_was_not_ticked(page, owner):
    first, second = make_pair(owner.business)
    other = make_customer(owner.business)

    page.post(PAGE)
    page.post(PAGE, {"pair": [key(first, other), key(second, first), "x", ""]})

    assert Customer.objects.count() == 3


def test_two_selected_in_the_list_are_shown_and_merged(page, owner):
    first, second = make_customer(owner.business, name="Ana"), make_customer(owner.business, name="Bia")

    shown = page.post(LIST, {"action": "merge_selected", "_selected_action": [first.pk, second.pk]})
    assert "Bia" in page.get(shown.url).text
    page.post(shown.url, {"pair": key(first, second)})

    assert Customer.objects.get() == first


def test_one_selected_is_not_enough(page, owner):
    customer = make_customer(owner.business)

    answer = page.post(LIST, {"action": "merge_selected", "_selected_action": [customer.pk]}, follow=True)

    assert "Select 2 to 10 customers" in answer.text


@pytest.mark.parametrize("ids", ["", "x", "1,2", "9" * 30, "١,٢"])
def test_customers_that_are_none_are_no_pair(page, owner, ids):
    assert page.get(PAGE, {"ids": ids}).status_code == 200


def test_a_manager_may_merge_and_an_operator_may_not(client, owner):
    first, second = make_pair(owner.business)
    for role, status in [(Role.OPERATOR, 403), (Role.MANAGER, 302)]:
        client.force_login(make_colleague(owner, role=role))
        assert client.post(PAGE, {"pair": key(first, second)}).status_code == status
    operator = make_colleague(owner, role=Role.OPERATOR)
    client.force_login(operator)
    assert client.post(f"{PAGE}{CustomerMerge.objects.get().pk}/undo/").status_code == 403
    assert PAGE not in client.get(LIST).text
    assert "merge_selected" not in client.get(LIST).text


def test_another_business_is_neither_shown_nor_changed(page, owner):
    first, second = make_pair(make_business())
    mine = make_customer(owner.business)

    html = page.get(PAGE).text + page.get(PAGE, {"ids": f"{first.pk},{second.pk},{mine.pk}"}).text
    page.post(f"{PAGE}?ids={first.pk},{second.pk}", {"pair": key(first, second)})

    assert "Ana" not in html
    assert Customer.objects.count() == 3


def test_the_merge_of_another_business_is_not_undone(page, owner, client):
    first, second = make_pair(make_business())
    call_command("merge_customers", "--apply", stdout=StringIO())

    assert page.post(f"{PAGE}{CustomerMerge.objects.get().pk}/undo/").status_code == 404
    assert Customer.objects.count() == 1


def run(*arguments):
    out = StringIO()
    with translation.override("en"):
        call_command("merge_customers", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_and_changes_nothing(owner):
    make_pair(owner.business)

    out = run()

    assert "Ana Maria (+5511990009045) → Ana (+551190009045)" in out
    assert "1 customer would be merged." in out
    assert Customer.objects.count() == 2


def test_the_command_merges_and_undoes(owner):
    make_pair(owner.business)

    out = run("--apply")
    pk = CustomerMerge.objects.get().pk
    assert f"#{pk}  Ana Maria" in out
    assert Customer.objects.count() == 1

    assert "is a customer of its own again" in run("--undo", str(pk))
    assert Customer.objects.count() == 2


def test_the_command_leaves_other_businesses_alone(owner):
    make_pair(make_business())

    run("--apply", "--business", str(owner.business.pk))

    assert Customer.objects.count() == 2


@pytest.mark.parametrize("arguments", [["--undo", "9999"], ["--business", "9999"]])
def test_the_command_says_that_there_is_none(arguments):
    with pytest.raises(CommandError, match="9999"):
        run(*arguments)


def test_the_list_of_customers_links_the_page(page):
    assert reverse("admin:crm_customer_merge") == PAGE
    assert PAGE in page.get(LIST).text


def test_a_platform_administrator_is_not_offered_what_only_a_business_may(client, owner):
    make_customer(owner.business)
    offers = {}
    for user in (owner, make_administrator()):
        client.force_login(user)
        shown = client.get(reverse("admin:crm_customer_changelist")).content.decode()
        offers[user] = 'value="merge_selected"' in shown
    assert list(offers.values()) == [True, False]
