"""Accounts whose margin the mark price eats up: market orders, the backstop, deleveraging, what others see of it."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import SetMode
from hyperliquid_perpetual.sandbox.engine.events import BookChanged, Filled, Liquidated, TradeMade
from hyperliquid_perpetual.sandbox.engine.records import Fill, Liquidation, OrderRecord, OrderStatus
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, Venue, make_market, money, oid_of, px


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


# ---------------------------------------------------------------------- limits, on a market of whole coins

GOLD = make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25)
CASTLE = make_market("CASTLE", 8, 52_000, sz_decimals=0, max_leverage=25)


def long_gold(deposit: str, mark: int) -> Venue:
    """Alice has bought one at 4,000, for a fee of 1.80, and the mark falls; nobody buys."""
    venue = Venue(GOLD, deposits=0)
    venue.deposit(ALICE, deposit)
    venue.deposit(CAROL, 100_000)
    venue.sell(CAROL, "GOLD", 4_000, 1)
    venue.buy(ALICE, "GOLD", 4_000, 1)
    venue.oracle("GOLD", mark)
    return venue


def last_order(venue: Venue) -> OrderRecord:
    """Alice's last order that has ended."""
    return next(iter(venue.account(ALICE).history.newest_first()))


@pytest.mark.parametrize(("deposit", "status"), [("277.8", "filled"), ("277.799999", "iocCancelRejected")])
def test_what_has_just_its_maintenance_margin_is_left_alone(deposit: str, status: str) -> None:
    """At 3,800 it is 76, after a loss of 200 and the fee."""
    venue = long_gold(deposit, 3_800)
    assert last_order(venue).status == status
    assert venue.szi(ALICE, "GOLD") == 1
    assert not any(isinstance(event, Liquidated) for event in venue.events), "nothing was taken"
    assert venue.account(ALICE).ledger[-1].kind == "deposit"


def test_market_order_that_finds_nobody_is_rejected_and_takes_any_price() -> None:
    venue = long_gold("277.799999", 3_800)
    order = last_order(venue)
    assert order == OrderRecord(
        order.oid, ALICE, 7, "GOLD", False, 1, 1, 1, NOON, True, "LiquidationMarket", None,
        OrderStatus.IOC_CANCEL_REJECTED, NOON,
    )  # fmt: skip
    assert order.oid == venue.exchange.progress[1] - 1
    short = Venue(GOLD, deposits=0)
    short.deposit(ALICE, "285.799999")  # 4,200 x 2 % = 84, after a loss of 200 and the fee of 1.80
    short.deposit(CAROL, 100_000)
    short.buy(CAROL, "GOLD", 4_000, 1)
    short.sell(ALICE, "GOLD", 4_000, 1)
    short.oracle("GOLD", 4_200)
    assert (last_order(short).is_buy, last_order(short).limit_px) == (True, px(420_000))


@pytest.mark.parametrize(("deposit", "held"), [("301.8", 1), ("301.799999", 0)])
def test_two_thirds_of_the_maintenance_margin_are_enough_for_a_market_order(deposit: str, held: int) -> None:
    """At 3,750 it is 75, and two thirds of that are 50, after a loss of 250 and the fee."""
    venue = long_gold(deposit, 3_750)
    assert venue.szi(ALICE, "GOLD") == held
    assert last_order(venue).tif == ("LiquidationMarket" if held else "Gtc")


@pytest.mark.parametrize(("deposit", "word"), [("251.8", "Liquidated Cross Long"), ("251.799999", "Auto-Deleveraging")])
def test_account_with_nothing_left_is_not_bankrupt_yet(deposit: str, word: str) -> None:
    venue = long_gold(deposit, 3_750)
    assert venue.fills()[0].dir == word


@pytest.mark.parametrize(("size", "deposit", "left"), [(2, 5_800, 0), (3, 8_700, 2)])
def test_position_worth_just_a_hundred_thousand_is_sold_whole_and_of_three_lots_beyond_it_one(
    size: int, deposit: int, left: int
) -> None:
    """At 50,000 each coin needs 1,000; less than that is left after the loss of 2,000 and 23.40 of fee."""
    venue = Venue(CASTLE, deposits=0)
    venue.deposit(ALICE, deposit)
    venue.deposit(CAROL, 1_000_000)
    venue.sell(CAROL, "CASTLE", 52_000, size)
    assert isinstance(venue.buy(ALICE, "CASTLE", 52_000, size), Filled)
    venue.buy(CAROL, "CASTLE", 49_900, 10)
    venue.oracle("CASTLE", 50_000)
    assert venue.szi(ALICE, "CASTLE") == left


