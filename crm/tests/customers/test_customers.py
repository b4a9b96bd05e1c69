import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.testing import make_business
from crm.customers import customers
from crm.deals import deals
from crm.models import Conversation, Customer, Deal, Tag
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def tag_names(customer):
    return sorted(customer.tags.values_list("name", flat=True))


def test_a_tag_comes_into_being_on_first_use():
    first = make_customer()
    second = make_customer(first.business)

    customers.add_tags(first, ["vip", " new "])
    customers.add_tags(second, ["vip"])

    assert tag_names(first) == ["new", "vip"]
    assert Tag.objects.count() == 2


def test_tags_of_another_business_are_not_shared():
    first, second = make_customer(), make_customer()

    customers.add_tags(first, ["vip"])
    customers.add_tags(second, ["vip"])

    assert first.tags.get() != second.tags.get()


def test_removing_a_tag_leaves_the_others():
    customer = make_customer()
    customers.add_tags(customer, ["vip", "new"])

    customers.remove_tags(customer, ["new", "never given"])

    assert tag_names(customer) == ["vip"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 51])
def test_an_impossible_tag_is_refused(name):
    with pytest.raises(ValidationError):
        customers.add_tags(make_customer(), [name])


@pytest.mark.parametrize("name", ["\u200b", " \u00a0 ", "\u3164", "\u2800\ufe0f"])
def test_a_name_in_which_nothing_is_to_be_seen_is_none(name):
    assert customers.get_or_create(make_business(), phone="+79161234567", name=name).name == ""


@pytest.mark.parametrize("name", ["🌸", "Анна 👩\u200d🎨", "علی\u200cرضا", "."])
def test_a_name_that_can_be_seen_stays_as_it_is(name):
    assert customers.get_or_create(make_business(), phone="+79161234567", name=f" {name} ").name == name


def test_opting_out_keeps_the_time_of_the_first():
    customer = make_customer()
    customers.opt_out(customer)
    first = customer.opted_out_at

    customers.opt_out(customer)

    assert customer.opted_out_at == first


def make_pair():
    """One person known twice: by phone, and by WhatsApp user id."""
    by_phone = make_customer(phone="+79161234567")
    by_user_id = make_customer(by_phone.business, phone=None, whatsapp_user_id="US.1", name="Anna")
    return by_phone, by_user_id


def meet(customer):
    return customers.get_or_create(customer.business, phone="+79161234567", user_id="US.1")


def test_merging_keeps_tags_attributes_name_and_opt_out_of_both():
    by_phone, by_user_id = make_pair()
    customers.add_tags(by_phone, ["vip"])
    customers.add_tags(by_user_id, ["new"])
    by_phone.attributes, by_user_id.attributes = {"city": "Kazan"}, {"city": "Perm", "size": "S"}
    by_phone.save()
    by_user_id.save()
    customers.opt_out(by_user_id)

    merged = meet(by_phone)

    assert merged == by_phone
    assert Customer.objects.count() == 1
    assert tag_names(merged) == ["new", "vip"]
    assert merged.attributes == {"city": "Kazan", "size": "S"}
    assert merged.name == "Anna"
    assert merged.opted_out


def test_merging_moves_deals_and_conversations_with_other_numbers():
    by_phone, by_user_id = make_pair()
    conversation = make_conversation(make_number(by_phone.business), by_user_id)
    deal = deals.create_deal(by_user_id, "Cake", conversation=conversation)

    meet(by_phone)

    assert Conversation.objects.get().customer == by_phone
    assert Deal.objects.get(customer=by_phone) == deal


def test_merging_joins_the_conversations_with_one_number():
    by_phone, by_user_id = make_pair()
    number = make_number(by_phone.business)
    first = make_conversation(number, by_phone, unread=1)
    second = make_conversation(number, by_user_id, unread=2)
    deal = deals.create_deal(by_user_id, "Cake", conversation=second)
    make_message(first)
    make_message(second)

    meet(by_phone)

    conversation = Conversation.objects.get()
    assert (conversation, conversation.unread) == (first, 3)
    assert conversation.messages.count() == 2
    deal.refresh_from_db()
    assert deal.conversation == conversation


def test_a_user_id_moves_on_when_its_former_owner_has_another_phone():
    business = make_business()
    former = make_customer(business, phone="+79160000001", whatsapp_user_id="US.1")
    owner = make_customer(business, phone="+79161234567")

    assert meet(owner) == owner

    former.refresh_from_db()
    owner.refresh_from_db()
    assert (former.whatsapp_user_id, owner.whatsapp_user_id) == (None, "US.1")


def test_a_deal_is_in_the_currency_of_the_business_and_the_stage_that_was_named():
    customer = make_customer()

    deal = deals.create_deal(customer, "Cake", 3500, "in_progress")

    assert (deal.currency, deal.stage.key, deal.business) == ("RUB", "in_progress", customer.business)


@pytest.mark.parametrize("amount, stage, field", [(1, "nowhere", "stage"), (-1, "new", "amount")])
def test_an_impossible_deal_is_refused(amount, stage, field):
    with pytest.raises(ValidationError) as error:
        deals.create_deal(make_customer(), "Cake", amount, stage)

    assert field in error.value.message_dict


def test_a_deal_cannot_hang_on_the_conversation_of_another_customer():
    conversation = make_conversation()

    with pytest.raises(ValidationError) as error:
        deals.create_deal(make_customer(conversation.business), "Cake", conversation=conversation)

    assert "conversation" in error.value.message_dict


def test_a_new_phone_is_written_down_and_found():
    customer = make_customer(phone="+79161234567", name="Anna")

    customers.change_phone(customer.business, "+79161234567", "+79169998877")

    customer.refresh_from_db()
    assert (customer.phone, customer.search_text) == ("+79169998877", "anna +79169998877")


def test_whoever_is_known_by_the_new_phone_is_the_same_person():
    old = make_customer(phone="+79161234567", name="Anna", opted_out_at=timezone.now(), whatsapp_user_id="RU.1")
    new = make_customer(old.business, phone="+79169998877", whatsapp_user_id="RU.2")
    deal = deals.create_deal(old, "Cake")

    customers.change_phone(old.business, "+79161234567", "+79169998877")

    customer = Customer.objects.get()
    assert (customer.pk, customer.phone, customer.whatsapp_user_id) == (new.pk, "+79169998877", "RU.2")
    assert (customer.name, customer.opted_out, customer.deals.get()) == ("Anna", True, deal)


@pytest.mark.parametrize("new", ["+79161234567", "+79169998877"])
def test_a_change_of_phone_touches_nobody_else(new):
    customer = make_customer(phone="+79161234567")
    stranger = make_customer(phone="+79169998877")

    customers.change_phone(stranger.business, "+79161234567", new)

    customer.refresh_from_db()
    stranger.refresh_from_db()
    assert (customer.phone, stranger.phone) == ("+79161234567", "+79169998877")
