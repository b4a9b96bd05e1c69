from celery import shared_task

from . import uploads


@shared_task
def forget_uploads():
    return uploads.forget_old()


@shared_task
def go_on_importing():
    """Go on with files of customers that took too long for a page, or whose worker was ended."""
    return uploads.go_on_with_due()
