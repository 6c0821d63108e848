"""What a bot's log tells that its database does not: when it ran, when orders were answered, and what went wrong.

The texts are those of this package's connector and of Hummingbot's order tracker; a log of another connector, or one
that keeps warnings alone, simply tells less. Times in a log have no zone: they are read as this machine's, and moved by
whole quarters of an hour where the orders that log and database both know show that the bot ran in another one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median

from hyperliquid_perpetual.report.records import Record

QUARTER_MS = 15 * 60 * 1000
MOST_KEPT = 2000
"""Of records that are kept with their text: a broken bot can log an error a second for a month."""

_CREATED = re.compile(r"Created \S+ (?:BUY|SELL) order (\S+) for ")
_FILLED = re.compile(r"The (?:BUY|SELL) order (\S+) amounting to \S+ \S+ has been filled at ")
_CANCEL_ASKED = re.compile(r"\(\S+\) Cancell?ing the limit order (\S+?)\.(?: |$)")
_CANCELLED = re.compile(r"Successfully cancell?ed order (\S+?)\.$")
_FAILED = re.compile(r"Order (\S+) has failed\. Order Update: ")
_FAILURE_REASON = re.compile(r"'error_message': (?P<quote>['\"])(?P<text>.*?)(?P=quote)[,}]")
_FAILED_PAIR = re.compile(r"trading_pair='([^']+)'")
_LOST = re.compile(
    r"The (?P<name>.+?) connection (?P<what>was lost|could not be opened)(?: \(attempt \d+\))?: (?P<why>.*)"
)
_RECONCILED = re.compile(r"Reconciled: (?P<text>.*), (?P<since>while the account stream was|although the account)")
_UNKNOWN = re.compile(r"It is not known yet whether (?P<text>.*)")
_STALE = re.compile(r"The order book of (?P<pair>\S+) is stale: (?P<why>.*)")
_FRESH = re.compile(r"The order book of (?P<pair>\S+) is fresh again")
_RUNS = "Clock started successfully"
_STOPPED = ("Clock stopped successfully", "Trading core shutdown complete")

_KINDS_OF_DIFFERENCE = (
    ("fill", re.compile(r"a fill of order ")),
    ("acceptance", re.compile(r"order \S+ is open at the venue")),
    ("end", re.compile(r"order \S+ has ended at the venue")),
    ("position", re.compile(r"the position in ")),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch of time in which the bot ran, Unix milliseconds."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Incident:
    """Something worth a line of its own."""

    time_ms: int
    kind: str
    """`reconnect`, `difference`, `unknown outcome`, `refused order`, `stale book`, `error`."""
    subject: str
    """What it is about: a stream, a kind of difference, a pair."""
    text: str
    order_id: str = ""
    """The client order id, where it is about one order."""


@dataclass
class LogFacts:
    """What one log says. Times are Unix milliseconds; orders are known by their client order ids."""

    sessions: list[Session] = field(default_factory=list)
    created: dict[str, int] = field(default_factory=dict)
    """When each order's acceptance was logged."""
    fills_told: dict[str, list[int]] = field(default_factory=dict)
    """When each fill of an order was logged, in that order."""
    cancel_asked: dict[str, int] = field(default_factory=dict)
    """When a strategy first asked to cancel an order, where it logs that."""
    cancelled: dict[str, int] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)
    levels: Counter[str] = field(default_factory=Counter)
    """Records by level."""
    moved_ms: int = 0
    """By how much the log's times were moved, to agree with the database's."""
    left_out: int = 0
    """Incidents beyond those that are kept."""

    @property
    def tells_everyday_things(self) -> bool:
        """Whether it has records of a level below a warning, such as accepted orders."""
        return bool(self.levels["INFO"])

    def of_kind(self, kind: str) -> list[Incident]:
        """The incidents of a kind, oldest first."""
        return [incident for incident in self.incidents if incident.kind == kind]


