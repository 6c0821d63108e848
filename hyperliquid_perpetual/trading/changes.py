"""Lets coroutines wait until something that others change is as they want it."""

import asyncio
import contextlib
from collections.abc import Callable


class Changes:
    """Whoever changes the state calls ``notify``; whoever waits states a condition."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._waiting = 0

    def notify(self) -> None:
        """Has every waiter look again."""
        if self._waiting:
            self._event.set()
            self._event = asyncio.Event()

    async def wait_for(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Waits at most ``timeout`` seconds, without end for None; tells whether the condition holds."""
        if condition():
            return True
        self._waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while not condition():
                        await self._event.wait()
        finally:
            self._waiting -= 1
        return condition()
