"""Watches, from the event loop of a connector, how late the loop is and whether the connector is ready."""

import asyncio
import time
from collections.abc import Callable

from .log_names import logger_of
from .request_tally import Durations

INTERVAL_SECONDS = 0.5

logger = logger_of(__name__)


class LoopWatch:
    """One timer, twice a second, while it runs."""

    def __init__(self, is_ready: Callable[[], bool], interval: float = INTERVAL_SECONDS) -> None:
        """:param is_ready: asked on the loop with each look; it may not be asked elsewhere."""
        self._is_ready = is_ready
        self._interval = interval
        self._task: asyncio.Task[None] | None = None
        self.lags = Durations()
        """How much later than it was due each look came."""
        self.is_ready = False
        """What the last look found."""

    def start(self) -> None:
        """Watches the running loop from now on, and no other one any more."""
        if self._task is not None and not self._task.done():
            if self._task.get_loop() is asyncio.get_running_loop():
                return
            self._task = None  # of a loop that is gone
        self._task = asyncio.get_running_loop().create_task(self._look())

    def stop(self) -> None:
        """Watches no more."""
        task, self._task = self._task, None
        self.is_ready = False
        if task is not None:
            task.cancel()

    async def _look(self) -> None:
        told = False
        while True:
            due = time.monotonic() + self._interval
            await asyncio.sleep(self._interval)
            self.lags.note(max(0.0, time.monotonic() - due))
            try:
                self.is_ready = bool(self._is_ready())
            except Exception as error:  # what is watched is not to be disturbed, nor its watching ended
                self.is_ready = False
                if not told:
                    told = True
                    logger.error("It cannot be found out whether the connector is ready: %s", error)