def gather(records: Iterable[Record], made_at: Mapping[str, int]) -> LogFacts:
    """The facts of a log.

    :param made_at: when the orders of the database were made, Unix milliseconds, by id.
    """
    gathering = _Gathering()
    for record in records:
        gathering.take(record)
    gathering.end_session()
    facts = gathering.facts
    distances = [time - made_at[order_id] for order_id, time in facts.created.items() if order_id in made_at]
    if distances:
        facts.moved_ms = -round(median(distances) / QUARTER_MS) * QUARTER_MS
        _move(facts, facts.moved_ms)
    return facts


class _Gathering:
    """Reads record after record."""

    def __init__(self) -> None:
        self.facts = LogFacts()
        self._process: int | None = None
        self._runs_since: int | None = None
        self._is_start_known = False
        self._last = 0
        self._stale: set[str] = set()

    def take(self, record: Record) -> None:
        if record.process != self._process:
            self.end_session()
            self._process = record.process
            # The record of its start may have been rotated away.
            self._runs_since, self._is_start_known = record.time_ms, False
        self._last = record.time_ms
        self.facts.levels[record.level] += 1
        if record.level in ("ERROR", "CRITICAL"):
            self._note(Incident(record.time_ms, "error", record.level.lower(), record.text))
        self._read(record.time_ms, record.text)

    def end_session(self) -> None:
        if self._runs_since is not None and self._last > self._runs_since:
            self.facts.sessions.append(Session(self._runs_since, self._last))
        self._runs_since = None

    def _read(self, time: int, text: str) -> None:
        facts = self.facts
        if text == _RUNS:
            if self._is_start_known:
                self.end_session()
            self._runs_since, self._is_start_known = time, True
        elif text in _STOPPED:
            self.end_session()
        elif found := _CREATED.match(text):
            facts.created.setdefault(found[1], time)
        elif found := _FILLED.match(text):
            facts.fills_told.setdefault(found[1], []).append(time)
        elif found := _CANCEL_ASKED.match(text):
            facts.cancel_asked.setdefault(found[1], time)
        elif found := _CANCELLED.match(text):
            facts.cancelled.setdefault(found[1], time)
        else:
            self._read_trouble(time, text)

    def _read_trouble(self, time: int, text: str) -> None:
        if found := _FAILED.match(text):
            reason = _FAILURE_REASON.search(text)
            pair = _FAILED_PAIR.search(text)
            why = reason["text"] if reason else "the log gives no reason"
            self._note(Incident(time, "refused order", pair[1] if pair else "", why, found[1]))
        elif found := _LOST.match(text):
            self._note(Incident(time, "reconnect", found["name"], f"{found['what']}: {found['why']}"))
        elif found := _RECONCILED.match(text):
            kind = next((name for name, shape in _KINDS_OF_DIFFERENCE if shape.match(found["text"])), "other")
            self._note(Incident(time, "difference", kind, text.removeprefix("Reconciled: ")))
        elif found := _UNKNOWN.match(text):
            self._note(Incident(time, "unknown outcome", "", found["text"]))
        elif found := _STALE.match(text):
            if found["pair"] not in self._stale:
                self._stale.add(found["pair"])
                self._note(Incident(time, "stale book", found["pair"], found["why"]))
        elif found := _FRESH.match(text):
            self._stale.discard(found["pair"])

    def _note(self, incident: Incident) -> None:
        if len(self.facts.incidents) < MOST_KEPT:
            self.facts.incidents.append(incident)
        else:
            self.facts.left_out += 1


def _move(facts: LogFacts, by_ms: int) -> None:
    if not by_ms:
        return
    facts.sessions = [Session(session.start_ms + by_ms, session.end_ms + by_ms) for session in facts.sessions]
    for times in (facts.created, facts.cancel_asked, facts.cancelled):
        times.update({order_id: at + by_ms for order_id, at in times.items()})
    facts.fills_told = {key: [at + by_ms for at in times] for key, times in facts.fills_told.items()}
    facts.incidents = [replace(incident, time_ms=incident.time_ms + by_ms) for incident in facts.incidents]
