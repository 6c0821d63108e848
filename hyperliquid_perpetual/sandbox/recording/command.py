"""`hyperliquid-perpetual record` as a program: records until it is told to stop, and says what it has."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError
from hyperliquid_perpetual.sandbox.recording.progress import LINE_SECONDS, Progress
from hyperliquid_perpetual.sandbox.recording.recorder import Recorder
from hyperliquid_perpetual.sandbox.recording.source import SourceError, fetch_metadata, source_of
from hyperliquid_perpetual.sandbox.recording.summary import summarize
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter

DEFAULT_SOURCE = "sandbox"


def show(path: Path) -> int:
    """Print what is in a recording; the exit status is 1 when it is damaged or none."""
    try:
        summary = summarize(path)
    except (RecordingError, OSError) as error:
        return _fail(error)
    print(*summary.lines, sep="\n")
    return 1 if summary.cut else 0


def run(
    path: Path,
    source: str | None = None,
    coins: Sequence[str] | None = None,
    seconds: float | None = None,
    line_seconds: float = LINE_SECONDS,
) -> int:
    """Record in the foreground until Ctrl-C, SIGTERM or some seconds have passed; returns the exit status.

    A file that is there already goes on: with its own source and coins, which may also be given again.
    """
    try:
        asyncio.run(_run(path, source, coins, seconds, line_seconds))
    except (RecordingError, SourceError, OSError, ValueError) as error:
        return _fail(error)
    return 0


async def _run(
    path: Path, source_name: str | None, coins: Sequence[str] | None, seconds: float | None, line_seconds: float
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    writer = RecordingWriter(path) if path.exists() else None  # noqa: ASYNC240 - before anything else runs
    try:
        before = None if writer is None else writer.session
        if before is not None:
            source_name = source_name or before.url
            coins = coins or before.coins
        source = source_of(source_name or DEFAULT_SOURCE)
        metadata, chosen = await fetch_metadata(source, coins)
        # Only now: a venue that cannot be reached or a coin that is not there leaves no file behind.
        writer = writer or RecordingWriter(path)
        recorder = Recorder(writer, source, chosen, metadata)
        how = "Recording" if before is None else "Going on with"
        print(f"{how} {path}: {', '.join(chosen)} from {source}", flush=True)
        if writer.dropped:
            print(f"  {writer.dropped} bytes of a block that was never finished are gone", flush=True)
        progress = asyncio.create_task(Progress(recorder, Console(), line_seconds).run())
        try:
            await recorder.run(stop, seconds)
        finally:
            progress.cancel()
            await asyncio.wait([progress])
    finally:
        if writer is not None:
            writer.close()
    print(f"Recorded {recorder.frames} frames, {recorder.written / 1e6:.2f} MB in {path}.", flush=True)


def _fail(error: Exception) -> int:
    if isinstance(error, OSError) and error.filename is not None:
        print(f"hyperliquid-perpetual: {error.filename}: {error.strerror}", file=sys.stderr)
    else:
        print(f"hyperliquid-perpetual: {error}", file=sys.stderr)
    return 1
