"""What people choose for the columns of a file, from its upload to the next file with these headings."""

from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.jobs.job import TakenOver
from accounts.refusals import Refusal
from accounts.testing import make_administrator, make_colleague, make_owner, work_off
from crm.customers.files import column_mappings, file_import, uploads
from crm.models import ColumnMapping, Customer, CustomerUpload
from crm.testing import make_customer
from crm.tests.customers.files.workbook_files import workbook

pytestmark = pytest.mark.django_db

IMPORT = "/admin/crm/customer/import/"
UNCLEAR = "Кто;Связь;Откуда\nАнна;89161234567;Казань\n"
CHOICE = {"column_0": "name", "column_1": "phone", "column_2": "attributes.Город"}


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def upload(page, text=UNCLEAR, **options):
    raw = text if isinstance(text, bytes) else text.encode()
    return page.post(IMPORT, {"file": SimpleUploadedFile("customers.csv", raw)}, **options)


def latest():
    return CustomerUpload.objects.latest("pk")


def step(name, uploaded=None):
    return reverse(f"admin:crm_customer_import_{name}", args=[(uploaded or latest()).pk])


def import_all(page):
    page.post(step("apply"))
    return Customer.objects.get()


def test_where_it_is_unclear_what_the_columns_are_the_person_is_asked(page):
    response = upload(page, follow=True)

    assert response.redirect_chain[-1][0] == step("columns")
    assert "No column is headed “Phone”." in response.text
    form = response.context["form"]
    assert [field.value() for _column, field in form.rows()] == ["attributes.Кто", "phone", "attributes.Откуда"]
    assert "Казань" in response.text


def test_a_file_that_is_asked_about_is_neither_tried_out_nor_imported(page):
    upload(page)

    page.post(step("apply"))
    work_off(uploads.JOB)

    assert (latest().tried_at, latest().started_at, Customer.objects.count()) == (None, None, 0)
    assert not uploads.JOB.parked().exists()
    assert page.get(step("upload")).url == step("columns")


def test_what_is_chosen_is_tried_out_and_imported(page):
    upload(page)

    response = page.post(step("columns"), {**CHOICE, "column_2": "attributes.Откуда"}, follow=True)

    assert (response.redirect_chain[-1][0], response.context["created"]) == (step("upload"), 1)
    customer = import_all(page)
    assert (customer.phone, customer.name, customer.attributes) == ("+79161234567", "Анна", {"Откуда": "Казань"})


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({**CHOICE, "column_1": ""}, "Say which column is “Phone”"),
        ({**CHOICE, "column_2": "phone"}, "“Phone” is chosen for two columns"),
        ({**CHOICE, "column_2": "password"}, "not one of the available choices"),
    ],
)
def test_a_choice_that_cannot_be_is_told_and_kept_on_the_page(page, choice, told):
    upload(page)
    choice = {name: "attributes.Город" if value == "attributes.Город" else value for name, value in choice.items()}
    make_customer(latest().business, attributes={"Город": "Омск"})

    response = page.post(step("columns"), choice)

    assert told in response.text
    assert 'value="name" selected' in response.text
    assert latest().waits_for_columns and not ColumnMapping.objects.exists()


def test_attributes_that_the_business_has_can_be_chosen(page, owner):
    upload(page)
    make_customer(owner.business, attributes={"Размер": "M"})

    assert 'value="attributes.Размер"' in page.get(step("columns")).text


def test_attributes_of_another_business_are_not_shown(page):
    make_customer(attributes={"Секрет": "M"})
    upload(page)

    assert "Секрет" not in page.get(step("columns")).text


def choose(page):
    make_customer(latest().business, phone="+79990000000", attributes={"Город": "Омск"})
    return page.post(step("columns"), CHOICE)


def test_the_choice_is_used_for_the_next_file_with_these_headings_in_any_order_and_said(page):
    upload(page)
    choose(page)

    response = upload(page, "откуда ;КТО;связь:\nОмск;Борис;89161234568\n", follow=True)

    assert response.context["created"] == 1
    assert "as they were chosen for an earlier file" in response.text and step("columns") in response.text
    page.post(step("apply"))
    borrowed = Customer.objects.get(phone="+79161234568")
    assert (borrowed.name, borrowed.attributes) == ("Борис", {"Город": "Омск"})


def test_other_headings_are_asked_about_anew(page):
    upload(page)
    choose(page)

    assert upload(page, "Кто;Связь\nБорис;89161234568\n").url == step("columns")


def test_the_choice_of_another_business_is_not_used(page, client):
    upload(page)
    choose(page)
    client.force_login(make_owner(language="en"))

    assert upload(client).url == step("columns")


def test_a_colleague_profits_from_the_choice(page, client, owner):
    upload(page)
    choose(page)
    client.force_login(make_colleague(owner, "operator"))

    assert upload(client).url == step("upload")


def test_a_file_without_headings_is_never_recognised(page):
    text = "Анна;89161234567\nБорис;89161234568\n"
    for _file in range(2):
        response = upload(page, text, follow=True)
        assert response.redirect_chain[-1][0] == step("columns")
        assert "has no headings" in response.text
        page.post(step("columns"), {"column_0": "name", "column_1": "phone"})
    assert latest().outcome["created"] == 2


