"""Candles feeds of our networks, made by Hummingbot's own factory and provider, on a sandbox."""

import asyncio
import itertools
import json
import logging
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hummingbot.data_feed.candles_feed.candles_base import CandlesBase
from hummingbot.data_feed.candles_feed.candles_factory import CandlesFactory
from hummingbot.data_feed.candles_feed.data_types import CandlesConfig, HistoricalCandlesConfig
from hummingbot.data_feed.market_data_provider import MarketDataProvider

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading import candle_history, candles_feed
from hyperliquid_perpetual.trading.additions import add_candles
from hyperliquid_perpetual.trading.candle_rows import INTERVALS, rows_of
from hyperliquid_perpetual.venue.messages import Candle
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import DOMAIN, eventually, trading_bot

HOUR = 3600


@pytest.fixture(autouse=True)
def registered() -> None:
    from hummingbot.data_feed.candles_feed import candles_factory

    add_candles(candles_factory)


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, market="calm", block_ms=0) as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        yield exchange


def feed(pair: str, interval: str = "1m", records: int = 20) -> Any:
    config = CandlesConfig(connector=DOMAIN, trading_pair=pair, interval=interval, max_records=records)
    return CandlesFactory.get_candle(config)


async def stop(*feeds: CandlesBase) -> None:
    for each in feeds:
        each.stop()
        await each.stop_network()


async def told(exchange: Sandbox, coin: str, interval: str, start: float, end: float) -> list[list[float]]:
    """What the venue tells when it is asked directly: time in seconds, open, high, low, close, volume, trades."""
    request = {"coin": coin, "interval": interval, "startTime": int(start * 1000), "endTime": int(end * 1000)}
    async with (
        aiohttp.ClientSession() as session,
        session.post(exchange.url + "/info", json={"type": "candleSnapshot", "req": request}) as response,
    ):
        return [
            [one["t"] / 1000, *(float(one[key]) for key in ("o", "h", "l", "c", "v", "n"))]
            for one in await response.json()
        ]


def shown(candles: Any) -> list[list[float]]:
    columns = ["timestamp", "open", "high", "low", "close", "volume", "n_trades"]
    rows: list[list[float]] = candles.candles_df[columns].values.tolist()
    return rows


@pytest.mark.parametrize("pair", ["BTC-USD", "kPEPE-USD", "xyz:TSLA-USD", "km:US500-USD"])
async def test_closed_candles_are_what_the_venue_tells(exchange: Sandbox, pair: str) -> None:
    candles = feed(pair, "5m")
    candles.start()
    try:
        await eventually(lambda: candles.ready, 15)
        rows = shown(candles)
        assert rows[:-1] == (await told(exchange, pair.removesuffix("-USD"), "5m", rows[0][0], rows[-1][0]))[:-1]
        assert [row[0] for row in rows] == [rows[0][0] + 300 * index for index in range(20)]
    finally:
        await stop(candles)


@pytest.mark.parametrize(("written", "coin"), [("KPEPE-USD", "kPEPE"), ("XYZ:TSLA-USD", "xyz:TSLA")])
async def test_a_pair_in_capitals_gets_the_candles_of_the_market_it_means(
    exchange: Sandbox, written: str, coin: str
) -> None:
    """`hbot deploy` writes pairs in capitals; over an unknown coin the venue would drop the socket."""
    candles = feed(written)
    candles.start()
    try:
        await eventually(lambda: candles.ready, 15)
        assert candles.candles_df["close"].iloc[-1] == pytest.approx(float(exchange.book(coin).mid or 0), rel=0.02)
    finally:
        await stop(candles)


@pytest.mark.parametrize("interval", sorted(INTERVALS))
async def test_every_interval_can_be_had(exchange: Sandbox, interval: str) -> None:
    candles = feed("BTC-USD", interval, records=2 if interval in ("1M", "1w") else 5)
    candles.start()
    try:
        await eventually(lambda: candles.ready, 15, lambda: str(candles.candles_df))
        times = [row[0] for row in shown(candles)]
        assert times == sorted(set(times))
        if interval != "1M":
            assert {b - a for a, b in itertools.pairwise(times)} == {candles.interval_in_seconds}
    finally:
        await stop(candles)


async def test_six_hours_are_three_times_two(exchange: Sandbox) -> None:
    """The venue has no six-hour candles, Hummingbot has."""
    candles = feed("ETH-USD", "6h", records=6)
    candles.start()
    try:
        await eventually(lambda: candles.ready, 15)
        rows = shown(candles)[:-1]
        for row in rows:
            parts = await told(exchange, "ETH", "2h", row[0], row[0] + 6 * HOUR - 1)
            assert len(parts) == 3
            expected = [row[0], parts[0][1], max(p[2] for p in parts), min(p[3] for p in parts), parts[-1][4]]
            assert row[:5] == expected
            assert row[5] == pytest.approx(sum(p[5] for p in parts))
        assert all(row[0] % (6 * HOUR) == 0 for row in rows)
    finally:
        await stop(candles)


