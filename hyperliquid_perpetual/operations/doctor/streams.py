"""How fast a WebSocket is open and answers, and in what rhythm the books of a market arrive.

Reference, section 8.2. Best prices come with every block that changes them, the book of five levels about every 0.5 s,
the one of twenty about every 5 s. The two books of one coin share a channel, so there are two sockets, as a bot has.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.operations.networks import how_to_reach
from hyperliquid_perpetual.trading.host_limits import limits_of
from hyperliquid_perpetual.trading.websocket import open_websocket
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import ErrorFrame, Message, Pong, SubscriptionResponse
from hyperliquid_perpetual.venue.messages import Bbo, L2Book
from hyperliquid_perpetual.venue.networks import Network

CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 1.0
SLOW_SECONDS = 1.0
LATE_SECONDS = 3.0
"""A frame that is older than this when it arrives is worth a warning; 0.2 to 0.9 s are usual (section 8.2)."""

section = Section("Market data")
_network = Section("Network")


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of book, and how often it should come at the latest, in seconds."""

    title: str
    options: dict[str, Any]
    usual: str
    expected_within: float | None
    """None for one that only comes when something changes."""


BEST = Stream("best prices", {"type": "bbo"}, "with each block that changes them", None)
FAST = Stream("book of 5 levels", {"type": "l2Book", "fast": True}, "about every 0.5 s", 3.0)
DEEP = Stream("book of 20 levels", {"type": "l2Book"}, "about every 5 s", 20.0)


@dataclass(slots=True)
class Heard:
    """What came of one stream: when (monotonic seconds), how old it was (seconds), and of which venue time (ms)."""

    arrived: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    venue_times: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Socket:
    """What one socket was like; all in seconds."""

    streams: Sequence[Stream]
    opened_in: float | None = None
    acknowledged_in: float = 0.0
    ponged_in: float | None = None
    error: str = ""
    heard: dict[str, Heard] = field(default_factory=dict)


async def look(
    network: Network, coin: str, seconds: float, ahead_ms: float, on_passed: Callable[[float], None] = lambda _: None
) -> list[Finding]:
    """Listens to a market.

    :param seconds: how long. :param ahead_ms: how far the venue's clock is ahead of this machine's.
    :param on_passed: called now and then with the seconds that have passed.
    """
    sockets = [Socket((BEST, FAST)), Socket((DEEP,))]
    ticking = asyncio.create_task(_tick(on_passed))
    try:
        await asyncio.gather(*(_listen(network, coin, seconds, ahead_ms, socket) for socket in sockets))
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
    findings = [_speed(network, sockets)]
    for socket in sockets:
        findings += [
            _rhythm(stream, socket, coin, seconds) for stream in socket.streams if socket.opened_in is not None
        ]
    return findings


async def _tick(on_passed: Callable[[float], None]) -> None:
    began = time.monotonic()
    while True:
        on_passed(time.monotonic() - began)
        await asyncio.sleep(0.1)


async def _listen(network: Network, coin: str, seconds: float, ahead_ms: float, socket: Socket) -> None:
    """Fills in what one socket was like; what the network does ends up in its error."""
    limits = limits_of(network.ws_url)
    share = limits.open_socket()
    if share is None:
        socket.error = f"no room: the bots of this machine have all {limits.max_sockets} sockets open that are allowed"
        return
    try:
        await asyncio.sleep(limits.reserve_connect(time.monotonic()))
        began = time.monotonic()
        async with open_websocket(network.ws_url, CONNECT_SECONDS, CLOSE_SECONDS) as peer:
            socket.opened_in = time.monotonic() - began
            await _converse(peer, coin, seconds, ahead_ms, socket)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        socket.error = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    finally:
        share.close()


