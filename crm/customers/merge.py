"""Two rows turn out to be one: what hangs on the lesser moves to the one that is kept."""

from django.db import IntegrityError, transaction

from crm.models import Conversation


def absorb(kept, lesser):
    """
    Move every row that hangs on `lesser`, in whichever app, to `kept`, and delete `lesser`. Where `kept` has its
    own row already (unique), that one stays; conversations with the same number are merged in turn.
    """
    for relation in lesser._meta.related_objects:
        if relation.one_to_many or relation.one_to_one:
            move(relation.field, kept, lesser)
    lesser.delete()


def move(field, kept, lesser):
    rows = field.model._base_manager.filter(**{field.name: lesser})
    if try_to_move(rows, field, kept):
        return
    for row in rows:
        if not try_to_move(rows.filter(pk=row.pk), field, kept) and isinstance(row, Conversation):
            absorb_conversation(kept.conversations.get(whatsapp_number=row.whatsapp_number_id), row)


def try_to_move(rows, field, kept):
    try:
        with transaction.atomic():
            rows.update(**{field.name: kept})
    except IntegrityError:
        return False
    return True


def absorb_conversation(kept, lesser):
    absorb(kept, lesser)
    kept.unread += lesser.unread
    kept.in_scenario = kept.in_scenario or lesser.in_scenario
    kept.last_inbound_at = max(filter(None, [kept.last_inbound_at, lesser.last_inbound_at]), default=None)
    kept.last_message_at = max(kept.last_message_at, lesser.last_message_at)
    kept.assignee_id = kept.assignee_id or lesser.assignee_id
    kept.save()