def test_a_fifth_of_a_large_position_is_whole_lots_and_may_find_too_few_buyers() -> None:
    venue = long_eth(deposits=10_000, size="33.3334")
    venue.buy(BOB, "ETH", 3_760, "6")
    venue.oracle("ETH", 3_775)
    order = last_order(venue)
    assert (order.orig_sz, order.sz, order.status) == (66_666, 6_666, "canceled")
    assert venue.szi(ALICE, "ETH") == Decimal("27.3334")
    (event,) = [event for event in venue.events if isinstance(event, Liquidated)]
    # 10,000 - 60.00012 of fee - 33.3334 x 225; six coins are gone
    assert (event.account_value, event.notional) == (money("2439.98488"), money(6 * 3_775))
    details = venue.account(ALICE).ledger[-1].details
    assert details is not None
    assert details.positions == ((1, 60_000),)


@pytest.mark.parametrize(("wait", "left"), [(29_999, "0"), (30_000, "21.3335")])
def test_thirty_seconds_after_a_part_the_next_is_a_part_again(wait: int, left: str) -> None:
    venue = long_eth(deposits=10_000, size="33.3334")
    venue.deposit(BOB, 100_000)
    venue.buy(BOB, "ETH", 3_760, "40")
    venue.oracle("ETH", 3_775)
    assert venue.szi(ALICE, "ETH") == Decimal("26.6668")
    venue.tick(NOON + wait)
    venue.oracle("ETH", 3_760)  # 26.6668 coins are worth 100,267 now
    assert venue.szi(ALICE, "ETH") == Decimal(left)


def test_part_of_one_account_leaves_the_next_one_its_own_thirty_seconds() -> None:
    venue = long_eth(deposits=10_000, size="33.3334")
    venue.deposit(DAVE, 10_000)
    venue.deposit(CAROL, 10_000)
    venue.sell(CAROL, "ETH", 4_000, "33.3334")
    venue.buy(DAVE, "ETH", 4_000, "33.3334")
    venue.deposit(BOB, 200_000)
    venue.buy(BOB, "ETH", 3_760, "40")
    venue.oracle("ETH", 3_775)
    assert [venue.szi(who, "ETH") for who in (ALICE, DAVE)] == [Decimal("26.6668")] * 2


def test_isolated_position_that_the_book_takes_leaves_the_rest_of_its_margin_to_the_account() -> None:
    venue = Venue(GOLD, deposits=0)
    venue.deposit(ALICE, 1_000)
    venue.deposit(CAROL, 100_000)
    venue.leverage(ALICE, "GOLD", 20, is_cross=False)
    venue.sell(CAROL, "GOLD", 4_000, 1)
    venue.buy(ALICE, "GOLD", 4_000, 1)
    venue.buy(CAROL, "GOLD", 3_860, 1)
    venue.oracle("GOLD", 3_870)  # 70 of margin are left, 77.40 needed
    # 1,000 - 140, less 0.045 % of 4,000 and of 3,860
    assert venue.house(ALICE).raw_usd == money(860) - money("1.8") - money("1.737")
    assert [fill.dir for fill in venue.fills()] == ["Close Short", "Liquidated Isolated Long"]
    assert liquidator(venue) not in venue.exchange.accounts


def test_book_that_loses_the_orders_of_who_is_liquidated_is_told_of() -> None:
    venue = long_eth()
    resting = oid_of(venue.buy(ALICE, "ETH", 3_000, "0.01"))
    venue.oracle("ETH", 3_863)
    assert venue.fills() == [], "nobody is there to trade with"
    assert venue.status(ALICE, resting) == "liquidatedCanceled"
    assert venue.bids("ETH") == []
    assert [event for event in venue.events if isinstance(event, BookChanged)] == [BookChanged(NOON, 1)]
