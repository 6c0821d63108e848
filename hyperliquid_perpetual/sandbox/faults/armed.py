"""A fault that has been asked for: whether it is its time, how often it may still happen, and how often it has."""

from random import Random
from typing import Any

from hyperliquid_perpetual.sandbox.clock import Timer
from hyperliquid_perpetual.sandbox.faults.specification import Fault, as_json, as_text


class Armed:
    """One fault of a running exchange. Its own generator makes its chances independent of every other fault."""

    __slots__ = ("fault", "happened", "is_open", "number", "random", "remaining", "timers")

    def __init__(self, number: int, fault: Fault, seed: str) -> None:
        self.number = number
        self.fault = fault
        self.remaining = fault.next
        self.is_open = False
        self.happened = 0
        self.random = Random(seed)  # noqa: S311 - has to be repeatable
        self.timers: list[Timer] = []

    def begin(self) -> None:
        """Its time has come, for the first time or again."""
        self.is_open = True
        self.remaining = self.fault.next

    def strikes(self) -> bool:
        """Decide about one request or frame that matches: one number is drawn for each when there is a chance."""
        if self.remaining == 0 or (self.fault.chance is not None and self.random.random() >= self.fault.chance):
            return False
        if self.remaining is not None:
            self.remaining -= 1
        return True

    def as_json(self) -> dict[str, Any]:
        """As the control API lists it."""
        return {
            "id": self.number,
            "text": as_text(self.fault),
            "fault": as_json(self.fault),
            "isOpen": self.is_open,
            "happened": self.happened,
            "remaining": self.remaining,
        }
