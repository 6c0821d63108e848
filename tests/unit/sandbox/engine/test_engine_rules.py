"""What is refused, with which text, where it is told, and what trace it leaves."""

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import Modification, ModifyOrders, Noop, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.engine.events import Failed, Filled, OrderUpdated, Resting
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from tests.unit.sandbox.engine.venue import ALICE, BOB, BTC, CAROL, DAVE, Venue, error_of, money, oid_of, px


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (OrderIntent(0, True, 0, 100), "Order has invalid price."),
        (OrderIntent(0, True, -px(1), 100), "Order has invalid price."),
        (OrderIntent(0, True, px(99_000), 0), "Order has zero size."),
        (OrderIntent(0, True, px(99_000), -1), "Order has invalid size."),
        (OrderIntent(999, True, px(99_000), 100), "Order has invalid asset 999."),
        (
            OrderIntent(0, True, px(99_000), 100, cloid="0x" + "0" * 32),
            "A nonzero cloid is required for each order",
        ),
        (
            OrderIntent(0, True, px(180_001), 100),
            "Order price cannot be more than 80% away from the reference price",
        ),
        (
            OrderIntent(0, True, px(19_999), 100),
            "Order price cannot be more than 80% away from the reference price",
        ),
    ],
)
def test_pre_validation_refuses_the_whole_batch_and_leaves_no_trace(bad: OrderIntent, text: str) -> None:
    venue = Venue()
    good = venue.intent("buy", "BTC", 99_000, "0.1")
    reply = venue.reply(PlaceOrders(ALICE, (good, bad, good)))
    assert (reply.error, reply.pre_validation, reply.statuses) == (text, True, ())
    assert len(venue.events) == 1
    assert venue.exchange.open_orders(ALICE) == []
    assert len(venue.account(ALICE).history) == 0
    assert oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1")) == venue.exchange.config.first_oid


def test_empty_batch_is_refused() -> None:
    venue = Venue()
    assert venue.reply(PlaceOrders(ALICE, ())).error == "Orders are empty"
    assert venue.reply(ModifyOrders(ALICE, ())).error == "Orders are empty"


def test_price_band_is_inclusive_and_follows_the_mid_when_there_is_one() -> None:
    venue = Venue()
    assert isinstance(venue.sell(ALICE, "BTC", 180_000, "0.1"), Resting)
    assert isinstance(venue.buy(ALICE, "BTC", 20_000, "0.1"), Resting)  # mid is 100,000 now
    venue.sell(ALICE, "BTC", 60_000, "0.01")  # mid 40,000, the band ends at 72,000
    over = venue.intent("sell", "BTC", 72_001, "0.1")
    assert venue.reply(PlaceOrders(BOB, (over,))).pre_validation
    assert isinstance(venue.sell(BOB, "BTC", 72_000, "0.1"), Resting)


@pytest.mark.parametrize(
    ("intent", "text", "status"),
    [
        (OrderIntent(1, True, px("3999.55"), 10_000), "Price must be divisible by tick size.", "tickRejected"),
        (OrderIntent(1, True, px("3999.001"), 10_000), "Price must be divisible by tick size.", "tickRejected"),
        (OrderIntent(1, True, px(3_999), 25), "Order must have minimum value of $10.", "minTradeNtlRejected"),
        (OrderIntent(3, True, px("0.05"), 100_000), "Trading is halted.", "rejected"),
        (
            OrderIntent(1, True, px(3_999), 10_000, reduce_only=True),
            "Reduce only order would increase position.",
            "reduceOnlyRejected",
        ),
    ],
)
def test_refused_order_has_a_number_a_status_and_a_place_in_the_history(
    intent: OrderIntent, text: str, status: str
) -> None:
    venue = Venue()
    good = venue.intent("buy", "BTC", 99_000, "0.1")
    first, failed, third = venue.place(ALICE, good, intent, good)
    assert error_of(failed) == f"{text} asset={intent.asset}"
    assert oid_of(third) == oid_of(first) + 2
    record = venue.exchange.order(ALICE, oid_of(first) + 1)
    assert record is not None
    assert (record.status, record.sz, record.orig_sz) == (status, intent.sz, intent.sz)
    assert [name for _, name in venue.updates()] == ["open", status, "open"]


