"""What became of requests, and how long actions took: counted where they are sent, read by whoever shows it.

Plain numbers that are added to once per request; nothing here waits, logs or grows.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable

from ..venue.replies import Outcome, Rejected, Unclear

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of what durations are sorted into, seconds."""


class Durations:
    """A histogram of durations."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0
        """Their sum, seconds."""

    def note(self, seconds: float) -> None:
        """Counts one."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> list[tuple[str, int]]:
        """For each bound, and for ``+Inf``, how many were not longer."""
        total, result = 0, []
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], self._counts, strict=True):
            total += count
            result.append((bound, total))
        return result


class RequestTally:
    """Of one connector, since it was made."""

    def __init__(self) -> None:
        self.infos: Counter[tuple[str, str]] = Counter()
        """Reads by kind and outcome: ``answered``, ``refused``, ``rate_limited`` or ``unavailable``."""
        self.items: Counter[tuple[str, str]] = Counter()
        """Orders, cancels and the like by kind of action and outcome: ``accepted``, ``rejected`` or ``unknown``."""
        self.actions: defaultdict[str, Durations] = defaultdict(Durations)
        """By kind of action, from the signed bytes to the answer, or to giving up on it."""

    def note_action(self, kind: str, outcomes: Iterable[Outcome], seconds: float) -> None:
        """Counts one action that was sent."""
        self.actions[kind].note(seconds)
        for outcome in outcomes:
            name = "rejected" if type(outcome) is Rejected else "unknown" if type(outcome) is Unclear else "accepted"
            self.items[kind, name] += 1
