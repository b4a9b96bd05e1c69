"""What is done with a customer: identify, create, change, tag, opt out."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Business
from crm.models import Conversation, Customer, Tag
from crm.normalization import visible

from .merge import merge


def get_or_create(
    business: Business, phone: str | None = None, user_id: str | None = None, name: str = ""
) -> Customer:
    """
    The customer with this phone (E.164) or WhatsApp user id, created when there is none. What was not known of them,
    like a name, is stored. Call it in a transaction.
    """
    customer, known = identify(business, phone, user_id, name)
    if known:
        update(customer, **known)
    return customer


def identify(
    business: Business, phone: str | None, user_id: str | None, name: str = ""
) -> tuple[Customer, dict[str, str]]:
    """
    The customer with this phone or WhatsApp user id, created when there is none, and the values that are to be
    changed, by field, because they are new. A name in which nothing can be seen is none. When phone and user id belong
    to two rows, these turn out to be one person and are merged. Call it in a transaction.
    """
    name = name.strip() if visible(name).strip() else ""
    found = _find(business, phone, user_id)
    if len(found) > 1:
        found = _locked(found)
    customer = _merge_all(found, phone) if found else _create(business, phone, user_id, name)
    return customer, _new_values(customer, phone, user_id, name)


def update(customer: Customer, **values: Any) -> None:
    """Save these fields of a customer, and no others."""
    for field, value in values.items():
        setattr(customer, field, value)
    customer.save(update_fields=list(values))


def _find(business: Business, phone: str | None, user_id: str | None) -> list[Customer]:
    """Up to two rows: one has the phone, another the user id."""
    identity = Q(pk__in=[])
    if phone:
        identity |= Q(phone=phone)
    if user_id:
        identity |= Q(whatsapp_user_id=user_id)
    return list(Customer.objects.filter(identity, business=business))


def _create(business: Business, phone: str | None, user_id: str | None, name: str) -> Customer:
    """A new customer, or the one that somebody else created at the same moment."""
    identity = {"phone": phone} if phone else {"whatsapp_user_id": user_id}
    defaults = {"whatsapp_user_id": user_id, "name": name[:200]}
    customer, _created = Customer.objects.get_or_create(business=business, **identity, defaults=defaults | identity)
    return customer


def _new_values(customer: Customer, phone: str | None, user_id: str | None, name: str) -> dict[str, str]:
    values = {}
    if phone and customer.phone != phone:
        values["phone"] = phone
    if user_id and customer.whatsapp_user_id != user_id:
        values["whatsapp_user_id"] = user_id
    if name and not customer.name:
        values["name"] = name[:200]
    return values


def _locked(customers: Iterable[Customer]) -> list[Customer]:
    """
    These customers as they are now, locked with their conversations until the transaction ends. Conversations are
    locked first, here as everywhere, so that no two transactions wait for each other.
    """
    pks = [customer.pk for customer in customers]
    list(Conversation.objects.select_for_update().filter(customer__in=pks).order_by("pk").values_list("pk"))
    return list(Customer.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def change_phone(business: Business, old: str, new: str) -> None:
    """
    Give whoever has the phone `old` the phone `new`; a customer that has the new one is the same person. Without
    effect when nobody has the old one. Call it in a transaction.
    """
    found = Customer.objects.filter(business=business, phone__in=[old, new])
    by_phone = {customer.phone: customer for customer in _locked(found)}
    if old not in by_phone or old == new:
        return
    if new in by_phone:
        merge(by_phone[new], by_phone[old])
    else:
        update(by_phone[old], phone=new)


def _merge_all(customers: list[Customer], phone: str | None) -> Customer:
    """The one customer of rows that turned out to be the same person: the one with this phone stays."""
    target, *others = sorted(customers, key=lambda customer: customer.phone != phone)
    for other in others:
        if other.phone:
            # Two phones are two people; the user id moved on to the one who writes now.
            update(other, whatsapp_user_id=None)
        else:
            merge(target, other)
    return target


def opt_out(customer: Customer) -> None:
    """Send this customer no broadcasts from now on."""
    if not customer.opted_out:
        update(customer, opted_out_at=timezone.now())


def opt_in(customer: Customer) -> None:
    """Send this customer broadcasts again."""
    if customer.opted_out:
        update(customer, opted_out_at=None)


def add_tags(customer: Customer, names: Iterable[str]) -> None:
    customer.tags.add(*get_or_create_tags(customer.business_id, names))
    customer.count_edit()


def remove_tags(customer: Customer, names: Iterable[str]) -> None:
    customer.tags.remove(*Tag.objects.filter(business=customer.business_id, name__in=clean_tag_names(names)))
    customer.count_edit()


def set_tags(customer: Customer, names: Iterable[str]) -> None:
    customer.tags.set(get_or_create_tags(customer.business_id, names))
    customer.count_edit()


def get_or_create_tags(business_id: int, names: Iterable[str]) -> list[Tag]:
    """The tags with these names; those that are new are created. Raises ValidationError."""
    names = clean_tag_names(names)
    Tag.objects.bulk_create([Tag(business_id=business_id, name=name) for name in names], ignore_conflicts=True)
    return list(Tag.objects.filter(business=business_id, name__in=names))


def clean_tag_names(names: Iterable[str]) -> list[str]:
    """Tag names in order, stripped and without repetition. Raises ValidationError (`invalid_tag`)."""
    names = list(dict.fromkeys(name.strip() for name in names))
    if any(not name or len(name) > 50 for name in names):
        raise ValidationError(_("A tag has 1 to 50 characters."), code="invalid_tag")
    return names
