from celery import shared_task

from . import customer_uploads, transfers


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
