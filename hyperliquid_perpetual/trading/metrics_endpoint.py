"""Where metrics can be asked for: one HTTP server for each address, shared by the connectors of the process.

It answers from a thread of its own, so that it also answers while an event loop is busy. That the library is missing or
the port is taken is said once, and changes nothing for the connector.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .log_names import logger_of
from .metrics import Watched, collect

if TYPE_CHECKING:
    from prometheus_client.core import Metric

INSTALL = "pip install 'hummingbot-hyperliquid-perpetual[metrics]'"

logger = logger_of(__name__)


class _Collector:
    """What the library asks with each scrape: all connectors that are shown at one address."""

    def __init__(self) -> None:
        self.watched: list[Watched] = []

    def describe(self) -> list["Metric"]:
        # Without this, the library would collect once when this is registered.
        return []

    def collect(self) -> Iterator["Metric"]:
        return collect(list(self.watched))


class _Server:
    """One server that listens."""

    def __init__(self, host: str, port: int) -> None:
        """
        :raises ImportError: when prometheus-client is missing.
        :raises OSError: when the address cannot be listened on.
        """
        from prometheus_client import CollectorRegistry, start_http_server

        self.collector = _Collector()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self.collector)
        self._server: Any
        self._server, self._thread = start_http_server(port, host, registry)

    def close(self) -> None:
        """Stops listening: at once, for a connector that is started again wants the same port."""
        server = self._server
        with contextlib.suppress(OSError):
            server.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which holds the port while it waits
        server.shutdown()
        server.server_close()


_servers: dict[tuple[str, int], _Server] = {}
_lock = threading.Lock()


class MetricsEndpoint:
    """A connector's place at an address."""

    def __init__(self, host: str, port: int | None, watched: Watched) -> None:
        """:param port: None for no metrics."""
        self._address = (host, port) if port is not None else None
        self._watched = watched
        self._is_told = False

    def start(self) -> None:
        """Shows the connector, if that is wanted and can be done; its loop is watched from now on."""
        if self._address is None or not self._is_shown(*self._address):
            return
        self._watched.loop.start()

    def stop(self) -> None:
        """Shows it no more; the last one to go closes the server."""
        if self._address is None:
            return
        self._watched.loop.stop()
        with _lock:
            server = _servers.get(self._address)
            if server is None or not any(one is self._watched for one in server.collector.watched):
                return
            server.collector.watched = [one for one in server.collector.watched if one is not self._watched]
            if not server.collector.watched:
                del _servers[self._address]
                server.close()

    def _is_shown(self, host: str, port: int) -> bool:
        with _lock:
            server = _servers.get((host, port))
            if server is None:
                try:
                    server = _Server(host, port)
                except ImportError:
                    self._tell("metrics_port is set, but there are no metrics without prometheus-client: %s", INSTALL)
                    return False
                except OSError as error:
                    self._tell(
                        "There are no metrics on %s port %d, which cannot be listened on (%s). Another bot of this "
                        "machine may have it: give each a metrics_port of its own.",
                        host,
                        port,
                        error.strerror or error,
                    )
                    return False
                _servers[host, port] = server
                logger.info("Metrics are at http://%s:%d/metrics", host, port)
            if not any(one is self._watched for one in server.collector.watched):
                server.collector.watched = [*server.collector.watched, self._watched]
            return True

    def _tell(self, message: str, *details: object) -> None:
        if not self._is_told:
            self._is_told = True
            logger.warning(message, *details)
