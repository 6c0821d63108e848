"""Plays a recording through the books of a sandbox, at its own pace or another, once or again and again."""

import logging
from collections.abc import Iterator
from pathlib import Path

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.following.followers import Followers
from hyperliquid_perpetual.sandbox.following.plan import OutsidePlan
from hyperliquid_perpetual.sandbox.following.queue_models import DEFAULT_QUEUE, QueueModel, queue_model
from hyperliquid_perpetual.sandbox.following.sequence import HOLD_MS
from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import Frame, Gap, Record

STEP_MS = 20
PRIMING_MS = 15_000
"""How far into the recording the first books may be looked for before the exchange opens."""
GAP_MS = 1_000
"""How long a gap of the recording lasts when it is played, at most."""

logger = logging.getLogger(__name__)


class ReplayPlan(OutsidePlan):
    """A recording that a sandbox can be made for."""

    def __init__(
        self,
        path: Path | str,
        *,
        speed: float = 1.0,
        loop: bool = False,
        queue: str | QueueModel = DEFAULT_QUEUE,
        partial: bool = False,
    ) -> None:
        """Read what the recording is about, and check the whole file.

        :param speed: how many times faster than it was recorded.
        :param loop: begin again at the end, instead of leaving the last books as they are.
        :param partial: play a damaged recording as far as it can be read.
        :raises ValueError: for a speed that is not positive, or a queue model that there is not.
        :raises RecordingError: for a file that is no recording, or a damaged one.
        :raises OSError: when it cannot be read.
        """
        if not 0 < speed <= 1_000:
            raise ValueError(f"a speed is more than 0 and at most 1000 times the recorded one, got {speed}")
        queue_model(queue)  # before the file is read
        self.speed = speed
        self.loop = loop
        self.recording = Recording(path, partial)
        session = self.recording.session
        self.recording.check()
        super().__init__(session.metadata, tuple(session.coins), queue)

    def driver(self, chain: Chain) -> "Replay":
        """See `DriverPlan`."""
        return Replay(self, chain)


class Replay:
    """The recording as a `MarketDriver`."""

    def __init__(self, plan: ReplayPlan, chain: Chain) -> None:
        self._plan = plan
        self._chain = chain
        self._followers = Followers(chain, plan.coins, plan.model)
        self.coins = tuple(self._followers.by_coin)
        self.addresses = self._followers.addresses
        self.condition = ""
        self.rounds = 0
        """How often the recording has been played to its end."""
        self._records: Iterator[Record] = iter(())
        self._next: Record | None = None
        self._played = 0
        """How far the recording has been played, in its own time (Unix ms)."""
        self._began: tuple[int, int] = (0, 0)
        """A moment of the clock, and the moment of the recording that was played then."""

    @property
    def regime(self) -> str:
        """See `MarketDriver`."""
        speed = "" if self._plan.speed == 1 else f" at {self._plan.speed:g} times its speed"
        return f"replay of {self._plan.recording.path.name}{speed}"

    def open(self) -> None:
        """See `MarketDriver`: with the first full book of every coin, if they come soon."""
        self._followers.open()
        self._rewind()
        self._play(self._played + PRIMING_MS, until_open=True)

    def start(self, clock: Clock) -> list[Timer]:
        """See `MarketDriver`."""
        self._began = clock.now(), self._played
        timer = clock.every(STEP_MS, lambda: self._step(clock.now()))
        timer.idle = lambda: bool(self.rounds) and not self._plan.loop
        return [timer]

    def add(self, state: MarketState) -> None:
        """See `MarketDriver`: of a market that was not recorded there is nothing to play."""

    def remove(self, coin: str) -> None:
        """See `MarketDriver`."""
        self._followers.remove(coin)

    async def stop(self) -> None:
        """See `OutsideDriver`."""

    def _step(self, now: int) -> None:
        if self._next is None:
            if self.rounds and not self._plan.loop:
                return
            self._rewind()
            self._began = now, self._played
        clock_then, recorded_then = self._began
        to = recorded_then + round((now - clock_then) * self._plan.speed)
        self._play(to)
        if self._next is None:
            self._end()

    def _rewind(self) -> None:
        self._followers.reset()
        self._records = iter(self._plan.recording)
        self._pull()
        self._played = 0 if self._next is None else self._next.time

    def _play(self, to: int, until_open: bool = False) -> None:
        """Play up to a moment of the recording."""
        while self._next is not None:
            body = self._next.body
            if isinstance(body, Gap) and body.streams == "all":
                if body.since > to:
                    break
                to += self._skip(body, self._next.time)
            elif self._next.time > to:
                break
            elif isinstance(body, Frame):
                self._played = self._next.time
                self._followers.take(self._next.time, body.data)
            self._pull()
            if until_open:
                # What is traded in the block of a first book is in it: there is nothing to wait for.
                self._followers.advance(self._played + HOLD_MS)
                if self._followers.are_open:
                    return
        self._followers.advance(to)
        self._played = max(self._played, to)

    def _skip(self, gap: Gap, end: int) -> int:
        """Nothing is known of a gap: the books are empty, but not for as long. Returns by how much it is shortened."""
        logger.warning("the recording has a gap of %.0f s: %s", (end - gap.since) / 1000, gap.reason)
        self._followers.reset()
        self._followers.clear()
        skipped = max(0, end - max(gap.since, self._played) - GAP_MS)
        clock_then, recorded_then = self._began
        self._began = clock_then, recorded_then + skipped
        return skipped

    def _pull(self) -> None:
        try:
            self._next = next(self._records, None)
        except RecordingError as error:
            # It was whole when it was checked.
            logger.error("the replay ends here: %s", error)
            self._next = None

    def _end(self) -> None:
        self.rounds += 1
        self._followers.advance(self._played + HOLD_MS)
        cut = self._plan.recording.cut
        how = "has ended" if cut is None else f"ends where it is cut ({cut.reason}, at byte {cut.offset})"
        then = "it begins again" if self._plan.loop else "the last books stand still"
        message = f"the recording {self._plan.recording.path.name} {how}: {then}"
        logger.warning("%s", message)
        self.condition = "" if self._plan.loop else message
