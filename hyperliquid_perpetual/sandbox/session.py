"""One WebSocket client: what it may say, what it is told, and when it is dropped (reference, sections 8 and 9.2).

A session never makes the exchange wait. Frames go to a bounded queue which a task of its own empties; a client that
does not read is disconnected when the queue is full. Sockets live in real time, whatever the exchange's clock says.
"""

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from hyperliquid_perpetual.sandbox.api import APART_SECONDS, Api
from hyperliquid_perpetual.sandbox.hub import frame
from hyperliquid_perpetual.sandbox.socket_limits import Gate
from hyperliquid_perpetual.sandbox.stream_quirks import InvalidSubscription, SocketDropped, as_served, echo_of
from hyperliquid_perpetual.sandbox.streams import Streams
from hyperliquid_perpetual.sandbox.subscriptions import (
    Ping,
    Post,
    Subscribe,
    Subscription,
    Unsubscribe,
    UserSubscription,
    decode_client_frame,
    subscription_type,
)
from hyperliquid_perpetual.sandbox.traffic import ConnectionBroken, NoAnswer, Path
from hyperliquid_perpetual.sandbox.unsupported import UNSUPPORTED_SUBSCRIPTIONS
from hyperliquid_perpetual.sandbox.websocket_frames import take_text_frames

GREETING = "Websocket connection established."
_STATUSES = frozenset(HTTPStatus)
PONG = b'{"channel":"pong"}'
BURST_BYTES = 256 * 1024
"""What is written at a time, and what may wait in the socket's buffer before the queue has to."""
READER_POLL_SECONDS = 0.005

logger = logging.getLogger(__name__)