@pytest.mark.parametrize("interval", ["1s", "7m", ""])
def test_an_interval_that_cannot_be_had_is_refused_with_those_that_can(interval: str) -> None:
    with pytest.raises(ValueError, match="intervals are 1m, 3m, 5m"):
        candles_feed.SandboxCandles("BTC-USD", interval)


async def test_all_feeds_share_one_socket_and_one_look_at_the_markets(exchange: Sandbox) -> None:
    """An address may have ten sockets: the stock feed takes one for each pair and interval."""
    feeds = [feed(pair, interval) for pair in ("BTC-USD", "kPEPE-USD", "xyz:TSLA-USD") for interval in ("1m", "5m")]
    for each in feeds:
        each.start()
    try:
        await eventually(lambda: all(each.ready for each in feeds), 20)
        assert exchange.sockets == 1
        assert len(exchange.requests("/info", "allPerpMetas")) == 1
        assert len(exchange.requests("/info", "candleSnapshot")) == len(feeds)
        # The look at the network is cheap, and free while the stream is live.
        looks = len(exchange.requests("/info", "exchangeStatus"))
        assert looks <= len(feeds)
        await asyncio.gather(*(each.check_network() for each in feeds))
        assert len(exchange.requests("/info", "exchangeStatus")) == looks
    finally:
        await stop(*feeds)
    await eventually(lambda: exchange.sockets == 0)


async def test_two_feeds_of_the_same_candles_end_one_after_the_other(exchange: Sandbox) -> None:
    one, two = feed("BTC-USD"), feed("BTC-USD")
    for each in (one, two):
        each.start()
    try:
        await eventually(lambda: one.ready and two.ready, 15)
        await stop(one)
        two._candles[-1][4] = -1.0
        await eventually(lambda: two._candles[-1][4] > 0, 10)
        one.start()
        await eventually(lambda: one.ready, 15)
    finally:
        await stop(one, two)
    await eventually(lambda: exchange.sockets == 0)


