"""
Merges rows that are about the same person: what belongs to the source moves to the target, which stays. What was done
is remembered in a CustomerMerge, by which merge_undo makes two of them again.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import F, ForeignObject, Model, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.names import clean_name
from crm.models import Conversation, Customer, CustomerMerge

#: What was done to the rows of a source: `moved` maps “app.model.field” to the ids of the rows that were pointed to
#: the target, `deleted` holds rows that could not be, `conversations` those that were merged into one of the target's:
#: `source` and `target` as they were before, and their own `changes`.
Changes = dict[str, Any]


def locked(customers: Iterable[Customer]) -> list[Customer]:
    """
    These customers as they are now, locked with their conversations until the transaction ends. Conversations are
    locked first, here as everywhere, so that no two transactions wait for each other.
    """
    pks = [customer.pk for customer in customers]
    list(Conversation.objects.select_for_update().filter(customer__in=pks).order_by("pk").values_list("pk"))
    return list(Customer.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def merge(target: Customer, source: Customer, merged_by: User | None = None) -> CustomerMerge:
    """
    Merge a customer into another: tags, attributes, opt-out, and every row of any app. `source` is deleted. Call it in
    a transaction, with both locked.
    """
    done = CustomerMerge(
        business_id=target.business_id,
        customer=target,
        source_pk=source.pk,
        source=as_json(source),
        target=as_json(target),
        merged_by=merged_by,
    )
    target.tags.add(*source.tags.all())
    done.changes = _move_all(target, source)
    target.name = clean_name(target.name) or source.name
    target.attributes = {**source.attributes, **target.attributes}
    target.opted_out_at = target.opted_out_at or source.opted_out_at
    target.ad = target.ad or source.ad
    target.save(update_fields=["name", "attributes", "opted_out_at", "ad"])
    done.save()
    return done


def as_json(row: Model) -> dict[str, Any]:
    """A row with all its columns, as Django serializes it."""
    [serialized] = json.loads(serializers.serialize("json", [row]))
    return dict(serialized)


def _merge_conversation(target: Conversation, source: Conversation) -> dict[str, Any]:
    before = {"source": as_json(source), "target": as_json(target)}
    _count_together(target, source)
    changes = _move_all(target, source)
    target.unread += source.unread
    target.inbound_count += source.inbound_count
    target.waiting_since = min(filter(None, [target.waiting_since, source.waiting_since]), default=None)
    target.snoozed_until = None
    if source.status == Conversation.Status.OPEN:
        target.status = Conversation.Status.OPEN
    target.updated_at = timezone.now()
    target.in_scenario = target.in_scenario or source.in_scenario
    target.is_shown_read = target.is_shown_read and source.is_shown_read
    target.last_inbound_at = max(filter(None, [target.last_inbound_at, source.last_inbound_at]), default=None)
    target.last_message_at = max(target.last_message_at, source.last_message_at)
    target.assignee_id = target.assignee_id or source.assignee_id
    if source.is_bot_paused and not target.is_bot_paused:
        target.bot_paused, target.bot_resumes_at = True, source.bot_resumes_at
    target.save()
    return {**before, "changes": changes}


def _count_together(target: Conversation, source: Conversation) -> None:
    """What counts the messages that came in counts those of both from now on; whoever never looked has read them."""
    read_of_source = dict(source.reads.values_list("user", "read_count"))
    for mark in target.reads.all():
        mark.read_count += read_of_source.pop(mark.user_id, source.inbound_count)
        mark.save(update_fields=["read_count"])
    source.reads.filter(user__in=read_of_source).update(read_count=F("read_count") + target.inbound_count)
    target.scheduled_messages.update(inbound_count=F("inbound_count") + source.inbound_count)
    source.scheduled_messages.update(inbound_count=F("inbound_count") + target.inbound_count)


def _move_all(target: Model, source: Model) -> Changes:
    """
    Point every row that refers to `source`, in whichever app, to `target`, and delete `source`. Where `target` has
    its own row already (unique), that one stays; conversations with the same number are merged in turn.
    """
    changes: Changes = {"moved": defaultdict(list), "deleted": [], "conversations": []}
    for relation in source._meta.related_objects:
        if relation.one_to_many or relation.one_to_one:
            _move(relation.field, target, source, changes)
    source.delete()
    return changes


def _move(field: "ForeignObject[Any, Any]", target: Model, source: Model, changes: Changes) -> None:
    rows = field.model._base_manager.filter(**{field.name: source})
    moved = changes["moved"][f"{field.model._meta.label_lower}.{field.name}"]
    pks = list(rows.values_list("pk", flat=True))
    if _try_to_move(rows, field, target):
        moved += pks
        return
    for row in rows:
        if _try_to_move(rows.filter(pk=row.pk), field, target):
            moved.append(row.pk)
        elif isinstance(row, Conversation):
            assert isinstance(target, Customer)
            own = target.conversations.get(whatsapp_number=row.whatsapp_number_id)
            changes["conversations"].append(_merge_conversation(own, row))
        else:
            changes["deleted"].append(as_json(row))


def _try_to_move(rows: QuerySet[Any], field: "ForeignObject[Any, Any]", target: Model) -> bool:
    """Point all of these rows to `target`; False, and nothing is changed, when one of them must stay unique."""
    try:
        with transaction.atomic():
            rows.update(**{field.name: target})
    except IntegrityError:
        return False
    return True
