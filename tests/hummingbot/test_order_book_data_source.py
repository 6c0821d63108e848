"""Market data all the way into Hummingbot's order book tracker, from a scripted server and from the sandbox."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hummingbot.core.data_type.common import TradeType
from hummingbot.core.data_type.funding_info import FundingInfoUpdate
from hummingbot.core.data_type.order_book import OrderBook
from hummingbot.core.data_type.order_book_message import OrderBookMessage, OrderBookMessageType
from hummingbot.core.data_type.order_book_tracker import OrderBookTracker
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import OrderBookEvent, OrderBookTradeEvent

from hyperliquid_perpetual import hyperliquid_perpetual_api_order_book_data_source as module
from hyperliquid_perpetual.hyperliquid_perpetual_api_order_book_data_source import (
    HyperliquidPerpetualAPIOrderBookDataSource as DataSource,
)
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.connection import Timings
from hyperliquid_perpetual.trading.market_data import Feed, MarketData
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.venue.messages import Bbo, L2Book
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from tests.market_server import MarketServer, bbo, context, deep, fast, trades
from tests.websocket_server import eventually

QUICK = Timings(acknowledge=1.0, first_retry=0.01, longest_retry=0.05, close=0.1)
COINS = ["BTC", "ETH", "kPEPE", "xyz:TSLA"]


class Names:
    """The connector, as far as the data source knows it."""

    def __init__(self) -> None:
        self.coins = {f"{coin}-USD": coin for coin in COINS}

    async def exchange_symbol_associated_to_pair(self, trading_pair: str) -> str:
        return self.coins[trading_pair]

    coin_of = exchange_symbol_associated_to_pair


class CannedRequests:
    """Info requests with answers made up, the first few of which can fail."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.failures_left = 0
        self.delay = 0.0
        self.book_time = 1_790_000_000_000
        self.unlisted: set[str] = set()

    async def info(self, request: dict[str, Any], decode_as: Any = Any) -> Any:
        self.asked.append(request)
        await asyncio.sleep(self.delay)
        if self.failures_left:
            self.failures_left -= 1
            raise VenueUnavailable("HTTP 429")
        return msgspec.convert(self._answer(request), decode_as)

    def _answer(self, request: dict[str, Any]) -> Any:
        match request["type"]:
            case "l2Book":
                return None if request["coin"] in self.unlisted else deep(request["coin"], self.book_time)["data"]
            case "metaAndAssetCtxs":
                coins = [coin for coin in COINS if (":" in coin) == bool(request["dex"])]
                contexts: list[Any] = [context(coin)["data"]["ctx"] for coin in coins]
                return [{"universe": [{"name": "BROKEN"}, *({"name": coin} for coin in coins)]}, [None, *contexts]]
            case "allMids":
                return {"BTC": "84143.5", "xyz:TSLA": "402.5", "BROKEN": None}
        raise AssertionError(request)


class Desk:
    """A data source with everything around it."""

    def __init__(self, trading_pairs: list[str]) -> None:
        self.names = Names()
        self.requests = CannedRequests()
        self.market_data = MarketData()
        self.source = DataSource(
            trading_pairs, self.names, self.requests, self.market_data, Network.SANDBOX, timings=QUICK
        )

    async def parsed(self, parse: Callable[[Any, Any], Any], raw: Any) -> list[Any]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        await parse(raw, queue)
        return [queue.get_nowait() for _ in range(queue.qsize())]


class Tracker(OrderBookTracker):  # type: ignore[misc]
    """Hummingbot's tracker, without the second it sleeps after each pair."""

    @staticmethod
    async def _sleep(delay: float) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def tracking(source: DataSource, trading_pairs: list[str]) -> AsyncIterator[Tracker]:
    tracker = Tracker(source, trading_pairs)
    tracker.start()
    try:
        yield tracker
    finally:
        listener = tracker._order_book_stream_listener_task
        tracker.stop()
        await asyncio.gather(listener, return_exceptions=True)


