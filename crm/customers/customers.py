"""What is done with a customer: found, made, merged, tagged, opted out."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Conversation, Customer, Tag

from .merge import absorb


def find_or_make(business, phone=None, user_id=None, name=""):
    """The customer of `identify`, with what is newly known of them: phone, user id, a name where there was none."""
    customer = identify(business, phone, user_id, name)
    complete(customer, phone, user_id, name)
    return customer


def identify(business, phone, user_id, name=""):
    """
    The customer with this phone or WhatsApp user id, made when there is none. When the two name different rows,
    these turn out to be one person and are merged. Call it in a transaction.
    """
    known = find(business, phone, user_id)
    if len(known) > 1:
        known = locked(known)
    return merge(known, phone) if known else make(business, phone, user_id, name)


def find(business, phone, user_id):
    """Up to two rows: one knows the phone, another the user id."""
    identity = Q(pk__in=[])
    if phone:
        identity |= Q(phone=phone)
    if user_id:
        identity |= Q(whatsapp_user_id=user_id)
    return list(Customer.objects.filter(identity, business=business))


def make(business, phone, user_id, name):
    """A new customer, or the one that somebody else made at the same moment."""
    identity = {"phone": phone} if phone else {"whatsapp_user_id": user_id}
    defaults = {"whatsapp_user_id": user_id, "name": name[:200]}
    customer, _made = Customer.objects.get_or_create(business=business, **identity, defaults=defaults | identity)
    return customer


def locked(customers):
    """
    These customers as they are now, with their conversations kept from others until the transaction ends.
    Conversations are locked first, here as everywhere, so that nobody waits for each other.
    """
    pks = [customer.pk for customer in customers]
    list(Conversation.objects.select_for_update().filter(customer__in=pks).order_by("pk").values_list("pk"))
    return list(Customer.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def change_phone(business, old, new):
    """
    Whoever had the phone `old` has `new` from now on; a customer that is known by the new one is the same person.
    Without effect when nobody is known by the old one. Call it in a transaction.
    """
    found = Customer.objects.filter(business=business, phone__in=[old, new])
    by_phone = {customer.phone: customer for customer in locked(found)}
    if old not in by_phone or old == new:
        return
    if new in by_phone:
        absorb_customer(by_phone[new], by_phone[old])
    else:
        by_phone[old].phone = new
        by_phone[old].save(update_fields=["phone"])


def merge(known, phone):
    """One customer of those that turned out to be the same person: the one with this phone stays."""
    known.sort(key=lambda customer: customer.phone != phone)
    kept, *others = known
    for other in others:
        if other.phone:
            # Two phones are two people; the user id moved on to the one who writes now.
            other.whatsapp_user_id = None
            other.save(update_fields=["whatsapp_user_id"])
        else:
            absorb_customer(kept, other)
    return kept


def absorb_customer(kept, lesser):
    kept.tags.add(*lesser.tags.all())
    absorb(kept, lesser)
    kept.name = kept.name or lesser.name
    kept.attributes = {**lesser.attributes, **kept.attributes}
    kept.opted_out_at = kept.opted_out_at or lesser.opted_out_at
    kept.save(update_fields=["name", "attributes", "opted_out_at"])


def complete(customer, phone, user_id, name):
    """Write down what is newly known of a customer."""
    news = {}
    if phone and customer.phone != phone:
        news["phone"] = phone
    if user_id and customer.whatsapp_user_id != user_id:
        news["whatsapp_user_id"] = user_id
    if name and not customer.name:
        news["name"] = name[:200]
    if news:
        for field, value in news.items():
            setattr(customer, field, value)
        customer.save(update_fields=list(news))


def opt_out(customer):
    """No more broadcasts from now on."""
    if not customer.opted_out:
        customer.opted_out_at = timezone.now()
        customer.save(update_fields=["opted_out_at"])


def opt_in(customer):
    if customer.opted_out:
        customer.opted_out_at = None
        customer.save(update_fields=["opted_out_at"])


def add_tags(customer, names):
    customer.tags.add(*tags_named(customer.business_id, names))


def remove_tags(customer, names):
    customer.tags.remove(*Tag.objects.filter(business=customer.business_id, name__in=clean_names(names)))


def set_tags(customer, names):
    customer.tags.set(tags_named(customer.business_id, names))


def tags_named(business_id, names):
    """The tags with these names; those that are new come into being."""
    names = clean_names(names)
    Tag.objects.bulk_create([Tag(business_id=business_id, name=name) for name in names], ignore_conflicts=True)
    return list(Tag.objects.filter(business=business_id, name__in=names))


def clean_names(names):
    """Tag names without blanks around them and without repetition, in order."""
    names = list(dict.fromkeys(name.strip() for name in names))
    if any(not name or len(name) > 50 for name in names):
        raise ValidationError(_("A tag has 1 to 50 characters."), code="invalid_tag")
    return names
