"""The simulator as a plain WSGI application: Graph below /v…/, the page everywhere else."""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from . import media
from .chat_page import page
from .graph import endpoints
from .response import Response

GRAPH_PATH = re.compile(r"^/v\d+\.\d+/(?P<node>[^/]+)(?:/(?P<edge>[^/]+))?/?$")


@dataclass
class Request:
    method: str
    path: str
    query: dict
    headers: dict
    body: bytes
    base_url: str

    @property
    def token(self):
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() in ("bearer", "oauth") else self.query.get("access_token", "")

    @property
    def json(self):
        """The body's JSON object; empty when it is none."""
        try:
            parsed = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


class Application:
    def __init__(self, simulator, admin_url=""):
        self.simulator = simulator
        self.page = page.Page(simulator, admin_url)

    def __call__(self, environ, start_response):
        response = self.respond(read_request(environ))
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
        start_response(status, [*response.headers.items(), ("Content-Length", str(len(response.body)))])
        return [response.body]

    def respond(self, request):
        if match := GRAPH_PATH.match(request.path):
            status, content = endpoints.answer(self.simulator, request, match["node"], match["edge"])
            if isinstance(content, str):
                return Response(status, content.encode(), {"Content-Type": "text/html; charset=UTF-8"})
            return Response.json(content, status)
        if request.path == media.PATH:
            return media.attachment(self.simulator, request)
        return self.page.respond(request)


def read_request(environ):
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        base_url=f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}",
    )