@pytest.fixture
async def venue(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MarketServer]:
    async with MarketServer() as venue:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, venue.url.replace("ws://", "http://").removesuffix("/ws"))
        yield venue


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the streams should be."""
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "http://127.0.0.1:1")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any time for streams, and none between attempts."""
    monkeypatch.setattr(module, "STREAM_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(module, "_LEAST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(module.Backoff, "delay", lambda _self: 0.0)


def rows(book: OrderBook) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    return [(row.price, row.amount) for row in book.bid_entries()], [(r.price, r.amount) for r in book.ask_entries()]


def composed(source: DataSource, coin: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    book = source._feed.book(coin)
    return book.bids, book.asks


# First books


async def test_first_books_come_from_the_stream_without_a_request(venue: MarketServer) -> None:
    pairs = ["BTC-USD", "kPEPE-USD", "xyz:TSLA-USD"]
    desk = Desk(pairs)
    async with tracking(desk.source, pairs) as tracker:
        await eventually(lambda: tracker.ready)
        assert desk.requests.asked == []
        assert set(tracker.order_books) == set(pairs)
        assert all(len(rows(book)[0]) == 20 for book in tracker.order_books.values())
        assert desk.source.stale() == {}
        assert desk.source.is_live


async def test_book_in_hummingbot_follows_the_composed_book(venue: MarketServer) -> None:
    pairs = ["BTC-USD", "kPEPE-USD"]
    desk = Desk(pairs)
    async with tracking(desk.source, pairs) as tracker:
        await eventually(lambda: tracker.ready)
        start = venue.time
        for step in range(1, 60):
            now = start + step * 70
            bid = 100 + (step * 7) % 11 - 5
            await venue.send(Feed.TOP, bbo("kPEPE", now, f"{bid}.0", f"{bid + 1}.0"))
            if step % 8 == 0:
                await venue.send(Feed.TOP, fast("kPEPE", now, size=f"{step}.5"))
            if step % 20 == 0:
                await venue.send(Feed.DEPTH, deep("kPEPE", now - 35, size=f"{step}.25"))
        book = tracker.order_books["kPEPE-USD"]
        await eventually(lambda: desk.source._feed.book("kPEPE").time == start + 59 * 70)
        await eventually(lambda: rows(book) == composed(desk.source, "kPEPE"))
        assert book.get_price(is_buy=False) == desk.source._feed.book("kPEPE").best_bid
        assert book.get_price(is_buy=True) == desk.source._feed.book("kPEPE").best_ask
        assert rows(tracker.order_books["BTC-USD"]) == composed(desk.source, "BTC")


async def test_snapshot_and_changes_are_in_seconds_with_rising_ids(venue: MarketServer) -> None:
    """D70 and D71."""
    desk = Desk(["BTC-USD"])
    async with tracking(desk.source, ["BTC-USD"]):
        snapshot = await desk.source._order_book_snapshot("BTC-USD")
        assert snapshot.type is OrderBookMessageType.SNAPSHOT
        assert snapshot.timestamp == venue.time / 1000
        change = desk.source._feed.book("BTC").take_bbo
        frame = msgspec.convert(bbo("BTC", venue.time + 70, "100.5", "101.0")["data"], Bbo)
        (message,) = await desk.parsed(desk.source._parse_order_book_diff_message, change(frame))
        assert message.type is OrderBookMessageType.DIFF
        assert message.timestamp == (venue.time + 70) / 1000
        assert message.update_id > snapshot.update_id
        assert [(row.price, row.amount) for row in message.bids] == [(100.5, 3.0)]
        assert OrderBookMessage.bids.fget(message) == message.bids  # what the base class would make of the content


async def test_late_snapshot_does_not_replace_a_newer_book(venue: MarketServer) -> None:
    """D71."""
    desk = Desk(["BTC-USD"])
    async with tracking(desk.source, ["BTC-USD"]) as tracker:
        await eventually(lambda: tracker.ready)
        await venue.send(Feed.TOP, bbo("BTC", venue.time + 500, "95.0", "96.0"))
        book = tracker.order_books["BTC-USD"]
        await eventually(lambda: rows(book)[0][0] == (95.0, 3.0))
        old = msgspec.convert(deep("BTC", venue.time - 5000)["data"], L2Book)
        desk.source._message_queue[desk.source._snapshot_messages_queue_key].put_nowait(old)
        await venue.send(Feed.DEPTH, deep("BTC", venue.time + 100, size="8.0"))
        await eventually(lambda: rows(book)[0][1] == (94.0, 8.0))
        assert rows(book) == composed(desk.source, "BTC")
        assert rows(book)[0][0] == (95.0, 3.0)


@pytest.mark.usefixtures("nowhere", "impatient")
async def test_requests_that_fail_at_first_only_delay_readiness() -> None:
    """D68: one failure at the start must not keep the connector unready for ever."""
    pairs = ["BTC-USD", "xyz:TSLA-USD"]
    desk = Desk(pairs)
    desk.requests.failures_left = 5
    async with tracking(desk.source, pairs) as tracker:
        info = await desk.source.get_funding_info("xyz:TSLA-USD")
        assert info.rate == Decimal("0.0000125")
        await eventually(lambda: tracker.ready)
        assert len(rows(tracker.order_books["xyz:TSLA-USD"])[1]) == 20
        # Books that nothing confirms may be there, but must not be traded on.
        assert set(desk.source.stale()) == set(pairs)


@pytest.mark.usefixtures("impatient")
async def test_metadata_that_comes_late_only_delays_readiness(venue: MarketServer) -> None:
    desk = Desk(["BTC-USD"])
    known, desk.names.coins = desk.names.coins, {}
    async with tracking(desk.source, ["BTC-USD"]) as tracker:
        await asyncio.sleep(0.05)
        assert not tracker.ready
        desk.names.coins = known
        await eventually(lambda: tracker.ready and not desk.source.stale())


async def test_pair_that_does_not_exist_keeps_no_other_from_its_streams(venue: MarketServer) -> None:
    pairs = ["NONE-USD", "BTC-USD"]
    desk = Desk(pairs)
    async with tracking(desk.source, pairs):
        await eventually(lambda: desk.market_data.tracked == {"BTC"} and not desk.source.stale())


@pytest.mark.usefixtures("nowhere")
async def test_tracker_that_is_not_started_asks_at_once() -> None:
    desk = Desk(["BTC-USD"])
    started = time.monotonic()
    book = await desk.source.get_new_order_book("BTC-USD")
    await desk.source.get_funding_info("BTC-USD")
    assert time.monotonic() - started < 3  # the wait for a stream, were it waited for, is twice as long
    assert book.get_price(is_buy=False) == 100.0
    assert [request["type"] for request in desk.requests.asked] == ["l2Book", "metaAndAssetCtxs"]


async def test_restarted_tracker_has_right_books_again(venue: MarketServer) -> None:
    pairs = ["BTC-USD", "ETH-USD"]
    desk = Desk(pairs)
    async with tracking(desk.source, pairs) as tracker:
        for turn in range(1, 4):
            await eventually(lambda: tracker.ready)
            await eventually(lambda: desk.source.is_live and not desk.source.stale())
            await eventually(lambda: len(venue.sockets) == 2)
            await venue.send(Feed.TOP, bbo("ETH", venue.time + turn, f"{90 + turn}.0", f"{91 + turn}.0"))
            book = tracker.order_books["ETH-USD"]
            await eventually(lambda turn=turn, book=book: rows(book)[0][0] == (90.0 + turn, 3.0))
            assert rows(book) == composed(desk.source, "ETH")
            handshakes = venue.handshakes
            tracker.start()  # which stops it first
            await eventually(lambda before=handshakes: venue.handshakes == before + 2)
            await eventually(lambda: len(venue.sockets) == 2)


# Trades


async def test_trades_reach_strategies_once_with_their_own_id_side_and_time(venue: MarketServer) -> None:
    desk = Desk(["BTC-USD"])
    events: list[OrderBookTradeEvent] = []
    async with tracking(desk.source, ["BTC-USD"]) as tracker:
        await eventually(lambda: tracker.ready and desk.market_data.context("BTC"))
        listener = EventForwarder(events.append)
        tracker.order_books["BTC-USD"].add_listener(OrderBookEvent.TradeEvent, listener)
        now = venue.time
        await venue.send(Feed.TOP, trades(("BTC", now - 1000, 1)), trades(("BTC", now + 10, 2), ("BTC", now + 10, 3)))
        sell = trades(("BTC", now + 20, 4))
        sell["data"][0] |= {"side": "A", "px": "99.5", "sz": "0.25"}
        await venue.send(Feed.TOP, sell, sell)
        await eventually(lambda: len(events) == 3)
        await asyncio.sleep(0.02)
    assert [event.trade_id for event in events] == [2, 3, 4]
    assert [event.type for event in events] == [TradeType.BUY, TradeType.BUY, TradeType.SELL]
    assert (events[2].price, events[2].amount, events[2].timestamp) == (99.5, 0.25, (now + 20) / 1000)
    assert events[2].trading_pair == "BTC-USD"


# Funding


async def test_funding_rate_is_the_funding_and_never_the_open_interest(venue: MarketServer) -> None:
    """D60."""
    desk = Desk(["BTC-USD"])
    async with tracking(desk.source, ["BTC-USD"]):
        info = await desk.source.get_funding_info("BTC-USD")
        assert info.trading_pair == "BTC-USD"
        assert info.rate == Decimal("0.0000125")
        assert (info.index_price, info.mark_price) == (Decimal("100.1"), Decimal("100.2"))
        assert info.next_funding_utc_timestamp % 3600 == 0
        assert 0 < info.next_funding_utc_timestamp - time.time() <= 3600
        assert desk.requests.asked == []
        output: asyncio.Queue[FundingInfoUpdate] = asyncio.Queue()
        listener = asyncio.create_task(desk.source.listen_for_funding_info(output))
        later = context("BTC")
        later["data"]["ctx"] |= {"funding": "-0.00002", "openInterest": "7", "markPx": "99.9"}
        await venue.send(Feed.TOP, later)
        await eventually(lambda: output.qsize() >= 2)
        updates = [output.get_nowait() for _ in range(output.qsize())]
        listener.cancel()
    assert (updates[-1].rate, updates[-1].mark_price) == (Decimal("-0.00002"), Decimal("99.9"))
    assert updates[-1].next_funding_utc_timestamp == info.next_funding_utc_timestamp


@pytest.mark.usefixtures("nowhere")
async def test_funding_of_all_pairs_costs_one_request_for_each_dex() -> None:
    pairs = [f"{coin}-USD" for coin in COINS]
    desk = Desk(pairs)
    desk.requests.delay = 0.02
    infos = await asyncio.gather(*map(desk.source.get_funding_info, pairs))
    assert [info.trading_pair for info in infos] == pairs
    assert sorted(request["dex"] for request in desk.requests.asked) == ["", "xyz"]
    await desk.source.get_funding_info("kPEPE-USD")
    assert len(desk.requests.asked) == 2  # still fresh


@pytest.mark.usefixtures("nowhere")
async def test_one_caller_that_gives_up_does_not_take_the_request_from_the_others() -> None:
    desk = Desk(["BTC-USD", "ETH-USD"])
    desk.requests.delay = 0.05
    first = asyncio.create_task(desk.source.get_funding_info("BTC-USD"))
    second = asyncio.create_task(desk.source.get_funding_info("ETH-USD"))
    await eventually(lambda: desk.requests.asked)
    first.cancel()
    assert (await second).trading_pair == "ETH-USD"
    assert len(desk.requests.asked) == 1


@pytest.mark.usefixtures("nowhere")
async def test_funding_of_a_pair_that_nobody_configured_and_the_venue_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError, match="no market NONE-USD"):
        await Desk(["BTC-USD"]).source.get_funding_info("NONE-USD")


# Last prices


async def test_last_prices_come_from_the_streams_for_nothing(venue: MarketServer) -> None:
    """D48."""
    pairs = ["BTC-USD", "ETH-USD"]
    desk = Desk(pairs)
    async with tracking(desk.source, pairs) as tracker:
        await eventually(lambda: tracker.ready and not desk.source.stale())
        await venue.send(Feed.TOP, trades(("BTC", venue.time + 1, 1)))
        await eventually(lambda: desk.market_data.last_trade_price("BTC"))
        assert await desk.source.get_last_traded_prices(pairs) == {"BTC-USD": 100.0, "ETH-USD": 100.5}
    assert desk.requests.asked == []


@pytest.mark.usefixtures("nowhere")
async def test_last_prices_without_streams_are_one_request_for_each_dex() -> None:
    """D48."""
    desk = Desk([])
    pairs = [f"{coin}-USD" for coin in COINS]
    prices = await desk.source.get_last_traded_prices(pairs)
    assert (prices["BTC-USD"], prices["xyz:TSLA-USD"]) == (84143.5, 402.5)
    assert math.isnan(prices["ETH-USD"])
    assert [request["dex"] for request in desk.requests.asked] == ["", "xyz"]
    await desk.source.get_last_traded_prices(pairs)
    assert len(desk.requests.asked) == 2  # Hummingbot's tracker would ask every five seconds for a pair without a price
    desk.source._requests._clock = lambda: time.monotonic() + 11
    await desk.source.get_last_traded_prices(["BTC-USD"])
    assert len(desk.requests.asked) == 3


async def test_market_without_a_book_has_its_mark_price(venue: MarketServer) -> None:
    desk = Desk(["BTC-USD"])
    async with tracking(desk.source, ["BTC-USD"]) as tracker:
        await eventually(lambda: tracker.ready and desk.market_data.context("BTC"))
        empty = deep("BTC", venue.time + 1)
        empty["data"]["levels"] = [[], []]
        empty_top = {"channel": "bbo", "data": {"coin": "BTC", "time": venue.time + 1, "bbo": [None, None]}}
        await venue.send(Feed.DEPTH, empty)
        await venue.send(Feed.TOP, empty_top)
        await eventually(lambda: rows(tracker.order_books["BTC-USD"]) == ([], []))
        assert await desk.source.get_last_traded_prices(["BTC-USD"]) == {"BTC-USD": 100.2}


@pytest.mark.usefixtures("nowhere")
async def test_last_prices_of_a_venue_that_is_away_are_an_error() -> None:
    desk = Desk([])
    desk.requests.failures_left = 1
    with pytest.raises(VenueUnavailable):
        await desk.source.get_last_traded_prices(["BTC-USD"])


# Pairs that come and go


async def test_pair_that_is_added_gets_every_stream_and_one_that_is_removed_loses_every_one(
    venue: MarketServer,
) -> None:
    """D74."""
    pairs = ["BTC-USD"]
    desk = Desk(pairs)
    every = ["activeAssetCtx", "bbo", "l2Book", "l2Book+fast", "trades"]
    async with tracking(desk.source, pairs) as tracker:
        await eventually(lambda: tracker.ready)
        assert await tracker.add_trading_pair("xyz:TSLA-USD")
        assert sorted(venue.streams("xyz:TSLA")) == every
        assert pairs == ["BTC-USD", "xyz:TSLA-USD"]
        await venue.send(Feed.TOP, bbo("xyz:TSLA", venue.time + 1, "99.0", "102.0"))
        await eventually(lambda: rows(tracker.order_books["xyz:TSLA-USD"])[0][0] == (99.0, 3.0))
        assert desk.requests.asked == []
        assert await tracker.remove_trading_pair("xyz:TSLA-USD")
        assert len([s for s in venue.unsubscribed if s["coin"] == "xyz:TSLA"]) == 5
        assert pairs == ["BTC-USD"]
        assert desk.market_data.tracked == {"BTC"}
        assert await tracker.add_trading_pair("xyz:TSLA-USD")
        await venue.send(Feed.TOP, bbo("xyz:TSLA", venue.time + 2, "98.0", "102.0"))
        await eventually(lambda: rows(tracker.order_books["xyz:TSLA-USD"])[0][0] == (98.0, 3.0))


async def test_pair_whose_streams_the_venue_refuses_is_not_added_and_leaves_nothing_behind(
    venue: MarketServer,
) -> None:
    pairs = ["BTC-USD"]
    desk = Desk(pairs)
    async with tracking(desk.source, pairs) as tracker:
        await eventually(lambda: tracker.ready)
        venue.unknown.add("ETH")
        assert not await tracker.add_trading_pair("ETH-USD")
        assert not await tracker.add_trading_pair("NONE-USD")
        assert pairs == ["BTC-USD"]
        await eventually(lambda: desk.source.is_live and desk.market_data.tracked == {"BTC"})
        await eventually(lambda: not desk.source.stale())


@pytest.mark.usefixtures("nowhere")
async def test_pair_cannot_be_added_while_nothing_runs() -> None:
    desk = Desk([])
    assert not await desk.source.subscribe_to_trading_pair("BTC-USD")
    assert not await desk.source.unsubscribe_from_trading_pair("BTC-USD")


# Messages that belong to nobody


@pytest.mark.usefixtures("nowhere")
async def test_messages_of_pairs_that_are_gone_are_dropped() -> None:
    desk = Desk(["BTC-USD"])
    book = msgspec.convert(deep("ETH", 1)["data"], L2Book)
    for parse, raw in (
        (desk.source._parse_order_book_snapshot_message, book),
        (desk.source._parse_order_book_diff_message, desk.source._feed.book("ETH").take_deep(book)),
    ):
        assert await desk.parsed(parse, raw) == []


async def test_changes_do_not_pile_up_before_someone_has_the_first_book(venue: MarketServer) -> None:
    """D73."""
    desk = Desk(["BTC-USD"])
    run = asyncio.create_task(desk.source.listen_for_subscriptions())
    await eventually(lambda: not desk.source.stale() and desk.market_data.tracked)
    await venue.send(Feed.TOP, *(bbo("BTC", venue.time + i, f"{50 + i}.0", "101.0") for i in range(1, 40)))
    await eventually(lambda: desk.source._feed.book("BTC").best_bid == 89.0)
    assert desk.source._message_queue[desk.source._diff_messages_queue_key].qsize() == 0
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert not desk.source.is_live


async def test_server_that_hangs_up_after_the_handshake_is_not_stormed(
    venue: MarketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D43."""
    venue.close_after_handshake = True
    desk = Desk(["BTC-USD"])
    source = DataSource(["BTC-USD"], desk.names, desk.requests, desk.market_data, Network.SANDBOX)
    run = asyncio.create_task(source.listen_for_subscriptions())
    await eventually(lambda: venue.handshakes >= 2)
    await asyncio.sleep(1.5)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert venue.handshakes < 40  # two sockets; the built-in connector came to thousands


# The sandbox


async def test_books_in_hummingbot_are_the_exchanges_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = ["BTC-USD", "kPEPE-USD", "xyz:TSLA-USD"]
    async with Sandbox(seed=11, market="wild") as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        desk = Desk(pairs)
        async with tracking(desk.source, pairs) as tracker:
            await eventually(lambda: tracker.ready, within=10)
            counted = {pair: tracker.order_books[pair].last_diff_uid for pair in pairs}
            await eventually(
                lambda: all(tracker.order_books[pair].last_diff_uid > counted[pair] for pair in pairs), within=20
            )
            for pair in pairs:
                coin = pair.removesuffix("-USD")
                await eventually(lambda pair=pair, coin=coin: top_matches(tracker, exchange, pair, coin), within=10)
                assert desk.source.stale() == {}
            assert desk.requests.asked == []
            assert desk.source.reconnects == 0


def top_matches(tracker: OrderBookTracker, exchange: Sandbox, pair: str, coin: str) -> bool:
    """Whether the best five levels of both books are the same, best prices first, sizes included."""
    ours = [side[:5] for side in rows(tracker.order_books[pair])]
    book = exchange.book(coin, 5)
    theirs = [[(float(level.price), float(level.size)) for level in side] for side in (book.bids, book.asks)]
    return ours == theirs
