"""Asks the venue until it answers."""

import asyncio
from collections.abc import Awaitable, Callable

from .log_names import logger_of
from .requests import VenueUnavailable

RETRY_SECONDS = 5.0

logger = logger_of(__name__)


async def insist[T](ask: Callable[[], Awaitable[T]]) -> T:
    """The venue's answer, however long it takes."""
    while True:
        try:
            return await ask()
        except VenueUnavailable as error:
            logger.debug("The venue cannot be asked yet: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
