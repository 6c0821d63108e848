"""The order book alone: priority, levels, and agreement with a plain sorted list."""

from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.book import Book
from hyperliquid_perpetual.sandbox.engine.commands import OrderIntent
from hyperliquid_perpetual.sandbox.engine.state import Account, Order, Position
from tests.unit.sandbox.engine.venue import ALICE, BTC


def make_order(oid: int, is_buy: bool, price: int, size: int = 1) -> Order:
    account = Account(ALICE, 10, 10, 10)
    return Order(oid, account, Position(BTC, True, 1), OrderIntent(0, is_buy, price, size), 0)


def test_empty_side_has_no_best() -> None:
    book = Book()
    assert book.bids.best is None
    assert book.bids.first is None
    assert not book.asks
    assert book.doubled_mid is None
    assert book.bids.levels() == []


def test_first_is_best_price_then_first_come() -> None:
    book = Book()
    for oid, price in enumerate((100, 102, 101, 102)):
        book.bids.add(make_order(oid, True, price))
        book.asks.add(make_order(oid + 10, False, price))
    assert [order.oid for order in book.bids.orders()] == [1, 3, 2, 0]
    assert [order.oid for order in book.asks.orders()] == [10, 12, 11, 13]
    assert book.bids.best == 102
    assert book.asks.best == 100
    assert book.doubled_mid == 202


def test_levels_add_up_sizes_and_count_orders() -> None:
    book = Book()
    for oid, (price, size) in enumerate(((100, 1), (101, 2), (100, 3))):
        book.asks.add(make_order(oid, False, price, size))
    assert [(level.px, level.sz, level.n) for level in book.asks.levels()] == [(100, 4, 2), (101, 2, 1)]
    assert [level.px for level in book.asks.levels(1)] == [100]


@given(
    is_bid=st.booleans(),
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 12), st.integers(0, 10**6)), max_size=120),
)
def test_book_side_agrees_with_a_sorted_list(is_bid: bool, steps: list[tuple[bool, int, int]]) -> None:
    side = Book().side(is_bid)
    plain: list[Order] = []
    for oid, (adds, price, pick) in enumerate(steps):
        if adds or not plain:
            order = make_order(oid, is_bid, price)
            side.add(order)
            plain.append(order)
        else:
            order = plain.pop(pick % len(plain))
            side.remove(order)
        plain.sort(key=lambda each: (-each.px if is_bid else each.px, each.oid))
        assert list(side.orders()) == plain
        assert side.first is (plain[0] if plain else None)
        assert side.best == (plain[0].px if plain else None)
        assert list(side.prices()) == list(dict.fromkeys(each.px for each in plain))
