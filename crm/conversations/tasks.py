"""
What runs in workers beside an answer; nothing waits for it. The client of many calls at once is imported with the
first of them.
"""

from celery import shared_task

from accounts.jobs.after_commit import after_commit


@shared_task
def show_read(*conversation_ids: int) -> None:
    from . import read_receipts

    read_receipts.show_read(conversation_ids)


def show_read_on_commit(conversation_id: int) -> None:
    """Have Meta show a customer's messages as read once this transaction is committed."""
    after_commit(_show_each_read, conversation_id)


def _show_each_read(conversation_ids: list[int], by_worker: bool) -> None:
    # The task of a worker goes on without waiting for Meta; a broker out of reach is only logged.
    show_read.delay_on_commit(*conversation_ids)  # type: ignore[attr-defined]


@shared_task
def show_typing(conversation_id: int) -> None:
    from . import read_receipts

    read_receipts.show_typing(conversation_id)
