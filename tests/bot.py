"""A connector that trades on a sandbox, for tests: started like Hummingbot starts it, with its events kept."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from typing import Any

from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE

DOMAIN = "hyperliquid_perpetual_sandbox"
_EVENTS = (
    MarketEvent.BuyOrderCreated,
    MarketEvent.SellOrderCreated,
    MarketEvent.OrderFilled,
    MarketEvent.BuyOrderCompleted,
    MarketEvent.SellOrderCompleted,
    MarketEvent.OrderCancelled,
    MarketEvent.OrderFailure,
    MarketEvent.FundingPaymentCompleted,
)


OVER_HTTP = Settings(actions_over="http")
"""For tests that lose a request or its reply: over a socket that is lost, the request would be sent again over HTTP."""


class Bot:
    """One connector on one sandbox."""

    def __init__(self, exchange: Sandbox, trading_pairs: list[str], **settings: Any) -> None:
        self.exchange = exchange
        self.address = DEMO_ADDRESS
        with sandbox_at(exchange.url):
            self.connector = HyperliquidPerpetualDerivative(trading_pairs=trading_pairs, domain=DOMAIN, **settings)
        self.log = LogRecords()
        self.history: list[tuple[MarketEvent, Any]] = []
        """All events of orders and funding, in the order in which strategies get them."""
        self._forwarders = [self._listen(kind) for kind in _EVENTS]
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts the network and Hummingbot's clock."""
        logging.getLogger().addHandler(self.log)
        with sandbox_at(self.exchange.url):
            await self.connector.start_network()
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Stops both."""
        logging.getLogger().removeHandler(self.log)
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        await self.connector.stop_network()

    async def ready(self, timeout: float = 20.0) -> None:
        """Waits until the connector says that it is ready."""
        await eventually(lambda: self.connector.ready, timeout, lambda: str(self.connector.status_dict))

    async def lose_streams(self) -> None:
        """Has the exchange close every socket; returns once the account's stream has another one, ready or not.

        Waiting for a connector that is not ready would miss a loss that is over within a turn of the loop.
        """
        stream = self.connector._user_stream_tracker.data_source
        before = stream.reconnects
        self.exchange.drop_websockets()
        await eventually(lambda: bool(stream.reconnects > before), 10, lambda: str(self.log))

    async def _tick(self) -> None:
        while True:
            self.connector._set_current_timestamp(time.time())
            self.connector.tick(time.time())
            await asyncio.sleep(0.1)

    # --- Orders

    def place(
        self,
        side: str,
        pair: str,
        amount: str,
        price: str = "NaN",
        order_type: OrderType = OrderType.LIMIT,
        position_action: PositionAction = PositionAction.OPEN,
    ) -> str:
        """Places an order as a strategy does; returns its id."""
        send = self.connector.buy if side == "buy" else self.connector.sell
        return str(send(pair, Decimal(amount), order_type, Decimal(price), position_action=position_action))

    def order(self, order_id: str) -> InFlightOrder:
        """A tracked or recently ended order."""
        order = self.connector._order_tracker.find(order_id)
        assert order is not None, f"no order {order_id}"
        return order

    def state(self, order_id: str) -> OrderState | None:
        """The state of an order; None before it is tracked, which happens one turn of the loop after it was placed."""
        order = self.connector._order_tracker.find(order_id)
        return None if order is None else order.current_state

    def events(self, kind: MarketEvent, order_id: str | None = None) -> list[Any]:
        """The events of a kind, oldest first."""
        return [event for tag, event in self.history if tag is kind and order_id in (None, event.order_id)]

    def _listen(self, kind: MarketEvent) -> EventForwarder:
        # Hummingbot keeps only weak references to listeners.
        forwarder = EventForwarder(lambda event: self.history.append((kind, event)))
        self.connector.add_listener(kind, forwarder)
        return forwarder

    async def open_order(self, side: str, pair: str, amount: str, price: str) -> str:
        """Places a limit order and waits until it rests."""
        order_id = self.place(side, pair, amount, price)
        created = MarketEvent.BuyOrderCreated if side == "buy" else MarketEvent.SellOrderCreated
        await eventually(lambda: bool(self.events(created, order_id)), 5, lambda: str(self.log))
        return order_id

    def price(self, coin: str, factor: str) -> str:
        """A valid price of a coin at some distance from its mid."""
        mid = self.exchange.book(coin).mid
        assert mid is not None
        pair = f"{coin}-USD"
        return str(self.connector.quantize_order_price(pair, mid * Decimal(factor)))


class LogRecords(logging.Handler):
    """Keeps log records of warnings and errors."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def errors(self) -> list[str]:
        """Messages of errors."""
        return [self.format(record) for record in self.records if record.levelno >= logging.ERROR]

    def __str__(self) -> str:
        return "\n".join(self.format(record) for record in self.records)


@contextlib.contextmanager
def sandbox_at(url: str) -> Iterator[None]:
    """Tells the sandbox domain where the exchange is."""
    before = os.environ.get(SANDBOX_URL_VARIABLE)
    os.environ[SANDBOX_URL_VARIABLE] = url
    try:
        yield
    finally:
        if before is None:
            del os.environ[SANDBOX_URL_VARIABLE]
        else:
            os.environ[SANDBOX_URL_VARIABLE] = before


@contextlib.asynccontextmanager
async def trading_bot(
    *trading_pairs: str, exchange: Sandbox | None = None, market: str = "still", **settings: Any
) -> AsyncIterator[Bot]:
    """A ready bot on a sandbox of its own, or on the one given."""
    async with contextlib.AsyncExitStack() as stack:
        if exchange is None:
            # Nobody moves the book but the test, and requests take effect at once.
            exchange = await stack.enter_async_context(Sandbox(seed=7, market=market, block_ms=0))  # type: ignore[arg-type]
        bot = Bot(exchange, list(trading_pairs or ("BTC-USD",)), **settings)
        os.environ[SANDBOX_URL_VARIABLE] = exchange.url
        try:
            await bot.start()
            await bot.ready()
            yield bot
        finally:
            await bot.stop()
            os.environ.pop(SANDBOX_URL_VARIABLE, None)


async def eventually(
    condition: Callable[[], bool], timeout: float = 5.0, explain: Callable[[], str] = lambda: ""
) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {explain()}")
        await asyncio.sleep(0.01)
