"""What a person sees of a run: where it is, and a short table at the end."""

import time
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from tests.chaos.summary import NOUGHTS, Summary

EVERY_SECONDS = 15.0


class Display:
    """Prints to a console; a line now and then, so that it reads as well in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._next = 0.0

    def say(self, text: str) -> None:
        """One line, with the seconds since the start."""
        self._console.print(
            f"[{time.monotonic() - self._began:5.0f} s] {text}", markup=False, highlight=False, soft_wrap=True
        )

    def progress(self, elapsed: float, seconds: int, faults: Mapping[str, int], restarts: int) -> None:
        """How far it is."""
        if elapsed >= self._next:
            self._next = elapsed + EVERY_SECONDS
            kinds = sum(1 for count in faults.values() if count)
            self.say(
                f"{elapsed:.0f} of {seconds} s: {sum(faults.values())} faults of {kinds} kinds, {restarts} restarts"
            )

    def show(self, summary: Summary) -> None:
        """The figures."""
        grid = Table("", "", title=f"Chaos, seed {summary.seed}, {summary.seconds} s", box=None, show_header=False)
        grid.columns[1].justify = "right"
        for name in ("commands", "orders", "fills", "reconnects", "restarts"):
            grid.add_row(name, str(getattr(summary, name)))
        grid.add_row("faults", f"{sum(summary.faults.values())} of {len(summary.faults)} kinds")
        for name in NOUGHTS:
            value = getattr(summary, name)
            grid.add_row(name.replace("_", " "), str(value), style="bold red" if value else "")
        self._console.print(grid)
