from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.jobs import registry
from accounts.testing import make_administrator, make_colleague, make_owner
from crm.customers import customers
from crm.customers.files.file_format import CustomerFile
from crm.models import Customer, CustomerUpload
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/customer/"
IMPORT = "/admin/crm/customer/import/"


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def upload(page, text, **options):
    return page.post(IMPORT, {"file": SimpleUploadedFile("customers.csv", text.encode())}, **options)


def step(name, uploaded):
    return reverse(f"admin:crm_customer_import_{name}", args=[uploaded.pk])


def test_an_uploaded_file_changes_nothing_and_shows_what_it_would_do(page):
    response = upload(page, "phone;name\n89161234567;Anna\nabc;Ivan\n", follow=True)

    assert (response.context["created"], response.context["failed"]) == (1, 1)
    assert "“abc” is not a phone number" in response.text
    assert not Customer.objects.exists()


def test_applying_imports_what_was_shown_and_says_so(page, owner):
    upload(page, "phone;name\n89161234567;Anna\n")

    response = page.post(step("apply", CustomerUpload.objects.get()), follow=True)

    assert "1 customer imported." in response.text
    assert Customer.objects.get(business=owner.business).name == "Anna"


def test_a_file_that_was_applied_is_not_applied_again(page):
    upload(page, "phone;name\n89161234567;Anna\n")
    uploaded = CustomerUpload.objects.get()
    page.post(step("apply", uploaded))
    Customer.objects.all().delete()

    page.post(step("apply", uploaded))

    assert not Customer.objects.exists()


def test_all_mistakes_are_a_file(page):
    upload(page, "phone\n" + "abc\n" * 30)

    text = page.get(step("mistakes", CustomerUpload.objects.get())).getvalue().decode()

    assert text.startswith("\ufeffRow;Mistake\r\n2;“abc” is not a phone number.")
    assert len(text.splitlines()) == 31


@pytest.mark.parametrize("text", ["name\nAnna\n", ""])
def test_a_file_that_cannot_be_imported_is_told_on_its_field(page, text):
    response = upload(page, text)

    assert response.context["form"].errors["file"]
    assert not CustomerUpload.objects.exists()


@pytest.mark.parametrize("name", ["upload", "mistakes", "apply"])
def test_the_file_of_a_colleague_is_nobodys_business(client, page, owner, name):
    upload(page, "phone\n89161234567\n")
    client.force_login(make_colleague(owner, "owner"))

    ask = client.post if name == "apply" else client.get
    assert ask(step(name, CustomerUpload.objects.get())).status_code == 404


def test_the_example_can_be_imported(page, owner):
    text = page.get(IMPORT + "example/").getvalue().decode("utf-8-sig")

    upload(page, text)

    assert len(list(CustomerFile(text, "RU").rows())) == 2
    assert CustomerUpload.objects.get().outcome["created"] == 2


def test_operators_import_but_do_not_export(client, owner):
    client.force_login(make_colleague(owner, "operator"))

    html = client.get(LIST).text

    assert IMPORT in html and f"{LIST}export/" not in html
    assert client.get(IMPORT).status_code == 200
    assert client.get(LIST + "export/").status_code == 403


def test_a_platform_administrator_has_no_business_to_import_into(client):
    client.force_login(make_administrator())

    assert IMPORT not in client.get(LIST).text
    assert client.get(IMPORT).status_code == 403


def test_the_export_holds_what_the_list_shows(page, owner):
    customers.add_tags(make_customer(owner.business, name="Anna"), ["vip"])
    make_customer(owner.business, name="Ivan")
    tag = Customer.objects.get(name="Anna").tags.get()

    html = page.get(LIST, {"tags__id__exact": tag.pk}).text
    text = page.get(f"{LIST}export/", {"tags__id__exact": tag.pk}).getvalue().decode()

    assert f"{LIST}export/?tags__id__exact={tag.pk}" in html
    assert "Anna" in text and "Ivan" not in text


def test_an_export_of_what_no_list_shows_leads_to_the_list(page):
    assert page.get(f"{LIST}export/", {"tags__id__exact": "x"}).url == LIST


def test_uploaded_files_are_forgotten_after_a_day(page):
    upload(page, "phone\n89161234567\n")
    upload(page, "phone\n89161234568\n")
    CustomerUpload.objects.filter(pk=CustomerUpload.objects.first().pk).update(
        created_at=timezone.now() - timedelta(hours=25)
    )

    registry.prune()

    assert CustomerUpload.objects.count() == 1
