"""Which cancels and new orders of a turn are one amendment."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.batches import OrderDesk
from hyperliquid_perpetual.trading.budget import WeightBudget
from hyperliquid_perpetual.trading.replacements import Answer, Cancel, Waiting, pair_up
from hyperliquid_perpetual.trading.requests import Requests
from hyperliquid_perpetual.venue.actions import OrderRequest, Tif, Trigger
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.replies import Done


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Somewhere for futures to belong to; it never runs."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def order(asset: int, is_buy: bool, reduce_only: bool = False, tif: Tif = "Alo", trigger: bool = False) -> OrderRequest:
    """A new order."""
    kind = Trigger(Decimal(1), is_market=True, tpsl="sl") if trigger else None
    return OrderRequest(asset, is_buy, Decimal(1), Decimal(1), reduce_only, tif, trigger=kind)


def waiting[Item](loop: asyncio.AbstractEventLoop, items: list[Item]) -> list[Waiting[Item]]:
    """Items as they are handed in."""
    return [Waiting(item, loop.create_future()) for item in items]


@pytest.mark.parametrize(
    ("cancel", "new", "pairs"),
    [
        (Cancel(0, "0x1", True), order(0, True), True),
        (Cancel(0, "0x1", True), order(0, True, tif="Gtc"), True),
        (Cancel(0, "0x1", True), order(0, False), False),
        (Cancel(0, "0x1", True), order(1, True), False),
        (Cancel(0, "0x1", True), order(0, True, reduce_only=True), False),
        (Cancel(0, "0x1", True, reduce_only=True), order(0, True, reduce_only=True), True),
        (Cancel(0, "0x1", None), order(0, True), False),
        (Cancel(0, "0x1", True), order(0, True, tif="Ioc"), False),
        (Cancel(0, "0x1", True), order(0, True, tif="FrontendMarket"), False),
        (Cancel(0, "0x1", True), order(0, True, trigger=True), False),
    ],
)
def test_only_a_resting_order_of_the_same_kind_is_replaced(
    loop: asyncio.AbstractEventLoop, cancel: Cancel, new: OrderRequest, pairs: bool
) -> None:
    found, cancels, orders = pair_up(waiting(loop, [cancel]), waiting(loop, [new]))
    assert (len(found), len(cancels), len(orders)) == ((1, 0, 0) if pairs else (0, 1, 1))


def test_what_was_refused_as_an_amendment_is_not_paired_again(loop: asyncio.AbstractEventLoop) -> None:
    cancels, orders = waiting(loop, [Cancel(0, "0x1", True)]), waiting(loop, [order(0, True)])
    cancels[0].goes_alone = True
    assert pair_up(cancels, orders)[0] == []
    cancels[0].goes_alone, orders[0].goes_alone = False, True
    assert pair_up(cancels, orders)[0] == []


cancels_of_a_turn = st.lists(
    st.builds(Cancel, st.integers(0, 2), st.uuids().map(str), st.sampled_from([True, False, None]), st.booleans())
)
orders_of_a_turn = st.lists(
    st.builds(order, st.integers(0, 2), st.booleans(), st.booleans(), st.sampled_from(["Alo", "Gtc", "Ioc"]))
)


@given(cancels_of_a_turn, orders_of_a_turn)
def test_nothing_is_lost_or_used_twice_and_nothing_pairs_that_must_not(
    cancels: list[Cancel], orders: list[OrderRequest]
) -> None:
    loop = asyncio.new_event_loop()
    try:
        given_cancels, given_orders = waiting(loop, cancels), waiting(loop, orders)
        pairs, left_cancels, left_orders = pair_up(given_cancels, given_orders)
    finally:
        loop.close()
    assert sorted(map(id, [*(pair.cancel for pair in pairs), *left_cancels])) == sorted(map(id, given_cancels))
    assert sorted(map(id, [*(pair.order for pair in pairs), *left_orders])) == sorted(map(id, given_orders))
    for pair in pairs:
        old, new = pair.cancel.item, pair.order.item
        assert (old.asset_id, old.resting_side, old.reduce_only) == (new.asset_id, new.is_buy, new.reduce_only)
        assert new.tif in ("Alo", "Gtc")
    # As many pairs as there can be.
    for old in left_cancels:
        for new in left_orders:
            key = (new.item.asset_id, new.item.is_buy, new.item.reduce_only)
            assert not new.item.can_replace or (old.item.asset_id, old.item.resting_side, old.item.reduce_only) != key


def test_who_waits_is_told_an_answer_or_that_there_is_none_once(loop: asyncio.AbstractEventLoop) -> None:
    answered, failed, gone = waiting(loop, [Cancel(0, "0x1"), Cancel(0, "0x2"), Cancel(0, "0x3")])
    answer, error = Answer(Done(), None), ValueError("no")
    answered.settle(answer)
    failed.fail(error)
    gone.answer.cancel()
    for ticket in (answered, failed, gone):
        ticket.settle(Answer(Done(), 5))
        ticket.fail(ValueError("too late"))
    assert answered.answer.result() is answer
    assert failed.answer.exception() is error
    assert gone.answer.cancelled()


@pytest.mark.parametrize("replaces_in_place", [False, True])
async def test_batch_whose_sending_raised_fails_for_all_who_wait_for_it(replaces_in_place: bool) -> None:
    keyless = Requests(Network.SANDBOX, WeightBudget(), lambda: 0)
    desk = OrderDesk(keyless, replaces_in_place=replaces_in_place)
    answers = await asyncio.gather(
        desk.place(order(0, True)),
        desk.place(order(0, True)),
        desk.cancel(Cancel(0, f"0x{1:032x}", True)),
        desk.amend(7, order(0, False)),
        return_exceptions=True,
    )
    assert [str(answer) for answer in answers] == ["this connector has no key: it can read but not trade"] * 4
    assert {type(answer) for answer in answers} == {RuntimeError}
