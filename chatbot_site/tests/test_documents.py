"""What the documents say can be followed: links lead somewhere, settings are described, examples are valid."""

import json
import re
from pathlib import Path

import pytest

from bots.document.steps import STEP_KINDS
from bots.document.validator import validate
from chatbot_site.operations.environment import BASE_DIR
from whatsapp.webhooks.process import FIELDS

DOCUMENTS = sorted([*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(BASE_DIR)) for path in DOCUMENTS]

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SETTING = re.compile(r"^#?([A-Z_]+)=", re.MULTILINE)
FILE = re.compile(r"`((?:accounts|whatsapp|crm|bots|broadcasts|chatbot_site|docs|deploy)/[\w./-]+\.\w+)`")
EXAMPLE = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)


def read(name: str | Path) -> str:
    return (BASE_DIR / name).read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The names by which GitHub lets one link to the headings of a document."""
    titles = HEADING.findall(FENCED.sub("", read(path)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def lacks(path: Path, link: str) -> bool:
    """Whether a relative link of a document leads nowhere."""
    target, _, anchor = link.partition("#")
    file = (path.parent / target).resolve() if target else path
    return not file.exists() or bool(anchor and anchor not in anchors(file))


@each_document
def test_every_link_leads_somewhere(path: Path) -> None:
    links = LINK.findall(FENCED.sub("", read(path)))
    relative = [link for link in links if not link.startswith(("http://", "https://", "mailto:"))]
    assert [link for link in relative if lacks(path, link)] == []


@each_document
def test_every_file_that_is_named_exists(path: Path) -> None:
    assert [name for name in FILE.findall(read(path)) if not (BASE_DIR / name).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(read("README.md").split()) <= 900


def test_pictures_are_small() -> None:
    pictures = list((BASE_DIR / "docs/images").iterdir())
    assert pictures
    assert [picture.name for picture in pictures if picture.stat().st_size > 200_000] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = re.findall(r"\| `(python3 [^`]*pytest)` \|", read("README.md"))
    assert command in read(".ci/run")


def test_the_russian_guide_starts_the_demo_as_the_readme_does() -> None:
    (row,) = re.findall(r"^\| `python3 .*up --demo`.* \|$", read("README.md"), re.MULTILINE)
    assert row in read("docs/guide.ru.md")


@pytest.mark.parametrize("name", ["docs/operations.md", "docs/operations.ru.md"])
def test_every_setting_is_described(name: str) -> None:
    described = re.findall(r"^\| `([A-Z_]+)` \|", read(name), re.MULTILINE)
    assert described and set(described) == set(SETTING.findall(read(".env.example")))


@pytest.mark.parametrize("name", ["docs/guide.md", "docs/guide.ru.md"])
def test_a_guide_names_every_webhook_field(name: str) -> None:
    assert [field for field in FIELDS if f"`{field}`" not in read(name)] == []


def examples() -> list[object]:
    return [json.loads(text) for text in EXAMPLE.findall(read("docs/scenarios.md"))]


def as_document(example: object) -> dict[str, object]:
    """A whole scenario: of an example of some steps one in which every step that they lead to is there."""
    if isinstance(example, dict) and "format" in example:
        return example
    steps = example if isinstance(example, list) else [example]
    named = re.findall(r'"(?:next|then|otherwise|failed|step)": "(\w+)"', json.dumps(steps))
    ends = [{"key": key, "kind": "end"} for key in sorted({*named} - {step["key"] for step in steps})]
    return {"format": 1, "triggers": [], "steps": [*steps, *ends]}


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_of_a_scenario_is_valid(example: object) -> None:
    assert validate(as_document(example)).errors == []


def test_every_kind_of_step_has_an_example() -> None:
    shown = {step["kind"] for example in examples() for step in as_document(example)["steps"]}
    assert shown == set(STEP_KINDS)
