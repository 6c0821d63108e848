"""Where metrics can be asked for: one HTTP server for each address, shared by the connectors of the process.

It answers from a thread of its own, so that it also answers while an event loop is busy. That the library is missing or
the port is taken is said once, and changes nothing for the connector. On a loopback address, only requests
that name this machine are answered: a page of another site, whose name was made to mean this machine (DNS rebinding),
learns nothing.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from .log_names import logger_of
from .metrics import Watched, collect

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
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


class _ListeningServer(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that a slow reader keeps nobody waiting."""

    daemon_threads = True

    def server_bind(self) -> None:
        # As the base class does, but for its search for a name of this machine, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _SilentHandler(WSGIRequestHandler):
    """Says nothing about requests on standard error."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _named(host: str) -> str:
    """The name in a Host header, without port and brackets."""
    return urlsplit(f"//{host}").hostname or ""


class _Server:
    """One server that listens."""

    def __init__(self, host: str, port: int) -> None:
        """
        :raises ImportError: when prometheus-client is missing.
        :raises OSError: when the address cannot be listened on.
        """
        from prometheus_client import CollectorRegistry, make_wsgi_app

        self.collector = _Collector()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self.collector)
        shown = make_wsgi_app(registry)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def answer(request: dict[str, Any], start: Any) -> Any:
            if host in _THIS_MACHINE and _named(request.get("HTTP_HOST", "")) not in _THIS_MACHINE:
                start("403 Forbidden", [("Content-Type", "text/plain")])
                return [b"Metrics of this machine are for requests that name it: 127.0.0.1 or localhost.\n"]
            return shown(request, start)

        class Listening(_ListeningServer):
            address_family = family

        self._server = make_server(host, port, answer, Listening, handler_class=_SilentHandler)
        threading.Thread(target=self._server.serve_forever, name=f"metrics-{port}", daemon=True).start()

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
