"""Placing groups of orders: a parent with its TP/SL orders, and the TP/SL orders of a position (reference, 3.1)."""

from collections.abc import Mapping

from .brackets import Bracket
from .commands import OrderIntent, PlaceOrders
from .config import ExchangeConfig
from .events import Failed, ItemStatus, WaitingForFill, WaitingForTrigger
from .market_state import MarketState
from .orders import OrderDesk
from .placement import Placement
from .records import OrderStatus
from .rules import WOULD_INCREASE, Rejection, expected_entry, form_rejection, standing_rejection, with_asset
from .state import Account, Order, Place


class BracketPlacement:
    """Takes groups that have passed pre-validation; each order is judged for itself, as in any batch."""

    __slots__ = ("_config", "_desk", "_markets", "_placement")

    def __init__(
        self, config: ExchangeConfig, markets: Mapping[int, MarketState], desk: OrderDesk, placement: Placement
    ) -> None:
        self._config = config
        self._markets = markets
        self._desk = desk
        self._placement = placement

    def place(self, account: Account, command: PlaceOrders) -> tuple[ItemStatus, ...]:
        """Place the orders of a group."""
        if command.grouping == "normalTpsl":
            return self._with_parent(account, command.orders)
        return self._of_position(account, command.orders)

    def _with_parent(self, account: Account, intents: tuple[OrderIntent, ...]) -> tuple[ItemStatus, ...]:
        """The parent takes its way first; what becomes of it decides about the children.

        A parent that is refused takes its children with it, each with the same text (unconfirmed).
        """
        state = self._markets[intents[0].asset]
        rejection = self._rejection(account, intents[0])
        parent = self._create(account, intents[0])
        bracket = parent.bracket = Bracket(parent)
        entry_px = expected_entry(parent, state.mark_px)
        children: list[tuple[Order, Rejection | None]] = []
        cloids = {parent.cloid} - {None}
        for intent in intents[1:]:
            child_rejection = self._rejection(account, intent, entry_px, waits=True)
            if child_rejection is None and intent.cloid in cloids:
                child_rejection = Rejection(OrderStatus.REJECTED, f"Duplicate cloid {intent.cloid}.")
            cloids |= {intent.cloid} - {None}
            child = self._create(account, intent)
            if child_rejection is None:
                bracket.add(child)
            children.append((child, child_rejection))
        status = self._placement.admit(parent, rejection)
        statuses = [status]
        for child, child_rejection in children:
            if child_rejection is not None:
                statuses.append(self._placement.admit(child, child_rejection))
            elif child.place is Place.NOWHERE:
                self._desk.wait(child)
                statuses.append(WaitingForFill(child.oid, child.cloid))
            elif child.place is Place.ARMED:
                statuses.append(WaitingForTrigger(child.oid, child.cloid))
            elif isinstance(status, Failed):
                statuses.append(status)
            else:
                statuses.append(Failed(with_asset(WOULD_INCREASE, child.asset, self._config.quirks)))
        return tuple(statuses)

    def _of_position(self, account: Account, intents: tuple[OrderIntent, ...]) -> tuple[ItemStatus, ...]:
        """TP/SL orders that are as large as the position when they fire; those of one batch and asset are siblings.

        One that was sent with a size has the position's all the same, which is not confirmed (`position_tpsl_size`).
        """
        brackets: dict[int, Bracket] = {}
        statuses: list[ItemStatus] = []
        for intent in intents:
            rejection = self._rejection(account, intent)
            order = self._create(account, intent)
            order.follow_position(self._config.quirks.position_tpsl_size == "sent")
            if rejection is None:
                brackets.setdefault(intent.asset, Bracket()).add(order)
            statuses.append(self._placement.admit(order, rejection))
        return tuple(statuses)

    def _create(self, account: Account, intent: OrderIntent) -> Order:
        position = self._placement.position(account, self._markets[intent.asset])
        return self._desk.create(account, position, intent)

    def _rejection(
        self, account: Account, intent: OrderIntent, entry_px: int | None = None, waits: bool = False
    ) -> Rejection | None:
        config, state = self._config, self._markets[intent.asset]
        position = self._placement.position(account, state)
        rejection = form_rejection(account, position, intent, state, config, None, entry_px)
        if rejection is None:
            rejection = standing_rejection(account, position, intent, self._markets, config, waits)
        return rejection
