"""The regimes: who trades in a market, how eagerly, and how its fair price moves."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from hyperliquid_perpetual.sandbox.oracle import PathParameters
from hyperliquid_perpetual.sandbox.traders.arbitrage import ArbitrageParameters
from hyperliquid_perpetual.sandbox.traders.market_makers import MakerParameters
from hyperliquid_perpetual.sandbox.traders.metaorders import MetaorderParameters
from hyperliquid_perpetual.sandbox.traders.momentum import MomentumParameters
from hyperliquid_perpetual.sandbox.traders.noise import NoiseParameters
from hyperliquid_perpetual.sandbox.traders.sweepers import SweeperParameters

Regime = Literal["calm", "trending", "wild", "gappy", "illiquid", "still", "empty"]
REGIMES: tuple[Regime, ...] = get_args(Regime)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Everybody in a market of one regime. What is None does not take part."""

    path: PathParameters
    makers: tuple[MakerParameters, ...]
    metaorders: MetaorderParameters | None = None
    momentum: MomentumParameters | None = None
    noise: NoiseParameters | None = None
    sweepers: SweeperParameters | None = None
    arbitrage: ArbitrageParameters = field(default_factory=ArbitrageParameters)
    withdrawal: float | None = None
    """A jump of more than so many basis points makes the makers take their orders away; None for never."""
    absence_seconds: float = 0.0
    """How long they stay away after that, on average."""


def _makers(touch: float, behind: float, deep: float) -> tuple[MakerParameters, ...]:
    """Three makers whose first levels are so far from the fair price."""
    return (
        MakerParameters("touch", touch, 1.6 * touch, 1.1, 3, 3_000, skew=touch, widening=0.6),
        MakerParameters("ladder", behind, 1.1 * behind, 1.15, 5, 6_000, 0.4, 0.25, 0.5, 400_000, touch, 0.5),
        MakerParameters("deep", deep, 0.4 * deep, 1.25, 8, 60_000, 0.2, 0.4, 2.0, 3_000_000, touch, 0.3),
    )


BEHAVIOURS: dict[Regime, Behaviour] = {
    "calm": Behaviour(
        PathParameters(volatility=0.6, fast_clustering=0.4, slow_clustering=0.35, pull_seconds=1_800),
        _makers(0.25, 1.2, 10.0),
        MetaorderParameters(rate=2.5),
        MomentumParameters(rate=0.3),
        NoiseParameters(rate=0.3, resting_rate=0.3),
        SweeperParameters(rate=1.5),
    ),
    "trending": Behaviour(
        PathParameters(volatility=0.8, fast_clustering=0.4, slow_clustering=0.35, drift=0.08),
        _makers(0.3, 1.4, 12.0),
        MetaorderParameters(rate=2.5, tail=1.4),
        MomentumParameters(rate=1.0),
        NoiseParameters(rate=0.3, resting_rate=0.3),
        SweeperParameters(rate=1.5),
    ),
    "wild": Behaviour(
        PathParameters(volatility=4.0, fast_clustering=0.55, slow_clustering=0.4, jumps_per_minute=1, jump=20),
        _makers(1.2, 4.0, 30.0),
        MetaorderParameters(rate=4.0, notional=800),
        MomentumParameters(rate=1.0, threshold=15.0),
        NoiseParameters(rate=0.6, resting_rate=0.6, nearest=1.0, farthest=40.0, patience_seconds=8),
        SweeperParameters(rate=2.0, nearest=4.0, farthest=45.0),
        ArbitrageParameters(edge=4.0),
    ),
    "gappy": Behaviour(
        PathParameters(volatility=0.9, fast_clustering=0.4, slow_clustering=0.35, jumps_per_minute=0.5, jump=60),
        (
            MakerParameters("touch", 0.8, 1.4, 1.1, 4, 2_000, skew=0.8, widening=0.6, holes=0.3),
            MakerParameters("ladder", 4.0, 4.0, 1.2, 6, 4_000, 0.3, 0.5, 0.5, 400_000, 0.8, 0.5, 0.4),
            MakerParameters("deep", 30.0, 20.0, 1.3, 5, 20_000, 0.2, 0.5, 2.0, 2_000_000, 0.8, 0.3, 0.4),
        ),
        MetaorderParameters(rate=1.5),
        MomentumParameters(rate=0.6, threshold=8.0),
        NoiseParameters(rate=0.3, resting_rate=0.2, farthest=40.0),
        SweeperParameters(rate=0.8, farthest=25.0),
        ArbitrageParameters(edge=3.0),
        withdrawal=15.0,
        absence_seconds=3.0,
    ),
    "illiquid": Behaviour(
        PathParameters(volatility=1.0, fast_clustering=0.4, slow_clustering=0.35),
        (
            MakerParameters("touch", 7.0, 6.0, 1.2, 3, 250, 0.3, 0.5, 2.0, 5_000, 5.0, 0.5),
            MakerParameters("deep", 30.0, 25.0, 1.2, 4, 1_500, 0.3, 0.5, 10.0, 30_000, 5.0, 0.3),
        ),
        MetaorderParameters(rate=0.05, notional=120, at_work=1, inventory_limit=50_000),
        None,
        NoiseParameters(rate=0.02, resting_rate=0.02, notional=80, nearest=4.0, farthest=60.0, patience_seconds=120),
        SweeperParameters(rate=0.02, nearest=8.0, farthest=45.0, inventory_limit=50_000),
        ArbitrageParameters(edge=6.0),
    ),
    "still": Behaviour(
        PathParameters(volatility=0),
        (MakerParameters("only", 0.6, 1.0, 1.15, 16, 9_000, 0.25, 0.0, 1.0),),
    ),
}
"""`still` has a book in which nobody moves; `empty`, which is not here, is no traders at all."""
