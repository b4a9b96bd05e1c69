"""Merges rows that are about the same person: what belongs to the source moves to the target, which stays."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ForeignObject, Model, QuerySet

from accounts.names import clean_name
from crm.models import Conversation, Customer


def merge(target: Customer, source: Customer) -> None:
    """Merge a customer into another: tags, attributes, opt-out, and every row of any app. `source` is deleted."""
    target.tags.add(*source.tags.all())
    _move_all(target, source)
    target.name = clean_name(target.name) or source.name
    target.attributes = {**source.attributes, **target.attributes}
    target.opted_out_at = target.opted_out_at or source.opted_out_at
    target.save(update_fields=["name", "attributes", "opted_out_at"])


def _merge_conversation(target: Conversation, source: Conversation) -> None:
    _move_all(target, source)
    target.unread += source.unread
    target.in_scenario = target.in_scenario or source.in_scenario
    target.last_inbound_at = max(filter(None, [target.last_inbound_at, source.last_inbound_at]), default=None)
    target.last_message_at = max(target.last_message_at, source.last_message_at)
    target.assignee_id = target.assignee_id or source.assignee_id
    target.save()


def _move_all(target: Model, source: Model) -> None:
    """
    Point every row that refers to `source`, in whichever app, to `target`, and delete `source`. Where `target` has
    its own row already (unique), that one stays; conversations with the same number are merged in turn.
    """
    for relation in source._meta.related_objects:
        if relation.one_to_many or relation.one_to_one:
            _move(relation.field, target, source)
    source.delete()


def _move(field: "ForeignObject[Any, Any]", target: Model, source: Model) -> None:
    rows = field.model._base_manager.filter(**{field.name: source})
    if _try_to_move(rows, field, target):
        return
    for row in rows:
        if not _try_to_move(rows.filter(pk=row.pk), field, target) and isinstance(row, Conversation):
            assert isinstance(target, Customer)
            _merge_conversation(target.conversations.get(whatsapp_number=row.whatsapp_number_id), row)


def _try_to_move(rows: QuerySet[Any], field: "ForeignObject[Any, Any]", target: Model) -> bool:
    """Point all of these rows to `target`; False, and nothing is changed, when one of them must stay unique."""
    try:
        with transaction.atomic():
            rows.update(**{field.name: target})
    except IntegrityError:
        return False
    return True
