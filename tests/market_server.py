"""A scripted server of market data: every subscription is answered with a first frame, as the venue does."""

import asyncio
import json

from aiohttp import ClientConnectionResetError, web

from hyperliquid_perpetual.trading.market_data import Feed
from tests.websocket_server import Json, ScriptedServer, acknowledge, drop


def levels(start: float, step: float, count: int, size: str) -> list[Json]:
    return [{"px": f"{start + index * step:.1f}", "sz": size, "n": 1} for index in range(count)]


def deep(coin: str, time: int, size: str = "1.0") -> Json:
    both = [levels(100, -1, 20, size), levels(101, 1, 20, size)]
    return {"channel": "l2Book", "data": {"coin": coin, "time": time, "levels": both}}


def fast(coin: str, time: int, size: str = "2.0") -> Json:
    both = [levels(100, -1, 5, size), levels(101, 1, 5, size)]
    return {"channel": "l2Book", "data": {"coin": coin, "time": time, "levels": both, "fast": True}}


def bbo(coin: str, time: int, bid: str, ask: str) -> Json:
    both = [{"px": bid, "sz": "3.0", "n": 1}, {"px": ask, "sz": "3.0", "n": 1}]
    return {"channel": "bbo", "data": {"coin": coin, "time": time, "bbo": both}}


def trades(*rows: tuple[str, int, int]) -> Json:
    data = [
        {"coin": c, "side": "B", "px": "100.0", "sz": "0.1", "time": t, "tid": tid, "hash": "0x0"} for c, t, tid in rows
    ]
    return {"channel": "trades", "data": data}


def context(coin: str) -> Json:
    ctx = {"funding": "0.0000125", "openInterest": "605822.25", "oraclePx": "100.1", "markPx": "100.2"}
    return {"channel": "activeAssetCtx", "data": {"coin": coin, "ctx": ctx}}


class MarketServer(ScriptedServer):
    """Answers each subscription with its first frame, and knows which socket carries what."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.refuses_fast = False
        self.unknown: set[str] = set()
        self.mute: set[str] = set()
        self.time = 1_790_000_000_000
        self.sockets_of: dict[Feed, web.WebSocketResponse] = {}

    async def _answer(self, _server: ScriptedServer, socket: web.WebSocketResponse, frame: Json) -> None:
        subscription = frame["subscription"]
        coin, kind, is_fast = subscription["coin"], subscription["type"], subscription.get("fast", False)
        if frame["method"] == "subscribe":
            self.sockets_of[Feed.DEPTH if kind == "l2Book" and not is_fast else Feed.TOP] = socket
            if coin in self.unknown:
                await drop(socket)
                return
            if is_fast and self.refuses_fast:
                await socket.send_json({"channel": "error", "data": f"Invalid subscription {json.dumps(subscription)}"})
                return
        await acknowledge(self, socket, frame)
        if frame["method"] == "subscribe" and coin not in self.mute:
            first = {"bbo": bbo(coin, self.time, "100.0", "101.0"), "activeAssetCtx": context(coin), "trades": trades()}
            await socket.send_json(first.get(kind) or (fast if is_fast else deep)(coin, self.time))

    async def send(self, feed: Feed, *frames: Json) -> None:
        """Sends frames to whoever subscribed to a feed last, waiting for a client that is replacing its socket."""
        for frame in frames:
            async with asyncio.timeout(5):
                while True:
                    try:
                        await self.sockets_of[feed].send_json(frame)
                        break
                    except ClientConnectionResetError:
                        await asyncio.sleep(0.01)

    def streams(self, coin: str) -> list[str]:
        return [s["type"] + ("+fast" if s.get("fast") else "") for s in self.subscribed if s["coin"] == coin]
