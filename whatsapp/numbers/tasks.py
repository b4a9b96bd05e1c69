from celery import shared_task

from . import health
from .quick_setup import setups


@shared_task
def check_number(number_id):
    """Ask Meta how a number and those of its account stand, if they are due."""
    return health.check_due(number_id)


@shared_task
def check_due_numbers():
    """Tick: numbers of which Meta was not asked for long, or told something."""
    for number_id in health.due_numbers():
        check_number.delay(number_id)


@shared_task
def forget_quick_setups():
    """Tick: forget quick setups of yesterday, with their secrets."""
    return setups.forget_old()
