"""What a check of a scenario document found."""

from dataclasses import asdict, dataclass, field

#: Problems of the document's form. A draft may be unfinished, but it must be a document: these are never stored.
SHAPE = frozenset({"wrong_type", "unknown_key", "unknown_kind", "bad_format", "bad_character", "too_large"})


@dataclass(frozen=True)
class Problem:
    """`path` is where, for example steps[1].choices[0].next; `message` says what to do."""

    path: str
    code: str
    message: str

    def as_json(self):
        return {**asdict(self), "message": str(self.message)}

    def __str__(self):
        return f"{self.path}: {self.message}" if self.path else str(self.message)


@dataclass
class Report:
    """Errors keep a scenario from being published; warnings do not."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, path, code, message):
        self.errors.append(Problem(path, code, message))

    def warn(self, path, code, message):
        self.warnings.append(Problem(path, code, message))

    @property
    def misshapen(self):
        """The errors of form among them."""
        return [problem for problem in self.errors if problem.code in SHAPE]

    def as_json(self):
        return {
            "errors": [problem.as_json() for problem in self.errors],
            "warnings": [problem.as_json() for problem in self.warnings],
        }


def below(path, key):
    """The path of what stands under a key or a position."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
