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

    def fill(self, size: str, tid: int, oid: int = 7) -> None:
        time = 1_000_000 + tid
        fill = Fill("BTC", Decimal(100), Decimal(size), "B", time, oid, Decimal("0.01"), tid=tid, cloid=CLOID)
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
    assert setup.connector.names == ["BuyOrderCreated", "OrderCancelled", "OrderFilled"]
    assert setup.order.is_cancelled


async def test_order_whose_cancellation_is_the_first_that_is_heard_of_it_is_told_as_created_before(
    setup: Setup,
) -> None:
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal(0), 5.0, 7)
    assert setup.connector.names == ["BuyOrderCreated", "OrderCancelled"]
    assert setup.connector.events[0][1].exchange_order_id == "7"
    setup.tracker.apply(setup.order, Evidence.LIVE, 6.0, 7)
    assert setup.connector.names == ["BuyOrderCreated", "OrderCancelled"]


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


# ------------------------------------------------------------------------------------------- what Hummingbot hands in


async def test_update_of_the_base_class_moves_the_order_it_names(setup: Setup) -> None:
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 3.0, OrderState.OPEN, CLOID, "7"))
    assert setup.order.current_state is OrderState.OPEN
    assert setup.order.exchange_order_id == "7"
    assert setup.order.last_update_timestamp == 3.0
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 4.0, OrderState.CANCELED, None, "7"))
    assert setup.order.is_cancelled
    assert setup.order.last_update_timestamp == 4.0
    assert setup.connector.names == ["BuyOrderCreated", "OrderCancelled"]


async def test_update_of_the_base_class_by_its_coroutine_does_the_same(setup: Setup) -> None:
    await setup.tracker._process_order_update(OrderUpdate("BTC-USD", 3.0, OrderState.OPEN, CLOID, "7"))
    assert setup.order.current_state is OrderState.OPEN


async def test_update_that_says_filled_waits_for_the_fills(setup: Setup) -> None:
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 3.0, OrderState.FILLED, CLOID, "7"))
    assert setup.missing == [CLOID]
    assert list(setup.tracker.held_endings()) == [setup.order]
    setup.fill("1", 1)
    assert setup.order.is_filled
    assert setup.order.last_update_timestamp == 1000.001, "when the last fill was"


async def test_update_about_an_order_of_nobody_or_without_a_meaning_changes_nothing(setup: Setup) -> None:
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 3.0, OrderState.CANCELED, "0x" + "00" * 16, "8"))
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 3.0, OrderState.PENDING_CREATE, CLOID, "7"))
    assert setup.order.is_pending_create
    assert setup.connector.names == []


async def test_failure_that_hummingbot_reports_keeps_its_type_and_text(setup: Setup) -> None:
    misc = {"error_type": "InvalidOrder", "error_message": "too small"}
    setup.tracker.process_order_update(
        OrderUpdate("BTC-USD", 3.0, OrderState.FAILED, CLOID, misc_updates=misc),
    )
    name, event = setup.connector.events[-1]
    assert (name, event.error_type, event.error_message) == ("OrderFailure", "InvalidOrder", "too small")
    assert setup.tracker.failure_reason(CLOID) == "too small"
    assert setup.tracker.failure_reason("0x" + "00" * 16) is None


async def test_failure_without_a_type_is_an_exception(setup: Setup) -> None:
    setup.tracker.process_order_update(
        OrderUpdate("BTC-USD", 3.0, OrderState.FAILED, CLOID, misc_updates={"error_message": "no"})
    )
    assert setup.connector.events[-1][1].error_type == "Exception"


async def test_failure_without_a_reason_has_none(setup: Setup) -> None:
    setup.tracker.process_order_update(OrderUpdate("BTC-USD", 3.0, OrderState.FAILED, CLOID))
    [(name, event)] = setup.connector.events
    assert (name, event.error_type, event.error_message) == ("OrderFailure", None, None)
    assert setup.tracker.failure_reason(CLOID) is None


