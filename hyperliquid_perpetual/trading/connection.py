"""One live, acknowledged, self-healing WebSocket to the venue.

Reference, section 8.1. A connection remembers its subscriptions, and is live only while the server has acknowledged all
that are required and answers the JSON ping. Reconnecting backs off with full jitter, asks for everything again, and
never exceeds the venue's limit of new connections.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp

from ..venue.frames import ErrorFrame, Message, Pong, PostResponse, SubscriptionResponse, Unreadable
from .backoff import Backoff
from .changes import Changes
from .host_limits import HostLimits, SocketShare, limits_of
from .log_names import logger_of
from .log_once import LogOnce
from .posts import Posts
from .session import ClosedByPeer, Lost, Session, Timings
from .subscriptions import Entry, State, Subscription, SubscriptionLedger
from .websocket import open_websocket

__all__ = ["Connection", "Subscription", "Timings"]

_ROOM_SECONDS = 1.0
"""How often somebody who waits for room for a socket looks whether there is some."""

_logger = logger_of(__name__)


class Connection:
    """Keeps one socket to ``url`` open while ``run`` runs.

    :param name: what log lines call it.
    :param on_message: takes every frame except acknowledgements and pongs, in the order of arrival, as it arrives.
        Frames that cannot be read come as ``Unreadable``.
    :param on_ready: called each time all required subscriptions of a new socket are acknowledged.
    :param on_lost: called when a socket that had become ready is lost.
    :param clock: Unix seconds.
    :param posts: requests that go over this connection; None for none.

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
        posts: Posts | None = None,
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
        self._log_once = LogOnce(self._logger)
        self._backoff = Backoff(self._timings.first_retry, self._timings.longest_retry)
        self._ledger = SubscriptionLedger()
        self._changes = Changes()
        self._session: Session | None = None
        self._sessions = 0
        self._last_received = 0.0
        self._is_running = False
        self._is_ready = False
        self._posts = posts

    # What it tells

    @property
    def is_live(self) -> bool:
        """Whether it is connected, everything required is acknowledged, and the peer was heard from lately."""
        if self._session is None or not self._is_ready or not self._ledger.all_required_acknowledged:
            return False
        return self._session.silence <= self._timings.ping_every + self._timings.pong_within

    @property
    def is_connected(self) -> bool:
        """Whether a socket is open, whatever is acknowledged on it."""
        return self._session is not None

    @property
    def last_received(self) -> float:
        """When the last frame arrived, in Unix seconds; 0 before the first one."""
        return self._last_received

    @property
    def reconnects(self) -> int:
        """How many sockets were opened after the first one."""
        return max(0, self._sessions - 1)

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
            if has_to_be_sent and self._session is not None:
                self._session.subscribe(entry)
        await self._changes.wait_for(lambda: all(entry.is_settled for entry in entries), timeout)
        return all(entry.state is State.ACKNOWLEDGED for entry in entries if entry.subscription.required)

    async def unsubscribe(self, *subscriptions: Subscription, timeout: float = 10.0) -> bool:
        """Stops asking for streams, now and after reconnects. Returns whether the server has confirmed."""
        leaving = []
        for subscription in subscriptions:
            if self._ledger.remove(subscription) is not None and self._session is not None:
                leaving.append(subscription)
                self._session.unsubscribe(subscription)
        self._check_ready()
        return await self._changes.wait_for(lambda: not any(map(self._ledger.is_leaving, leaving)), timeout)

    async def wait_until_live(self, timeout: float) -> bool:
        """Waits at most ``timeout`` seconds; tells whether it is live."""
        return await self._changes.wait_for(lambda: self.is_live, timeout)

    def replace_socket(self, reason: str) -> None:
        """Drops the present socket and opens another one, for a reason that only the user of the data can know."""
        if self._session is not None:
            self._session.replace(reason)

    async def run(self) -> None:
        """Connects, subscribes, reads and reconnects until it is cancelled; leaves no task and no socket behind."""
        if self._is_running:
            raise RuntimeError(f"{self.name} is running already")
        self._is_running = True
        share: SocketShare | None = None
        try:
            # Kept over reconnects: somebody who lost a socket must not find it given to a newcomer.
            share = await self._room_for_a_socket()
            while True:
                await asyncio.sleep(self._limits.reserve_connect(time.monotonic()))
                await self._one_session(share)
                await asyncio.sleep(self._backoff.delay())
        finally:
            if share is not None:
                share.close()
            self._is_running = False

    # One socket after the other

    async def _room_for_a_socket(self) -> SocketShare:
        is_told = False
        while (share := self._limits.open_socket()) is None:
            if not is_told:
                is_told = True
                self._logger.warning(
                    f"The {self.name} connection waits: the bots of this machine have {self._limits.max_sockets} "
                    f"sockets to {urlsplit(self.url).netloc} open, as many as the venue allows an address. Stop "
                    "another connector, or run this one behind another address."
                )
            await asyncio.sleep(_ROOM_SECONDS)
        return share

    async def _one_session(self, share: SocketShare) -> None:
        reason = ""
        by_peer = False
        try:
            async with open_websocket(self.url, self._timings.connect, self._timings.close) as socket:
                self._begin(socket, share)
                assert self._session is not None
                await self._session.run()
        except Lost as lost:
            reason = str(lost)
            by_peer = isinstance(lost, ClosedByPeer)
        except (aiohttp.ClientError, OSError, TimeoutError) as failed:
            reason = _in_words(failed)
        except Exception as unexpected:  # whatever it is, the next socket must be opened
            reason = _in_words(unexpected)
            self._log_once.error(unexpected, f"Unexpected error on the {self.name} connection")
        finally:
            share.clear()
            self._end(reason, by_peer)

    def _begin(self, socket: aiohttp.ClientWebSocketResponse, share: SocketShare) -> None:
        self._session = Session(
            socket,
            self._ledger,
            self._changes,
            self._timings,
            self._limits,
            share,
            take=self._take,
            overdue=lambda entry: self._refuse(entry, f"not acknowledged within {self._timings.acknowledge:g} s"),
            refuse=self._refuse,
        )
        self._sessions += 1
        if self._posts is not None:
            session = self._session
            self._posts.open(session.post, session.replace, lambda: session.silence)
        self._check_ready()

    def _end(self, reason: str, by_peer: bool) -> None:
        session, self._session = self._session, None
        was_ready, self._is_ready = self._is_ready, False
        if self._posts is not None:
            self._posts.lose(reason)
        now = time.monotonic()
        if session is not None:
            self._ledger.lost(now, by_peer)
            if was_ready and now - session.opened_at >= self._timings.healthy_after:
                self._backoff.succeed()
        self._backoff.fail()
        if reason and self._backoff.is_worth_telling:
            what = "was lost" if session is not None else "could not be opened"
            attempt = f" (attempt {self._backoff.failures})" if self._backoff.failures > 1 else ""
            self._logger.warning(f"The {self.name} connection {what}{attempt}: {reason}. Reconnecting.")
        if was_ready and self._on_lost is not None:
            self._call(self._on_lost)
        self._changes.notify()

    # Frames

    def _take(self, message: Message) -> None:
        self._last_received = self._clock()
        if isinstance(message, Pong):
            return
        if isinstance(message, PostResponse) and self._posts is not None:
            self._posts.take(message)
            return
        if isinstance(message, SubscriptionResponse):
            self._ledger.acknowledge(message.method, message.subscription)
            self._check_ready()
            return
        if isinstance(message, Unreadable):
            level = logging.WARNING if message.channel else logging.DEBUG  # a greeting is plain text
            text = f"{self.name}: unreadable frame on channel {message.channel!r}: {message.reason}"
            self._log_once.text(("unreadable", message.channel, message.reason[:40]), text, level)
        elif isinstance(message, ErrorFrame) and self._take_error(message.text):
            return
        try:
            self._on_message(message)
        except Exception as error:  # one message must not stop the others
            self._log_once.error(error, f"{self.name}: error while processing {type(message).__name__}")

    def _take_error(self, text: str) -> bool:
        """Whether the error was the answer to a subscription, and is dealt with."""
        if self._posts is not None and self._posts.take_error(text):
            return True
        entry = self._ledger.take_error(text)
        if entry is None:
            self._log_once.text(("error", text[:40]), f"{self.name}: error frame: {text}")
            return False
        if entry.state is State.REFUSED:
            self._refuse(entry, text)
        self._check_ready()
        return True

    def _refuse(self, entry: Entry, reason: str) -> None:
        self._ledger.refuse(entry, reason)
        self._changes.notify()
        key = entry.subscription.key
        if entry.subscription.required:
            raise Lost(f"required subscription {key}: {reason}")
        self._log_once.text(("refused", key), f"The {self.name} connection goes on without {key}: {reason}")

    def _check_ready(self) -> None:
        if not self._is_ready and self._session is not None and self._ledger.all_required_acknowledged:
            self._is_ready = True
            if self._on_ready is not None:
                self._call(self._on_ready)
        self._changes.notify()

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception as error:  # a listener's fault is not the socket's
            self._log_once.error(error, f"{self.name}: error while telling that the connection is ready or lost")


def _in_words(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
