"""
Whom a broadcast goes to: the audience document, and the customers it means.

    {"tags_any": ["vip"], "customers": [17], "tags_all": ["tea"], "tags_none": ["staff"]}
    {"everyone": true, "tags_all": ["tea"], "tags_none": ["staff"]}

That is (any ∪ customers) ∩ all − none. "everyone": true stands in the place of (any ∪ customers), so it comes without
those two. Nothing else means everybody: a document that chooses nobody is refused, and so is a tag that is not there.
"""

from collections import defaultdict
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Business
from crm.customers.tags import clean_tag_names, find_tags
from crm.models import Customer
from crm.normalization import fold_tag

from .models.broadcast import TAG_LISTS, tag_names

#: The audience document: what its keys mean stands above.
Document = dict[str, Any]

KEYS = (*TAG_LISTS, "customers", "everyone")

#: The most customers that are chosen one by one; more of them are given a tag.
MAX_CUSTOMERS = 10_000

#: The most tags in one list.
MAX_TAGS = 100


def clean(business: Business, document: Any) -> Document:
    """
    The document as it is stored: as it was given, its tags named as the crm names them. Raises ValidationError, by the
    key at fault, for unknown keys, tags and customers, and for a document that chooses nobody.
    """
    if not isinstance(document, dict):
        raise ValidationError(_("The audience is an object, for example {“tags_any”: [“vip”]}."))
    _check_keys(document)
    cleaned: Document = {key: _clean_tags(business, key, document.get(key, [])) for key in TAG_LISTS}
    cleaned["customers"] = _clean_customers(business, document.get("customers", []))
    cleaned["everyone"] = _clean_everyone(document.get("everyone", False))
    _check_choice(cleaned)
    return {key: cleaned[key] for key in document}


def _check_keys(document: Document) -> None:
    known = ", ".join(KEYS)
    unknown = {
        str(key): _("“%(key)s” is not known here. Known are: %(known)s.") % {"key": str(key)[:60], "known": known}
        for key in document
        if key not in KEYS
    }
    if unknown:
        raise ValidationError(unknown)


def _clean_everyone(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValidationError({"everyone": _("Write true or false.")})
    return value


def _clean_tags(business: Business, key: str, names: Any) -> list[str]:
    """The tags' names as the crm has them."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValidationError({key: _("This must be a list of tags.")})
    if len(names) > MAX_TAGS:
        raise ValidationError({key: _("At most %(most)s tags are possible here.") % {"most": MAX_TAGS}})
    try:
        names = clean_tag_names(names)
    except ValidationError as error:
        raise ValidationError({key: error.messages}) from error
    found = {fold_tag(tag.name): tag.name for tag in find_tags(business.pk, names)}
    if unknown := [name for name in names if fold_tag(name) not in found]:
        raise ValidationError({key: _("There is no tag “%(tag)s”.") % {"tag": unknown[0]}})
    return [found[fold_tag(name)] for name in names]


def _clean_customers(business: Business, ids: Any) -> list[int]:
    if not isinstance(ids, list) or not all(type(pk) is int and 0 < pk < 2**63 for pk in ids):
        raise ValidationError({"customers": _("This must be a list of customers' ids.")})
    if len(ids) > MAX_CUSTOMERS:
        message = _("At most %(most)s customers can be named one by one. Give them a tag, and choose the tag.")
        raise ValidationError({"customers": message % {"most": MAX_CUSTOMERS}})
    ids = list(dict.fromkeys(ids))
    found = set(Customer.objects.for_business(business).filter(pk__in=ids).values_list("pk", flat=True))
    if unknown := [pk for pk in ids if pk not in found]:
        raise ValidationError({"customers": _("There is no customer %(id)s.") % {"id": unknown[0]}})
    return ids


def _check_choice(cleaned: Document) -> None:
    """Never everybody by accident: a document says so, or chooses somebody."""
    everyone = cleaned["everyone"]
    chosen = [key for key in ("tags_any", "customers") if cleaned[key]]
    if everyone and chosen:
        raise ValidationError({chosen[0]: _("Everybody is chosen already: leave out either this or “everyone”.")})
    if not everyone and not chosen:
        raise ValidationError(
            _(
                "Nobody is chosen. Say who is to receive it: “tags_any”, “customers”, or “everyone”: true."
                " “tags_all” and “tags_none” only narrow that down."
            )
        )


def people(business: Business, document: Document) -> QuerySet[Customer]:
    """The customers that a document means now. Raises ValidationError like `clean`, also for a tag deleted since."""
    document = clean(business, document)
    tags = _tags_by_name(business, document)
    customers = Customer.objects.for_business(business)
    if not document.get("everyone"):
        any_of = [pk for name in document.get("tags_any", []) for pk in tags[fold_tag(name)]]
        customers = customers.filter(_has_tag(any_of) | Q(pk__in=document.get("customers", [])))
    for name in document.get("tags_all", []):
        customers = customers.filter(_has_tag(tags[fold_tag(name)]))
    return customers.exclude(_has_tag([pk for name in document.get("tags_none", []) for pk in tags[fold_tag(name)]]))


def gone_tags(business: Business, document: Document) -> list[str]:
    """The names in a stored document of tags that have been deleted since."""
    found = _tags_by_name(business, document)
    return list(dict.fromkeys(name for name in tag_names(document) if fold_tag(name) not in found))


def _tags_by_name(business: Business, document: Document) -> dict[str, list[int]]:
    """The ids of the tags that a document names, by folded name. Several where they have not been merged yet."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for tag in find_tags(business.pk, tag_names(document)):
        found[fold_tag(tag.name)].append(tag.pk)
    return found


def _has_tag(tag_ids: list[int]) -> Q:
    """Whether a customer has one of these tags."""
    return Q(Exists(Customer.tags.through.objects.filter(customer=OuterRef("pk"), tag__in=tag_ids)))
