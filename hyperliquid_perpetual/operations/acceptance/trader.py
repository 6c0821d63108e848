"""The connector as a program uses it: driven by Hummingbot's clock, heard by its events, its own orders remembered."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from hummingbot.core.clock import Clock, ClockMode
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.operations.acceptance.outcomes import StepFailed
from hyperliquid_perpetual.operations.acceptance.plan import Plan
from hyperliquid_perpetual.trading.credentials import API_WALLET_MODE
from hyperliquid_perpetual.trading.log_names import PREFIX
from hyperliquid_perpetual.trading.settings import Settings

TICK_SECONDS = 0.5
LOOK_EVERY_SECONDS = 0.01
SLIPPAGE = Decimal("0.02")
"""How much worse than the best price a market order may fill, as a fraction: small, and enough for a thin testnet."""

_EVENTS = (
    MarketEvent.BuyOrderCreated,
    MarketEvent.SellOrderCreated,
    MarketEvent.OrderFilled,
    MarketEvent.BuyOrderCompleted,
    MarketEvent.SellOrderCompleted,
    MarketEvent.OrderCancelled,
    MarketEvent.OrderFailure,
)
_ENDS = frozenset(
    {
        MarketEvent.BuyOrderCompleted,
        MarketEvent.SellOrderCompleted,
        MarketEvent.OrderCancelled,
        MarketEvent.OrderFailure,
    }
)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of an order, and when it came (monotonic seconds)."""

    kind: MarketEvent
    event: Any
    at: float


class Trader:
    """One connector and the orders that this run has placed with it."""

    def __init__(self, plan: Plan) -> None:
        """:raises CredentialError: when the keys cannot work."""
        keys = plan.keys
        self.pair = plan.pair
        self.connector = HyperliquidPerpetualDerivative(
            hyperliquid_perpetual_secret_key=keys.secret_key,  # type: ignore[arg-type]  # it takes either
            hyperliquid_perpetual_address=keys.address,
            # The key may be the account's own all the same: who may sign is the venue's word.
            hyperliquid_perpetual_mode=API_WALLET_MODE,
            trading_pairs=[plan.pair],
            domain=plan.network.value,
            # Nothing that touches other orders than those of this run, whatever a bot's settings file says.
            settings=Settings(slippage=SLIPPAGE, orphans="report", vault_or_sub_account=keys.vault),
        )
        self.placed: dict[str, float] = {}
        """The ids of this run's orders, and when they were placed (monotonic seconds)."""
        self.heard: list[Heard] = []
        self._forwarders = [self._listen(kind) for kind in _EVENTS]
        self._clock = Clock(ClockMode.REALTIME, tick_size=TICK_SECONDS)
        self._clock.add_iterator(self.connector)
        self._running: asyncio.Task[None] | None = None
        self._life = contextlib.ExitStack()

    @property
    def account(self) -> str:
        """Whom orders are for."""
        credentials = self.connector.authenticator
        assert credentials is not None
        return credentials.credentials.account

    # --- Life

    def start(self) -> None:
        """Starts the clock, and with it the connector, as Hummingbot does."""
        self._life.enter_context(self._clock)
        self._running = asyncio.create_task(self._clock.run())

    async def stop(self) -> None:
        """Stops both; nothing is left running."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._life.close()
        await self.connector.stop_network()

    # --- Orders

    def place(
        self,
        is_buy: bool,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal = Decimal("NaN"),
        action: PositionAction = PositionAction.OPEN,
    ) -> str:
        """Places an order as a strategy does; returns its id."""
        send = self.connector.buy if is_buy else self.connector.sell
        began = time.monotonic()
        order_id = str(send(self.pair, amount, order_type, price, position_action=action))
        self.placed[order_id] = began
        return order_id

    async def created(self, order_id: str, seconds: float) -> float:
        """Waits until the venue has an order; returns the seconds from placing it until its event.

        :raises StepFailed: when the order ends instead, or nothing is heard of it in time.
        """
        kinds = {MarketEvent.BuyOrderCreated, MarketEvent.SellOrderCreated}
        return await self._wait_for(order_id, kinds, _ENDS, seconds, self.placed[order_id], "was not accepted")

    async def ended(self, order_id: str, kinds: set[MarketEvent], seconds: float, since: float | None = None) -> float:
        """Waits until an order has ended in one of these ways; returns the seconds since it was placed (or ``since``).

        :raises StepFailed: when it ends in another way, or not in time.
        """
        began = self.placed[order_id] if since is None else since
        return await self._wait_for(order_id, kinds, _ENDS - kinds, seconds, began, "has not ended")

    async def until(self, condition: Callable[[], object], seconds: float, what: str) -> float:
        """Waits for a condition; returns how long it took, in seconds.

        :raises StepFailed: when it does not hold in time.
        """
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise StepFailed(f"{what}: not within {seconds:g} s")
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        return time.monotonic() - began

    async def _wait_for(
        self,
        order_id: str,
        good: set[MarketEvent],
        bad: frozenset[MarketEvent],
        seconds: float,
        began: float,
        what: str,
    ) -> float:
        def first(kinds: set[MarketEvent] | frozenset[MarketEvent]) -> Heard | None:
            return next((h for h in self.heard if h.kind in kinds and h.event.order_id == order_id), None)

        await self.until(lambda: first(good) or first(bad), seconds, f"the order {what}")
        found = first(good)
        if found is not None:
            return found.at - began
        other = first(bad)
        assert other is not None
        reason = self.connector.order_failure_reason(order_id)
        raise StepFailed(f"the order ended with {other.kind.name}{f': {reason}' if reason else ''}")

    # --- What was heard

    def fills(self, order_id: str | None = None) -> list[Any]:
        """The fill events of one order of this run, or of all of them."""
        return [
            heard.event
            for heard in self.heard
            if heard.kind is MarketEvent.OrderFilled
            and heard.event.order_id in self.placed
            and order_id in (None, heard.event.order_id)
        ]

    def has_completed(self, order_id: str) -> bool:
        """Whether an order has filled completely."""
        kinds = (MarketEvent.BuyOrderCompleted, MarketEvent.SellOrderCompleted)
        return any(heard.kind in kinds and heard.event.order_id == order_id for heard in self.heard)

    @property
    def pending(self) -> list[str]:
        """This run's orders that may still be open, or become so."""
        open_ids = self.connector.in_flight_orders
        return [order_id for order_id in self.placed if order_id in open_ids]

    def _listen(self, kind: MarketEvent) -> EventForwarder:
        # Hummingbot keeps only weak references to listeners.
        forwarder = EventForwarder(lambda event: self.heard.append(Heard(kind, event, time.monotonic())))
        self.connector.add_listener(kind, forwarder)
        return forwarder


class Complaints(logging.Handler):
    """What the connector warns of while it runs, kept instead of printed. Use it as a context manager."""

    def __init__(self) -> None:
        super().__init__(level=logging.WARNING)
        self.texts: list[str] = []
        self._others: list[logging.Handler] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the message of a record."""
        if record.name.startswith(PREFIX):
            self.texts.append(record.getMessage())

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._others, root.handlers = root.handlers, [self]
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().handlers = self._others
