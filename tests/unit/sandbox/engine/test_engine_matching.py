"""Orders meeting orders: priority, partial fills, time in force, self trades, fills and their money."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders, PlaceOrders
from hyperliquid_perpetual.sandbox.engine.events import (
    BalanceChanged,
    BookChanged,
    Filled,
    FillMade,
    OrderUpdated,
    PositionChanged,
    Replied,
    Resting,
    Success,
    TradeMade,
)
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, Venue, error_of, money, oid_of, px

CLOID = "0x1234567890abcdef1234567890abcdef"


def test_order_rests_when_nothing_crosses() -> None:
    venue = Venue()
    status = venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=CLOID)
    oid = oid_of(status)
    assert status == Resting(oid, CLOID)
    assert venue.bids("BTC") == [(px(99_000), 10_000, 1)]
    assert venue.updates() == [(oid, "open")]
    assert venue.events[-1] == BookChanged(venue.now, 0)
    by_oid, by_cloid = venue.exchange.order(ALICE, oid), venue.exchange.order(ALICE, CLOID)
    assert by_oid == by_cloid
    assert by_oid is not None
    assert (by_oid.sz, by_oid.orig_sz, by_oid.limit_px, by_oid.status) == (10_000, 10_000, px(99_000), "open")
    assert venue.exchange.open_orders(ALICE) == [by_oid]
    assert venue.exchange.open_orders(BOB) == []


def test_taker_takes_best_price_first_then_first_come() -> None:
    venue = Venue()
    late = oid_of(venue.sell(ALICE, "BTC", 100_010, "0.1"))
    first = oid_of(venue.sell(BOB, "BTC", 100_000, "0.1"))
    second = oid_of(venue.sell(ALICE, "BTC", 100_000, "0.1"))
    status = venue.buy(CAROL, "BTC", 100_010, "0.25")
    makers = [(fill.oid, fill.px, fill.sz) for fill in venue.fills() if not fill.crossed]
    assert makers == [(first, px(100_000), 10_000), (second, px(100_000), 10_000), (late, px(100_010), 5_000)]
    notional = money("25000.5")  # 0.2 x 100,000 + 0.05 x 100,010
    assert status == Filled(oid_of(status), None, 25_000, px(100_002), notional)
    assert venue.status(ALICE, late) == "open"
    assert venue.asks("BTC") == [(px(100_010), 5_000, 1)]
    assert venue.updates() == [(first, "filled"), (second, "filled"), (oid_of(status), "filled")]


def test_average_price_is_rounded_half_to_even_and_notional_is_exact() -> None:
    venue = Venue()
    venue.sell(ALICE, "DOGE", "0.050001", 400)
    venue.sell(ALICE, "DOGE", "0.050002", 400)
    status = venue.buy(BOB, "DOGE", "0.21", 800)
    assert isinstance(status, Filled)
    assert status.notional == money("40.0012")
    assert status.avg_px == 50_002  # 0.0500015, the tie goes to the even one


def test_events_of_a_match_come_in_one_order() -> None:
    venue = Venue()
    venue.sell(ALICE, "BTC", 100_000, "0.1")
    venue.buy(BOB, "BTC", 100_000, "0.1")
    kinds = [type(event) for event in venue.events]
    assert kinds == [
        Replied,
        TradeMade,
        FillMade,
        FillMade,
        OrderUpdated,
        OrderUpdated,
        PositionChanged,
        PositionChanged,
        BalanceChanged,
        BalanceChanged,
        BookChanged,
    ]


def test_fill_tells_both_sides_the_same_match_with_their_own_fee() -> None:
    venue = Venue()
    maker_oid = oid_of(venue.sell(ALICE, "BTC", 100_000, "0.3", cloid=CLOID))
    taker_oid = oid_of(venue.buy(BOB, "BTC", 100_001, "0.1", "Ioc"))
    maker, taker = venue.fills()
    assert (maker.account, taker.account) == (ALICE, BOB)
    assert (maker.oid, taker.oid) == (maker_oid, taker_oid)
    assert (maker.crossed, taker.crossed) == (False, True)
    assert (maker.cloid, taker.cloid) == (CLOID, None)
    assert maker.tid == taker.tid
    assert 0 < maker.tid < 2**50
    assert maker.hash == taker.hash
    assert len(maker.hash) == 66
    assert maker.px == taker.px == px(100_000)
    assert maker.sz == taker.sz == 10_000
    assert maker.fee == money("1.5")  # 10,000 x 0.015 %
    assert taker.fee == money("4.5")  # 10,000 x 0.045 %
    assert (maker.dir, taker.dir) == ("Open Short", "Open Long")
    assert maker.fee_token == "USDC"
    assert list(venue.account(ALICE).fills) == [maker]
    trade = venue.exchange.markets[0].trades[-1]
    assert (trade.is_buy, trade.buyer, trade.seller, trade.tid) == (True, BOB, ALICE, maker.tid)
    assert venue.exchange.markets[0].last_px == px(100_000)
    assert venue.house(BOB).raw_usd == money(1_000_000 - 10_000) - money("4.5")
    assert venue.house(ALICE).raw_usd == money(1_000_000 + 10_000) - money("1.5")
    assert venue.exchange.fees_collected("") == money(6)


def test_trade_id_depends_on_the_pair_of_orders_only() -> None:
    def tids(extra: bool) -> list[int]:
        venue = Venue()
        venue.sell(ALICE, "BTC", 100_000, "0.1")
        venue.sell(ALICE, "BTC", 100_000, "0.1")
        if extra:
            venue.tick(venue.now + 1)
        venue.buy(BOB, "BTC", 100_000, "0.2")
        return [fill.tid for fill in venue.fills() if fill.crossed]

    first, second = tids(extra=False)
    assert first != second
    assert tids(extra=True) == [first, second]


def test_fee_is_cut_to_the_micro_dollar() -> None:
    venue = Venue()
    # 70 x 0.2 = 14 dollars; 14 x 0.00045 = 0.0063. 0.20003 x 70 = 14.0021
    venue.sell(ALICE, "DOGE", "0.20003", 70)
    venue.buy(BOB, "DOGE", "0.21", 70)
    maker, taker = venue.fills()
    assert taker.fee == money("0.006300")  # 0.006300945
    assert maker.fee == money("0.002100")  # 0.002100315


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([("buy", "1"), ("buy", "1")], ["Open Long", "Open Long"]),
        ([("buy", "2"), ("sell", "1"), ("sell", "1")], ["Open Long", "Close Long", "Close Long"]),
        ([("buy", "1"), ("sell", "2")], ["Open Long", "Long > Short"]),
        ([("sell", "1"), ("sell", "1")], ["Open Short", "Open Short"]),
        ([("sell", "2"), ("buy", "1"), ("buy", "1")], ["Open Short", "Close Short", "Close Short"]),
        ([("sell", "1"), ("buy", "3")], ["Open Short", "Short > Long"]),
    ],
)
def test_direction_of_a_fill(moves: list[tuple[str, str]], expected: list[str]) -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 10)
    venue.buy(CAROL, "ETH", 3_999, 10)
    starts, dirs, position = [], [], Decimal(0)
    for side, size in moves:
        starts.append(position)
        place = venue.buy if side == "buy" else venue.sell
        place(ALICE, "ETH", 4_100 if side == "buy" else 3_900, size, "Ioc")
        fill = next(fill for fill in venue.fills() if fill.account == ALICE)
        assert fill.start_position == starts[-1] * 10_000
        dirs.append(fill.dir)
        position += Decimal(size) if side == "buy" else -Decimal(size)
    assert dirs == expected


def test_closed_pnl_is_gross_and_follows_the_average_entry() -> None:
    venue = Venue()
    for price, size in ((4_000, "1"), (4_100, "3")):
        venue.sell(BOB, "ETH", price, size)
        venue.buy(ALICE, "ETH", price, size)
    assert venue.position(ALICE, "ETH").cost == money(4_000 + 3 * 4_100)  # entry 4,075
    venue.buy(CAROL, "ETH", 4_050, 10)
    venue.sell(ALICE, "ETH", 4_050, "1")
    assert next(fill for fill in venue.fills() if fill.account == ALICE).closed_pnl == money(-25)
    venue.sell(ALICE, "ETH", 4_050, "5")
    flip = next(fill for fill in venue.fills() if fill.account == ALICE)
    assert (flip.dir, flip.closed_pnl) == ("Long > Short", money(-75))
    position = venue.position(ALICE, "ETH")
    assert (position.szi, position.cost) == (-20_000, money(2 * 4_050))
    assert position.unrealized_pnl(px(4_000)) == money(100)


def test_gtc_that_matches_in_part_rests_with_the_remainder() -> None:
    venue = Venue()
    venue.sell(ALICE, "BTC", 100_000, "0.1")
    status = venue.buy(BOB, "BTC", 100_000, "0.3")
    oid = oid_of(status)
    assert status == Resting(oid, None)
    assert venue.bids("BTC") == [(px(100_000), 20_000, 1)]
    record = venue.exchange.order(BOB, oid)
    assert record is not None
    assert (record.sz, record.orig_sz, record.status) == (20_000, 30_000, "open")


def test_partial_gtc_reply_can_be_filled_instead() -> None:
    venue = Venue(quirks=VenueQuirks(partial_gtc_reply="filled"))
    venue.sell(ALICE, "BTC", 100_000, "0.1")
    status = venue.buy(BOB, "BTC", 100_000, "0.3")
    assert status == Filled(oid_of(status), None, 10_000, px(100_000), money(10_000))
    assert venue.status(BOB, oid_of(status)) == "open"
    assert isinstance(venue.buy(BOB, "BTC", 99_000, "0.1"), Resting)


def test_partial_fill_of_a_resting_order_sends_no_order_update() -> None:
    venue = Venue()
    maker = oid_of(venue.sell(ALICE, "BTC", 100_000, "0.3"))
    venue.buy(BOB, "BTC", 100_000, "0.1", "Ioc")
    assert maker not in dict(venue.updates())
    record = venue.exchange.order(ALICE, maker)
    assert record is not None
    assert record.sz == 20_000


def test_ioc_remainder_is_canceled() -> None:
    venue = Venue()
    venue.sell(ALICE, "BTC", 100_000, "0.1")
    status = venue.buy(BOB, "BTC", 100_000, "0.3", "Ioc")
    assert isinstance(status, Filled)
    assert status.total_sz == 10_000
    record = venue.exchange.order(BOB, status.oid)
    assert record is not None
    assert (record.status, record.sz, record.orig_sz) == ("canceled", 20_000, 30_000)
    assert venue.bids("BTC") == []


def test_ioc_that_finds_nothing_is_rejected() -> None:
    venue = Venue()
    venue.sell(ALICE, "BTC", 100_001, "0.1")
    status = venue.buy(BOB, "BTC", 100_000, "0.1", "Ioc")
    assert error_of(status) == "Order could not immediately match against any resting orders. asset=0"
    ((oid, name),) = venue.updates()
    assert name == "iocCancelRejected"
    record = venue.exchange.order(BOB, oid)
    assert record is not None
    assert record.sz == record.orig_sz == 10_000


def test_market_order_into_an_empty_book_has_no_liquidity() -> None:
    venue = Venue()
    status = venue.sell(BOB, "ETH", 3_900, "0.1", "FrontendMarket")
    assert error_of(status) == "No liquidity available for market order. asset=1"
    assert [name for _, name in venue.updates()] == ["marketOrderNoLiquidityRejected"]
    venue.buy(ALICE, "ETH", 3_800, "0.1")
    status = venue.sell(BOB, "ETH", 3_900, "0.1", "FrontendMarket")
    assert error_of(status) == "Order could not immediately match against any resting orders. asset=1"
    assert isinstance(venue.sell(BOB, "ETH", 3_800, "0.05", "FrontendMarket"), Filled)


def test_post_only_that_would_match_is_rejected_with_the_bbo() -> None:
    venue = Venue()
    venue.buy(ALICE, "ETH", "3999.5", 1)
    venue.sell(ALICE, "ETH", "4000.1", 1)
    status = venue.buy(BOB, "ETH", "4000.1", 1, "Alo")
    assert error_of(status) == "Post only order would have immediately matched, bbo was 3999.5@4000.1. asset=1"
    assert [name for _, name in venue.updates()] == ["badAloPxRejected"]
    assert "bbo was 3999.5@4000.1" in error_of(venue.sell(BOB, "ETH", 3_999, 1, "Alo"))
    assert "bbo was 3999.5@4000.1" in error_of(venue.sell(BOB, "ETH", "3999.5", 1, "Alo"))
    assert isinstance(venue.buy(BOB, "ETH", 4_000, 1, "Alo"), Resting)
    assert isinstance(venue.sell(BOB, "ETH", "4000.1", 1, "Alo"), Resting)


def test_own_resting_order_is_canceled_rather_than_matched() -> None:
    venue = Venue()
    own = oid_of(venue.sell(BOB, "BTC", 100_000, "0.1"))
    other = oid_of(venue.sell(ALICE, "BTC", 100_000, "0.1"))
    status = venue.buy(BOB, "BTC", 100_000, "0.1")
    assert isinstance(status, Filled)
    assert venue.updates() == [(own, "selfTradeCanceled"), (other, "filled"), (status.oid, "filled")]
    assert {fill.oid for fill in venue.fills()} == {other, status.oid}
    record = venue.exchange.order(BOB, own)
    assert record is not None
    assert record.sz == record.orig_sz


def test_taker_that_meets_only_own_orders_rests_on_an_empty_book() -> None:
    venue = Venue()
    own = oid_of(venue.sell(BOB, "BTC", 100_000, "0.1"))
    status = venue.buy(BOB, "BTC", 100_000, "0.1")
    assert isinstance(status, Resting)
    assert venue.updates() == [(own, "selfTradeCanceled"), (status.oid, "open")]
    assert venue.asks("BTC") == []


def test_cancel_by_oid_and_by_cloid() -> None:
    venue = Venue()
    first = oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1"))
    second = oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=CLOID))
    assert venue.cancel(ALICE, "BTC", first) == Success()
    assert venue.updates() == [(first, "canceled")]
    assert venue.cancel(ALICE, "BTC", CLOID) == Success()
    assert venue.status(ALICE, second) == "canceled"
    assert venue.status(ALICE, CLOID) == "canceled"
    assert venue.bids("BTC") == []
    assert venue.exchange.open_orders(ALICE) == []


def test_cancel_of_what_is_not_open_says_so() -> None:
    venue = Venue()
    text = "Order was never placed, already canceled, or filled. asset=0"
    mine = oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1"))
    assert error_of(venue.cancel(BOB, "BTC", mine)) == text
    assert error_of(venue.cancel(ALICE, "ETH", mine)) == text.replace("asset=0", "asset=1")
    assert error_of(venue.cancel(ALICE, "BTC", 1)) == text
    assert error_of(venue.cancel(ALICE, "BTC", CLOID)) == text
    reply = venue.reply(CancelOrders(ALICE, ((0, mine), (0, mine))))
    assert reply.statuses[0] == Success()
    assert error_of(reply.statuses[1]) == text


def test_cloid_can_be_used_again_when_its_order_is_over() -> None:
    venue = Venue()
    old = oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=CLOID))
    duplicate = venue.buy(ALICE, "ETH", 3_900, "0.1", cloid=CLOID)
    assert error_of(duplicate) == f"Duplicate cloid {CLOID}. asset=1"
    assert isinstance(venue.buy(BOB, "BTC", 99_000, "0.1", cloid=CLOID), Resting)
    venue.cancel(ALICE, "BTC", old)
    new = oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=CLOID))
    record = venue.exchange.order(ALICE, CLOID)
    assert record is not None
    assert (record.oid, record.status) == (new, "open")


def test_address_without_a_deposit_is_told_to_deposit() -> None:
    venue = Venue()
    reply = venue.reply(PlaceOrders(DAVE, (venue.intent("buy", "BTC", 99_000, "0.1"),)))
    assert reply.error == f"Must deposit before performing actions. User: {DAVE}"
    assert reply.statuses == ()
    assert DAVE not in venue.exchange.accounts
    assert venue.exchange.order(DAVE, 1) is None
    assert venue.exchange.open_orders(DAVE) == []


def test_open_interest_counts_each_long_once() -> None:
    venue = Venue()
    state = venue.exchange.markets[0]
    venue.sell(ALICE, "BTC", 100_000, "0.2")
    venue.buy(BOB, "BTC", 100_000, "0.2")
    assert state.open_interest == 20_000
    venue.sell(BOB, "BTC", 100_000, "0.1")
    venue.buy(CAROL, "BTC", 100_000, "0.1")  # the long changes hands
    assert state.open_interest == 20_000
    venue.sell(CAROL, "BTC", 100_000, "0.1")
    venue.buy(ALICE, "BTC", 100_000, "0.1")  # both close
    assert state.open_interest == 10_000


def test_history_is_bounded_and_newest_first() -> None:
    venue = Venue(history_limit=3, fill_limit=2)
    oids = []
    for number in range(5):
        oids.append(oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=f"0x{number + 1:032x}")))
        venue.cancel(ALICE, "BTC", oids[-1])
    history = venue.account(ALICE).history
    assert [record.oid for record in history.newest_first()] == oids[:1:-1]
    assert len(history) == 3
    assert venue.exchange.order(ALICE, oids[0]) is None
    assert venue.exchange.order(ALICE, f"0x{1:032x}") is None
    assert venue.exchange.order(ALICE, f"0x{5:032x}") is not None
    assert [record.cloid for record in history.newest_first()] == [f"0x{number:032x}" for number in (5, 4, 3)]
    for _ in range(5):
        venue.sell(ALICE, "BTC", 100_000, "0.01")
        venue.buy(BOB, "BTC", 100_000, "0.01")
    assert len(venue.account(BOB).fills) == 2


def test_history_tells_its_records_from_the_first_that_ended_to_the_last() -> None:
    venue = Venue(history_limit=2)
    oids = [oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1")) for _ in range(3)]
    for oid in reversed(oids):
        venue.cancel(ALICE, "BTC", oid)
    assert [record.oid for record in venue.account(ALICE).history.oldest_first()] == [oids[1], oids[0]]
    assert venue.account(ALICE).history.capacity == 2


def test_reused_cloid_is_found_when_the_first_order_that_had_it_is_forgotten() -> None:
    venue = Venue(history_limit=2)
    cloid = f"0x{7:032x}"
    oids = []
    for name in (cloid, cloid, None):
        oids.append(oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=name)))
        venue.cancel(ALICE, "BTC", oids[-1])
    assert venue.exchange.order(ALICE, oids[0]) is None
    assert venue.record(ALICE, cloid).oid == oids[1]
    venue.cancel(ALICE, "BTC", oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1")))
    assert venue.exchange.order(ALICE, cloid) is None


def test_reply_to_a_filled_order_has_its_number_its_cloid_and_what_it_traded() -> None:
    venue = Venue()
    cloid = f"0x{9:032x}"
    oid = oid_of(venue.sell(BOB, "ETH", 4_000, 2)) + 1
    # 1.5 coins at 4,000
    assert venue.buy(ALICE, "ETH", 4_001, "1.5", "Ioc", cloid=cloid) == Filled(
        oid, cloid, 15_000, px(4_000), money(6_000)
    )
