"""What a check of a scenario document found."""

from dataclasses import asdict, dataclass, field
from typing import Any

#: Problems of the document's form. A draft may be unfinished, but it must be a document: these are never stored.
SHAPE = frozenset({"wrong_type", "unknown_key", "unknown_kind", "bad_format", "bad_character", "too_large"})


@dataclass(frozen=True)
class Problem:
    """`path` is where, for example steps[1].choices[0].next; `message` says what to do."""

    path: str
    code: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "message": str(self.message)}

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else str(self.message)


@dataclass
class Report:
    """Errors keep a scenario from being published; warnings do not."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, path: str, code: str, message: str) -> None:
        self.errors.append(Problem(path, code, message))

    def warn(self, path: str, code: str, message: str) -> None:
        self.warnings.append(Problem(path, code, message))

    @property
    def misshapen(self) -> list[Problem]:
        """The errors of form among them."""
        return [problem for problem in self.errors if problem.code in SHAPE]

    def as_json(self) -> dict[str, Any]:
        return {
            "errors": [problem.as_json() for problem in self.errors],
            "warnings": [problem.as_json() for problem in self.warnings],
        }


def below(path: str, key: str | int) -> str:
    """The path of what stands under a key or a position."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
