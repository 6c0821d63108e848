"""The composed book: situations one by one, and against a true book that evolves while its frames are late."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.order_book import (
    FAST_LEVELS,
    MAX_AGE_MS,
    REWIND_MS,
    BookChange,
    ChangedLevel,
    ComposedBook,
    Source,
)
from hyperliquid_perpetual.venue.messages import Bbo, L2Book, Level

type Levels = list[tuple[str, str]]


def levels(pairs: Iterable[tuple[str, str]]) -> list[Level]:
    return [Level(px, sz, 1) for px, sz in pairs]


def book_frame(time: int, bids: Levels, asks: Levels) -> L2Book:
    return L2Book("BTC", time, (levels(bids), levels(asks)))


def bbo_frame(time: int, bid: tuple[str, str] | None, ask: tuple[str, str] | None) -> Bbo:
    return Bbo("BTC", time, (Level(*bid, 1) if bid else None, Level(*ask, 1) if ask else None))


def ladder(start: int, step: int, count: int, size: str = "1.0") -> Levels:
    return [(f"{start + index * step}.0", size) for index in range(count)]


def changes(side: list[ChangedLevel]) -> dict[float, float]:
    return {level.price: level.amount for level in side}


def prices(side: list[tuple[float, float]]) -> list[float]:
    return [price for price, _size in side]


@pytest.fixture
def deep_book() -> ComposedBook:
    """Bids 100, 99, ... 81 and asks 101 ... 120, all of size 1, at time 1000."""
    book = ComposedBook("BTC")
    assert book.take_deep(book_frame(1000, ladder(100, -1, 20), ladder(101, 1, 20))) is not None
    return book


def test_first_frame_is_told_whole() -> None:
    change = ComposedBook("BTC").take_deep(book_frame(5, [("9.5", "2.0")], [("10.0", "0.5"), ("10.5", "7")]))
    assert change == BookChange(
        "BTC",
        [ChangedLevel(9.5, 2.0, update_id=5)],
        [ChangedLevel(10.0, 0.5, update_id=5), ChangedLevel(10.5, 7.0, update_id=5)],
        time=5,
        update_id=5,
    )


def test_unchanged_frame_tells_nothing_but_renews_the_time(deep_book: ComposedBook) -> None:
    assert deep_book.take_deep(book_frame(6400, ladder(100, -1, 20), ladder(101, 1, 20))) is None
    assert deep_book.time == 6400


def test_only_levels_that_changed_are_told(deep_book: ComposedBook) -> None:
    bids = [*ladder(100, -1, 19), ("80.0", "3.0")]
    bids[4] = ("96.0", "2.5")
    change = deep_book.take_deep(book_frame(2000, bids, ladder(101, 1, 20)))
    assert change is not None
    assert changes(change.bids) == {80.0: 3.0, 81.0: 0.0, 96.0: 2.5}
    assert change.asks == []


def test_better_bid_goes_on_top_of_what_was_known(deep_book: ComposedBook) -> None:
    change = deep_book.take_bbo(bbo_frame(1070, ("100.5", "4.0"), ("101.0", "1.0")))
    assert change == BookChange("BTC", [ChangedLevel(100.5, 4.0, update_id=1070)], [], time=1070, update_id=1070)
    assert prices(deep_book.bids)[:3] == [100.5, 100.0, 99.0]


def test_worse_bid_takes_away_everything_above_it(deep_book: ComposedBook) -> None:
    change = deep_book.take_bbo(bbo_frame(1070, ("98.0", "0.3"), ("101.0", "1.0")))
    assert change is not None
    assert changes(change.bids) == {98.0: 0.3, 99.0: 0.0, 100.0: 0.0}
    assert deep_book.bids[0] == (98.0, 0.3)


def test_best_prices_that_move_through_the_other_side_never_cross(deep_book: ComposedBook) -> None:
    deep_book.take_bbo(bbo_frame(1070, ("105.0", "1.0"), ("106.0", "1.0")))
    assert (deep_book.best_bid, deep_book.best_ask) == (105.0, 106.0)
    deep_book.take_bbo(bbo_frame(1140, ("90.0", "1.0"), ("91.0", "1.0")))
    assert (deep_book.best_bid, deep_book.best_ask) == (90.0, 91.0)


def test_side_that_is_empty_has_no_levels_whatever_older_frames_say(deep_book: ComposedBook) -> None:
    change = deep_book.take_bbo(bbo_frame(1070, None, ("101.0", "1.0")))
    assert change is not None
    assert len(change.bids) == 20
    assert deep_book.best_bid is None
    deep_book.take_deep(book_frame(1050, ladder(100, -1, 20), ladder(101, 1, 20)))
    assert deep_book.bids == []
    assert len(deep_book.asks) == 20


def test_fast_frame_replaces_down_to_its_fifth_level_and_leaves_what_is_deeper(deep_book: ComposedBook) -> None:
    bids = [("100.0", "1.0"), ("98.5", "1.0"), ("98.0", "2.0"), ("97.0", "1.0"), ("96.0", "1.0")]
    deep_book.take_fast(book_frame(1540, bids, ladder(101, 1, 5)))
    assert prices(deep_book.bids)[:7] == [100.0, 98.5, 98.0, 97.0, 96.0, 95.0, 94.0]
    assert len(deep_book.asks) == 20


def test_fast_frame_with_fewer_levels_is_the_whole_side(deep_book: ComposedBook) -> None:
    deep_book.take_fast(book_frame(1540, ladder(100, -1, FAST_LEVELS - 1), ladder(101, 1, FAST_LEVELS)))
    assert prices(deep_book.bids) == [100.0, 99.0, 98.0, 97.0]
    assert len(deep_book.asks) == 20


def test_late_deep_frame_only_fills_in_below_newer_ones() -> None:
    book = ComposedBook("BTC")
    book.take_fast(book_frame(2000, ladder(98, -1, 5), ladder(103, 1, 5)))
    book.take_bbo(bbo_frame(2070, ("97.0", "9.0"), ("103.0", "1.0")))
    book.take_deep(book_frame(1500, ladder(100, -1, 20, "7.0"), ladder(101, 1, 20, "7.0")))
    assert book.bids[:6] == [(97.0, 9.0), (96.0, 1.0), (95.0, 1.0), (94.0, 1.0), (93.0, 7.0), (92.0, 7.0)]
    assert book.asks[:6] == [(103.0, 1.0), (104.0, 1.0), (105.0, 1.0), (106.0, 1.0), (107.0, 1.0), (108.0, 7.0)]


def test_level_that_a_newer_bbo_has_disproved_does_not_come_back_with_a_late_frame() -> None:
    book = ComposedBook("BTC")
    book.take_bbo(bbo_frame(2000, ("99.0", "1.0"), ("102.0", "1.0")))  # 100 is gone
    book.take_bbo(bbo_frame(2070, ("100.5", "1.0"), ("102.0", "1.0")))
    book.take_deep(book_frame(1950, ladder(100, -1, 20, "7.0"), ladder(101, 1, 20, "7.0")))
    assert prices(book.bids)[:3] == [100.5, 99.0, 98.0]
    assert prices(book.asks)[:2] == [102.0, 103.0]


def test_frame_older_than_the_last_of_its_own_stream_is_dropped(deep_book: ComposedBook) -> None:
    assert deep_book.take_deep(book_frame(999, ladder(50, -1, 20), ladder(51, 1, 20))) is None
    assert deep_book.late == 1
    assert deep_book.best_bid == 100.0


def test_frames_of_the_same_millisecond_count_in_their_order() -> None:
    book = ComposedBook("BTC")
    book.take_bbo(bbo_frame(1000, ("100.0", "1.0"), None))
    book.take_bbo(bbo_frame(1000, ("100.0", "2.0"), None))
    book.take_fast(book_frame(1000, [("100.0", "3.0"), *ladder(99, -1, 4)], []))
    assert book.bids[0] == (100.0, 3.0)


def test_deep_frame_gives_way_to_others_of_the_same_millisecond_but_not_to_deep_ones() -> None:
    book = ComposedBook("BTC")
    book.take_bbo(bbo_frame(1000, ("100.0", "3.0"), None))
    book.take_deep(book_frame(1000, [("100.0", "4.0"), ("99.0", "1.0")], []))
    assert book.bids == [(100.0, 3.0), (99.0, 1.0)]
    book.take_deep(book_frame(1000, [("100.0", "4.0"), ("98.0", "1.0")], []))
    assert book.bids == [(100.0, 3.0), (98.0, 1.0)]


def test_update_ids_rise_with_every_change_even_within_a_millisecond() -> None:
    book = ComposedBook("BTC")
    changes = [book.take_bbo(bbo_frame(1000 + index // 3, (f"{90 + index}", "1"), None)) for index in range(9)]
    ids = [change.update_id for change in changes if change is not None]
    assert len(ids) == 9
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    "frame",
    [
        book_frame(2000, [("99.0", "1"), ("100.0", "1")], []),
        book_frame(2000, [("100.0", "1"), ("100.0", "1")], []),
        book_frame(2000, [("102.0", "1")], [("102.0", "1")]),
        book_frame(2000, [("103.0", "1")], [("102.0", "1")]),
        book_frame(2000, [("abc", "1")], []),
        book_frame(2000, [("nan", "1")], []),
        book_frame(2000, [], [("inf", "1")]),
        book_frame(2000, [("0.0", "1")], []),
        book_frame(2000, [("-5.0", "1")], []),
        book_frame(2000, [("100.0", "x")], []),
        book_frame(2000, [("100.0", "-1")], []),
        book_frame(2000, [("100.0", "0.0")], []),
        book_frame(2000, [("100.0", "nan")], []),
        book_frame(2000, [], [("101.0", "")]),
        book_frame(-1, [("100.0", "1")], []),
        book_frame(2**63, [("100.0", "1")], []),
    ],
)
def test_frame_that_is_no_book_changes_nothing(deep_book: ComposedBook, frame: L2Book) -> None:
    before = (deep_book.bids, deep_book.asks, deep_book.time, deep_book.update_id)
    assert deep_book.take_fast(frame) is None
    assert deep_book.take_deep(frame) is None
    assert deep_book.malformed == 2
    assert (deep_book.bids, deep_book.asks, deep_book.time, deep_book.update_id) == before
    assert deep_book.take_bbo(bbo_frame(1070, ("100.0", "5.0"), ("101.0", "1.0"))) is not None


def test_deep_levels_vanish_when_the_deep_stream_is_gone(deep_book: ComposedBook) -> None:
    for time in range(1540, 1000 + MAX_AGE_MS + 600, 540):
        deep_book.take_fast(book_frame(time, ladder(100, -1, 5), ladder(101, 1, 5)))
    assert prices(deep_book.bids) == [100.0, 99.0, 98.0, 97.0, 96.0]
    assert prices(deep_book.asks) == [101.0, 102.0, 103.0, 104.0, 105.0]


def test_first_frame_after_a_long_outage_decides_alone(deep_book: ComposedBook) -> None:
    change = deep_book.take_bbo(bbo_frame(1000 + 3_600_000, ("99.0", "1.0"), ("101.0", "1.0")))
    assert change is not None
    assert (deep_book.bids, deep_book.asks) == ([(99.0, 1.0)], [(101.0, 1.0)])
    assert len(change.bids) == 19
    assert len(change.asks) == 19


def test_clock_of_the_venue_that_is_set_back_starts_the_book_over() -> None:
    book = ComposedBook("BTC")
    start = 10 * REWIND_MS
    book.take_deep(book_frame(start, ladder(100, -1, 20), ladder(101, 1, 20)))
    book.take_bbo(bbo_frame(start + 70, ("100.0", "1.0"), ("101.0", "1.0")))
    before = book.update_id
    change = book.take_bbo(bbo_frame(50, ("90.0", "1.0"), ("91.0", "1.0")))
    assert change is not None
    assert change.update_id > before
    assert (book.bids, book.asks, book.time) == ([(90.0, 1.0)], [(91.0, 1.0)], 50)
    book.take_deep(book_frame(60, ladder(89, -1, 20), ladder(91, 1, 20)))
    assert book.best_bid == 89.0
    assert len(book.bids) == 20


def test_depth_is_known_with_the_first_frame_of_levels() -> None:
    book = ComposedBook("BTC")
    book.take_bbo(bbo_frame(1000, ("100.0", "1.0"), ("101.0", "1.0")))
    assert not book.has_depth
    book.take_fast(book_frame(1001, ladder(100, -1, 5), ladder(101, 1, 5)))
    assert book.has_depth


# Against the truth


@dataclass
class TrueBook:
    """A book that changes at random, price by price, and can show itself in the venue's three ways."""

    chance: random.Random
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for offset in range(30):
            self.bids[1000 - offset * self.chance.choice((1, 1, 2))] = self.chance.randint(1, 9)
            self.asks[1001 + offset * self.chance.choice((1, 1, 2))] = self.chance.randint(1, 9)

    def evolve(self) -> None:
        for _ in range(self.chance.randint(0, 4)):
            side, other, better = self.chance.choice(((self.bids, self.asks, 1), (self.asks, self.bids, -1)))
            kind = self.chance.random()
            if kind < 0.25 and side:  # levels are eaten from the top
                for price in sorted(side, reverse=better > 0)[: self.chance.randint(1, 6)]:
                    del side[price]
            elif kind < 0.4 and side:
                del side[self.chance.choice(list(side))]
            elif kind < 0.41:
                side.clear()
            else:
                far = (min(other) - 1 if better > 0 else max(other) + 1) if other else 1000
                for _ in range(self.chance.randint(1, 3)):
                    side[far - better * self.chance.randint(0, 25)] = self.chance.randint(1, 9)

    def top(self, count: int | None) -> tuple[Levels, Levels]:
        bids = [(f"{price / 10}", f"{self.bids[price]}.0") for price in sorted(self.bids, reverse=True)[:count]]
        asks = [(f"{price / 10}", f"{self.asks[price]}.0") for price in sorted(self.asks)[:count]]
        return bids, asks


