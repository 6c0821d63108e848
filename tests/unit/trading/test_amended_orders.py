"""Fills of amended orders in the tracker: whichever leg they name, and whatever is heard first."""

from decimal import Decimal

import pytest
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState

from hyperliquid_perpetual.trading.lifecycle import Evidence
from tests.unit.trading.test_order_tracker import Setup

OLD, NEW = 7, 8


@pytest.fixture
async def amended() -> Setup:
    """An order of 1 that is open as 7, and whose amendment to 2 at 101 is on its way."""
    setup = Setup()
    setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, OLD)
    setup.tracker.legs.begin(setup.order, Decimal(101), Decimal(2))
    return setup


def terms(order: InFlightOrder) -> tuple[str | None, Decimal | None, Decimal, Decimal]:
    """Oid, limit price, amount and what of it is filled."""
    return order.exchange_order_id, order.price, order.amount, order.executed_amount_base


async def test_fill_under_the_new_oid_makes_the_amendment_before_it_is_answered(amended: Setup) -> None:
    amended.fill("0.5", 1, oid=NEW)
    assert terms(amended.order) == ("8", 101, 2, Decimal("0.5"))
    assert not amended.tracker.legs.is_pending(amended.order)
    assert amended.tracker.find(None, NEW) is amended.tracker.find(None, OLD) is amended.order
    assert not amended.tracker.legs.follow(amended.order, NEW), "the answer tells nothing new"
    assert terms(amended.order) == ("8", 101, 2, Decimal("0.5"))


async def test_late_fill_of_the_old_leg_comes_on_top_of_the_new_one(amended: Setup) -> None:
    amended.fill("0.5", 1, oid=NEW)
    amended.fill("0.25", 2, oid=OLD)
    assert terms(amended.order) == ("8", 101, Decimal("2.25"), Decimal("0.75"))
    amended.fill("1.5", 3, oid=NEW)
    assert amended.order.current_state is OrderState.FILLED
    assert amended.connector.names == ["BuyOrderCreated", *["OrderFilled"] * 3, "BuyOrderCompleted"]


async def test_fill_of_the_old_leg_that_comes_while_the_amendment_is_on_its_way_is_one_of_its_own(
    amended: Setup,
) -> None:
    amended.fill("0.25", 1, oid=OLD)
    assert terms(amended.order) == ("7", 100, 1, Decimal("0.25"))
    assert amended.tracker.legs.is_pending(amended.order)
    amended.fill("0.5", 2, oid=NEW)
    assert terms(amended.order) == ("8", 101, Decimal("2.25"), Decimal("0.75"))
