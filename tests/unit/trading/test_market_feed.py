"""The two market data sockets together, against a server whose manners are scripted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hyperliquid_perpetual.trading.connection import Timings
from hyperliquid_perpetual.trading.market_data import Feed, MarketData
from hyperliquid_perpetual.trading.market_feed import MarketFeed
from hyperliquid_perpetual.trading.order_book import BookChange
from hyperliquid_perpetual.venue.messages import ActiveAssetContext, L2Book, Level, Trade
from tests.market_server import MarketServer, bbo, deep, fast, trades
from tests.websocket_server import eventually

QUICK = Timings(acknowledge=1.0, first_retry=0.01, longest_retry=0.05, close=0.1)


class Probe:
    """A feed and what it told."""

    def __init__(self, url: str, **options: Any) -> None:
        self.market_data = MarketData()
        self.changes: list[BookChange] = []
        self.trades: list[Trade] = []
        self.contexts: list[ActiveAssetContext] = []
        self.feed = MarketFeed(
            url,
            self.market_data,
            self.changes.append,
            self.trades.append,
            self.contexts.append,
            timings=QUICK,
            **options,
        )


@asynccontextmanager
async def running(feed: MarketFeed) -> AsyncIterator[MarketFeed]:
    task = asyncio.create_task(feed.run())
    try:
        yield feed
        assert not task.done(), task
    finally:
        task.cancel()
        _, going_on = await asyncio.wait([task], timeout=20)
        while not task.done():  # or the loop of the test could never be closed
            task.cancel()
            await asyncio.wait([task], timeout=1)
        assert not going_on, "the feed went on after it was cancelled"


@pytest.fixture
async def venue() -> AsyncIterator[MarketServer]:
    async with MarketServer() as venue:
        yield venue


async def test_every_stream_of_a_coin_is_subscribed_and_deep_books_have_their_own_socket(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        assert await feed.subscribe("BTC", "kPEPE") == {"BTC", "kPEPE"}
        assert sorted(venue.streams("kPEPE")) == ["activeAssetCtx", "bbo", "l2Book", "l2Book+fast", "trades"]
        assert len(venue.sockets) == 2
        assert venue.sockets_of[Feed.TOP] is not venue.sockets_of[Feed.DEPTH]
        assert feed.is_live
        await eventually(lambda: not probe.market_data.stale())


async def test_no_socket_is_opened_before_something_is_wanted(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await asyncio.sleep(0.05)
        assert venue.handshakes == 0
        assert await feed.subscribe("BTC") == {"BTC"}


async def test_book_is_composed_of_both_sockets(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        assert await feed.wait_for_book("BTC", for_depth=5, for_any=0)
        await eventually(lambda: probe.contexts)
        start = venue.time
        await venue.send(Feed.TOP, fast("BTC", start + 540), bbo("BTC", start + 600, "100.5", "101.0"))
        await eventually(lambda: feed.book("BTC").time == start + 600)
        await venue.send(Feed.DEPTH, deep("BTC", start + 300, size="7.0"))
        await eventually(lambda: (95.0, 7.0) in feed.book("BTC").bids)
        assert feed.book("BTC").bids[:3] == [(100.5, 3.0), (100.0, 2.0), (99.0, 2.0)]
        assert len(feed.book("BTC").bids) == 21
        assert feed.book("BTC").asks[:2] == [(101.0, 3.0), (102.0, 2.0)]


async def test_changes_add_up_to_the_book(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        for step in range(1, 20):
            await venue.send(Feed.TOP, bbo("BTC", venue.time + step, f"{90 + step}.0", f"{95 + step}.0"))
        await eventually(lambda: feed.book("BTC").time == venue.time + 19)
        bids = {level.price: level.amount for change in probe.changes for level in change.bids}
        assert {price: amount for price, amount in bids.items() if amount} == dict(feed.book("BTC").bids)
        assert [change.update_id for change in probe.changes] == sorted({c.update_id for c in probe.changes})


async def test_venue_without_the_fast_book_is_served_by_the_deep_one(venue: MarketServer) -> None:
    venue.refuses_fast = True
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        assert await feed.subscribe("BTC") == {"BTC"}
        assert await feed.wait_for_book("BTC", for_depth=5, for_any=0)
        assert len(feed.book("BTC").bids) == 20
        assert feed.reconnects == 0


async def test_venue_that_sends_deep_books_for_fast_ones_does_not_cut_the_book_down(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        await venue.send(Feed.TOP, deep("BTC", venue.time + 1, size="9.0"))
        await eventually(lambda: feed.book("BTC").time == venue.time + 1)
        assert feed.book("BTC").bids[-1] == (81.0, 9.0)


async def test_unknown_coin_does_not_take_the_others_along(venue: MarketServer) -> None:
    venue.unknown.add("btc")
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("btc", "BTC", "ETH", timeout=0)
        connections = feed._connections.values()
        await eventually(lambda: all({s.wire["coin"] for s in c.refused} == {"btc"} for c in connections))
        await eventually(lambda: feed.is_live and set(probe.market_data.stale()) == {"btc"})
        assert await feed.subscribe("BTC", "ETH") == {"BTC", "ETH"}
        assert feed.reconnects == 6  # each socket was dropped on suspicion, and twice for proof


async def test_coin_whose_data_stop_has_its_socket_replaced(venue: MarketServer) -> None:
    venue.mute.add("ETH")
    probe = Probe(venue.url, watch_every=0.05, silent_after=0.2)
    async with running(probe.feed) as feed:
        sender = asyncio.create_task(keep_sending(venue, "BTC"))
        await feed.subscribe("BTC", "ETH")
        await eventually(lambda: feed.reconnects >= 2)
        venue.mute.clear()
        await eventually(lambda: probe.market_data.book_age("ETH") < 1)
        sender.cancel()
    assert probe.market_data.book_age("BTC") < 1


async def keep_sending(venue: MarketServer, coin: str) -> None:
    while True:
        await asyncio.sleep(0.02)
        venue.time += 20
        for feed, frame in ((Feed.TOP, fast(coin, venue.time)), (Feed.DEPTH, deep(coin, venue.time))):
            socket = venue.sockets_of.get(feed)
            if socket is not None and not socket.closed:
                await socket.send_json(frame)


async def test_socket_whose_frames_come_late_is_replaced(venue: MarketServer) -> None:
    probe = Probe(venue.url, watch_every=0.02, silent_after=0.1)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        sender = asyncio.create_task(keep_sending(venue, "BTC"))
        await asyncio.sleep(0.3)
        assert feed.reconnects == 0
        venue.time -= 20_000
        await eventually(lambda: feed.reconnects >= 2)
        assert "s late" in probe.market_data.stale()["BTC"]
        sender.cancel()


async def test_market_that_never_sends_anything_is_not_worth_a_storm(venue: MarketServer) -> None:
    venue.mute.add("ETH")
    probe = Probe(venue.url, watch_every=0.01, silent_after=0.05)
    async with running(probe.feed) as feed:
        await feed.subscribe("ETH")
        await asyncio.sleep(1.5)
        # Each socket that did not help doubles the patience: 0.05, 0.1, 0.2, 0.4, 0.8 s for each of the two sockets.
        assert 4 <= feed.reconnects <= 10


async def test_lost_socket_comes_back_with_every_stream(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        before = len(probe.contexts)
        await venue.hang_up()
        await eventually(lambda: feed.reconnects == 2 and feed.is_live)
        await eventually(lambda: len(venue.streams("BTC")) == 10)
        await eventually(lambda: len(probe.contexts) == before + 1)


async def test_replayed_trades_are_told_once_and_history_not_at_all(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        await eventually(lambda: probe.contexts)
        start = venue.time
        history = [("BTC", start - 1000, 1), ("BTC", start - 2000, 2)]
        await venue.send(Feed.TOP, trades(*history), trades(("BTC", start + 10, 3)))
        await eventually(lambda: probe.trades)
        await venue.hang_up()
        await eventually(lambda: feed.reconnects == 2 and feed.is_live)
        await eventually(lambda: len(venue.streams("BTC")) == 10)
        # Newest first, as the venue sends them; number 4 was made while the socket was away.
        await venue.send(Feed.TOP, trades(("BTC", start + 20, 4), ("BTC", start + 10, 3), *history))
        await venue.send(Feed.TOP, trades(("BTC", start + 30, 5)))
        await eventually(lambda: len(probe.trades) >= 3)
        assert [trade.tid for trade in probe.trades] == [3, 4, 5]
        assert probe.market_data.last_trade_price("BTC") is not None


async def test_trade_of_the_block_of_the_first_book_is_no_news_when_it_is_told_after_it(venue: MarketServer) -> None:
    """Such a trade is in the book already; on a slow machine its replay arrives when the bot is ready."""
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        await eventually(lambda: probe.contexts)
        block = feed._coins["BTC"].live_since
        assert block is not None
        await venue.send(Feed.TOP, trades(("BTC", block + 1, 2), ("BTC", block, 1)))
        await eventually(lambda: bool(probe.trades))
    assert [trade.tid for trade in probe.trades] == [2]


async def test_trades_of_one_frame_are_told_in_their_order(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC")
        await eventually(lambda: probe.contexts)
        await venue.send(
            Feed.TOP, trades(("BTC", venue.time + 2, 9), ("BTC", venue.time + 1, 8), ("BTC", venue.time + 2, 7))
        )
        await eventually(lambda: len(probe.trades) == 3)
    assert [trade.tid for trade in probe.trades] == [8, 7, 9]


async def test_unsubscribing_gives_up_every_stream_and_forgets_the_coin(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC", "ETH")
        assert await feed.unsubscribe("ETH")
        assert {(s["type"], s.get("fast", False)) for s in venue.unsubscribed if s["coin"] == "ETH"} == {
            ("bbo", False),
            ("l2Book", True),
            ("l2Book", False),
            ("trades", False),
            ("activeAssetCtx", False),
        }
        probe.changes.clear()
        await venue.send(
            Feed.TOP, bbo("ETH", venue.time + 1, "50.0", "51.0"), bbo("BTC", venue.time + 1, "50.0", "51.0")
        )
        await eventually(lambda: probe.changes)
        assert {change.coin for change in probe.changes} == {"BTC"}
        assert probe.market_data.tracked == {"BTC"}


async def test_context_is_waited_for(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    assert await probe.feed.wait_for_context("BTC", 0.01) is None
    async with running(probe.feed) as feed:
        await feed.subscribe("BTC", timeout=0)
        context = await feed.wait_for_context("BTC", 5)
        assert context is not None
        assert str(context.funding) == "0.0000125"


async def test_requested_book_is_told_as_changes_and_does_not_count_as_confirmed(venue: MarketServer) -> None:
    probe = Probe(venue.url)
    probe.market_data.track("BTC")
    probe.feed.take_snapshot(L2Book("BTC", venue.time, ([Level("100.0", "1.0")], [Level("101.0", "1.0")])))
    assert [change.coin for change in probe.changes] == ["BTC"]
    assert probe.market_data.stale() == {"BTC": "no book has arrived yet"}
    assert not await probe.feed.wait_for_book("BTC", for_depth=0.01, for_any=0.01)
