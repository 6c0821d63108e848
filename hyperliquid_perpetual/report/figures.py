"""All figures of a report: what happened in a stretch of time, pair by pair and together."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from hyperliquid_perpetual.report.database import Fill, Order, Payment, Quote
from hyperliquid_perpetual.report.ledger import Holding, Step
from hyperliquid_perpetual.report.liquidity import Liquidity
from hyperliquid_perpetual.report.log_facts import Incident, LogFacts, Session
from hyperliquid_perpetual.report.quoting import Quoting
from hyperliquid_perpetual.report.spread import Capture
from hyperliquid_perpetual.report.timing import Latency

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Window:
    """A stretch of time, Unix milliseconds, both ends included."""

    start_ms: int
    end_ms: int

    def has(self, time_ms: int) -> bool:
        """Whether a moment lies in it."""
        return self.start_ms <= time_ms <= self.end_ms


@dataclass(frozen=True)
class PairFigures:
    """One pair in the window. Money in USD, sizes in the coin."""

    pair: str
    before: Holding
    after: Holding
    fills: tuple[Fill, ...]
    liquidity: dict[Fill, Liquidity]
    payments: tuple[Payment, ...]
    steps: tuple[Step, ...]
    quotes: tuple[Quote, ...]
    capture: Capture
    quoting: Quoting | None
    """None when the bot had no limit order in the window."""
    outcomes: Counter[str]

    @property
    def volume(self) -> Decimal:
        """What was traded."""
        return sum((fill.notional for fill in self.fills), _ZERO)

    @property
    def realized(self) -> Decimal:
        """Earned by closing positions, before fees and funding."""
        return self.after.realized - self.before.realized

    @property
    def unrealized(self) -> Decimal:
        """By how much the open position's profit has changed."""
        return self.after.unrealized - self.before.unrealized

    @property
    def fees(self) -> Decimal:
        """Charged."""
        return self.after.fees - self.before.fees

    @property
    def funding(self) -> Decimal:
        """Received."""
        return self.after.funding - self.before.funding

    @property
    def profit(self) -> Decimal:
        """Everything together."""
        return self.after.profit - self.before.profit

    def count_of(self, side: Liquidity) -> int:
        """How many fills were of that side."""
        return sum(1 for fill in self.fills if self.liquidity[fill] is side)

    def volume_of(self, side: Liquidity) -> Decimal:
        """What was traded as that side."""
        return sum((fill.notional for fill in self.fills if self.liquidity[fill] is side), _ZERO)

    def fees_of(self, side: Liquidity) -> Decimal:
        """What was charged as that side."""
        return sum((fill.fee for fill in self.fills if self.liquidity[fill] is side), _ZERO)


@dataclass(frozen=True)
class Figures:
    """A report in figures."""

    database: Path
    log: Path | None
    connector: str
    strategies: tuple[str, ...]
    window: Window
    sessions: tuple[Session, ...]
    pairs: tuple[PairFigures, ...]
    """The one with the most volume first."""
    steps: tuple[Step, ...]
    """All books in the window, event by event; their equity starts at zero."""
    orders: tuple[Order, ...]
    latencies: tuple[Latency, ...]
    facts: LogFacts | None
    """None without a log."""
    incidents: tuple[Incident, ...]
    notes: tuple[str, ...] = field(default=())
    """What is not in the data, or has to be known to read the figures."""

    def total(self, name: str) -> Decimal:
        """A sum over all pairs, of a figure that is money: `profit`, `realized`, `unrealized`, `fees`, `funding`,
        `volume`."""
        return sum((getattr(pair, name) for pair in self.pairs), _ZERO)

    @property
    def drawdown(self) -> Decimal:
        """The largest fall of the equity below what it had been before, in USD."""
        highest = deepest = _ZERO
        for step in self.steps:
            highest = max(highest, step.equity)
            deepest = max(deepest, highest - step.equity)
        return deepest

    @property
    def outcomes(self) -> Counter[str]:
        """What became of all orders."""
        total: Counter[str] = Counter()
        for pair in self.pairs:
            total.update(pair.outcomes)
        return total

    def incidents_of(self, kind: str) -> list[Incident]:
        """The incidents of one kind in the window."""
        return [incident for incident in self.incidents if incident.kind == kind]
