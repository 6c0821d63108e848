"""Lets coroutines wait until something that others change is as they want it."""

import asyncio
import contextlib
from collections.abc import Callable


class Changes:
    """Whoever changes the state calls ``notify``; whoever waits states a condition."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Has every waiter look again."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait_for(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Waits at most ``timeout`` seconds, without end for None; tells whether the condition holds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not condition():
                    await self._event.wait()
        return condition()
