"""A limit order book with price-time priority: sorted prices, and under each price its orders, first come first."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from .records import Level
from .state import Order


class BookSide:
    """One side of a book.

    Prices are kept in one sorted list with the best at its end (asks negated), so that what happens near the top, which
    is nearly everything, touches only the tail of the list; deeper inserts are one memory move.
    """

    __slots__ = ("_keys", "_levels", "_sign")

    def __init__(self, is_bid: bool) -> None:
        self._sign = 1 if is_bid else -1
        self._keys: list[int] = []
        self._levels: dict[int, dict[int, Order]] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    @property
    def best(self) -> int | None:
        """The best price, None when the side is empty."""
        return self._keys[-1] * self._sign if self._keys else None

    @property
    def first(self) -> Order | None:
        """The order that matches next."""
        if not self._keys:
            return None
        return next(iter(self._levels[self._keys[-1] * self._sign].values()))

    def add(self, order: Order) -> None:
        """Put an order at the end of its price's queue."""
        px = order.px
        queue = self._levels.get(px)
        if queue is None:
            insort(self._keys, px * self._sign)
            self._levels[px] = {order.oid: order}
        else:
            queue[order.oid] = order

    def remove(self, order: Order) -> None:
        """Take out an order that is here."""
        px = order.px
        queue = self._levels[px]
        del queue[order.oid]
        if not queue:
            del self._levels[px]
            key = px * self._sign
            if self._keys[-1] == key:
                self._keys.pop()
            else:
                del self._keys[bisect_left(self._keys, key)]

    def promote(self, order: Order, since: int) -> None:
        """Let an order at the end of its queue pass those that came after `since` (Unix ms) and paid less for it."""
        queue = self._levels[order.px]
        passed: list[Order] = []
        for other in reversed(queue.values()):
            if other is not order:
                if other.timestamp <= since or other.priority >= order.priority:
                    break
                passed.append(other)
        for other in reversed(passed):
            del queue[other.oid]
            queue[other.oid] = other

    def prices(self) -> Iterator[int]:
        """The prices from the best on."""
        sign = self._sign
        return (key * sign for key in reversed(self._keys))

    def orders_at(self, px: int) -> Iterator[Order]:
        """The orders at a price, first come first."""
        return iter(self._levels.get(px, {}).values())

    def orders(self) -> Iterator[Order]:
        """All orders in the order in which they would match."""
        for px in self.prices():
            yield from self._levels[px].values()

    def levels(self, depth: int | None = None) -> list[Level]:
        """The best `depth` levels (all when None)."""
        found: list[Level] = []
        for px in self.prices():
            if depth is not None and len(found) >= depth:
                break
            queue = self._levels[px].values()
            found.append(Level(px, sum(order.sz for order in queue), len(queue)))
        return found


class Book:
    """The two sides of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)

    def side(self, is_bid: bool) -> BookSide:
        """The bids or the asks."""
        return self.bids if is_bid else self.asks

    @property
    def doubled_mid(self) -> int | None:
        """Best bid + best ask, that is twice the mid price and therefore whole; None without two sides."""
        bid, ask = self.bids.best, self.asks.best
        return None if bid is None or ask is None else bid + ask
