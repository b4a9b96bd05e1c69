"""The OpenAPI schema says what the contract promises: addresses, fields, words, filters, kinds of lists."""

import re
from functools import cache

import pytest
from drf_spectacular.generators import SchemaGenerator

from chatbot_site.tests.api.contract import OPERATIONS


@cache
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def described():
    """(method, path with {id} for any id) → what the schema says of it."""
    return {
        (method.upper(), re.sub(r"{\w+}", "{id}", path.removeprefix("/api/v1/"))): about
        for path, methods in schema()["paths"].items()
        for method, about in methods.items()
    }


def resolve(part):
    """A part of the schema with its reference followed."""
    for link in (part, *part.get("allOf", ())):
        if "$ref" in link:
            return schema()["components"]["schemas"][link["$ref"].rpartition("/")[2]]
    return part


def json_of(part):
    """The JSON body of a request or an answer, followed to its fields."""
    return resolve(next(iter(part["content"].values()))["schema"])


def answer_of(operation):
    answer = json_of(described()[operation.method, operation.path]["responses"][str(operation.status)])
    if not operation.listed:
        return answer
    results = answer["properties"]["results"]["items"]
    return resolve(results)


def body_of(operation):
    """The fields that a body takes and those it must have, as JSON or as a form."""
    kinds = described()[operation.method, operation.path]["requestBody"]["content"].values()
    bodies = [resolve(kind["schema"]) for kind in kinds]
    taken = set().union(*(body["properties"] for body in bodies))
    return taken, taken.intersection(*(body.get("required", ()) for body in bodies))


def operations(**wanted):
    found = [one for one in OPERATIONS if all(bool(getattr(one, name)) == value for name, value in wanted.items())]
    return pytest.mark.parametrize("operation", found, ids=str)


@operations()
def test_the_address_answers(operation):
    assert str(operation.status) in described()[operation.method, operation.path]["responses"]


def names(fields):
    return {name.rstrip("?") for name in fields.split()}


@operations(answer=True)
def test_an_answer_has_these_fields(operation):
    assert names(operation.answer) <= set(answer_of(operation)["properties"])


@operations(answer=True)
def test_an_answer_shows_nothing_that_is_only_written(operation):
    assert not (names(operation.body) - names(operation.answer)) & set(answer_of(operation)["properties"])


@operations(body=True)
def test_a_body_takes_these_fields(operation):
    taken, required = body_of(operation)
    assert names(operation.body) <= taken
    assert required == {name for name in operation.body.split() if not name.endswith("?")}


@operations(body=True)
def test_a_body_takes_nothing_that_is_only_read(operation):
    taken, _required = body_of(operation)
    assert not (names(operation.answer) - names(operation.body)) & taken


@operations(words=True)
def test_a_field_speaks_these_words(operation):
    for field, words in operation.words.items():
        assert set(resolve(answer_of(operation)["properties"][field])["enum"]) == set(words.split())


@operations(query=True)
def test_a_list_is_filtered_by_these(operation):
    parameters = described()[operation.method, operation.path]["parameters"]
    assert set(operation.query.split()) <= {one["name"] for one in parameters if one["in"] == "query"}


@operations(listed=True)
def test_a_list_is_paged_like_this(operation):
    answer = json_of(described()[operation.method, operation.path]["responses"]["200"])
    names = {"pages": {"count", "next", "previous", "results"}, "cursor": {"next", "previous", "results"}}
    assert set(answer["properties"]) == names[operation.listed]


@operations(sends=True)
def test_what_sends_takes_an_idempotency_key(operation):
    parameters = described()[operation.method, operation.path]["parameters"]
    assert ("Idempotency-Key", "header") in {(one["name"], one["in"]) for one in parameters}
