"""The checks of the doctor, in the order in which their lines are shown."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from . import backups, configuration, mail, numbers, public_address, services, storage, work
from .findings import Finding, Line, State, warning

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Check:
    """
    One thing to check. It is not checked while one of `needs`, keys of checks before it, is broken. A slow check
    speaks with other servers or reads large files.
    """

    key: str
    look: Callable[[], Finding]
    needs: tuple[str, ...] = ()
    is_slow: bool = False


CHECKS = (
    Check("settings", configuration.settings_are_valid),
    Check("database", services.database),
    Check("broker", services.broker),
    Check("worker", services.worker, needs=("broker",)),
    Check("ticks", services.ticks, needs=("broker",)),
    Check("disk", storage.disk),
    Check("backups", backups.newest),
    Check("backup_contents", backups.contents_of_newest, is_slow=True),
    Check("mail", mail.server, is_slow=True),
    Check("address", public_address.answers, is_slow=True),
    Check("keys", configuration.keys_decrypt_what_is_stored, needs=("database",)),
    Check("tokens", numbers.tokens, needs=("database",)),
    Check("webhooks", numbers.webhooks, needs=("database",)),
    Check("work", work.stuck, needs=("database",)),
)


def examine(is_thorough: bool = True) -> list[Line]:
    """A line for each check, in the active language; without the slow ones unless it is to be thorough."""
    return list(_lines(is_thorough))


def _lines(is_thorough: bool) -> Iterator[Line]:
    states: dict[str, State] = {}
    for check in CHECKS:
        if is_thorough or not check.is_slow:
            finding = _look(check, states)
            states[check.key] = finding.state
            yield Line(check.key, finding.state, finding.text, finding.action)


def _look(check: Check, states: dict[str, State]) -> Finding:
    if State.BROKEN in [states[key] for key in check.needs]:
        return warning(
            _("Not checked: what it needs is broken."),
            _("Mend what is broken above, then check again."),
        )
    try:
        return check.look()
    except Exception as error:
        logger.debug("%s could not be checked.", check.key, exc_info=True)
        return warning(
            _("It could not be checked: %(problem)s") % {"problem": error},
            _("See whether what it needs answers, then check again."),
        )
