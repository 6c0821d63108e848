"""What the fees of an account depend on, and the daily assessment of it (reference, section 13).

A standing belongs to an account and is shared by its sub-accounts, whose volume counts to the master; vaults have one
of their own. It is assessed when a UTC day begins, from the fourteen days before it, and when stakes change.

The volume of a local exchange is small, so a single maker soon is a large part of it. What the rest of the venue would
trade on a day (`ExchangeConfig.outside_daily_volume`) is therefore added before anybody's part is reckoned.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from .fee_tiers import BASE_MAKER, BASE_TAKER, WINDOW_DAYS, account_rates
from .units import DAY

if TYPE_CHECKING:
    from .outbox import Outbox
    from .state import Account

KEPT_DAYS = WINDOW_DAYS + 2


class DayVolume(Struct):
    """Money traded on one UTC day (days since 1970); a market in growth mode counts a tenth."""

    day: int
    taker: int = 0
    maker: int = 0


class FeeStanding(Struct):
    """The days of an account, the newest last, and the rates (1e-9) that it has from them, before any referral."""

    days: list[DayVolume] = []
    taker: int = BASE_TAKER
    maker: int = BASE_MAKER
    staked: int = 0
    """Delegated HYPE, in the units of money."""
    undelegated: int = 0
    """HYPE in the staking account that is not delegated; priority fees are paid from it (section 15)."""

    def add(self, day: int, value: int, crossed: bool) -> None:
        """Count a match."""
        days = self.days
        if not days or days[-1].day != day:
            days.append(DayVolume(day))
            if len(days) > KEPT_DAYS:
                del days[0]
        if crossed:
            days[-1].taker += value
        else:
            days[-1].maker += value

    def window(self, day: int) -> tuple[int, int]:
        """(all volume, maker volume) of the days before `day` that count for it."""
        counted = [entry for entry in self.days if day - WINDOW_DAYS <= entry.day < day]
        return sum(entry.taker + entry.maker for entry in counted), sum(entry.maker for entry in counted)


class FeeDesk:
    """Counts volumes, and assesses every standing when a day begins. An `Agenda` of the timeline."""

    __slots__ = ("_accounts", "_next", "_outbox", "_outside", "totals")

    def __init__(self, accounts: Mapping[str, "Account"], outside_daily_volume: int, outbox: "Outbox") -> None:
        self._accounts = accounts
        self._outside = outside_daily_volume
        self._outbox = outbox
        self._next: int | None = None
        self.totals = FeeStanding()
        """The whole exchange; every match is there once, as a maker's."""

    def count(self, account: "Account", value: int, crossed: bool) -> None:
        """One side of a match; `value` is weighted."""
        day = self._outbox.time // DAY
        account.fee_standing.add(day, value, crossed)
        if not crossed:
            self.totals.add(day, value, crossed=False)

    def exchange_volume(self, day: int) -> int:
        """What is traded on a day, here and outside (money)."""
        return self._outside + sum(entry.maker for entry in self.totals.days if entry.day == day)

    def assess(self, standing: FeeStanding) -> None:
        """Give a standing its rates for today."""
        day = self._outbox.time // DAY
        volume, maker_volume = standing.window(day)
        total = self.totals.window(day)[1] + WINDOW_DAYS * self._outside
        standing.taker, standing.maker = account_rates(volume, maker_volume, total, standing.staked)

    def next_time(self) -> int | None:
        """The next midnight."""
        if self._next is None:
            self._next = (self._outbox.time // DAY + 1) * DAY
        return self._next

    def run_due(self) -> None:
        """A day begins."""
        for account in self._accounts.values():
            if account.fee_standing.days:
                self.assess(account.fee_standing)
        self._next = (self._outbox.time // DAY + 1) * DAY
