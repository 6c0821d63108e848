"""What is in a recording, in a few lines: for `record --show`."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import End, Frame, Gap, Session
from hyperliquid_perpetual.sandbox.recording.source import Source


class _Coin(msgspec.Struct):
    coin: str


class _One(msgspec.Struct):
    channel: str
    data: _Coin | list[_Coin]


_frames = msgspec.json.Decoder(_One)


@dataclass(slots=True)
class Summary:
    """Counted from a whole recording. Times are Unix ms."""

    path: Path
    size: int
    sessions: list[Session] = field(default_factory=list)
    first: int = 0
    last: int = 0
    frames: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By coin and channel."""
    gaps: list[tuple[int, Gap]] = field(default_factory=list)
    """Each with its end."""
    has_ended: bool = False
    cut: RecordingError | None = None

    @property
    def lines(self) -> list[str]:
        """For people."""
        session = self.sessions[0]
        more = f", in {len(self.sessions)} sessions" if len(self.sessions) > 1 else ""
        total = sum(self.frames.values())
        lines = [
            f"{self.path}: {self.size / 1e6:.2f} MB, recorded from {Source(session.source, session.url)}{more}",
            f"{_when(self.first)} to {_when(self.last)} UTC, {(self.last - self.first) / 1000:.0f} s, {total} frames",
        ]
        for coin in session.coins:
            kinds = [f"{count} {channel}" for (of, channel), count in sorted(self.frames.items()) if of == coin]
            lines.append(f"  {coin}: {', '.join(kinds) or 'nothing'}")
        for end, gap in self.gaps:
            what = "nothing" if gap.streams == "all" else f"no {gap.streams} books"
            seconds = (end - gap.since) / 1000
            lines.append(f"gap: {what} from {_when(gap.since)} for {seconds:.1f} s: {gap.reason}")
        if self.cut is not None:
            lines.append(f"cut: {self.cut.reason}, at byte {self.cut.offset}; this is what stands before it")
        elif not self.has_ended:
            lines.append("not ended: it is being recorded, or its recorder was killed")
        return lines


def summarize(path: Path) -> Summary:
    """Read a recording as far as it can be read.

    :raises RecordingError: for a file that is no recording, or has no whole block.
    :raises OSError: when it cannot be read.
    """
    recording = Recording(path, partial=True)
    summary = Summary(path, path.stat().st_size)
    for record in recording:
        summary.first = summary.first or record.time
        summary.last = record.time
        body = record.body
        summary.has_ended = isinstance(body, End)
        if isinstance(body, Session):
            summary.sessions.append(body)
        elif isinstance(body, Gap):
            summary.gaps.append((record.time, body))
        elif isinstance(body, Frame):
            _count(summary, body)
    summary.cut = recording.cut
    if not summary.sessions:
        raise recording.cut or RecordingError(path, 16, "the recording ends before its metadata")
    return summary


def _count(summary: Summary, frame: Frame) -> None:
    try:
        found = _frames.decode(frame.data)
    except msgspec.DecodeError:
        summary.frames["?", "malformed"] += 1
        return
    coins = found.data if isinstance(found.data, list) else [found.data]
    for coin in {entry.coin for entry in coins}:
        summary.frames[coin, found.channel] += 1


def _when(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
