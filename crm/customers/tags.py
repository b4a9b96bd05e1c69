"""
Tags by their names, which are compared by crm.normalization.fold_tag: “VIP” and “vip ” are one. The spelling that was
written first stays.

The version before writes tags without their folded name. They are found all the same, and brought in line by the next
that creates a tag.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Model, Q
from django.utils.translation import gettext_lazy as _

from accounts.database.bulk_insert import insert_rows
from accounts.database.bulk_update import update_rows
from crm.models import Customer, Tag
from crm.models.customer import NOTHING_SEEN
from crm.normalization import fold_tag, trim_tag

#: Tags in one UPDATE.
BATCH = 1000

MAX_LENGTH = 50


def clean_tag_names(names: Iterable[str]) -> list[str]:
    """Tag names in order, as they are shown, each once whatever its case. Raises ValidationError (`invalid_tag`)."""
    found: dict[str, str] = {}
    for name in map(trim_tag, names):
        folded = fold_tag(name)
        if not folded:
            raise ValidationError(NOTHING_SEEN, code="invalid_tag")
        if len(name) > MAX_LENGTH:
            raise ValidationError(_("A tag has 1 to 50 characters."), code="invalid_tag")
        found.setdefault(folded, name)
    return list(found.values())


def find_tags(business_id: int, names: Iterable[str]) -> list[Tag]:
    """The tags of a business that have these names, whatever their case. Names without a tag are left out."""
    wanted = {fold_tag(name) for name in names}
    if not wanted:
        return []
    return [tag for tag in _with_unfolded(business_id, wanted) if fold_tag(tag.name) in wanted]


def get_or_create_tags(business_id: int, names: Iterable[str]) -> list[Tag]:
    """The tags with these names; those that are new are created. Raises ValidationError."""
    wanted = {fold_tag(name): name for name in clean_tag_names(names)}
    tags = _with_unfolded(business_id, wanted)
    if any(tag.folded_name is None for tag in tags):
        merge_same_tags(business_id)
        tags = _with_unfolded(business_id, wanted)
    if new := wanted.keys() - {tag.folded_name for tag in tags}:
        made = [Tag(business_id=business_id, name=name) for folded, name in wanted.items() if folded in new]
        for tag in made:
            tag.set_folded_name()
        Tag.objects.bulk_create(made, ignore_conflicts=True)
        tags = find_tags(business_id, wanted)
    return tags


def _with_unfolded(business_id: int, folded_names: Iterable[str]) -> list[Tag]:
    """The tags with these folded names, and those of the business that have none yet."""
    named = Q(folded_name__in=list(folded_names)) | Q(folded_name=None)
    return list(Tag.objects.filter(named, business=business_id))


@transaction.atomic
def merge_same_tags(
    business_id: int, tags: type[Model] = Tag, links: type[Model] = Customer.tags.through, batch: int = BATCH
) -> None:
    """
    Give the tags of a business their folded names. Of several with one name the one that most customers have stays,
    else the oldest, and gets the customers of the others. A migration gives the models as they were then.
    """
    groups: defaultdict[str, list[int]] = defaultdict(list)
    unfolded: set[int] = set()
    rows: Any = tags._base_manager.filter(business=business_id).select_for_update().order_by("pk")
    for pk, name, folded_name in rows.values_list("pk", "name", "folded_name"):
        groups[fold_tag(name) or name].append(pk)
        if folded_name is None:
            unfolded.add(pk)
    kept = dict(zip(groups, _kept(list(groups.values()), links, batch), strict=True))
    _merge({pk: kept[name] for name, pks in groups.items() for pk in pks if pk != kept[name]}, tags, links, batch)
    changed = [(kept[name], name) for name, pks in groups.items() if not unfolded.isdisjoint(pks)]
    for start in range(0, len(changed), batch):
        part = changed[start : start + batch]
        update_rows(tags, ("id", "folded_name"), part, {"folded_name": "v.folded_name"}, where="t.id = v.id")


def _kept(groups: list[list[int]], links: type[Model], batch: int) -> list[int]:
    """Of each group of tags the one that stays."""
    several = [pk for pks in groups if len(pks) > 1 for pk in pks]
    uses: dict[int, int] = {}
    for start in range(0, len(several), batch):
        of_tags = links._base_manager.filter(tag__in=several[start : start + batch]).order_by()
        uses |= dict(of_tags.values_list("tag").annotate(Count("pk")))
    return [max(pks, key=lambda pk: (uses.get(pk, 0), -pk)) for pks in groups]


def _merge(kept: dict[int, int], tags: type[Model], links: type[Model], batch: int) -> None:
    """Merge tags into others: `kept` says for each that goes which one stays."""
    pks = list(kept)
    for start in range(0, len(pks), batch):
        part = pks[start : start + batch]
        moving: Any = links._base_manager.filter(tag__in=part)
        pairs = [(customer, kept[tag]) for customer, tag in moving.values_list("customer", "tag")]
        insert_rows(links, ("customer", "tag"), pairs)
        for gone in (moving, tags._base_manager.filter(pk__in=part)):
            gone._raw_delete(gone.db)
