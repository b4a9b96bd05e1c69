import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from bots.document.schema import scenario_schema


class Command(BaseCommand):
    help = "Write the JSON Schema of scenario documents, for editors and programs that write scenarios."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="where it is written; without it to the terminal")

    def handle(self, *, file: Path | None, **options: Any) -> None:
        text = json.dumps(scenario_schema(), ensure_ascii=False, indent=2)
        if file:
            file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
        else:
            self.stdout.write(text)
