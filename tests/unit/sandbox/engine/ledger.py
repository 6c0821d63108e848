"""Bookkeeping by an outsider: positions, cash, books and orders made from the events alone, in exact fractions.

Nothing here uses the engine's arithmetic. `ShadowLedger.follow` checks each event against what it already knows;
`ledger_comparison` compares the engine's whole state with what the events add up to.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from hyperliquid_perpetual.sandbox.engine.events import (
    CashMoved,
    Event,
    FillMade,
    FundingPaid,
    LedgerUpdated,
    OrderUpdated,
    PriceChanged,
    PriorityPaid,
    ReferralSet,
    Replied,
    RewardEarned,
    TradeMade,
    TwapUpdated,
    TwapWaits,
)
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.records import Fill, OrderRecord, TwapRecord, TwapState
from tests.unit.sandbox.engine.shadow_fees import ShadowFees, cut, rounded


def micro(value: Fraction) -> Fraction:
    """A dollar amount rounded half to even to six decimals, by the decimal module."""
    return rounded(value, 6)


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
    priority: int = 0


@dataclass
class ShadowLedger:
    """What the events of an exchange add up to."""

    markets: dict[int, Market]
    rates: ShadowFees
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
    earned: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    """Rewards of referrers, claimed or not, by account and token."""
    rewards_due: list[tuple[str, str, str, Fraction]] = field(default_factory=list)
    undelegated: dict[str, Fraction] = field(default_factory=dict)
    """HYPE in staking accounts that pays for priority."""
    moved: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    """Cash that came to an account's side of a dex less what left it."""
    fees_paid: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    fees_received: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    """As a builder."""
    funding: dict[tuple[str, str], Fraction] = field(default_factory=dict)
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
                assert not self.rewards_due, "rewards are told at once after the fills"
                pending.append(event)
                if len(pending) == 3:
                    self._match(pending)
                    pending = []
                continue
            assert not pending, "a trade is followed at once by the two fills of it"
            if isinstance(event, RewardEarned):
                self._reward(event)
                continue
            assert not self.rewards_due, "rewards are told at once after the fills"
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
            elif isinstance(event, ReferralSet):
                assert event.account not in self.rates.referrers
                self.rates.referrers[event.account] = event.referrer
            elif isinstance(event, PriorityPaid):
                payer = self.rates.payer(event.account)
                self.undelegated[payer] -= Fraction(event.amount, 10**12)
                assert self.undelegated[payer] >= 0
        assert not pending
        assert not self.rewards_due
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
            self._pay(event.account, event.place, amount, self.moved)

    def _pay(
        self, account: str, dex: str, amount: Fraction, why: dict[tuple[str, str], Fraction] | None = None
    ) -> None:
        for book in (self.cash, why):
            if book is not None:
                book[account, dex] = book.get((account, dex), Fraction(0)) + amount

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
        rates = [self.rates.rate(fill, self.markets[fill.asset]) for fill in (made, took)]
        for fill, rate in zip((made, took), rates, strict=True):
            self._book(fill, rate)
            self.rates.count(fill, self.markets[fill.asset])
        for fill in (made, took):
            referrer = self.rates.referrers.get(fill.account)
            reward = Fraction(max(0, fill.fee - fill.builder_fee) // 10**7, 10**6)
            if referrer is not None and reward and self.rates.lifetime[fill.account] < 10**9:
                self.rewards_due.append((referrer, fill.account, fill.fee_token, reward))

    def _reward(self, event: RewardEarned) -> None:
        reward = (event.account, event.referred, event.token, Fraction(event.amount, 10**12))
        assert self.rewards_due.pop(0) == reward, "a tenth of the fee without the builder's part"
        key = event.account, event.token
        self.earned[key] = self.earned.get(key, Fraction(0)) + reward[-1]

    def promote(self, oid: int, priority: int, now: int) -> None:
        """An order has paid for its place: it goes before the last ones of its price that are new and paid less."""
        mine = self.resting[oid]
        mine.priority = priority
        level = [
            order
            for order in self.resting.values()
            if (order.record.asset, order.record.is_buy, order.record.limit_px)
            == (mine.record.asset, mine.record.is_buy, mine.record.limit_px)
        ]
        level.sort(key=lambda order: order.queue)
        numbers = [order.queue for order in level]
        place = len(level) - 1
        assert level[place] is mine
        while place and level[place - 1].record.timestamp > now - 400 and level[place - 1].priority < priority:
            place -= 1
        level.insert(place, level.pop())
        for order, number in zip(level, numbers, strict=True):
            order.queue = number

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
        assert fee == cut(notional * fee_rate) + for_builder
        assert fill.fee_token == market.collateral
        flow = -Fraction(fill.px, 10**6) * size
        holding.size += size
        holding.trade_cash += flow
        holding.closed_pnl += Fraction(fill.closed_pnl, 10**12)
        self._pay(fill.account, market.dex, flow)
        self._pay(fill.account, market.dex, -fee, self.fees_paid)
        self.fees[market.dex] = self.fees.get(market.dex, Fraction(0)) + fee - for_builder
        assert (fill.builder is None) is (for_builder == 0)
        if fill.builder is not None:
            self._pay(fill.builder, market.dex, for_builder, self.fees_received)
        self.filled[fill.oid] = self.filled.get(fill.oid, 0) + fill.sz

    def _fund(self, event: FundingPaid) -> None:
        payment = event.payment
        market = self.markets[payment.asset]
        size = self._holding(event.account, payment.asset).size
        assert Fraction(payment.szi, 10**market.sz_decimals) == size
        amount = Fraction(payment.amount, 10**12)
        assert amount == micro(-size * self.oracle[payment.asset] * Fraction(payment.rate, 10**10))
        self._pay(event.account, market.dex, amount, self.funding)

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
