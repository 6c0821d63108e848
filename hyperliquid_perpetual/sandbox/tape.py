"""What trading leaves behind per market: candles of every interval, and the figures of the last 24 hours.

Made from trades alone, but for the candles from before the opening (see `past`).
"""

from collections.abc import Iterable, Mapping, Sequence

from hyperliquid_perpetual.sandbox.candles import (
    DAY,
    HOUR,
    INTERVALS,
    MAX_CANDLES,
    MINUTE,
    Candle,
    CandleSeries,
    candle_span,
)
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.records import Trade
from hyperliquid_perpetual.sandbox.past import Past

__all__ = [
    "DAY",
    "HOUR",
    "INTERVALS",
    "MAX_CANDLES",
    "MINUTE",
    "Candle",
    "CandleSeries",
    "MarketTape",
    "Tape",
    "candle_span",
]


class MarketTape:
    """Candles and daily figures of one market."""

    def __init__(self, market: Market, past: Past | None = None) -> None:
        self._market = market
        self._past = past
        self._px = market.oracle_px
        self._series = {interval: CandleSeries(interval) for interval in INTERVALS}
        if past is not None:
            # From the opening on, or there would be nothing between it and the first trade.
            for series in self._series.values():
                series.at(past.opening, self._px)

    def add(self, trade: Trade) -> None:
        """Take in a trade."""
        for series in self._series.values():
            series.at(trade.time, trade.px).add(trade.px, trade.sz)
        self._px = trade.px

    @property
    def has_past(self) -> bool:
        """Whether there are candles from before the opening."""
        return self._past is not None

    @property
    def last_px(self) -> int:
        """The price of the last trade, or the one that the market began with."""
        return self._px

    def dump(self) -> dict[str, list[Candle]]:
        """All candles by interval as they are now, the oldest first; they do not change any more."""
        return {interval: series.kept() for interval, series in self._series.items()}

    def load(self, last_px: int, candles: Mapping[str, Sequence[Candle]]) -> None:
        """Have the candles that `dump` gave, and no others."""
        self._px = last_px
        for interval, series in self._series.items():
            series.load(candles.get(interval, ()))

    def candles(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The candles of an interval that overlap [start, end], the open one included, and those of the past."""
        own = self.traded(interval, start, end, now)
        if self._past is None:
            return own
        before = self._past.candles(interval, start, min(end, self._series[interval].first_open - 1))
        return (before + [self._past.joined(candle) for candle in own])[-MAX_CANDLES:]

    def traded(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The same, made of trades alone."""
        series = self._series[interval]
        series.at(now, self._px)
        return series.between(start, end)

    def open_candle(self, interval: str, now: int) -> Candle:
        """The candle that is being made."""
        candle = self._series[interval].at(now, self._px)
        return candle if self._past is None else self._past.joined(candle)

    def day_volume(self, now: int) -> tuple[int, int]:
        """Notional (money) and lots traded in the last 24 hours, to the minute."""
        minutes = self._series["1m"].between(now - DAY + MINUTE, now)
        turnover = sum(candle.turnover for candle in minutes)
        return turnover * self._market.lot_value, sum(candle.volume for candle in minutes)

    def previous_day_px(self, now: int) -> int:
        """The price of 24 hours ago, or the first there was."""
        minutes = self._series["1m"].between(now - DAY, now)
        return minutes[0].open if minutes else self._px


class Tape:
    """The tapes of all markets, by asset id."""

    def __init__(self, markets: Iterable[Market], opening: int, seed: int) -> None:
        """:param opening: when the exchange opens, Unix ms; ``seed`` makes what was before repeatable."""
        self.opening = opening
        self._seed = seed
        self.by_asset = {market.asset: MarketTape(market, Past(market, opening, seed)) for market in markets}

    def open(self, market: Market) -> None:
        """A market has been listed."""
        self.by_asset[market.asset] = MarketTape(market)

    def restore(self, market: Market, has_past: bool, last_px: int, candles: Mapping[str, Sequence[Candle]]) -> None:
        """Have a market's tape as it was when the exchange was saved."""
        tape = MarketTape(market, Past(market, self.opening, self._seed) if has_past else None)
        tape.load(last_px, candles)
        self.by_asset[market.asset] = tape

    def add(self, trade: Trade) -> None:
        """Take in a trade of any market."""
        self.by_asset[trade.asset].add(trade)
