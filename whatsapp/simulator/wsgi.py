"""The simulator as a plain WSGI application: Graph below /v…/, the page everywhere else."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from .chat_page import page
from .graph.endpoints import calls, media
from .http import Request, Response
from .media import ATTACHMENT_PATH
from .state import Simulator

GRAPH_PATH = re.compile(r"^/v\d+\.\d+/(?P<node>[^/]+)(?:/(?P<edge>[^/]+))?/?$")


class Application:
    def __init__(self, simulator: Simulator, admin_url: str = "") -> None:
        self.simulator = simulator
        self.page = page.Page(simulator, admin_url)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = self.respond(_read_request(environ))
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
        start_response(status, [*response.headers.items(), ("Content-Length", str(len(response.body)))])
        return [response.body]

    def respond(self, request: Request) -> Response:
        if match := GRAPH_PATH.match(request.path):
            return calls.respond(self.simulator, request, match["node"], match["edge"])
        if request.path == ATTACHMENT_PATH:
            return media.get_attachment(self.simulator, request)
        return self.page.respond(request)


def _read_request(environ: WSGIEnvironment) -> Request:
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