async def test_failure_is_told_under_the_kind_that_its_exception_has(setup: Setup) -> None:
    class Refused(ValueError):
        kind = "MIN_NOTIONAL"

    setup.tracker.apply(setup.order, Evidence.REJECTED, 1.0, reason=Refused("too small"))
    assert setup.connector.events[-1][1].error_type == "MIN_NOTIONAL"


# ---------------------------------------------------------------------------------------------- ends


async def test_ends_are_told_to_who_listens(setup: Setup) -> None:
    ended: list[str] = []
    setup.tracker.listen_to_ends(ended.append)
    setup.tracker.end(setup.order, Evidence.CANCELED, None, 5.0, 7)
    assert ended == [CLOID]


async def test_order_whose_fills_are_booked_already_ends_at_once(setup: Setup) -> None:
    setup.fill("0.3", 1)
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal("0.3"), 5.0)
    assert setup.order.is_cancelled
    assert setup.order.last_update_timestamp == 5.0
    assert setup.missing == []


async def test_held_order_is_open_since_the_venue_said_so_and_ends_when_the_venue_said_so() -> None:
    setup = Setup()
    setup.tracker._clock = lambda: 77.0
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal("0.3"), 5.0, 7)
    assert setup.order.last_update_timestamp == 5.0
    setup.tracker._clock = lambda: 99.0
    assert setup.tracker.held_since(CLOID) == 77.0
    assert setup.tracker.held_since("0x" + "00" * 16) == 99.0
    setup.fill("0.3", 1)
    assert setup.order.is_cancelled
    assert setup.order.last_update_timestamp == 5.0
    assert not setup.tracker.is_held(CLOID)


async def test_end_without_more_fills_takes_back_that_some_were_waited_for(setup: Setup) -> None:
    setup.tracker.end(setup.order, Evidence.FILLED, Decimal(1), 5.0, 7)
    setup.tracker.end(setup.order, Evidence.CANCELED, None, 6.0, 7)
    assert setup.order.is_cancelled
    assert not setup.tracker.is_held(CLOID)


@pytest.mark.parametrize(("closes", "level"), [(False, "WARNING"), (True, "INFO")])
async def test_end_whose_fills_are_nowhere_is_told_with_the_figures(
    setup: Setup, caplog: pytest.LogCaptureFixture, closes: bool, level: str
) -> None:
    if closes:
        setup.order.position = PositionAction.CLOSE
    setup.fill("0.25", 1)
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal("0.5"), 5.0, 7)
    caplog.clear()
    with caplog.at_level("INFO"):
        setup.tracker.release_held(["0x" + "00" * 16, CLOID])
    [record] = [record for record in caplog.records if "lists fills of only" in record.message]
    assert record.levelname == level
    assert record.message == (f"Order {CLOID} ended with 0.5 of 1 filled, but the venue lists fills of only 0.25")
    assert setup.order.is_cancelled
    assert setup.order.last_update_timestamp == 5.0


# ---------------------------------------------------------------------------------------------- lost and taken back


async def test_order_that_is_taken_back_is_looked_after_again_until_its_end_is_told(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.REJECTED, 1.0, reason=ValueError("no"))
    assert list(setup.tracker.orders()) == []
    assert setup.tracker.take_back(setup.order, 9)
    assert not setup.tracker.take_back(setup.order, 9), "it is looked after already"
    assert setup.tracker.is_lost(CLOID)
    assert list(setup.tracker.orders()) == [setup.order]
    assert setup.tracker.find(CLOID) is setup.tracker.find(None, 9) is setup.order
    assert setup.tracker.fetch_order(CLOID) is None, "for Hummingbot it has ended"
    assert CLOID not in setup.tracker._cached_orders
    ended: list[str] = []
    setup.tracker.listen_to_ends(ended.append)
    setup.tracker.apply(setup.order, Evidence.CANCELED, 2.0)
    assert not setup.tracker.is_lost(CLOID)
    assert ended == [CLOID]
    assert setup.connector.names == ["OrderFailure"], "told once"


async def test_active_order_needs_no_taking_back(setup: Setup) -> None:
    assert not setup.tracker.take_back(setup.order, 9)
    assert list(setup.tracker.orders()) == [setup.order]
    assert not setup.tracker.is_lost(CLOID)


