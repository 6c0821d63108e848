"""Rates of the account by market, and the contested referral discount, which only fills can settle."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.trading.fee_book import FeeBook
from hyperliquid_perpetual.venue.markets import Market, parse_market_table
from hyperliquid_perpetual.venue.messages import Fill, UserFees


def market(**fields: Any) -> Market:
    """A market of a HIP-3 dex, or of the first one when nothing is said."""
    dexs: list[Any] = [None, {"name": "xyz"}]
    entry = {"name": "xyz:TSLA" if fields else "BTC", "szDecimals": 2, "maxLeverage": 10, **fields}
    metas = [{"universe": [] if fields else [entry]}, {"universe": [entry] if fields else []}]
    (found,) = parse_market_table(dexs, metas)
    return found


def fees(taker: str = "0.00045", maker: str = "0.00015", discount: str = "0.0") -> UserFees:
    return UserFees(Decimal(taker), Decimal(maker), Decimal(discount))


def book(given: UserFees) -> FeeBook:
    made = FeeBook()
    made.update(given)
    return made


def fill(fee: str, crossed: bool = True, **fields: Any) -> Fill:
    row = {"coin": "BTC", "px": "50000.0", "sz": "0.1", "side": "B", "time": 1, "oid": 1, "fee": fee}
    return msgspec.convert({**row, "crossed": crossed, **fields}, Fill, strict=False)


def test_nothing_is_known_before_the_venue_has_told() -> None:
    assert not FeeBook().is_known
    assert FeeBook().rate(market(), is_maker=True) is None


@pytest.mark.parametrize(
    ("fields", "taker", "maker"),
    [
        ({}, "0.00045", "0.00015"),
        ({"deployerFeeScale": "1.0"}, "0.0009", "0.0003"),
        ({"deployerFeeScale": "0.5"}, "0.000675", "0.000225"),
        ({"deployerFeeScale": "1.0", "growthMode": "enabled"}, "0.00009", "0.00003"),
    ],
)
def test_rates_are_scaled_by_the_market(fields: dict[str, Any], taker: str, maker: str) -> None:
    rates = book(fees())
    assert rates.rate(market(**fields), is_maker=False) == Decimal(taker)
    assert rates.rate(market(**fields), is_maker=True) == Decimal(maker)


@pytest.mark.parametrize(
    ("fields", "maker"),
    [
        ({}, "-0.00003"),
        ({"deployerFeeScale": "1.0"}, "-0.000015"),
        ({"deployerFeeScale": "0.25"}, "-0.000024"),
        ({"deployerFeeScale": "1.0", "growthMode": "enabled"}, "-0.0000015"),
    ],
)
def test_rebates_are_split_with_the_deployer(fields: dict[str, Any], maker: str) -> None:
    rates = book(fees(maker="-0.00003", discount="0.04"))
    rates.discount_is_apart = True
    assert rates.rate(market(**fields), is_maker=True) == Decimal(maker), "a discount is no part of a rebate"


# 5000 USD at 0.045 % are 2.25; less 4 % they are 2.16.
@pytest.mark.parametrize(("charged", "expected"), [("2.25", "0.00045"), ("2.16", "0.000432")])
def test_fill_shows_whether_the_discount_comes_on_top(charged: str, expected: str) -> None:
    rates = book(fees(discount="0.04"))
    assert rates.rate(market(), is_maker=False) == Decimal("0.00045"), "never too little before it is known"
    rates.observe(fill(charged), market())
    assert rates.rate(market(), is_maker=False) == Decimal(expected)
    rates.update(fees(discount="0.04"))
    assert rates.rate(market(), is_maker=False) == Decimal(expected), "what was learned outlives a refresh"


def test_builders_part_of_a_fee_is_no_sign_of_anything() -> None:
    rates = book(fees(discount="0.04"))
    rates.observe(fill("2.66", builderFee="0.5"), market())
    assert rates.discount_is_apart


@pytest.mark.parametrize("row", [("9.9", True), ("0.0", True), ("2.16", False), ("-0.1", False)])
def test_fill_that_fits_neither_changes_nothing(row: tuple[str, bool]) -> None:
    rates = book(fees(discount="0.04"))
    rates.observe(fill(*row), market())
    assert not rates.discount_is_apart


def test_discount_that_ended_is_forgotten() -> None:
    rates = book(fees(discount="0.04"))
    rates.observe(fill("2.16"), market())
    rates.update(fees())
    assert rates.rate(market(), is_maker=False) == Decimal("0.00045")