def test_a_file_that_is_clear_is_not_asked_about_but_may_be_changed(page):
    response = upload(page, "Телефон;Имя\n89161234567;Анна\n", follow=True)
    assert response.redirect_chain[-1][0] == step("upload")
    assert step("columns") in response.text
    assert "No column" not in page.get(step("columns")).text

    response = page.post(step("columns"), {"column_0": "phone", "column_1": "tags"}, follow=True)

    assert response.context["created"] == 1
    customer = import_all(page)
    assert (customer.name, [tag.name for tag in customer.tags.all()]) == ("", ["Анна"])


def test_the_columns_of_a_file_that_is_imported_stay(page):
    upload(page, "Телефон;Имя\n89161234567;Анна\n")
    page.post(step("apply"))

    response = page.post(step("columns"), {"column_0": "name", "column_1": "phone"})

    assert response.url == step("upload")
    assert latest().columns is None
    with pytest.raises(Refusal, match="already"):
        uploads.choose_columns(latest(), ["name", "phone"])


def test_what_was_found_with_the_columns_of_before_is_forgotten(page):
    upload(page, "Телефон;Второй телефон\nabc;89161234567\n")
    assert latest().outcome["failed"] == 1

    page.post(step("columns"), {"column_0": "", "column_1": "phone"})

    uploaded = latest()
    assert (uploaded.outcome["created"], uploaded.outcome["failed"], uploaded.mistakes) == (1, 0, [])


def test_a_worker_that_tries_out_with_the_columns_of_before_writes_nothing_down(owner):
    uploaded = uploads.upload(owner, "Телефон;Имя\n89161234567;Анна\n".encode(), "x.csv")
    claimed = uploads.JOB.claim(uploaded.pk)

    uploads.choose_columns(uploaded, ["phone", "tags"])

    with pytest.raises(TakenOver):
        uploads.JOB.write(claimed, position=5)


def test_a_killed_worker_leaves_a_file_with_chosen_columns_to_the_next(page, monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 1)
    rows = "".join(f"К{serial};8916123456{serial};x\n" for serial in range(5))
    upload(page, "Кто;Связь;Откуда\n" + rows)
    choose(page)
    work_off(uploads.JOB)
    uploaded = latest()
    uploads.start(uploaded)
    take, taken = uploads._import_rows, []

    def killed_after_two(uploaded, rows):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(rows)
        take(uploaded, rows)

    with patch.object(uploads, "_import_rows", killed_after_two), pytest.raises(KeyboardInterrupt):
        uploads.advance(uploaded, 10)
    CustomerUpload.objects.update(lease_until=None)
    work_off(uploads.JOB)

    uploaded.refresh_from_db()
    names = Customer.objects.exclude(phone="+79990000000").order_by("phone").values_list("name", flat=True)
    assert list(names) == ["К0", "К1", "К2", "К3", "К4"]
    assert (uploaded.outcome["created"], uploaded.rows_done) == (5, 5)


def test_only_the_latest_choices_are_kept(page, monkeypatch):
    monkeypatch.setattr(column_mappings, "MAX_REMEMBERED", 2)
    for serial in range(4):
        upload(page, f"Кто{serial};Связь\nАнна;89161234567\n")
        page.post(step("columns"), {"column_0": "name", "column_1": "phone"})

    assert ColumnMapping.objects.count() == 2
    assert upload(page, "Кто0;Связь\nАнна;89161234567\n").url == step("columns")
    assert upload(page, "Кто3;Связь\nАнна;89161234567\n").url == step("upload")


def test_choosing_again_replaces_the_choice(page):
    for name in ("name", "tags"):
        upload(page)
        page.post(step("columns"), {"column_0": name, "column_1": "phone", "column_2": ""})

    assert ColumnMapping.objects.get().columns[0] == ["кто", "tags"]


def test_the_columns_of_a_colleagues_file_are_nobodys_business(client, page, owner):
    upload(page)
    for person in (make_colleague(owner, "owner"), make_owner()):
        client.force_login(person)
        assert client.get(step("columns")).status_code == 404
        assert client.post(step("columns"), CHOICE).status_code == 404
    client.force_login(make_administrator())
    assert client.get(step("columns")).status_code == 403
    client.logout()
    assert client.get(step("columns")).status_code == 302


@pytest.mark.parametrize("role", ["owner", "manager", "operator"])
def test_everybody_who_may_import_may_say_what_the_columns_are(client, owner, role):
    client.force_login(make_colleague(owner, role))
    upload(client)
    make_customer(owner.business, phone="+79990000000", attributes={"Город": "Омск"})

    assert client.post(step("columns"), CHOICE).url == step("upload")


def test_a_workbook_is_asked_about_like_a_csv_file_and_its_sheet_is_named(page):
    raw = workbook(Заметки=[["x"]], Клиенты=[["Кто", "Связь"], ["Анна", 79161234567]])

    response = upload(page, raw, follow=True)

    assert response.redirect_chain[-1][0] == step("columns")
    assert "“Клиенты” is read" in response.text
    page.post(step("columns"), {"column_0": "name", "column_1": "phone"})
    assert import_all(page).name == "Анна"


def test_what_is_in_a_file_is_shown_as_text(page):
    response = upload(page, "<b>Кто</b>;Связь\n<script>alert(1)</script>;89161234567\n", follow=True)
    assert "<script>alert" not in response.text and "<b>Кто" not in response.text
