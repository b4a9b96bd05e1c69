"""Bodies that are JSON, but hold what no database keeps."""

import json
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.api.parsers import StorableJSONParser, StorableMultiPartParser
from accounts.testing import make_owner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "value",
    [
        r'"a\u0000"',
        r'"\ud800"',
        r'{"\u0000": "x"}',
        r'["\udfff"]',
        "1e400",
        "[" * 100 + "]" * 100,
        "[" * 100_000,
    ],
)
def test_what_cannot_be_stored_is_refused(client, value):
    response = client.post("/api/v1/auth/login/", f'{{"email": {value}}}', content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_attributes_of_a_customer_hold_only_what_can_be_stored(client):
    client.force_login(make_owner(), backend="accounts.people.roles.RoleBackend")

    for value in (r'"\u0000"', r'"\ud800"', "1e400", *("[" * depth + "]" * depth for depth in range(65, 1000, 50))):
        body = f'{{"phone": "+79161234567", "attributes": {{"a": {value}}}}}'
        assert client.post("/api/v1/customers/", body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("value", ["[" * 66 + "]" * 66, "[" * 100_000, r'{"a": "\u0000"}', "[1e400]"])
def test_a_document_in_a_field_of_a_form_is_as_strict(client, value):
    client.force_login(make_owner(), backend="accounts.people.roles.RoleBackend")

    response = client.post("/api/v1/templates/upload-example/", {"whatsapp_number": value})

    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def parsed(document):
    return StorableJSONParser().parse(BytesIO(document.encode()))


@pytest.mark.parametrize("depth", [1, 63, 64])
def test_a_document_may_be_nested_as_deeply_as_any_of_ours(depth):
    assert parsed("[" * depth + "]" * depth)[:0] == []


@pytest.mark.parametrize("document", ["[" * 66 + "]" * 66, '{"a": ' * 66 + "1" + "}" * 66])
def test_a_document_nested_more_deeply_is_refused(document):
    with pytest.raises(ParseError):
        parsed(document)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "Infinity", "-Infinity", "NaN"])
def test_a_number_that_is_none_is_refused(number):
    with pytest.raises(ParseError):
        parsed(f'{{"a": [{{"b": {number}}}]}}')


@pytest.mark.parametrize("number", ["0", "-0.0", "1e308", "12345678901234567890123"])
def test_any_other_number_is_let_through(number):
    assert parsed(f'{{"a": {number}}}') == {"a": json.loads(number)}


@pytest.mark.parametrize("text", [r"\ud83d\ude00", "Чайная", r"\t\n", "\\u200f"])
def test_whole_characters_are_let_through(text):
    assert parsed(f'{{"a": "{text}"}}') == {"a": json.loads(f'"{text}"')}


@pytest.mark.parametrize("document", [b"\xff\xfe", b'{"a": "\xff"}', b"", b"{", b"[1,]"])
def test_bytes_that_are_no_json_are_refused(document):
    with pytest.raises(ParseError):
        StorableJSONParser().parse(BytesIO(document))


def form(**fields):
    request = APIRequestFactory().post("/", fields, format="multipart")
    return Request(request, parsers=[StorableMultiPartParser()])


@pytest.mark.parametrize("text", ["[not json", "{", "plain", "[] and more", ""])
def test_a_field_that_only_begins_like_json_is_a_text(text):
    assert form(caption=text).data["caption"] == text


def test_every_value_of_a_field_is_looked_at():
    with pytest.raises(ParseError):
        form(caption=["fine", "[1e400]"]).data  # noqa: B018


def test_a_file_in_a_form_holds_what_it_likes():
    upload = SimpleUploadedFile("a.bin", b"\x00\xff[1e400]")
    assert form(file=upload).FILES["file"].read() == b"\x00\xff[1e400]"
