"""Measures what the traders of a regime make of a market, under a virtual clock:

    python -m hyperliquid_perpetual.sandbox.traders.statistics --market calm --coin BTC --hours 6 --seed 1

Spread and depth are taken every 0.625 seconds, alternately right after the makers have followed the price and after
the others have traded. Trades are counted by aggressor: one order that takes ten others is one trade. Returns are those
of the mid price from minute to minute.
"""

import argparse
import asyncio
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.engine.events import Event, TradeMade
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.units import MONEY_SCALE
from hyperliquid_perpetual.sandbox.traders.regimes import REGIMES, Regime

SAMPLE_SECONDS = 0.625
SAMPLES_PER_MINUTE = 96
BUCKETS = (0, 2, 5, 10, 20, 50)
"""Distances from the mid, in basis points, between which the depth profile is measured."""
SIGN_LAGS = (1, 2, 5, 10, 20, 50, 100)
MINUTE_LAGS = (1, 2, 5, 10, 20, 30)
_START_MS = 1_800_000_000_000
_MINUTES_PER_YEAR = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one market over some hours. Spreads and distances in basis points, depth and volume in USD."""

    hours: float
    spread_median: float
    spread_p95: float
    one_sided: float
    """Share of the samples in which the book had not two sides."""
    depth_10: float
    """Mean of what rests within 10 basis points of the mid, both sides together."""
    depth_50: float
    profile: tuple[float, ...]
    """Mean depth per basis point between the distances of `BUCKETS`."""
    trades_per_hour: float
    volume_per_hour: float
    seconds_between_trades: float
    """Median."""
    longest_pause: float
    """Longest time without a trade, in seconds."""
    sign_autocorrelation: dict[int, float]
    """Of the aggressors' sides, by lag in trades."""
    return_autocorrelation: dict[int, float]
    """Of minute returns, by lag in minutes."""
    volatility_autocorrelation: dict[int, float]
    """Of the absolute minute returns."""
    kurtosis: float
    """Of minute returns; 3 is that of a normal distribution."""
    volatility: float
    """Standard deviation of minute returns, in percent a year."""
    largest_minute: float
    """Largest absolute minute return, in basis points."""


