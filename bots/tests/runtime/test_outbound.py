"""Calls over real HTTP to a server of ours, which only tests may call: its address is let through at the edge."""

import gzip
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import translation

from bots.document import addresses
from bots.document.addresses import BadAddress
from bots.runtime import http_client
from bots.runtime.http_client import CallFailed

HOST = "service.example.com"


@pytest.fixture(autouse=True)
def language():
    with translation.override("en"):
        yield


@pytest.fixture
def service():
    """A server; `service.answer` is what it does with a request's handler."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            length = int(self.headers.get("Content-Length") or 0)
            server.heard.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            server.answer(self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.heard = []
    server.answer = lambda handler: respond(handler, b'{"ok": true}')
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def reachable(service, monkeypatch):
    """The host's name leads to the server, whose address and port count as public. Returns a URL."""
    port = service.server_address[1]
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(addresses, "ALLOWED_PORTS", (port,))
    monkeypatch.setattr(http_client, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr("requests_hardened.ip_filter.ipaddress.IPv4Address.is_private", False)
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: looked_up("127.0.0.1" if host == HOST else host, *rest, **more),
    )
    return f"http://{HOST}:{port}"


def respond(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_a_call_brings_back_its_json(service, reachable):
    answer = http_client.call("POST", f"{reachable}/orders?x=1", {"имя": "Аня"}, True, "Bearer 123")
    assert (answer.status, answer.is_fine, answer.json()) == (200, True, {"ok": True})
    method, path, headers, body = service.heard[0]
    assert (method, path, json.loads(body)) == ("POST", "/orders?x=1", {"имя": "Аня"})
    assert headers["Authorization"] == "Bearer 123" and headers["Host"].startswith(HOST)
    assert headers["Content-Type"] == "application/json"


def test_without_json_nothing_is_sent_along(service, reachable):
    http_client.call("GET", reachable)
    assert "Content-Type" not in service.heard[0][2] and service.heard[0][3] == b""


def test_a_redirect_is_not_followed(service, reachable):
    service.answer = lambda handler: respond(handler, b"", 302, Location=f"{reachable}/other")
    assert http_client.call("GET", reachable).status == 302
    assert len(service.heard) == 1


def test_neither_the_environment_nor_netrc_has_a_say(service, reachable, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    http_client.call("GET", reachable)
    assert "Authorization" not in service.heard[0][2]


def test_more_than_a_megabyte_is_refused(service, reachable):
    service.answer = lambda handler: respond(handler, b" " * (http_client.MAX_ANSWER + 1))
    with pytest.raises(CallFailed, match="1 MB"):
        http_client.call("GET", reachable)


def test_a_small_answer_that_unpacks_to_much_is_refused(service, reachable):
    bomb = gzip.compress(b" " * (50 * 1024 * 1024))
    service.answer = lambda handler: respond(handler, bomb, Content_Encoding="gzip")
    with pytest.raises(CallFailed, match="1 MB"):
        http_client.call("GET", reachable)


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_slow_drip_is_cut_off(service, reachable, monkeypatch, part):
    monkeypatch.setattr(http_client, "TOTAL_TIMEOUT", 0.5)
    cut_off = threading.Event()

    def drip(handler):
        if part == "body":
            handler.send_response(200)
            handler.end_headers()
        try:
            for _part in range(1000):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            cut_off.set()

    service.answer = drip
    with pytest.raises(CallFailed, match="no answer within"):
        http_client.call("GET", reachable)
    assert cut_off.wait(5)
    assert wait_for(lambda: not any(thread.name == "outbound" for thread in threading.enumerate()))


def wait_for(condition):
    for _attempt in range(100):
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_name_whose_look_up_takes_too_long_holds_nobody(service, reachable, monkeypatch):
    monkeypatch.setattr(http_client, "TOTAL_TIMEOUT", 0.3)
    go_on = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **more: go_on.wait(10) and [])
    with pytest.raises(CallFailed, match="no answer within"):
        http_client.call("GET", reachable)
    go_on.set()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "168.63.129.16", "fec0::1", "::1"])
def test_a_name_that_leads_inside_the_network_is_not_called(monkeypatch, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **more: found)
    connections = []
    monkeypatch.setattr(socket.socket, "connect", lambda line, where: connections.append(where))
    with pytest.raises(CallFailed, match="not public"):
        http_client.call("GET", "https://service.example.com/")
    assert connections == []


def test_what_answers_no_json_says_so(service, reachable):
    service.answer = lambda handler: respond(handler, b"<html>")
    with pytest.raises(CallFailed, match="not JSON"):
        http_client.call("GET", reachable).json()


def test_a_host_that_refuses_connections(service, reachable):
    service.shutdown()
    service.server_close()
    with pytest.raises(CallFailed, match="cannot be reached"):
        http_client.call("GET", reachable)


def test_a_secret_of_two_lines_is_not_sent():
    with pytest.raises(BadAddress):
        http_client.call("GET", "https://service.example.com/", authorization="a\r\nHost: other")
