"""One live, acknowledged, self-healing WebSocket to the venue.

Reference, section 8.1. A connection remembers its subscriptions, and is live only while the server has acknowledged all
that are required and answers the JSON ping: a peer that merely answers protocol pings, or is half open, is replaced.
Reconnecting backs off with full jitter and never exceeds the venue's limit of new connections.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import aiohttp
import msgspec

from ..venue.frames import ErrorFrame, Message, Pong, SubscriptionResponse, Unreadable, decode_frame
from .host_limits import HostLimits, limits_of
from .subscriptions import Entry, State, Subscription, SubscriptionLedger
from .websocket import open_websocket

__all__ = ["Connection", "Subscription", "Timings"]

_PING = b'{"method":"ping"}'
_PINGS_UNANSWERED = 3

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timings:
    """All in seconds."""

    connect: float = 10.0
    """Longest time for name lookup, TCP, TLS and the upgrade together."""
    acknowledge: float = 10.0
    """Longest time from a subscription to its acknowledgement."""
    ping_every: float = 15.0
    """The venue closes a socket on which it has sent nothing for 60 s."""
    pong_within: float = 10.0
    first_retry: float = 0.5
    """Upper end of the first, random, delay after a loss; it doubles with each further one."""
    longest_retry: float = 30.0
    healthy_after: float = 60.0
    """A connection that was live for this long starts over with the first delay when it is lost."""
    close: float = 1.0
    """Longest time to wait for the peer's closing handshake."""


class _Lost(Exception):
    """The present socket is of no further use, for the reason told."""


class _Closed(_Lost):
    """The peer has ended it."""


