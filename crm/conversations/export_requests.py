"""Files with the conversations of a number, asked for by people and written by workers."""

from crm.models import ConversationExport, Message

from .tasks import export_conversations

#: A number with more messages is exported by a job.
AT_ONCE = 5000


def is_large(number):
    return Message.objects.filter(whatsapp_number=number)[: AT_ONCE + 1].count() > AT_ONCE


def ask(number, person, file_format):
    """Have a file written; the one that this person asked for before, as long as it is not finished."""
    total = Message.objects.filter(whatsapp_number=number).count()
    export, is_new = ConversationExport.objects.get_or_create(
        whatsapp_number=number,
        requested_by=person,
        format=file_format,
        finished_at=None,
        defaults={"business_id": number.business_id, "total": total},
    )
    if is_new:
        export_conversations.delay_on_commit(export.pk)
    return export
