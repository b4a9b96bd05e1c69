#!/usr/bin/env python
"""Django's command line. `manage.py up` first prepares its environment (chatbot_site/operations/environment.py)."""

import gc
import os
import sys


def main() -> None:
    # What is imported stays: looking for garbage in it every now and then would be a tenth of each command.
    gc.set_threshold(100_000)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A console of another code page shows ? for what it lacks, instead of an error; likewise what is typed.
        stream.reconfigure(errors="replace")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python. Install it by: python -m pip install -r requirements.txt")
    if sys.argv[1:2] == ["up"]:
        from chatbot_site.operations import environment

        environment.prepare(sys.argv[2:])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
