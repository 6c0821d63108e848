"""Errors in a bot's log: Hummingbot goes on after most of them, so they show only when somebody counts."""

from collections.abc import Iterator
from pathlib import Path

from hyperliquid_perpetual.report.records import RECORD

ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})
TRACEBACK = "Traceback (most recent call last):"


def errors_in(log: Path) -> list[str]:
    """One line per error in a log and the files it was rotated into.

    An error is a record of level ERROR or CRITICAL, or one of any level that carries a traceback; what a process prints
    outside of its records counts when it is a traceback.
    """
    return [error for file in sorted(log.parent.glob(f"{log.name}*")) for error in _errors(file)]


def _errors(file: Path) -> Iterator[str]:
    headline, counted = "", False
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if record := RECORD.match(line):
                headline, counted = line.rstrip(), record["level"] in ERROR_LEVELS
                if counted:
                    yield headline
            elif TRACEBACK in line and not counted:
                counted = bool(headline)
                yield headline or f"{file.name}: {line.strip()}"