async def test_what_was_missed_while_the_socket_was_away_is_asked_for() -> None:
    async with Sandbox(seed=7, market="calm", clock="virtual") as exchange:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
            patch.setattr(candles_feed, "SETTLE_EVERY_SECONDS", 0.0)
            candles = feed("BTC-USD", records=30)
            candles.start()
            try:
                await advance_until(exchange, lambda: candles.ready)
                exchange.drop_websockets()
                await exchange.clock.advance(10 * 60)
                end = exchange.clock.now() / 1000
                await advance_until(exchange, lambda: candles._candles[-1][0] >= end // 60 * 60)
                await advance_until(exchange, lambda: steps(candles) == {60.0})
                # All but the candle in the making, once what was missed has been read.
                await until_as_told(exchange, candles, "BTC", "1m")
            finally:
                await stop(candles)


async def test_candles_follow_the_time_of_the_exchange_and_not_of_this_machine() -> None:
    """A day of virtual time in a second: what this machine's clock says has nothing to do with candles."""
    async with Sandbox(seed=7, market="still", clock="virtual") as exchange:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
            candles = feed("BTC-USD", "1h", records=48)
            candles.start()
            try:
                await advance_until(exchange, lambda: candles.ready)
                await exchange.clock.advance(24 * HOUR)
                now = exchange.clock.now() / 1000
                await advance_until(exchange, lambda: candles._candles[-1][0] >= now // HOUR * HOUR)
                await advance_until(exchange, lambda: steps(candles) == {float(HOUR)} and candles.ready)
            finally:
                await stop(candles)


async def until_as_told(exchange: Sandbox, candles: Any, coin: str, interval: str) -> None:
    async with asyncio.timeout(20):
        while True:
            rows = shown(candles)
            if rows[:-1] == (await told(exchange, coin, interval, rows[0][0], rows[-1][0]))[:-1]:
                return


def steps(candles: Any) -> set[float]:
    times = [row[0] for row in candles._candles]
    return {b - a for a, b in itertools.pairwise(times)}


async def advance_until(exchange: Sandbox, condition: Any) -> None:
    """Lets the exchange's time pass by seconds, as its streams need it to send anything."""
    async with asyncio.timeout(20):
        while not condition():
            await exchange.clock.advance(1)
            await asyncio.sleep(0.02)


async def test_a_closed_candle_is_read_again_and_then_final(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream tells once a second: the last trades of a candle would be missing for ever."""
    async with Sandbox(seed=7, market="still", clock="virtual") as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        monkeypatch.setattr(candles_feed, "SETTLE_EVERY_SECONDS", 0.0)
        candles = feed("BTC-USD", records=5)
        candles.start()
        try:
            await advance_until(exchange, lambda: candles.ready)
            closed = candles._candles[-1][0]
            candles._candles[-1][4] = 1.0
            candles._recent.clear()
            await exchange.clock.advance(60)
            await advance_until(exchange, lambda: candles._candles[-1][0] > closed)
            await advance_until(exchange, lambda: all(row[4] > 1 for row in candles._candles))
            await eventually(lambda: len(exchange.requests("/info", "candleSnapshot")) >= 2)
            # Only what can have changed is read again.
            body = json.loads(exchange.requests("/info", "candleSnapshot")[-1].body)
            assert body["req"]["startTime"] >= (closed - 60) * 1000
        finally:
            await stop(candles)


async def test_a_market_that_does_not_exist_is_told_once_with_what_may_be_meant(
    exchange: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = feed("BTC-USD"), feed("PEPE-USD")
    with caplog.at_level(logging.ERROR):
        for each in (good, bad):
            each.start()
        try:
            await eventually(lambda: good.ready, 15)
            await eventually(lambda: "kPEPE-USD" in caplog.text, 10)
            assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
            assert not bad.ready
        finally:
            await stop(good, bad)


async def test_too_short_a_history_is_told_once(exchange: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    candles = feed("BTC-USD", "1d", records=100)
    with caplog.at_level(logging.WARNING):
        candles.start()
        try:
            await eventually(lambda: "has 31 candles of 1d, and 100 are asked for" in caplog.text, 15)
            assert not candles.ready
        finally:
            await stop(candles)


async def test_a_venue_that_is_away_is_waited_for(exchange: Sandbox) -> None:
    exchange.faults.status(502, next=2, path="/info", kind="candleSnapshot")
    candles = feed("BTC-USD")
    candles.start()
    try:
        await eventually(lambda: candles.ready, 20)
    finally:
        await stop(candles)


async def test_a_controller_gets_its_candles_through_hummingbots_provider(exchange: Sandbox) -> None:
    async with trading_bot("kPEPE-USD", exchange=exchange) as bot:
        provider = MarketDataProvider({DOMAIN: bot.connector})
        metas = len(exchange.requests("/info", "allPerpMetas"))
        sockets = exchange.sockets
        try:
            config = CandlesConfig(connector=DOMAIN, trading_pair="kPEPE-USD", interval="1m", max_records=50)
            provider.initialize_candles_feed(config)
            await eventually(lambda: provider.ready, 20)
            frame = provider.get_candles_df(DOMAIN, "kPEPE-USD", "1m", 50)
            assert len(frame) == 50
            # The names come from the connector, which has read them.
            assert len(exchange.requests("/info", "allPerpMetas")) == metas
            assert exchange.sockets == sockets + 1
            past = await provider.get_historical_candles_df(
                DOMAIN, "kPEPE-USD", "1h", start_time=int(frame["timestamp"].iloc[0]) - 48 * HOUR, max_records=40
            )
            assert len(past) >= 40
        finally:
            feeds = list(provider.candles_feeds.values())
            provider.stop()
            await stop(*feeds)


async def test_history_is_had_without_starting_the_feed(exchange: Sandbox) -> None:
    """Backtests ask for a range of time and never start anything."""
    now = exchange.clock.now() / 1000
    candles = feed("xyz:TSLA-USD", "1m", records=5)
    config = HistoricalCandlesConfig(
        connector_name=DOMAIN,
        trading_pair="xyz:TSLA-USD",
        interval="1m",
        start_time=int(now) - 2000 * 60,
        end_time=int(now) - 60,
    )
    frame = await candles.get_historical_candles(config)
    assert 1998 <= len(frame) <= 2000
    assert set(frame["timestamp"].diff().dropna()) == {60.0}
    assert len(exchange.requests("/info", "candleSnapshot")) == 1
    some = await candles.fetch_candles(end_time=int(now) // 60 * 60 - 60, limit=10)
    assert some.shape == (10, 10)


@pytest.mark.parametrize("cut", ["newest", "oldest", "none"])
async def test_a_range_is_whole_whichever_end_of_a_long_answer_the_venue_cuts(
    cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference's general limit of 500 items may or may not hold for candles."""
    everything = [candle(minute) for minute in range(3_000)]

    class Requests:
        asked = 0

        async def info(self, request: dict[str, Any], _decode: Any) -> list[Candle]:
            self.asked += 1
            start, end = request["req"]["startTime"], request["req"]["endTime"]
            found = [each for each in everything if start <= each.t <= end]
            return found[-500:] if cut == "oldest" else found[:500] if cut == "newest" else found

    requests = Requests()
    got = await candle_history.read_candles(requests, "BTC", "1m", 60_000, 2_000 * 60_000)  # type: ignore[arg-type]
    assert got == everything[1:2_001]
    assert requests.asked <= 5


def candle(minute: int, price: int = 100) -> Candle:
    at, px = minute * 60_000, Decimal(price)
    return Candle(t=at, T=at + 59_999, s="BTC", i="1m", o=px, h=px, l=px, c=px, v=Decimal(1), n=1)


def test_the_last_candle_of_a_time_counts() -> None:
    rows = rows_of([candle(0, 1), candle(1, 2), candle(0, 3)], INTERVALS["1m"])
    assert [(row[0], row[4]) for row in rows] == [(0.0, 3.0), (60.0, 2.0)]
