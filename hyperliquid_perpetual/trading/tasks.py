"""Tasks that nobody waits for: kept until they are done, as the event loop has only weak references, or cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """A set of them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Runs a coroutine on the running loop, which must not raise: nobody would hear of it."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def cancel(self) -> None:
        """Cancels what is running, and waits until it has ended."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
