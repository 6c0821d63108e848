"""Makes one market of the engine be what another venue's is, book, trades and prices, with users' orders in it.

Two accounts stand for everybody out there: `maker`, whose resting orders are the recorded levels, and `taker`, who
executes the recorded trades. They use the commands that everybody uses and the real book, in which users' orders stand
in line with theirs:

- a level that grows, grows at its end, behind the users' orders that are there; one that shrinks without a trade
  shrinks where the queue model says,
- a recorded trade is an immediate order at its price: it takes users' orders at better prices first, and at its own
  price everybody in turn,
- a user's order that the recorded book comes to is matched with what comes, once,
- what users take from a level is there again with the next frame: their trades leave no trace outside.

Everything one step does is a block of its own, so nobody sees a book between two states.
"""

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.commands import (
    CancelOrders,
    Deposit,
    OrderIntent,
    PlaceOrders,
    SetPrices,
    Tick,
    Tif,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.events import Event, FillMade
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.state import Order
from hyperliquid_perpetual.sandbox.engine.units import usd
from hyperliquid_perpetual.sandbox.engine.world_commands import CutOrders
from hyperliquid_perpetual.sandbox.following.live_book import LiveBook
from hyperliquid_perpetual.sandbox.following.market_data import BookFrame, MarketEvent, Prices, Print
from hyperliquid_perpetual.sandbox.following.queue_models import QueueModel, spread

OUTSIDE_DEPOSIT = usd(10**14)
"""They trade everything that the venue trades, at leverage 1, for as long as the sandbox runs."""
REMEMBERED_TRADES = 1_000


def outside_addresses(coin: str) -> tuple[str, str]:
    """The accounts that stand for the outside in a market: maker and taker. Nobody has their keys."""
    maker, taker = (
        "0x07" + blake2b(f"{role} of {coin}".encode(), digest_size=19).hexdigest() for role in ("maker", "taker")
    )
    return maker, taker


class Follower:
    """Follows one market."""

    def __init__(self, chain: Chain, state: MarketState, model: QueueModel) -> None:
        self._chain = chain
        self._state = state
        self._asset = state.market.asset
        self._model = model
        self.maker, self.taker = outside_addresses(state.market.coin)
        self._live = LiveBook()
        self._traded: deque[int] = deque(maxlen=REMEMBERED_TRADES)
        self._given: dict[tuple[bool, int], int] = {}
        """What a level that lies beyond a user's order has already given to it, by (is bid, price)."""

    @property
    def is_open(self) -> bool:
        """Whether its book is known."""
        return self._live.is_open

    def open(self) -> None:
        """Give the accounts money."""
        market = self._state.market
        for address in (self.maker, self.taker):
            self._chain.apply_now(Deposit(address, OUTSIDE_DEPOSIT, market.dex))
            # Leverage 1 keeps them below every margin tier.
            self._chain.apply_now(UpdateLeverage(address, market.asset, not market.only_isolated, 1))

    def reset(self) -> None:
        """What is known of the book is not to be built upon: wait for the next full one. The orders stay for now."""
        self._live = LiveBook()
        self._traded.clear()

    def clear(self) -> None:
        """Take all orders out of the book."""
        with self._chain.own_block():
            self._cancel(self._own())

    def follow(self, events: Iterable[MarketEvent]) -> None:
        """Do what has happened, in one block."""
        with self._chain.own_block():
            # What time has brought about is done first, and not between what is planned here and what is done.
            self._chain.apply_now(Tick())
            is_behind = False
            for event in events:
                if isinstance(event, Prices):
                    self._chain.apply_now(SetPrices(self._asset, event.oracle_px, event.mark_px))
                elif isinstance(event, BookFrame):
                    self._live.update(event)
                    is_behind = True
                elif self._is_news(event):
                    if is_behind:
                        self._restate()
                    self._execute(event)
                    self._live.trade(event)
                    is_behind = True
            if is_behind:
                self._restate()

    def _is_news(self, trade: Print) -> bool:
        """Whether a trade is not in the book already: the first frame of the stream replays old ones (section 8.2)."""
        if not self._live.is_open or trade.time <= self._live.opened or trade.tid in self._traded:
            return False
        self._traded.append(trade.tid)
        return True

    # ------------------------------------------------------------------ trades

    def _execute(self, trade: Print) -> None:
        """Trade what was traded, at its price or, where users offer better ones, at theirs."""
        is_buy, px, left = trade.is_buy, trade.px, trade.sz
        # For a trade to happen at a price, nothing could rest on the aggressor's side at it or beyond it, nor on the
        # other side before it.
        self._cancel([order for order in self._own(is_buy) if _reaches(order.px, px, is_buy)])
        self._cancel([order for order in self._own(not is_buy) if _is_better(order.px, px, not is_buy)])
        crossed = sum(order.sz for order in self._state.book.side(is_buy).orders() if _reaches(order.px, px, is_buy))
        if crossed:
            # Who rested at the price and was hit, out there, would have met this user's order first.
            left -= self._take(not is_buy, px, min(crossed, left))
        for _ in range(3):  # again only when a user's order turned out not to be covered by margin
            if not left:
                break
            passive = self._state.book.side(not is_buy).orders()
            there = sum(order.sz for order in passive if _reaches(order.px, px, not is_buy))
            if there < left:
                self._grow(not is_buy, px, left - there)
            left -= self._take(is_buy, px, left)

    def _take(self, is_buy: bool, px: int, sz: int) -> int:
        """An immediate order of the taker; returns the lots it traded."""
        return self._traded_by(self.taker, self._place(self.taker, [(is_buy, px, sz)], "Ioc"))

    def _grow(self, is_bid: bool, px: int, more: int) -> None:
        """Make a level larger at its end."""
        queue = list(self._state.book.side(is_bid).orders_at(px))
        if queue and queue[-1].account.address == self.maker:
            more += queue[-1].sz
            self._cancel(queue[-1:])
        self._place(self.maker, [(is_bid, px, more)], "Alo")

    # ------------------------------------------------------------------ the book

    def _restate(self) -> None:
        """Make the levels what they are outside."""
        if not self._live.is_open:
            return
        cuts: list[tuple[int, int]] = []
        gone: list[Order] = []
        wanted: list[tuple[bool, int, int]] = []
        crossing: list[tuple[bool, int, int]] = []
        for is_bid in (True, False):
            levels = self._live.levels(is_bid)
            own = self._by_price(is_bid)
            gone += [order for px, orders in own.items() if px not in levels for order in orders]
            users_px = self._best_of_users(not is_bid)
            for px, lots in levels.items():
                target = lots
                is_crossing = users_px is not None and _reaches(px, users_px, is_bid)
                if is_crossing:
                    target -= min(lots, self._given.get((is_bid, px), 0))
                else:
                    self._given.pop((is_bid, px), None)
                more = self._adjust(is_bid, px, target, own.get(px, []), cuts, gone)
                if more:
                    (crossing if is_crossing else wanted).append((is_bid, px, more))
            for key in [key for key in self._given if key[0] is is_bid and key[1] not in levels]:
                del self._given[key]
        if cuts:
            self._chain.apply_now(CutOrders(self.maker, tuple(cuts)))
        self._cancel(gone)
        for is_bid, px, lots in crossing:
            given = self._traded_by(self.maker, self._place(self.maker, [(is_bid, px, lots)], "Gtc"))
            self._given[is_bid, px] = self._given.get((is_bid, px), 0) + given
        self._place(self.maker, wanted, "Alo")

    def _adjust(
        self, is_bid: bool, px: int, target: int, own: list[Order], cuts: list[tuple[int, int]], gone: list[Order]
    ) -> int:
        """Plan how a level comes to `target` lots: orders to cut, to cancel, and (returned) lots to add at its end."""
        held = sum(order.sz for order in own)
        if held == target and len(own) <= 1:
            return 0
        queue = list(self._state.book.side(is_bid).orders_at(px)) if own else []
        if len(queue) == len(own):
            # No users: one order, so that a trade is one print.
            if len(own) == 1 and 0 < target < held:
                cuts.append((own[0].oid, target))
                return 0
            gone += own
            return target
        if target >= held:
            if target > held and queue[-1].account.address == self.maker:
                gone.append(queue[-1])
                return target - held + queue[-1].sz
            return target - held
        parts = self._parts(queue)
        leaving = spread(self._model, [sum(order.sz for order in part) for part in parts], held - target)
        for part, lots in zip(parts, leaving, strict=True):
            left = lots
            for order in reversed(part):
                if left >= order.sz:
                    gone.append(order)
                    left -= order.sz
                elif left:
                    cuts.append((order.oid, order.sz - left))
                    break
        return 0

    def _parts(self, queue: list[Order]) -> list[list[Order]]:
        """The outside's orders of a queue, divided where users' orders stand."""
        parts: list[list[Order]] = [[]]
        for order in queue:
            if order.account.address == self.maker:
                parts[-1].append(order)
            else:
                parts.append([])
        return parts

    def _best_of_users(self, is_bid: bool) -> int | None:
        """The best price on a side that is not the outside's own."""
        side = self._state.book.side(is_bid).orders()
        return next((order.px for order in side if order.account.address != self.maker), None)

    # ------------------------------------------------------------------ commands

    def _own(self, is_bid: bool | None = None) -> list[Order]:
        orders = self._chain.exchange.accounts[self.maker].open_orders.values()
        return [order for order in orders if is_bid is None or order.is_buy is is_bid]

    def _by_price(self, is_bid: bool) -> dict[int, list[Order]]:
        found: dict[int, list[Order]] = {}
        for order in self._own(is_bid):
            found.setdefault(order.px, []).append(order)
        return found

    def _cancel(self, orders: list[Order]) -> None:
        if orders:
            cancels = tuple((self._asset, order.oid) for order in orders)
            self._chain.apply_now(CancelOrders(self.maker, cancels))

    def _place(self, account: str, orders: list[tuple[bool, int, int]], tif: Tif) -> list[Event]:
        if not orders:
            return []
        intents = tuple(OrderIntent(self._asset, is_buy, px, sz, False, tif) for is_buy, px, sz in orders)
        return self._chain.apply_now(PlaceOrders(account, intents))

    @staticmethod
    def _traded_by(account: str, events: list[Event]) -> int:
        """The lots that an order of an account has taken."""
        fills = (event.fill for event in events if isinstance(event, FillMade))
        return sum(fill.sz for fill in fills if fill.account == account and fill.crossed)


def _is_better(px: int, than: int, is_bid: bool) -> bool:
    return px > than if is_bid else px < than


def _reaches(px: int, to: int, is_bid: bool) -> bool:
    """Whether an order of a side at `px` would trade at `to`."""
    return px >= to if is_bid else px <= to
