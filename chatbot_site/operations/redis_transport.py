"""Redis as a broker that may go away while tasks are under way."""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """
        Raises ConnectionError when the connection was closed, as happens to a task that ends while its worker looks
        for Redis again. kombu's own raises AttributeError, which nobody expects and which ends the worker.
        """
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("The connection to the broker was closed.")
        # The stub does not know it.
        parameters: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return parameters


class Transport(redis.Transport):
    Channel = Channel
