"""The life of an order between its number and its end, with every index that knows it kept in step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .brackets import end_of_order
from .commands import OrderIntent
from .events import OrderUpdated
from .market_state import MarketState
from .outbox import Outbox
from .quirks import VenueQuirks
from .records import OrderStatus
from .state import Account, Order, Place, Position
from .triggers import TriggerBook


class OrderDesk:
    """The only place where orders are numbered, put on a book, armed, cut and taken off."""

    __slots__ = ("_markets", "_next_oid", "_outbox", "_shared_cloids", "quirks", "triggers")

    def __init__(self, first_oid: int, quirks: VenueQuirks, markets: Mapping[int, MarketState], outbox: Outbox) -> None:
        self.quirks = quirks
        self._next_oid = first_oid
        self._markets = markets
        self._outbox = outbox
        self._shared_cloids: set[tuple[str, str]] = set()
        """(account, cloid) that more than one open order has had, where the exchange allows that."""
        self.triggers: dict[int, TriggerBook] = {}
        """The armed orders of the markets that have any, by asset id."""

    def create(self, account: Account, position: Position, intent: OrderIntent) -> Order:
        """An order with the next oid that is nowhere yet."""
        return Order(self.take_oid(), account, position, intent, self._outbox.time)

    def take_oid(self) -> int:
        """The next oid, for what is filled without ever having been an order."""
        self._next_oid += 1
        return self._next_oid - 1

    @property
    def next_oid(self) -> int:
        """The oid of the next order."""
        return self._next_oid

    def rest(self, order: Order) -> None:
        """Put an order on its book: status open."""
        position = order.position
        self._markets[order.asset].book.side(order.is_buy).add(order)
        if order.reduce_only:
            position.reduce_only_orders[order.oid] = order
        elif order.is_buy:
            position.resting_buys += order.sz
        else:
            position.resting_sells += order.sz
        self._outbox.touch_book(order.asset)
        self._open(order, Place.BOOK)

    def arm(self, order: Order) -> None:
        """Let an order wait for the mark price: status open."""
        self._arm(order)
        self._open(order, Place.ARMED)

    def wait(self, order: Order) -> None:
        """Let an order wait for its parent to be filled: status open."""
        self._open(order, Place.WAITING)

    def activate(self, order: Order, filled: int) -> None:
        """Arm an order whose parent has been filled with `filled` lots.

        It is cut to that and to the position; one that would not reduce the position is canceled.
        """
        held = abs(order.position.szi)
        if not held or order.is_buy == (order.position.szi > 0):
            self.cancel(order, OrderStatus.REDUCE_ONLY_CANCELED)
            return
        sz = min(order.sz, filled, held)
        was_cut = sz < order.sz
        order.sz = order.orig_sz = sz
        if order.place is Place.WAITING:
            order.place = Place.ARMED
            self._arm(order)
            if was_cut:
                self._tell_open(order)
        else:
            self.arm(order)

    def fire(self, order: Order) -> None:
        """Take an armed order out, because the mark price is where it waited for it: status triggered.

        The TP/SL order of a position has its size from here on.
        """
        self._take_off(order)
        if not order.sz:
            order.sz = order.orig_sz = abs(order.position.szi)
        self._outbox.emit(OrderUpdated(self._outbox.time, order.record(OrderStatus.TRIGGERED, self._outbox.time)))

    def match_resting(self, order: Order, sz: int) -> None:
        """Take `sz` matched lots off a resting order, and the order off the book when nothing is left."""
        if order.sz > sz:
            self._shrink(order, sz)
            self._outbox.touch_book(order.asset)
            return
        self._take_off(order)
        order.sz = 0
        self.end(order, OrderStatus.FILLED)

    def cancel(self, order: Order, status: OrderStatus) -> None:
        """End a resting or waiting order before it is filled; nothing happens to one that has ended.

        One end can bring about others (`brackets`), also of orders that the caller has a list of.
        """
        if order.place is not Place.ENDED:
            self._take_off(order)
            self.end(order, status)

    def end(self, order: Order, status: OrderStatus) -> None:
        """Write down the end of an order that is on no book."""
        record = order.record(status, self._outbox.time)
        order.place = Place.ENDED
        order.account.history.add(record)
        self._outbox.emit(OrderUpdated(self._outbox.time, record))
        end_of_order(self, order, status)

    def cut(self, order: Order, sz: int) -> None:
        """Leave only `sz` lots of an open order, which keeps its place in the queue."""
        order.orig_sz -= order.sz - sz
        self._shrink(order, order.sz - sz)
        if order.place is Place.BOOK:
            self._outbox.touch_book(order.asset)
        self._tell_open(order)

    def trim_reduce_only(self, position: Position) -> None:
        """Make the reduce-only orders fit the position: cancel what would open, cut what is larger.

        A cut order loses the lots from its original size as well, so that original minus remaining stays what has been
        filled. This is also what ends the TP/SL orders of a position with it.
        """
        held = abs(position.szi)
        for order in list(position.reduce_only_orders.values()):
            if held == 0 or order.is_buy == (position.szi > 0):
                self.cancel(order, OrderStatus.REDUCE_ONLY_CANCELED)
            elif order.sz > held:
                self.cut(order, held)

    def cancel_all(self, account: Account, status: OrderStatus) -> None:
        """Cancel every open order of an account, oldest first."""
        for order in list(account.open_orders.values()):
            self.cancel(order, status)

    @contextmanager
    def set_aside(self, order: Order) -> Iterator[None]:
        """A resting order does not count meanwhile: not for its account's margin, not for the number of its orders."""
        account, sz = order.account, order.sz
        before = dict(account.open_orders)
        del account.open_orders[order.oid]
        if not order.reduce_only:
            self._release(order, sz)
        try:
            yield
        finally:
            account.open_orders.clear()
            account.open_orders.update(before)
            if not order.reduce_only:
                self._release(order, -sz)

    def _open(self, order: Order, place: Place) -> None:
        account = order.account
        account.open_orders[order.oid] = order
        if order.cloid is not None:
            if order.cloid in account.open_by_cloid:
                self._shared_cloids.add((account.address, order.cloid))
            account.open_by_cloid[order.cloid] = order
        order.place = place
        self._tell_open(order)

    def _tell_open(self, order: Order) -> None:
        self._outbox.emit(OrderUpdated(self._outbox.time, order.record(OrderStatus.OPEN, self._outbox.time)))

    def _arm(self, order: Order) -> None:
        self.triggers.setdefault(order.asset, TriggerBook()).add(order)
        if order.reduce_only:
            order.position.reduce_only_orders[order.oid] = order

    def _take_off(self, order: Order) -> None:
        """Take an order from wherever it is; one that is nowhere yet needs nothing."""
        place, order.place = order.place, Place.NOWHERE
        if place is Place.NOWHERE:
            return
        account = order.account
        del account.open_orders[order.oid]
        if order.cloid is not None:
            self._forget_cloid(account, order.cloid)
        if place is Place.BOOK:
            self._markets[order.asset].book.side(order.is_buy).remove(order)
            self._outbox.touch_book(order.asset)
            if not order.reduce_only:
                self._release(order, order.sz)
        elif place is Place.ARMED:
            book = self.triggers[order.asset]
            book.remove(order)
            if not book:
                del self.triggers[order.asset]
        if order.reduce_only and place is not Place.WAITING:
            del order.position.reduce_only_orders[order.oid]

    def _forget_cloid(self, account: Account, cloid: str) -> None:
        """An order with this cloid is no longer open; the newest of those that share it is found by it from now on."""
        del account.open_by_cloid[cloid]
        if (account.address, cloid) in self._shared_cloids:
            for order in account.open_orders.values():
                if order.cloid == cloid:
                    account.open_by_cloid[cloid] = order

    def _shrink(self, order: Order, sz: int) -> None:
        order.sz -= sz
        if not order.reduce_only:
            self._release(order, sz)

    @staticmethod
    def _release(order: Order, sz: int) -> None:
        if order.is_buy:
            order.position.resting_buys -= sz
        else:
            order.position.resting_sells -= sz