@dataclass(frozen=True)
class Shown:
    """A frame on its way."""

    source: Source
    time: int
    bids: Levels
    asks: Levels

    def covers(self, price: float, is_bid: bool) -> bool:
        side = self.bids if is_bid else self.asks
        limit = {Source.BBO: 1, Source.FAST: FAST_LEVELS, Source.DEEP: math.inf}[self.source]
        if len(side) < limit:
            return True
        last = float(side[-1][0])
        return price >= last if is_bid else price <= last

    def size(self, price: float, is_bid: bool) -> float:
        return next((float(sz) for px, sz in (self.bids if is_bid else self.asks) if float(px) == price), 0.0)


def give(book: ComposedBook, shown: Shown) -> BookChange | None:
    if shown.source is Source.BBO:
        bid, ask = (side[0] if side else None for side in (shown.bids, shown.asks))
        return book.take_bbo(bbo_frame(shown.time, bid, ask))
    frame = book_frame(shown.time, shown.bids, shown.asks)
    return book.take_fast(frame) if shown.source is Source.FAST else book.take_deep(frame)


def expected(delivered: list[Shown], is_bid: bool) -> dict[float, float]:
    """For every price what the newest frame says that covers it, by definition and without any cleverness."""
    newest_first = sorted(delivered, key=lambda shown: shown.time, reverse=True)
    known = {float(px) for shown in delivered for px, _ in (shown.bids if is_bid else shown.asks)}
    sizes = {}
    for price in known:
        newest = next((shown for shown in newest_first if shown.covers(price, is_bid)), None)
        if newest is not None and newest.time >= newest_first[0].time - MAX_AGE_MS:
            sizes[price] = newest.size(price, is_bid)
    return {price: size for price, size in sizes.items() if size}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), late=st.integers(0, 12), beats=st.tuples(st.integers(2, 9), st.integers(5, 120)))
