"""The order tracker on its own: ends wait for their fills, late news changes nothing, lookups do not search."""

from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState, OrderUpdate

from hyperliquid_perpetual.trading.dispatch import trade_update
from hyperliquid_perpetual.trading.lifecycle import Evidence
from hyperliquid_perpetual.trading.order_tracker import OrderTracker
from hyperliquid_perpetual.venue.messages import Fill

CLOID = "0x" + "12" * 16


class Connector:
    """As much of a connector as the tracker needs."""

    current_timestamp = 1000.0

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def trigger_event(self, tag: Any, event: Any) -> None:
        self.events.append((tag.name, event))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]


class Setup:
    def __init__(self) -> None:
        self.connector = Connector()
        self.missing: list[str] = []
        self.tracker = OrderTracker(self.connector, lambda order: self.missing.append(order.client_order_id))
        self.order = InFlightOrder(
            CLOID,
            "BTC-USD",
            OrderType.LIMIT,
            TradeType.BUY,
            Decimal("1"),
            1000.0,
            price=Decimal(100),
            position=PositionAction.OPEN,
        )
        self.tracker.start_tracking_order(self.order)

    def fill(self, size: str, tid: int) -> None:
        fill = Fill("BTC", Decimal(100), Decimal(size), "B", 1_000_000 + tid, 7, Decimal("0.01"), tid=tid, cloid=CLOID)
        self.tracker.process_trade_update(trade_update(self.order, fill))


@pytest.fixture
async def setup() -> Setup:
    return Setup()


async def test_fill_before_the_acknowledgement_creates_the_order_first(setup: Setup) -> None:
    setup.fill("0.4", 1)
    assert setup.connector.names == ["BuyOrderCreated", "OrderFilled"]
    assert setup.order.current_state is OrderState.PARTIALLY_FILLED
    assert setup.order.exchange_order_id == "7"


async def test_open_after_filled_changes_nothing(setup: Setup) -> None:
    """The base class reopened the order here (a late acknowledgement after the stream's fill)."""
    setup.fill("1", 1)
    assert setup.order.current_state is OrderState.FILLED
    assert not setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, 7)
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 1.0, OrderState.OPEN, CLOID, "7"))
    assert setup.order.current_state is OrderState.FILLED
    assert setup.connector.names == ["BuyOrderCreated", "OrderFilled", "BuyOrderCompleted"]


async def test_filled_status_waits_for_its_fills(setup: Setup) -> None:
    setup.tracker.end(setup.order, Evidence.FILLED, Decimal(1), 5.0, 7)
    assert setup.missing == [CLOID]
    assert setup.order.is_open
    setup.fill("0.6", 1)
    assert setup.order.is_open
    setup.fill("0.4", 2)
    assert setup.connector.names[-1] == "BuyOrderCompleted"
    assert list(setup.tracker.held_endings()) == []


async def test_cancel_after_a_partial_fill_waits_for_that_fill_only(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, 7)
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal("0.3"), 5.0)
    assert setup.tracker.is_held(CLOID)
    setup.fill("0.3", 1)
    assert setup.connector.names == ["BuyOrderCreated", "OrderFilled", "OrderCancelled"]


async def test_ending_whose_fills_the_venue_does_not_list_is_applied_in_the_end(setup: Setup) -> None:
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal("0.3"), 5.0, 7)
    setup.tracker.release_held([CLOID])
    assert setup.order.is_cancelled
    setup.tracker.release_held([CLOID])
    assert setup.connector.names == ["BuyOrderCreated", "OrderCancelled"]


async def test_fill_that_comes_after_the_end_is_still_booked(setup: Setup) -> None:
    setup.tracker.end(setup.order, Evidence.CANCELED, None, 5.0, 7)
    setup.fill("0.3", 1)
    assert setup.connector.names == ["OrderCancelled", "OrderFilled"]
    assert setup.order.is_cancelled


async def test_repeated_fill_is_booked_once(setup: Setup) -> None:
    setup.fill("0.3", 1)
    setup.fill("0.3", 1)
    assert setup.order.executed_amount_base == Decimal("0.3")
    assert setup.connector.names.count("OrderFilled") == 1


async def test_order_is_found_by_either_id_also_after_its_end(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, 7)
    setup.tracker.end(setup.order, Evidence.CANCELED, None, 5.0)
    assert CLOID not in setup.tracker.active_orders
    assert setup.tracker.find(CLOID) is setup.order
    assert setup.tracker.find(None, 7) is setup.order
    assert setup.tracker.fetch_order(exchange_order_id="7") is setup.order
    assert setup.tracker.find("0x" + "00" * 16, 8) is None


async def test_rejection_is_reported_with_the_venues_reason(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.REJECTED, 1.0, reason=ValueError("Insufficient margin to place order."))
    name, event = setup.connector.events[-1]
    assert name == "OrderFailure"
    assert (event.error_type, event.error_message) == ("ValueError", "Insufficient margin to place order.")


async def test_cancel_that_failed_brings_the_order_back_as_it_was(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, 7)
    setup.fill("0.3", 1)
    setup.tracker.apply(setup.order, Evidence.CANCEL_SENT, 2.0)
    assert setup.order.is_pending_cancel_confirmation
    setup.tracker.apply(setup.order, Evidence.CANCEL_FAILED, 3.0)
    assert setup.order.current_state is OrderState.PARTIALLY_FILLED


async def test_restored_order_keeps_its_fills_and_ids(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, 7)
    setup.fill("0.3", 1)
    saved = {CLOID: {**setup.order.to_json()}}
    other = Setup()
    other.tracker.stop_tracking_order(CLOID)
    other.tracker._cached_orders.clear()
    other.tracker.restore_tracking_states(saved)
    restored = other.tracker.find(None, 7)
    assert restored is not None
    other.order = restored
    other.fill("0.3", 1)
    assert restored.executed_amount_base == Decimal("0.3")
    other.fill("0.7", 2)
    assert other.connector.names == ["OrderFilled", "BuyOrderCompleted"]


async def test_index_of_ended_orders_stays_bounded(setup: Setup) -> None:
    setup.tracker.MAX_CACHE_SIZE = 3
    for number in range(10):
        order = InFlightOrder(
            f"id{number}", "BTC-USD", OrderType.LIMIT, TradeType.BUY, Decimal(1), 1000.0, price=Decimal(100)
        )
        setup.tracker.start_tracking_order(order)
        setup.tracker.end(order, Evidence.CANCELED, None, 5.0, number + 100)
    assert len(setup.tracker._by_oid) == 3
