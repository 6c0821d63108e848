"""Books as they were at a moment: what the streams of a stale book go on sending while everything else is live."""

import copy
from typing import Any, cast

from hyperliquid_perpetual.sandbox import subscriptions as subs
from hyperliquid_perpetual.sandbox.engine.book import Book
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.records import Level
from hyperliquid_perpetual.sandbox.market_view import MarketView


class _StillSide:
    def __init__(self, levels: list[Level]) -> None:
        self._levels = levels

    def levels(self, depth: int | None = None) -> list[Level]:
        return self._levels[:depth]


class _StillBook:
    def __init__(self, book: Book) -> None:
        self.bids = _StillSide(book.bids.levels())
        self.asks = _StillSide(book.asks.levels())


class StillBooks:
    """The books that stand still at the moment, by coin."""

    def __init__(self, exchange: Exchange, view: MarketView) -> None:
        self._exchange = exchange
        self._view = view
        self._books: dict[str, tuple[MarketState, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._books)

    def __contains__(self, coin: str) -> bool:
        return coin in self._books

    def keep(self, coins: set[str | None]) -> None:
        """From now on these books stand still and no others; None stands for all. Those that do stay as they are."""
        if not coins and not self._books:
            return
        exchange = self._exchange
        wanted = {state.market.coin for state in exchange.markets.values()} if None in coins else coins
        for coin in set(self._books) - wanted:
            del self._books[coin]
        for state in exchange.markets.values():
            coin = state.market.coin
            if coin in wanted and coin not in self._books:
                still = copy.copy(state)
                still.book = cast(Book, _StillBook(state.book))
                self._books[coin] = (still, exchange.now)

    def frame(self, subscription: subs.L2Book | subs.Bbo) -> tuple[str, Any] | None:
        """Channel and data of a subscription to a book that stands still, with the time at which it stopped."""
        found = self._books.get(subscription.coin)
        if found is None:
            return None
        channel, data = self._view.book_frame(found[0], subscription)
        data["time"] = found[1]
        return channel, data
