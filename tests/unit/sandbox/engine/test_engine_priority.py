"""Orders that pay to come first: which may, what it costs, whom they pass."""

from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import SetStake
from hyperliquid_perpetual.sandbox.engine.commands import (
    CancelOrders,
    CancelOrdersByCloid,
    Command,
    Modification,
    ModifyOrders,
    Noop,
    OrderIntent,
    PlaceOrders,
    Tick,
    Tif,
)
from hyperliquid_perpetual.sandbox.engine.events import Failed, Filled, PriorityPaid, Resting
from hyperliquid_perpetual.sandbox.engine.exchange import block_rank
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, ETH, Venue, error_of, make_market, money, oid_of

HYPE = make_market("HYPE", 5, 40, sz_decimals=2, max_leverage=10)


def venue() -> Venue:
    exchange = Venue(ETH, HYPE)
    for account in (ALICE, BOB):
        exchange.apply(SetStake(account, 0, money(10)))
    return exchange


def place(exchange: Venue, account: str, priority: int, *orders: OrderIntent, **more: Any) -> Any:
    return exchange.reply(PlaceOrders(account, orders, priority=priority, **more))


def undelegated(exchange: Venue, account: str) -> int:
    return exchange.account(account).fee_standing.undelegated


def test_post_only_order_pays_for_what_rests_although_nothing_is_filled() -> None:
    exchange = venue()
    reply = place(exchange, ALICE, 10_000, exchange.intent("buy", "ETH", 3_900, 1, "Alo"))
    assert isinstance(reply.statuses[0], Resting)
    # 1 bp of 3,900 USD is 0.39 USD: at 40 USD that is 0.00975 HYPE
    assert undelegated(exchange, ALICE) == money(10) - money("0.00975")
    assert PriorityPaid(exchange.now, ALICE, money("0.00975")) in exchange.events


def test_ioc_order_pays_for_what_is_filled() -> None:
    exchange = venue()
    exchange.sell(CAROL, "ETH", 4_000, "0.5")
    reply = place(exchange, ALICE, 80_000, exchange.intent("buy", "ETH", 4_010, 1, "Ioc"))
    assert isinstance(reply.statuses[0], Filled)
    assert undelegated(exchange, ALICE) == money(10) - money("0.04")
    reply = place(exchange, ALICE, 80_000, exchange.intent("buy", "ETH", 4_010, 1, "Ioc"))
    assert isinstance(reply.statuses[0], Failed)
    assert undelegated(exchange, ALICE) == money(10) - money("0.04")


@pytest.mark.parametrize(
    ("orders", "error"),
    [
        ([("Gtc", False)], "all Ioc, or all post-only"),
        ([("Ioc", False), ("Alo", False)], "all Ioc, or all post-only"),
        ([("Alo", True)], "all Ioc, or all post-only"),
        ([("FrontendMarket", False)], "all Ioc, or all post-only"),
    ],
)
def test_only_ioc_or_post_only_orders_may_pay(orders: list[tuple[Any, bool]], error: str) -> None:
    exchange = venue()
    intents = [exchange.intent("buy", "ETH", 3_900, 1, tif, reduce_only=reduces) for tif, reduces in orders]
    reply = place(exchange, ALICE, 10, *intents)
    assert error in str(reply.error)
    assert exchange.open_oids(ALICE) == []


def test_priority_needs_hype_that_is_not_delegated_and_a_price_of_it() -> None:
    exchange = venue()
    order = exchange.intent("buy", "ETH", 3_900, 1, "Alo")
    assert place(exchange, CAROL, 1, order).error == ("Insufficient undelegated staking balance for the priority fee.")
    assert place(exchange, ALICE, 10**8 + 1, order).error == "Priority fee cannot be more than 100%."
    bare = Venue(ETH)
    bare.apply(SetStake(ALICE, 0, money(10)))
    assert "lists no HYPE" in str(place(bare, ALICE, 1, order).error)


