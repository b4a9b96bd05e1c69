"""
A Cloud API that accepts every message and does nothing else, faster than any client of it:
`python fake_graph.py PORT LATENCY [CERTIFICATE]` with the latency in seconds, over TLS with the path of a key and its
certificate. It prints how many messages it has accepted when its standard input ends.
"""

import asyncio
import ssl
import sys

try:
    import uvloop as loops
except ImportError:
    loops = asyncio

ANSWER = '{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.%d"}]}'

accepted = 0


class Graph(asyncio.Protocol):
    """One kept connection. A request's head and body may come in any parts; it never asks for the next one early."""

    latency = 0.0

    def connection_made(self, transport):
        self.transport = transport
        self.received = b""

    def data_received(self, data):
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if separator and len(body) >= length_of(head):
            self.received = b""
            asyncio.get_running_loop().call_later(self.latency, self.accept) if self.latency else self.accept()

    def accept(self):
        global accepted
        accepted += 1
        answer = (ANSWER % accepted).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


def length_of(head):
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


async def serve(port, latency, certificate=None):
    Graph.latency = latency
    loop = asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    await loop.create_server(Graph, "127.0.0.1", port, ssl=context, backlog=1000)
    await loop.run_in_executor(None, sys.stdin.read)
    print(accepted)


if __name__ == "__main__":
    loops.run(serve(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]))
