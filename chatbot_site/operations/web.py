"""The web server inside `manage.py up`."""

import errno
import socket

from django.conf import settings
from django.core.management import CommandError
from django.utils.translation import gettext as _
from waitress import create_server, wasyncore

from chatbot_site.wsgi import application

THREADS = 8
#: Bytes of the largest file that WhatsApp takes as an image, video or audio, and room for the form around it.
MAX_BODY = 17 * 1024 * 1024


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises CommandError when the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise cannot_listen(host, port, error) from error


def cannot_listen(host: str, port: int, error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        message = _(
            "Port %(port)s is taken by another program. Stop that program, or choose another port: --port %(other)s"
        )
    else:
        message = _("Cannot listen on %(host)s, port %(port)s: %(reason)s. Choose others with --host and --port.")
    details = {"host": host, "port": port, "other": port + 10, "reason": error.strerror or error}
    return CommandError(message % details)


def serve(listener: socket.socket) -> None:
    """Serve the site on a listening socket until Ctrl-C."""
    sockets: dict[int, object] = {}
    server = create_server(
        application,
        map=sockets,
        sockets=[listener],
        threads=THREADS,
        max_request_body_size=MAX_BODY,
        # The settings and views believe as many proxies as TRUSTED_PROXIES says.
        clear_untrusted_proxy_headers=not settings.TRUSTED_PROXIES,
        ident=None,
    )
    server.run()
    wasyncore.close_all(sockets)