class Observer:
    """Looks at one market while time passes."""

    def __init__(self, state: MarketState) -> None:
        self._state = state
        self._usd = state.market.lot_value / MONEY_SCALE
        self.spreads: list[float] = []
        self.one_sided = 0
        self.depth = [0.0] * (len(BUCKETS) - 1)
        self.minute_mids: list[float] = []
        self.times: list[int] = []
        self.signs: list[int] = []
        self.volume = 0.0
        self._samples = 0
        self._last_hash = ""
        self._mid = 0.0

    def on_events(self, events: list[Event]) -> None:
        """As a `BlockListener`."""
        for event in events:
            if isinstance(event, TradeMade) and event.trade.asset == self._state.market.asset:
                trade = event.trade
                self.volume += trade.px * trade.sz * self._usd
                if trade.hash != self._last_hash:
                    self._last_hash = trade.hash
                    self.times.append(trade.time)
                    self.signs.append(1 if trade.is_buy else -1)

    def on_block(self, now: int) -> None:
        """As a `BlockListener`."""

    def sample(self) -> None:
        """Look at the book."""
        book, usd = self._state.book, self._usd
        bid, ask = book.bids.best, book.asks.best
        if bid is None or ask is None:
            self.one_sided += 1
        else:
            mid = self._mid = (bid + ask) / 2
            self.spreads.append((ask - bid) / mid * 1e4)
            for side in (book.bids, book.asks):
                for level in side.levels():
                    distance = abs(level.px / mid - 1) * 1e4
                    for index, farthest in enumerate(BUCKETS[1:]):
                        if distance < farthest:
                            self.depth[index] += level.px * level.sz * usd
                            break
        # The first of every minute's samples is one right after the makers have followed the price.
        if self._samples % SAMPLES_PER_MINUTE == 0 and self._mid:
            self.minute_mids.append(self._mid)
        self._samples += 1

    def statistics(self) -> Statistics:
        """What has been seen so far.

        :raises ValueError: when that was less than ten minutes, or nobody traded.
        """
        if len(self.minute_mids) < 10 or len(self.times) < 2 or not self.spreads:
            raise ValueError("statistics need at least ten minutes in which somebody trades")
        hours = self._samples * SAMPLE_SECONDS / 3600
        seen = len(self.spreads)
        depth = [value / seen for value in self.depth]
        returns = [math.log(later / mid) * 1e4 for mid, later in pairwise(self.minute_mids)]
        pauses = [(later - time) / 1000 for time, later in pairwise(self.times)]
        spreads = sorted(self.spreads)
        deviation = math.sqrt(_moment(returns, 2))
        sizes = [abs(each) for each in returns]
        return Statistics(
            hours=hours,
            spread_median=spreads[seen // 2],
            spread_p95=spreads[int(seen * 0.95)],
            one_sided=self.one_sided / self._samples,
            depth_10=sum(depth[:3]),
            depth_50=sum(depth),
            profile=tuple(
                value / (farthest - nearest)
                for value, nearest, farthest in zip(depth, BUCKETS, BUCKETS[1:], strict=False)
            ),
            trades_per_hour=len(self.times) / hours,
            volume_per_hour=self.volume / hours,
            seconds_between_trades=sorted(pauses)[len(pauses) // 2],
            longest_pause=max(pauses),
            sign_autocorrelation={lag: autocorrelation(self.signs, lag) for lag in SIGN_LAGS},
            return_autocorrelation={lag: autocorrelation(returns, lag) for lag in MINUTE_LAGS},
            volatility_autocorrelation={lag: autocorrelation(sizes, lag) for lag in MINUTE_LAGS},
            kurtosis=kurtosis(returns),
            volatility=deviation * math.sqrt(_MINUTES_PER_YEAR) / 100,
            largest_minute=max(sizes),
        )


def autocorrelation(values: Sequence[float], lag: int) -> float:
    """Correlation of a series with itself `lag` later; 0 for one that is too short or does not vary."""
    count = len(values)
    if count <= lag:
        return 0.0
    mean = sum(values) / count
    variance = sum((value - mean) ** 2 for value in values)
    if not variance:
        return 0.0
    return sum((one - mean) * (other - mean) for one, other in zip(values, values[lag:], strict=False)) / variance


def kurtosis(values: Sequence[float]) -> float:
    """Fourth moment by the square of the second; 3 for a normal distribution, 0 for values that do not vary."""
    second = _moment(values, 2)
    return _moment(values, 4) / second**2 if second else 0.0


def _moment(values: Sequence[float], order: int) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** order for value in values) / len(values)


async def measure(market: Regime, coin: str = "BTC", hours: float = 1, seed: int = 1) -> Statistics:
    """Let a market of the standard set live for some hours, and measure it.

    :raises ValueError: for a coin that is not listed, and where there is too little to measure.
    """
    from hyperliquid_perpetual.sandbox.sandbox import Sandbox

    clock = VirtualClock(_START_MS)
    async with Sandbox(seed=seed, market=market, coins=(coin,), clock=clock) as exchange:
        state = exchange.engine.market(coin)
        if state is None:
            raise ValueError(f"{coin} is not listed; there are {sorted(exchange.market_set.by_coin)}")
        observer = Observer(state)
        exchange.chain.listen(observer)
        for _ in range(round(hours * 3600 / SAMPLE_SECONDS)):
            await clock.advance(SAMPLE_SECONDS)
            observer.sample()
        return observer.statistics()


def table(found: dict[str, Statistics]) -> str:
    """The statistics of some regimes as a Markdown table, a regime a column."""
    rows: list[tuple[str, Callable[[Statistics], str]]] = [
        ("spread, median (bp)", lambda each: f"{each.spread_median:.2f}"),
        ("spread, 95th percentile (bp)", lambda each: f"{each.spread_p95:.1f}"),
        ("book with one side or none", lambda each: f"{each.one_sided:.1%}"),
        ("depth within 10 bp (USD)", lambda each: f"{each.depth_10:,.0f}"),
        ("depth within 50 bp (USD)", lambda each: f"{each.depth_50:,.0f}"),
        *(
            (f"depth per bp, {BUCKETS[index]}-{BUCKETS[index + 1]} bp away (USD)", _profile_at(index))
            for index in range(len(BUCKETS) - 1)
        ),
        ("trades an hour", lambda each: f"{each.trades_per_hour:,.0f}"),
        ("volume an hour (USD)", lambda each: f"{each.volume_per_hour:,.0f}"),
        ("between trades, median (s)", lambda each: f"{each.seconds_between_trades:.2f}"),
        ("longest time without a trade (s)", lambda each: f"{each.longest_pause:.0f}"),
        ("autocorrelation of trade signs, lag " + _lags(SIGN_LAGS), lambda each: _values(each.sign_autocorrelation)),
        ("... of minute returns, lag " + _lags(MINUTE_LAGS), lambda each: _values(each.return_autocorrelation)),
        ("... of their size, lag " + _lags(MINUTE_LAGS), lambda each: _values(each.volatility_autocorrelation)),
        ("kurtosis of minute returns", lambda each: f"{each.kurtosis:.1f}"),
        ("largest minute (bp)", lambda each: f"{each.largest_minute:.0f}"),
        ("volatility, a year", lambda each: f"{each.volatility:.0f} %"),
    ]
    lines = ["| | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    lines += [f"| {name} | " + " | ".join(show(each) for each in found.values()) + " |" for name, show in rows]
    return "\n".join(lines)


def _profile_at(index: int) -> Callable[[Statistics], str]:
    return lambda each: f"{each.profile[index]:,.0f}"


def _lags(lags: tuple[int, ...]) -> str:
    return ", ".join(map(str, lags))


def _values(by_lag: dict[int, float]) -> str:
    return ", ".join(f"{value:.2f}" for value in by_lag.values())


def main() -> None:
    """Measure some regimes and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    moving = [regime for regime in REGIMES if regime not in ("still", "empty")]
    parser.add_argument("--market", choices=[*moving, "all"], default="calm", help="the regime, or all of them")
    parser.add_argument("--coin", default="BTC", help="a market of the standard set")
    parser.add_argument("--hours", type=float, default=1.0, help="how long to let it live")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    regimes = moving if arguments.market == "all" else [arguments.market]
    try:
        found = {
            regime: asyncio.run(measure(regime, arguments.coin, arguments.hours, arguments.seed)) for regime in regimes
        }
    except ValueError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    if arguments.json:
        print(json.dumps({regime: asdict(each) for regime, each in found.items()}, indent=2))
    else:
        print(table(found))


if __name__ == "__main__":
    main()