def test_composed_book_is_what_the_newest_frames_prove(seed: int, late: int, beats: tuple[int, int]) -> None:
    chance = random.Random(seed)
    truth = TrueBook(chance)
    fast_every, deep_every = beats
    tops: dict[int, tuple[Levels, Levels]] = {}
    underway: dict[Source, list[tuple[int, Shown]]] = {source: [] for source in Source}
    book = ComposedBook("BTC")
    mirror_bids: dict[float, float] = {}
    mirror_asks: dict[float, float] = {}
    delivered: list[Shown] = []
    last_top: tuple[Levels, Levels] | None = None
    time = 1_000_000
    for block in range(150):
        truth.evolve()
        time += chance.choice((70, 70, 200, 1500))
        tops[time] = truth.top(1)
        if tops[time] != last_top:
            underway[Source.BBO].append((block + chance.randint(0, late), Shown(Source.BBO, time, *truth.top(1))))
            last_top = tops[time]
        if block % fast_every == 0:
            shown = Shown(Source.FAST, time, *truth.top(FAST_LEVELS))
            underway[Source.FAST].append((block + chance.randint(0, late), shown))
        if block % deep_every == 0:
            underway[Source.DEEP].append((block + chance.randint(0, late), Shown(Source.DEEP, time, *truth.top(20))))
        for source in chance.sample(list(Source), 3):
            # A stream keeps its own order, however late: it is one socket.
            while underway[source] and underway[source][0][0] <= block:
                shown = underway[source].pop(0)[1]
                change = give(book, shown)
                delivered = [*(old for old in delivered if old.time >= book.time - MAX_AGE_MS), shown]
                check(book, change, delivered, mirror_bids, mirror_asks, tops)


