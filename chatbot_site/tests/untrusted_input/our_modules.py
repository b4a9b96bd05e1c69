"""The modules of the six apps, imported and as source: what stands in them, whoever wrote it."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
APPS = ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site")

#: What is no part of the running product.
LEFT_OUT = {"tests", "migrations", "testing.py"}


@cache
def source_files() -> tuple[Path, ...]:
    files = (file for app in APPS for file in sorted((ROOT / app).rglob("*.py")))
    return tuple(file for file in files if LEFT_OUT.isdisjoint(file.relative_to(ROOT).parts))


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> Iterator[ModuleType]:
    return (importlib.import_module(module_name(file)) for file in source_files())


@cache
def syntax_trees(pattern: str = "") -> dict[str, ast.Module]:
    """The syntax tree of each module, by the module's name; with a pattern, of those in whose source it is found."""
    sources = {module_name(file): file.read_text("utf-8") for file in source_files()}
    return {name: ast.parse(source) for name, source in sources.items() if re.search(pattern, source)}