def test_all_orders_of_an_action_are_paid_for() -> None:
    exchange = venue()
    bids = [exchange.intent("buy", "ETH", price, 1, "Alo") for price in (3_900, 3_800)]
    place(exchange, ALICE, 10_000, *bids)
    # 1 bp of 7,700 USD is 0.77 USD: at 40 USD that is 0.01925 HYPE
    assert undelegated(exchange, ALICE) == money(10) - money("0.01925")
    for price in (4_000, 4_010):
        exchange.sell(CAROL, "ETH", price, 1)
    place(exchange, BOB, 10_000, *[exchange.intent("buy", "ETH", price, 1, "Ioc") for price in (4_000, 4_010)])
    # 0.801 USD
    assert undelegated(exchange, BOB) == money(10) - money("0.020025")


def test_priority_may_be_the_whole_notional_and_cost_the_last_of_the_hype() -> None:
    exchange = venue()
    order = exchange.intent("buy", "ETH", 3_900, 1, "Alo")
    # reckoned at the mark of 4,000 before, which is 100 HYPE, and at the 3,900 that rest after
    exchange.apply(SetStake(ALICE, 0, money("99.999999")))
    short = place(exchange, ALICE, 10**8, order).error
    assert short == "Insufficient undelegated staking balance for the priority fee."
    exchange.apply(SetStake(ALICE, 0, money(100)))
    assert place(exchange, ALICE, 10**8, order).error is None
    assert undelegated(exchange, ALICE) == money("2.5")


def test_post_only_order_passes_those_of_its_price_that_are_new_and_pay_less() -> None:
    exchange = venue()
    old = oid_of(exchange.buy(CAROL, "ETH", 3_900, 1, "Alo"))
    exchange.tick(exchange.now + 400)
    plain = oid_of(exchange.buy(CAROL, "ETH", 3_900, 1, "Alo"))
    exchange.tick(exchange.now + 200)
    more = oid_of(place(exchange, ALICE, 20, exchange.intent("buy", "ETH", 3_900, 1, "Alo")).statuses[0])
    exchange.tick(exchange.now + 150)
    less = oid_of(place(exchange, BOB, 10, exchange.intent("buy", "ETH", 3_900, 1, "Alo")).statuses[0])
    book = exchange.exchange.markets[ETH.asset].book
    assert [order.oid for order in book.bids.orders()] == [old, more, less, plain]
    exchange.tick(exchange.now + 100)
    top = oid_of(place(exchange, BOB, 30, exchange.intent("buy", "ETH", 3_900, 1, "Alo")).statuses[0])
    assert [order.oid for order in book.bids.orders()] == [old, more, less, plain, top], "nobody passes what is older"


def test_in_a_block_what_pays_more_comes_first_and_fast_cancels_before_others() -> None:
    exchange = venue()
    gtc = PlaceOrders(ALICE, (exchange.intent("buy", "ETH", 3_900, 1),))
    ioc = exchange.intent("buy", "ETH", 3_900, 1, "Ioc")
    alo = exchange.intent("buy", "ETH", 3_900, 1, "Alo")
    commands = [
        gtc,
        PlaceOrders(ALICE, (ioc,), priority=5),
        CancelOrders(ALICE, ((1, 1),)),
        PlaceOrders(ALICE, (ioc,), priority=9),
        CancelOrders(BOB, ((1, 1),), True),
        PlaceOrders(ALICE, (alo,)),
        PlaceOrders(BOB, (alo,), priority=1),
    ]
    ranked = sorted(range(len(commands)), key=lambda index: block_rank(commands[index]))
    assert ranked == [6, 5, 4, 2, 3, 1, 0]
    exchange.sell(CAROL, "ETH", 4_000, 1)
    takers = [PlaceOrders(who, (exchange.intent("buy", "ETH", 4_000, 1, "Ioc"),), priority=p) for who, p in
              ((ALICE, 1), (BOB, 2))]  # fmt: skip
    applied = exchange.exchange.apply_block(exchange.now, takers)
    assert [index for index, _ in applied] == [1, 0]
    assert (exchange.szi(ALICE, "ETH"), exchange.szi(BOB, "ETH")) == (0, 1)