async def _converse(
    peer: aiohttp.ClientWebSocketResponse, coin: str, seconds: float, ahead_ms: float, socket: Socket
) -> None:
    asked_at, pinged_at, unanswered = time.monotonic(), 0.0, len(socket.streams)
    for stream in socket.streams:
        await _send(peer, {"method": "subscribe", "subscription": {**stream.options, "coin": coin}})
    deadline = asked_at + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            received = await peer.receive(timeout=left)
        except TimeoutError:
            break
        if received.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            socket.error = f"closed by the venue after {time.monotonic() - asked_at:.1f} s, code {peer.close_code}"
            return
        message, now = decode_frame(received.data), time.monotonic()
        if isinstance(message, SubscriptionResponse):
            unanswered -= 1
            if not unanswered:
                socket.acknowledged_in, pinged_at = now - asked_at, now
                await _send(peer, {"method": "ping"})
        elif isinstance(message, Pong):
            socket.ponged_in = now - pinged_at
        elif isinstance(message, ErrorFrame):
            socket.error = message.text
            return
        else:
            _hear(message, now, ahead_ms, socket)
    if socket.ponged_in is None:
        what = "ping" if pinged_at else "subscription"
        socket.error = f"open, and no answer to a {what} within {seconds:g} s"


async def _send(peer: aiohttp.ClientWebSocketResponse, frame: dict[str, Any]) -> None:
    await peer.send_str(msgspec.json.encode(frame).decode())


def _hear(message: Message, now: float, ahead_ms: float, socket: Socket) -> None:
    if not isinstance(message, Bbo | L2Book):
        return
    stream = BEST if isinstance(message, Bbo) else next(s for s in socket.streams if s is not BEST)
    heard = socket.heard.setdefault(stream.title, Heard())
    heard.arrived.append(now)
    heard.ages.append(time.time() + (ahead_ms - message.time) / 1000)
    heard.venue_times.append(message.time)


def _speed(network: Network, sockets: Sequence[Socket]) -> Finding:
    name = "WebSocket"
    broken = next((socket for socket in sockets if socket.error), None)
    if broken is not None:
        detail = f"{network.ws_url}: {broken.error}"
        return _network.problem(name, detail, how_to_reach(network), url=network.ws_url, error=broken.error)
    opened, acknowledged, ponged = (
        max(value or 0.0 for value in values)
        for values in zip(*((s.opened_in, s.acknowledged_in, s.ponged_in) for s in sockets), strict=True)
    )
    detail = (
        f"{network.ws_url} is open in {_ms(opened)}, subscriptions acknowledged in {_ms(acknowledged)}, a ping"
        f" answered in {_ms(ponged)}"
    )
    data = {"opened_ms": round(opened * 1000, 1), "ping_ms": round(ponged * 1000, 1), "url": network.ws_url}
    if ponged > SLOW_SECONDS:
        fix = "use a machine with a better connection to the venue, whose servers are in Tokyo"
        return _network.warning(name, detail, fix, **data)
    return _network.ok(name, detail, **data)


def _rhythm(stream: Stream, socket: Socket, coin: str, seconds: float) -> Finding:
    name, heard = f"{coin}, {stream.title}", socket.heard.get(stream.title)
    if heard is None:
        detail, fix = f"nothing arrived within {seconds:g} s", "see whether the market trades; run this again"
        kind = section.warning if stream.expected_within is None else section.problem
        return kind(name, detail, fix, frames=0)
    gaps = [after - before for before, after in itertools.pairwise(heard.arrived)]
    age, count = statistics.median(heard.ages), len(heard.arrived)
    data = {"frames": count, "seconds": seconds, "median_age_ms": round(age * 1000)}
    detail = f"{count} in {seconds:g} s (usual: {stream.usual})"
    if gaps:
        middle, longest = statistics.median(gaps), max(gaps)
        data |= {"median_gap_ms": round(middle * 1000), "longest_gap_ms": round(longest * 1000)}
        detail += f", {_ms(middle)} apart (median; at most {_ms(longest)})"
    detail += f", {_ms(max(age, 0.0))} old on arrival"
    within = stream.expected_within
    silent = max([*gaps, seconds - (heard.arrived[-1] - heard.arrived[0])])
    if within is not None and silent > within:
        return section.warning(name, f"{detail}; {silent:.1f} s without one", "run this again; watch the venue", **data)
    if within is not None and count > 2 and len(set(heard.venue_times)) == 1:
        detail += "; all of them of the same venue time"
        return section.warning(name, detail, "wait: the venue sends books that stand still", **data)
    if age > LATE_SECONDS:
        fix = "use a machine with a better connection to the venue; have the clock synchronised"
        return section.warning(name, detail, fix, **data)
    return section.ok(name, detail, **data)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
