"""Market data into Hummingbot's order book tracker: first books, changes of books, trades, funding.

Books reach Hummingbot as one snapshot and then as changes only, all out of one composed book per market, so that no
late snapshot can ever replace a newer book. A book that is tracked takes each change as the frame is read; only changes
of others go over Hummingbot's queue. Nothing that is asked for here fails because the venue is away for a
moment: the base class tries each of these things once, and is never ready when that one time goes wrong.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from hummingbot.core.data_type.funding_info import FundingInfo, FundingInfoUpdate
from hummingbot.core.data_type.order_book_message import OrderBookMessage
from hummingbot.core.data_type.perpetual_api_order_book_data_source import PerpetualAPIOrderBookDataSource

from .trading.aggregated_book import PrecisionOf
from .trading.backoff import Backoff
from .trading.connection import Timings
from .trading.hummingbot_messages import (
    change_message,
    funding_info,
    funding_update,
    snapshot_message,
    trade_message,
)
from .trading.log_names import logger_of
from .trading.market_data import STALE_AFTER, MarketData
from .trading.market_feed import MarketFeed
from .trading.market_requests import InfoRequests, MarketRequests
from .trading.order_book import BookChange
from .trading.requests import VenueUnavailable
from .trading.shared_book import SharedOrderBook
from .trading.side_by_side import side_by_side
from .venue.markets import dex_of
from .venue.messages import ActiveAssetContext, AssetContext, L2Book, Trade
from .venue.networks import Network

STREAM_WAIT_SECONDS = 6.0
"""How long the stream may take to bring the first data of a pair before a request is made instead."""

_LEAST_WAIT_SECONDS = 0.5


class SymbolMap(Protocol):
    """What is needed of the connector: how the venue calls a trading pair."""

    async def exchange_symbol_associated_to_pair(self, trading_pair: str) -> str:
        """The coin of a trading pair; KeyError when there is none, or when it is not known yet."""
        ...

    async def coin_of(self, trading_pair: str) -> str:
        """The same; VenueUnavailable when it cannot be known now."""
        ...


class HyperliquidPerpetualAPIOrderBookDataSource(PerpetualAPIOrderBookDataSource):
    """The source that the order book tracker and the funding listener draw from."""

    def __init__(
        self,
        trading_pairs: list[str],
        connector: SymbolMap,
        requests: InfoRequests,
        market_data: MarketData,
        network: Network,
        *,
        timings: Timings | None = None,
        precision_of: PrecisionOf = lambda _pair: None,
    ) -> None:
        """
        :param connector: tells coins by trading pairs, nothing else.
        :param market_data: is kept up to date from here.
        :param precision_of: how the book of a trading pair is wanted.
        """
        super().__init__(trading_pairs)
        self.order_book_create_function = SharedOrderBook
        self._connector = connector
        self._requests = MarketRequests(requests)
        self._market_data = market_data
        self._pair_of: dict[str, str] = {}
        self._followed: set[str] = set()
        self._without_funding: set[str] = set()
        self._listeners = 0
        self._one_listener = asyncio.Lock()
        self.apply_change: Callable[[str, BookChange], bool] = lambda _pair, _change: False
        """Has the book of a trading pair take a change at once; False when somebody else has to."""
        self._feed = MarketFeed(
            network.ws_url,
            market_data,
            self._on_change,
            self._on_trade,
            self._on_context,
            logger=self.logger(),
            timings=timings,
            precision_of=lambda coin: precision_of(self._pair_of.get(coin, "")),
        )

    # What it tells

    @property
    def is_live(self) -> bool:
        """Whether all sockets are connected, acknowledged and heard from."""
        return self._feed.is_live

    @property
    def last_recv_time(self) -> float:
        """Unix seconds of the last frame; 0 before the first."""
        return self._feed.last_received

    @property
    def reconnects(self) -> int:
        """How often sockets were replaced."""
        return self._feed.reconnects

    def replace_sockets(self, reason: str) -> None:
        """Drops the present connections and opens others, as if the network had lost them."""
        self._feed.replace_sockets(reason)

    def stale(self) -> dict[str, str]:
        """The trading pairs whose book must not be traded on, and why."""
        return {self._pair_of.get(coin, coin): reason for coin, reason in self._market_data.stale().items()}

    async def get_last_traded_prices(self, trading_pairs: list[str], domain: str | None = None) -> dict[str, float]:
        """The last price of each pair in USD: from the streams, else the mid, in one request for all pairs of a dex.

        NaN for a coin that has no price.

        :raises VenueUnavailable: when a request was needed and not answered, that for the markets too.
        :raises KeyError: for a pair that does not exist; the message names those it may have been meant for.
        """
        coins = {pair: await self._connector.coin_of(pair) for pair in trading_pairs}
        prices = {pair: self._streamed_price(coin) for pair, coin in coins.items()}
        missing = {dex_of(coins[pair]) for pair, price in prices.items() if price is None}
        mids: dict[str, float] = {}
        for answer in await asyncio.gather(*map(self._requests.mids, sorted(missing))):
            mids |= answer
        return {pair: price if price is not None else mids.get(coins[pair], math.nan) for pair, price in prices.items()}

    def tells_funding(self, trading_pair: str) -> bool:
        """Whether the venue has not answered yet without funding of this pair: testnet has markets with none."""
        return not any(self._pair_of.get(coin) == trading_pair for coin in self._without_funding)

    async def mids_of(self, dexs: Sequence[str]) -> tuple[dict[str, float], dict[str, VenueUnavailable]]:
        """The mid of every coin of some dexs, in USD, not older than ten seconds; and why dexs did not answer."""
        return await self._requests.mids_of(dexs)

    async def get_funding_info(self, trading_pair: str) -> FundingInfo:
        """Prices and funding of a pair, as soon as the venue tells them. ``rate`` is for one hour.

        :raises KeyError: for a pair that is not one of the configured ones, and that the venue does not have.
        """
        await self._let_the_listener_start()
        backoff = Backoff(first=1.0)
        coin = await self._coin_of(trading_pair)
        while True:
            context = await self._feed.wait_for_context(coin, self._patience_for(trading_pair, coin))
            if context is None:
                context = await self._requested_context(coin, backoff)
            if context is not None:
                return funding_info(trading_pair, context, time.time())
            await self._sleep(backoff.delay())

    # What it is told

    async def listen_for_subscriptions(self) -> None:
        """Streams the data of all trading pairs until it is cancelled."""
        self._listeners += 1
        try:
            # A tracker that restarts cancels the old listener and starts the next before the old one is gone.
            async with self._one_listener:
                while True:
                    try:
                        await side_by_side(self._feed.run(), self._subscribe_all())
                    except Exception:
                        self.logger().exception("Unexpected error in the market data streams. Starting them again.")
                        await self._sleep(5.0)
        finally:
            self._listeners -= 1

    async def subscribe_to_trading_pair(self, trading_pair: str) -> bool:
        """Adds every stream of a pair; False when the venue does not acknowledge them, and then none is left."""
        if not self._feed.is_running:
            self.logger().warning(f"Cannot subscribe to {trading_pair}: the market data streams are not running.")
            return False
        try:
            coin = await self._connector.exchange_symbol_associated_to_pair(trading_pair)
        except KeyError:
            self.logger().error(f"Cannot subscribe to {trading_pair}: the venue has no such market.")
            return False
        self._pair_of[coin] = trading_pair
        if coin not in await self._feed.subscribe(coin):
            self.logger().warning(f"Cannot subscribe to {trading_pair}: not every stream was acknowledged.")
            await self._drop(coin)
            return False
        self.add_trading_pair(trading_pair)
        return True

    async def unsubscribe_from_trading_pair(self, trading_pair: str) -> bool:
        """Gives up every stream of a pair; False when the venue does not confirm."""
        coin = next((coin for coin, pair in self._pair_of.items() if pair == trading_pair), None)
        self.remove_trading_pair(trading_pair)
        if coin is None:
            self.logger().warning(f"Cannot unsubscribe from {trading_pair}: it is not subscribed.")
            return False
        return await self._drop(coin)

    # Hummingbot's queues: messages go in typed as they arrive, and come out as Hummingbot's own

    def _on_change(self, change: BookChange) -> None:
        # Before someone has the first book, changes would only pile up.
        if change.coin in self._followed and not self.apply_change(self._pair_of.get(change.coin, ""), change):
            self._message_queue[self._diff_messages_queue_key].put_nowait(change)

    def _on_trade(self, trade: Trade) -> None:
        self._message_queue[self._trade_messages_queue_key].put_nowait(trade)

    def _on_context(self, message: ActiveAssetContext) -> None:
        self._message_queue[self._funding_info_messages_queue_key].put_nowait(message)

    async def _parse_order_book_diff_message(
        self, raw_message: BookChange, message_queue: "asyncio.Queue[OrderBookMessage]"
    ) -> None:
        trading_pair = self._pair_of.get(raw_message.coin)
        if trading_pair is not None:
            message_queue.put_nowait(change_message(trading_pair, raw_message))

    async def _parse_order_book_snapshot_message(
        self, raw_message: L2Book, message_queue: "asyncio.Queue[OrderBookMessage]"
    ) -> None:
        trading_pair = self._pair_of.get(raw_message.coin)
        if trading_pair is not None:
            self._feed.take_snapshot(raw_message)
            message_queue.put_nowait(snapshot_message(trading_pair, self._feed.book(raw_message.coin)))

    async def _parse_trade_message(self, raw_message: Trade, message_queue: "asyncio.Queue[OrderBookMessage]") -> None:
        trading_pair = self._pair_of.get(raw_message.coin)
        if trading_pair is not None:
            message_queue.put_nowait(trade_message(trading_pair, raw_message))

    async def _parse_funding_info_message(
        self, raw_message: ActiveAssetContext, message_queue: "asyncio.Queue[FundingInfoUpdate]"
    ) -> None:
        trading_pair = self._pair_of.get(raw_message.coin)
        if trading_pair is not None:
            message_queue.put_nowait(funding_update(trading_pair, raw_message.ctx, time.time()))

    async def _order_book_snapshot(self, trading_pair: str) -> OrderBookMessage:
        """The present book, as soon as there is one; everything later comes as changes of it."""
        await self._let_the_listener_start()
        coin = await self._coin_of(trading_pair)
        backoff = Backoff(first=1.0)
        while True:
            patience = self._patience_for(trading_pair, coin)
            if await self._feed.wait_for_book(coin, for_depth=patience / 2, for_any=patience / 2):
                break
            if await self._requested_book(coin, backoff):
                break
            await self._sleep(backoff.delay())
        self._followed.add(coin)
        return snapshot_message(trading_pair, self._feed.book(coin))

    # Small things

    async def _subscribe_all(self) -> None:
        for coin in self._market_data.tracked:
            if self._pair_of.get(coin) not in self._trading_pairs:
                await self._feed.unsubscribe(coin, timeout=0)
        # Each for itself: a pair whose market is not known must not keep the others waiting.
        await asyncio.gather(*map(self._subscribe_when_known, self._trading_pairs))

    async def _subscribe_when_known(self, trading_pair: str) -> None:
        await self._feed.subscribe(await self._coin_of(trading_pair), timeout=0)

    async def _coin_of(self, trading_pair: str) -> str:
        """What the venue calls a pair, as soon as that is known.

        :raises KeyError: for a pair that is not one of the configured ones, and that the venue does not have.
        """
        backoff = Backoff(first=1.0)
        while True:
            try:
                coin = await self._connector.exchange_symbol_associated_to_pair(trading_pair)
            except Exception as error:  # whatever keeps the metadata away, it is asked for again
                if isinstance(error, KeyError) and trading_pair not in self._trading_pairs:
                    raise KeyError(f"the venue has no market {trading_pair}") from error
                if isinstance(error, KeyError):
                    backoff.fail()  # it may yet be listed; the connector has said that it is not
                else:
                    self._tell(backoff, f"The market of {trading_pair} is not known: {error!r}")
                await self._sleep(backoff.delay())
            else:
                self._pair_of[coin] = trading_pair
                return coin

    async def _let_the_listener_start(self) -> None:
        """Hummingbot starts it in the same turn of the loop as those who ask, and after them."""
        await asyncio.sleep(0)

    def _patience_for(self, trading_pair: str, coin: str) -> float:
        """How long to wait for the stream now; all pairs that start together wait no longer than one of them."""
        if not self._listeners or trading_pair not in self._trading_pairs:
            return 0.0
        return max(_LEAST_WAIT_SECONDS, STREAM_WAIT_SECONDS - self._market_data.expected_for(coin))

    def _streamed_price(self, coin: str) -> float | None:
        price: Decimal | None = None
        if self._market_data.book_age(coin) <= STALE_AFTER:
            price = self._market_data.last_trade_price(coin) or self._market_data.mid(coin)
        if price is None and self._market_data.context_age(coin) <= STALE_AFTER:
            price = self._market_data.reference_price(coin)
        return float(price) if price is not None else None

    async def _requested_book(self, coin: str, backoff: Backoff) -> bool:
        try:
            frame = await self._requests.book(coin)
        except VenueUnavailable as error:
            self._tell(backoff, f"The book of {coin} cannot be had: {error}")
            return False
        if frame is None:
            self._tell(backoff, f"The venue has no book of {coin}")
            return False
        self._feed.take_snapshot(frame)
        if not self._feed.book(coin).has_depth:
            self._tell(backoff, f"The book of {coin} cannot be read")
            return False
        return True

    async def _requested_context(self, coin: str, backoff: Backoff) -> AssetContext | None:
        try:
            contexts = await self._requests.contexts(dex_of(coin))
        except VenueUnavailable as error:
            self._tell(backoff, f"The funding of {coin} cannot be had: {error}")
            return None
        for known, context in contexts.items():
            if known in self._pair_of:
                self._market_data.take_context(known, context)
        if coin in contexts:
            self._without_funding.discard(coin)
        else:
            self._without_funding.add(coin)
            self._tell(backoff, f"The venue tells no funding of {coin} that can be read")
        return contexts.get(coin)

    def _tell(self, backoff: Backoff, text: str) -> None:
        backoff.fail()
        if backoff.is_worth_telling:
            self.logger().warning(f"{text}. Trying again.")

    async def _drop(self, coin: str) -> bool:
        self._followed.discard(coin)
        confirmed = await self._feed.unsubscribe(coin)
        self._pair_of.pop(coin, None)
        return confirmed


HyperliquidPerpetualAPIOrderBookDataSource._logger = logger_of(f"{__name__}.HyperliquidPerpetualAPIOrderBookDataSource")
