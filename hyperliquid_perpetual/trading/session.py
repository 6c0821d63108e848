"""One socket from its first subscription to its loss: reads, writes at the permitted pace, and watches over its health.

Reference, section 8.1. The peer has to answer JSON pings: answers to protocol pings prove only that its kernel lives.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import aiohttp
import msgspec

from ..venue.frame_decoding import decode_frame
from ..venue.frames import Message, Pong, Unreadable
from .changes import Changes
from .host_limits import HostLimits, SocketShare
from .side_by_side import side_by_side
from .subscriptions import Entry, State, Subscription, SubscriptionLedger

_PING = b'{"method":"ping"}'
_PINGS_UNANSWERED = 3


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


class Lost(Exception):
    """The socket is of no further use, for the reason told."""


class ClosedByPeer(Lost):
    """The peer has ended it, or the network did."""


class Session:
    """What happens on one open socket.

    :param take: gets every frame, decoded, as it arrives. It may raise ``Lost``.
    :param overdue: gets every subscription that was not answered in time. It may raise ``Lost``.
    :param refuse: gets every subscription that the address has no room for, and why. It may raise ``Lost``.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        ledger: SubscriptionLedger,
        changes: Changes,
        timings: Timings,
        limits: HostLimits,
        share: SocketShare,
        take: Callable[[Message], None],
        overdue: Callable[[Entry], None],
        refuse: Callable[[Entry, str], None],
    ) -> None:
        self._socket = socket
        self._ledger = ledger
        self._changes = changes
        self._timings = timings
        self._limits = limits
        self._take = take
        self._overdue = overdue
        self._refuse = refuse
        self._share = share
        self._outbox: asyncio.Queue[Entry | bytes] = asyncio.Queue()
        self._sending: set[asyncio.Task[None]] = set()
        self._replace_because: str | None = None
        self.opened_at = time.monotonic()
        self.last_heard = self.opened_at
        """When the last JSON frame arrived."""
        self._last_pong = self.opened_at
        for entry in ledger.begin(self.opened_at):
            self._outbox.put_nowait(entry)

    @property
    def silence(self) -> float:
        """Seconds since the last JSON frame."""
        return time.monotonic() - self.last_heard

    def subscribe(self, entry: Entry) -> None:
        """Asks for one more stream."""
        self._outbox.put_nowait(entry)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Gives one up."""
        self._share.unsubscribe(subscription.key)
        self._outbox.put_nowait(_frame("unsubscribe", subscription))

    def post(self, frame: bytes) -> bool:
        """Writes a frame in this very step of the loop, ahead of what waits; says whether it was written."""
        if self._socket.closed or not self._limits.try_message(time.monotonic()):
            return False
        # It only waits when the kernel takes no more for now; the frame is on its way then all the same.
        loop = asyncio.get_running_loop()
        task = asyncio.Task(self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT), loop=loop, eager_start=True)
        if task.done():
            return task.exception() is None
        self._sending.add(task)
        task.add_done_callback(self._sent)
        return True

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.replace(f"{type(error).__name__}: {error}")

    def replace(self, reason: str) -> None:
        """Ends the session soon."""
        self._replace_because = reason

    async def run(self) -> NoReturn:
        """Reads, writes and watches until the socket is lost.

        :raises Lost: or what the network raised.
        """
        try:
            await side_by_side(self._read(), self._write(), self._watch())
        finally:
            for task in self._sending:
                task.cancel()
        raise AssertionError("none of the three ends by itself")

    async def _read(self) -> NoReturn:
        receive, take = self._socket.receive, self._take
        while True:
            received = await receive()
            if received.type is aiohttp.WSMsgType.TEXT or received.type is aiohttp.WSMsgType.BINARY:
                message = decode_frame(received.data)
                if not isinstance(message, Unreadable) or message.channel:
                    self.last_heard = time.monotonic()
                    if isinstance(message, Pong):
                        self._last_pong = self.last_heard
                take(message)
            elif received.type is aiohttp.WSMsgType.ERROR:
                raise ClosedByPeer(f"{type(received.data).__name__}: {received.data}")
            else:
                raise ClosedByPeer(f"closed by the peer, code {self._socket.close_code}")

    async def _write(self) -> NoReturn:
        while True:
            item = await self._outbox.get()
            if isinstance(item, Entry):
                if item.strikes:
                    # Suspected of making the server drop the socket: alone, so that the blame is certain.
                    await self._changes.wait_for(lambda: not self._ledger.has_pending)
                if item.state is not State.UNSENT or self._ledger.get(item.subscription) is not item:
                    continue
                no_room = self._share.subscribe(item.subscription.key, item.user)
                if no_room:
                    self._refuse(item, no_room)
                    continue
            await asyncio.sleep(self._limits.reserve_message(time.monotonic()))
            if isinstance(item, Entry):
                self._ledger.mark_sent(item, time.monotonic())
                item = _frame("subscribe", item.subscription)
            await self._socket.send_frame(item, aiohttp.WSMsgType.TEXT)

    async def _watch(self) -> NoReturn:
        timings = self._timings
        tick = min(1.0, timings.ping_every / 4, timings.pong_within / 4, timings.acknowledge / 4)
        pinged_at = self.last_heard
        while True:
            await asyncio.sleep(tick)
            now = time.monotonic()
            if self._replace_because is not None:
                raise Lost(self._replace_because)
            if self.last_heard < pinged_at and now - pinged_at > timings.pong_within:
                raise Lost(f"silent for {timings.pong_within:g} s after a ping")
            if now - self._last_pong > _PINGS_UNANSWERED * timings.ping_every + timings.pong_within:
                # Data still arrives, but what is sent does not.
                raise Lost(f"{_PINGS_UNANSWERED} pings were not answered")
            if now - pinged_at >= timings.ping_every:
                pinged_at = now
                self._limits.reserve_message(now)
                async with asyncio.timeout(timings.pong_within):
                    await self._socket.send_frame(_PING, aiohttp.WSMsgType.TEXT)
            for entry in self._ledger.overdue(now, timings.acknowledge):
                self._overdue(entry)


def _frame(method: str, subscription: Subscription) -> bytes:
    return msgspec.json.encode({"method": method, "subscription": subscription.wire})
