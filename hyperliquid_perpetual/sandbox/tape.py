"""What trading leaves behind per market: candles of every interval, and the figures of the last 24 hours.

Made from trades alone, but for the candles from before the opening (see `past`).
"""

from collections import deque
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
    """Candles and daily figures of one market.

    A trade goes into the candle of its minute, and into one that waits to be taken into the longer candles when the
    minute is over; whoever asks for those before gets them with what waits added.
    """

    def __init__(self, market: Market, past: Past | None = None) -> None:
        self._market = market
        self._past = past
        self._px = market.oracle_px
        self._series = {interval: CandleSeries(interval) for interval in INTERVALS}
        self._minutes = self._series["1m"]
        self._longer = [series for series in self._series.values() if series is not self._minutes]
        self._minute: Candle | None = None
        self._waiting: Candle | None = None
        """What was traded in the last minute with trades, as long as it is not part of the longer candles."""
        self._day: deque[tuple[int, int, int]] = deque()
        """(open time, turnover, volume) of the minutes before with trades, as far as they belong to the last day."""
        self._day_turnover = self._day_lots = 0
        if past is not None:
            # From the opening on, or there would be nothing between it and the first trade.
            for series in self._series.values():
                series.at(past.opening, self._px)

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
        self._take_in()
        return {interval: series.kept() for interval, series in self._series.items()}

    def load(self, last_px: int, candles: Mapping[str, Sequence[Candle]]) -> None:
        """Have the candles that `dump` gave, and no others."""
        self._px = last_px
        self._minute = self._waiting = None
        self._day.clear()
        self._day_turnover = self._day_lots = 0
        for interval, series in self._series.items():
            series.load(candles.get(interval, ()))
        for minute in candles.get("1m", ())[-DAY // MINUTE :]:
            self._count_minute(minute)

    def add(self, trade: Trade) -> None:
        """Take in a trade."""
        minute, waiting = self._minute, self._waiting
        if minute is None or waiting is None or trade.time > minute.close_time:
            self._take_in()
            minute = self._minute = self._minutes.at(trade.time, self._px)
            waiting = self._waiting = Candle(minute.open_time, minute.close_time, trade.px)
        minute.add(trade.px, trade.sz)
        waiting.add(trade.px, trade.sz)
        self._px = trade.px

    def candles(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The candles of an interval that overlap [start, end], the open one included, and those of the past."""
        own = self.traded(interval, start, end, now)
        if self._past is None:
            return own
        before = self._past.candles(interval, start, min(end, self._series[interval].first_open - 1))
        return (before + [self._past.joined(interval, candle) for candle in own])[-MAX_CANDLES:]

    def traded(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The same, made of trades alone."""
        self._catch_up(now)
        series = self._series[interval]
        last = series.at(now, self._px)
        found = series.between(start, end)
        if found and found[-1] is last and self._waiting is not None and series is not self._minutes:
            found[-1] = last.merged(self._waiting)
        return found

    def open_candle(self, interval: str, now: int) -> Candle:
        """The candle that is being made."""
        self._catch_up(now)
        series = self._series[interval]
        candle = series.at(now, self._px)
        if self._waiting is not None and series is not self._minutes:
            candle = candle.merged(self._waiting)
        return candle if self._past is None else self._past.joined(interval, candle)

    def day_volume(self, now: int) -> tuple[int, int]:
        """Notional (money) and lots traded in the last 24 hours, to the minute."""
        self._catch_up(now)
        self._forget_minutes(now - DAY + 1)
        turnover, lots = self._day_turnover, self._day_lots
        if self._waiting is not None:
            turnover += self._waiting.turnover
            lots += self._waiting.volume
        return turnover * self._market.lot_value, lots

    def previous_day_px(self, now: int) -> int:
        """The price of 24 hours ago, or the first there was."""
        found = self._minutes.open_from(now - DAY)
        return self._px if found is None else found

    def _catch_up(self, now: int) -> None:
        if self._waiting is not None and now > self._waiting.close_time:
            self._take_in()

    def _take_in(self) -> None:
        """Make what waits a part of everything that is longer."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            for series in self._longer:
                series.at(waiting.open_time, waiting.open).merge(waiting)
            self._count_minute(waiting)

    def _count_minute(self, minute: Candle) -> None:
        """Make what was traded in a minute a part of the day's figures."""
        if minute.count:
            self._day.append((minute.open_time, minute.turnover, minute.volume))
            self._day_turnover += minute.turnover
            self._day_lots += minute.volume
            # Here too, and not only where the figures are asked for: nobody may ever ask.
            self._forget_minutes(minute.open_time - DAY)

    def _forget_minutes(self, before: int) -> None:
        """Take the minutes that began before a time out of the day's figures."""
        day = self._day
        while day and day[0][0] < before:
            _, turnover, lots = day.popleft()
            self._day_turnover -= turnover
            self._day_lots -= lots


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
