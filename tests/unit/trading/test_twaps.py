"""TWAPs against a scripted venue: whatever order its news comes in, and whatever of it is lost."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.account_reader import TwapHistory
from hyperliquid_perpetual.trading.dispatch import trade_update
from hyperliquid_perpetual.trading.lifecycle import Evidence
from hyperliquid_perpetual.trading.order_tracker import OrderTracker
from hyperliquid_perpetual.trading.rejections import VenueRejection
from hyperliquid_perpetual.trading.requests import ACTION_LIFETIME_MS, ActionResult, VenueUnavailable
from hyperliquid_perpetual.trading.twap_follower import FORGOTTEN_AFTER_SECONDS, TwapFollower
from hyperliquid_perpetual.trading.twaps import TwapFlow
from hyperliquid_perpetual.venue import client_ids
from hyperliquid_perpetual.venue.client_ids import TwapId
from hyperliquid_perpetual.venue.messages import Fill
from hyperliquid_perpetual.venue.replies import Done, Outcome, Rejected, TwapRunning, Unclear
from hyperliquid_perpetual.venue.twaps import TwapRecord, TwapState, TwapStatus
from tests.bot import eventually

NOW = 1_790_000_000.0
ASSET = 3
PATIENCE = 30.0
"""Seconds a test waits at most for what happens by itself."""


class Connector:
    """As much of a connector as the tracker needs."""

    current_timestamp = NOW

    def __init__(self) -> None:
        self.events: list[str] = []

    def trigger_event(self, tag: Any, event: Any) -> None:
        self.events.append(tag.name)


class Venue:
    """Answers actions and the request for the history; notes what was asked."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.actions: list[dict[str, Any]] = []
        self.history: list[TwapRecord] | None = []
        self.is_complete = True
        self.asked = 0
        self.while_acting: Callable[[], None] = lambda: None

    async def act(self, action: Any, items: int, priority: Any) -> ActionResult:
        self.actions.append(action)
        await asyncio.sleep(0)
        self.while_acting()
        return ActionResult([self.outcomes.pop(0)], 1, int(NOW * 1000) + ACTION_LIFETIME_MS)

    async def twap_history(self) -> TwapHistory:
        self.asked += 1
        await asyncio.sleep(0)
        if self.history is None:
            raise VenueUnavailable("no answer")
        return TwapHistory(self.history, self.is_complete)


class Setup:
    def __init__(self) -> None:
        self.now = NOW
        self.connector = Connector()
        self.missing: list[str] = []
        self.foreign: list[Fill] = []
        self.venue = Venue()
        self.is_live = False
        self.tracker = OrderTracker(
            self.connector, lambda order: self.missing.append(order.client_order_id), lambda: self.now
        )
        self.follower = TwapFollower(
            self.venue,  # type: ignore[arg-type]
            self.tracker,
            lambda pair: pair.removesuffix("-USD"),
            lambda: None,
            lambda: self.now,
        )
        self.follower.on_fill = self.fill
        self.flow = TwapFlow(
            self.venue,  # type: ignore[arg-type]
            self.tracker,
            self.follower,
            lambda: self.is_live,
            lambda: self.now,
        )

    def has_asked(self) -> bool:
        """Whether no question is on its way: the next ones are for later than now."""
        questions = self.follower.resolver._questions.values()
        return all(question.next_at > self.now for question in questions)

    def order(self, number: int = 1, twap_id: int | None = None, **terms: Any) -> InFlightOrder:
        order = InFlightOrder(
            client_ids.make_twap_id(
                bytes([number] * 5),
                TwapId(terms.pop("minutes", 30), terms.pop("randomize", False), int(NOW * 1000) + number),
            ),
            "BTC-USD",
            OrderType.MARKET,
            terms.pop("side", TradeType.BUY),
            terms.pop("amount", Decimal("1.5")),
            NOW,
            price=Decimal(60_000),
            position=PositionAction.OPEN,
            exchange_order_id=None if twap_id is None else f"twap:{twap_id}",
        )
        self.tracker.start_tracking_order(order)
        return order

    def fill(self, fill: Fill) -> None:
        """What the dispatcher does with a fill."""
        order = self.follower.order_of(fill)
        if order is not None:
            self.tracker.process_trade_update(trade_update(order, fill))
        elif not self.follower.park(fill):
            self.foreign.append(fill)


