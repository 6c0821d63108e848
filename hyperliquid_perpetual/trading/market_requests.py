"""Market data by request, for what no stream has brought: one request for everyone who asks at the same time.

Reference, sections 2.1 and 2.2.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from ..venue.messages import AssetContext, L2Book
from .requests import VenueUnavailable

_MIDS_GOOD_FOR = 10.0
"""Seconds. Hummingbot's tracker asks every five for each pair that does not trade."""


class InfoRequests(Protocol):
    """Asks the venue; raises ``VenueUnavailable`` when there is no answer."""

    async def info(self, request: Mapping[str, Any], decode_as: Any = Any) -> Any:
        """The answer to an info request."""
        ...


def as_price(mid: float | None) -> Decimal | None:
    """A mid as an exact price in USD; None for what is no price."""
    return Decimal(repr(mid)) if mid is not None and 0 < mid < math.inf else None


class MarketRequests:
    """Books, contexts and mids of any coin."""

    def __init__(self, requests: InfoRequests, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = requests
        self._clock = clock
        self._mids: dict[str, tuple[float, dict[str, float]]] = {}
        self._underway: dict[tuple[str, str], asyncio.Task[Any]] = {}

    async def book(self, coin: str) -> L2Book | None:
        """The coin's book; None when the venue does not know the coin.

        :raises VenueUnavailable: when it does not answer.
        """
        answer: L2Book | None = await self._requests.info({"type": "l2Book", "coin": coin}, L2Book | None)
        return answer

    async def contexts(self, dex: str) -> dict[str, AssetContext]:
        """Prices and funding of every coin of a dex; those that cannot be read are left out.

        :raises VenueUnavailable: when the venue does not answer.
        """

        async def ask() -> dict[str, AssetContext]:
            answer = await self._requests.info({"type": "metaAndAssetCtxs", "dex": dex}, tuple[_Universe, list[Any]])
            meta, contexts = answer
            readable = {}
            for entry, context in zip(meta.universe, contexts, strict=False):
                try:
                    readable[entry["name"]] = msgspec.convert(context, AssetContext)
                except (msgspec.ValidationError, KeyError, TypeError):
                    continue  # one malformed market must not hide the others
            return readable

        return await self._together(("contexts", dex), ask)

    async def mids(self, dex: str) -> dict[str, float]:
        """The mid of every coin of a dex, in USD, not older than ten seconds; those that are no numbers are left out.

        :raises VenueUnavailable: when the venue does not answer.
        """
        read_at, mids = self._mids.get(dex, (-math.inf, {}))
        if self._clock() - read_at <= _MIDS_GOOD_FOR:
            return mids

        async def ask() -> dict[str, float]:
            answer = await self._requests.info({"type": "allMids", "dex": dex}, dict[str, Any])
            readable = {}
            for coin, text in answer.items():
                try:
                    readable[coin] = float(text)
                except (TypeError, ValueError, OverflowError):
                    continue
            self._mids[dex] = (self._clock(), readable)
            return readable

        return await self._together(("mids", dex), ask)

    async def mids_of(self, dexs: Sequence[str]) -> tuple[dict[str, float], dict[str, VenueUnavailable]]:
        """The mid of every coin of some dexs, in USD; and why dexs did not answer, if any."""
        answers = await asyncio.gather(*map(self.mids, dexs), return_exceptions=True)
        mids: dict[str, float] = {}
        problems: dict[str, VenueUnavailable] = {}
        for dex, answer in zip(dexs, answers, strict=True):
            if isinstance(answer, VenueUnavailable):
                problems[dex] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                mids |= answer
        return mids, problems

    async def _together[T](self, key: tuple[str, str], ask: Callable[[], Awaitable[T]]) -> T:
        """Everyone who asks while a request is underway gets its answer."""
        task: asyncio.Task[T] | None = self._underway.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.ensure_future(_as_coroutine(ask))
            self._underway[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        # Whoever started it may be cancelled while others still wait.
        return await asyncio.shield(task)

    def _forget(self, key: tuple[str, str], done: asyncio.Task[Any]) -> None:
        if self._underway.get(key) is done:
            del self._underway[key]
        if not done.cancelled():
            done.exception()  # nobody may be waiting for it any more


class _Universe(msgspec.Struct, frozen=True):
    universe: list[dict[str, Any]]


async def _as_coroutine[T](ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()
