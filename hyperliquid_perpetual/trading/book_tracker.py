"""Hummingbot's order book tracker, in which no pair waits for another, and no change of a book for a task.

The base class makes one book after the other, with a second in between, so that a pair whose market does not exist (or
not yet) keeps all those listed after it without a book, and fifty pairs need most of a minute. It hands each change of
a book over two queues to a task per pair; here the book has it by the time the frame was read.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

from hummingbot.core.data_type.order_book import OrderBook
from hummingbot.core.data_type.order_book_tracker import OrderBookTracker

from ..venue.pair_names import FoldingDict
from .log_names import logger_of
from .order_book import BookChange
from .requests import VenueUnavailable

_TRADE_EXPECTED_SECONDS = 180.0
_PRICE_GOOD_FOR_SECONDS = 5.0
_LOOK_EVERY_SECONDS = 0.2

logger = logger_of(__name__)


class BookTracker(OrderBookTracker):
    """Keeps the books of all pairs; finds them by names in the wrong case, too.

    :param data_source: whose ``apply_change`` is set, so that changes come straight here.
    :param is_expected: whether a pair's book has to be there before the tracker says ready.
    """

    _order_books: dict[str, OrderBook]
    _trading_pairs: list[str]

    def __init__(self, data_source: Any, trading_pairs: list[str], domain: str, is_expected: Callable[[str], bool]):
        super().__init__(data_source=data_source, trading_pairs=trading_pairs, domain=domain)
        self._order_books = FoldingDict()
        self._is_expected = is_expected
        self._is_stopped = False
        data_source.apply_change = self._apply_change

    def spelling(self, pair: str) -> str | None:
        """The name by which a pair is kept here, whatever case it is written in; None when it is not."""
        books = self._order_books
        return books.spelling(pair) if isinstance(books, FoldingDict) else None

    def start(self) -> None:
        super().start()
        self._is_stopped = False

    def stop(self) -> None:
        self._is_stopped = True
        super().stop()

    async def _init_order_books(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for pair in list(self._trading_pairs):
                tasks.create_task(self._init_order_book(pair))
            while not self._has_all_books():  # noqa: ASYNC110 - what is expected changes elsewhere
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._order_books_initialized.set()

    def _has_all_books(self) -> bool:
        expected = [pair for pair in self._trading_pairs if self._is_expected(pair)]
        # With pairs of which none can be traded there is nothing to be ready for.
        return all(pair in self._order_books for pair in expected) and bool(expected or not self._trading_pairs)

    async def _init_order_book(self, pair: str) -> None:
        try:
            book = await self._initial_order_book_for_trading_pair(pair)
        except Exception:
            logger.exception(f"The order book of {pair} could not be made. The other pairs are not affected.")
            return
        if self._is_stopped or pair not in self._trading_pairs or pair in self._tracking_tasks:
            return  # stopped, removed, or added again, while it was on its way
        self._order_books[pair] = book
        self._tracking_message_queues[pair] = asyncio.Queue()
        self._tracking_tasks[pair] = asyncio.ensure_future(self._track_single_book(pair))

    def _apply_change(self, pair: str, change: BookChange) -> bool:
        """Has a book take a change in this very step, and counts it as the base class does; False when there is no
        such book."""
        book = self._order_books.get(pair)
        if book is None or pair not in self._tracking_message_queues:
            return False
        began = time.perf_counter()
        book.apply_diffs(change.bids, change.asks, change.update_id)
        metrics = self._metrics
        of_pair = metrics.get_or_create_pair_metrics(pair)
        metrics.total_diffs_processed += 1
        of_pair.diffs_processed += 1
        of_pair.last_diff_timestamp = began
        taken_ms = (time.perf_counter() - began) * 1000
        metrics.diff_processing_latency.record(taken_ms)
        of_pair.diff_processing_latency.record(taken_ms)
        return True

    async def _update_last_trade_prices_loop(self) -> None:
        await self._order_books_initialized.wait()
        while True:
            try:
                await self._update_last_trade_prices()
            except VenueUnavailable as error:
                logger.debug("The last prices could not be read: %s", error)
            except Exception:
                logger.exception("Unexpected error with the last prices. Trying again.")
                await asyncio.sleep(30.0)
            await asyncio.sleep(1.0)

    async def _update_last_trade_prices(self) -> None:
        """Gives books in which nobody trades a last price all the same."""
        now = time.perf_counter()
        outdated = [
            pair
            for pair, book in self._order_books.items()
            if book.last_applied_trade < now - _TRADE_EXPECTED_SECONDS
            and book.last_trade_price_rest_updated < now - _PRICE_GOOD_FOR_SECONDS
        ]
        if not outdated:
            return
        prices = await self._data_source.get_last_traded_prices(trading_pairs=outdated, domain=self._domain)
        for pair, price in prices.items():
            book = self._order_books.get(pair)
            if book is not None:  # it may have been removed meanwhile
                book.last_trade_price_rest_updated = time.perf_counter()
                if math.isfinite(price):
                    book.last_trade_price = price