async def test_nothing_is_fetched_for_ids_of_nobody(setup: Setup) -> None:
    assert setup.tracker.fetch_order("0x" + "00" * 16) is None
    assert setup.tracker.fetch_order(CLOID) is setup.order


async def test_fill_that_names_the_order_by_the_venues_id_alone_is_booked(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 1.0, 7)
    fill = Fill("BTC", Decimal(100), Decimal("0.2"), "B", 1_000_000, 7, Decimal("0.01"), tid=1, cloid=CLOID)
    update = trade_update(setup.order, fill)._replace(client_order_id="0x" + "00" * 16)
    setup.tracker.process_trade_update(update)
    assert setup.order.executed_amount_base == Decimal("0.2")


# ------------------------------------------------------------------------------------------- what strategies are told


async def test_events_of_an_order_say_all_that_is_known_of_it(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 2.0, 7)
    assert setup.order.last_update_timestamp == 2.0
    setup.fill("0.25", 3)
    assert setup.order.last_update_timestamp == 1000.003
    setup.tracker.end(setup.order, Evidence.CANCELED, Decimal("0.25"), 9.0)
    assert setup.order.last_update_timestamp == 9.0
    (_, created), (_, filled), (_, cancelled) = setup.connector.events
    assert (created.trading_pair, created.order_id, created.exchange_order_id) == ("BTC-USD", CLOID, "7")
    assert (created.price, created.amount, created.creation_timestamp) == (Decimal(100), Decimal(1), 1000.0)
    assert (filled.trading_pair, filled.order_id, filled.exchange_order_id) == ("BTC-USD", CLOID, "7")
    assert (filled.price, filled.amount, filled.exchange_trade_id) == (Decimal(100), Decimal("0.25"), "3-1000003")
    assert filled.trade_fee.flat_fees[0].amount == Decimal("0.01")
    assert (cancelled.order_id, cancelled.exchange_order_id) == (CLOID, "7")


async def test_fill_that_comes_first_dates_the_order_by_itself(setup: Setup) -> None:
    setup.fill("1", 3)
    assert setup.connector.names == ["BuyOrderCreated", "OrderFilled", "BuyOrderCompleted"]
    assert setup.connector.events[0][1].exchange_order_id == "7"
    assert setup.order.last_update_timestamp == 1000.003


async def test_apply_says_whether_anything_changed(setup: Setup) -> None:
    assert setup.tracker.apply(setup.order, Evidence.LIVE, 2.0, 7)
    assert not setup.tracker.apply(setup.order, Evidence.LIVE, 3.0, 7)
    assert setup.tracker.apply(setup.order, Evidence.CANCELED, 4.0, 7)


async def test_order_that_was_refused_for_no_reason_told_has_none(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.LIVE, 2.0, 7, reason=ValueError("not a failure"))
    assert setup.tracker.failure_reason(CLOID) is None


async def test_late_fill_of_an_order_that_was_taken_back_is_booked_and_changes_nothing_else(setup: Setup) -> None:
    setup.tracker.apply(setup.order, Evidence.REJECTED, 1.0, reason=ValueError("no"))
    setup.tracker.take_back(setup.order, 7)
    assert not setup.tracker.apply(setup.order, Evidence.LIVE, 2.0, 7)
    assert setup.tracker.is_lost(CLOID)
    setup.fill("1", 1)
    assert setup.connector.names == ["OrderFailure", "OrderFilled"]
    assert setup.order.executed_amount_base == Decimal(1)
    assert setup.tracker.is_lost(CLOID), "until the venue tells its end"
    assert not setup.tracker.apply(setup.order, Evidence.FILLED, 3.0, 7)
    assert not setup.tracker.is_lost(CLOID)


async def test_fill_of_an_order_of_nobody_is_nobodys(setup: Setup) -> None:
    fill = Fill("BTC", Decimal(100), Decimal("0.2"), "B", 1_000_000, 8, Decimal("0.01"), tid=1, cloid="0x" + "00" * 16)
    update = trade_update(setup.order, fill)._replace(client_order_id="0x" + "00" * 16, exchange_order_id="8")
    setup.tracker.process_trade_update(update)
    assert setup.connector.names == []
