"""No process of web or worker starts on settings that `manage.py check` refuses."""

import sys

from django.core.checks import run_checks

#: The tag of the system checks that look at nothing but the settings.
CONFIGURATION = "configuration"
#: With this exit code of a worker gunicorn stops, where it would start the worker again after others.
EXIT_CODE = 3


def refuse_wrong_settings() -> None:
    """
    End this process if its settings are wrong, with the sentences that `manage.py check` says. Commands of manage.py
    need no call: they run all checks.
    """
    errors = [message for message in run_checks(tags=[CONFIGURATION]) if message.is_serious()]
    if errors:
        print(*errors, sep="\n", file=sys.stderr, flush=True)
        sys.exit(EXIT_CODE)
