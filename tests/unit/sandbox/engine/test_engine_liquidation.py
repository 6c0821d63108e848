"""Accounts whose margin the mark price eats up: market orders, the backstop, deleveraging, what others see of it."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import SetMode
from hyperliquid_perpetual.sandbox.engine.events import Liquidated, TradeMade
from hyperliquid_perpetual.sandbox.engine.records import Fill, Liquidation
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, Venue, money, oid_of, px


def long_eth(deposits: int = 1_000, size: str = "4.9") -> Venue:
    """ALICE is long, CAROL short, at 4000; ETH has a leverage of at most 25, so that 2 % is maintenance margin."""
    venue = Venue(deposits=deposits)
    venue.sell(CAROL, "ETH", 4_000, size)
    venue.buy(ALICE, "ETH", 4_000, size)
    return venue


def liquidator(venue: Venue) -> str:
    """The exchange's own account."""
    return venue.exchange.liquidator


def of(venue: Venue, account: str) -> list[Fill]:
    """The fills of an account in the last command."""
    return [fill for fill in venue.fills() if fill.account == account]


def test_below_maintenance_margin_the_position_is_sold_into_the_book() -> None:
    venue = long_eth()
    venue.deposit(BOB, 100_000)
    resting = oid_of(venue.buy(ALICE, "ETH", 3_000, "0.01"))
    bid = oid_of(venue.buy(BOB, "ETH", 3_850, "10"))
    venue.oracle("ETH", 3_863)
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.szi(BOB, "ETH") == Decimal("4.9")
    (sold,), (bought,) = of(venue, ALICE), of(venue, BOB)
    mark = venue.exchange.markets[1].mark_px
    assert sold.liquidation == bought.liquidation == Liquidation(ALICE, mark, "market")
    assert (sold.dir, bought.dir) == ("Liquidated Cross Long", "Open Long")
    assert (sold.px, bought.oid, sold.crossed) == (px(3_850), bid, True)
    assert any(isinstance(event, TradeMade) for event in venue.events)
    assert venue.status(ALICE, resting) == "liquidatedCanceled"
    record = venue.record(ALICE, sold.oid)
    assert (record.status, record.tif, record.reduce_only) == ("filled", "LiquidationMarket", True)
    line = venue.account(ALICE).ledger[-1]
    assert line.kind == "liquidation"
    assert line.details is not None
    assert (line.details.leverage_type, line.details.positions) == ("Cross", ((1, sold.sz),))
    assert 0 < line.details.account_value < money(380)
    assert any(isinstance(event, Liquidated) and event.account == ALICE for event in venue.events)
    assert venue.house(ALICE).raw_usd > 0, "what the book left is the account's"
    assert liquidator(venue) not in venue.exchange.accounts


def test_without_anybody_to_trade_with_it_waits_and_below_two_thirds_the_liquidator_takes_all() -> None:
    venue = long_eth()
    venue.oracle("ETH", 3_863)
    assert venue.szi(ALICE, "ETH") == Decimal("4.9")
    assert venue.fills() == []
    venue.oracle("ETH", 3_840)
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.szi(liquidator(venue), "ETH") == Decimal("4.9")
    assert venue.house(ALICE).raw_usd == 0, "the maintenance margin is not given back"
    (given,), (taken,) = of(venue, ALICE), of(venue, liquidator(venue))
    assert given.px == taken.px == venue.exchange.markets[1].mark_px
    assert given.liquidation == Liquidation(ALICE, given.px, "backstop")
    assert (given.fee, taken.fee, given.tid) == (0, 0, taken.tid)
    assert not any(isinstance(event, TradeMade) for event in venue.events)
    worth = venue.house(liquidator(venue)).raw_usd + taken.sz * given.px * venue.of("ETH").lot_value
    assert 0 < worth < money(260)


def test_of_a_large_position_a_fifth_is_sold_first_and_the_rest_after_that_at_once() -> None:
    venue = long_eth(deposits=10_000, size="40")
    venue.buy(BOB, "ETH", 3_810, "40")
    venue.oracle("ETH", 3_820)
    assert venue.szi(ALICE, "ETH") == 32
    venue.oracle("ETH", 3_813)
    assert venue.szi(ALICE, "ETH") == 0, "within thirty seconds of the first part everything goes"


