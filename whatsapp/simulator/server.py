"""The simulator's web server."""

import socket
import threading
from contextlib import suppress
from typing import Any, Self

from waitress import wasyncore
from waitress.server import create_server

from .graph.phone_numbers import DEFAULT_APP_SECRET
from .state import Simulator
from .wsgi import Application

HOST = "127.0.0.1"

#: Many workers keep connections open to Meta; those over waitress's own limit would wait for ever.
MAX_CONNECTIONS = 1000


class Server:
    """A running simulator: `simulator` is what it knows, `url` its page and the base of its Graph."""

    def __init__(self, simulator: Simulator, port: int, admin_url: str) -> None:
        self.simulator = simulator
        #: What waitress polls, by file descriptor.
        self._sockets: dict[int, Any] = {}
        # A socket of our own: waitress's would let two programs listen on one port on Windows.
        listener = socket.create_server((HOST, port), backlog=1024)
        self._waitress = create_server(
            Application(simulator, admin_url),
            sockets=[listener],
            threads=32,
            connection_limit=MAX_CONNECTIONS,
            map=self._sockets,
            ident=None,
        )
        self.port: int = self._waitress.effective_port
        self.url = f"http://{HOST}:{self.port}"
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def start(self) -> Self:
        self.simulator.courier.start()
        self._thread.start()
        return self

    def _run(self) -> None:
        """Run waitress's loop, which has no end of its own. Only this thread closes what it polls."""
        while not self._is_stopping.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=self._sockets, count=1)
        self._waitress.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._sockets)

    def stop(self) -> None:
        self.simulator.courier.stop()
        self._is_stopping.set()
        # A connection wakes the loop; when it is refused, the loop has ended already.
        with suppress(OSError):
            socket.create_connection((HOST, self.port), timeout=1).close()
        self._thread.join(timeout=10)

    @property
    def environment(self) -> list[str]:
        """The lines for .env of a chatbot that is to use this simulator."""
        return self.simulator.environment(self.url)

    def wait(self) -> None:
        """Return when it has stopped."""
        while self._thread.is_alive():
            self._thread.join(timeout=0.5)


def start(
    port: int = 0, *, callback_url: str = "", app_secret: str = DEFAULT_APP_SECRET, admin_url: str = ""
) -> Server:
    """
    Start a simulator on 127.0.0.1; port 0 takes a free one. Raises OSError when the port is taken.

    `callback_url` is where webhooks are posted (without one they wait), `app_secret` signs those of numbers that
    have none of their own, `admin_url` is linked on the page.
    """
    simulator = Simulator(app_secret)
    simulator.courier.callback_url = callback_url
    return Server(simulator, port, admin_url).start()