def check(
    book: ComposedBook,
    change: BookChange | None,
    delivered: list[Shown],
    mirror_bids: dict[float, float],
    mirror_asks: dict[float, float],
    tops: dict[int, tuple[Levels, Levels]],
) -> None:
    bids, asks = book.bids, book.asks
    # What is told adds up to the book.
    if change is not None:
        for mirror, changed in ((mirror_bids, change.bids), (mirror_asks, change.asks)):
            for level in changed:
                price, size = level.price, level.amount
                assert level.update_id == change.update_id
                assert mirror.get(price, 0.0) != size, "a level that did not change was told"
                if size:
                    mirror[price] = size
                else:
                    del mirror[price]
    assert dict(bids) == mirror_bids
    assert dict(asks) == mirror_asks
    # It is in order and not crossed.
    assert prices(bids) == sorted(prices(bids), reverse=True)
    assert prices(asks) == sorted(prices(asks))
    assert not bids or not asks or bids[0][0] < asks[0][0]
    # Its top is the truth of the newest frame's time, and below it is exactly what is proven.
    true_bids, true_asks = tops[max(shown.time for shown in delivered)]
    assert bids[:1] == [(float(px), float(sz)) for px, sz in true_bids]
    assert asks[:1] == [(float(px), float(sz)) for px, sz in true_asks]
    assert dict(bids) == expected(delivered, is_bid=True)
    assert dict(asks) == expected(delivered, is_bid=False)
    assert book.malformed == book.late == 0
