"""What synthetic traders make of a market: spreads, depth, trade signs and prices as on real perpetuals, by regime.

The bands are wide enough for another seed to pass most of them, and narrow enough for a regime to fail another's.
"""

import math
from functools import cache
from itertools import pairwise
from random import Random

import pytest

from hyperliquid_perpetual.sandbox.oracle import PricePath
from hyperliquid_perpetual.sandbox.traders.regimes import BEHAVIOURS, REGIMES, Regime
from hyperliquid_perpetual.sandbox.traders.statistics import Statistics, autocorrelation, kurtosis, measure, table

MOVING: tuple[Regime, ...] = tuple(regime for regime in REGIMES if regime in BEHAVIOURS and regime != "still")
MINUTES = 12


async def measured(regime: Regime) -> Statistics:
    if regime not in _MEASURED:
        _MEASURED[regime] = await measure(regime, "BTC", MINUTES / 60, seed=3)
    return _MEASURED[regime]


_MEASURED: dict[Regime, Statistics] = {}


@cache
def minute_returns(regime: Regime, seed: int, hours: int = 24) -> tuple[float, ...]:
    """Of the fair price, in basis points."""
    path = PricePath(86_420.0, BEHAVIOURS[regime].path, 1.0, Random(seed))
    prices = [path.price]
    for _ in range(hours * 60):
        for _ in range(12):
            path.step(5)
        prices.append(path.price)
    return tuple(math.log(after / before) * 1e4 for before, after in pairwise(prices))


def deviation(returns: tuple[float, ...]) -> float:
    return math.sqrt(sum(value * value for value in returns) / len(returns))


@pytest.mark.parametrize(
    ("regime", "spread", "p95", "depth_10", "trades"),
    [
        ("calm", (0.3, 1.5), (3, 14), (60_000, 320_000), (12_000, 22_000)),
        ("trending", (0.3, 1.8), (3, 15), (50_000, 320_000), (12_000, 25_000)),
        ("wild", (1.5, 6), (12, 70), (10_000, 100_000), (18_000, 40_000)),
        ("gappy", (1.5, 6), (5, 60), (5_000, 60_000), (6_000, 16_000)),
        ("illiquid", (10, 40), (14, 90), (0, 3_000), (60, 900)),
    ],
)
async def test_spread_depth_and_trades_are_those_of_the_regime(
    regime: Regime,
    spread: tuple[float, float],
    p95: tuple[float, float],
    depth_10: tuple[float, float],
    trades: tuple[float, float],
) -> None:
    found = await measured(regime)
    assert spread[0] <= found.spread_median <= spread[1]
    assert p95[0] <= found.spread_p95 <= p95[1]
    assert depth_10[0] <= found.depth_10 <= depth_10[1]
    assert trades[0] <= found.trades_per_hour <= trades[1]


async def test_book_is_thin_at_the_touch_and_deep_behind_it() -> None:
    for regime in ("calm", "trending"):
        found = await measured(regime)  # type: ignore[arg-type]
        assert found.depth_50 > 4 * found.depth_10, regime
        assert found.profile[3] > found.profile[0], regime


async def test_regimes_differ_as_they_are_named() -> None:
    calm, wild, gappy, illiquid = [await measured(regime) for regime in ("calm", "wild", "gappy", "illiquid")]  # type: ignore[arg-type]
    assert wild.volatility > 3 * calm.volatility
    assert wild.depth_10 < calm.depth_10 / 2
    assert gappy.largest_minute > 3 * calm.largest_minute
    assert gappy.longest_pause > calm.longest_pause
    assert illiquid.spread_median > 10 * calm.spread_median
    assert illiquid.spread_median > 3 * max(wild.spread_median, gappy.spread_median)
    assert illiquid.volume_per_hour < calm.volume_per_hour / 100
    assert illiquid.longest_pause > 30


@pytest.mark.parametrize("regime", ["calm", "trending", "wild", "gappy"])
async def test_sides_of_trades_stay_correlated_over_many_trades(regime: Regime) -> None:
    found = (await measured(regime)).sign_autocorrelation
    assert 0.05 < found[1] < 0.5
    assert found[20] > 0.02
    assert (found[1] + found[2] + found[5]) / 3 > (found[50] + found[100]) / 2


@pytest.mark.parametrize("regime", ["calm", "wild", "illiquid"])
def test_rough_minutes_come_together_while_their_direction_is_random(regime: Regime) -> None:
    sizes, directions = [], []
    for seed in range(4):
        returns = minute_returns(regime, seed)
        sizes.append([autocorrelation([abs(value) for value in returns], lag) for lag in (1, 5, 20)])
        directions.append(autocorrelation(returns, 1))
    near, middle, far = (sum(values) / len(values) for values in zip(*sizes, strict=True))
    assert near > 0.1
    assert near > far > 0
    assert middle > 0.05
    assert abs(sum(directions) / len(directions)) < 0.06


@pytest.mark.parametrize("regime", MOVING)
def test_large_minutes_are_likelier_than_a_normal_distribution_has_them(regime: Regime) -> None:
    found = [kurtosis(minute_returns(regime, seed)) for seed in range(4)]
    assert sum(found) / len(found) > 3.6


def test_volatility_is_what_the_parameter_says_on_average() -> None:
    for regime in ("calm", "illiquid"):
        mean = sum(deviation(minute_returns(regime, seed)) ** 2 for seed in range(6)) / 6  # type: ignore[arg-type]
        expected = BEHAVIOURS[regime].path.volatility ** 2 * 60  # type: ignore[index]
        assert 0.6 * expected < mean < 1.6 * expected


def test_a_trend_lasts_and_turns() -> None:
    returns = minute_returns("trending", 1)
    assert autocorrelation(returns, 1) > 0.15
    assert 0.05 < autocorrelation(returns, 5) < autocorrelation(returns, 1)
    quarters = [sum(returns[start : start + 15]) for start in range(0, len(returns), 15)]
    assert min(quarters) < -20
    assert max(quarters) > 20


def test_autocorrelation_and_kurtosis_of_known_series() -> None:
    alternating = [1.0, -1.0] * 50
    assert autocorrelation(alternating, 1) == pytest.approx(-0.99)
    assert autocorrelation(alternating, 2) == pytest.approx(0.98)
    assert autocorrelation([3.0] * 10, 1) == 0
    assert kurtosis(alternating) == pytest.approx(1)
    assert kurtosis([0.0] * 98 + [1.0, -1.0]) == pytest.approx(50)


async def test_the_table_has_a_column_for_each_regime() -> None:
    lines = table({regime: await measured(regime) for regime in ("calm", "wild")}).splitlines()  # type: ignore[arg-type,misc]
    assert lines[0] == "| | calm | wild |"
    assert {line.count("|") for line in lines} == {4}
    assert "spread, median (bp)" in lines[2]


async def test_too_short_a_time_and_an_unknown_coin_are_refused() -> None:
    with pytest.raises(ValueError, match="at least ten minutes"):
        await measure("calm", "BTC", hours=0.05)
    with pytest.raises(ValueError, match="NOPE is not listed; there are"):
        await measure("calm", "NOPE", hours=0.2)
