"""Keeps the state of one sandbox in its files: a line in the journal per block, and a snapshot from time to time.

A block is in the journal before anybody is told of it, so whatever was acknowledged survives the end of the process at
any moment. Each line is one plain write, which the operating system completes even if the process is killed right
after; the disk is made to keep it (fsync) with every snapshot and at the end. A power cut can therefore lose what was
done since the last snapshot.

A snapshot stops the exchange only while its living objects are made into bytes and its histories are copied by
reference. Making bytes of the histories, writing and syncing is done in a thread, while the journal goes on in a new
file.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hyperliquid_perpetual.sandbox.engine.events import Event
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.state import graph, snapshot
from hyperliquid_perpetual.sandbox.state.agreement import Agreement, agree
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.files import Saved, StateFiles
from hyperliquid_perpetual.sandbox.state.journal import Journal, JournalHeader
from hyperliquid_perpetual.sandbox.state.notes import Block, Entry
from hyperliquid_perpetual.sandbox.state.outside import Driver, Parts
from hyperliquid_perpetual.sandbox.state.replay import replay
from hyperliquid_perpetual.sandbox.state.snapshot import Capture, Header

SNAPSHOT_SECONDS = 120.0
SNAPSHOT_BYTES = 16 * 2**20
"""How long, and how large, a journal becomes before a new snapshot is made."""
MIN_SECONDS = 1.0
"""Between two snapshots, however fast the journal grows."""
RETRY_SECONDS = 30
AHEAD_MS = 60_000
"""How far a state may be ahead of the machine's clock."""

logger = logging.getLogger(__name__)