@pytest.fixture
async def setup() -> Setup:
    return Setup()


def row(status: str, twap_id: int | None = 9, executed: str = "0", **changes: Any) -> TwapRecord:
    description = changes.pop("description", None)
    state = {
        "coin": "BTC",
        "side": "B",
        "sz": Decimal("1.5"),
        "minutes": 30,
        "timestamp": int(NOW * 1000) + 1000,
        "executedSz": Decimal(executed),
    } | changes
    return TwapRecord(TwapState(**state), TwapStatus(status, description), int(NOW * 1000) + 2000, twap_id)


def slice_fill(size: str, tid: int, twap_id: int = 9) -> Fill:
    return Fill(
        "BTC",
        Decimal(60_000),
        Decimal(size),
        "B",
        int(NOW * 1000) + tid,
        1000 + tid,
        Decimal(1),
        tid=tid,
        twapId=twap_id,
    )


# --------------------------------------------------------------------------------------------------- how it goes well


async def test_started_filled_slice_by_slice_and_completed(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [TwapRunning(9)]
    await setup.flow.place(order, ASSET)
    assert setup.venue.actions[0]["twap"] == {"a": ASSET, "b": True, "s": "1.5", "r": False, "m": 30, "t": False}
    assert (order.current_state, order.exchange_order_id) == (OrderState.OPEN, "twap:9")
    for tid in (1, 2, 3):
        setup.fill(slice_fill("0.5", tid))
        setup.fill(slice_fill("0.5", tid))
    assert order.current_state is OrderState.FILLED
    assert order.executed_amount_base == Decimal("1.5")
    assert order.exchange_order_id == "twap:9"
    setup.follower.on_records([row("finished", executed="1.5")])
    assert setup.connector.events == ["BuyOrderCreated", *["OrderFilled"] * 3, "BuyOrderCompleted"]


async def test_finished_with_a_remainder_is_cancelled_with_its_fills(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.fill(slice_fill("0.5", 1))
    setup.follower.on_records([row("finished", executed="0.5")])
    assert order.current_state is OrderState.CANCELED
    assert order.executed_amount_base == Decimal("0.5")


async def test_end_waits_for_fills_that_have_not_come_yet(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.follower.on_records([row("activated"), row("terminated", executed="0.5")])
    assert order.is_open
    assert setup.missing == [order.client_order_id]
    assert setup.follower.misses_fills
    setup.fill(slice_fill("0.5", 1))
    assert order.current_state is OrderState.CANCELED
    assert not setup.follower.misses_fills


async def test_given_up_by_the_venue_without_a_fill_has_failed_in_its_words(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.follower.on_records([row("activated"), row("error", description="Insufficient margin to place order.")])
    assert order.current_state is OrderState.FAILED


async def test_given_up_after_fills_is_cancelled_with_them(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.fill(slice_fill("0.5", 1))
    setup.follower.on_records([row("error", executed="0.5", description="Insufficient margin to place order.")])
    assert order.current_state is OrderState.CANCELED


async def test_noise_of_floats_does_not_make_fills_missing(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.fill(slice_fill("0.3", 1))
    setup.follower.on_records([row("terminated", executed="0.30000000000000004")])
    assert order.current_state is OrderState.CANCELED


async def test_unknown_status_ends_nothing(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.follower.on_records([row("ascended")])
    assert order.is_open


# ------------------------------------------------------------------------------------------- news before the reply


async def test_fill_and_end_that_come_before_the_reply_are_booked(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [TwapRunning(9)]

    def news() -> None:
        setup.fill(slice_fill("0.5", 1))
        setup.follower.on_records([row("activated"), row("error", executed="0.5", description="a reason")])

    setup.venue.while_acting = news
    await setup.flow.place(order, ASSET)
    assert order.current_state is OrderState.CANCELED
    assert order.executed_amount_base == Decimal("0.5")
    assert not setup.foreign


async def test_fills_of_others_are_only_delayed_while_a_reply_is_awaited(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [TwapRunning(9)]
    setup.venue.while_acting = lambda: setup.fill(slice_fill("0.5", 1, twap_id=8))
    await setup.flow.place(order, ASSET)
    assert [fill.twapId for fill in setup.foreign] == [8]
    assert not order.order_fills


async def test_row_with_the_same_terms_does_not_decide_what_the_reply_will_tell(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [TwapRunning(10)]
    setup.venue.while_acting = lambda: setup.follower.on_records([row("activated", twap_id=9)])
    await setup.flow.place(order, ASSET)
    assert order.exchange_order_id == "twap:10"


async def test_refusal_is_the_callers_to_report_and_frees_the_fills_of_others(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [Rejected("TWAP order value too small. Min is $300, which is $10 per minute.")]
    setup.venue.while_acting = lambda: setup.fill(slice_fill("0.5", 1))
    with pytest.raises(VenueRejection, match="too small"):
        await setup.flow.place(order, ASSET)
    assert order.is_pending_create
    setup.tracker.apply(order, Evidence.REJECTED, NOW)
    assert [fill.twapId for fill in setup.foreign] == [9]


# ------------------------------------------------------------------------------------------------- lost replies


async def test_lost_reply_is_looked_up_by_its_terms_and_never_sent_again(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [Unclear("time-out")]
    setup.venue.history = [
        row("activated", twap_id=1, side="A"),
        row("activated", twap_id=2, coin="ETH"),
        row("activated", twap_id=3, minutes=31),
        row("activated", twap_id=4, sz=Decimal("1.4")),
        row("activated", twap_id=5, reduceOnly=True),
        row("activated", twap_id=6, randomize=True),
        row("activated", twap_id=7, timestamp=int(NOW * 1000) - 3_600_000),
        row("activated", twap_id=9),
    ]
    await setup.flow.place(order, ASSET)
    assert order.is_pending_create
    await setup.follower.ask(order.client_order_id)
    assert (order.current_state, order.exchange_order_id) == (OrderState.OPEN, "twap:9")
    assert len(setup.venue.actions) == 1
    await setup.follower.resolver.stop()


async def test_lost_reply_of_a_twap_that_has_ended_meanwhile(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [Unclear("time-out")]
    setup.fill(slice_fill("0.5", 1))
    await setup.flow.place(order, ASSET)
    setup.venue.history = [row("terminated", executed="0.5"), row("activated")]
    await setup.follower.ask(order.client_order_id)
    assert order.current_state is OrderState.CANCELED
    assert order.executed_amount_base == Decimal("0.5")
    await setup.follower.resolver.stop()


async def test_two_lost_replies_with_the_same_terms_take_one_row_each(setup: Setup) -> None:
    orders = [setup.order(number) for number in (1, 2)]
    setup.venue.outcomes = [Unclear("time-out"), Unclear("time-out")]
    for order in orders:
        await setup.flow.place(order, ASSET)
    setup.follower.on_records([row("activated", twap_id=12, timestamp=int(NOW * 1000) + 1500), row("activated", 11)])
    assert [order.exchange_order_id for order in orders] == ["twap:11", "twap:12"]
    await setup.follower.resolver.stop()


async def test_row_that_says_less_than_was_sent_is_found_all_the_same(setup: Setup) -> None:
    """The reference does not say what a row holds: a term that it lacks is no other term."""
    order = setup.order(randomize=True)
    setup.follower.on_records([row("activated", minutes=None, randomize=None, reduceOnly=None, timestamp=None)])
    assert order.exchange_order_id == "twap:9"


async def test_clocks_apart_do_not_hide_it_but_the_row_that_fits_best_is_taken(setup: Setup) -> None:
    order = setup.order()
    near, far = row("activated", 9), row("activated", 8, timestamp=int(NOW * 1000) - 40_000)
    setup.follower.on_records([far, near])
    assert order.exchange_order_id == "twap:9"
    other = setup.order(2)
    setup.follower.on_records([far, near])
    assert other.exchange_order_id == "twap:8"


async def test_row_that_may_be_of_one_whose_reply_is_on_its_way_is_left_to_it(setup: Setup) -> None:
    lost, placed = setup.order(1), setup.order(2)
    setup.venue.outcomes = [Unclear("time-out"), TwapRunning(9)]
    await setup.flow.place(lost, ASSET)
    setup.venue.while_acting = lambda: setup.follower.on_records([row("activated")])
    await setup.flow.place(placed, ASSET)
    assert (lost.exchange_order_id, placed.exchange_order_id) == (None, "twap:9")
    await setup.follower.resolver.stop()


async def test_rows_that_cannot_be_read_prove_nothing(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [Unclear("time-out")]
    setup.venue.is_complete = False
    await setup.flow.place(order, ASSET)
    setup.now += 300
    await eventually(lambda: setup.venue.asked >= 1, PATIENCE)
    await asyncio.sleep(0.05)
    assert order.is_pending_create
    known = setup.order(2, twap_id=7)
    setup.now += 30 * 60 + FORGOTTEN_AFTER_SECONDS
    await setup.follower.sweep()
    assert known.is_open
    await setup.follower.resolver.stop()


async def test_failed_only_when_the_history_lacks_it_after_its_expiry(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [Unclear("time-out")]
    setup.venue.history = None
    await setup.flow.place(order, ASSET)
    setup.now += 1
    await eventually(lambda: setup.venue.asked >= 1 and setup.has_asked(), PATIENCE)
    assert order.is_pending_create, "no answer is no statement"
    setup.venue.history = []
    setup.now += 5
    await eventually(lambda: setup.venue.asked >= 2 and setup.has_asked(), PATIENCE)
    assert order.is_pending_create, "it can still arrive"
    setup.now += 60
    await eventually(lambda: order.is_failure, PATIENCE)
    assert len(setup.venue.actions) == 1


# ------------------------------------------------------------------------------------------------------ stopping


async def test_stopped_and_told_by_the_history(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.fill(slice_fill("0.5", 1))
    setup.venue.outcomes = [Done()]
    setup.venue.history = [row("activated"), row("terminated", executed="0.5")]
    assert await setup.flow.cancel(order, ASSET)
    assert setup.venue.actions == [{"type": "twapCancel", "a": ASSET, "t": 9}]
    assert order.current_state is OrderState.CANCELED


async def test_success_is_final_also_without_a_history(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.venue.outcomes = [Done()]
    setup.venue.history = None
    assert await setup.flow.cancel(order, ASSET)
    assert order.current_state is OrderState.CANCELED


async def test_nothing_left_to_stop_shows_how_it_ended(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.venue.outcomes = [Rejected("TWAP was never placed, already canceled, or filled.")]
    setup.venue.history = [row("finished", executed="1.5")]
    assert not await setup.flow.cancel(order, ASSET)
    assert order.is_open, "its fills are missing"
    for tid in (1, 2, 3):
        setup.fill(slice_fill("0.5", tid))
    assert order.current_state is OrderState.FILLED


async def test_refused_stop_leaves_it_running(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.venue.outcomes = [TwapRunning(1), Rejected("Invalid nonce: duplicate nonce 1")]
    await setup.flow.place(other := setup.order(2), ASSET)
    assert other.exchange_order_id == "twap:1"
    setup.follower.on_records([row("activated")])
    with pytest.raises(VenueRejection, match="nonce"):
        await setup.flow.cancel(order, ASSET)
    assert order.current_state is OrderState.OPEN


async def test_stop_whose_reply_was_lost_is_settled_by_the_history(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.follower.on_records([row("activated")])
    setup.venue.outcomes = [Unclear("time-out")]
    assert not await setup.flow.cancel(order, ASSET)
    assert order.is_pending_cancel_confirmation
    running = row("activated")
    setup.follower.on_known(order.client_order_id, running)
    assert order.is_pending_cancel_confirmation, "the stop can still take effect"
    setup.now += 60
    setup.follower.on_known(order.client_order_id, running)
    assert order.current_state is OrderState.OPEN
    await setup.follower.resolver.stop()


async def test_asked_to_stop_before_it_is_known_it_is_stopped_when_it_is(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [Unclear("time-out"), Done()]
    await setup.flow.place(order, ASSET)
    assert not await setup.flow.cancel(order, ASSET)
    setup.venue.history = [row("activated"), row("terminated")]
    setup.follower.on_records([row("activated")])
    await eventually(lambda: order.is_cancelled, PATIENCE)
    assert [action["type"] for action in setup.venue.actions] == ["twapOrder", "twapCancel"]
    await setup.follower.resolver.stop()


async def test_two_calls_stop_it_once(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.venue.outcomes = [Done()]
    assert await asyncio.gather(setup.flow.cancel(order, ASSET), setup.flow.cancel(order, ASSET)) == [True, True]
    assert len(setup.venue.actions) == 1


# --------------------------------------------------------------------------------------------------- after a restart


async def test_restored_without_an_id_it_is_found_by_its_terms(setup: Setup) -> None:
    order = setup.order()
    setup.venue.history = [row("terminated", executed="0.5")]
    await setup.follower.sweep()
    setup.fill(slice_fill("0.5", 1))
    assert order.current_state is OrderState.CANCELED


async def test_restored_with_an_id_it_takes_what_happened_meanwhile(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    setup.venue.history = [row("activated")]
    await setup.follower.sweep()
    assert order.current_state is OrderState.OPEN
    setup.fill(slice_fill("1.5", 1))
    assert order.current_state is OrderState.FILLED


async def test_history_that_lacks_a_known_twap_ends_it_only_when_its_time_is_long_over(setup: Setup) -> None:
    order = setup.order(twap_id=9)
    await setup.follower.sweep()
    assert order.is_open
    setup.now += 30 * 60 + FORGOTTEN_AFTER_SECONDS + 1
    await setup.follower.sweep()
    assert order.is_cancelled


async def test_without_twaps_nothing_is_asked(setup: Setup) -> None:
    await setup.follower.sweep()
    assert not setup.venue.asked


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    news=st.data(),
    ending=st.sampled_from(["finished", "terminated", "error"]),
)
def test_every_order_of_the_same_news_comes_to_the_same_end(sizes: list[int], news: st.DataObject, ending: str) -> None:
    """Fills, rows and repetitions of both, shuffled: the fills are booked once, and the end is the venue's."""
    total = sum(sizes)
    fills = [slice_fill(f"{size / 10}", tid) for tid, size in enumerate(sizes)]
    executed = str(Decimal(total) / 10)
    rows = [row("activated"), row(ending, executed=executed, description="a reason")]
    script = news.draw(st.permutations([*fills, *rows, *news.draw(st.lists(st.sampled_from([*fills, *rows])))]))

    async def play() -> None:
        setup = Setup()
        order = setup.order(twap_id=9)
        for item in script:
            setup.fill(item) if isinstance(item, Fill) else setup.follower.on_records([item])
        assert order.executed_amount_base == Decimal(executed)
        assert order.current_state is (OrderState.FILLED if total >= 15 else OrderState.CANCELED)
        assert setup.connector.events.count("OrderFilled") == len(fills)

    asyncio.run(play())


async def test_asked_to_stop_while_the_reply_is_awaited_it_is_stopped_after_it(setup: Setup) -> None:
    order = setup.order()
    setup.venue.outcomes = [TwapRunning(9), Done()]
    setup.venue.history = [row("terminated")]
    placing = asyncio.create_task(setup.flow.place(order, ASSET))
    await asyncio.sleep(0)
    assert await setup.flow.cancel(order, ASSET)
    await placing
    assert [action["type"] for action in setup.venue.actions] == ["twapOrder", "twapCancel"]
