"""Ticks of what is done for whoever waits. Firing one twice is harmless."""

from celery import shared_task

from . import alerts, assignment


@shared_task
def mail_waits() -> int:
    """Tick: write to people about customers who wait too long. Returns how many letters were sent."""
    return alerts.write_of_waits()


@shared_task
def mail_numbers() -> int:
    """Tick: write to owners about what their numbers need. Returns how many letters were sent."""
    return alerts.write_of_numbers()


@shared_task
def assign_waiting() -> int:
    """Tick: give who waits to those who are present. Returns how many were given."""
    return assignment.assign_waiting()


@shared_task
def return_unanswered() -> int:
    """Tick: take back what its assignee does not answer. Returns how many."""
    return assignment.return_unanswered()
