"""The venue's fee tables: what a rate depends on, as plain arithmetic (reference, section 13). Rates in 1e-9."""

from .units import FEE_SCALE, usd

BASE_TAKER, BASE_MAKER = 45 * FEE_SCALE // 100_000, 15 * FEE_SCALE // 100_000

VOLUME_TIERS: tuple[tuple[int, int, int], ...] = (
    (usd(5_000_000), 400_000, 120_000),
    (usd(25_000_000), 350_000, 80_000),
    (usd(100_000_000), 300_000, 40_000),
    (usd(500_000_000), 280_000, 0),
    (usd(2_000_000_000), 260_000, 0),
    (usd(7_000_000_000), 240_000, 0),
)
"""More than (volume of 14 days, money): taker rate, maker rate."""

MAKER_TIERS: tuple[tuple[int, int], ...] = ((5, -10_000), (15, -20_000), (30, -30_000))
"""More than (thousandths of the exchange's maker volume of 14 days): maker rate, a rebate."""

HYPE = 10**12
"""One HYPE in the units of money."""

STAKING_TIERS: tuple[tuple[int, int], ...] = (
    (10 * HYPE, 5),
    (100 * HYPE, 10),
    (1_000 * HYPE, 15),
    (10_000 * HYPE, 20),
    (100_000 * HYPE, 30),
    (500_000 * HYPE, 40),
)
"""More than (staked HYPE): percent off."""

WINDOW_DAYS = 14
REFERRAL_PERCENT = 4
REFERRAL_VOLUME = usd(25_000_000)
"""The discount of a referred account ends with this volume."""
SCALE_UNIT = 10**6
"""A deployer's fee scale of 1."""


def account_rates(volume: int, maker_volume: int, exchange_maker_volume: int, staked: int) -> tuple[int, int]:
    """Taker and maker rate of an account on the first dex, from its 14 days (money) and its staked HYPE.

    A rebate takes the place of the maker rate, and no discount touches it.
    """
    taker, maker = BASE_TAKER, BASE_MAKER
    for cutoff, taker_rate, maker_rate in VOLUME_TIERS:
        if volume > cutoff:
            taker, maker = taker_rate, maker_rate
    for thousandths, rebate in MAKER_TIERS:
        if maker_volume * 1_000 > thousandths * exchange_maker_volume:
            maker = rebate
    percent = 100 - staking_percent(staked)
    return taker * percent // 100, maker * percent // 100 if maker > 0 else maker


def staking_percent(staked: int) -> int:
    """What staked HYPE (money units) takes off every fee, in percent."""
    return max((percent for least, percent in STAKING_TIERS if staked > least), default=0)


def hip3_factor(rate: int, fee_scale: int, growth_mode: bool) -> tuple[int, int]:
    """What a HIP-3 market makes of a rate, as (numerator, denominator); `fee_scale` in millionths.

    A fee is multiplied, a rebate is split with the deployer; growth mode leaves a tenth of either.
    """
    is_below = fee_scale < SCALE_UNIT
    if rate > 0:
        numerator, denominator = (SCALE_UNIT + fee_scale if is_below else 2 * fee_scale), SCALE_UNIT
    elif is_below:
        numerator, denominator = SCALE_UNIT, SCALE_UNIT + fee_scale
    else:
        numerator, denominator = 1, 2
    return numerator, denominator * 10 if growth_mode else denominator