class Session:
    """One connected client. Create it with a prepared response and `await run()`."""

    def __init__(self, ws: web.WebSocketResponse, address: str, api: Api, streams: Streams, gate: Gate) -> None:
        self._ws = ws
        self.address = address
        self._api = api
        self._streams = streams
        self._gate = gate
        self._settings = gate.settings
        self._queue: deque[bytes] = deque()
        self._held: list[bytes] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._posts: set[asyncio.Task[None]] = set()
        self._farewell: asyncio.Task[bool] | None = None
        self._thawed: asyncio.Event | None = None
        self.subscriptions: set[Subscription] = set()
        self._loop = asyncio.get_running_loop()
        self._last_sent = self._loop.time()
        self._transport: asyncio.Transport | None = None

    async def run(self, transport: asyncio.Transport | None) -> None:
        """Serve the client until it or we are gone."""
        self._transport = transport
        writer = asyncio.create_task(self._write())
        watchdog = asyncio.create_task(self._watch_silence())
        try:
            if self._streams.quirks.greeting == "sent":
                self.send(GREETING.encode())
            async for message in self._ws:
                if self._thawed is not None:
                    await self._thawed.wait()
                if self._closing:
                    continue
                if message.type is WSMsgType.TEXT:
                    self._on_text(message.data)
                elif message.type is WSMsgType.BINARY:  # the venue's way with these is not known
                    self._on_text(message.data.decode(errors="replace"))
        finally:
            self._closing = True
            self._streams.drop(self, self.subscriptions)
            for task in (writer, watchdog):
                task.cancel()
            farewell = () if self._farewell is None else (self._farewell,)
            await asyncio.gather(writer, watchdog, *farewell, return_exceptions=True)

    # ------------------------------------------------------------------ out

    def send(self, data: bytes, about: Subscription | None = None) -> None:
        """Queue a frame; drops the client when it has not read what came before."""
        faults = self._api.faults.frames
        if faults is None:
            self.pass_on(data, about)
        else:
            faults.take(self, data, about)

    def pass_on(self, data: bytes, about: Subscription | None) -> None:
        """Queue a frame, whatever faults there are."""
        if self._streams.quirks.reply_order == "reply_first" and isinstance(about, UserSubscription):
            if not self._held:
                self._loop.call_later(APART_SECONDS, self._release)
            self._held.append(data)
            return
        self._enqueue(data)

    def _release(self) -> None:
        """Send what was held back."""
        held, self._held = self._held, []
        for data in held:
            self._enqueue(data)

    def abort(self) -> None:
        """Break the connection, without a close frame."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()
        if self._thawed is not None:
            self._thawed.set()

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame."""
        if not self._closing:
            self._closing = True
            self._queue.clear()
            self._farewell = asyncio.create_task(self._ws.close(code=code, message=reason.encode()))

    def freeze(self) -> None:
        """Read nothing any more, and keep the connection up: what is half open has nobody at this end."""
        if self._thawed is None and self._transport is not None and not self._closing:
            self._thawed = asyncio.Event()
            self._transport.pause_reading()

    def thaw(self) -> None:
        """Read again, beginning with what has come in the meantime."""
        if self._thawed is not None and self._transport is not None and not self._closing:
            self._last_sent = self._loop.time()
            self._thawed.set()
            self._thawed = None
            self._transport.resume_reading()

    @property
    def is_frozen(self) -> bool:
        """Whether the connection is half open."""
        return self._thawed is not None

    @property
    def backlog(self) -> int:
        """Frames that wait to be read by the client."""
        return len(self._queue)

    def _enqueue(self, data: bytes) -> None:
        if self._closing:
            return
        if len(self._queue) >= self._settings.queue_frames:
            logger.warning("dropped a WebSocket of %s: it has not read %d frames", self.address, len(self._queue))
            self.abort()
            return
        self._queue.append(data)
        self._wake.set()

    async def _write(self) -> None:
        transport = self._transport
        assert transport is not None, "a prepared WebSocket has a transport"
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                if transport.is_closing():
                    self.abort()
                    return
                # All that waits goes out in one write: a block answers many requests at once.
                transport.write(take_text_frames(self._queue, BURST_BYTES))
                self._last_sent = self._loop.time()
                while transport.get_write_buffer_size() > BURST_BYTES and not transport.is_closing():  # noqa: ASYNC110
                    await asyncio.sleep(READER_POLL_SECONDS)

    async def _watch_silence(self) -> None:
        while True:
            if self._thawed is not None:
                await self._thawed.wait()
                if self._closing:
                    return
            left = self._last_sent + self._settings.silence_seconds - self._loop.time()
            if left <= 0:
                self.abort()
                return
            await asyncio.sleep(left)

    def _error(self, text: str) -> None:
        self.send(frame("error", text))

    # ------------------------------------------------------------------ in

    def _on_text(self, text: str) -> None:
        if not self._gate.count_message(self.address):
            self.abort()
            return
        message = decode_client_frame(text)
        match message:
            case Ping():
                self.send(PONG)
            case Subscribe(subscription=subscription):
                self._subscribe(subscription)
            case Unsubscribe(subscription=subscription):
                self._unsubscribe(subscription)
            case Post():
                self._post(message)
            case None:
                kind = subscription_type(text)
                if kind in UNSUPPORTED_SUBSCRIPTIONS:
                    # Quoted whole, as clients find the request that was refused by what is quoted.
                    self._error(f"The sandbox does not do the subscription {kind}. Asked for: {text}")
                else:
                    self._error(f"Error parsing JSON into valid websocket request: {text}")

    def _subscribe(self, asked: Subscription) -> None:
        subscription = as_served(asked, self._streams.quirks)
        echoed = msgspec.json.encode(subscription).decode()
        if subscription in self.subscriptions:
            self._error(f"Already subscribed: {echoed}")
            return
        refusal = self._gate.refuse_subscription(self.address, subscription)
        if refusal is not None:
            self._error(refusal)
            return
        try:
            self._streams.check(subscription)
        except SocketDropped:
            self.abort()
            return
        except InvalidSubscription as invalid:
            self._error(str(invalid) or f"Invalid subscription {echoed}")
            return
        self.subscriptions.add(subscription)
        self._acknowledge("subscribe", subscription)
        for channel, data in self._streams.add(subscription, self):
            self.send(frame(channel, data), subscription)

    def _unsubscribe(self, asked: Subscription) -> None:
        subscription = as_served(asked, self._streams.quirks)
        if subscription not in self.subscriptions:
            self._error(f"Already unsubscribed: {msgspec.json.encode(subscription).decode()}")
            return
        self.subscriptions.discard(subscription)
        self._streams.remove(subscription, self)
        self._acknowledge("unsubscribe", subscription)

    def _acknowledge(self, method: str, subscription: Subscription) -> None:
        echo = echo_of(subscription, self._streams.quirks)
        self.send(frame("subscriptionResponse", {"method": method, "subscription": echo}))

    def _post(self, message: Post) -> None:
        if not self._gate.may_post(len(self._posts)):
            self._error(f"too many pending post requests id={message.id}")
            return
        # Eager: what can be answered at once is, and requests reach the exchange in the order in which they came.
        task = asyncio.Task(self._answer(message), loop=self._loop, eager_start=True)
        if not task.done():
            self._posts.add(task)
            self._gate.under_way.add(task)
            task.add_done_callback(self._posts.discard)
            task.add_done_callback(self._gate.under_way.discard)

    async def _answer(self, message: Post) -> None:
        path: Path = "/info" if message.request.type == "info" else "/exchange"
        try:
            reply = await self._api.ask(path, bytes(message.request.payload), self.address, via="ws")
        except ConnectionBroken:
            self.abort()
            return
        except NoAnswer:
            return
        payload: Any
        if reply.status == 200 and path == "/info":
            response: dict[str, Any] = {"type": "info", "payload": {"type": reply.kind, "data": reply.data}}
        elif reply.status == 200:
            response = {"type": "action", "payload": msgspec.Raw(reply.body)}
        elif path == "/info" and reply.status == HTTPStatus.INTERNAL_SERVER_ERROR and reply.body == b"null":
            # An info post that breaks over REST answers null here and the socket stays open (section 8.4).
            response = {"type": "info", "payload": {"type": reply.kind, "data": None}}
        else:
            phrase = HTTPStatus(reply.status).phrase if reply.status in _STATUSES else "Error"
            payload = f"{reply.status} {phrase}: {reply.body.decode(errors='replace')}"
            response = {"type": "error", "payload": payload}
        self.send(frame("post", {"id": message.id, "response": response}))
