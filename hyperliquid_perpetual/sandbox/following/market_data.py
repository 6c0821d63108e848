"""Recorded frames as typed market events, in the integers of the engine (reference, section 8.2).

Everything is checked here once: what comes out has prices that the market may have, in their order, and whole lots.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import msgspec
from msgspec import Struct

from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.wire import PRICE_DECIMALS, canonical_decimal, scaled

Depth = Literal["full", "fast", "best"]
DEPTHS: dict[Depth, int] = {"full": 20, "fast": 5, "best": 1}
"""Levels per side that a frame has at most."""

Levels = tuple[tuple[int, int], ...]
"""(price in 1e-6 USD, lots), best first."""


class FrameError(ValueError):
    """A frame that the venue would not send."""


class BookFrame(Struct, frozen=True):
    """What the book of a coin was at a time of the venue (Unix ms), down to a depth."""

    coin: str
    time: int
    depth: Depth
    bids: Levels
    asks: Levels


class Print(Struct, frozen=True):
    """A trade; `is_buy` says that the aggressor bought."""

    coin: str
    time: int
    tid: int
    is_buy: bool
    px: int
    sz: int


class Prices(Struct, frozen=True):
    """Oracle and mark price of a coin, in 1e-6 USD."""

    coin: str
    oracle_px: int
    mark_px: int


MarketEvent = BookFrame | Print | Prices


class _Level(Struct):
    px: str
    sz: str


class _Book(Struct):
    coin: str
    time: int
    levels: tuple[list[_Level], list[_Level]]
    fast: bool = False
    spread: str | None = None


class _Best(Struct):
    coin: str
    time: int
    bbo: tuple[_Level | None, _Level | None]


class _Trade(Struct):
    coin: str
    side: Literal["A", "B"]
    px: str
    sz: str
    time: int
    tid: int


class _Context(Struct):
    oraclePx: str
    markPx: str


class _CoinContext(Struct):
    coin: str
    ctx: _Context


class _Frame(Struct):
    channel: str
    data: msgspec.Raw


_frames = msgspec.json.Decoder(_Frame)
_books = msgspec.json.Decoder(_Book)
_bests = msgspec.json.Decoder(_Best)
_trades = msgspec.json.Decoder(list[_Trade])
_contexts = msgspec.json.Decoder(_CoinContext)


def market_events(frame: bytes, markets: Mapping[str, Market]) -> list[MarketEvent]:
    """What a frame says about some markets; nothing about others, and for channels that are not followed.

    :raises FrameError: when it is not what the venue sends.
    """
    try:
        outer = _frames.decode(frame)
        match outer.channel:
            case "l2Book":
                return _book(_books.decode(outer.data), markets)
            case "bbo":
                best = _bests.decode(outer.data)
                market = markets.get(best.coin)
                if market is None:
                    return []
                bids, asks = (
                    _levels(market, [] if level is None else [level], n == 0) for n, level in enumerate(best.bbo)
                )
                return [_uncrossed(BookFrame(best.coin, best.time, "best", bids, asks))]
            case "trades":
                return [
                    Print(trade.coin, trade.time, trade.tid, trade.side == "B", *_level(market, trade.px, trade.sz))
                    for trade in _trades.decode(outer.data)
                    if (market := markets.get(trade.coin)) is not None
                ]
            case "activeAssetCtx":
                found = _contexts.decode(outer.data)
                if found.coin not in markets:
                    return []
                oracle, mark = (_price(text) for text in (found.ctx.oraclePx, found.ctx.markPx))
                return [Prices(found.coin, oracle, mark)]
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise FrameError(str(error)) from None
    return []


def _book(book: _Book, markets: Mapping[str, Market]) -> list[MarketEvent]:
    market = markets.get(book.coin)
    if market is None or book.spread is not None:  # an aggregated book is no book to trade on
        return []
    depth: Depth = "fast" if book.fast else "full"
    bids, asks = (_levels(market, side, n == 0) for n, side in enumerate(book.levels))
    return [_uncrossed(BookFrame(book.coin, book.time, depth, bids, asks))]


def _uncrossed(frame: BookFrame) -> BookFrame:
    if frame.bids and frame.asks and frame.bids[0][0] >= frame.asks[0][0]:
        raise FrameError(f"the book of {frame.coin} is crossed at {frame.time}")
    return frame


def _levels(market: Market, side: list[_Level], is_bid: bool) -> Levels:
    levels = tuple(_level(market, level.px, level.sz) for level in side)
    sign = -1 if is_bid else 1
    if any(before[0] * sign >= after[0] * sign for before, after in pairwise(levels)):
        raise FrameError(f"the levels of {market.coin} are not in order")
    return levels


def _level(market: Market, px_text: str, sz_text: str) -> tuple[int, int]:
    px = _price(px_text)
    try:
        sz = scaled(canonical_decimal(sz_text), market.sz_decimals)
    except ValueError as error:
        raise FrameError(str(error)) from None
    if sz is None or sz <= 0 or not market.is_valid_px(px):
        raise FrameError(f"{market.coin} has no {sz_text} at {px_text}")
    return px, sz


def _price(text: str) -> int:
    try:
        px = scaled(canonical_decimal(text), PRICE_DECIMALS)
    except ValueError as error:
        raise FrameError(str(error)) from None
    if px is None or px <= 0:
        raise FrameError(f"{text} is no price")
    return px
