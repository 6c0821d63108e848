"""What the steps of an acceptance run share: the connector, the venue's word, and what one step leaves to the next."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.operations.acceptance.outcomes import StepFailed, StepSkipped
from hyperliquid_perpetual.operations.acceptance.plan import Plan
from hyperliquid_perpetual.operations.acceptance.trader import Trader
from hyperliquid_perpetual.operations.acceptance.venue_word import ASK_EVERY_SECONDS, VenueWord
from hyperliquid_perpetual.trading.requests import Requests
from hyperliquid_perpetual.venue.statuses import OrderPhase, phase_of

VENUE_AGREES_SECONDS = 10.0
"""How long the venue's own word may lag behind an event."""


@dataclass(slots=True)
class Ground:
    """The state of one run."""

    plan: Plan
    trader: Trader
    requests: Requests
    """For questions beside the connector."""
    on_passed: Callable[[float], None] = field(default=lambda _: None)
    """Called now and then with the seconds that a long step has gone on."""
    word: VenueWord | None = None
    """The venue's own word; there from the moment on when the connector is ready."""
    position_before: Decimal = Decimal(0)
    """What the account held of the coin when the run began, in base units."""
    is_clear: bool = False
    """Whether the run may trade: nothing of others is in the way, or it may be."""
    resting: str | None = None
    """The order that rests for the next step."""
    bought: Decimal = Decimal(0)
    """What the run holds, in base units."""

    def said(self) -> VenueWord:
        """The venue's word.

        :raises StepSkipped: when the connector never became ready.
        """
        if self.word is None:
            raise StepSkipped("not connected")
        return self.word

    def may_trade(self) -> VenueWord:
        """The same, for steps that trade.

        :raises StepSkipped: when something else is in the way.
        """
        word = self.said()
        if not self.is_clear:
            raise StepSkipped("the account is not free for this run")
        return word

    def needs_resting(self) -> str:
        """The order that rests.

        :raises StepSkipped: when none does.
        """
        if self.resting is None:
            raise StepSkipped("no order rests")
        return self.resting

    async def cancel(self, order_id: str) -> float:
        """Cancels an order; returns the seconds until its event.

        :raises StepFailed: when it is not cancelled by the connector's event and the venue's word.
        """
        trader, began = self.trader, time.monotonic()
        trader.connector.cancel(trader.pair, order_id)
        took = await trader.ended(order_id, {MarketEvent.OrderCancelled}, self.plan.step_seconds, began)
        if self.resting == order_id:
            self.resting = None
        await self.said().order(
            order_id, lambda update: phase_of(update.status) is OrderPhase.CANCELED, VENUE_AGREES_SECONDS, "cancelled"
        )
        return took

    async def position_agrees(self) -> Decimal:
        """Waits until connector and venue show what was held before and what the run holds; returns that.

        :raises StepFailed: when one of them does not.
        """
        trader, word, expected = self.trader, self.said(), self.position_before + self.bought

        def shown() -> Decimal:
            position = trader.connector.get_position(trader.pair)
            return Decimal(0) if position is None else Decimal(position.amount)

        await trader.until(
            lambda: shown() == expected, VENUE_AGREES_SECONDS, f"the connector shows a position of {expected:f}"
        )
        deadline = time.monotonic() + VENUE_AGREES_SECONDS
        while (said := await word.position()) != expected:
            if time.monotonic() > deadline:
                raise StepFailed(f"the venue says that the position is {said:f}, not {expected:f}")
            await asyncio.sleep(ASK_EVERY_SECONDS)
        return expected


def fee_of(fill: Any) -> Decimal:
    """What a fill event says was charged, a rebate being negative."""
    return sum((fee.amount for fee in fill.trade_fee.flat_fees), Decimal(0))


def ms(seconds: float) -> str:
    """A short time as text."""
    return f"{seconds * 1000:.0f} ms"
