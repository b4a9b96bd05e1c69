from celery import shared_task

from . import conversation_export_job, customer_uploads, transfers
from .models import ConversationExport

#: Seconds that an export has the worker before others have a turn.
SECONDS = 20


@shared_task
def transfer_media():
    """Fetch the files of customers from Meta and upload ours; also the tick for what is due by its time."""
    transfers.transfer_due()


@shared_task
def forget_uploads():
    return customer_uploads.forget_old()


@shared_task
def go_on_importing():
    """Go on with files of customers that took too long for a page, or whose worker was ended."""
    return customer_uploads.go_on_with_due()


@shared_task(bind=True)
def export_conversations(self, export_id):
    """Write more of a file, if it is still wanted."""
    export = ConversationExport.objects.filter(pk=export_id).first()
    if export and conversation_export_job.go_on(export, SECONDS):
        self.delay(export_id)


@shared_task
def go_on_exporting():
    """Tick: exports that a worker left, or whose task was lost."""
    for export_id in ConversationExport.objects.due().values_list("pk", flat=True):
        export_conversations.delay(export_id)


@shared_task
def forget_exports():
    return conversation_export_job.forget_old()
