"""A real HTTP server on 127.0.0.1 that answers each connection as a test scripts it."""

import contextlib
import json
import socket
import ssl
import struct
import threading


class ScriptedServer:
    """
    Answers the n-th request with the n-th of `answers`: bytes to send as they are, or a function that is given the
    connection. The last one is repeated. `requests` keeps what was asked, as bytes; `connections` counts those made.
    With a `certificate`, the path of a key and its certificate, it speaks TLS.
    """

    def __init__(self, *answers, certificate=None):
        self.answers = list(answers)
        self.requests = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._listener = context.wrap_socket(self._listener, server_side=True, do_handshake_on_connect=False)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            while request := read_request(connection):
                self.requests.append(request)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if callable(answer):
                    return answer(connection)
                connection.sendall(answer)


def read_request(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(status, content):
    """An HTTP answer; a dict becomes JSON."""
    content = json.dumps(content).encode() if isinstance(content, dict) else content
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(content), content)


def reset(connection):
    """Close with RST, as a crashed peer does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(connection):
    """Never answer; the client gives up first."""
    connection.recv(1)


def refused_url():
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
