"""Makes two customers again of one that two were merged into."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import F, ForeignKey, Model, Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from crm.models import Conversation, Customer, CustomerMerge
from whatsapp.phone_numbers import variants_of

from .merge import Changes, locked

Json = dict[str, Any]

#: Rows that are moved back in one statement.
BATCH = 5000


@transaction.atomic
def undo(pk: int) -> Customer:
    """
    Undo the merge with this id: the source is there again with what was its own, and the target is as before in what
    nobody has changed since. Later messages stay with the target. The two are not merged again by themselves. Returns
    the source. Raises Refusal("undone"), Refusal("identity_taken"), and Refusal("not_undoable") when what the merge
    moved is gone.
    """
    done = CustomerMerge.objects.select_for_update().get(pk=pk)
    if done.undone_at:
        raise Refusal("undone", _("This merge is undone already."))
    [target] = locked([Customer(pk=done.customer_id)])
    _check_identity_is_free(done, target)
    try:
        with transaction.atomic():
            _restore_target(done, target)
            source = _restore(done.source, {"canonical_phone": _free_spelling(done, target)})
            _move_back(done.changes, target.pk, source.pk)
    except (IntegrityError, ObjectDoesNotExist) as error:
        sentence = _("Too much has changed since: this merge cannot be undone any more.")
        raise Refusal("not_undoable", sentence) from error
    done.undone_at, done.source, done.target, done.changes = timezone.now(), {}, {}, {}
    done.save()
    return Customer.objects.get(pk=source.pk)


def _check_identity_is_free(done: CustomerMerge, target: Customer) -> None:
    """Nobody but the target may be known by what the source was known by."""
    fields = done.source["fields"]
    identity = Q(pk__in=[])
    if fields["phone"]:
        identity |= Q(phone=fields["phone"])
    if fields["whatsapp_user_id"]:
        identity |= Q(whatsapp_user_id=fields["whatsapp_user_id"])
    taken = Customer.objects.filter(identity, business=done.business_id).exclude(pk=target.pk).first()
    if taken:
        raise Refusal(
            "identity_taken",
            _("“%(customer)s” has the phone or the WhatsApp user ID by now. Merge or delete that customer first.")
            % {"customer": taken},
        )


def _restore_target(done: CustomerMerge, target: Customer) -> None:
    """Take from the target what the merge gave it, where that is as it was given."""
    before, source = done.target["fields"], done.source["fields"]
    for name in ("phone", "whatsapp_user_id"):
        if getattr(target, name) == source[name] and source[name]:
            setattr(target, name, before[name])
    if target.name == source["name"]:
        target.name = before["name"]
    if target.username == source["username"]:
        target.username = before["username"]
    given = {name: value for name, value in source["attributes"].items() if name not in before["attributes"]}
    target.attributes = {
        name: value for name, value in target.attributes.items() if name not in given or given[name] != value
    }
    if source["opted_out_at"] and not before["opted_out_at"] and _same_moment(target, source["opted_out_at"]):
        target.opted_out_at = None
    if not (target.phone or target.whatsapp_user_id):
        raise Refusal("not_undoable", _("The customer would be left without a phone. Give them one first."))
    target.tags.remove(*(pk for pk in source["tags"] if pk not in before["tags"]))
    target.save()


def _same_moment(target: Customer, moment: str) -> bool:
    """A serialized time has milliseconds."""
    given = parse_datetime(moment)
    return bool(target.opted_out_at and given and abs((target.opted_out_at - given).total_seconds()) < 0.01)


def _free_spelling(done: CustomerMerge, target: Customer) -> str | None:
    """What the source holds as its canonical phone: what the target does not hold."""
    spellings = variants_of(done.source["fields"]["phone"] or "")
    return next((it for it in spellings if it != target.canonical_phone), None) if len(spellings) > 1 else None


def _restore(row: Json, changes: Json | None = None) -> Any:
    """
    Insert a row as it was serialized. What it could do without and is gone meanwhile, like a person or a tag, stays
    gone. Raises ObjectDoesNotExist where it needs what is gone.
    """
    fields = {**row["fields"], **(changes or {})}
    fields |= _without_what_is_gone(apps.get_model(row["model"]), fields)
    if "tags" in fields:
        tags = apps.get_model("crm", "Tag").objects.filter(pk__in=fields["tags"])
        fields["tags"] = list(tags.values_list("pk", flat=True))
    [restored] = serializers.deserialize("json", json.dumps([{**row, "fields": fields}]))
    restored.save()
    return restored.object


def _without_what_is_gone(model: type[Model], fields: Json) -> Json:
    """The foreign keys among `fields` that name nothing any more, as nulls. Databases check them at the commit."""
    keys = (field for field in model._meta.concrete_fields if isinstance(field, ForeignKey))
    gone = [key for key in keys if fields.get(key.name) is not None and not _is_there(key, fields[key.name])]
    if needed := next((key for key in gone if not key.null), None):
        raise ObjectDoesNotExist(f"There is no {needed.name} {fields[needed.name]}.")
    return {key.name: None for key in gone}


def _is_there(key: "ForeignKey[Any, Any]", pk: Any) -> bool:
    related: Any = key.related_model
    return bool(related._base_manager.filter(pk=pk).exists())


def _move_back(changes: Changes, target_pk: int, source_pk: int) -> None:
    """Point what was moved from a source back to it, where it still is with the target."""
    for path, pks in changes["moved"].items():
        label, name = path.rsplit(".", 1)
        rows = apps.get_model(label)._base_manager.filter(**{name: target_pk})
        for start in range(0, len(pks), BATCH):
            rows.filter(pk__in=pks[start : start + BATCH]).update(**{name: source_pk})
    for merged in changes["conversations"]:
        _split_conversation(merged)
    for row in changes["deleted"]:
        # What a row needed may have been deleted meanwhile, and the row would have been with it.
        with suppress(ObjectDoesNotExist):
            _restore(row)


def _split_conversation(merged: Json) -> None:
    source = _restore(merged["source"])
    target_pk = merged["target"]["pk"]
    _move_back(merged["changes"], target_pk, source.pk)
    target = Conversation.objects.select_for_update().get(pk=target_pk)
    latest = target.messages.exclude(direction="internal").order_by("-timestamp")
    inbound = latest.filter(direction="in").values_list("timestamp", flat=True).first()
    target.last_inbound_at = inbound or _time(merged["target"], "last_inbound_at")
    said_at = latest.values_list("timestamp", flat=True).first() or _time(merged["target"], "last_message_at")
    target.last_message_at = said_at or target.last_message_at
    for name in ("unread", "inbound_count"):
        # A merge of an earlier version has no count of what came in.
        setattr(target, name, max(0, getattr(target, name) - merged["source"]["fields"].get(name, 0)))
    _count_apart(target, merged["source"])
    _count_apart(source, merged["target"])
    _restore_wait(target, merged)
    target.updated_at = timezone.now()
    if merged["source"]["fields"]["in_scenario"] and not merged["target"]["fields"]["in_scenario"]:
        target.in_scenario = False
    target.save()


def _count_apart(conversation: Any, other: Json) -> None:
    """What counts the messages that came in counts those of the other one no longer."""
    of_other = other["fields"].get("inbound_count", 0)
    conversation.scheduled_messages.update(inbound_count=Greatest(F("inbound_count") - of_other, 0))
    count = conversation.inbound_count
    conversation.reads.filter(read_count__gt=count).update(read_count=count)


def _restore_wait(target: Conversation, merged: Json) -> None:
    """The wait, the snooze and the end that only one of the two had, as far as nothing has changed since."""
    of_source, of_target = (_time(merged[name], "waiting_since") for name in ("source", "target"))
    # Serialized times have no microseconds.
    is_of_source = target.waiting_since and of_source and abs(target.waiting_since - of_source) < timedelta(seconds=1)
    if is_of_source and of_target is None:
        target.waiting_since = None
    target.snoozed_until = target.snoozed_until or _time(merged["target"], "snoozed_until")
    if merged["target"]["fields"]["status"] == Conversation.Status.CLOSED and target.waiting_since is None:
        target.status = Conversation.Status.CLOSED


def _time(row: Json, name: str) -> datetime | None:
    text = row["fields"].get(name)
    return parse_datetime(text) if text else None
