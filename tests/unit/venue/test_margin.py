"""Margin and liquidation prices, against account states of the venue (reference, section 14)."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.margin import MarginTable, MarginTier, initial_margin, liquidation_price
from hyperliquid_perpetual.venue.messages import ClearinghouseState

# Bitcoin on mainnet in 2026, and the table of the sample in section 2.1.
BTC = MarginTable((MarginTier(Decimal(0), 40), MarginTier(Decimal(150_000_000), 20)))
THREE_TIERS = MarginTable(
    (MarginTier(Decimal(0), 10), MarginTier(Decimal(3_000_000), 5), MarginTier(Decimal(9_000_000), 2))
)
NOTIONALS = st.decimals(0, 10**10, places=2, allow_nan=False)


@pytest.mark.parametrize(
    ("notional", "leverage"),
    [("0", 10), ("2999999.99", 10), ("3000000", 5), ("8999999.99", 5), ("9000000", 2), ("1E+12", 2)],
)
def test_a_position_falls_into_the_tier_whose_bound_it_reached(notional: str, leverage: int) -> None:
    assert THREE_TIERS.tier(Decimal(notional)).max_leverage == leverage


@pytest.mark.parametrize(
    ("notional", "margin"),
    [
        ("100000", "1250"),  # 1 / 80
        ("150000000", "1875000"),
        ("200000000", "3125000"),  # 200M / 40 - 150M x (1/40 - 1/80)
    ],
)
def test_maintenance_margin_of_a_tiered_market(notional: str, margin: str) -> None:
    assert BTC.maintenance_margin(Decimal(notional)) == Decimal(margin)


@given(NOTIONALS)
def test_maintenance_margin_is_the_sum_over_the_tiers_a_position_reaches_into(notional: Decimal) -> None:
    """The deduction of the formula is what makes the margin marginal: each slice at the rate of its own tier."""
    bounds = [tier.lower_bound for tier in THREE_TIERS.tiers] + [Decimal("Infinity")]
    slices = [
        max(Decimal(0), min(notional, upper) - lower) / (2 * tier.max_leverage)
        for tier, lower, upper in zip(THREE_TIERS.tiers, bounds, bounds[1:], strict=False)
    ]
    assert THREE_TIERS.maintenance_margin(notional) == sum(slices)


@given(NOTIONALS, st.decimals(0, 10**6, places=2, allow_nan=False))
def test_a_larger_position_never_needs_less_margin(notional: Decimal, more: Decimal) -> None:
    assert THREE_TIERS.maintenance_margin(notional + more) >= THREE_TIERS.maintenance_margin(notional)


def test_margin_of_a_recorded_account_adds_up(recorded_bytes: Callable[[str], bytes]) -> None:
    state = msgspec.json.decode(recorded_bytes("info_clearinghouseState.json"), type=ClearinghouseState)
    positions = [item.position for item in state.assetPositions]
    assert len(positions) == 12

    micro = Decimal("0.000001")
    for position in positions:
        margin = initial_margin(position.positionValue, position.leverage.value)
        assert abs(margin - position.marginUsed) < micro, position.coin
    summary = state.crossMarginSummary
    assert sum(position.marginUsed for position in positions) == pytest.approx(summary.totalMarginUsed, abs=micro * 12)
    assert state.withdrawable == summary.accountValue - summary.totalMarginUsed
    equity = summary.totalRawUsd + sum((p.positionValue if p.szi > 0 else -p.positionValue) for p in positions)
    assert equity == summary.accountValue


def test_liquidation_price_of_the_isolated_position_in_the_reference() -> None:
    """Section 2.3: 0.0335 ETH long, 4.967826 of margin, liquidated at 2866.26936529."""
    value, size, margin = Decimal("100.02765"), Decimal("0.0335"), Decimal("4.967826")
    maintenance = MarginTable((MarginTier(Decimal(0), 50),)).maintenance_margin(value)
    # The venue keeps accounts in whole millionths of a dollar, and here that shows in the fifth decimal of the price.
    maintenance = maintenance.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)

    price = liquidation_price(value / size, size, margin - maintenance, max_leverage=50)

    assert price is not None
    assert price.quantize(Decimal("1E-8")) == Decimal("2866.26936529")


def test_a_position_that_no_price_can_liquidate_has_no_liquidation_price() -> None:
    assert liquidation_price(Decimal(100), Decimal(1), Decimal(10_000), max_leverage=50) is None
    assert liquidation_price(Decimal(100), Decimal(0), Decimal(0), max_leverage=50) is None


@given(
    mark=st.decimals("0.01", 100_000, places=2, allow_nan=False),
    size=st.decimals("0.01", 1000, places=2, allow_nan=False),
    short=st.booleans(),
    equity=st.decimals(0, 10**6, places=2, allow_nan=False),
    max_leverage=st.sampled_from([3, 5, 10, 20, 40, 50]),
)
def test_at_the_liquidation_price_the_equity_is_exactly_the_maintenance_margin(
    mark: Decimal, size: Decimal, short: bool, equity: Decimal, max_leverage: int
) -> None:
    """The formula, checked by what it is for instead of by itself."""
    signed = -size if short else size
    table = MarginTable((MarginTier(Decimal(0), max_leverage),))
    price = liquidation_price(mark, signed, equity - table.maintenance_margin(mark * size), max_leverage)
    if price is None:
        # A long so well covered that it survives a price of zero.
        assert not short
        assert equity >= mark * size
        return
    equity_there = equity + signed * (price - mark)
    required_there = table.maintenance_margin(price * size)
    assert equity_there == pytest.approx(required_there, rel=Decimal("1E-15"), abs=Decimal("1E-12"))
