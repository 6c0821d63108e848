"""The records of a Hummingbot log file, as its logging template writes them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# `2026-11-22 19:00:00,123 - 4242 - hummingbot.strategy - ERROR - text`
RECORD = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - (?P<process>\d+) - (?P<logger>\S+) - (?P<level>[A-Z_]+) - "
    r"(?P<text>.*)"
)
EVENT_LEVEL = "EVENT_LOG"
"""Of the records that repeat each event as JSON: most of a log, and all of it in the database too."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its first line."""

    time_ms: int
    """Unix milliseconds, if the log was written in the time zone of this machine: it does not name its own."""
    process: int
    level: str
    text: str


def log_files(log: Path) -> list[Path]:
    """A log and the files it was rotated into (`name.log.2026-11-27`), the oldest first."""
    rotated = [file for file in log.parent.glob(f"{log.name}.*") if file.is_file()]
    # The date in the name orders them.
    return [*sorted(rotated), *([log] if log.is_file() else [])]


def records_in(log: Path) -> Iterator[Record]:
    """All records but the repeated events, from a log and what it was rotated into, in the order of the files.

    :raises OSError: when a file cannot be read.
    """
    for file in log_files(log):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                record = RECORD.match(line)
                if record is None or record["level"] == EVENT_LEVEL:
                    continue
                time = _milliseconds(record["time"])
                if time is not None:
                    yield Record(time, int(record["process"]), record["level"], record["text"].rstrip())


def _milliseconds(written: str) -> int | None:
    try:
        return round(datetime.strptime(written, "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None  # no record of ours: a line that only looks like one
