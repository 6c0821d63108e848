"""What the markets did before the sandbox was opened: a month of candles, so that indicators have something to work on.

A seeded random walk, minute by minute, that ends at the price with which trading begins. Every interval is made of the
same minutes, so that an hour's candle is what its sixty minutes are. Nobody traded then: the past is in candles alone,
and in no figure that trades make.
"""

import math
from array import array
from copy import copy
from random import Random

from hyperliquid_perpetual.sandbox.candles import DAY, INTERVALS, MAX_CANDLES, MINUTE, Candle, candle_span
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.wire import PRICE_DECIMALS

MINUTES = 30 * 24 * 60
"""How far it goes back."""

_VOLATILITY = 0.0006
"""Standard deviation of the logarithm of a price after a minute."""
_TURNOVER = 20_000 * 10**PRICE_DECIMALS
"""Typical notional of a minute, in 1e-6 USD."""


class Past:
    """The candles of one market before ``opening`` (Unix milliseconds), made when they are first asked for."""

    def __init__(self, market: Market, opening: int, seed: int) -> None:
        self.opening = opening
        self._market = market
        self._seed = seed
        self._end = opening // MINUTE * MINUTE
        self._begin = self._end - MINUTES * MINUTE
        self._prices: array[int] = array("q")
        """Prices at the beginning of each minute, and at the end."""
        self._volumes: array[int] = array("q")
        self._openings: dict[str, Candle] = {}
        """The candle of each interval that the opening cut in two, as far as it lies in the past."""

    def candles(self, interval: str, start: int, end: int) -> list[Candle]:
        """The candles of an interval that overlap [start, end], oldest first, as far as they lie in the past."""
        found: list[Candle] = []
        last = min(end, self._end - 1)
        time = max(start, self._begin, last - MAX_CANDLES * (INTERVALS[interval] or 31 * DAY))
        while time <= last:
            open_time, close_time = candle_span(interval, time)
            candle = self._candle(open_time, close_time)
            if candle is not None:
                found.append(candle)
            time = close_time + 1
        return found

    def joined(self, interval: str, candle: Candle) -> Candle:
        """A candle of trades, with what its time had before the opening."""
        if candle.open_time >= self._end:
            return candle
        # Only the candle of the opening has such a time, one per interval.
        before = self._openings.get(interval)
        if before is None or before.open_time != candle.open_time:
            before = self._candle(candle.open_time, candle.close_time)
            if before is None:
                return candle
            self._openings[interval] = before
        joined = copy(before)
        joined.high, joined.low = max(joined.high, candle.high), min(joined.low, candle.low)
        joined.close = candle.close
        joined.volume += candle.volume
        joined.turnover += candle.turnover
        joined.count += candle.count
        return joined

    def _candle(self, open_time: int, close_time: int) -> Candle | None:
        first = max(0, (open_time - self._begin) // MINUTE)
        beyond = min(MINUTES, (close_time + 1 - self._begin) // MINUTE)
        if first >= beyond:
            return None
        self._make()
        prices = self._prices[first : beyond + 1]
        candle = Candle(open_time, close_time, prices[0])
        candle.high, candle.low, candle.close = max(prices), min(prices), prices[-1]
        volumes = self._volumes[first:beyond]
        candle.volume = sum(volumes)
        candle.turnover = sum(map(int.__mul__, volumes, prices))
        candle.count = len(volumes)
        return candle

    def _make(self) -> None:
        if self._prices:
            return
        random = Random(f"{self._seed} {self._market.coin}")  # noqa: S311 - repeatable on purpose
        step = self._market.px_step
        last = self._market.oracle_px
        per_lot = last * self._market.lot_value / 10**PRICE_DECIMALS
        logarithm = math.log(last)
        prices, volumes = [last], []
        for _ in range(MINUTES):
            logarithm += random.gauss(0, _VOLATILITY)
            px = math.exp(logarithm)
            # Book prices have five significant figures, unless they are whole dollars (reference, section 6).
            tick = max(step, min(10**PRICE_DECIMALS, 10 ** (math.floor(math.log10(px)) - 4)))
            prices.append(max(tick, round(px / tick) * tick))
            volumes.append(max(1, round(random.expovariate(1) * _TURNOVER / max(1.0, per_lot))))
        self._prices = array("q", reversed(prices))
        self._volumes = array("q", reversed(volumes))
