"""Market data into Hummingbot's order book tracker: composed books, trades, funding, for the pairs that are traded.

Two connections, because the fast and the full book of a coin must not share one (reference, section 8.2).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from hummingbot.core.data_type.common import TradeType
from hummingbot.core.data_type.funding_info import FundingInfo, FundingInfoUpdate
from hummingbot.core.data_type.order_book_message import OrderBookMessage, OrderBookMessageType
from hummingbot.core.data_type.perpetual_api_order_book_data_source import PerpetualAPIOrderBookDataSource

from .trading.connection import Connection, Subscription
from .trading.log_names import logger_of
from .trading.market_data import MarketData
from .trading.order_book import BookChange
from .trading.requests import Requests, VenueUnavailable
from .venue.frames import Message, Trades
from .venue.funding import next_funding_time
from .venue.markets import FIRST_DEX
from .venue.messages import ActiveAssetContext, AssetContext, Bbo, L2Book, Trade
from .venue.networks import Network

STREAM_WAIT_SECONDS = 5.0
"""How long a first book or context is awaited from the stream before it is asked for."""

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)


class PairNames(Protocol):
    """How pairs and the venue's names translate."""

    async def exchange_symbol_associated_to_pair(self, trading_pair: str) -> str: ...

    async def trading_pair_associated_to_exchange_symbol(self, symbol: str) -> str: ...


