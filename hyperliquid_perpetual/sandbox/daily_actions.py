"""How many actions a day an account may send in the modes that have a cap (reference, section 9.3)."""

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.pools import SPOT_MODES

ACTIONS_PER_DAY = 50_000
DAY_MS = 86_400_000


class DailyActions:
    """Counts the actions of unified and portfolio margin accounts by UTC day; others have no cap."""

    def __init__(self, exchange: Exchange, limit: int = ACTIONS_PER_DAY) -> None:
        self._exchange = exchange
        self._limit = limit
        self._day = 0
        self._counts: dict[str, int] = {}

    def refusal(self, address: str, now: int) -> str | None:
        """Why an account may send no more today, if so; the text is ours."""
        if self._is_capped(address) and self._today(now).get(address, 0) >= self._limit:
            return f"Too many actions today: an account in this mode has {self._limit} a day."
        return None

    def count(self, address: str, now: int) -> None:
        """One more action was admitted."""
        if self._is_capped(address):
            counts = self._today(now)
            counts[address] = counts.get(address, 0) + 1

    def dump(self) -> tuple[int, dict[str, int]]:
        """The day (since 1970) and its counts by address."""
        return self._day, dict(self._counts)

    def load(self, day: int, counts: dict[str, int]) -> None:
        """Go on from what `dump` gave."""
        self._day, self._counts = day, dict(counts)

    def _is_capped(self, address: str) -> bool:
        account = self._exchange.account(address)
        return account is not None and account.mode in SPOT_MODES

    def _today(self, now: int) -> dict[str, int]:
        if now // DAY_MS != self._day:
            self._day, self._counts = now // DAY_MS, {}
        return self._counts
