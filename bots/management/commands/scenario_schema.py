import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from bots.document.schema import scenario_schema


class Command(TranslatedCommand):
    help = gettext_lazy("Write the JSON Schema of scenario documents, for editors and programs that write scenarios.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help=_("the file to write; without it the terminal"))

    def handle(self, *, file: Path | None, **options: Any) -> None:
        text = json.dumps(scenario_schema(), ensure_ascii=False, indent=2)
        if file:
            self._write(file, f"{text}\n")
        else:
            self.stdout.write(text)

    def _write(self, file: Path, text: str) -> None:
        try:
            file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CommandError(_("The file cannot be written: %(problem)s") % {"problem": error}) from error
