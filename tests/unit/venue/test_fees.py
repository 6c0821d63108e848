"""Fee rates (reference, section 13)."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.venue.fees import BASE_MAKER_RATE, BASE_TAKER_RATE, hip3_fee_multiplier


def test_base_tier() -> None:
    assert Decimal("0.00045") == BASE_TAKER_RATE
    assert Decimal("0.00015") == BASE_MAKER_RATE


@pytest.mark.parametrize(
    ("scale", "growth", "multiplier"),
    [
        ("1", False, "2"),
        ("1", True, "0.2"),
        ("0", False, "1"),
        ("0", True, "0.1"),
        ("0.5", False, "1.5"),
        ("0.5", True, "0.15"),
        ("1.5", False, "3.0"),
        ("2", False, "4"),
        ("3", True, "0.6"),
    ],
)
def test_deployers_scale_the_fees_of_their_dex(scale: str, growth: bool, multiplier: str) -> None:
    assert hip3_fee_multiplier(Decimal(scale), growth) == Decimal(multiplier)


def test_taker_rates_that_the_reference_works_out() -> None:
    assert BASE_TAKER_RATE * hip3_fee_multiplier(Decimal(1), growth_mode=False) == Decimal("0.0009")
    assert BASE_TAKER_RATE * hip3_fee_multiplier(Decimal(1), growth_mode=True) == Decimal("0.00009")


def test_the_two_branches_of_the_scale_meet_at_one() -> None:
    just_below = hip3_fee_multiplier(Decimal("0.999999999"), growth_mode=False)
    assert hip3_fee_multiplier(Decimal(1), growth_mode=False) - just_below == Decimal("1E-9")
