"""Hummingbot's order book, made safe to read from threads other than the one that keeps it up to date.

The base class walks over a C++ set, step by step, with Python's lock released in between: a change that comes from
another thread in the middle of such a walk takes the whole process down. Here walks from elsewhere see one unchanging
book, and its keeper waits for them. In the keeper's own thread nothing changes, and costs nothing.
"""

import threading
from collections.abc import Iterator
from typing import Any

from hummingbot.core.data_type.order_book import OrderBook
from hummingbot.core.data_type.order_book_row import OrderBookRow


class SharedOrderBook(OrderBook):
    """One book, kept by the thread that applies snapshots and changes to it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._lock = threading.Lock()
        self._keeper = threading.get_ident()

    def apply_snapshot(self, bids: list[OrderBookRow], asks: list[OrderBookRow], update_id: int) -> None:
        with self._lock:
            self._keeper = threading.get_ident()
            super().apply_snapshot(bids, asks, update_id)

    def apply_diffs(self, bids: list[OrderBookRow], asks: list[OrderBookRow], update_id: int) -> None:
        with self._lock:
            self._keeper = threading.get_ident()
            super().apply_diffs(bids, asks, update_id)

    # Everything the base class computes over many levels walks by these two.

    def bid_entries(self) -> Iterator[OrderBookRow]:
        """Bids from the best down; from another thread, those of one moment."""
        if threading.get_ident() == self._keeper:
            return super().bid_entries()
        with self._lock:
            return iter(list(super().bid_entries()))

    def ask_entries(self) -> Iterator[OrderBookRow]:
        """Asks from the best up; from another thread, those of one moment."""
        if threading.get_ident() == self._keeper:
            return super().ask_entries()
        with self._lock:
            return iter(list(super().ask_entries()))
