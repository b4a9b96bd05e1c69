from celery import shared_task

from . import transfers


@shared_task
def transfer_media():
    """Fetch the files of customers from Meta and upload ours; also the tick for what is due by its time."""
    transfers.transfer_due()
