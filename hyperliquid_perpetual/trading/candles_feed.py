"""Hummingbot's candles feed for any market of any of our networks.

What is in the making comes by stream, over one socket for all feeds; the past by request, once, and again for what was
missed while the socket was away. The stream tells a candle about once a second, so that its last trades may be
missing when the next one begins: closed candles are read again, a few minutes' worth at a time.
"""

import asyncio
import math
import time
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from bidict import bidict
from hummingbot.core.network_iterator import NetworkStatus
from hummingbot.data_feed.candles_feed.candles_base import CandlesBase
from hummingbot.data_feed.candles_feed.data_types import HistoricalCandlesConfig

from ..venue.messages import Candle
from ..venue.networks import Network
from .backoff import Backoff
from .candle_history import read_candles
from .candle_rows import INTERVALS, MOST_CANDLES, Row, rows_of
from .candle_streams import CandleStreams, candle_streams
from .log_names import logger_of
from .requests import VenueUnavailable
from .shared_markets import public_requests, shared_markets

SETTLE_EVERY_SECONDS = 300.0
"""How often closed candles are read again: 20 weights each time."""

LOST_AFTER_SECONDS = 30.0
"""How long candles may be used without a socket."""

FIRST_CANDLE_SECONDS = 10.0
"""How long to wait for the stream before the past is asked for without it."""

_UNKNOWN_AGAIN_SECONDS = 600.0

_logger = logger_of(__name__)


class UnknownMarket(Exception):
    """The pair is no market of the network; the message names those it may have been meant for."""


