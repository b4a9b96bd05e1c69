"""What is done with a customer: identify, create, change, tag, opt out."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import Business
from accounts.names import clean_name
from crm.models import Customer
from whatsapp.phone_numbers import variants_of

from .duplicates import kept_apart
from .merge import locked, merge
from .tags import clean_tag_names, find_tags, get_or_create_tags


def get_or_create(
    business: Business, phone: str | None = None, user_id: str | None = None, name: str = ""
) -> Customer:
    """
    The customer with this phone (E.164), in whichever spelling, or WhatsApp user id, created when there is none. What
    was not known of them, like a name, is stored; a phone stays as WhatsApp spells it. Call it in a transaction.
    """
    customer, known = identify(business, phone, user_id, name)
    if customer.phone in variants_of(phone or ""):
        known.pop("phone", None)
    if known:
        update(customer, **known)
    return customer


def identify(
    business: Business, phone: str | None, user_id: str | None, name: str = "", username: str = ""
) -> tuple[Customer, dict[str, str]]:
    """
    The customer whom WhatsApp knows by this phone or user id, created when there is none, and the values that are to
    be changed, by field, because they are new: the phone is spelled as WhatsApp spells it. When phone and user id
    belong to more rows, these turn out to be one person and are merged. Call it in a transaction.
    """
    name = clean_name(name)
    found = _find(business, phone, user_id)
    if len(found) > 1:
        found = locked(found)
    if found:
        customer = _merge_all(found, phone, user_id=user_id)
    else:
        customer = _create(business, phone, user_id, name, username)
    return customer, news_of(customer, phone, user_id, name, username)


def update(customer: Customer, **values: Any) -> None:
    """Save these fields of a customer, and no others."""
    for field, value in values.items():
        setattr(customer, field, value)
    customer.save(update_fields=list(values))


def _find(business: Business, phone: str | None, user_id: str | None, addressed: str = "") -> list[Customer]:
    """Mostly one row; more when one has the phone, others another spelling of it, the user id, or either."""
    identity = Q(pk__in=[])
    if addressed:
        identity |= Q(phone__in=variants_of(addressed)) | Q(whatsapp_user_id=addressed)
    if phone:
        identity |= Q(phone__in=variants_of(phone))
    if user_id:
        identity |= Q(whatsapp_user_id=user_id)
    return list(Customer.objects.filter(identity, business=business))


def _create(business: Business, phone: str | None, user_id: str | None, name: str, username: str) -> Customer:
    """A new customer, or the one that somebody else created at the same moment."""
    identity = {"phone__in": variants_of(phone)} if phone else {"whatsapp_user_id": user_id}
    values = {"phone": phone, "whatsapp_user_id": user_id, "name": name[:200], "username": username}
    customer, _created = Customer.objects.get_or_create(business=business, **identity, defaults=values)
    return customer


def news_of(
    customer: Customer, phone: str | None, user_id: str | None, name: str = "", username: str = ""
) -> dict[str, str]:
    """What is new in what WhatsApp says of a customer: the values to be changed, by field."""
    said = {"phone": phone, "whatsapp_user_id": user_id, "username": username}
    values = {field: value for field, value in said.items() if value and value != getattr(customer, field)}
    if name and not customer.name:
        values["name"] = name[:200]
    return values


def change_phone(business: Business, old: str, new: str) -> None:
    """
    Give whoever has the phone `old`, in whichever spelling, the phone `new`; a customer that has the new one is the
    same person. Without effect when nobody has the old one. Call it in a transaction.
    """
    spellings = {*variants_of(old), *variants_of(new)}
    found = locked(Customer.objects.filter(business=business, phone__in=spellings))
    known = [customer for customer in found if customer.phone in variants_of(old)]
    if not known or old == new:
        return
    customer = _merge_all(found, new, variants_of(old))
    if customer.phone != new:
        update(customer, phone=new)


def change_user_id(business: Business, old: str, new: str) -> None:
    """
    Give whoever has the WhatsApp user id `old` the id `new`; a customer that has the new one is the same person,
    unless both have phones. Without effect when nobody has the old one. Call it in a transaction.
    """
    found = locked(Customer.objects.filter(business=business, whatsapp_user_id__in=[old, new]))
    if old == new or not any(customer.whatsapp_user_id == old for customer in found):
        return
    phone = next((customer.phone for customer in found if customer.phone), None)
    customer = _merge_all(found, phone, user_id=new)
    if customer.whatsapp_user_id != new:
        update(customer, whatsapp_user_id=new)


@transaction.atomic
def recognise(business: Business, addressed: str, phone: str, user_id: str | None) -> None:
    """
    WhatsApp knows whoever was written to by `addressed`, a phone (E.164) or a user id, by this phone and user id: so
    do we from now on, and rows with them are about the same person. Without effect when nobody has `addressed`.
    """
    found = _find(business, phone, user_id, addressed)
    if not any(addressed in (row.phone, row.whatsapp_user_id) for row in found):
        return
    target = _merge_all(locked(found), phone, variants_of(addressed), user_id)
    if known := news_of(target, phone, user_id):
        update(target, **known)


def _merge_all(
    customers: list[Customer], phone: str | None, others: Collection[str] = (), user_id: str | None = None
) -> Customer:
    """
    The one customer of rows that turned out to be the same person: the one with this phone stays. `others` are more
    phones of that person; `user_id` is nobody else's from now on.
    """
    spellings = variants_of(phone or "")
    apart = kept_apart(customers) if len(customers) > 1 else set()
    target, *sources = sorted(customers, key=lambda row: (row.phone != phone, row.phone not in spellings, row.pk))
    for source in sources:
        if source.phone and (target.pk, source.pk) in apart:
            if user_id and source.whatsapp_user_id == user_id:
                update(source, whatsapp_user_id=None)
        elif phone and source.phone and source.phone not in {*spellings, *others}:
            # Two phones are two people; the user id moved on to the one who writes now.
            update(source, whatsapp_user_id=None)
        else:
            merge(target, source)
    return target


def opt_out(customer: Customer) -> bool:
    """Send this customer no broadcasts from now on. Returns whether that is new."""
    return choose_mailings(customer, wanted=False)


def opt_in(customer: Customer) -> bool:
    """Send this customer broadcasts again. Returns whether that is new."""
    return choose_mailings(customer, wanted=True)


@transaction.atomic
def choose_mailings(customer: Customer, wanted: bool) -> bool:
    """Opt in or out. Returns whether that is new: of two that do it at the same moment it is for one."""
    opted_out_at = None if wanted else timezone.now()
    unchosen = Customer.objects.filter(pk=customer.pk, opted_out_at__isnull=not wanted)
    if unchosen.update(opted_out_at=opted_out_at):
        customer.count_edit()
        customer.opted_out_at = opted_out_at
        return True
    if customer.opted_out is wanted:
        customer.refresh_from_db(fields=["opted_out_at"])
    return False


def opt_out_all(customers: QuerySet[Customer]) -> int:
    """Opt out those of these customers who have not. Returns how many that were."""
    mailed = _rows(customers).filter(opted_out_at__isnull=True)
    return mailed.update(opted_out_at=timezone.now(), revision=F("revision") + 1)


def opt_in_all(customers: QuerySet[Customer]) -> int:
    """Opt in those of these customers who had opted out. Returns how many that were."""
    opted_out = _rows(customers).filter(opted_out_at__isnull=False)
    return opted_out.update(opted_out_at=None, revision=F("revision") + 1)


def _rows(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """The same customers, however they were looked up, for one UPDATE of any number."""
    return Customer.objects.filter(pk__in=customers.order_by().values("pk"))


def add_tags(customer: Customer, names: Iterable[str]) -> None:
    held = _tag_ids(customer)
    if new := [tag for tag in get_or_create_tags(customer.business_id, names) if tag.pk not in held]:
        customer.tags.add(*new)
        customer.count_edit()


def remove_tags(customer: Customer, names: Iterable[str]) -> None:
    held = _tag_ids(customer)
    if gone := [tag for tag in find_tags(customer.business_id, clean_tag_names(names)) if tag.pk in held]:
        customer.tags.remove(*gone)
        customer.count_edit()


def set_tags(customer: Customer, names: Iterable[str]) -> None:
    tags = get_or_create_tags(customer.business_id, names)
    if {tag.pk for tag in tags} != _tag_ids(customer):
        customer.tags.set(tags)
        customer.count_edit()


def _tag_ids(customer: Customer) -> set[int]:
    return set(customer.tags.order_by().values_list("pk", flat=True))
