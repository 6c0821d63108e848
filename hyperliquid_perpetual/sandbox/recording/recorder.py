"""Records the public streams of a source into a file until somebody has had enough."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

import hyperliquid_perpetual
from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError
from hyperliquid_perpetual.sandbox.recording.feed import Feed, Streams, now_ms
from hyperliquid_perpetual.sandbox.recording.records import End, Gap, Metadata, Session, frame_line, record_line
from hyperliquid_perpetual.sandbox.recording.source import Source
from hyperliquid_perpetual.sandbox.recording.writer import BLOCK_BYTES, RecordingWriter

BLOCK_SECONDS = 5.0
"""A block is finished after this time however little is in it: it is what a kill can cost."""
LOOK_SECONDS = 0.25


class _Priced(Struct):
    coin: str
    px: str | None = None


class _About(Struct):
    data: _Priced


class _Trades(Struct):
    data: list[_Priced]


_about = msgspec.json.Decoder(_About)
_trades = msgspec.json.Decoder(_Trades)


class Recorder:
    """One run of recording, and its figures so far."""

    def __init__(
        self,
        writer: RecordingWriter,
        source: Source,
        coins: tuple[str, ...],
        metadata: Metadata,
        now: Callable[[], int] = now_ms,
    ) -> None:
        """:raises RecordingError: when the file that goes on is about something else."""
        before = writer.session
        if before is not None and (before.url, tuple(before.coins)) != (source.url, coins):
            raise RecordingError(
                writer.path,
                16,
                f"it records {', '.join(before.coins)} from {before.source}: go on with these, or choose another file",
            )
        self._writer = writer
        self.source = source
        self.coins = coins
        self.path: Path = writer.path
        self.frames = 0
        self.written = 0
        """Bytes on the disk."""
        self.last_px: dict[str, str] = {}
        """The price of the last trade of each coin."""
        self.seen: set[str] = set()
        """Coins of which there was any frame."""
        self.lost: dict[Streams, str] = {}
        """Why streams are not connected now."""
        self._gaps: dict[Streams, tuple[int, str]] = {}
        self._block_began = 0.0
        self._now = now
        if before is not None:
            writer.append(record_line(now(), Gap(writer.last_time, "the recorder was not running")))
        session = Session(source.name, source.url, list(coins), hyperliquid_perpetual.__version__, metadata)
        writer.append(record_line(now(), session))

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Record until `stop` is set or some seconds have passed.

        :raises OSError: when the file cannot be written to any more; what was written stays good.
        """
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        self._block_began = loop.time() - BLOCK_SECONDS  # the metadata is made safe at once
        feed = asyncio.create_task(Feed(self.source, self.coins, self, now=self._now).run())
        try:
            while not stop.is_set() and not feed.done() and (end is None or loop.time() < end):
                wait = LOOK_SECONDS if end is None else min(LOOK_SECONDS, max(0.0, end - loop.time()))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), wait)
                if self._writer.pending >= BLOCK_BYTES or loop.time() >= self._block_began + BLOCK_SECONDS:
                    await self._write()
            if feed.done():
                await feed  # it ends by itself only when something is wrong with it
        finally:
            feed.cancel()
            await asyncio.wait([feed])
        self._close_gaps()
        self._writer.append(record_line(self._now(), End()))
        await self._write()

    async def _write(self) -> None:
        raw = self._writer.take()
        self._block_began = asyncio.get_running_loop().time()
        await asyncio.to_thread(self._writer.write, raw)
        self.written = self._writer.size

    def _close_gaps(self) -> None:
        for streams, (since, reason) in self._gaps.items():
            self._writer.append(record_line(self._now(), Gap(since, reason, streams)))
        self._gaps.clear()

    # ------------------------------------------------------------------ the feed

    def on_frame(self, received: int, channel: str, frame: bytes) -> None:
        """See `Listener`."""
        self._writer.append(frame_line(received, frame))
        self.frames += 1
        with contextlib.suppress(msgspec.DecodeError):  # only the display wants to know
            for about in _trades.decode(frame).data if channel == "trades" else [_about.decode(frame).data]:
                self.seen.add(about.coin)
                if about.px is not None:
                    self.last_px[about.coin] = about.px

    def on_lost(self, streams: Streams, since: int, reason: str) -> None:
        """See `Listener`."""
        self.lost[streams] = reason
        self._gaps.setdefault(streams, (since, reason))

    def on_connected(self, streams: Streams) -> None:
        """See `Listener`."""
        self.lost.pop(streams, None)
        gap = self._gaps.pop(streams, None)
        if gap is not None:
            self._writer.append(record_line(self._now(), Gap(*gap, streams)))
