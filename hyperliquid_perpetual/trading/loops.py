"""What belongs to one event loop, in objects that outlive it.

Tasks, locks, events and queues remember the loop on which they first waited, and are of no use on any other. Hummingbot
makes them once, in constructors; programs that embed a connector run several loops after one another.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import aiohttp

_OUR_PACKAGE = __name__.partition(".trading.")[0]
_HUMMINGBOTS = ("PerpetualTrading", "AsyncThrottler")


class LoopLock:
    """An ``asyncio.Lock`` for each loop in turn."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def here(self) -> asyncio.Lock:
        """The lock of the running loop."""
        running = asyncio.get_running_loop()
        if self._loop is not running:
            self._lock, self._loop = asyncio.Lock(), running
        return self._lock


def leave_other_loops(thing: Any) -> None:
    """Has an object, and all it consists of, forget the tasks of other loops, and makes their locks, events and queues
    anew. What belongs to the running loop stays.

    What the tasks were about to do is not done: whoever uses the object starts it again.
    """
    for part in _parts(thing, set()):
        for name, value in list(vars(part).items()):
            if isinstance(value, asyncio.Task):
                if _end_elsewhere(value):
                    setattr(part, name, None)
            elif isinstance(value, asyncio.Lock | asyncio.Event | asyncio.Queue):
                if _is_bound_elsewhere(value):
                    setattr(part, name, type(value)())
            elif isinstance(value, aiohttp.ClientSession):
                if value._loop is not asyncio.get_running_loop():
                    setattr(part, name, None)
            elif isinstance(value, dict):
                for key in [key for key, item in value.items() if _end_elsewhere(item) or _is_bound_elsewhere(item)]:
                    del value[key]
            elif isinstance(value, set):
                value.difference_update([item for item in value if _end_elsewhere(item)])


def _parts(thing: Any, seen: set[int]) -> Iterator[Any]:
    if id(thing) in seen or not hasattr(thing, "__dict__"):
        return
    seen.add(id(thing))
    yield thing
    for value in list(vars(thing).values()):
        kind = type(value)
        if kind.__module__.startswith(_OUR_PACKAGE) or kind.__name__ in _HUMMINGBOTS:
            yield from _parts(value, seen)


def _end_elsewhere(item: object) -> bool:
    """Whether it is a task of another loop, which is cancelled then."""
    if not isinstance(item, asyncio.Task) or item.get_loop() is asyncio.get_running_loop():
        return False
    with contextlib.suppress(RuntimeError):  # its loop is closed: it can do nothing any more
        item.cancel()
    return True


def _is_bound_elsewhere(item: object) -> bool:
    if not isinstance(item, asyncio.Lock | asyncio.Event | asyncio.Queue):
        return False
    loop = getattr(item, "_loop", None)
    return loop is not None and loop is not asyncio.get_running_loop()