def test_price_far_from_the_oracle_but_near_the_mid_is_rejected() -> None:
    venue = Venue()
    venue.sell(ALICE, "DOGE", "0.04", 1_000)
    venue.buy(BOB, "DOGE", "0.04", 1_000)
    venue.buy(CAROL, "DOGE", "0.04", 10_000)
    venue.sell(CAROL, "DOGE", "0.0401", 10_000)
    status = venue.buy(ALICE, "DOGE", "0.0099", 10_000)  # 75 % below the mid, 95.05 % below the oracle
    assert error_of(status) == "Price too far from oracle asset=2"
    assert [name for _, name in venue.updates()] == ["oracleRejected"]
    assert isinstance(venue.buy(ALICE, "DOGE", "0.01", 10_000), Resting)


def test_minimum_notional_is_reached_exactly() -> None:
    venue = Venue()
    assert isinstance(venue.buy(ALICE, "ETH", 4_000, "0.0025"), Resting)
    assert isinstance(venue.buy(ALICE, "ETH", 3_999, "0.0025"), Failed)


def open_long(venue: Venue, account: str, coin: str, price: str | int, size: str | int) -> None:
    """Let `account` buy from Carol."""
    venue.sell(CAROL, coin, price, size)
    assert isinstance(venue.buy(account, coin, price, size), Filled)


def test_small_reduce_only_order_may_close_the_whole_position() -> None:
    venue = Venue()
    open_long(venue, ALICE, "ETH", 4_000, "0.0025")
    venue.buy(BOB, "ETH", 3_900, 1)
    assert "minimum value" in error_of(venue.sell(ALICE, "ETH", 3_900, "0.0024", "Ioc", reduce_only=True))
    assert "minimum value" in error_of(venue.sell(ALICE, "ETH", 3_900, "0.0025", "Ioc"))
    assert isinstance(venue.sell(ALICE, "ETH", 3_900, "0.0025", "Ioc", reduce_only=True), Filled)
    assert venue.szi(ALICE, "ETH") == 0

    strict = Venue(quirks=VenueQuirks(small_reduce_only_close="refused"))
    open_long(strict, ALICE, "ETH", 4_000, "0.0025")
    assert "minimum value" in error_of(strict.sell(ALICE, "ETH", 3_900, "0.0025", reduce_only=True))


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_reduce_only_needs_a_position_on_the_other_side(side: str) -> None:
    venue = Venue()
    text = "Reduce only order would increase position. asset=1"
    intent = venue.intent(side, "ETH", 4_000, 1, reduce_only=True)
    assert error_of(venue.place(ALICE, intent)[0]) == text
    venue.place(CAROL, venue.intent("sell" if side == "buy" else "buy", "ETH", 4_000, 1))
    venue.place(ALICE, venue.intent(side, "ETH", 4_000, 1))
    assert error_of(venue.place(ALICE, intent)[0]) == text


def test_reduce_only_taker_never_turns_the_position() -> None:
    venue = Venue()
    open_long(venue, ALICE, "ETH", 4_000, 1)
    venue.buy(BOB, "ETH", 3_990, 10)
    status = venue.sell(ALICE, "ETH", 3_990, 5, "Ioc", reduce_only=True)
    assert isinstance(status, Filled)
    assert status.total_sz == 10_000
    assert venue.szi(ALICE, "ETH") == 0
    record = venue.exchange.order(ALICE, status.oid)
    assert record is not None
    assert (record.status, record.sz, record.orig_sz) == ("filled", 0, 10_000)


def test_resting_reduce_only_orders_shrink_with_the_position_and_go_when_it_closes() -> None:
    venue = Venue()
    open_long(venue, ALICE, "ETH", 4_000, 5)
    big = oid_of(venue.sell(ALICE, "ETH", 4_100, 9, reduce_only=True))
    small = oid_of(venue.sell(ALICE, "ETH", 4_200, 2, "Alo", reduce_only=True))
    assert [level[1] for level in venue.asks("ETH")] == [50_000, 20_000]
    venue.buy(BOB, "ETH", 3_990, 10)
    venue.sell(ALICE, "ETH", 3_990, 4)
    assert [level[1] for level in venue.asks("ETH")] == [10_000, 10_000]
    assert (big, "open") in venue.updates()
    assert (small, "open") in venue.updates()
    venue.sell(ALICE, "ETH", 3_990, 1)
    assert venue.asks("ETH") == []
    assert venue.status(ALICE, big) == "reduceOnlyCanceled"
    assert venue.status(ALICE, small) == "reduceOnlyCanceled"


