"""Sees to it that the account's state follows its fills, whether or not the venue streams the state.

After every fill the venue pushes the state of the account, within a block. That stream may be refused or may lose a
frame, and positions that are wrong until the next routine sweep are wrong for minutes. So a fill is noted here, and if
no state of its dex as new as the fill has come in shortly after, the state is asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ..venue.markets import dex_of
from ..venue.messages import Fill
from .account import AccountState
from .log_names import logger_of
from .requests import VenueUnavailable

GRACE_SECONDS = 1.0
"""How long the stream has to bring the state that a fill has led to; also bounds how often the venue is asked."""
RETRY_SECONDS = 5.0

logger = logger_of(__name__)


class StateWatch:
    """Notes fills and asks for the state when it stays behind them."""

    def __init__(self, account: AccountState, ask: Callable[[], Awaitable[None]]) -> None:
        """:param ask: reads the state of the account; raises ``VenueUnavailable`` when there is no answer."""
        self._account = account
        self._ask = ask
        self._filled_ms: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def on_fill(self, fill: Fill) -> None:
        """A fill of the account was told."""
        dex = dex_of(fill.coin)
        self._filled_ms[dex] = max(fill.time, self._filled_ms.get(dex, 0))
        if self._is_behind() and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._catch_up())

    async def stop(self) -> None:
        """Asks no more."""
        task, self._task = self._task, None
        self._filled_ms.clear()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _is_behind(self) -> bool:
        for dex, filled_ms in list(self._filled_ms.items()):
            known = self._account.dexs.get(dex)
            if known is not None and known.time >= filled_ms:
                del self._filled_ms[dex]
        return bool(self._filled_ms)

    async def _catch_up(self) -> None:
        await asyncio.sleep(GRACE_SECONDS)
        while self._is_behind():
            asked_for = dict(self._filled_ms)
            try:
                await self._ask()
            except VenueUnavailable as error:
                logger.debug("The state of the account after a fill cannot be asked for yet: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            # Asked and answered: a dex that is not among those asked for, or whose clock differs, is not asked again.
            for dex, filled_ms in asked_for.items():
                if self._filled_ms.get(dex) == filled_ms:
                    del self._filled_ms[dex]
            await asyncio.sleep(GRACE_SECONDS)