def test_of_two_that_pay_the_same_the_first_stays_in_front() -> None:
    exchange = venue()
    alo = exchange.intent("buy", "ETH", 3_900, 1, "Alo")
    first = oid_of(place(exchange, ALICE, 20, alo).statuses[0])
    second = oid_of(place(exchange, BOB, 20, alo).statuses[0])
    book = exchange.exchange.markets[ETH.asset].book
    assert [order.oid for order in book.bids.orders()] == [first, second]


def test_the_least_that_can_be_paid_passes_who_pays_nothing() -> None:
    exchange = venue()
    plain = oid_of(exchange.buy(CAROL, "ETH", 3_900, 1, "Alo"))
    pays = oid_of(place(exchange, ALICE, 1, exchange.intent("buy", "ETH", 3_900, 1, "Alo")).statuses[0])
    assert [order.oid for order in exchange.exchange.markets[ETH.asset].book.bids.orders()] == [pays, plain]


def test_commands_have_the_class_of_their_orders_in_a_block() -> None:
    exchange = venue()
    gtc = exchange.intent("buy", "ETH", 3_900, 1)
    alo = exchange.intent("buy", "ETH", 3_900, 1, "Alo")
    stop = exchange.trigger("sell", "ETH", "sl", 3_800, 1)
    ranks: list[tuple[Command, tuple[int, int]]] = [
        (Tick(), (0, 0)),
        (Noop(ALICE), (1, 0)),
        (PlaceOrders(ALICE, (alo, stop)), (1, 0)),
        (PlaceOrders(ALICE, (alo, gtc)), (3, 0)),
        (PlaceOrders(ALICE, (alo,), priority=7), (1, -7)),
        (ModifyOrders(ALICE, (Modification(1, alo), Modification(2, stop))), (1, 0)),
        (ModifyOrders(ALICE, (Modification(1, alo), Modification(2, gtc))), (3, 0)),
        (CancelOrders(ALICE, ((1, 1),)), (2, 0)),
        (CancelOrders(ALICE, ((1, 1),), True), (2, -1)),
        (CancelOrdersByCloid(ALICE, ((1, "0x1"),), True), (2, -1)),
    ]
    for command, rank in ranks:
        assert block_rank(command) == rank, command


# ---------------------------------------------------------------------- other marks of actions


def test_amendment_of_an_order_that_is_gone_is_placed_when_that_is_asked_for() -> None:
    exchange = venue()
    gone = oid_of(exchange.buy(ALICE, "ETH", 3_900, 1))
    exchange.cancel(ALICE, "ETH", gone)
    change = (Modification(gone, exchange.intent("buy", "ETH", 3_950, 1)),)
    assert error_of(exchange.reply(ModifyOrders(ALICE, change)).statuses[0]) == "Cannot modify canceled or filled order"
    assert isinstance(exchange.reply(ModifyOrders(ALICE, change, True)).statuses[0], Resting)
    kept = exchange.open_oids(ALICE)
    again = (Modification(kept[0], change[0].intent),)
    assert isinstance(exchange.reply(ModifyOrders(ALICE, again, True)).statuses[0], Resting)
    assert len(exchange.open_oids(ALICE)) == 1, "an order that is there is replaced all the same"


@pytest.mark.parametrize(
    ("coin", "price", "millions"), [("BTC", "100000", 30), ("ETH", "4000", 30), ("DOGE", "0.2", 2), ("STRICT", "10", 0)]
)
def test_order_may_be_worth_so_much_by_the_leverage_of_its_market(coin: str, price: str, millions: int) -> None:
    exchange = Venue(deposits=10**9)
    exchange.leverage(ALICE, coin, 1, coin != "STRICT")
    dollars = millions * 10**6 or 500_000
    kinds: tuple[tuple[Tif, int], ...] = (("FrontendMarket", 1), ("Ioc", 10), ("Gtc", 10))
    for tif, times in kinds:
        most = Decimal(dollars * times) / Decimal(price)
        over = exchange.buy(ALICE, coin, price, most + Decimal(1), tif)
        asset = exchange.of(coin).asset
        assert error_of(over) == f"Order value cannot be more than ${dollars * times}. asset={asset}"
        assert [name for _, name in exchange.updates()] == ["rejected"]
        assert "Order value" not in str(getattr(exchange.buy(ALICE, coin, price, most, tif), "error", ""))