def test_sweep_over_two_reduce_only_orders_closes_the_position_once() -> None:
    venue = Venue()
    open_long(venue, ALICE, "ETH", 4_000, 5)
    first = oid_of(venue.sell(ALICE, "ETH", 4_100, 5, reduce_only=True))
    second = oid_of(venue.sell(ALICE, "ETH", 4_110, 5, reduce_only=True))
    status = venue.buy(BOB, "ETH", 4_200, 10, "Ioc")
    assert isinstance(status, Filled)
    assert status.total_sz == 50_000
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.status(ALICE, first) == "filled"
    assert venue.status(ALICE, second) == "reduceOnlyCanceled"


def test_shrunk_order_keeps_original_minus_remaining_as_filled() -> None:
    venue = Venue()
    open_long(venue, ALICE, "ETH", 4_000, 5)
    oid = oid_of(venue.sell(ALICE, "ETH", 4_100, 5, reduce_only=True))
    venue.buy(BOB, "ETH", 4_100, 1, "Ioc")
    venue.buy(BOB, "ETH", 3_990, 10)
    venue.sell(ALICE, "ETH", 3_990, 3)
    record = venue.exchange.order(ALICE, oid)
    assert record is not None
    assert (record.orig_sz, record.sz) == (20_000, 10_000)


def test_open_order_cap_grows_with_volume_and_closes_to_reduce_only_first() -> None:
    venue = Venue(open_orders_base=3, open_orders_max=5, open_orders_volume_step=money(10_000))
    open_long(venue, ALICE, "ETH", 4_000, 1)  # 4,000 of volume earn nothing yet
    for _ in range(3):
        assert isinstance(venue.buy(ALICE, "ETH", 3_000, 1), Resting)
    text = "Too many open orders asset=1"
    assert error_of(venue.buy(ALICE, "ETH", 3_000, 1)) == text
    assert [name for _, name in venue.updates()] == ["tooManyOpenOrdersRejected"]
    venue.cancel(ALICE, "ETH", venue.exchange.open_orders(ALICE)[0].oid)
    open_long(venue, ALICE, "ETH", 4_000, 2)  # 12,000 earn one more
    for _ in range(2):
        assert isinstance(venue.buy(ALICE, "ETH", 3_000, 1), Resting)
    assert error_of(venue.sell(ALICE, "ETH", 4_100, 1, reduce_only=True)) == text
    assert error_of(venue.buy(ALICE, "ETH", 3_000, 1)) == text
    venue.cancel(ALICE, "ETH", venue.exchange.open_orders(ALICE)[0].oid)
    open_long(venue, ALICE, "ETH", 4_000, 20)
    for _ in range(2):
        assert isinstance(venue.buy(ALICE, "ETH", 3_000, 1), Resting)
    assert error_of(venue.buy(ALICE, "ETH", 3_000, 1)) == text  # the maximum


def test_market_configured_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="there already"):
        Venue(BTC, BTC)


def test_account_is_unknown_before_its_first_deposit() -> None:
    venue = Venue()
    assert venue.exchange.account(DAVE) is None
    found = venue.exchange.account(ALICE)
    assert found is not None
    assert found.address == ALICE


def test_noop_does_nothing() -> None:
    venue = Venue()
    reply = venue.reply(Noop(ALICE))
    assert (reply.error, reply.statuses) == (None, ())
    assert len(venue.events) == 1


def test_modify_cancels_and_replaces_under_a_new_number() -> None:
    venue = Venue()
    cloid, new_cloid = f"0x{1:032x}", f"0x{2:032x}"
    old = oid_of(venue.buy(ALICE, "ETH", 3_900, 1, cloid=cloid))
    status = venue.modify(ALICE, old, venue.intent("buy", "ETH", 3_950, 2, "Alo", cloid=new_cloid))
    assert status == Resting(old + 1, new_cloid)
    assert venue.updates() == [(old, "canceled"), (old + 1, "open")]
    assert venue.bids("ETH") == [(px(3_950), 20_000, 1)]
    assert venue.status(ALICE, cloid) == "canceled"
    by_cloid = venue.modify(ALICE, new_cloid, venue.intent("buy", "ETH", 3_940, 1))
    assert by_cloid == Resting(old + 2, None)
    assert venue.exchange.order(ALICE, old + 2) is not None


