"""One market that follows hand-written frames: its book, its trades, and users' orders in its queues."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.sandbox.following.outside import ALICE, BOB, World, best_frame, decimals, prices_frame, trades_frame

BIDS = [(2800, 10), (2799, 5)]
ASKS = [(2801, 8), (2802, 4)]


def opened(model: str = "proportional") -> World:
    world = World(model)
    world.book(BIDS, ASKS)
    return world


# ---------------------------------------------------------------------- the book alone


def test_levels_appear_grow_shrink_and_go() -> None:
    world = opened()
    assert world.levels(True) == decimals(*BIDS)
    assert world.levels(False) == decimals(*ASKS)
    world.book([(2800.5, 1), (2800, 12), (2799, 3)], [(2801, 8)])
    assert world.levels(True) == decimals((2800.5, 1), (2800, 12), (2799, 3))
    assert world.levels(False) == decimals((2801, 8))
    assert world.prints == []


def test_book_that_moves_through_its_own_old_levels_prints_nothing() -> None:
    world = opened()
    world.book([(2805, 3)], [(2806, 4)])
    assert (world.levels(True), world.levels(False)) == (decimals((2805, 3)), decimals((2806, 4)))
    world.book([(2701, 3)], [(2702, 4)])
    assert (world.levels(True), world.levels(False)) == (decimals((2701, 3)), decimals((2702, 4)))
    assert world.prints == []


def test_one_sided_and_empty_books_are_taken_as_they_are() -> None:
    world = opened()
    world.book([], ASKS)
    assert (world.levels(True), world.levels(False)) == ([], decimals(*ASKS))
    world.best(None, None)
    assert (world.levels(True), world.levels(False)) == ([], [])


def test_levels_below_the_minimum_order_value_and_far_from_the_price_are_restated() -> None:
    world = World()
    world.book([(2800, "0.0001"), (1, 30)], [(2801, "0.0002"), (99999, "0.5")])
    assert world.levels(True) == decimals((2800, "0.0001"), (1, 30))
    assert world.levels(False) == decimals((2801, "0.0002"), (99999, "0.5"))
    world.trade("B", 2801, "0.0001")
    assert world.prints == [("B", Decimal(2801), Decimal("0.0001"))]


def test_best_prices_are_newer_than_what_lies_below_them() -> None:
    world = opened()
    world.best((2799, 4), (2800, 1))
    assert world.levels(True) == decimals((2799, 4))
    assert world.levels(False) == decimals((2800, 1), *ASKS)


def test_frame_of_an_older_time_changes_nothing() -> None:
    world = opened()
    world.best((2800, 2), (2801, 1))
    world.send(best_frame(world.time - 1_000, (2800, 9), (2801, 9)))
    assert world.levels(True)[0] == (2800, 2)


def test_full_book_from_before_the_fast_one_fills_in_only_what_lies_deeper() -> None:
    world = opened()
    fast = [(2800 - n, 1) for n in range(5)], [(2801 + n, 1) for n in range(5)]
    world.book(*fast, fast=True)
    assert world.levels(True) == decimals(*fast[0])
    assert world.levels(False) == decimals(*fast[1])
    world.book([(2800 - n, 2) for n in range(20)], [(2801 + n, 2) for n in range(20)])
    world.book(*fast, fast=True)
    assert world.levels(True) == decimals(*fast[0], *((2795 - n, 2) for n in range(15)))


# ---------------------------------------------------------------------- trades alone


def test_recorded_trade_is_printed_once_and_taken_from_its_level() -> None:
    world = opened()
    world.trade("B", 2801, 3)
    assert world.prints == [("B", Decimal(2801), Decimal(3))]
    assert world.levels(False) == decimals((2801, 5), (2802, 4))


def test_trade_at_a_price_that_the_frames_have_not_shown_is_printed_as_it_was() -> None:
    world = opened()
    world.trade("A", "2800.5", "0.7")
    world.trade("B", 2803, 30)
    assert world.prints == [("A", Decimal("2800.5"), Decimal("0.7")), ("B", Decimal(2803), Decimal(30))]
    assert world.levels(False) == [], "what lay before the price must have gone"


def test_trades_of_a_block_are_done_before_the_book_that_they_left_although_it_came_first() -> None:
    world = opened("pessimistic")
    world.order(ALICE, True, 2800, 1)
    time = world.time
    world.followers.take(time, json.dumps(best_frame(time, (2800, 4), (2801, 8))).encode())
    world.followers.take(time + 10, json.dumps(trades_frame(time, ("A", 2800, 6, 1))).encode())
    world.followers.advance(time + 100)
    assert world.queue(True, 2800) == [("others", Decimal(4)), ("alice", Decimal(1))]
    assert world.prints == [("A", Decimal(2800), Decimal(6))]


def test_same_trade_twice_and_trades_from_before_the_book_are_not_news() -> None:
    world = World()
    early = trades_frame(world.time - 5, ("B", 2801, 1, 7))
    world.send(early)
    world.book(BIDS, ASKS)
    world.send(early)
    late = trades_frame(world.time, ("B", 2801, 2, 8))
    world.send(late)
    world.send(late)
    assert world.prints == [("B", Decimal(2801), Decimal(2))]


def test_oracle_and_mark_follow_the_recorded_ones() -> None:
    world = opened()
    world.send(prices_frame("2800.7", "2800.6"))
    state = world.sandbox.engine.market("ETH")
    assert state is not None
    assert state.oracle_px == 2_800_700_000
    assert 2_800_000_000 <= state.mark_px <= 2_801_000_000


# ---------------------------------------------------------------------- a user in the queue


def test_user_stands_behind_what_was_there_and_before_what_comes_later() -> None:
    world = opened()
    world.order(ALICE, True, 2800, 2)
    world.book([(2800, 15), (2799, 5)], ASKS)
    assert world.queue(True, 2800) == [("others", Decimal(10)), ("alice", Decimal(2)), ("others", Decimal(5))]
    world.trade("A", 2800, 9)
    assert world.filled(ALICE) == 0
    world.trade("A", 2800, 2)
    assert world.filled(ALICE) == 1
    world.trade("A", 2800, 3)
    assert world.filled(ALICE) == 2


@pytest.mark.parametrize(
    ("model", "ahead", "behind"), [("pessimistic", 10, 0), ("proportional", 5, 5), ("optimistic", 0, 10)]
)
def test_who_cancels_is_what_the_queue_model_says(model: str, ahead: int, behind: int) -> None:
    world = opened(model)
    world.order(ALICE, True, 2800, 2)
    world.book([(2800, 20)], ASKS)
    world.book([(2800, 10)], ASKS)
    expected = [("others", Decimal(ahead)), ("alice", Decimal(2)), ("others", Decimal(behind))]
    assert world.queue(True, 2800) == [entry for entry in expected if entry[1]]
    assert world.prints == []


def test_two_users_in_one_queue_each_keep_their_place() -> None:
    world = opened("proportional")
    world.order(ALICE, True, 2800, 1)
    world.book([(2800, 20)], ASKS)
    world.order(BOB, True, 2800, 1)
    world.book([(2800, 40)], ASKS)
    world.book([(2800, 20)], ASKS)
    assert world.queue(True, 2800) == [
        ("others", Decimal(5)),
        ("alice", Decimal(1)),
        ("others", Decimal(5)),
        ("bob", Decimal(1)),
        ("others", Decimal(10)),
    ]


def test_level_that_vanishes_leaves_the_user_alone_there() -> None:
    world = opened()
    world.order(ALICE, True, 2800, 2)
    world.book([(2799, 5)], ASKS)
    assert world.levels(True) == decimals((2800, 2), (2799, 5))
    assert world.filled(ALICE) == 0


def test_level_without_users_again_is_one_order_again() -> None:
    world = opened()
    world.order(ALICE, True, 2800, 1)
    world.book([(2800, 15)], ASKS)
    world.trade("A", 2800, 12)
    assert world.filled(ALICE) == 1
    world.book([(2800, 4)], ASKS)
    assert world.queue(True, 2800) == [("others", Decimal(4))]
    world.prints.clear()
    world.trade("A", 2800, 4)
    assert world.prints == [("A", Decimal(2800), Decimal(4))]


# ---------------------------------------------------------------------- trades through, and users that cross


def test_trade_at_a_worse_price_fills_the_user_who_offers_a_better_one_first() -> None:
    world = opened()
    world.order(ALICE, True, "2800.5", 2)
    world.trade("A", 2800, 5)
    assert world.prints == [("A", Decimal("2800.5"), Decimal(2)), ("A", Decimal(2800), Decimal(3))]
    assert world.filled(ALICE) == 2
    assert world.levels(True) == decimals((2800, 5), (2799, 5))


def test_trade_through_a_user_on_the_other_side_of_the_print_fills_the_user() -> None:
    """Somebody offered at 2799.5 and a buyer took it: that offer would have met the bid at 2800.5 first."""
    world = opened()
    world.order(ALICE, True, "2800.5", 2)
    world.trade("B", "2799.5", 3)
    assert world.filled(ALICE) == 2
    assert world.prints == [("A", Decimal("2800.5"), Decimal(2)), ("B", Decimal("2799.5"), Decimal(1))]


def test_recorded_book_that_comes_to_a_users_order_meets_it_once() -> None:
    world = opened()
    world.order(ALICE, True, "2800.5", 20)
    falling: tuple[Any, Any] = ([(2799, 5)], [("2800.5", 3), (2801, 8)])
    world.book(*falling)
    assert world.filled(ALICE) == 3
    world.book(*falling)
    world.best((2799, 5), ("2800.5", 3))
    assert world.filled(ALICE) == 3, "the same three lots are not there again and again"
    world.best((2799, 5), ("2800.5", 4))
    assert world.filled(ALICE) == 4
    world.best((2799, 5), (2801, 8))
    world.best((2799, 5), ("2800.5", 2))
    assert world.filled(ALICE) == 6


def test_what_a_user_takes_is_there_again_with_the_next_frame() -> None:
    world = opened()
    world.order(ALICE, True, 2802, 9, "Ioc")
    assert world.prints == [("B", Decimal(2801), Decimal(8)), ("B", Decimal(2802), Decimal(1))]
    assert world.levels(False) == decimals((2802, 3))
    world.best((2800, 10), (2801, 8))
    assert world.levels(False) == decimals(*ASKS)


def test_users_trade_with_each_other_when_their_prices_are_best() -> None:
    world = opened()
    world.order(ALICE, True, "2800.4", 1)
    world.order(BOB, False, "2800.4", 1, "Ioc")
    assert world.prints == [("A", Decimal("2800.4"), Decimal(1))]
    assert (world.filled(ALICE), world.filled(BOB)) == (1, 1)


# ---------------------------------------------------------------------- what may go wrong


@pytest.mark.parametrize(
    "frame",
    [
        {"channel": "l2Book", "data": {"coin": "ETH", "time": 1}},
        {"channel": "bbo", "data": {"coin": "ETH", "time": 1, "bbo": [{"px": "x", "sz": "1", "n": 1}, None]}},
        {"channel": "bbo", "data": {"coin": "ETH", "time": 1, "bbo": [{"px": "1.23456789", "sz": "1", "n": 1}, None]}},
        best_frame(1, (2801, 1), (2800, 1)),
        best_frame(1, (2800, 0), None),
        trades_frame(1, ("X", 2800, 1, 1)),
        prices_frame(0, 1),
        ["no frame"],
    ],
)
def test_malformed_frame_is_left_out_and_counted(frame: Any) -> None:
    world = opened()
    world.send(frame)
    assert world.followers.malformed == 1
    assert world.levels(True) == decimals(*BIDS)


def test_halted_exchange_sees_nothing_and_catches_up_with_the_next_frame() -> None:
    world = opened()
    world.sandbox.maintenance.halt()
    world.trade("B", 2801, 3)
    world.best((2800, 1), (2801, 1))
    assert world.prints == []
    assert world.levels(True) == decimals(*BIDS)
    world.sandbox.maintenance.halt(False)
    world.book([(2790, 1)], [(2791, 1)])
    assert world.levels(True) == decimals((2790, 1))


def test_cleared_book_comes_back_with_the_next_frame() -> None:
    world = opened()
    world.order(ALICE, True, 2800, 2)
    world.followers.clear()
    assert world.levels(True) == decimals((2800, 2))
    assert world.levels(False) == []
    world.best((2800, 10), (2801, 8))
    assert world.levels(False) == decimals(*ASKS)