class Connection:
    """Keeps one socket to ``url`` open while ``run`` runs.

    :param name: what log lines call it.
    :param on_message: takes every frame except acknowledgements and pongs, in the order of arrival, as it arrives.
    :param on_ready: called each time all required subscriptions of a new socket are acknowledged.
    :param on_lost: called when a socket that had become ready is lost.

    The callbacks are called synchronously. What they raise is logged once per kind, and never stops the connection.
    """

    def __init__(
        self,
        url: str,
        name: str,
        on_message: Callable[[Message], None],
        on_ready: Callable[[], None] | None = None,
        on_lost: Callable[[], None] | None = None,
        *,
        timings: Timings | None = None,
        limits: HostLimits | None = None,
        clock: Callable[[], float] = time.time,
        logger: logging.Logger | None = None,
    ) -> None:
        self.url = url
        self.name = name
        self._on_message = on_message
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._timings = timings or Timings()
        self._limits = limits or limits_of(url)
        self._clock = clock
        self._logger = logger or _logger
        self._ledger = SubscriptionLedger()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._outbox: asyncio.Queue[Entry | bytes] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._is_running = False
        self._is_ready = False
        self._replace_because: str | None = None
        self._sockets_opened = 0
        self._losses_in_a_row = 0
        self._last_received = 0.0
        self._last_heard = 0.0
        self._last_pong = 0.0
        self._logged: set[tuple[str, ...]] = set()

    # What it tells

    @property
    def is_live(self) -> bool:
        """Whether it is connected, everything required is acknowledged, and the peer was heard from lately."""
        if self._socket is None or not self._is_ready or not self._ledger.all_required_acknowledged:
            return False
        silence = _now() - self._last_heard
        return silence <= self._timings.ping_every + self._timings.pong_within

    @property
    def is_connected(self) -> bool:
        """Whether a socket is open, whatever is acknowledged on it."""
        return self._socket is not None

    @property
    def last_received(self) -> float:
        """When the last frame arrived, in Unix seconds; 0 before the first one."""
        return self._last_received

    @property
    def reconnects(self) -> int:
        """How many sockets were opened after the first one."""
        return max(0, self._sockets_opened - 1)

    @property
    def subscriptions(self) -> list[Subscription]:
        """What is asked for, on this socket and the next."""
        return [entry.subscription for entry in self._ledger]

    @property
    def refused(self) -> list[Subscription]:
        """What the server would not give, on the present socket."""
        return self._ledger.refused

    def is_acknowledged(self, subscription: Subscription) -> bool:
        """Whether the server has confirmed a subscription on the present socket."""
        entry = self._ledger.get(subscription)
        return entry is not None and entry.state is State.ACKNOWLEDGED

    # What it is told

    async def subscribe(self, *subscriptions: Subscription, timeout: float = 10.0) -> bool:
        """Asks for streams, on this socket and on every later one.

        Waits until all of them are answered, at most ``timeout`` seconds (0 only registers them).
        Returns whether all required ones are acknowledged.
        """
        entries = []
        for subscription in subscriptions:
            entry, has_to_be_sent = self._ledger.add(subscription)
            entries.append(entry)
            if has_to_be_sent and self._socket is not None:
                self._outbox.put_nowait(entry)
        await self._wait_for(lambda: all(entry.is_settled for entry in entries), timeout)
        return all(entry.state is State.ACKNOWLEDGED for entry in entries if entry.subscription.required)

    async def unsubscribe(self, *subscriptions: Subscription, timeout: float = 10.0) -> bool:
        """Stops asking for streams, now and after reconnects. Returns whether the server has confirmed."""
        leaving = []
        for subscription in subscriptions:
            if self._ledger.remove(subscription) is not None and self._socket is not None:
                leaving.append(subscription)
                self._outbox.put_nowait(_frame("unsubscribe", subscription))
        self._notify()
        return await self._wait_for(lambda: not any(self._ledger.is_leaving(s) for s in leaving), timeout)

    async def wait_until_live(self, timeout: float) -> bool:
        """Waits at most ``timeout`` seconds; tells whether it is live."""
        return await self._wait_for(lambda: self.is_live, timeout)

    def replace_socket(self, reason: str) -> None:
        """Drops the present socket and opens another one, for a reason that only the user of the data can know."""
        if self._socket is not None:
            self._replace_because = reason

    async def run(self) -> None:
        """Connects, subscribes, reads and reconnects until it is cancelled; leaves no task and no socket behind."""
        if self._is_running:
            raise RuntimeError(f"{self.name} is running already")
        self._is_running = True
        try:
            while True:
                delay = self._limits.reserve_connect(_now())
                await asyncio.sleep(delay)
                await self._one_socket()
                await asyncio.sleep(self._next_delay())
        finally:
            self._is_running = False

    # One socket from opening to loss

    async def _one_socket(self) -> None:
        opened_at: float | None = None
        reason = ""
        by_peer = False
        try:
            async with open_websocket(self.url, self._timings.connect, self._timings.close) as socket:
                opened_at = _now()
                self._start_session(socket)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._read(socket))
                    tasks.create_task(self._write(socket))
                    tasks.create_task(self._watch(socket))
        except* _Lost as lost:
            reason = str(lost.exceptions[0])
            by_peer = isinstance(lost.exceptions[0], _Closed)
        except* (aiohttp.ClientError, OSError, TimeoutError) as failed:
            reason = _in_words(failed.exceptions[0])
        except* Exception as unexpected:  # whatever it is, the next socket must be opened
            reason = _in_words(unexpected.exceptions[0])
            self._log_once(unexpected.exceptions[0], "Unexpected error on the connection")
        finally:
            self._end_session(opened_at, reason, by_peer)

    def _start_session(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._sockets_opened += 1
        self._last_heard = _now()
        self._replace_because = None
        self._outbox = asyncio.Queue()
        for entry in self._ledger.begin(_now()):
            self._outbox.put_nowait(entry)
        self._check_ready()

    def _end_session(self, opened_at: float | None, reason: str, by_peer: bool) -> None:
        was_ready, self._is_ready = self._is_ready, False
        self._socket = None
        if opened_at is not None:
            self._ledger.lost(_now(), by_peer)
        lasted = 0.0 if opened_at is None else _now() - opened_at
        if was_ready and lasted >= self._timings.healthy_after:
            self._losses_in_a_row = 0
        self._losses_in_a_row += 1
        # A long outage is told at its first, second, fourth, eighth... attempt.
        if reason and (self._losses_in_a_row & (self._losses_in_a_row - 1)) == 0:
            what = "was lost" if opened_at is not None else "could not be opened"
            attempt = f" (attempt {self._losses_in_a_row})" if self._losses_in_a_row > 1 else ""
            self._logger.warning(f"The {self.name} connection {what}{attempt}: {reason}. Reconnecting.")
        if was_ready and self._on_lost is not None:
            self._call(self._on_lost)
        self._notify()

    def _next_delay(self) -> float:
        doublings = min(self._losses_in_a_row - 1, 16)
        ceiling = min(self._timings.longest_retry, self._timings.first_retry * 2**doublings)
        return random.uniform(0.0, ceiling)  # noqa: S311 (spreads reconnects, protects nothing)

    # Its three tasks

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> NoReturn:
        while True:
            received = await socket.receive()
            if received.type is aiohttp.WSMsgType.TEXT or received.type is aiohttp.WSMsgType.BINARY:
                self._last_received = self._clock()
                self._take(decode_frame(received.data))
            elif received.type is aiohttp.WSMsgType.ERROR:
                raise _Closed(_in_words(received.data))
            else:
                code = socket.close_code if socket.close_code is not None else "none"
                raise _Closed(f"closed by the peer, code {code}")

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> NoReturn:
        while True:
            item = await self._outbox.get()
            if isinstance(item, Entry):
                if item.state is not State.UNSENT or self._ledger.get(item.subscription) is not item:
                    continue
                if item.strikes:
                    # Suspected of making the server drop the socket: alone, so that the blame is certain.
                    await self._wait_for(lambda: not self._ledger.has_pending, None)
            await asyncio.sleep(self._limits.reserve_message(_now()))
            if isinstance(item, Entry):
                self._ledger.mark_sent(item, _now())
                item = _frame("subscribe", item.subscription)
            await socket.send_frame(item, aiohttp.WSMsgType.TEXT)

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> NoReturn:
        timings = self._timings
        tick = min(1.0, timings.ping_every / 4, timings.pong_within / 4, timings.acknowledge / 4)
        pinged_at = self._last_pong = _now()
        while True:
            await asyncio.sleep(tick)
            now = _now()
            if self._replace_because is not None:
                raise _Lost(self._replace_because)
            if self._last_heard < pinged_at and now - pinged_at > timings.pong_within:
                raise _Lost(f"silent for {timings.pong_within:g} s after a ping")
            if now - self._last_pong > _PINGS_UNANSWERED * timings.ping_every + timings.pong_within:
                # Data still arrives, but what is sent does not.
                raise _Lost(f"{_PINGS_UNANSWERED} pings were not answered")
            if now - pinged_at >= timings.ping_every:
                pinged_at = now
                self._limits.reserve_message(now)
                async with asyncio.timeout(timings.pong_within):
                    await socket.send_frame(_PING, aiohttp.WSMsgType.TEXT)
            for entry in self._ledger.overdue(now, timings.acknowledge):
                self._refuse(entry, f"not acknowledged within {timings.acknowledge:g} s")

    # Frames

    def _take(self, message: Message) -> None:
        if isinstance(message, SubscriptionResponse):
            self._last_heard = _now()
            self._ledger.acknowledge(message.method, message.subscription)
            self._check_ready()
            return
        if isinstance(message, Unreadable):
            self._note_unreadable(message)
        else:
            self._last_heard = _now()
        if isinstance(message, Pong):
            self._last_pong = self._last_heard
            return
        if isinstance(message, ErrorFrame) and self._take_error(message.text):
            return
        try:
            self._on_message(message)
        except Exception as error:  # one message must not stop the others
            self._log_once(error, f"Error while processing a {type(message).__name__} message")

    def _take_error(self, text: str) -> bool:
        """Whether the error was the answer to a subscription, and is dealt with."""
        entry = self._ledger.take_error(text)
        if entry is None:
            self._log_text_once(("error", text[:40]), logging.WARNING, f"{self.name}: error frame: {text}")
            return False
        if entry.state is State.REFUSED:
            self._refuse(entry, text)
        self._check_ready()
        return True

    def _refuse(self, entry: Entry, reason: str) -> None:
        self._ledger.refuse(entry, reason)
        self._notify()
        if entry.subscription.required:
            raise _Lost(f"required subscription {entry.subscription.key}: {reason}")
        key = entry.subscription.key
        text = f"The {self.name} connection goes on without {key}: {reason}"
        self._log_text_once(("refused", key), logging.WARNING, text)

    def _note_unreadable(self, message: Unreadable) -> None:
        if message.channel:
            self._last_heard = _now()
        level = logging.WARNING if message.channel else logging.DEBUG  # a greeting is plain text
        text = f"{self.name}: unreadable frame on channel {message.channel!r}: {message.reason}"
        self._log_text_once(("unreadable", message.channel, message.reason[:40]), level, text)

    def _check_ready(self) -> None:
        if not self._is_ready and self._socket is not None and self._ledger.all_required_acknowledged:
            self._is_ready = True
            if self._on_ready is not None:
                self._call(self._on_ready)
        self._notify()

    # Small things

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:  # a listener's fault is not the socket's
            self._log_once(error, "Error while telling about the connection")

    def _log_once(self, error: BaseException, what: str) -> None:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
        kind = (what, type(error).__name__, place)
        if kind not in self._logged:
            self._logged.add(kind)
            self._logger.error(f"{what} ({self.name}); further ones of this kind are not logged.", exc_info=error)

    def _log_text_once(self, kind: tuple[str, ...], level: int, text: str) -> None:
        if kind not in self._logged:
            self._logged.add(kind)
            self._logger.log(level, text)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait_for(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not condition():
                    await self._changed.wait()
        return condition()


def _frame(method: str, subscription: Subscription) -> bytes:
    return msgspec.json.encode({"method": method, "subscription": subscription.wire})


def _now() -> float:
    return time.monotonic()


def _in_words(error: object) -> str:
    text = str(error)
    name = type(error).__name__
    return f"{name}: {text}" if text else name