class HyperliquidPerpetualAPIOrderBookDataSource(PerpetualAPIOrderBookDataSource):
    """Follows the traded pairs."""

    def __init__(
        self,
        trading_pairs: list[str],
        connector: PairNames,
        requests: Requests,
        market_data: MarketData,
        network: Network,
    ) -> None:
        super().__init__(trading_pairs)
        self._connector = connector
        self._requests = requests
        self._market_data = market_data
        self._network = network
        self._pairs_by_coin: dict[str, str] = {}
        self._since_ms = int(time.time() * 1000)
        self._fast: Connection | None = None
        self._deep: Connection | None = None
        self._contexts_task: dict[str, asyncio.Task[None]] = {}

    @property
    def last_received(self) -> float:
        """Unix seconds of the last frame of the market streams; 0 before the first."""
        return self._fast.last_received if self._fast is not None else 0.0

    @property
    def reconnects(self) -> int:
        """How often a market stream was replaced."""
        return sum(stream.reconnects for stream in (self._fast, self._deep) if stream is not None)

    # --- Streams

    async def listen_for_subscriptions(self) -> None:
        """Runs the market streams until cancelled."""
        url = self._network.ws_url
        self._fast = Connection(url, "market stream", self._on_message, logger=self.logger())
        self._deep = Connection(url, "book stream", self._on_message, logger=self.logger())
        runs = [asyncio.ensure_future(stream.run()) for stream in (self._fast, self._deep)]
        try:
            await asyncio.gather(*(self._follow_when_known(pair) for pair in list(self._trading_pairs)))
            await asyncio.gather(*runs)
        finally:
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)
            self._fast = self._deep = None

    async def subscribe_to_trading_pair(self, trading_pair: str) -> bool:
        """Follows one more pair with all its streams; True when the venue has acknowledged them."""
        try:
            return await self._follow(trading_pair)
        except (KeyError, VenueUnavailable) as error:
            self.logger().warning(f"{trading_pair} cannot be followed: {error}")
            return False

    async def unsubscribe_from_trading_pair(self, trading_pair: str) -> bool:
        """Stops all streams of a pair."""
        try:
            coin = await self._connector.exchange_symbol_associated_to_pair(trading_pair)
        except KeyError:
            return False
        self._pairs_by_coin.pop(coin, None)
        self._market_data.forget(coin)
        done = True
        if self._fast is not None and self._deep is not None:
            fast, deep = _subscriptions(coin)
            done = all([await self._fast.unsubscribe(*fast), await self._deep.unsubscribe(*deep)])
        return done

    async def _follow_when_known(self, trading_pair: str) -> None:
        async def follow() -> None:
            await self._follow(trading_pair)

        await self._retry(f"{trading_pair} cannot be followed yet", follow)

    async def _follow(self, trading_pair: str) -> bool:
        coin = await self._connector.exchange_symbol_associated_to_pair(trading_pair)
        self._pairs_by_coin[coin] = trading_pair
        if self._fast is None or self._deep is None:
            return False
        fast, deep = _subscriptions(coin)
        results = await asyncio.gather(self._fast.subscribe(*fast), self._deep.subscribe(*deep))
        return all(results)

    def _on_message(self, message: Message) -> None:
        match message:
            case Bbo() | L2Book():
                self._on_book(message)
            case Trades(trades=trades):
                self._on_trades(trades)
            case ActiveAssetContext(coin=coin, ctx=context):
                self._market_data.note_context(coin, context, time.time())
                if coin in self._pairs_by_coin:
                    self._message_queue[self._funding_info_messages_queue_key].put_nowait(message)
            case _:
                pass

    def _on_book(self, frame: Bbo | L2Book) -> None:
        if frame.coin not in self._pairs_by_coin:
            return
        book = self._market_data.of(frame.coin).book
        before = book.time
        if isinstance(frame, Bbo):
            change = book.take_bbo(frame)
        else:
            change = book.take_fast(frame) if frame.fast else book.take_deep(frame)
        self._market_data.note_book(frame.coin, change, before, time.time())
        if change is not None:
            self._message_queue[self._diff_messages_queue_key].put_nowait(change)

    def _on_trades(self, trades: list[Trade]) -> None:
        by_coin: dict[str, list[Trade]] = {}
        for trade in trades:
            by_coin.setdefault(trade.coin, []).append(trade)
        for coin, of_coin in by_coin.items():
            if coin in self._pairs_by_coin:
                for trade in self._market_data.new_trades(coin, of_coin, self._since_ms):
                    self._message_queue[self._trade_messages_queue_key].put_nowait(trade)

    # --- Hummingbot's messages

    async def _parse_order_book_diff_message(
        self, raw_message: BookChange, message_queue: "asyncio.Queue[Any]"
    ) -> None:
        pair = self._pairs_by_coin.get(raw_message.coin)
        if pair is not None:
            message_queue.put_nowait(
                _book_message(OrderBookMessageType.DIFF, pair, raw_message.bids, raw_message.asks, raw_message)
            )

    async def _parse_order_book_snapshot_message(
        self, raw_message: OrderBookMessage, message_queue: "asyncio.Queue[Any]"
    ) -> None:
        message_queue.put_nowait(raw_message)

    async def _parse_trade_message(self, raw_message: Trade, message_queue: "asyncio.Queue[Any]") -> None:
        pair = self._pairs_by_coin.get(raw_message.coin)
        if pair is None:
            return
        side = TradeType.BUY if raw_message.side == "B" else TradeType.SELL
        content = {
            "trading_pair": pair,
            "trade_type": float(side.value),
            "trade_id": raw_message.tid,
            "update_id": raw_message.time,
            "price": raw_message.px,
            "amount": raw_message.sz,
        }
        message_queue.put_nowait(OrderBookMessage(OrderBookMessageType.TRADE, content, raw_message.time / 1000))

    async def _parse_funding_info_message(
        self, raw_message: ActiveAssetContext, message_queue: "asyncio.Queue[Any]"
    ) -> None:
        pair = self._pairs_by_coin.get(raw_message.coin)
        if pair is not None:
            message_queue.put_nowait(FundingInfoUpdate(pair, **_funding_fields(raw_message.ctx)))

    # --- First books, funding, prices

    async def _order_book_snapshot(self, trading_pair: str) -> OrderBookMessage:
        """The composed book, as soon as it has depth: from the stream, or asked for when the stream is late."""
        coin = await self._known_coin(trading_pair)
        self._pairs_by_coin[coin] = trading_pair
        book = self._market_data.of(coin).book
        if not await _becomes_true(lambda: book.has_depth):
            await self._retry(f"the order book of {trading_pair} is missing", lambda: self._ask_for_book(coin))
        # What is sent as changes from here on is relative to this very book.
        return _book_message(
            OrderBookMessageType.SNAPSHOT,
            trading_pair,
            book.bids,
            book.asks,
            BookChange(coin, [], [], book.time, book.update_id),
        )

    async def _ask_for_book(self, coin: str) -> None:
        book = self._market_data.of(coin).book
        if book.has_depth:
            return
        before = book.time
        answer: L2Book | None = await self._requests.info({"type": "l2Book", "coin": coin}, L2Book | None)
        if answer is None:
            raise VenueUnavailable(f"the venue has no book of {coin}")
        self._market_data.note_book(coin, book.take_deep(answer), before, time.time())

    async def get_funding_info(self, trading_pair: str) -> FundingInfo:
        """Rate (hourly), prices in USD and the next payment of a pair; waits until the venue has told them."""
        coin = await self._known_coin(trading_pair)
        state = self._market_data.of(coin)
        if not await _becomes_true(lambda: state.context is not None):
            await self._retry(f"the funding of {trading_pair} is missing", lambda: self._ask_for_contexts(coin))
        context = state.context
        assert context is not None
        return FundingInfo(trading_pair=trading_pair, **_funding_fields(context))

    async def _ask_for_contexts(self, coin: str) -> None:
        """Reads the contexts of a coin's whole dex; pairs that wait together share the request."""
        if self._market_data.of(coin).context is not None:
            return
        dex = coin.partition(":")[0] if ":" in coin else FIRST_DEX
        task = self._contexts_task.get(dex)
        if task is None or task.done():
            task = self._contexts_task[dex] = asyncio.ensure_future(self._read_contexts(dex))
        await asyncio.shield(task)

    async def _read_contexts(self, dex: str) -> None:
        meta, contexts = await self._requests.info(
            {"type": "metaAndAssetCtxs", "dex": dex}, tuple[dict[str, Any], list[AssetContext]]
        )
        for entry, context in zip(meta.get("universe", []), contexts, strict=False):
            self._market_data.note_context(entry["name"], context, time.time())

    async def get_last_traded_prices(self, trading_pairs: list[str], domain: str | None = None) -> dict[str, float]:
        """The last prices in USD, from the streams where they are known, else in one request for each dex."""
        found: dict[str, float] = {}
        missing: dict[str, dict[str, str]] = {}
        for pair in trading_pairs:
            coin = await self._connector.exchange_symbol_associated_to_pair(pair)
            price = self._market_data.last_price(coin, time.time())
            if price is not None:
                found[pair] = price
            else:
                dex = coin.partition(":")[0] if ":" in coin else FIRST_DEX
                missing.setdefault(dex, {})[coin] = pair
        for dex, pairs in missing.items():
            mids = await self._requests.info({"type": "allMids", "dex": dex}, dict[str, Decimal])
            found.update({pair: float(mids[coin]) for coin, pair in pairs.items() if coin in mids})
        return found

    async def _known_coin(self, trading_pair: str) -> str:
        coins: list[str] = []

        async def look_up() -> None:
            coins.append(await self._connector.exchange_symbol_associated_to_pair(trading_pair))

        await self._retry(f"{trading_pair} is no known market", look_up)
        return coins[0]

    async def _retry(self, problem: str, attempt: Callable[[], Awaitable[None]]) -> None:
        """Tries until it works: the base class asks once, and a failure would leave the connector unready for good."""
        for number in range(1_000_000):
            try:
                await attempt()
                return
            except (KeyError, VenueUnavailable) as error:
                if number in (0, len(RETRY_SECONDS)):
                    self.logger().warning(f"{problem[0].upper()}{problem[1:]} ({error}); trying again")
                await self._sleep(RETRY_SECONDS[min(number, len(RETRY_SECONDS) - 1)])


