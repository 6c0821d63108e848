"""A book that one thread keeps up to date while others walk over it."""

import threading

import pytest
from hummingbot.core.data_type.order_book_row import OrderBookRow

from hyperliquid_perpetual.trading.shared_book import SharedOrderBook

LEVELS = 40


def whole_book(update_id: int) -> tuple[list[OrderBookRow], list[OrderBookRow]]:
    """A book that carries its number in every amount, at prices that differ from one number to the next."""
    shift = update_id % 7 / 10
    bids = [OrderBookRow(100 - level - shift, float(update_id), update_id) for level in range(LEVELS)]
    asks = [OrderBookRow(101 + level + shift, float(update_id), update_id) for level in range(LEVELS)]
    return bids, asks


def change(update_id: int) -> tuple[list[OrderBookRow], list[OrderBookRow]]:
    """What turns the book before into the one with this number."""
    old, new = whole_book(update_id - 1), whole_book(update_id)
    gone = [[OrderBookRow(row.price, 0.0, update_id) for row in side] for side in old]
    return gone[0] + new[0], gone[1] + new[1]


def test_walks_from_other_threads_see_the_book_of_one_moment() -> None:
    book = SharedOrderBook()
    book.apply_snapshot(*whole_book(1), 1)
    stop = threading.Event()
    torn: list[object] = []
    walks = [0] * 4

    def walk(number: int) -> None:
        while not stop.is_set():
            sides = [list(book.bid_entries()), list(book.ask_entries())]
            torn.extend(rows for rows in sides if len(rows) != LEVELS or len({row.amount for row in rows}) != 1)
            bids, asks = book.snapshot
            if len(bids) != LEVELS or len(asks) != LEVELS:
                torn.append((bids, asks))
            walks[number] += 1

    readers = [threading.Thread(target=walk, args=(number,)) for number in range(len(walks))]
    for reader in readers:
        reader.start()
    update_id = 1
    while update_id < 300 or min(walks) < 20:
        update_id += 1
        book.apply_diffs(*change(update_id), update_id)
    stop.set()
    for reader in readers:
        reader.join(20)
    assert not torn
    assert book.last_diff_uid == update_id


def test_in_its_own_thread_it_is_hummingbots_own_book() -> None:
    book = SharedOrderBook()
    book.apply_snapshot(*whole_book(3), 3)
    assert not isinstance(book.bid_entries(), type(iter([])))
    assert [row.price for row in book.bid_entries()] == pytest.approx([99.7 - level for level in range(LEVELS)])
    assert book.get_price(True) == pytest.approx(101.3)
    assert book.get_vwap_for_volume(True, 6).result_price == pytest.approx((101.3 + 102.3) / 2)
    book.apply_diffs([OrderBookRow(99.7, 0.0, 4)], [], 4)
    assert book.get_price(False) == pytest.approx(98.7)
