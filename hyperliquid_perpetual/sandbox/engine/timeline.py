"""What time alone brings about: premium samples, mark prices, hourly funding, scheduled cancels, in their order."""

from collections.abc import Mapping
from typing import Protocol

from . import funding, prices
from .events import CancelScheduled, FundingPaid, FundingSettled, PriceChanged
from .market_state import MarketState
from .orders import OrderDesk
from .outbox import Outbox
from .records import FundingPayment, FundingRate, OrderStatus
from .schedule import CancelSchedule
from .state import Account, Position
from .units import HOUR


class Agenda(Protocol):
    """Things of one kind that are due at times of their own."""

    def next_time(self) -> int | None:
        """When the first of them is due (Unix ms), None when there is none."""
        ...

    def run_due(self) -> None:
        """Do the first of them; the outbox has its time."""
        ...


class Timeline:
    """Walks from one command's time to the next and does what is due on the way, each thing at its own time."""

    __slots__ = (
        "_accounts",
        "_desk",
        "_live_markets",
        "_next_due",
        "_next_hour",
        "_next_mark",
        "_now",
        "_outbox",
        "_sampled",
        "_schedule",
        "agendas",
        "funding_paid",
        "marks_moved",
    )

    def __init__(
        self,
        markets: Mapping[int, MarketState],
        accounts: Mapping[str, Account],
        desk: OrderDesk,
        schedule: CancelSchedule,
        outbox: Outbox,
    ) -> None:
        self._live_markets = [state for state in markets.values() if not state.market.is_delisted]
        self._accounts = accounts
        self._desk = desk
        self._schedule = schedule
        self._outbox = outbox
        self._now: int | None = None
        self._sampled = self._next_mark = self._next_hour = self._next_due = 0
        self.agendas: list[Agenda] = []
        """What else is due at times of its own; of things due together they come after cancels and before funding."""
        self.marks_moved = False
        """Whether a mark price, or what funding has left of margin, has changed since somebody reset this."""
        self.funding_paid: dict[str, int] = {}
        """Net funding that accounts have received, by dex, in money: what rounding has made or unmade."""

    def start(self, now: int) -> None:
        """Set the clock for the first time; nothing that lies before it is due."""
        self._now = self._sampled = now
        self._next_mark = _after(now, prices.MARK_INTERVAL)
        self._next_hour = _after(now, HOUR)
        self.plan()

    def add(self, state: MarketState) -> None:
        """A market has opened."""
        self._live_markets.append(state)

    def remove(self, state: MarketState) -> None:
        """A market has ended."""
        self._live_markets.remove(state)

    def check(self, now: int) -> None:
        """Raise `ValueError` when time would run backwards."""
        if self._now is not None and now < self._now:
            raise ValueError(f"time must not run backwards: {now} is before {self._now}")

    def advance(self, now: int) -> None:
        """Do everything that is due up to and including `now`."""
        if self._now is None:
            self.start(now)
        self._now = now
        if now < self._next_due:
            return
        outbox = self._outbox
        while True:
            cancel_time = self._schedule.next_time()
            due = self._next_hour if cancel_time is None else min(self._next_hour, cancel_time)
            agenda = self._first_agenda()
            if agenda is not None and agenda[0] <= due and agenda[0] != cancel_time:
                due = agenda[0]
            else:
                agenda = None
            if due > now:
                break
            outbox.time = due
            if agenda is not None:
                self._sample(due - 1)
                agenda[1].run_due()
            elif due == cancel_time:
                self._sample(due - 1)
                account = self._schedule.pop()
                self._desk.cancel_all(account, OrderStatus.SCHEDULED_CANCEL)
                outbox.emit(CancelScheduled(due, account.address, None))
            else:
                self._sample(due)
                self._settle_funding(due)
                self._next_hour = due + HOUR
        outbox.time = now
        self._sample(now)
        if now >= self._next_mark:
            self._next_mark = _after(now, prices.MARK_INTERVAL)
            for state in self._live_markets:
                self.update_mark(state, state.oracle_px)
        self.plan()

    def plan(self) -> None:
        """Find the next time at which something is due; to be called when something has been scheduled."""
        self._next_due = min(self._next_mark, self._next_hour, _after(self._sampled, funding.SAMPLE_INTERVAL))
        cancel_time = self._schedule.next_time()
        if cancel_time is not None:
            self._next_due = min(self._next_due, cancel_time)
        agenda = self._first_agenda()
        if agenda is not None:
            self._next_due = min(self._next_due, agenda[0])

    def _first_agenda(self) -> tuple[int, Agenda] | None:
        first: tuple[int, Agenda] | None = None
        for agenda in self.agendas:
            time = agenda.next_time()
            if time is not None and (first is None or time < first[0]):
                first = (time, agenda)
        return first

    def update_mark(self, state: MarketState, oracle_before: int) -> None:
        """Make a market's mark price anew and tell if it or the oracle has changed."""
        mark_before = state.mark_px
        prices.update_mark(state, self._outbox.time)
        if state.mark_px != mark_before or state.oracle_px != oracle_before:
            self.marks_moved = self.marks_moved or state.mark_px != mark_before
            self._outbox.emit(PriceChanged(self._outbox.time, state.market.asset, state.oracle_px, state.mark_px))

    def _sample(self, until: int) -> None:
        """Take the samples of every 5 s boundary up to `until`; the books have not changed since the last one."""
        count = until // funding.SAMPLE_INTERVAL - self._sampled // funding.SAMPLE_INTERVAL
        if count > 0:
            for state in self._live_markets:
                funding.take_samples(state, count)
        self._sampled = max(self._sampled, until)

    def _settle_funding(self, hour: int) -> None:
        outbox = self._outbox
        self.marks_moved = True
        holders = self._holders()
        for state in self._live_markets:
            market = state.market
            rate = funding.hourly_rate(state)
            settlement = FundingRate(hour, market.asset, market.coin, rate, funding.mean_premium(state))
            state.premium_sum = state.premium_samples = 0
            state.funding_history.append(settlement)
            outbox.emit(FundingSettled(hour, settlement))
            for account, position in holders.get(market.asset, ()):
                amount = funding.payment(position, state.oracle_px, rate)
                house = account.clearinghouse(market.dex)
                if position.is_cross:
                    house.raw_usd += amount
                    outbox.touch_cash(account, house)
                else:
                    position.isolated_usd += amount
                    outbox.touch_position(account, position)
                position.funding_all_time -= amount
                position.funding_since_open -= amount
                position.funding_since_change -= amount
                self.funding_paid[market.dex] = self.funding_paid.get(market.dex, 0) + amount
                paid = FundingPayment(hour, market.asset, market.coin, amount, position.szi, rate, outbox.tx_hash)
                account.fundings.append(paid)
                outbox.emit(FundingPaid(hour, account.address, paid))

    def _holders(self) -> dict[int, list[tuple[Account, Position]]]:
        """Who holds what, by asset id; in the order of the accounts."""
        holders: dict[int, list[tuple[Account, Position]]] = {}
        for account in self._accounts.values():
            for house in account.clearinghouses.values():
                for position in house.open_positions():
                    holders.setdefault(position.asset, []).append((account, position))
        return holders


def _after(now: int, interval: int) -> int:
    """The first multiple of an interval that lies after `now`."""
    return (now // interval + 1) * interval
