"""Requests of the Graph API, ready for any HTTP client. Building one does no I/O."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from .errors import CloudApiError
from .media_transfer import FileBody, MultipartFile

#: Seconds that a file may take in all.
FILE_TIMEOUT = 180

#: What the id of an upload session holds: `upload:…?sig=…`.
SAFE_IN_SESSION_IDS = ":?=&%+-_.~"


@dataclass(frozen=True)
class Request:
    """A call. The access token is in the header alone, never in an address."""

    method: str
    url: str
    headers: dict[str, str]
    params: Mapping[str, Any] | None = None
    body: bytes | MultipartFile | FileBody | None = None


def build_request(
    access_token: str,
    method: str,
    path: str,
    params: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | MultipartFile | None = None,
) -> Request:
    """
    The request of a call to `/{META_GRAPH_VERSION}/{path}`; its body, if there is one, is JSON or a MultipartFile.
    With an empty token it has no authorization. Raises CloudApiError for a token that cannot stand in a header.
    """
    headers = {**authorization(access_token), "Accept": "application/json"}
    if body is None:
        return Request(method, graph_url(path), headers, params)
    if isinstance(body, MultipartFile):
        return Request(method, graph_url(path), {**headers, "Content-Type": body.content_type}, params, body)
    content = _json(body)
    return Request(method, graph_url(path), {**headers, "Content-Type": "application/json"}, params, content)


def sender(access_token: str, phone_number_id: str) -> Callable[[Mapping[str, Any]], Request]:
    """
    Builds the requests that send messages through a number: what they have in common is made once. A body is complete
    but for `messaging_product` (Cloud API, "Messages").
    """
    common = build_request(access_token, "POST", f"{phone_number_id}/messages", body={})

    def build(body: Mapping[str, Any]) -> Request:
        content = _json({"messaging_product": "whatsapp", **body})
        return Request(common.method, common.url, common.headers, body=content)

    return build


def build_mark_read(access_token: str, phone_number_id: str, wamid: str, typing: bool = False) -> Request:
    """The request of `CloudApi.mark_read`."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    return build_request(access_token, "POST", f"{phone_number_id}/messages", body=body)


def build_upload(access_token: str, session_id: str, file: BinaryIO, size: int) -> Request:
    """The request that passes a file's bytes in an upload session, whose id may hold a signature as a query."""
    headers = {"Authorization": f"OAuth {access_token}", "file_offset": "0", "Accept": "application/json"}
    body = FileBody(file, size, time.monotonic() + FILE_TIMEOUT)
    return Request("POST", graph_url(session_id, safe=SAFE_IN_SESSION_IDS), headers, body=body)


def authorization(access_token: str) -> dict[str, str]:
    """The header with an access token, if there is one. Raises CloudApiError for what cannot stand in a header."""
    if not access_token:
        return {}
    if not (access_token.isascii() and access_token.isprintable()):
        raise CloudApiError(190, title=_("The access token holds characters that no token has."), http_status=401)
    return {"Authorization": f"Bearer {access_token}"}


def _json(body: Mapping[str, Any]) -> bytes:
    return _encoder.encode(body).encode()


#: With separators `json.dumps` would make one for each body.
_encoder = json.JSONEncoder(separators=(",", ":"))


def graph_url(path: str, safe: str = "/") -> str:
    return f"{settings.META_GRAPH_URL}/{settings.META_GRAPH_VERSION}/{quote(path, safe=safe)}"
