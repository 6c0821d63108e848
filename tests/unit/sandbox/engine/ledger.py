"""Bookkeeping by an outsider: positions, cash, books and orders made from the events alone, in exact fractions.

Nothing here uses the engine's arithmetic. `ShadowLedger.follow` checks each event against what it already knows, and
`ShadowLedger.compare` the engine's whole state against what the events add up to.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from hyperliquid_perpetual.sandbox.engine.events import (
    CashMoved,
    Event,
    FillMade,
    FundingPaid,
    LedgerUpdated,
    OrderUpdated,
    PriceChanged,
    Replied,
    TradeMade,
    TwapUpdated,
    TwapWaits,
)
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.records import Fill, OrderRecord, TwapRecord, TwapState
from hyperliquid_perpetual.sandbox.engine.state import Place

TAKER, MAKER = Fraction(45, 100_000), Fraction(15, 100_000)
MICRO = Fraction(1, 10**6)
WIDE = Context(prec=80)


def micro(value: Fraction) -> Fraction:
    """A dollar amount rounded half to even to six decimals, by the decimal module."""
    decimal = WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Fraction(decimal.quantize(Decimal("0.000001"), ROUND_HALF_EVEN, WIDE))


@dataclass
class Holding:
    """One account in one market."""

    size: Fraction = Fraction(0)
    trade_cash: Fraction = Fraction(0)
    closed_pnl: Fraction = Fraction(0)


@dataclass
class ShadowOrder:
    """One order as the events have told it."""

    record: OrderRecord
    remaining: int
    queue: int
    filled: int = 0


@dataclass
class ShadowLedger:
    """What the events of an exchange add up to."""

    markets: dict[int, Market]
    deposited: dict[str, Fraction] = field(default_factory=dict)
    deposited_spot: dict[str, Fraction] = field(default_factory=dict)
    spot: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    cash: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    fees: dict[str, Fraction] = field(default_factory=dict)
    holdings: dict[tuple[str, int], Holding] = field(default_factory=dict)
    resting: dict[int, ShadowOrder] = field(default_factory=dict)
    waiting: dict[int, ShadowOrder] = field(default_factory=dict)
    """Trigger orders that have not fired, with or without a parent."""
    triggered: set[int] = field(default_factory=set)
    parents: dict[int, int] = field(default_factory=dict)
    """The parent of every TP/SL order that was ever told with one, by oid."""
    ended: dict[int, OrderRecord] = field(default_factory=dict)
    filled: dict[int, int] = field(default_factory=dict)
    oracle: dict[int, Fraction] = field(default_factory=dict)
    mark: dict[int, int] = field(default_factory=dict)
    twaps: dict[int, TwapState] = field(default_factory=dict)
    """TWAP orders that have begun or wait and have not ended, as they were last told."""
    ended_twaps: set[int] = field(default_factory=set)
    sliced: dict[int, tuple[int, Fraction]] = field(default_factory=dict)
    """What the slices of a TWAP order add up to: lots, and dollars."""
    settled: dict[int, int] = field(default_factory=dict)
    """Settlement prices by asset."""
    deleveraged: int = 0
    backstopped: int = 0
    trades: int = 0
    queue: int = 0

    def follow(self, events: list[Event]) -> None:
        """Take in the events of one command, one after another."""
        pending: list[TradeMade | FillMade] = []
        taken_over: list[Fill] = []
        for position, event in enumerate(events):
            assert not isinstance(event, Replied) or position == 0
            if isinstance(event, FillMade) and event.fill.dir == "Settlement":
                assert not pending, "a settlement is no match"
                self._settle(event.fill)
                continue
            if isinstance(event, FillMade) and not pending:
                taken_over.append(event.fill)
                if len(taken_over) == 2:
                    self._take_over(*taken_over)
                    taken_over = []
                continue
            assert not taken_over, "a position that changes hands is told by two fills at once"
            if isinstance(event, TradeMade | FillMade):
                pending.append(event)
                if len(pending) == 3:
                    self._match(pending)
                    pending = []
                continue
            assert not pending, "a trade is followed at once by the two fills of it"
            if isinstance(event, OrderUpdated):
                self._update(event.order)
            elif isinstance(event, CashMoved):
                self._move(event)
            elif isinstance(event, LedgerUpdated):
                self.notes.append((event.account, event.update.kind))
            elif isinstance(event, PriceChanged):
                self.oracle[event.asset] = Fraction(event.oracle_px, 10**6)
                self.mark[event.asset] = event.mark_px
            elif isinstance(event, TwapWaits):
                assert event.state.trigger is not None
                self.twaps[event.state.twap_id] = event.state
            elif isinstance(event, TwapUpdated):
                self._follow_twap(event.record)
            elif isinstance(event, FundingPaid):
                self._fund(event)
        assert not pending
        assert not taken_over

    def _move(self, event: CashMoved) -> None:
        amount = Fraction(event.amount, 10**12)
        if event.place == "spot":
            self.deposited_spot[event.token] = self.deposited_spot.get(event.token, Fraction(0)) + amount
            key = event.account, event.token
            self.spot[key] = self.spot.get(key, Fraction(0)) + amount
        else:
            collateral = {market.collateral for market in self.markets.values() if market.dex == event.place}
            assert event.token in (collateral or {"USDC"}), "only a dex's own collateral enters or leaves it"
            self.deposited[event.place] = self.deposited.get(event.place, Fraction(0)) + amount
            self._pay(event.account, event.place, amount)

    def _pay(self, account: str, dex: str, amount: Fraction) -> None:
        self.cash[account, dex] = self.cash.get((account, dex), Fraction(0)) + amount

    def _holding(self, account: str, asset: int) -> Holding:
        return self.holdings.setdefault((account, asset), Holding())

    def _match(self, events: list[TradeMade | FillMade]) -> None:
        trade, maker, taker = events
        assert isinstance(trade, TradeMade)
        assert isinstance(maker, FillMade)
        assert isinstance(taker, FillMade)
        public, made, took = trade.trade, maker.fill, taker.fill
        assert made.account != took.account, "nobody trades with themselves"
        assert (made.crossed, took.crossed) == (False, True)
        assert made.is_buy is not took.is_buy
        assert {fill.tid for fill in (made, took)} == {public.tid}
        assert {(fill.px, fill.sz, fill.asset) for fill in (made, took)} == {(public.px, public.sz, public.asset)}
        assert public.is_buy is took.is_buy
        assert {True: public.buyer, False: public.seller} == {made.is_buy: made.account, took.is_buy: took.account}
        assert public.sz > 0
        assert made.twap_id is None
        assert {made.hash, took.hash, public.hash} == {public.hash}
        assert (public.hash == "0x" + "0" * 64) is (took.twap_id is not None)
        if took.twap_id is not None:
            self._slice(took)
        self.trades += 1
        best = self._best(public.asset, made.is_buy)
        assert best is not None
        assert best.record.oid == made.oid, "the best price first, then first come"
        assert best.record.limit_px == public.px, "the maker's price is the trade's"
        assert best.remaining >= public.sz
        best.remaining -= public.sz
        self._book(made, MAKER)
        self._book(took, TAKER)

    def _slice(self, fill: Fill) -> None:
        """A slice trades for an order that runs, on its side, and never more than it wants."""
        assert fill.twap_id is not None
        state = self.twaps[fill.twap_id]
        assert (state.account, state.asset, state.is_buy) == (fill.account, fill.asset, fill.is_buy)
        assert fill.cloid is None
        lots, dollars = self.sliced.get(fill.twap_id, (0, Fraction(0)))
        unit = 10 ** self.markets[fill.asset].sz_decimals
        self.sliced[fill.twap_id] = lots + fill.sz, dollars + Fraction(fill.px * fill.sz, 10**6 * unit)
        assert self.sliced[fill.twap_id][0] <= state.sz

    def _follow_twap(self, record: TwapRecord) -> None:
        state = record.state
        assert state.twap_id not in self.ended_twaps, "a TWAP order ends once"
        lots, dollars = self.sliced.get(state.twap_id, (0, Fraction(0)))
        assert (state.executed_sz, Fraction(state.executed_ntl, 10**12)) == (lots, dollars)
        assert (record.description is None) is (record.status != "error")
        if record.status == "activated":
            assert not lots
            self.twaps[state.twap_id] = state
        else:
            del self.twaps[state.twap_id]
            self.ended_twaps.add(state.twap_id)

    def _take_over(self, given: Fill, taken: Fill) -> None:
        """Outside the book, without a fee: one side gets rid of all or part of a position, nobody's grows but the
        liquidator's."""
        assert given.account != taken.account
        assert (given.px, given.sz, given.asset, given.tid) == (taken.px, taken.sz, taken.asset, taken.tid)
        assert given.is_buy is not taken.is_buy
        assert given.liquidation == taken.liquidation
        assert (given.start_position > 0) is not given.is_buy
        assert given.sz <= abs(given.start_position)
        if given.liquidation is None:
            assert given.dir == taken.dir == "Auto-Deleveraging"
            assert (taken.start_position > 0) is not taken.is_buy
            assert taken.sz <= abs(taken.start_position)
            self.deleveraged += 1
        else:
            assert (given.liquidation.user, given.liquidation.method) == (given.account, "backstop")
            assert given.dir.startswith("Liquidated ")
            self.backstopped += 1
        for fill in (given, taken):
            self._book(fill, Fraction(0))

    def _settle(self, fill: Fill) -> None:
        """The whole position, without a fee, at the price at which all others of the market are settled."""
        assert abs(self._holding(fill.account, fill.asset).size) == Fraction(
            fill.sz, 10 ** self.markets[fill.asset].sz_decimals
        )
        assert self.settled.setdefault(fill.asset, fill.px) == fill.px
        self._book(fill, Fraction(0))
        assert self._holding(fill.account, fill.asset).size == 0

    def _best(self, asset: int, is_buy: bool) -> ShadowOrder | None:
        side = [
            order
            for order in self.resting.values()
            if order.record.asset == asset and order.record.is_buy == is_buy and order.remaining
        ]
        sign = -1 if is_buy else 1
        return min(side, key=lambda order: (sign * order.record.limit_px, order.queue), default=None)

    def _book(self, fill: Fill, fee_rate: Fraction) -> None:
        market = self.markets[fill.asset]
        size = Fraction(fill.sz, 10**market.sz_decimals) * (1 if fill.is_buy else -1)
        holding = self._holding(fill.account, fill.asset)
        assert Fraction(fill.start_position, 10**market.sz_decimals) == holding.size
        notional = Fraction(fill.px, 10**6) * abs(size)
        fee = Fraction(fill.fee, 10**12)
        for_builder = Fraction(fill.builder_fee, 10**12)
        assert fee == micro(notional * fee_rate) + for_builder
        assert fill.fee_token == market.collateral
        flow = -Fraction(fill.px, 10**6) * size
        holding.size += size
        holding.trade_cash += flow
        holding.closed_pnl += Fraction(fill.closed_pnl, 10**12)
        self._pay(fill.account, market.dex, flow - fee)
        self.fees[market.dex] = self.fees.get(market.dex, Fraction(0)) + fee - for_builder
        assert (fill.builder is None) is (for_builder == 0)
        if fill.builder is not None:
            self._pay(fill.builder, market.dex, for_builder)
        self.filled[fill.oid] = self.filled.get(fill.oid, 0) + fill.sz

    def _fund(self, event: FundingPaid) -> None:
        payment = event.payment
        market = self.markets[payment.asset]
        size = self._holding(event.account, payment.asset).size
        assert Fraction(payment.szi, 10**market.sz_decimals) == size
        amount = Fraction(payment.amount, 10**12)
        assert amount == micro(-size * self.oracle[payment.asset] * Fraction(payment.rate, 10**10))
        self._pay(event.account, market.dex, amount)

    def _update(self, record: OrderRecord) -> None:
        assert record.oid not in self.ended, "an order ends once"
        assert 0 <= record.sz <= record.orig_sz
        filled = self.filled.get(record.oid, 0)
        assert record.orig_sz - record.sz == filled, "what is not left has been filled"
        status = record.status.value
        for child in record.children:
            assert self.parents.setdefault(child.oid, record.oid) == record.oid
        if status == "triggered":
            self._fire(record)
            return
        if status == "open":
            is_waiting = record.trigger is not None and record.oid not in self.triggered
            home = self.waiting if is_waiting else self.resting
            assert (record.tif is None) is is_waiting
            known = home.get(record.oid)
            if known is None:
                self.queue += 1
                home[record.oid] = ShadowOrder(record, record.sz, self.queue)
            else:
                assert record.reduce_only
                assert record.sz < known.remaining, "an order that is told again was cut"
                known.record, known.remaining = record, record.sz
            return
        if status == "filled":
            assert record.sz == 0
            assert filled
        elif status.endswith("ejected"):
            assert filled == 0
            assert record.oid not in self.resting
        else:
            assert "ancel" in status
            assert record.sz > 0 or record.is_position_tpsl
        known = self.resting.pop(record.oid, None) or self.waiting.pop(record.oid, None)
        assert known is None or known.remaining == record.sz
        self.ended[record.oid] = record

        if status == "filled" and record.oid in self.parents:
            siblings = [oid for oid, parent in self.parents.items() if parent == self.parents[record.oid]]
            ended = [self.ended[oid].status.value for oid in siblings if oid in self.ended]
            assert ended.count("filled") == 1, "of the TP/SL orders of one parent at most one is filled"

    def _fire(self, record: OrderRecord) -> None:
        """A trigger order fires only where the mark is, and only when its parent has been filled."""
        known = self.waiting.pop(record.oid)
        assert known.remaining == record.sz or (record.is_position_tpsl and known.remaining == 0)
        assert record.trigger is not None
        mark = self.mark[record.asset]
        rises = (record.trigger.tpsl == "tp") == (not record.is_buy)
        assert mark >= record.trigger.px if rises else mark <= record.trigger.px
        size = self._holding(record.account, record.asset).size * 10 ** self.markets[record.asset].sz_decimals
        assert record.sz <= abs(size)
        assert record.is_buy == (size < 0)
        parent = self.parents.get(record.oid)
        if parent is not None:
            assert parent in self.ended
            assert record.orig_sz <= self.filled[parent]
        self.triggered.add(record.oid)

    def compare(self, exchange: Exchange) -> None:
        """The state of the exchange is what its events add up to."""
        self._compare_cash(exchange)
        self._compare_positions(exchange)
        self._compare_orders(exchange)
        active = [state for address in exchange.accounts for state in exchange.twaps.active(address)]
        assert {state.twap_id for state in active} == self.twaps.keys()
        for state in active:
            assert state.executed_sz == self.sliced.get(state.twap_id, (0, 0))[0] < state.sz

    def _compare_cash(self, exchange: Exchange) -> None:
        for address, account in exchange.accounts.items():
            for dex, house in account.clearinghouses.items():
                raw = house.raw_usd + sum(position.isolated_usd for position in house.positions.values())
                assert Fraction(raw, 10**12) == self.cash.get((address, dex), Fraction(0))
            assert {token: Fraction(amount, 10**12) for token, amount in account.spot.items()} == {
                token: amount for (owner, token), amount in self.spot.items() if owner == address
            }
        assert {token: Fraction(amount, 10**12) for token, amount in exchange.treasury.deposited_spot.items()} == (
            self.deposited_spot
        )
        for dex in self.deposited:
            total = sum(value for (_, where), value in self.cash.items() if where == dex)
            fees = Fraction(exchange.fees_collected(dex), 10**12)
            funding = Fraction(exchange.funding_paid(dex), 10**12)
            assert fees == self.fees.get(dex, Fraction(0))
            assert total + fees - funding == self.deposited[dex] == Fraction(exchange.deposited[dex], 10**12)

    def _compare_positions(self, exchange: Exchange) -> None:
        for asset, state in exchange.markets.items():
            market = state.market
            unit = 10**market.sz_decimals
            mark = Fraction(state.mark_px, 10**6)
            sizes = []
            for address, account in exchange.accounts.items():
                position = account.position(market)
                if position is None:
                    continue
                holding = self.holdings.get((address, asset), Holding())
                assert Fraction(position.szi, unit) == holding.size
                sizes.append(holding.size)
                assert position.cost >= 0
                assert (position.cost > 0) == (position.szi != 0)
                if position.is_cross or not position.szi:
                    assert position.isolated_usd == 0
                unrealized = Fraction(position.unrealized_pnl(state.mark_px), 10**12)
                assert holding.closed_pnl + unrealized == holding.trade_cash + holding.size * mark
            assert sum(sizes) == 0, "every long has its short"
            assert Fraction(state.open_interest, unit) == sum(size for size in sizes if size > 0)

    def _compare_orders(self, exchange: Exchange) -> None:
        on_books = {}
        for asset, state in exchange.markets.items():
            bid, ask = state.book.bids.best, state.book.asks.best
            assert bid is None or ask is None or bid < ask, "a book is never crossed"
            for is_buy in (True, False):
                shadow = [
                    order
                    for order in self.resting.values()
                    if order.record.asset == asset and order.record.is_buy == is_buy
                ]
                sign = -1 if is_buy else 1
                shadow.sort(key=lambda order, sign=sign: (sign * order.record.limit_px, order.queue))  # type: ignore[misc]
                real = list(state.book.side(is_buy).orders())
                assert [(order.oid, order.px, order.sz) for order in real] == [
                    (order.record.oid, order.record.limit_px, order.remaining) for order in shadow
                ]
                on_books.update({order.oid: order for order in real})
        assert on_books.keys() == self.resting.keys()
        in_accounts = {
            oid: order for account in exchange.accounts.values() for oid, order in account.open_orders.items()
        }
        waiting = {oid: order for oid, order in in_accounts.items() if order.place is not Place.BOOK}
        assert {oid: order.sz for oid, order in waiting.items()} == {
            oid: order.remaining for oid, order in self.waiting.items()
        }
        assert {oid: order for oid, order in in_accounts.items() if oid not in waiting} == on_books
        for order in waiting.values():
            assert order.trigger is not None
            mark = exchange.markets[order.asset].mark_px
            if order.place is Place.WAITING and order.oid not in self.parents:
                # The replacement of a child: nobody is told whose child it is before its parent is told again.
                assert order.bracket is not None
                assert order.bracket.parent is not None
                self.parents[order.oid] = order.bracket.parent.oid
            if self.parents.get(order.oid) in self.resting:
                assert order.place is Place.WAITING
            else:
                assert order.place is Place.ARMED
                assert not order.trigger.is_met(order.is_buy, mark), "what the mark has reached has fired"
        for address, account in exchange.accounts.items():
            by_cloid = {order.cloid: order for order in account.open_orders.values() if order.cloid is not None}
            assert account.open_by_cloid == by_cloid
            for record in account.history.newest_first():
                assert self.ended[record.oid] == record
            for house in account.clearinghouses.values():
                for asset, position in house.positions.items():
                    mine = [order for order in account.open_orders.values() if order.asset == asset]
                    free = [order for order in mine if not order.reduce_only]
                    assert all(order.place is Place.BOOK for order in free)
                    assert position.resting_buys == sum(order.sz for order in free if order.is_buy)
                    assert position.resting_sells == sum(order.sz for order in free if not order.is_buy)
                    reducing = [order for order in mine if order.reduce_only and order.place is not Place.WAITING]
                    assert position.reduce_only_orders == {order.oid: order for order in reducing}
                    for order in reducing:
                        assert order.account.address == address
                        assert order.sz <= abs(position.szi), "a reduce-only order never outgrows the position"
                        assert order.sz > 0 or order.is_position_tpsl
                        assert order.is_buy == (position.szi < 0)
