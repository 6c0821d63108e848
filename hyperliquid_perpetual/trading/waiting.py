"""Waits for things that may not happen."""

import asyncio


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Waits for an event; says whether it happened in time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
