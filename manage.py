#!/usr/bin/env python
"""Django's command line. `manage.py up` first prepares its environment (chatbot_site/operations/environment.py)."""

import os
import sys


def main() -> None:
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
