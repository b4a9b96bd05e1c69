from celery import shared_task

from crm.models import ConversationExport

from . import export_job

#: Seconds that an export has the worker before others have a turn.
SECONDS = 20


@shared_task(bind=True)
def export_conversations(self, export_id):
    """Write more of a file, if it is still wanted."""
    export = ConversationExport.objects.filter(pk=export_id).first()
    if export and export_job.go_on(export, SECONDS):
        self.delay(export_id)


@shared_task
def go_on_exporting():
    """Tick: exports that a worker left, or whose task was lost."""
    for export_id in ConversationExport.objects.due().values_list("pk", flat=True):
        export_conversations.delay(export_id)


@shared_task
def forget_exports():
    return export_job.forget_old()
