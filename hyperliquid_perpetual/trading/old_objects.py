"""Keeps what lives as long as the bot out of Python's search for reference cycles, which halts the event loop.

A Hummingbot has hundreds of thousands of objects. Now and then Python looks through all of them for cycles, in one
step of 0.1 to 0.5 s in which no frame is read and no order leaves. What is set aside (``gc.freeze``) is passed over
from then on. It is freed as ever when nothing refers to it any more; only cycles wait until it is given back, which
happens when the last connector has stopped.
"""

import gc
import time
from collections.abc import Callable
from weakref import WeakSet

AGAIN_AFTER_SECONDS = 3_600.0
"""Hummingbot keeps all that happens: what an hour has brought is set aside at its end."""


class OldObjects:
    """What the connectors of a process have set aside together."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._holders: WeakSet[object] = WeakSet()
        self._due = float("-inf")

    def is_due(self, holder: object) -> bool:
        """Whether there may be something to set aside for this connector."""
        return holder not in self._holders or self._clock() >= self._due

    def set_aside(self, holder: object) -> None:
        """Has what is there now passed over, after one search at most an hour for the cycles in it.

        The first one takes as long as those that it saves, so it is best before trading begins; a later one looks only
        through what has been added.
        """
        self._holders.add(holder)
        now = self._clock()
        if now >= self._due:
            self._due = now + AGAIN_AFTER_SECONDS
            gc.collect()
        gc.freeze()

    def give_back(self, holder: object) -> None:
        """Has all of it looked through again, unless another connector still holds it."""
        if holder in self._holders:
            self._holders.discard(holder)
            if not self._holders:
                gc.unfreeze()


OLD_OBJECTS = OldObjects()
"""Those of this process."""
