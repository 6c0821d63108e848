"""How long to wait before trying again: longer after each failure in a row, and never in step with others."""

import random


class Backoff:
    """Delays in seconds with full jitter: uniform between 0 and a ceiling that doubles with each failure."""

    def __init__(self, first: float = 0.5, longest: float = 30.0) -> None:
        self._first = first
        self._longest = longest
        self.failures = 0
        """Failures in a row."""

    @property
    def is_worth_telling(self) -> bool:
        """Whether this failure should be logged: the first, second, fourth, eighth... of a long row."""
        return self.failures > 0 and self.failures & (self.failures - 1) == 0

    def fail(self) -> None:
        """Counts a failure."""
        self.failures += 1

    def succeed(self) -> None:
        """Starts over with the first delay."""
        self.failures = 0

    def delay(self) -> float:
        """How long to wait after the last failure."""
        doublings = min(max(self.failures - 1, 0), 16)
        ceiling = min(self._longest, self._first * 2**doublings)
        return random.uniform(0.0, ceiling)  # noqa: S311 (spreads retries, protects nothing)