def test_isolated_position_takes_no_more_than_its_margin() -> None:
    venue = Venue(deposits=5_000)
    venue.leverage(ALICE, "ETH", 20, is_cross=False)
    venue.sell(CAROL, "ETH", 4_000, "5")
    venue.buy(ALICE, "ETH", 4_000, "5")
    cash = venue.house(ALICE).raw_usd
    bid = oid_of(venue.buy(ALICE, "BTC", 50_000, "0.01"))
    venue.oracle("ETH", 3_840)
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.szi(liquidator(venue), "ETH") == 5
    assert (venue.house(ALICE).raw_usd, venue.position(ALICE, "ETH").isolated_usd) == (cash, 0)
    assert of(venue, ALICE)[0].dir == "Liquidated Isolated Long"
    assert venue.status(ALICE, bid) == "open", "orders of what is not liquidated stay"


@pytest.mark.parametrize("is_cross", [True, False])
def test_bankrupt_account_is_closed_against_the_greatest_winner_at_the_mark_of_before(is_cross: bool) -> None:
    venue = Venue(deposits=5_000)
    venue.deposit(DAVE, 5_000)
    venue.leverage(ALICE, "ETH", 20, is_cross=is_cross)
    venue.leverage(CAROL, "ETH", 5)
    venue.sell(CAROL, "ETH", 4_000, "2")
    venue.sell(DAVE, "ETH", 4_000, "20")
    venue.buy(ALICE, "ETH", 4_000, "22")
    cash = venue.house(ALICE).raw_usd
    before = venue.exchange.markets[1].mark_px
    kept = oid_of(venue.buy(DAVE, "ETH", 2_000, "5", reduce_only=True))
    venue.oracle("ETH", 3_000)
    assert [venue.szi(who, "ETH") for who in (ALICE, CAROL, DAVE)] == [0, 0, 0]
    fills = venue.fills()
    assert {fill.dir for fill in fills} == {"Auto-Deleveraging"}
    assert {fill.px for fill in fills} == {before}
    winners = [fill.account for fill in fills if fill.account != ALICE]
    assert winners == [DAVE, CAROL], "the higher leverage first"
    assert venue.status(DAVE, kept) == "reduceOnlyCanceled"
    assert venue.house(ALICE).raw_usd == (0 if is_cross else cash), (
        "no debt is left, and no cash taken beyond the margin"
    )


def test_short_is_liquidated_when_the_price_rises() -> None:
    venue = Venue(deposits=1_000)
    venue.deposit(BOB, 100_000)
    venue.buy(CAROL, "ETH", 4_000, "4.9")
    venue.sell(ALICE, "ETH", 4_000, "4.9")
    venue.sell(BOB, "ETH", 4_150, "10")
    venue.oracle("ETH", 4_130)
    assert venue.szi(ALICE, "ETH") == 0
    assert of(venue, ALICE)[0].dir == "Liquidated Cross Short"
    assert of(venue, ALICE)[0].is_buy


def test_profit_elsewhere_keeps_a_cross_account_alive() -> None:
    venue = Venue(deposits=3_000)
    venue.sell(CAROL, "ETH", 4_000, "4")
    venue.buy(ALICE, "ETH", 4_000, "4")
    venue.buy(CAROL, "BTC", 100_000, "0.2")
    venue.sell(ALICE, "BTC", 100_000, "0.2")
    venue.oracle("BTC", 90_000)
    venue.oracle("ETH", 2_900)
    assert venue.szi(ALICE, "ETH") == 4
    venue.oracle("ETH", 2_820)
    assert venue.szi(ALICE, "ETH") == venue.szi(ALICE, "BTC") == 0, "and when it falls it falls as a whole"


def test_unified_account_pays_from_its_spot_wallet() -> None:
    venue = Venue(deposits=1_000)
    assert venue.reply(SetMode(ALICE, None, "unifiedAccount")).error is None
    venue.sell(CAROL, "ETH", 4_000, "4.9")
    venue.buy(ALICE, "ETH", 4_000, "4.9")
    venue.oracle("ETH", 3_600)
    account = venue.account(ALICE)
    assert venue.szi(ALICE, "ETH") == 0
    assert account.spot.get("USDC", 0) + sum(house.raw_usd for house in account.clearinghouses.values()) == 0