class VenueCandles(CandlesBase):
    """The candles of one pair on ``network``."""

    network: ClassVar[Network] = Network.MAINNET
    _listen_candles_task: asyncio.Task[None] | None

    @classmethod
    def logger(cls) -> Any:
        """Of our own: the base class gives every feed and connector one logger."""
        return _logger

    def __init__(self, trading_pair: str, interval: str = "1m", max_records: int = 150) -> None:
        """:raises ValueError: for an interval that cannot be had; the message lists those that can."""
        if interval not in INTERVALS:
            known = ", ".join(INTERVALS)
            raise ValueError(f"there are no candles of {interval!r} on {self.network.value}; intervals are {known}")
        self._interval = INTERVALS[interval]
        self._coin: str | None = None
        super().__init__(trading_pair, interval, max_records)
        self._requests = public_requests(self.network)
        self._wake = asyncio.Event()
        self._recent: dict[int, Candle] = {}
        """The venue's newest candles, by their start in milliseconds, of which the one in the making is made."""
        self._complete_to = -math.inf
        """Start of the newest candle, in seconds, up to which all that exists is here and final."""
        self._settled_at = -math.inf
        self._lost_at: float | None = None
        self._has_missed = True
        self._told_short = False

    # What Hummingbot asks about it

    @property
    def name(self) -> str:
        return f"{self.network.value}_{self._trading_pair}"

    @property
    def rest_url(self) -> str:
        return self.network.rest_url

    @property
    def wss_url(self) -> str:
        return self.network.ws_url

    @property
    def health_check_url(self) -> str:
        return self.rest_url

    @property
    def candles_url(self) -> str:
        return self.rest_url + "/info"

    @property
    def candles_endpoint(self) -> str:
        return "candleSnapshot"

    @property
    def candles_max_result_per_rest_request(self) -> int:
        return MOST_CANDLES

    @property
    def rate_limits(self) -> list[Any]:
        return []  # the weight of the address is counted where the requests are made

    @property
    def intervals(self) -> "bidict[str, str]":
        return bidict({name: name for name in INTERVALS})

    @property
    def ready(self) -> bool:
        """Whether all records are here, and kept up to date."""
        is_lost = self._lost_at is not None and time.monotonic() - self._lost_at > LOST_AFTER_SECONDS
        return bool(super().ready) and not is_lost

    def get_exchange_trading_pair(self, trading_pair: str) -> str:
        return self._coin or trading_pair.rpartition("-")[0]

    def attach_connector(self, connector: Any) -> None:
        """Takes the names of markets from a connector; the weight of the address is shared anyway."""
        self._connector = connector

    async def check_network(self) -> NetworkStatus:
        if self._streams.is_live:
            return NetworkStatus.CONNECTED
        try:
            await self._requests.info({"type": "exchangeStatus"})
        except VenueUnavailable:
            return NetworkStatus.NOT_CONNECTED
        return NetworkStatus.CONNECTED

    async def initialize_exchange_data(self) -> None:
        """Finds the venue's name of the market.

        :raises UnknownMarket: when there is none.
        :raises VenueUnavailable: when the venue cannot be asked.
        """
        if self._coin is None:
            self._coin = await self._find_coin()
            self._ex_trading_pair = self._coin

    # Its life

    async def start_network(self) -> None:
        await self.stop_network()
        self._listen_candles_task = asyncio.ensure_future(self.listen_for_subscriptions())

    async def stop_network(self) -> None:
        task, self._listen_candles_task = self._listen_candles_task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def listen_for_subscriptions(self) -> None:
        """Keeps the candles up to date until it is cancelled."""
        coin = await self._wait_for_coin()
        streams = self._streams
        await streams.listen(coin, self._interval.source, self)
        try:
            await self._keep_complete()
        finally:
            await streams.leave(coin, self._interval.source, self)
            self._reset_candles()

    def on_candle(self, candle: Candle) -> None:
        """The stream tells the candle in the making."""
        self._recent[candle.t] = candle
        if self._has_missed:
            self._has_missed = False
            self._wake.set()
        row = self._row_in_the_making()
        if not self._candles:
            self._candles.append(row)
        elif row[0] == self._candles[-1][0]:
            self._candles[-1] = row
        elif row[0] > self._candles[-1][0]:
            follows = row[0] - self._candles[-1][0] <= self._interval.seconds
            self._candles.append(row)
            if not follows or time.monotonic() - self._settled_at > SETTLE_EVERY_SECONDS:
                self._wake.set()

    def _row_in_the_making(self) -> Row:
        for old in sorted(self._recent)[: -self._interval.parts - 1]:
            del self._recent[old]
        return rows_of(self._recent.values(), self._interval)[-1]

    def on_stream_ready(self) -> None:
        """A socket is there: with its first candle, what happened before has to be asked for."""
        self._lost_at = None
        self._has_missed = True

    def on_stream_lost(self) -> None:
        """The socket is gone."""
        self._lost_at = time.monotonic()

    def _reset_candles(self) -> None:
        super()._reset_candles()
        self._recent.clear()
        self._complete_to = -math.inf
        self._settled_at = -math.inf
        self._has_missed = True

    # The past

    async def _keep_complete(self) -> None:
        backoff = Backoff(first=1.0, longest=60.0)
        patience = FIRST_CANDLE_SECONDS
        while True:
            try:
                async with asyncio.timeout(None if self._candles else patience):
                    await self._wake.wait()
            except TimeoutError:
                patience *= 2  # no candle by stream: a market in which nothing happens may still have a past
            self._wake.clear()
            try:
                await self._complete()
            except VenueUnavailable as error:
                backoff.fail()
                if backoff.is_worth_telling:
                    self.logger().warning(f"The candles of {self.name} cannot be read: {error}. Trying again.")
                await asyncio.sleep(backoff.delay())
                self._wake.set()
            except Exception:
                self.logger().exception(f"Unexpected error with the candles of {self.name}. Trying again.")
                await asyncio.sleep(10.0)
                self._wake.set()
            else:
                backoff.succeed()

    async def _complete(self) -> None:
        """Reads what is missing between the candles that are final and the one in the making."""
        length = self._interval.seconds
        newest = self._candles[-1][0] if self._candles else time.time()
        start = newest - (self.max_records - 1) * length
        if len(self._candles) == self.max_records:
            # Nothing older is missing; what closed since the last time may have been told incompletely.
            start = max(start, min(self._complete_to, newest - length))
        candles = await self._read_source(start, newest)
        if not self._candles and not candles:
            return
        self._merge(candles)
        self._settled_at = time.monotonic()
        self._complete_to = newest
        if len(self._candles) < self.max_records and not self._told_short:
            self._told_short = True
            self.logger().warning(
                f"{self.name} has {len(self._candles)} candles of {self.interval}, and {self.max_records} are asked "
                "for (max_records). Strategies that wait for all of them wait until there are as many."
            )

    def _merge(self, candles: list[Candle]) -> None:
        """What was requested wins, except over what the stream tells of now. No await in between: others read this."""
        streamed = max(self._recent, default=None)
        for candle in candles[-self._interval.parts :]:
            if streamed is not None and candle.t < streamed:
                self._recent[candle.t] = candle
        rows = rows_of(candles, self._interval)
        merged = {row[0]: row for row in self._candles} | {row[0]: row for row in rows}
        if streamed is not None:
            now = self._row_in_the_making()
            merged[now[0]] = now
        self._candles.clear()
        self._candles.extend(merged[start] for start in sorted(merged))
        self._ws_candle_available.set()

    async def _read_source(self, start: float, end: float) -> list[Candle]:
        """The venue's candles of which those are made that begin between two times in seconds."""
        await self.initialize_exchange_data()
        assert self._coin is not None
        length = self._interval.seconds
        if self._interval.parts > 1:
            # The first part must be the first of its group. Months and weeks begin where the venue says.
            start, end = -(-start // length) * length, end // length * length + length - 1
        source = self._interval.source
        return await read_candles(self._requests, self._coin, source, int(start * 1000), int(end * 1000))

    async def _read(self, start: float, end: float) -> list[Row]:
        """Rows that begin between two times in seconds."""
        return rows_of(await self._read_source(start, end), self._interval)

    async def fetch_candles(
        self, start_time: int | None = None, end_time: int | None = None, limit: int | None = None
    ) -> "np.ndarray[Any, Any]":
        """Candles as an array of rows, from ``start_time`` or up to ``end_time`` (seconds), at most ``limit``.

        :raises ValueError: without a time.
        :raises VenueUnavailable: when the venue does not answer.
        """
        if start_time is None and end_time is None:
            raise ValueError("Either the start time or end time must be specified.")
        count = min(MOST_CANDLES, max(1, limit or MOST_CANDLES))
        span = count * self._interval.seconds
        if end_time is None:
            assert start_time is not None
            rows = (await self._read(start_time, start_time + span))[:count]
        else:
            rows = (await self._read(end_time - span if start_time is None else start_time, end_time))[-count:]
        return np.array(rows).astype(float) if rows else np.array([]).reshape(0, len(self.columns))

    async def get_historical_candles(self, config: HistoricalCandlesConfig) -> pd.DataFrame:
        """All candles that begin between two times in seconds, as far as the venue still has them."""
        rows = await self._read(config.start_time, config.end_time)
        return pd.DataFrame(rows, columns=self.columns, dtype=float)

    # Names

    async def _wait_for_coin(self) -> str:
        backoff = Backoff(first=1.0, longest=60.0)
        while True:
            try:
                await self.initialize_exchange_data()
            except UnknownMarket as error:
                self.logger().error(f"No candles of {self._trading_pair}: {error}")
                await asyncio.sleep(_UNKNOWN_AGAIN_SECONDS)
            except VenueUnavailable as error:
                backoff.fail()
                if backoff.is_worth_telling:
                    self.logger().warning(f"The markets of {self.network.value} cannot be read: {error}. Trying again.")
                await asyncio.sleep(backoff.delay())
            else:
                assert self._coin is not None
                return self._coin

    async def _find_coin(self) -> str:
        if self._connector is not None:
            try:
                return str(await self._connector.exchange_symbol_associated_to_pair(self._trading_pair))
            except KeyError:
                pass  # its markets may not be read yet
        table = await shared_markets(self.network)
        market = table.find(self._trading_pair)
        if market is None:
            near = ", ".join(table.near(self._trading_pair)) or ", ".join(list(table.by_trading_pair)[:5])
            raise UnknownMarket(f"{self.network.value} has no such market; did you mean {near}?")
        return market.coin

    @property
    def _streams(self) -> CandleStreams:
        return candle_streams(self.wss_url)


class TestnetCandles(VenueCandles):
    """Candles of the testnet."""

    network = Network.TESTNET


class SandboxCandles(VenueCandles):
    """Candles of the local sandbox, in its own time."""

    network = Network.SANDBOX


CANDLES: dict[str, type[VenueCandles]] = {
    each.network.value: each for each in (VenueCandles, TestnetCandles, SandboxCandles)
}