def test_modify_may_keep_the_cloid_and_then_the_cloid_finds_the_replacement() -> None:
    venue = Venue()
    cloid = f"0x{1:032x}"
    old = oid_of(venue.buy(ALICE, "ETH", 3_900, 1, cloid=cloid))
    assert venue.modify(ALICE, cloid, venue.intent("buy", "ETH", 3_950, 2, cloid=cloid)) == Resting(old + 1, cloid)
    record = venue.exchange.order(ALICE, cloid)
    assert record is not None
    assert (record.oid, record.status) == (old + 1, "open")
    assert venue.status(ALICE, old) == "canceled"


def test_modify_of_what_is_not_open_or_of_another_asset_does_nothing() -> None:
    venue = Venue()
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    text = "Cannot modify canceled or filled order"
    assert error_of(venue.modify(BOB, mine, venue.intent("buy", "ETH", 3_950, 1))) == text
    assert error_of(venue.modify(ALICE, mine, venue.intent("buy", "BTC", 99_000, 1))) == text
    venue.cancel(ALICE, "ETH", mine)
    assert error_of(venue.modify(ALICE, mine, venue.intent("buy", "ETH", 3_950, 1))) == text
    assert not any(isinstance(event, OrderUpdated) for event in venue.events)


def test_badly_formed_replacement_leaves_the_old_order() -> None:
    venue = Venue()
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    status = venue.modify(ALICE, mine, venue.intent("buy", "ETH", "3950.55", 1))
    assert error_of(status) == "Price must be divisible by tick size. asset=1"
    assert venue.status(ALICE, mine) == "open"
    assert venue.status(ALICE, mine + 1) == "tickRejected"


def test_replacement_that_the_book_refuses_comes_after_the_cancel() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    status = venue.modify(ALICE, mine, venue.intent("buy", "ETH", 4_000, 1, "Alo"))
    assert "bbo was 0@4000." in error_of(status)
    assert venue.updates() == [(mine, "canceled"), (mine + 1, "badAloPxRejected")]


def test_batch_modify_answers_item_by_item() -> None:
    venue = Venue()
    first = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    second = oid_of(venue.buy(ALICE, "ETH", 3_800, 1))
    reply = venue.reply(
        ModifyOrders(
            ALICE,
            (
                Modification(first, venue.intent("buy", "ETH", 3_910, 1)),
                Modification(7, venue.intent("buy", "ETH", 3_910, 1)),
                Modification(second, venue.intent("buy", "ETH", 3_810, 1)),
            ),
        )
    )
    assert reply.statuses == (
        Resting(second + 1, None),
        Failed("Cannot modify canceled or filled order"),
        Resting(second + 2, None),
    )


def test_market_order_that_waits_may_be_worth_less_than_a_limited_one() -> None:
    """Section 6: 2,000,000 USD at a maximum leverage of 10, and ten times that for a limit order."""
    venue = Venue(deposits=10**8)
    open_long(venue, ALICE, "DOGE", "0.2", 1_000)
    for worth, refused_at_market, refused_limited in (
        (2_000_000, False, False),
        (2_000_002, True, False),
        (20_000_000, True, False),
        (20_000_002, True, True),
    ):
        size = worth * 10  # at the limit of 0.1
        stop = venue.trigger("sell", "DOGE", "sl", "0.15", size, worst="0.1")
        limited = venue.trigger("sell", "DOGE", "sl", "0.15", size, limit="0.1")
        for intent, refused, most in ((stop, refused_at_market, 2), (limited, refused_limited, 20)):
            status = venue.place(ALICE, intent)[0]
            assert isinstance(status, Failed) is refused
            if refused:
                assert error_of(status) == f"Order value cannot be more than ${most}000000. asset=2"
            else:
                venue.cancel(ALICE, "DOGE", oid_of(status))


def test_what_more_orders_volume_has_earned_is_not_for_reduce_only_and_trigger_orders() -> None:
    venue = Venue(open_orders_base=1, open_orders_max=5, open_orders_volume_step=money(1_000))
    open_long(venue, ALICE, "ETH", 4_000, 1)
    assert isinstance(venue.buy(ALICE, "ETH", 3_000, 1), Resting)
    text = "Too many open orders asset=1"
    assert error_of(venue.sell(ALICE, "ETH", 4_100, 1, reduce_only=True)) == text
    assert error_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_900, 1))[0]) == text
    assert isinstance(venue.buy(ALICE, "ETH", 3_000, 1), Resting)
