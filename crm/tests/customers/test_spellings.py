"""A person whose phone is spelled in more than one way is one customer, wherever the phone comes from."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.testing import make_business
from crm.conversations import outbox, recording
from crm.customers import customers, duplicates, merge_undo
from crm.customers.files.file_format import CustomerFile
from crm.customers.files.file_import import import_customers
from crm.customers.search import matching
from crm.models import Conversation, Customer, Message
from crm.testing import make_change, make_conversation, make_customer, make_inbound
from crm.tests.calls import path, post
from whatsapp.testing import make_number
from whatsapp.webhooks.changes import Preference

pytestmark = pytest.mark.django_db

PAIRS = [
    ("+5511990009045", "+551190009045"),
    ("+525512345678", "+5215512345678"),
    ("+541112345678", "+5491112345678"),
]

each_pair = pytest.mark.parametrize(("typed", "metas"), [*PAIRS, *(pair[::-1] for pair in PAIRS)])


def import_row(business, phone, name="", opted_out=""):
    text = f"phone,name,opted out\n{phone},{name},{opted_out}\n"
    return import_customers(business, CustomerFile(text, business.country), apply=True)


@each_pair
def test_whoever_was_imported_is_found_when_they_write(typed, metas):
    number = make_number(make_business())
    import_row(number.business, typed, "Ana", "yes")

    recording.record(number, make_change(make_inbound(metas)))

    customer = Customer.objects.get()
    assert (customer.name, customer.opted_out) == ("Ana", True)
    assert customer.conversations.get().messages.count() == 1


@each_pair
def test_the_spelling_of_whatsapp_is_stored_and_written_to(typed, metas):
    number = make_number(make_business())
    customer = make_customer(number.business, phone=typed)

    recording.record(number, make_change(make_inbound(metas)))
    message = outbox.write_first(number, "Hi", None, phone=typed)

    assert message.conversation.customer == customer
    assert message.cloud_api_message()["to"] == metas
    assert Conversation.objects.count() == 1


@each_pair
def test_a_file_with_the_other_spelling_is_about_the_same_customer(typed, metas):
    customer = make_customer(phone=metas)

    outcome = import_row(customer.business, typed, "Ana")

    customer.refresh_from_db()
    assert (outcome.created, outcome.updated, outcome.failed) == (0, 1, [])
    assert (customer.phone, customer.name) == (metas, "Ana")


def test_a_file_holds_a_person_once_however_it_spells_the_phone():
    business = make_business()

    text = "phone\n+5511990009045\n+551190009045\n"
    outcome = import_customers(business, CustomerFile(text, "BR"), apply=True)

    assert (outcome.created, [failure.row for failure in outcome.failed]) == (1, [3])


@each_pair
def test_an_opt_out_in_whatsapp_itself_is_of_the_known_customer(typed, metas):
    number = make_number(make_business())
    customer = make_customer(number.business, phone=typed)

    recording.record(number, make_change(preferences=[Preference(metas, None, False, None)]))

    customer.refresh_from_db()
    assert customer.opted_out
    assert customer.phone == metas


@each_pair
def test_a_new_phone_is_given_to_whoever_has_the_old_one_in_another_spelling(typed, metas):
    customer = make_customer(phone=typed)

    customers.change_phone(customer.business, metas, "+79161234567")

    customer.refresh_from_db()
    assert customer.phone == "+79161234567"
    assert customer.canonical_phone is None


@each_pair
def test_whoever_has_the_new_phone_in_another_spelling_is_the_same_person(typed, metas):
    old = make_customer(phone="+79161234567", name="Ana")
    make_customer(old.business, phone=typed)

    customers.change_phone(old.business, "+79161234567", metas)

    customer = Customer.objects.get()
    assert (customer.phone, customer.name) == (metas, "Ana")


@each_pair
def test_two_rows_of_before_are_one_when_the_person_writes(typed, metas):
    number = make_number(make_business())
    make_conversation(number, make_customer(number.business, phone=typed, name="Ana"))
    Customer.objects.bulk_create([Customer(business=number.business, phone=metas)])

    recording.record(number, make_change(make_inbound(metas)))

    customer = Customer.objects.get()
    assert (customer.phone, customer.name) == (metas, "Ana")
    assert Message.objects.get().conversation.customer == customer


def test_another_business_has_the_same_person_as_a_customer_of_its_own():
    stranger = make_customer(phone="+5511990009045")
    number = make_number(make_business())

    recording.record(number, make_change(make_inbound("+551190009045")))

    stranger.refresh_from_db()
    assert stranger.phone == "+5511990009045"
    assert Customer.objects.count() == 2


@pytest.mark.parametrize(
    ("phone", "other"),
    [("+551140009045", "+5511940009045"), ("+79161234567", "+7916123456"), ("+56912345678", "+5612345678")],
)
def test_phones_that_only_look_alike_are_two_people(phone, other):
    number = make_number(make_business())
    make_customer(number.business, phone=phone)

    recording.record(number, make_change(make_inbound(other)))

    assert Customer.objects.count() == 2


@each_pair
def test_the_api_refuses_to_add_somebody_by_another_spelling(api, owner, typed, metas):
    make_customer(owner.business, phone=metas)

    response = post(api, path("customers"), {"phone": typed})

    assert response.status_code == 400
    assert response.json() == {"phone": ["There is a customer with this phone already."]}


@each_pair
def test_the_api_takes_the_other_spelling_of_a_customers_own_phone(api, owner, typed, metas):
    customer = make_customer(owner.business, phone=metas)

    response = api.patch(path("customers", customer.pk), {"phone": typed}, format="json")

    assert response.status_code == 200
    assert response.json()["phone"] == typed


@each_pair
def test_the_api_refuses_to_give_somebody_the_phone_of_another(api, owner, typed, metas):
    make_customer(owner.business, phone=metas)
    customer = make_customer(owner.business)

    response = api.patch(path("customers", customer.pk), {"phone": typed}, format="json")

    assert response.status_code == 400


@each_pair
def test_the_api_writes_to_the_one_customer(api, number, typed, metas):
    conversation = make_conversation(number, make_customer(number.business, phone=metas))

    response = post(api, path("messages"), {"whatsapp_number": number.pk, "to": typed, "text": "Hi"})

    assert response.status_code == 201, response.content
    assert response.json()["conversation"] == conversation.pk
    assert Customer.objects.get().phone == metas


@each_pair
def test_a_search_for_a_phone_finds_either_spelling(typed, metas):
    customer = make_customer(phone=metas)
    make_customer(customer.business, phone="+551140009045")

    assert matching(Customer.objects.all(), typed, "RU").get() == customer


@each_pair
def test_a_search_for_the_digits_of_a_phone_finds_either_spelling(typed, metas):
    customer = make_customer(phone=metas)

    assert matching(Customer.objects.all(), typed[1:], "RU").get() == customer


@each_pair
def test_the_form_of_a_new_customer_refuses_another_spelling(client, owner, typed, metas):
    make_customer(owner.business, phone=metas)
    client.force_login(owner)

    page = client.post("/admin/crm/customer/add/", {"name": "Ana", "phone": typed, "attributes": ""})

    assert "There is a customer with this phone already." in page.content.decode()
    assert Customer.objects.count() == 1


def make_two_of_before(business, first="+5511990009045", second="+551190009045"):
    """Two rows as the migration leaves them that are one person."""
    rows = Customer.objects.bulk_create(
        [
            Customer(business=business, phone=first, canonical_phone="+5511990009045"),
            Customer(business=business, phone=second, canonical_phone="+551190009045"),
        ]
    )
    return list(Customer.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))


@pytest.mark.parametrize("place", [0, 1])
def test_each_of_two_rows_of_before_can_be_changed(api, owner, place):
    customer = make_two_of_before(owner.business)[place]

    response = api.patch(path("customers", customer.pk), {"name": "Ana", "phone": customer.phone}, format="json")

    assert response.status_code == 200
    assert Customer.objects.get(name="Ana") == customer


def test_nobody_is_made_twice_by_two_spellings_at_once():
    business = make_business()
    Customer.objects.create(business=business, phone="+5511990009045")

    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.create(business=business, phone="+551190009045")


@pytest.mark.django_db(transaction=True)
def test_two_webhooks_with_two_spellings_make_one_customer():
    business = make_business()
    numbers = [make_number(business), make_number(business)]

    def write(number, phone):
        try:
            recording.record(number, make_change(make_inbound(phone)))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        for _ in threads.map(write, numbers, ["+5511990009045", "+551190009045"]):
            pass

    assert Customer.objects.count() == 1
    assert Message.objects.count() == 2


def test_a_message_of_a_customer_with_two_spellings_costs_no_more(django_assert_num_queries):
    number = make_number(make_business())
    make_conversation(number, make_customer(number.business, phone="+551190009045", name="Ana"))

    with django_assert_num_queries(7):
        recording.record(number, make_change(make_inbound("+551190009045")))


# Two that somebody has kept apart


def make_kept_apart(business, user_id):
    """Two customers by two spellings of one phone, whose merge was undone; the second one has the user id."""
    first = make_customer(business, phone="+551190009045")
    Customer.objects.bulk_create([Customer(business=business, phone="+5511990009045", whatsapp_user_id=user_id)])
    done = duplicates.merge_pair(duplicates.Pair(first, Customer.objects.get(phone="+5511990009045")))
    second = merge_undo.undo(done.pk)
    first.refresh_from_db()
    return first, second


def user_ids_of(*them):
    return [Customer.objects.get(pk=customer.pk).whatsapp_user_id for customer in them]


def test_of_two_that_are_kept_apart_the_one_who_writes_has_the_user_id():
    number = make_number(make_business())
    first, second = make_kept_apart(number.business, "BR.1")

    recording.record(number, make_change(make_inbound("+551190009045", sender_user_id="BR.1")))

    assert Message.objects.get().conversation.customer == first
    assert user_ids_of(first, second) == ["BR.1", None]


def test_of_two_that_are_kept_apart_each_keeps_an_own_user_id():
    number = make_number(make_business())
    first, second = make_kept_apart(number.business, "BR.1")

    recording.record(number, make_change(make_inbound("+551190009045", sender_user_id="BR.2")))

    assert user_ids_of(first, second) == ["BR.2", "BR.1"]


def test_of_two_that_are_kept_apart_the_one_whom_whatsapp_names_has_the_user_id():
    business = make_business()
    first, second = make_kept_apart(business, "BR.1")

    customers.recognise(business, "+551190009045", "+551190009045", "BR.1")

    assert user_ids_of(first, second) == ["BR.1", None]
