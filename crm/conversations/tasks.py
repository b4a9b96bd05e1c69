"""What runs in workers beside an answer; nothing waits for it."""

from celery import shared_task

from . import read_receipts


@shared_task
def show_read(conversation_id: int) -> None:
    read_receipts.show_read(conversation_id)


@shared_task
def show_typing(conversation_id: int) -> None:
    read_receipts.show_typing(conversation_id)
