"""Every regular expression of the six apps, and the ways in which the code uses it, found by introspection."""

import ast
import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from django.core.validators import RegexValidator
from django.db.models import Field
from django.db.models.query_utils import DeferredAttribute

from chatbot_site.tests.untrusted_input.our_modules import modules, syntax_trees

#: How a pattern goes over a text: from its beginning alone, to its end too, or from every place of it.
MATCH, FULLMATCH, ANYWHERE = "match", "fullmatch", "finditer"

METHODS = {"match": MATCH, "fullmatch": FULLMATCH} | dict.fromkeys(
    ("search", "sub", "subn", "split", "findall", "finditer"), ANYWHERE
)

#: What no module lacks that uses a pattern: most need not be read any further.
A_USE = rf"\.\s*({'|'.join(METHODS)}|compile)\b"

#: Functions that make their patterns of what they are given, and why no text holds them up.
MADE_OF_WORDS = {
    "bots.document.matching.word_pattern": "a word and a text are cut to 4096 characters: see test_matching.py",
    "chatbot_site.operations.backups.create.made_in": "it reads the names of our own files",
    "chatbot_site.operations.parsers.matching": "it reads the installation's own settings",
    "chatbot_site.operations.parsers.parse": "it is part of the one above",
    "crm.search.words.matcher": "words without repetition, in the first 4096 characters of a text",
    "crm.search.words.places": "the same, up to the end of each word",
}


@dataclass(frozen=True)
class Use:
    """A pattern, where it stands, and one way in which it is used."""

    place: str
    pattern: re.Pattern
    method: str

    def __str__(self) -> str:
        return f"{self.place}.{self.method}"


@cache
def uses() -> tuple[Use, ...]:
    """Each pattern with the ways in which it is used; where nothing tells the way, with the most demanding one."""
    found = {(use.pattern, use.method): use for use in (*named_uses(), *literal_uses())}
    return tuple(sorted(found.values(), key=str))


# Patterns that are kept: in a module, in what its names hold, in classes and in the rules of their fields


def named_uses() -> Iterator[Use]:
    methods = methods_by_name()
    for module in modules():
        for name, value in vars(module).items():
            for place, pattern in patterns_in(value, f"{module.__name__}.{name}", module.__name__):
                for method in methods.get(place.rpartition(".")[2], {ANYWHERE}):
                    yield Use(place, pattern, method)


def patterns_in(
    value: object, place: str, module: str, inside: tuple[int, ...] = ()
) -> Iterator[tuple[str, re.Pattern]]:
    """`inside` are the ids of what holds the value: some of it holds itself."""
    if id(value) in inside:
        return
    if isinstance(value, re.Pattern):
        yield place, value
    elif isinstance(value, RegexValidator):
        yield place, re.compile(value.regex.pattern, value.regex.flags)
    else:
        for name, part in parts_of(value, module):
            yield from patterns_in(part, f"{place}{name}", module, (*inside, id(value)))


def parts_of(value: object, module: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, type) and value.__module__ == module:
        yield from ((f".{name}", part) for name, part in vars(value).items() if not isinstance(part, type))
        yield from ((f".{name}", field.validators) for name, field in getattr(value, "base_fields", {}).items())
    elif isinstance(value, DeferredAttribute):
        yield "", value.field
    elif isinstance(value, Field):
        yield "", value._validators
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((f".{field.name}", getattr(value, field.name)) for field in dataclasses.fields(value))


def methods_by_name() -> dict[str, set[str]]:
    """What is done with what bears a name, in all modules: NAME.fullmatch(…), self.NAME.search(…)."""
    found = defaultdict(set)
    for tree in syntax_trees(A_USE).values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value
                name = getattr(owner, "id", None) or getattr(owner, "attr", None)
                if name and name != "re":
                    found[name].add(METHODS[node.attr])
    return found


# Patterns that stand in a function, as re.sub("…", …)


def literal_uses() -> Iterator[Use]:
    for module, function, call in calls_in_functions():
        if is_constant(call):
            flags = [ast.unparse(node) for node in flags_of(call)]
            pattern = re.compile(ast.literal_eval(call.args[0]), *(eval(flag, {"re": re}) for flag in flags))
            method = METHODS.get(call.func.attr, ANYWHERE)
            yield Use(f"{module}.{function}:{call.lineno}", pattern, method)


def unseen_patterns() -> list[str]:
    """Where a function makes a pattern that cannot be read from its source."""
    return [
        f"{module}.{function}"
        for module, function, call in calls_in_functions()
        if not is_constant(call) and f"{module}.{function}" not in MADE_OF_WORDS
    ]


def calls_in_functions() -> Iterator[tuple[str, str, ast.Call]]:
    """The calls of `re` within functions: the module, the function, the call."""
    for module, tree in syntax_trees(A_USE).items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
                yield from ((module, function.name, call) for call in calls if is_of_re(call.func))


def is_of_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and getattr(function.value, "id", None) == "re"
        and function.attr in {*METHODS, "compile"}
    )


def is_constant(call: ast.Call) -> bool:
    return isinstance(call.args[0], ast.Constant)


def flags_of(call: ast.Call) -> list[ast.expr]:
    given = [node for node in call.args[1:] if is_flag(node)]
    return given + [keyword.value for keyword in call.keywords if keyword.arg == "flags"]


def is_flag(node: ast.expr) -> bool:
    return any(getattr(part, "id", None) == "re" for part in ast.walk(node)) and not isinstance(node, ast.Call)
