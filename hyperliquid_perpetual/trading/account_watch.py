"""Warns the trader of what the venue does to the account without being asked: liquidations, auto-deleveraging,
settlements, cancelled orders; and of a liquidation price that comes near.

Reference, sections 10, 11 and 14. Each thing is told once: a liquidation once per order that carries it out, a cancel
once with the venue's reason, a near liquidation price once per approach.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import Any

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue.messages import Fill, OrderUpdate, PositionData
from ..venue.statuses import OrderPhase, cancel_reason, phase_of
from .log_names import logger_of

RELEASE = Decimal("1.5")
"""A position is clear of its liquidation price again at this multiple of the distance that was warned of."""

REASON_SECONDS = 2.0
"""How long the reason of a cancel is waited for: the venue tells it on another channel than the cancel itself."""

_MOST_REMEMBERED = 2_000

logger = logger_of(__name__)


class AccountWatch:
    """Turns the venue's statements into warnings."""

    def __init__(
        self,
        address: str,
        distance: Decimal,
        mark_price: Callable[[str], Decimal | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param address: the account, lower case.
        :param distance: how near a liquidation price may come to the mark price, as a fraction of it; 0 never warns.
        :param mark_price: by coin; None where it is not known.
        :param clock: seconds.
        """
        self._address = address
        self._distance = distance
        self._mark_price = mark_price
        self._clock = clock
        self._near: dict[str, bool] = {}
        """Coins whose position is near its liquidation, and whether it is long."""
        self._told: OrderedDict[Hashable, None] = OrderedDict()
        self._without_reason: dict[int, tuple[InFlightOrder, float]] = {}

    # --- Positions

    def on_positions(self, positions: Iterable[PositionData]) -> None:
        """Looks at all open positions."""
        seen: set[str] = set()
        for position in positions:
            seen.add(position.coin)
            self._look_at(position)
        for coin in self._near.keys() - seen:
            del self._near[coin]

    def _look_at(self, position: PositionData) -> None:
        coin, liquidation = position.coin, position.liquidationPx
        # What the position is valued at is the mark price of the moment it was stated.
        mark = self._mark_price(coin) or abs(position.positionValue / position.szi)
        if liquidation is None or liquidation <= 0 or mark <= 0 or not self._distance:
            self._near.pop(coin, None)
            return
        is_long = position.szi > 0
        distance = (mark - liquidation if is_long else liquidation - mark) / mark
        if self._near.get(coin) not in (None, is_long) or distance > self._distance * RELEASE:
            self._near.pop(coin, None)
        if distance <= self._distance and coin not in self._near:
            self._near[coin] = is_long
            logger.warning(
                "The %s position of %s %s is %.1f %% away from liquidation: mark price %s, liquidation price %s. "
                "Reduce it, or add margin.",
                "long" if is_long else "short",
                abs(position.szi),
                coin,
                max(distance, Decimal(0)) * 100,
                mark,
                liquidation,
            )

    # --- Fills

    def on_fill(self, fill: Fill) -> None:
        """Looks at a fill that was not known before, for what the venue did by itself."""
        what = self._forced(fill)
        if what and self._is_news((what, fill.coin, fill.oid)):
            logger.warning(
                "%s: %s %s %s at %s (position before %s, realized %s %s). The position follows the venue's statement.",
                what,
                "bought" if fill.side == "B" else "sold",
                fill.sz,
                fill.coin,
                fill.px,
                fill.startPosition,
                fill.closedPnl,
                fill.feeToken,
            )

    def _forced(self, fill: Fill) -> str:
        if fill.liquidation is not None:
            user = fill.liquidation.liquidatedUser
            # It stands on the fills of both sides: only one of them was liquidated.
            if user is not None and user.lower() != self._address:
                return ""
            if user is not None or fill.dir.startswith("Liquidated"):
                return f"Liquidated by the venue ({fill.liquidation.method or 'market'})"
        if fill.dir.startswith("Liquidated"):
            return "Liquidated by the venue"
        if fill.dir == "Auto-Deleveraging":
            return "Auto-deleveraged by the venue"
        if fill.dir == "Settlement":
            return "Settled by the venue"
        return ""

    def on_liquidation(self, event: dict[str, Any]) -> None:
        """Looks at a liquidation that the account stream tells of."""
        if str(event.get("liquidated_user")).lower() == self._address and self._is_news(("event", event.get("lid"))):
            logger.warning(
                "The venue has begun to liquidate this account: positions of %s USD, account value %s USD",
                event.get("liquidated_ntl_pos"),
                event.get("liquidated_account_value"),
            )

    # --- Orders

    def on_order_update(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """Looks at a status of an order of ours, for an end that nobody here asked for."""
        if phase_of(update.status) is not OrderPhase.CANCELED:
            return
        self._without_reason.pop(update.order.oid, None)
        reason = cancel_reason(update.status)
        if self._is_news(("cancel", update.order.oid)) and reason is not None:
            _tell_cancel(order, f"{reason} ({update.status})")

    def on_venue_cancel(self, order: InFlightOrder, oid: int) -> None:
        """Notes that the venue says that it cancelled an order of ours by itself; why is told by the order's status."""
        if ("cancel", oid) not in self._told:
            self._without_reason.setdefault(oid, (order, self._clock()))

    def tick(self) -> None:
        """Tells cancels whose reason does not come."""
        for oid, (order, since) in list(self._without_reason.items()):
            if self._clock() - since >= REASON_SECONDS:
                del self._without_reason[oid]
                if self._is_news(("cancel", oid)):
                    _tell_cancel(order, "it gave no reason")

    def _is_news(self, what: Hashable) -> bool:
        if what in self._told:
            return False
        self._told[what] = None
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True


def _tell_cancel(order: InFlightOrder, reason: str) -> None:
    logger.warning(
        "The venue cancelled the %s order %s (%s %s at %s): %s",
        order.trading_pair,
        order.client_order_id,
        order.trade_type.name.lower(),
        order.amount,
        order.price,
        reason,
    )
