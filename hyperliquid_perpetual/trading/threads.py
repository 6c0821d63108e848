"""The event loop that a connector lives on, and the way into it from other threads.

Everything inside a connector happens on one loop, and nothing there is locked. Strategies and programs that embed the
connector may live in other threads; what they ask for is handed over to that loop, in the order in which one thread
asks, and answered at once wherever the answer does not have to wait for the venue.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from hummingbot.core.utils.async_utils import safe_ensure_future


class NotStarted(RuntimeError):
    """A connector was asked to do something from a place without its event loop, and has none that runs."""


class HomeLoop:
    """Knows the loop, and hands work over to it.

    A connector's loop is the one on which its network is started, its markets are read, or it is asked for something
    first. A loop that has ended is forgotten for the next one.
    """

    def __init__(self, name: str) -> None:
        """:param name: what error messages call the connector."""
        self._name = name
        self._loop = _loop_of_this_thread()
        self._thread = threading.get_ident()
        self._is_started = False

    def adopt(self) -> None:
        """Makes the running loop the connector's own, unless it lives on another one that still runs."""
        if self.is_here():
            self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
            self._is_started = True

    def is_here(self) -> bool:
        """Whether the caller may touch everything: it is on the connector's loop, or on the one that can become it."""
        running = asyncio._get_running_loop()
        if running is None:
            return False
        return running is self._loop or not self._is_started or self._loop is None or not self._loop.is_running()

    def spawn[**P](
        self, function: Callable[P, Coroutine[Any, Any, Any]], *arguments: P.args, **keywords: P.kwargs
    ) -> None:
        """Starts a coroutine in the background of the connector's loop; from any thread, without waiting for it.

        :raises NotStarted: when there is no loop that would run it.
        """
        if self.is_here():
            self.adopt()
            safe_ensure_future(function(*arguments, **keywords))
            return
        loop = self._reachable()

        def start() -> None:
            # The coroutine is made over there, so that none is left behind when the loop ends before.
            safe_ensure_future(function(*arguments, **keywords))

        try:
            loop.call_soon_threadsafe(start)
        except RuntimeError:  # it was closed in this very moment
            raise self._not_started() from None

    async def call[T](self, function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        """The result of a coroutine that runs on the connector's loop, for whoever waits on this one or on another.

        :raises NotStarted: when there is no loop that would run it.
        """
        if self.is_here():
            self.adopt()
            return await function(*arguments)
        loop = self._reachable()
        # Made over there as well: a loop that is closed in this moment leaves no coroutine behind.
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_later(function, arguments), loop))

    def _reachable(self) -> asyncio.AbstractEventLoop:
        """The loop, if it runs, or if this thread is the one that will run it."""
        loop = self._loop
        is_ours = self._thread == threading.get_ident()
        if loop is None or loop.is_closed() or not (is_ours or (self._is_started and loop.is_running())):
            raise self._not_started()
        return loop

    def _not_started(self) -> NotStarted:
        return NotStarted(
            f"{self._name} has not been started: await its start_network(), or let it read its markets, on the event "
            "loop that it is to live on; after that it can be used from every thread while that loop runs"
        )


async def _later[T](function: Callable[..., Awaitable[T]], arguments: tuple[Any, ...]) -> T:
    return await function(*arguments)


def _loop_of_this_thread() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        return None


def replace_in_place[Key, Value](known: dict[Key, Value], new: dict[Key, Value]) -> None:
    """Makes ``known`` equal to ``new``; a reader in another thread finds every key that is in both at any time."""
    known.update(new)
    for key in known.keys() - new.keys():
        del known[key]