HyperliquidPerpetualAPIOrderBookDataSource._logger = logger_of(f"{__name__}.HyperliquidPerpetualAPIOrderBookDataSource")


def _subscriptions(coin: str) -> tuple[list[Subscription], list[Subscription]]:
    """What is subscribed for a coin, on the market stream and on the book stream."""
    fast = [
        Subscription({"type": "bbo", "coin": coin}),
        Subscription({"type": "trades", "coin": coin}),
        Subscription({"type": "activeAssetCtx", "coin": coin}),
        # Should the venue not know the flag any more, the best prices and the full book carry on.
        Subscription({"type": "l2Book", "coin": coin, "fast": True}, required=False),
    ]
    return fast, [Subscription({"type": "l2Book", "coin": coin})]


def _book_message(
    kind: OrderBookMessageType,
    trading_pair: str,
    bids: Sequence[tuple[Any, ...]],
    asks: Sequence[tuple[Any, ...]],
    change: BookChange,
) -> OrderBookMessage:
    content = {"trading_pair": trading_pair, "update_id": change.update_id, "bids": bids, "asks": asks}
    return OrderBookMessage(kind, content, change.time / 1000)


def _funding_fields(context: AssetContext) -> dict[str, Any]:
    return {
        "index_price": context.oraclePx,
        "mark_price": context.markPx,
        "next_funding_utc_timestamp": next_funding_time(time.time()),
        "rate": context.funding,
    }


async def _becomes_true(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true within the time the stream is given."""
    deadline = time.monotonic() + STREAM_WAIT_SECONDS
    while not condition():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return True
