"""What trading leaves behind per market: candles of every interval, and the figures of the last 24 hours.

Made from trades alone, but for the candles from before the opening (see `past`).
"""

from collections import deque
from collections.abc import Iterable

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
    """Candles and daily figures of one market.

    A trade goes into the candle of its minute alone. When the minute is over it is taken into the longer candles;
    whoever asks for those before gets them with the open minute added.
    """

    def __init__(self, market: Market, past: Past | None = None) -> None:
        self._market = market
        self._past = past
        self._px = market.oracle_px
        self._minutes = CandleSeries("1m")
        self._longer = {interval: CandleSeries(interval) for interval in INTERVALS if interval != "1m"}
        self._minute: Candle | None = None
        """The last minute in which there was a trade, until it is part of the longer candles."""
        self._day: deque[tuple[int, int, int]] = deque()
        """(open time, turnover, volume) of the minutes before with trades, as far as they belong to the last day."""
        self._day_turnover = self._day_lots = 0
        if past is not None:
            # From the opening on, or there would be nothing between it and the first trade.
            for series in (self._minutes, *self._longer.values()):
                series.at(past.opening, self._px)

    def add(self, trade: Trade) -> None:
        """Take in a trade."""
        minute = self._minute
        if minute is None or trade.time > minute.close_time:
            self._close_minute()
            minute = self._minute = self._minutes.at(trade.time, self._px)
        minute.add(trade.px, trade.sz)
        self._px = trade.px

    def candles(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The candles of an interval that overlap [start, end], the open one included, and those of the past."""
        own = self.traded(interval, start, end, now)
        if self._past is None:
            return own
        first_open = (self._minutes if interval == "1m" else self._longer[interval]).first_open
        before = self._past.candles(interval, start, min(end, first_open - 1))
        return (before + [self._past.joined(interval, candle) for candle in own])[-MAX_CANDLES:]

    def traded(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The same, made of trades alone."""
        self._catch_up(now)
        if interval == "1m":
            self._minutes.at(now, self._px)
            return self._minutes.between(start, end)
        series = self._longer[interval]
        last = series.at(now, self._px)
        found = series.between(start, end)
        if found and found[-1] is last and self._minute is not None:
            found[-1] = last.merged(self._minute)
        return found

    def open_candle(self, interval: str, now: int) -> Candle:
        """The candle that is being made."""
        self._catch_up(now)
        if interval == "1m":
            candle = self._minutes.at(now, self._px)
        else:
            candle = self._longer[interval].at(now, self._px)
            if self._minute is not None:
                candle = candle.merged(self._minute)
        return candle if self._past is None else self._past.joined(interval, candle)

    def day_volume(self, now: int) -> tuple[int, int]:
        """Notional (money) and lots traded in the last 24 hours, to the minute."""
        self._catch_up(now)
        day = self._day
        while day and day[0][0] < now - DAY + 1:
            _, turnover, lots = day.popleft()
            self._day_turnover -= turnover
            self._day_lots -= lots
        turnover, lots = self._day_turnover, self._day_lots
        if self._minute is not None:
            turnover += self._minute.turnover
            lots += self._minute.volume
        return turnover * self._market.lot_value, lots

    def previous_day_px(self, now: int) -> int:
        """The price of 24 hours ago, or the first there was."""
        found = self._minutes.open_from(now - DAY)
        return self._px if found is None else found

    def _catch_up(self, now: int) -> None:
        if self._minute is not None and now > self._minute.close_time:
            self._close_minute()

    def _close_minute(self) -> None:
        """Make the last minute with trades a part of everything that is longer."""
        minute, self._minute = self._minute, None
        if minute is None:
            return
        for series in self._longer.values():
            series.at(minute.open_time, minute.open).merge(minute)
        self._day.append((minute.open_time, minute.turnover, minute.volume))
        self._day_turnover += minute.turnover
        self._day_lots += minute.volume


class Tape:
    """The tapes of all markets, by asset id."""

    def __init__(self, markets: Iterable[Market], opening: int, seed: int) -> None:
        """:param opening: when the exchange opens, Unix ms; ``seed`` makes what was before repeatable."""
        self.by_asset = {market.asset: MarketTape(market, Past(market, opening, seed)) for market in markets}

    def open(self, market: Market) -> None:
        """A market has been listed."""
        self.by_asset[market.asset] = MarketTape(market)

    def add(self, trade: Trade) -> None:
        """Take in a trade of any market."""
        self.by_asset[trade.asset].add(trade)
