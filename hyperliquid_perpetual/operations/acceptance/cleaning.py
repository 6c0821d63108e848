"""Leaves an account as an acceptance run has found it, however the run ended: its own orders are cancelled, its own
position is closed, and nothing else is touched.

What is left is the venue's word: its open orders and fills that carry a client order id of this run.
"""

import asyncio
import time
from decimal import Decimal

from hummingbot.core.data_type.common import OrderType, PositionAction

from hyperliquid_perpetual.operations.acceptance.outcomes import Done, StepFailed
from hyperliquid_perpetual.operations.acceptance.trader import LOOK_EVERY_SECONDS, Trader
from hyperliquid_perpetual.operations.acceptance.venue_word import VenueWord
from hyperliquid_perpetual.trading.requests import ACTION_LIFETIME_MS, VenueUnavailable

PATIENCE_SECONDS = 2 * ACTION_LIFETIME_MS / 1000
"""Long enough for every action that may still be on its way to have expired, and for another try after that."""

SETTLE_SECONDS = 5.0
"""How long events are waited for before the venue is asked, which costs 40 weight."""


class Cleaning:
    """Cancels and closes, and looks at the venue until nothing is left."""

    def __init__(self, trader: Trader, word: VenueWord, position_before: Decimal) -> None:
        """:param position_before: what the account held before the run, in base units."""
        self._trader = trader
        self._word = word
        self._position_before = position_before
        self._cancelled: set[str] = set()
        self._closed = 0
        self._closing: str | None = None
        self._was_left = False

    async def run(self) -> Done:
        """Cleans up.

        :raises StepFailed: when something is left after all; the message says what.
        """
        began = time.monotonic()
        while True:
            self._cancel_all()
            await self._settle()
            try:
                left = await self._what_is_left()
            except VenueUnavailable as error:
                left = f"the venue cannot be asked what is left: {error}"
            if not left:
                return self._done()
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise StepFailed(f"NOT CLEAN: {left}. Look at the account {self._trader.account} by hand")

    async def _settle(self) -> None:
        """Waits until the connector has heard the end of every order, and a while where that had left something."""
        trader, deadline = self._trader, time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            is_closed = self._closing is not None and trader.has_completed(self._closing)
            if not trader.pending and (is_closed or not self._was_left):
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _what_is_left(self) -> str:
        trader = self._trader
        resting = [order for order in await self._word.open_orders() if order.cloid in trader.placed]
        fills = await self._word.fills(trader.placed)
        net = sum((fill.signed_size for fill in fills), Decimal(0))
        left = [f"order {order.oid} open at the venue" for order in resting]
        left += [f"order {order_id} of unknown outcome" for order_id in trader.pending if not resting]
        if net:
            left.append(f"a position of {net:+f} {self._word.coin} that this run has opened")
        self._closing = None
        if net and not resting and not trader.pending:
            self._close(net)
        self._was_left = bool(left)
        return ", ".join(left)

    def _cancel_all(self) -> None:
        trader = self._trader
        for order_id in trader.pending:
            self._cancelled.add(order_id)
            trader.connector.cancel(trader.pair, order_id)

    def _close(self, net: Decimal) -> None:
        trader = self._trader
        # Reduce-only where all of the position is ours: then it can be no other's that is closed.
        action = PositionAction.OPEN if self._position_before else PositionAction.CLOSE
        self._closing = trader.place(net < 0, abs(net), OrderType.MARKET, action=action)
        self._closed += 1

    def _done(self) -> Done:
        did = []
        if self._cancelled:
            did.append(f"{len(self._cancelled)} orders cancelled")
        if self._closed:
            did.append("the position closed")
        detail = f"{' and '.join(did)}; nothing of this run is left" if did else "nothing of this run was left"
        return Done(detail, {"cancelled": len(self._cancelled), "closing_orders": self._closed})


async def clean(trader: Trader, word: VenueWord | None, position_before: Decimal) -> Done:
    """Cleans up after a run that may have come to any point.

    :raises StepFailed: when something is left.
    """
    if word is None or not trader.placed:
        return Done("nothing was placed", {"cancelled": 0, "closing_orders": 0})
    return await Cleaning(trader, word, position_before).run()
