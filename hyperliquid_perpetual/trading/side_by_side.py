"""Runs coroutines side by side, and ends all of them together.

``asyncio.TaskGroup`` does the same, but in some releases of Python 3.12 it swallows a cancellation that comes in the
very moment in which one of its tasks fails: who was cancelled then goes on, and is never cancelled again.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def side_by_side(*coroutines: Coroutine[Any, Any, Any]) -> None:
    """Runs all of them until they are done, one of them fails, or the caller is cancelled.

    The rest is cancelled and waited for then.

    :raises Exception: what the first one to fail has raised.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        failed = next((task for task in tasks if task.done() and (task.cancelled() or task.exception())), None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failed is not None:
        failed.result()