class StateKeeper:
    """Loads what there is when it is made, and keeps everything from `begin` on until `close`."""

    def __init__(self, path: Path) -> None:
        """:raises StateError: when the state cannot be used."""
        self.files = StateFiles(path)
        try:
            self.saved: Saved | None = self.files.load()
        except StateError:
            self.files.release()
            raise
        self.header: Header | None = None if self.saved is None else self.saved.snapshot.header
        self.resumed_blocks = 0
        self.failure: str | None = None
        """Why nothing can be kept any more, when that is so."""
        self.on_failure: Callable[[], None] = lambda: None
        self.pauses: list[float] = []
        """How long each snapshot has stopped the exchange, in seconds."""
        self.snapshot_size = 0
        self._entries: list[Entry] = []
        self._events = 0
        self._number = 0
        self._state = secrets.token_hex(8) if self.header is None else self.header.state
        self._generation = 0 if self.saved is None else self.saved.generation
        self._journal: Journal | None = None
        self._parts: Parts | None = None
        self._driver: object = None
        self._seed = 0
        self._market = ""
        self._synthetic: Callable[[], Iterable[str]] = tuple
        self._due = self._earliest = 0.0
        self._writing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ resuming

    def agree(
        self, seed: int | None, market: str | None, market_set: MarketSet | None, settings: Mapping[str, object]
    ) -> Agreement | None:
        """What counts of what a sandbox was asked to be, None without a state.

        :raises StateError: see `agreement.agree`.
        """
        if self.saved is None:
            return None
        try:
            return agree(self.saved, seed, market, market_set, settings)
        except StateError:
            self.files.release()
            raise

    def check_clock(self, now: int) -> None:
        """Refuse a state that is ahead of the clock that the sandbox lives by.

        :raises StateError: when its time lies in the future.
        """
        ahead = 0 if self.saved is None else self.saved.time - now
        if ahead > AHEAD_MS:
            self.files.release()
            raise StateError(
                f"The state file {self.files.path} is {ahead / 3_600_000:.1f} hours ahead of the clock: it was "
                'made with a virtual clock that has jumped. Resume it with clock="virtual".'
            )

    def check_outside(self, strangers: frozenset[str]) -> None:
        """Refuse a replay or mirror of coins for which the state was not made: their accounts are none of it.

        :raises StateError: when there are any.
        """
        if strangers and self.header is not None:
            self.files.release()
            raise StateError(
                f"The state file {self.files.path} was not made by a replay or mirror of these coins. Use another file."
            )

    def restore(self, parts: Parts) -> None:
        """Bring the parts of a new sandbox, made around the loaded engine, to where the state ends; if there is one.

        :raises StateError: when the journal cannot be followed.
        """
        if self.saved is None:
            return
        found = self.saved.snapshot
        markets = {asset: state.market for asset, state in parts.chain.exchange.markets.items()}
        try:
            parts.load(found.outside, found.candles, markets)
            replay(self.saved.blocks, parts)
        except StateError:
            self.files.release()
            raise
        self.resumed_blocks = len(self.saved.blocks)
        self._number = found.header.block + self.resumed_blocks
        self.saved = None  # what it holds belongs to the sandbox now

    def drive_on(self, driver: object, prices: dict[str, float], afresh: bool) -> None:
        """Let whoever moves the markets go on: as it was, or at the prices of the oracle if it cannot tell.

        After a kill it has moved on since it was taken down; then the prices are newer than what it said. With
        `afresh` it is not the one that was saved.
        """
        assert self.header is not None
        if isinstance(driver, Driver) and not afresh:
            driver.load(msgspec.json.decode(self.header.driver))
            if not self.resumed_blocks:
                return
        for coin, traders in getattr(driver, "by_coin", {}).items():
            path = getattr(traders, "path", None)
            if path is not None and coin in prices:
                path.force(prices[coin])

    # ------------------------------------------------------------------ keeping

    def begin(
        self, parts: Parts, driver: object, seed: int, market: str, synthetic: Callable[[], Iterable[str]]
    ) -> None:
        """Write a first snapshot of this life, and keep every block from now on.

        :raises StateError: when that cannot be written.
        """
        self._parts, self._driver, self._seed, self._market, self._synthetic = parts, driver, seed, market, synthetic
        try:
            capture = self._turn_over()
            self.snapshot_size = snapshot.write(self.files.path, capture)
        except OSError as error:
            self._forsake()
            raise StateError(f"The state file {self.files.path} cannot be written: {error.strerror}.") from None
        except BaseException:
            self._forsake()
            raise
        self.files.forget_journals(capture.header.generation)
        parts.chain.recorder = self

    def note(self, entry: Entry) -> None:
        self._entries.append(entry)

    def on_events(self, events: list[Event]) -> None:
        self._events += len(events)

    def commit(self, now: int) -> bool:
        if not self._entries:
            return True
        assert self._parts is not None
        assert self._journal is not None
        progress = self._parts.chain.exchange.progress
        try:
            self._journal.append(Block(self._number, now, tuple(self._entries), self._events, progress))
        except Exception as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.failure = (
                f"The state file {self.files.path} cannot be written any more: {reason}. "
                "Everything that was acknowledged is in it; the sandbox stops."
            )
            logger.error(self.failure)
            self.on_failure()
            return False
        self._number += 1
        self._entries.clear()
        self._events = 0
        if self._journal.size >= SNAPSHOT_BYTES or time.monotonic() >= self._due:
            self._snapshot_soon()
        return True

    def _snapshot_soon(self) -> None:
        if self._writing is None and time.monotonic() >= self._earliest:
            self._writing = asyncio.get_running_loop().create_task(self._make_snapshot())

    async def _make_snapshot(self) -> None:
        """A new journal, a snapshot of now, and the end of the journals before."""
        try:
            capture = self._turn_over()
            self.snapshot_size = await asyncio.to_thread(snapshot.write, self.files.path, capture)
            await asyncio.to_thread(self.files.forget_journals, capture.header.generation)
        except OSError as error:
            # The snapshot before and all journals since then are still there: nothing is lost, only not shortened.
            self._due = self._earliest = time.monotonic() + RETRY_SECONDS
            logger.warning("no new snapshot of the state in %s: %s", self.files.path, error.strerror)
        except Exception:
            self._due = self._earliest = time.monotonic() + RETRY_SECONDS
            logger.exception("no new snapshot of the state in %s", self.files.path)
        finally:
            self._writing = None

    def _turn_over(self, is_last: bool = False) -> Capture:
        """Take the state down between two blocks, and begin the journal that follows on it.

        :raises OSError: when the journal cannot be made; the one before goes on then.
        """
        assert self._parts is not None
        started = time.perf_counter()
        generation = self._generation + 1
        outside, candles = self._parts.dump()
        driver = self._driver.dump() if isinstance(self._driver, Driver) else None
        header = Header(
            state=self._state,
            generation=generation,
            block=self._number,
            shape=graph.shape(),
            seed=self._seed,
            market=self._market,
            time=outside.time,
            saved_at=time.time_ns() // 1_000_000,
            is_last=is_last,
            synthetic=sorted(self._synthetic()),
            driver=msgspec.Raw(_json(driver)),
        )
        engine, histories = graph.dump(self._parts.chain.exchange, self._parts.market_set)
        capture = Capture(header, _json(outside), engine, histories, candles)
        journal = self.files.begin_journal(JournalHeader(self._state, generation, self._number))
        if self._journal is not None:
            self._journal.close()
        self._journal, self._generation = journal, generation
        now = time.monotonic()
        self._due, self._earliest = now + SNAPSHOT_SECONDS, now + MIN_SECONDS
        self.pauses.append(time.perf_counter() - started)
        return capture

    async def close(self) -> None:
        """Write a last snapshot, and let others have the state.

        :raises StateError: when it cannot be written; everything is in the files all the same.
        """
        if self._writing is not None:
            await asyncio.wait([self._writing])
        try:
            if self._journal is not None and self.failure is None:
                capture = self._turn_over(is_last=True)
                self.snapshot_size = await asyncio.to_thread(snapshot.write, self.files.path, capture)
                self.files.forget_journals(capture.header.generation + 1)
        except OSError as error:
            raise StateError(
                f"The state file {self.files.path} could not be written at the end: {error.strerror}. Everything is "
                f"in it and its journals: keep them together."
            ) from None
        finally:
            self._forsake()

    def _forsake(self) -> None:
        if self._parts is not None:
            self._parts.chain.recorder = None
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self.files.release()


def _json(data: Any) -> bytes:
    return msgspec.json.encode(data)
