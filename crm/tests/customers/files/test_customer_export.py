import pytest
from django.utils import timezone, translation
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.testing import make_business
from crm.customers import customers
from crm.customers.files import file_export
from crm.customers.files.file_format import CustomerFile
from crm.customers.files.file_import import import_customers
from crm.customers.files.spreadsheets import decode
from crm.models import Customer
from crm.normalization import fold_tag
from crm.testing import make_customer

pytestmark = pytest.mark.django_db


def exported(business):
    return file_export.download_customers(Customer.objects.for_business(business)).getvalue()


def imported(business, raw):
    return import_customers(business, CustomerFile(decode(raw), business.country), apply=True)


def facts(business):
    """What a file says of a business's customers."""
    return {
        customer.phone: (
            customer.name,
            {tag.name for tag in customer.tags.all()},
            customer.opted_out,
            customer.attributes,
        )
        for customer in Customer.objects.for_business(business)
    }


def test_the_file_opens_right_in_a_russian_excel():
    customer = make_customer(phone="+79161234567", name="Анна; «Аня»", attributes={"Город": "Казань"})
    customers.add_tags(customer, ["vip", "a, b"])
    customers.opt_out(customer)

    with translation.override("ru"):
        raw = exported(customer.business)

    assert raw.decode("utf-8") == (
        "\ufeffТелефон;Имя;Метки;Отписан;ID пользователя WhatsApp;Имя пользователя WhatsApp;Город\r\n"
        '79161234567;"Анна; «Аня»";"""a, b"", vip";да;;;Казань\r\n'
    )


@pytest.mark.parametrize(
    ("phone", "written"),
    [("+79161234567", "79161234567"), ("+6591234567", "'+6591234567"), ("+380671234567", "'+380671234567")],
)
def test_phones_are_digits_unless_these_would_be_read_as_another_phone_or_rounded(phone, written):
    customer = make_customer(phone=phone)

    assert exported(customer.business).decode().splitlines()[1].split(";")[0] == written


def test_an_old_export_opts_nobody_in_again():
    customer = make_customer()
    raw = exported(customer.business)
    customers.opt_out(customer)

    imported(customer.business, raw)

    customer.refresh_from_db()
    assert customer.opted_out


def test_customers_without_a_phone_survive():
    customer = make_customer(phone=None, whatsapp_user_id="RU.123", name="Anna")

    outcome = imported(customer.business, exported(customer.business))

    assert (outcome.created, outcome.updated, outcome.changed, outcome.failed) == (0, 1, 0, [])


def test_an_export_takes_the_same_queries_however_long(django_assert_num_queries):
    business = make_business()
    for _serial in range(5):
        customers.add_tags(make_customer(business), ["vip"])

    # Names of attributes, customers, tags.
    with django_assert_num_queries(3):
        exported(business)


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
trimmed = words.map(str.strip).filter(bool)
phones = st.one_of(
    st.integers(3_000_000_000, 9_999_999_999).map(lambda national: f"+7{national}"),
    st.integers(30_000_000, 39_999_999).map(lambda national: f"+49{national}"),
    st.integers(80_000_000, 99_999_999).map(lambda national: f"+65{national}"),
)
person = st.fixed_dictionaries(
    {
        "name": st.one_of(st.just(""), trimmed),
        "tags": st.sets(trimmed.filter(fold_tag), max_size=3),
        "opted_out": st.booleans(),
        "attributes": st.dictionaries(words, trimmed, max_size=3),
    }
)
AWKWARD = {
    "+6591234567": {
        "name": "'=1",
        "tags": {'a,"b";c', "''=2", "a ::: b", "* myContacts"},
        "opted_out": True,
        "attributes": {"phone": "＝1"},
    },
    "+79161234567": {
        "name": "a\r\nb",
        "tags": set(),
        "opted_out": False,
        "attributes": {"attributes.x": "1", " y": "2"},
    },
}


@pytest.mark.slow
@example(AWKWARD)
@given(st.dictionaries(phones, person, max_size=4))
def test_exporting_and_importing_is_the_identity(people):
    one, another = make_business(), make_business()
    for phone, known in people.items():
        moment = timezone.now() if known["opted_out"] else None
        customer = make_customer(
            one, phone=phone, name=known["name"], attributes=known["attributes"], opted_out_at=moment
        )
        customers.set_tags(customer, known["tags"])
    before, raw = facts(one), exported(one)

    brought = imported(another, raw)
    again = imported(one, raw)

    assert facts(another) == before == facts(one)
    assert (brought.created, brought.failed, again.changed, again.failed) == (len(people), [], 0, [])
