"""What the simulator is asked over HTTP, and what it answers."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

#: A JSON object, of Meta's shape or of the page's.
Json = dict[str, Any]


@dataclass
class Request:
    """A request, read to its end. The names of `headers` are in lower case; `base_url` ends without a slash."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    base_url: str

    @property
    def token(self) -> str:
        """The access token, of the Authorization header or the query; empty without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() in ("bearer", "oauth") else self.query.get("access_token", "")

    @property
    def json(self) -> Json:
        """The body's JSON object; empty when it is none."""
        try:
            parsed = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


@dataclass
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, content: Json, status: int = 200) -> Self:
        body = json.dumps(content, ensure_ascii=False).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=UTF-8", "Cache-Control": "no-store"})

    @classmethod
    def html(cls, page: str, status: int = 200) -> Self:
        return cls(status, page.encode(), {"Content-Type": "text/html; charset=UTF-8", "Cache-Control": "no-store"})
