"""Forms that were changed by somebody else while they were open."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Business, Role
from accounts.testing import make_colleague, make_owner
from accounts.tests.html_forms import filled_form
from crm.customers import customers
from crm.models import Customer, Deal, DealStage
from crm.testing import make_customer
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

WHO = "changed this after you had opened it"


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def owner():
    return make_owner("Tea house", language="en", name="Olga")


@pytest.fixture
def customer(owner):
    return make_customer(owner.business, name="Anna", phone="+79161234567", attributes={"city": "Kazan"})


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def opened(client, row, **typed):
    """What the page of a row would send now, with some of it typed anew."""
    return {**filled_form(client.get(page_of(row))), **typed}


def test_what_somebody_else_saved_is_not_overwritten(client, owner, customer):
    client.force_login(owner)
    colleague = make_colleague(owner)
    mine = opened(client, customer, name="Anna P.")
    theirs = signed_in(colleague)
    assert theirs.post(page_of(customer), opened(theirs, customer, attributes="city: Omsk")).status_code == 302

    refused = client.post(page_of(customer), mine)

    assert refused.status_code == 200
    customer.refresh_from_db()
    assert (customer.name, customer.attributes) == ("Anna", {"city": "Omsk"})
    text = refused.content.decode()
    assert f"{colleague} (" in text and WHO in text
    form = refused.context["adminform"].form
    assert form.errors["name"] == ["Saved now: “Anna”."]
    assert form.errors["attributes"] == ["Saved now: “city: Omsk”."]
    assert "phone" not in form.errors
    assert '<a href="">load what is saved</a>' in text


def test_what_was_typed_stays_and_saved_again_it_is_kept(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.", attributes="city: Perm\nage: 30")
    Customer.objects.get().save()
    Customer.objects.update(name="Anna of somebody else")

    shown_again = filled_form(client.post(page_of(customer), mine))

    assert (shown_again["name"], shown_again["attributes"]) == (["Anna P."], ["\ncity: Perm\nage: 30"])
    assert client.post(page_of(customer), shown_again).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.attributes) == ("Anna P.", {"city": "Perm", "age": "30"})


def test_a_third_save_between_the_two_is_told_too(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.update(customer, name="Second")
    shown_again = filled_form(client.post(page_of(customer), mine))
    customers.update(customer, name="Third")

    refused = client.post(page_of(customer), shown_again)

    assert refused.context["adminform"].form.errors["name"] == ["Saved now: “Third”."]


def test_two_windows_of_one_person_are_told_apart(client, owner, customer):
    client.force_login(owner)
    first, second = opened(client, customer, name="One"), opened(client, customer, name="Two")
    client.post(page_of(customer), first)
    assert "You, in another window (" in client.post(page_of(customer), second).content.decode()


def test_what_is_saved_in_lines_is_shown_in_lines_and_is_no_html(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.update(customer, attributes={"age": "30", "city": "<b>Omsk</b>"})
    text = client.post(page_of(customer), mine).content.decode()
    assert "Saved now: “age: 30<br>city: &lt;b&gt;Omsk&lt;/b&gt;”." in text
    assert "<b>Omsk</b>" not in text


def test_a_program_has_no_name(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.update(customer, name="Anna of a program")
    assert "Another person or a program changed this" in client.post(page_of(customer), mine).content.decode()


def test_an_older_entry_of_the_history_does_not_name_its_person(client, owner, customer):
    colleague = make_colleague(owner)
    theirs = signed_in(colleague)
    theirs.post(page_of(customer), opened(theirs, customer, name="Anna K."))
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.update(customer, name="Anna of a program")
    assert str(colleague) not in client.post(page_of(customer), mine).content.decode()


def test_a_double_click_is_no_conflict(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    assert [client.post(page_of(customer), mine).status_code for _ in range(2)] == [302, 302]


def test_what_a_form_does_not_show_makes_it_no_staler(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.update(customer, whatsapp_user_id="RU.1")
    Customer.objects.update(search_text="anna")
    assert client.post(page_of(customer), mine).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.whatsapp_user_id) == ("Anna P.", "RU.1")


def test_who_opts_out_meanwhile_stays_opted_out_and_the_rest_is_saved(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer)
    customers.opt_out(customer)
    assert client.post(page_of(customer), mine).status_code == 302
    assert Customer.objects.get().opted_out


def test_tags_that_a_bot_added_are_not_taken_away(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.add_tags(customer, ["vip", "new"])

    refused = client.post(page_of(customer), mine)

    assert refused.context["adminform"].form.errors["tags"] == ["Saved now: “new, vip”."]
    assert customer.tags.count() == 2


def test_tags_that_a_person_changed_are_an_edit(client, owner, customer):
    client.force_login(owner)
    customers.add_tags(customer, ["vip"])
    before = opened(client, customer)
    mine = {**before, "name": "Anna P."}
    assert client.post(page_of(customer), {**before, "tags": []}).status_code == 302
    assert client.post(page_of(customer), mine).context["adminform"].form.errors["tags"] == ["Saved now: nothing."]


@pytest.mark.parametrize("junk", ["", "x", "-1e300", "1e300", "NaN", "9" * 400])
def test_what_is_no_revision_is_not_compared_or_refused(client, owner, customer, junk):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.", revision=junk, revision_opened_at=junk)
    customers.update(customer, name="Anna of a program")
    assert client.post(page_of(customer), mine).status_code in (200, 302)


def test_a_page_from_before_the_update_is_saved(client, owner, customer):
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    del mine["revision"], mine["revision_opened_at"]
    customers.update(customer, name="Anna of a program")
    assert client.post(page_of(customer), mine).status_code == 302
    assert Customer.objects.get().name == "Anna P."


def test_a_secret_is_not_shown(client, owner):
    client.force_login(owner)
    number = make_number(owner.business, name="Shop", access_token="EAA-their-token")
    mine = opened(client, number, name="Our shop", app_secret="my-secret")
    WhatsAppNumber.objects.get().save(update_fields=["app_secret"])

    refused = client.post(page_of(number), mine)

    assert refused.context["adminform"].form.errors["app_secret"] == ["Another value is saved now."]
    assert "their-token" not in refused.content.decode()


def test_a_check_at_meta_does_not_make_a_number_stale(client, owner):
    client.force_login(owner)
    number = make_number(owner.business, name="Shop")
    mine = opened(client, number, name="Our shop")
    WhatsAppNumber.objects.update(status="problem", quality_rating="RED", checked_at=timezone.now())
    assert client.post(page_of(number), mine).status_code == 302


def test_a_business_a_deal_and_a_stage_are_not_overwritten(client, owner, customer):
    client.force_login(owner)
    stage = DealStage.objects.for_business(owner.business).first()
    deal = Deal.objects.create(
        business=owner.business, customer=customer, title="Cake", amount=1500, currency="RUB", stage=stage
    )
    for row, mine in [
        (owner.business, {"name": "Mine"}),
        (deal, {"title": "Mine", "amount": "2000"}),
        (stage, {"name": "Mine"}),
    ]:
        typed = opened(client, row, **mine)
        type(row).objects.get(pk=row.pk).save()
        refused = client.post(page_of(row), typed)
        assert refused.status_code == 200
        assert set(mine) <= set(refused.context["adminform"].form.errors)
        assert type(row).objects.filter(pk=row.pk, revision=2).exists()


def test_who_may_only_look_has_nothing_to_send(client, owner):
    manager = make_colleague(owner, Role.MANAGER)
    client.force_login(manager)
    assert client.get(page_of(owner.business)).status_code == 200


def test_the_page_speaks_russian(client, customer, owner):
    owner.language = "ru"
    owner.save()
    client.force_login(owner)
    mine = opened(client, customer, name="Anna P.")
    customers.update(customer, name="Ольга")
    text = client.post(page_of(customer), mine).content.decode()
    assert "Сейчас сохранено: «Ольга»." in text
    assert "ничего не сохранено" in text


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_moment_one_is_told_of_the_other(owner, customer):
    clients = [signed_in(owner), signed_in(make_colleague(owner))]
    typed = [opened(client, customer, name=name) for client, name in zip(clients, ("One", "Two"), strict=True)]
    barrier = Barrier(2)

    def save(client, fields):
        try:
            barrier.wait()
            return client.post(page_of(customer), fields).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(save, clients, typed))

    assert sorted(answers) == [200, 302]
    winner = answers.index(302)
    assert Customer.objects.get().name == ("One", "Two")[winner]
    assert Business.objects.get().revision == 1
