"""What is known of each market right now: its composed book, prices and funding, the last trade, and how fresh all that
is.

Pure state: who feeds it passes the time in. A market is *stale* when its book's venue time has not moved for a while:
the venue resends books that did not change, so silence, or a repeated time, means that something is broken on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from ..venue.messages import AssetContext, Trade
from .order_book import BookChange, ComposedBook

STALE_AFTER_SECONDS = 20.0
"""Several times the slowest cadence at which the venue resends a book (5.4 s)."""

_REMEMBERED_TRADES = 2000


@dataclass(slots=True)
class MarketState:
    """One coin."""

    book: ComposedBook
    context: AssetContext | None = None
    context_at: float = 0.0
    """Unix seconds at which the context came in."""
    last_trade: float | None = None
    """Price of the newest public trade, in USD."""
    book_moved_at: float = 0.0
    """Unix seconds at which the book's venue time last moved on."""
    newest_trade_ms: int = 0
    seen_trades: dict[int, None] = field(default_factory=dict)


class MarketData:
    """The state of all coins that are followed."""

    def __init__(self) -> None:
        self._coins: dict[str, MarketState] = {}

    def of(self, coin: str) -> MarketState:
        """A coin's state, made when it is first asked for."""
        state = self._coins.get(coin)
        if state is None:
            state = self._coins[coin] = MarketState(ComposedBook(coin))
        return state

    def forget(self, coin: str) -> None:
        """Drops a coin that is no longer followed."""
        self._coins.pop(coin, None)

    def note_book(self, coin: str, change: BookChange | None, time_before: int, now: float) -> BookChange | None:
        """Notes that a frame of the book was taken; hands the change through.

        :param time_before: the book's venue time before the frame. :param now: Unix seconds.
        """
        state = self.of(coin)
        if state.book.time != time_before:
            state.book_moved_at = now
        return change

    def note_context(self, coin: str, context: AssetContext, now: float) -> None:
        """Notes a market's prices and funding."""
        state = self.of(coin)
        state.context, state.context_at = context, now

    def new_trades(self, coin: str, trades: Iterable[Trade], since_ms: int) -> list[Trade]:
        """The trades that were not seen before, oldest first; the venue replays recent ones after each subscription.

        :param since_ms: trades before this (Unix milliseconds) happened before anybody here was interested.
        """
        state = self.of(coin)
        fresh = []
        for trade in sorted(trades, key=lambda item: item.time):
            if trade.tid in state.seen_trades:
                continue
            state.seen_trades[trade.tid] = None
            if trade.time >= state.newest_trade_ms:
                state.newest_trade_ms, state.last_trade = trade.time, float(trade.px)
            if trade.time >= since_ms:
                fresh.append(trade)
        while len(state.seen_trades) > _REMEMBERED_TRADES:
            del state.seen_trades[next(iter(state.seen_trades))]
        return fresh

    def last_price(self, coin: str, now: float, max_age: float = 60.0) -> float | None:
        """The last trade, else the mark price if it is not older than ``max_age`` seconds; None if neither is known."""
        state = self._coins.get(coin)
        if state is None:
            return None
        if state.last_trade is not None:
            return state.last_trade
        if state.context is not None and now - state.context_at <= max_age:
            return float(state.context.markPx)
        return None

    def reference_price(self, coin: str) -> Decimal | None:
        """The mark price in USD, else the middle of the book; None when neither is known."""
        state = self._coins.get(coin)
        if state is None:
            return None
        if state.context is not None:
            return state.context.markPx
        bid, ask = state.book.best_bid, state.book.best_ask
        return (Decimal(str(bid)) + Decimal(str(ask))) / 2 if bid is not None and ask is not None else None

    def stale(self, coins: Iterable[str], now: float) -> dict[str, str]:
        """Which of the coins have no usable book, and why.

        :param now: Unix seconds.
        """
        reasons: dict[str, str] = {}
        for coin in coins:
            state = self._coins.get(coin)
            if state is None or not state.book.time:
                reasons[coin] = "no book yet"
            elif now - state.book_moved_at > STALE_AFTER_SECONDS:
                reasons[coin] = f"the book stands still since {now - state.book_moved_at:.0f} s"
        return reasons
