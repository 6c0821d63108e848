"""What the venue itself says about this run's orders and position, asked by request beside the connector."""

import asyncio
import time
from collections.abc import Callable, Collection
from decimal import Decimal

from hyperliquid_perpetual.operations.acceptance.outcomes import StepFailed
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.venue.markets import dex_of
from hyperliquid_perpetual.venue.messages import Fill, Order, OrderUpdate

ASK_EVERY_SECONDS = 0.25


class VenueWord:
    """Asks about one account and one coin."""

    def __init__(self, reader: AccountReader, coin: str) -> None:
        self._reader = reader
        self.coin = coin
        self.began_ms = 0
        """When the run's first order can have been placed, by the venue's clock; Unix milliseconds."""

    async def begin(self) -> None:
        """Notes the venue's time: fills are asked for from then on.

        :raises VenueUnavailable: when it does not answer.
        """
        self.began_ms = (await self._reader.state(dex_of(self.coin))).time or int(time.time() * 1000)

    async def position(self) -> Decimal:
        """What is held of the coin, in base units, negative when short."""
        state = await self._reader.state(dex_of(self.coin))
        return sum((p.position.szi for p in state.assetPositions if p.position.coin == self.coin), Decimal(0))

    async def open_orders(self) -> list[Order]:
        """All orders of the account that rest on the coin."""
        return [order for order in await self._reader.open_orders(dex_of(self.coin)) if order.coin == self.coin]

    async def fills(self, order_ids: Collection[str]) -> list[Fill]:
        """The fills of these orders."""
        return [fill for fill in await self._reader.fills_since(self.began_ms) if fill.cloid in order_ids]

    async def order(
        self, order_id: str, is_right: Callable[[OrderUpdate], bool], seconds: float, what: str
    ) -> OrderUpdate:
        """Asks about an order until the venue says what is expected, as another of its servers may be a moment behind.

        :raises StepFailed: when it does not in time.
        """
        deadline, said = time.monotonic() + seconds, "nothing yet"
        while True:
            try:
                answer = await self._reader.order_status(order_id)
                if answer.order is not None and is_right(answer.order):
                    return answer.order
                said = _in_words(answer.order) if answer.order is not None else "it does not know the order"
            except VenueUnavailable as error:
                said = f"it did not answer: {error}"
            if time.monotonic() > deadline:
                raise StepFailed(f"the venue does not say that the order is {what}: {said}")
            await asyncio.sleep(ASK_EVERY_SECONDS)


def _in_words(update: OrderUpdate) -> str:
    order = update.order
    return f"{update.status}, {order.sz:f} of {order.origSz or order.sz:f} left at {order.limitPx:f}"
