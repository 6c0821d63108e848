"""The same commands give the same events, wherever and however often; and blocks have the venue's order."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec

from hyperliquid_perpetual.sandbox.engine.commands import (
    CancelOrders,
    CancelOrdersByCloid,
    Command,
    Deposit,
    Modification,
    ModifyOrders,
    Noop,
    OrderIntent,
    PlaceOrders,
    SetPrices,
    Tick,
    Tif,
    Trigger,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.events import (
    Filled,
    LedgerUpdated,
    OrderUpdated,
    Replied,
    Resting,
    TwapUpdated,
)
from hyperliquid_perpetual.sandbox.engine.exchange import block_class
from tests.unit.sandbox.engine.random_session import digest, play, play_events, session
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, Venue, money, oid_of, px

ROOT = Path(__file__).parents[4]
LENGTH = 1_000


def test_session_exercises_the_engine() -> None:
    kinds = Counter(event.partition("(")[0] for event in play(session(7, LENGTH)))
    assert kinds["FillMade"] > 300
    assert kinds["FundingPaid"] > 100
    assert {"CashMoved", "ModeChanged", "LedgerUpdated"} <= kinds.keys()
    assert {"OrderUpdated", "PriceChanged", "LeverageChanged", "CancelScheduled", "BookChanged"} <= kinds.keys()


def test_session_uses_what_the_exchange_offers() -> None:
    events = [event for events in play_events(session(7, LENGTH)) for event in events]
    assert {"ReferralSet", "RewardEarned", "RequestsReserved", "PriorityPaid"} <= {
        type(event).__name__ for event in events
    }
    notes = {event.update.kind for event in events if isinstance(event, LedgerUpdated)}
    assert {"rewardsClaim", "vaultDistribution"} <= notes


def test_session_fires_triggers_and_ends_siblings() -> None:
    events = [event for events in play_events(session(7, LENGTH)) for event in events]
    statuses = Counter(event.order.status.value for event in events if isinstance(event, OrderUpdated))
    assert statuses["triggered"] > 10
    assert statuses["siblingFilledCanceled"] > 5
    ends = Counter(event.record.status for event in events if isinstance(event, TwapUpdated))
    assert ends["finished"] > 5


def test_same_commands_give_the_same_events_twice_in_one_process() -> None:
    assert play(session(7, LENGTH)) == play(session(7, LENGTH))
    assert play(session(7, 200)) != play(session(8, 200))


def test_same_commands_give_the_same_events_in_processes_with_other_hash_seeds() -> None:
    expected = digest(play(session(7, LENGTH)))
    for hash_seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-m", "tests.unit.sandbox.engine.random_session", "7", str(LENGTH)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert found.stdout.strip() == expected


def test_commands_can_be_written_down_and_played_again() -> None:
    commands = session(7, 500)
    written = msgspec.json.encode(commands)
    read = msgspec.json.decode(written, type=list[tuple[int, Command]])
    assert read == commands
    assert play(read) == play(commands)


def test_hash_seed_changes_transaction_hashes_and_nothing_else() -> None:
    commands = session(7, 300)
    plain, seeded = play(commands), play(commands, "other")
    assert plain != seeded
    assert [event.partition("hash=")[0] for event in plain] == [event.partition("hash=")[0] for event in seeded]


def order(tif: Tif) -> OrderIntent:
    return OrderIntent(1, True, px(3_900), 10_000, tif=tif)


def test_classes_of_a_block() -> None:
    assert block_class(Deposit(ALICE, 1)) == block_class(Tick()) == block_class(SetPrices(0, 1)) == 0
    assert block_class(PlaceOrders(ALICE, (order("Alo"), order("Alo")))) == 1
    assert block_class(Noop(ALICE)) == block_class(UpdateLeverage(ALICE, 0, True, 5)) == 1
    assert block_class(ModifyOrders(ALICE, (Modification(1, order("Alo")),))) == 1
    waiting = OrderIntent(1, False, px(3_500), 10_000, True, trigger=Trigger(True, px(3_600), "sl"))
    assert block_class(PlaceOrders(ALICE, (waiting, order("Alo")), "na")) == 1
    assert block_class(PlaceOrders(ALICE, (order("Gtc"), waiting), "normalTpsl")) == 3
    assert block_class(CancelOrders(ALICE, ((0, 1),))) == block_class(CancelOrdersByCloid(ALICE, ((0, "x"),))) == 2
    assert block_class(PlaceOrders(ALICE, (order("Alo"), order("Gtc")))) == 3
    assert block_class(PlaceOrders(ALICE, (order("Ioc"),))) == 3
    assert block_class(PlaceOrders(ALICE, (order("FrontendMarket"),))) == 3
    assert block_class(ModifyOrders(ALICE, (Modification(1, order("Alo")), Modification(2, order("Ioc"))))) == 3


def test_cancel_in_the_same_block_comes_before_the_taker() -> None:
    venue = Venue()
    stale = oid_of(venue.sell(ALICE, "ETH", 4_000, 1))
    taker = PlaceOrders(BOB, (venue.intent("buy", "ETH", 4_001, 1, "Ioc"),))
    cancel = CancelOrders(ALICE, ((1, stale),))
    fresh = PlaceOrders(CAROL, (venue.intent("sell", "ETH", 4_001, 1, "Alo"),))
    applied = venue.exchange.apply_block(venue.now, [taker, cancel, fresh])
    assert [index for index, _ in applied] == [2, 1, 0]
    replies = [events[0] for _, events in applied]
    assert all(isinstance(reply, Replied) for reply in replies)
    filled = replies[2].statuses[0] if isinstance(replies[2], Replied) else None
    assert isinstance(filled, Filled)
    assert filled.avg_px == px(4_001)
    assert venue.status(ALICE, stale) == "canceled"


def test_block_keeps_the_given_order_within_a_class() -> None:
    venue = Venue()
    venue.sell(CAROL, "ETH", 4_000, 1)
    first, second = (PlaceOrders(who, (venue.intent("buy", "ETH", 4_000, 1),)) for who in (ALICE, BOB))
    applied = venue.exchange.apply_block(venue.now, [first, second])
    assert [index for index, _ in applied] == [0, 1]
    assert (venue.szi(ALICE, "ETH"), venue.szi(BOB, "ETH")) == (1, 0)


def test_deposit_in_the_same_block_counts_for_the_orders_in_it() -> None:
    venue = Venue()
    orders = PlaceOrders(DAVE, (venue.intent("buy", "ETH", 3_900, 1, "Alo"),))
    applied = dict(venue.exchange.apply_block(venue.now, [orders, Deposit(DAVE, money(1_000))]))
    reply = applied[0][0]
    assert isinstance(reply, Replied)
    assert isinstance(reply.statuses[0], Resting)
