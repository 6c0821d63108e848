"""What holds for any sequence of frames: the book is the recorded one, and nothing is traded that was not."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sandbox.following.outside import ALICE, World, best_frame, book_frame, decimals, trades_frame

sizes = st.decimals("0.0001", "40", places=4)
user_sizes = st.decimals("0.01", "40", places=4)


@st.composite
def sides(draw: st.DrawFn, low: int = 2780, high: int = 2820, most: int = 20) -> Any:
    """Bids and asks that do not cross, best first."""
    middle = draw(st.integers(low, high))
    found = []
    for sign in (-1, 1):
        steps = draw(st.lists(st.integers(1, 4), max_size=most))
        px, side = middle, []
        for step in steps:
            px += sign * step
            side.append((px, draw(sizes)))
        found.append(side)
    return tuple(found)


frames = st.one_of(
    st.tuples(st.just("full"), sides()),
    st.tuples(st.just("fast"), sides(most=5)),
    st.tuples(st.just("best"), sides(most=1)),
    st.tuples(st.just("trade"), st.sampled_from("AB"), st.integers(2770, 2830), sizes),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(frames, max_size=16))
def test_without_users_every_book_and_every_trade_is_the_recorded_one(sequence: list[Any]) -> None:
    world = World()
    world.book(*([(2790, 1)], [(2810, 1)]))
    traded: list[tuple[str, Decimal, Decimal]] = []
    for kind, *what in sequence:
        if kind == "trade":
            side, px, sz = what
            world.trade(side, px, sz)
            traded.append((side, Decimal(px).normalize(), sz.normalize()))
            continue
        bids, asks = what[0]
        if kind == "best":
            world.best(bids[0] if bids else None, asks[0] if asks else None)
        else:
            world.book(bids, asks, fast=kind == "fast")
        depth = {"full": 20, "fast": 5, "best": 1}[kind]
        for is_bid, side in ((True, bids), (False, asks)):
            seen = world.levels(is_bid)
            if kind == "full" or len(side) < depth:
                assert seen == decimals(*side)
            else:
                assert seen[:depth] == decimals(*side)
    assert world.prints == traded


quiet = st.one_of(
    # Bids and asks that never reach the user's price from the other side.
    st.tuples(st.just("full"), sides(low=2801, high=2803)),
    st.tuples(st.just("level"), st.integers(0, 30)),
    st.tuples(st.just("trade"), st.sampled_from("AB"), st.integers(2797, 2806), sizes),
)


def play(model: str, sequence: list[Any], size: Decimal) -> World:
    """A user's bid at 2800, behind ten lots of others."""
    world = World(model)
    world.book([(2800, 10)], [(2810, 10)])
    world.order(ALICE, True, 2800, size)
    for kind, *what in sequence:
        if kind == "trade":
            world.trade(*what)
        elif kind == "level":
            world.book([(2800, what[0])] if what[0] else [], [(2810, 10)])
        else:
            world.book(*what[0])
    return world


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["pessimistic", "proportional", "optimistic"]), st.lists(quiet, max_size=16), user_sizes)
def test_user_is_filled_by_no_more_than_was_traded_at_or_through_the_price(
    model: str, sequence: list[Any], size: Decimal
) -> None:
    world = play(model, sequence, size)
    trades = [what for kind, *what in sequence if kind == "trade"]
    reached = sum((sz for _, px, sz in trades if px <= 2800), Decimal(0))
    filled = world.filled(ALICE)
    assert filled <= min(size, reached)
    assert world.sandbox.account(ALICE).position("ETH") == filled
    through = sum((sz for _, px, sz in trades if px < 2800), Decimal(0))
    assert filled >= min(size, through), "what traded through the price has to have met the user"
    assert sum((sz for _, _, sz in world.prints), Decimal(0)) == sum((sz for _, _, sz in trades), Decimal(0))


at_the_level = st.one_of(
    st.tuples(st.just("level"), st.integers(0, 30)),
    st.tuples(st.just("trade"), st.just("A"), st.just(2800), sizes),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(at_the_level, max_size=16), user_sizes)
def test_the_pessimist_is_never_filled_before_the_optimist(sequence: list[Any], size: Decimal) -> None:
    worst, middle, best = (
        play(model, sequence, size).filled(ALICE) for model in ("pessimistic", "proportional", "optimistic")
    )
    assert worst <= middle <= best


messages = st.one_of(
    st.tuples(st.just("book"), sides(), st.booleans()),
    st.tuples(st.just("best"), sides(most=1)),
    st.tuples(st.just("trade"), st.sampled_from("AB"), st.integers(2770, 2830), sizes, st.integers(1, 50)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(messages, st.integers(-300, 300)), max_size=16))
def test_frames_in_any_order_of_their_times_leave_a_book_that_is_not_crossed(sequence: list[Any]) -> None:
    world = World()
    world.book([(2790, 1)], [(2810, 1)])
    world.order(ALICE, True, 2795, 5)
    world.order(ALICE, False, 2805, 5)
    for (kind, *what), lag in sequence:
        time = world.time + lag
        if kind == "book":
            world.send(book_frame(time, *what[0], fast=what[1]))
        elif kind == "best":
            bids, asks = what[0]
            world.send(best_frame(time, bids[0] if bids else None, asks[0] if asks else None))
        else:
            side, px, sz, tid = what
            world.send(trades_frame(time, (side, px, sz, tid)))
        bids, asks = world.levels(True), world.levels(False)
        assert not bids or not asks or bids[0][0] < asks[0][0]
    assert world.followers.malformed == 0
