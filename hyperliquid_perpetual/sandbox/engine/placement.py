"""Placing, canceling and modifying: from what an account asks for to one status per item."""

from collections.abc import Mapping

from .commands import CancelOrders, CancelOrdersByCloid, Modification, OrderIntent
from .config import ExchangeConfig
from .events import Failed, Filled, ItemStatus, Resting, Success, WaitingForFill, WaitingForTrigger
from .market_state import MarketState
from .matching import Matcher
from .orders import OrderDesk
from .records import OrderStatus
from .rules import (
    CANNOT_MODIFY,
    INSUFFICIENT_MARGIN,
    NEVER_PLACED,
    NO_LIQUIDITY,
    NO_MATCH,
    ZERO_SIZE,
    Rejection,
    expected_entry,
    form_rejection,
    standing_rejection,
    with_asset,
)
from .state import Account, Order, Place, Position
from .units import divide_half_even


class Placement:
    """Takes order intents that have passed pre-validation through the rules and the book."""

    __slots__ = ("_config", "_desk", "_markets", "_matcher")

    def __init__(
        self, config: ExchangeConfig, markets: Mapping[int, MarketState], desk: OrderDesk, matcher: Matcher
    ) -> None:
        self._config = config
        self._markets = markets
        self._desk = desk
        self._matcher = matcher

    def position(self, account: Account, state: MarketState) -> Position:
        """What an account has in a market, made with the default leverage on first use."""
        market = state.market
        positions = account.clearinghouse(market.dex).positions
        found = positions.get(market.asset)
        if found is None:
            leverage = min(self._config.default_leverage, market.max_leverage)
            found = positions[market.asset] = Position(market, not market.only_isolated, leverage)
        return found

    def place(self, account: Account, intent: OrderIntent) -> ItemStatus:
        """Place one order."""
        state = self._markets[intent.asset]
        position = self.position(account, state)
        rejection = form_rejection(account, position, intent, state, self._config)
        if rejection is None:
            rejection = standing_rejection(account, position, intent, self._markets, self._config)
        return self.admit(self._desk.create(account, position, intent), rejection)

    def cancel(self, account: Account, command: CancelOrders | CancelOrdersByCloid) -> tuple[ItemStatus, ...]:
        """Cancel open orders; the asset must be the order's."""
        statuses: list[ItemStatus] = []
        for asset, key in command.cancels:
            order = self._find(account, key)
            if order is None or order.asset != asset:
                statuses.append(Failed(with_asset(NEVER_PLACED, asset, self._config.quirks)))
            else:
                self._desk.cancel(order, OrderStatus.CANCELED)
                statuses.append(Success())
        return tuple(statuses)

    def modify(self, account: Account, modification: Modification, always_place: bool) -> ItemStatus:
        """Cancel an open order and place its replacement.

        A replacement that is badly formed leaves the old order where it is. What becomes of the old order when the
        account or the book refuses the replacement is not confirmed (`refused_modify`). A TP/SL order stays in its
        group when another trigger order replaces it; the TP/SL orders of a parent go when the parent is replaced, which
        is not confirmed (`amended_parent`).
        """
        intent = modification.intent
        old = self._find(account, modification.target)
        if old is None or old.asset != intent.asset:
            # `always_place`: the new order is wanted whether or not the old one was there to be canceled.
            return self.place(account, intent) if always_place and old is None else Failed(CANNOT_MODIFY)
        if not intent.sz and not old.is_position_tpsl:
            return Failed(with_asset(ZERO_SIZE, intent.asset, self._config.quirks))
        state = self._markets[intent.asset]
        bracket, entry_px = old.bracket, None
        family = bracket if bracket is not None and bracket.parent is old and intent.trigger is None else None
        if self._config.quirks.amended_parent == "drops_children":
            family = None
        if bracket is not None and (intent.trigger is None or bracket.parent is old):
            bracket = None
        elif bracket is not None and bracket.parent is not None:
            entry_px = expected_entry(bracket.parent, state.mark_px)
        waits = bracket is not None and old.place is Place.WAITING
        rejection = form_rejection(account, old.position, intent, state, self._config, old.cloid, entry_px)
        if rejection is None and self._config.quirks.refused_modify == "keeps_old":
            rejection = self._rejection_without(old, intent, waits)
        if rejection is None:
            if family is not None:
                old.bracket = None
            self._desk.cancel(old, OrderStatus.CANCELED)
            rejection = standing_rejection(account, old.position, intent, self._markets, self._config, waits)
        order = self._desk.create(account, old.position, intent)
        if family is not None and not old.is_open:
            family.move(order)
        if rejection is None and bracket is not None:
            bracket.add(order)
            if old.is_position_tpsl:
                order.follow_position(self._config.quirks.position_tpsl_size == "sent")
            if waits:
                self._desk.wait(order)
                return WaitingForFill(order.oid, order.cloid)
        return self.admit(order, rejection)

    def _rejection_without(self, old: Order, intent: OrderIntent, waits: bool) -> Rejection | None:
        """What the account and the book would have against an order if another one were not there any more."""
        with self._desk.set_aside(old):
            return standing_rejection(old.account, old.position, intent, self._markets, self._config, waits)

    def fire_triggers(self) -> None:
        """Do what the trigger orders that the mark prices have reached are there for.

        What they trade can arm others of the same market only, which are looked at in the same turn.
        """
        armed = self._desk.triggers
        for asset in list(armed):
            while asset in armed:
                order = armed[asset].next_met(self._markets[asset].mark_px)
                if order is None:
                    break
                self._desk.fire(order)
                self._match(order)

    def admit(self, order: Order, rejection: Rejection | None) -> ItemStatus:
        """Let an order that is nowhere yet take its way, or refuse it."""
        if rejection is not None:
            return self._reject(order, rejection)
        if order.reduce_only:
            order.sz = order.orig_sz = min(order.sz, abs(order.position.szi))
        if order.trigger is not None:
            self._desk.arm(order)
            return WaitingForTrigger(order.oid, order.cloid)
        if order.tif == "Alo":
            self._desk.rest(order)
            return Resting(order.oid, order.cloid)
        return self._match(order)

    def _match(self, order: Order) -> ItemStatus:
        state = self._markets[order.asset]
        has_liquidity = bool(state.book.side(not order.is_buy))
        notional, out_of_margin = self._matcher.take(order)
        traded = order.orig_sz - order.sz
        if not order.sz:
            self._desk.end(order, OrderStatus.FILLED)
        elif out_of_margin:
            if not traded:
                return self._reject(order, Rejection(OrderStatus.PERP_MARGIN_REJECTED, INSUFFICIENT_MARGIN))
            self._desk.end(order, OrderStatus.MARGIN_CANCELED)
        elif order.tif == "Gtc":
            self._desk.rest(order)
            if not traded or self._config.quirks.partial_gtc_reply == "resting":
                return Resting(order.oid, order.cloid)
        elif not traded:
            if order.tif == "FrontendMarket" and not has_liquidity:
                return self._reject(order, Rejection(OrderStatus.MARKET_ORDER_NO_LIQUIDITY_REJECTED, NO_LIQUIDITY))
            return self._reject(order, Rejection(OrderStatus.IOC_CANCEL_REJECTED, NO_MATCH))
        else:
            self._desk.end(order, OrderStatus.CANCELED)
        avg_px = divide_half_even(notional, traded * state.market.lot_value)
        return Filled(order.oid, order.cloid, traded, avg_px, notional)

    def _reject(self, order: Order, rejection: Rejection) -> ItemStatus:
        self._desk.end(order, rejection.status)
        return Failed(with_asset(rejection.text, order.asset, self._config.quirks))

    def _find(self, account: Account, key: int | str) -> Order | None:
        return account.find_open(key, self._config.quirks)
