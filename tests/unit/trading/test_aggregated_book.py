"""Aggregated books with exact best prices: nothing counted twice, nothing of another moment mixed in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.aggregated_book import Precision, exact_at_the_top
from hyperliquid_perpetual.trading.settings import Settings, SettingsError, parse_settings
from hyperliquid_perpetual.venue.messages import Bbo, L2Book, Level

THREE = Precision(3)


def book(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> L2Book:
    return L2Book("BTC", 7, ([Level(*row, 3) for row in bids], [Level(*row, 3) for row in asks]))


def best(bid: tuple[str, str] | None, ask: tuple[str, str] | None) -> Bbo:
    return Bbo("BTC", 7, (Level(*bid, 1) if bid else None, Level(*ask, 1) if ask else None))


def rows(frame: L2Book | None) -> list[list[tuple[str, str]]]:
    assert frame is not None
    return [[(level.px, level.sz) for level in side] for side in frame.levels]


def test_the_best_prices_are_taken_out_of_the_levels_they_were_rounded_into() -> None:
    frame = book([("86400.0", "5.0"), ("86300.0", "2.0")], [("86500.0", "4.0")])
    exact = exact_at_the_top(frame, best(("86423.0", "1.5"), ("86424.0", "4.0")), THREE)
    assert rows(exact) == [
        [("86423.0", "1.5"), ("86400.0", "3.5"), ("86300.0", "2.0")],
        [("86424.0", "4.0")],  # all of it rests at the best price
    ]


@pytest.mark.parametrize(
    "told",
    [
        None,
        best(("86523.0", "1.0"), ("86524.0", "1.0")),
        best(("86399.0", "1.0"), ("86424.0", "1.0")),
        best(None, ("86424.0", "1.0")),
        best(("86423.0", "1.0"), ("86501.0", "1.0")),
    ],
)
def test_best_prices_of_another_moment_make_the_frame_useless(told: Bbo | None) -> None:
    assert exact_at_the_top(book([("86400.0", "5.0")], [("86500.0", "4.0")]), told, THREE) is None


def test_an_empty_side_stays_empty() -> None:
    exact = exact_at_the_top(book([("86400.0", "5.0")], []), best(("86400.0", "1.0"), None), THREE)
    assert rows(exact) == [[("86400.0", "5.0")], []]


@given(
    st.lists(st.tuples(st.integers(1, 99_999), st.integers(1, 500)), min_size=1, max_size=30),
    st.integers(2, 5),
    st.sampled_from([None, 2, 5]),
    st.booleans(),
)
def test_an_aggregated_side_holds_what_the_side_holds_and_begins_at_its_best_price(
    orders: list[tuple[int, int]], figures: int, mantissa: int | None, is_bid: bool
) -> None:
    """The rounding is done here once more, the way the venue does it: by digits of an integer price."""
    precision = Precision(figures, mantissa if figures == 5 else None)
    sizes: dict[int, int] = {}
    buckets: dict[int, int] = {}
    for price, size in orders:
        step = (precision.mantissa or 1) * 10 ** max(0, len(str(price)) - figures)
        low = price // step * step
        bucket = low if is_bid or low == price else low + step
        sizes[price] = sizes.get(price, 0) + size
        buckets[bucket] = buckets.get(bucket, 0) + size
    top = max(sizes) if is_bid else min(sizes)
    side = [Level(str(px), str(sz), 1) for px, sz in sorted(buckets.items(), reverse=is_bid) if px > 0]
    other = [Level("200000", "1", 1)] if is_bid else [Level("0.1", "1", 1)]
    exact_top = Level(str(top), str(sizes[top]), 1)
    if not side or (precision.mantissa and len(str(top)) < 5) or Decimal(side[0].px) == 0:
        return  # below five digits the venue's own steps are not written down
    frame = L2Book("BTC", 7, (side, other) if is_bid else (other, side))
    told = Bbo("BTC", 7, (exact_top, other[0]) if is_bid else (other[0], exact_top))
    exact = exact_at_the_top(frame, told, precision)
    assert exact is not None
    levels = exact.levels[0 if is_bid else 1]
    assert Decimal(levels[0].px) == top
    assert sum(Decimal(level.sz) for level in levels) == sum(Decimal(level.sz) for level in side)
    assert all(Decimal(level.sz) > 0 for level in levels)


@pytest.mark.parametrize(
    ("text", "pair", "expected"),
    [
        ("{}", "BTC-USD", None),
        ("{book: {n_sig_figs: 4}}", "BTC-USD", Precision(4)),
        ("{book: {n_sig_figs: 5, mantissa: 2}}", "BTC-USD", Precision(5, 2)),
        ("{book: {n_sig_figs: 5, mantissa: 1}}", "BTC-USD", Precision(5)),
        ("{book: {n_sig_figs: 3, pairs: {kPEPE-USD: {}}}}", "KPEPE-USD", None),
        ("{book: {pairs: {'xyz:TSLA-USD': {n_sig_figs: 2}}}}", "xyz:TSLA-USD", Precision(2)),
        ("{book: {pairs: {'xyz:TSLA-USD': {n_sig_figs: 2}}}}", "BTC-USD", None),
    ],
)
def test_the_precision_of_a_book_is_what_the_settings_say(text: str, pair: str, expected: Precision | None) -> None:
    settings = parse_settings(f"all: {text}", "hyperliquid_perpetual", "settings")
    assert settings.book.precision_of(pair) == expected


@pytest.mark.parametrize(
    "wish",
    [
        "{n_sig_figs: 1}",
        "{n_sig_figs: 6}",
        "{mantissa: 2}",
        "{n_sig_figs: 4, mantissa: 5}",
        "{n_sig_figs: 5, mantissa: 3}",
    ],
)
def test_what_the_venue_would_hang_up_over_is_refused_in_the_settings(wish: str) -> None:
    with pytest.raises(SettingsError, match=r"book"):
        parse_settings(f"all: {{book: {wish}}}", "hyperliquid_perpetual", "settings")


def test_books_are_not_aggregated_unless_asked_for() -> None:
    assert Settings().book.precision_of("BTC-USD") is None


@pytest.mark.parametrize("number", ["NaN", "x", "1e999999999", ""])
def test_frame_with_a_number_that_is_none_is_of_no_use(number: str) -> None:
    frame = L2Book("ETH", 6, ([Level("3010", "2")], []))
    for level in (Level(number, "1"), Level("3012.4", number)):
        assert exact_at_the_top(frame, Bbo("ETH", 5, (level, None)), Precision(3)) is None
