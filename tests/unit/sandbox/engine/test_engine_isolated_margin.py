"""Moving margin into and out of an isolated position."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import TopUpIsolatedMargin, UpdateIsolatedMargin
from hyperliquid_perpetual.sandbox.engine.events import BalanceChanged, PositionChanged
from hyperliquid_perpetual.sandbox.engine.isolated import (
    BAD_TARGET,
    NO_ISOLATED_POSITION,
    NO_MOVE,
    NO_REMOVAL,
    NOT_ENOUGH_CROSS,
    NOT_ISOLATED_ONLY,
)
from hyperliquid_perpetual.sandbox.engine.margin import liquidation_px, position_margin
from tests.unit.sandbox.engine.venue import ALICE, BOB, Number, Venue, money


def long_of(coin: str, size: Number, price: Number, leverage: int, deposits: Number = 1_000) -> Venue:
    """Alice is long, isolated."""
    venue = Venue(deposits=deposits)
    assert venue.leverage(ALICE, coin, leverage, is_cross=False) is None
    venue.sell(BOB, coin, price, size)
    venue.buy(ALICE, coin, price, size)
    return venue


def move(venue: Venue, coin: str, amount: Number, account: str = ALICE) -> str | None:
    return venue.reply(UpdateIsolatedMargin(account, venue.of(coin).asset, money(amount))).error


def margin(venue: Venue, coin: str, account: str = ALICE) -> int:
    return position_margin(venue.position(account, coin), venue.exchange.markets[venue.of(coin).asset].mark_px)


def test_margin_added_comes_out_of_the_cross_cash_and_moves_the_liquidation_price() -> None:
    venue = long_of("ETH", 2, 4_000, 10)
    cash, before = venue.house(ALICE).raw_usd, margin(venue, "ETH")
    far = liquidation_px(venue.position(ALICE, "ETH"), venue.house(ALICE), venue.exchange.markets)
    assert move(venue, "ETH", "150.5") is None
    assert margin(venue, "ETH") == before + money("150.5")
    assert venue.house(ALICE).raw_usd == cash - money("150.5")
    further = liquidation_px(venue.position(ALICE, "ETH"), venue.house(ALICE), venue.exchange.markets)
    assert far is not None
    assert further is not None
    assert further < far
    assert any(isinstance(event, PositionChanged) for event in venue.events)
    assert any(isinstance(event, BalanceChanged) for event in venue.events)


def test_margin_added_can_be_taken_out_again_but_not_the_initial_margin() -> None:
    venue = long_of("ETH", 2, 4_000, 10)
    assert move(venue, "ETH", 100) is None
    refusal = move(venue, "ETH", "-100.000001")
    assert refusal == "Isolated margin must stay at least $800."
    assert move(venue, "ETH", -100) is None
    assert margin(venue, "ETH") == money(800)


def test_a_tenth_of_the_notional_stays_whatever_the_leverage() -> None:
    venue = long_of("ETH", 2, 4_000, 25)  # initial margin 320
    assert move(venue, "ETH", 500) is None
    assert move(venue, "ETH", "-20.1") == "Isolated margin must stay at least $800."
    assert move(venue, "ETH", -20) is None


def test_no_more_can_be_added_than_is_free() -> None:
    venue = long_of("ETH", 2, 4_000, 10)  # 1000 - 800 - 3.6 of fee = 196.4
    venue.buy(ALICE, "BTC", 50_000, "0.02")  # 20x: needs 100,000 (mark) x 0.02 / 20 = 100
    assert move(venue, "ETH", "96.400001") == NOT_ENOUGH_CROSS
    assert move(venue, "ETH", "96.4") is None


def test_strictly_isolated_margin_goes_in_but_never_out() -> None:
    venue = long_of("STRICT", 100, 10, 5)
    assert move(venue, "STRICT", 50) is None
    assert move(venue, "STRICT", -1) == NO_REMOVAL
    assert margin(venue, "STRICT") == money(250)


@pytest.mark.parametrize(
    ("coin", "amount", "error"),
    [("BTC", 5, NO_ISOLATED_POSITION), ("ETH", 0, NO_MOVE), ("LOOM", 5, NO_ISOLATED_POSITION)],
)
def test_impossible_moves_change_nothing(coin: str, amount: int, error: str) -> None:
    venue = long_of("ETH", 2, 4_000, 10)
    cash, held = venue.house(ALICE).raw_usd, margin(venue, "ETH")
    assert move(venue, coin, amount) == error
    assert (venue.house(ALICE).raw_usd, margin(venue, "ETH")) == (cash, held)
    assert move(venue, "ETH", amount, account=BOB) == NO_ISOLATED_POSITION, "Bob is short with cross margin"
    assert venue.reply(UpdateIsolatedMargin(ALICE, 999, money(1))).error == NO_ISOLATED_POSITION


def top_up(venue: Venue, coin: str, leverage: Number) -> str | None:
    return venue.reply(TopUpIsolatedMargin(ALICE, venue.of(coin).asset, int(Decimal(leverage) * 10**6))).error


def test_isolated_only_position_is_topped_up_to_a_leverage() -> None:
    venue = long_of("STRICT", 100, 10, 5)
    assert top_up(venue, "STRICT", "2.5") is None
    assert margin(venue, "STRICT") == money(400)
    assert top_up(venue, "STRICT", 3) == BAD_TARGET, "that would be a removal"
    assert top_up(venue, "STRICT", 0) == BAD_TARGET
    assert top_up(venue, "STRICT", "0.5") == NOT_ENOUGH_CROSS
    assert margin(venue, "STRICT") == money(400)


def test_assets_with_cross_margin_are_not_topped_up() -> None:
    assert top_up(long_of("ETH", 2, 4_000, 10), "ETH", 2) == NOT_ISOLATED_ONLY


def test_only_an_open_isolated_position_is_topped_up() -> None:
    venue = long_of("STRICT", 100, 10, 5)
    venue.buy(BOB, "STRICT", 10, 100)
    venue.sell(ALICE, "STRICT", 10, 100)
    assert top_up(venue, "STRICT", 2) == NO_ISOLATED_POSITION, "it is closed"
    venue.sell(BOB, "ETH", 4_000, "0.1")
    venue.buy(ALICE, "ETH", 4_000, "0.1")
    assert top_up(venue, "ETH", 2) == NO_ISOLATED_POSITION, "it is cross"
    assert top_up(venue, "DOGE", 2) == NO_ISOLATED_POSITION, "it never was"


def test_top_up_that_adds_nothing_is_no_target_and_the_least_leverage_is_one() -> None:
    venue = long_of("STRICT", 100, 10, 5)  # 200 of margin
    asset = venue.of("STRICT").asset
    for leverage, error in ((5_000_000, BAD_TARGET), (0, BAD_TARGET), (-1, BAD_TARGET), (1, NOT_ENOUGH_CROSS)):
        assert venue.reply(TopUpIsolatedMargin(ALICE, asset, leverage)).error == error
        assert len(venue.events) == 1, "a refusal changes nothing that anybody would have to be told"
    assert margin(venue, "STRICT") == money(200)


def test_top_up_adds_whole_micro_dollars_and_never_too_little() -> None:
    venue = long_of("STRICT", 100, 10, 5)
    cash = venue.house(ALICE).raw_usd
    assert top_up(venue, "STRICT", "2.7") is None
    assert margin(venue, "STRICT") == money("370.370371")  # 1,000 / 2.7 = 370.370370370...
    assert venue.house(ALICE).raw_usd == cash - money("170.370371")
    assert isinstance(margin(venue, "STRICT"), int), "money is never a float"


def test_smallest_part_that_is_missing_is_made_up_for() -> None:
    venue = long_of("STRICT", 100, 10, 5)
    assert move(venue, "STRICT", "133.333333333333") is None
    assert top_up(venue, "STRICT", 3) is None  # 333.333333333333(3) are wanted
    assert margin(venue, "STRICT") == money("333.333334333333")


def test_smallest_amount_can_be_added_beside_cross_positions() -> None:
    venue = long_of("STRICT", 100, 10, 5)
    venue.sell(BOB, "ETH", 4_000, "0.1")
    venue.buy(ALICE, "ETH", 4_000, "0.1")
    assert move(venue, "STRICT", "0.000000000001") is None
    assert margin(venue, "STRICT") == money("200.000000000001")
