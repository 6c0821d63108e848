"""Keeps the table of markets: fetched in three requests for all dexs, built aside, swapped whole, kept when a refresh
fails."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from ..venue.markets import (
    EMPTY_TABLE,
    FIRST_DEX,
    USDC,
    MarketTable,
    collateral_indexes,
    parse_market_table,
    parse_token_names,
)
from .log_names import logger_of
from .loops import LoopLock
from .requests import Requests, VenueRefusal, VenueUnavailable

logger = logger_of(__name__)


class MarketsSource:
    """The newest table of markets."""

    def __init__(
        self, requests: Requests, with_hip3: bool = True, spellings: Callable[[], Iterable[str]] = tuple
    ) -> None:
        """
        :param with_hip3: whether builder-deployed dexs are wanted.
        :param spellings: how the user writes trading pairs; see ``MarketTable.spelled``.
        """
        self._requests = requests
        self._with_hip3 = with_hip3
        self._spellings = spellings
        self._on_change: list[Callable[[MarketTable], None]] = []
        self._reported: set[str] = set()
        self._token_names = {0: USDC}
        self._lock = LoopLock()
        self._refreshed_at = float("-inf")
        self.table: MarketTable = EMPTY_TABLE

    def on_change(self, listener: Callable[[MarketTable], None]) -> None:
        """Calls ``listener`` with each new table."""
        self._on_change.append(listener)

    async def refresh(self, max_age: float = 0.0) -> MarketTable:
        """Fetches all metadata and swaps the table.

        :param max_age: seconds; a table not older than this is kept. Callers that come while a refresh runs share it.
        :raises VenueUnavailable: when the metadata cannot be had; the old table stays.
        """
        asked_at = time.monotonic()
        async with self._lock.here():
            if self._refreshed_at >= asked_at - max_age:
                return self.table
            table = await self._fetch_table()
            self._refreshed_at = time.monotonic()
        self._swap(table.keeping(self.table))
        return self.table

    def respell(self) -> None:
        """Takes over how the user writes trading pairs by now."""
        if self.table.by_coin:
            self._swap(self.table)

    def _swap(self, table: MarketTable) -> None:
        self.table = table.spelled(self._spellings())
        for listener in self._on_change:
            listener(self.table)

    async def _fetch_table(self) -> MarketTable:
        perp_dexs, metas = await self._fetch()
        if not self._token_names.keys() >= collateral_indexes(metas):
            await self._read_token_names()
        table = parse_market_table(perp_dexs, metas, self._token_names)
        if not table.by_coin:
            raise VenueUnavailable("the venue lists no markets")
        for problem in table.problems:
            if problem not in self._reported:
                self._reported.add(problem)
                logger.warning("Market metadata: %s. It is left out, everything else works.", problem)
        return table

    async def _fetch(self) -> tuple[list[Any] | None, list[Any]]:
        if not self._with_hip3:
            return None, [await self._requests.info({"type": "meta"})]
        try:
            perp_dexs = await self._requests.info({"type": "perpDexs"}, list[Any])
            metas = await self._requests.info({"type": "allPerpMetas"}, list[Any])
        except VenueRefusal:
            # A venue that has no builder dexs still has its first one.
            return None, [await self._requests.info({"type": "meta", "dex": FIRST_DEX})]
        return perp_dexs, metas

    async def _read_token_names(self) -> None:
        """Names are asked for only when there is a collateral whose name is not known."""
        try:
            self._token_names = {0: USDC} | parse_token_names(await self._requests.info({"type": "spotMeta"}))
        except VenueUnavailable as error:
            logger.warning("The names of collateral tokens could not be read: %s", error)
