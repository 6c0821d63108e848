"""What a person sees of a recorder at work."""

import asyncio
import io
from pathlib import Path

from rich.console import Console

from hyperliquid_perpetual.sandbox.recording.progress import Progress
from hyperliquid_perpetual.sandbox.recording.recorder import Recorder
from hyperliquid_perpetual.sandbox.recording.records import Metadata
from hyperliquid_perpetual.sandbox.recording.source import Source
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter
from tests.unit.sandbox.client import until


async def shown(path: Path, console: Console, text: io.StringIO, expected: list[str]) -> None:
    """Wait until everything expected has been printed."""
    with RecordingWriter(path) as writer:
        recorder = Recorder(writer, Source("testnet", "https://venue.example"), ("BTC", "ETH"), Metadata([], {}, {}))
        recorder.on_frame(1, "trades", b'{"channel":"trades","data":[{"coin":"BTC","px":"86420.0"}]}')
        recorder.on_lost("fast", 1, "the connection was closed")
        task = asyncio.create_task(Progress(recorder, console, line_seconds=0.01).run())
        try:
            await until(lambda: all(part in text.getvalue() for part in expected))
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_terminal_has_a_table_of_coins_and_what_is_not_connected(tmp_path: Path) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100, no_color=True)
    expected = ["1 frames", "86420.0", "waiting", "fast streams not connected: the connection was closed; trying again"]
    await shown(tmp_path / "one.hlrec", console, text, expected)


async def test_elsewhere_there_are_plain_lines(tmp_path: Path) -> None:
    text = io.StringIO()
    await shown(tmp_path / "one.hlrec", Console(file=text, width=60), text, ["1 of 2 coins, BTC 86420.0; fast streams"])
    assert "\x1b" not in text.getvalue()
    assert text.getvalue().splitlines()[0].startswith("0:00:00  1 frames, 0.00 MB")
