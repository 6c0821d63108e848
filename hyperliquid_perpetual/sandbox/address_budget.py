"""How many requests an account may send in all (reference, section 9.3).

An account may send 10,000 and one more for each USD that it has ever traded; cancels have a greater limit. Beyond it
one action passes every ten seconds. Requests that were paid for (`reserveRequestWeight`) are taken off the count. What
the reference leaves open: the count in the venue's text has the refused action in it, a refused action is not counted
afterwards, and a batch passes the slow lane whole.
"""

from msgspec import Struct

from hyperliquid_perpetual.sandbox.action_base import Action
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.units import MONEY_SCALE, divide_half_even
from hyperliquid_perpetual.sandbox.signed_requests import CancelAction, CancelByCloidAction

ALLOWANCE = 10_000
MORE_CANCELS = 100_000
SLOW_MS = 10_000
"""Beyond the limit: between two actions."""
EXPIRED_COST = 5
"""Requests for an action that arrived after its `expiresAfter`."""


class Standing(Struct, frozen=True):
    """The figures of `userRateLimit`; `volume` in money, `used` before what was reserved is taken off."""

    volume: int
    limit: int
    used: int
    reserved: int


class AddressBudget:
    """Counts the requests of every account. `allowance` is what each has before it trades, None for no limit."""

    def __init__(self, exchange: Exchange, allowance: int | None = ALLOWANCE) -> None:
        self._exchange = exchange
        self.allowance = allowance
        self.used: dict[str, int] = {}
        """Items asked for so far, by account."""
        self.slow_until: dict[str, int] = {}
        """When the next action of an account beyond its limit may come (Unix ms)."""

    def standing(self, address: str) -> Standing:
        """How an account stands; a lowercase address."""
        account = self._exchange.account(address)
        volume = 0 if account is None else account.volume
        reserved = 0 if account is None else account.reserved_requests
        allowance = ALLOWANCE if self.allowance is None else self.allowance
        return Standing(volume, allowance + volume // MONEY_SCALE, self.used.get(address, 0), reserved)

    def refusal(self, address: str, action: Action, now: int) -> str | None:
        """Why an account may not send an action at `now`, if so: the venue's text."""
        if self.allowance is None or not self._is_beyond(address, action):
            return None
        if now >= self.slow_until.get(address, 0):
            return None
        standing = self.standing(address)
        asked = standing.used - standing.reserved + action.items
        traded = divide_half_even(standing.volume, MONEY_SCALE)
        return (
            f"Too many cumulative requests sent ({asked} > {self._limit(standing, action)}) for cumulative volume "
            f"traded ${traded}. Place taker orders to free up 1 request per USDC traded."
        )

    def count(self, address: str, action: Action, now: int) -> None:
        """An action was admitted."""
        if self.allowance is not None and self._is_beyond(address, action):
            self.slow_until[address] = now + SLOW_MS
        self.charge(address, action.items)

    def charge(self, address: str, items: int) -> None:
        """Count items without asking whether they are within the limit."""
        self.used[address] = self.used.get(address, 0) + items

    def _is_beyond(self, address: str, action: Action) -> bool:
        used = self.used.get(address, 0) + action.items
        # Most accounts are far from it: nothing else has to be looked at.
        if self.allowance is not None and used <= self.allowance:
            return False
        standing = self.standing(address)
        return used - standing.reserved > self._limit(standing, action)

    @staticmethod
    def _limit(standing: Standing, action: Action) -> int:
        if isinstance(action, CancelAction | CancelByCloidAction):
            return min(standing.limit + MORE_CANCELS, standing.limit * 2)
        return standing.limit
