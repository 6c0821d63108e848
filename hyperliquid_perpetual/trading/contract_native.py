"""What the venue's orders can do beyond Hummingbot's: stop losses and take profits that rest at the venue, brackets,
and amendments. For scripts and controllers; `docs/orders.md` shows each.

Every order placed here is tracked like any other: it has Hummingbot's events, is cancelled with ``cancel``, and is
found again after a restart. Reference, sections 3.1 and 3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec
from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue import prices
from ..venue.actions import Grouping, OrderRequest, TpSl, Trigger
from ..venue.messages import Order
from . import order_checks
from .amendments import Amendments
from .contract_checks import trigger_limit
from .contract_orders import OrdersContract
from .order_checks import OrderRefused
from .order_terms import OrderTerms


@dataclass(frozen=True, slots=True)
class Bracket:
    """The ids of orders that belong together; None where there is no such order."""

    entry: str | None
    take_profit: str | None
    stop_loss: str | None


@dataclass(frozen=True, slots=True)
class TriggerOrder:
    """A stop loss or take profit of this bot that the venue holds."""

    order_id: str
    trading_pair: str
    kind: TpSl
    trigger_price: Decimal
    """In USD, against the mark price."""
    amount: Decimal
    """In base units."""
    is_buy: bool


@dataclass(frozen=True, slots=True)
class _Spec:
    """One order of a group, before it is checked."""

    order_id: str
    side: TradeType
    amount: Decimal
    order_type: OrderType
    price: Decimal
    position_action: PositionAction
    given: dict[str, Any]


class NativeOrdersContract(OrdersContract):
    """The venue's own order kinds."""

    _amendments: Amendments

    # --- Triggers and brackets

    def place_trigger_order(
        self,
        trading_pair: str,
        side: TradeType,
        amount: Decimal,
        trigger_price: Decimal,
        kind: str,
        limit_price: Decimal | None = None,
        slippage: Decimal | None = None,
    ) -> str:
        """Places a stop loss or take profit, which reduces the position when the mark price passes its trigger.

        :param side: of the order itself: SELL protects a long position.
        :param amount: in base units; no more than the position is used.
        :param trigger_price: in USD. :param kind: ``stop_loss`` or ``take_profit``.
        :param limit_price: in USD; a market order is sent when it is left out.
        :param slippage: how much worse than the trigger a market order may fill, a fraction; 0.1 by default.
        :returns: the order's id; whether the venue took it comes by Hummingbot's events.
        """
        return self._start_order(
            side,
            trading_pair,
            amount,
            OrderType.MARKET if limit_price is None else OrderType.LIMIT,
            s_decimal_NaN if limit_price is None else limit_price,
            position_action=PositionAction.CLOSE,
            trigger_price=trigger_price,
            trigger_kind=kind,
            slippage=slippage,
        )

    def place_bracket(
        self,
        trading_pair: str,
        side: TradeType,
        amount: Decimal,
        price: Decimal = s_decimal_NaN,
        order_type: OrderType = OrderType.LIMIT,
        *,
        take_profit: Decimal | None = None,
        stop_loss: Decimal | None = None,
        **kwargs: Any,
    ) -> Bracket:
        """Places an entry together with what closes it again, as one action (``normalTpsl``).

        Take profit and stop loss wait until the entry has filled completely; then the first to fill cancels the other.
        When the entry is cancelled, they are too. An entry for which an exit is refused is taken back.

        :param price: of the entry, in USD. :param take_profit: trigger price in USD. :param stop_loss: likewise.
        :param kwargs: further terms of the entry, as ``buy`` and ``sell`` take them.
        :raises ValueError: without take profit and stop loss, or when they lie the wrong way round.
        """
        _check_pair_of_triggers(side is TradeType.BUY, take_profit, stop_loss)
        entry = _Spec(self._new_order_id(), side, amount, order_type, price, PositionAction.OPEN, kwargs)
        exits = self._exits(side, amount, take_profit, stop_loss)
        self._home.spawn(self._create_group, trading_pair, [entry, *exits.values()], "normalTpsl")
        return _bracket(entry.order_id, exits)

    def protect_position(
        self, trading_pair: str, *, take_profit: Decimal | None = None, stop_loss: Decimal | None = None
    ) -> Bracket:
        """Puts a take profit and a stop loss on the position that is held now (``positionTpsl``); both at market.

        The venue keeps their size with the position, and ends them with it.

        :param take_profit: trigger price in USD. :param stop_loss: likewise.
        :raises ValueError: when there is no position, without both prices, or when they lie the wrong way round.
        """
        size = self._account.position_size(self._market(trading_pair).coin)
        if not size:
            raise ValueError(f"there is no position in {trading_pair} to protect")
        _check_pair_of_triggers(size > 0, take_profit, stop_loss)
        exits = self._exits(TradeType.BUY if size > 0 else TradeType.SELL, abs(size), take_profit, stop_loss)
        self._home.spawn(self._create_group, trading_pair, list(exits.values()), "positionTpsl")
        return _bracket(None, exits)

    def trigger_orders(self, trading_pair: str | None = None) -> list[TriggerOrder]:
        """The stop losses and take profits of this bot that have neither fired nor ended."""
        found = []
        for order in self.in_flight_orders.values():
            if trading_pair not in (None, order.trading_pair):
                continue
            terms = self._terms.of(order.client_order_id, order.order_type, order.position)
            if terms.trigger_price is not None and terms.trigger_kind is not None:
                found.append(
                    TriggerOrder(
                        order.client_order_id,
                        order.trading_pair,
                        terms.trigger_kind,
                        terms.trigger_price,
                        order.amount,
                        order.trade_type is TradeType.BUY,
                    )
                )
        return found

    def _exits(
        self, entry_side: TradeType, amount: Decimal, take_profit: Decimal | None, stop_loss: Decimal | None
    ) -> dict[TpSl, _Spec]:
        side = TradeType.SELL if entry_side is TradeType.BUY else TradeType.BUY
        triggers: list[tuple[TpSl, Decimal | None]] = [("tp", take_profit), ("sl", stop_loss)]
        return {
            kind: _Spec(
                self._new_order_id(),
                side,
                amount,
                OrderType.MARKET,
                s_decimal_NaN,
                PositionAction.CLOSE,
                {"trigger_price": trigger_price, "trigger_kind": kind},
            )
            for kind, trigger_price in triggers
            if trigger_price is not None
        }

    async def _create_group(self, trading_pair: str, specs: Sequence[_Spec], grouping: Grouping) -> None:
        tracked: list[InFlightOrder] = []
        refused: list[str] = []
        for spec in specs:
            order = await self._track_order(
                spec.side,
                spec.order_id,
                trading_pair,
                spec.amount,
                spec.order_type,
                spec.price,
                spec.position_action,
                spec.given,
                clamps=grouping == "positionTpsl",
            )
            if order is None:
                refused.append(str(self.order_failure_reason(spec.order_id)))
            else:
                tracked.append(order)
        if refused:
            # Half a bracket is not what was asked for.
            for order in tracked:
                problem = OrderRefused(f"not sent, because an order that belongs to it was refused: {refused[0]}")
                self._update_order_after_failure(order.client_order_id, trading_pair, problem)
            return
        refusals = await self._flow.place_group(tracked, [self._order_request(order) for order in tracked], grouping)
        for order, refusal in zip(tracked, refusals, strict=True):
            if refusal is not None:
                self._report_refusal(order, refusal)
        if grouping == "normalTpsl" and refusals[0] is None and any(refusals):
            await self._take_back(tracked[0])

    async def _take_back(self, entry: InFlightOrder) -> None:
        """Cancels an entry that an exit of its bracket was refused for: it was not meant to be without."""
        self.logger().warning(
            f"An exit of the bracket of {entry.client_order_id} ({entry.trading_pair}) was refused: the entry is "
            f"cancelled, and whatever of it has filled is without that exit"
        )
        if not entry.is_done:
            await self._execute_order_cancel(entry)

    # --- Amendments

    async def amend_order(
        self,
        order_id: str,
        *,
        price: Decimal | None = None,
        amount: Decimal | None = None,
        trigger_price: Decimal | None = None,
    ) -> None:
        """Changes a resting order in place: it keeps its id, and there is no moment without it.

        :param price: the new limit in USD; the present one when left out.
        :param amount: what shall be open from now on, in base units, besides what has filled; all that is still open
            when left out.
        :param trigger_price: of a stop loss or take profit, in USD.
        :raises OrderRefused: when there is no such open order, or the new terms cannot be sent; nothing was changed.
        :raises VenueRejection: when the venue refused; the order then is as its state and events say.
        """
        order = self._order_tracker.active_orders.get(order_id)
        if order is None:
            raise OrderRefused(f"order {order_id} is not open: only an open order can be amended")
        await self._flow.wait_until_placed(order)
        async with self._amendments.turn(order):
            if not order.is_open or order.is_pending_cancel_confirmation:
                raise OrderRefused(f"order {order_id} is not open any more, or being cancelled")
            request, terms = self._amended(order, price, amount, trigger_price)
            await self._amendments.amend(order, request, self._market(order.trading_pair).dex)
            self._terms.note(order_id, terms)

    def _amended(
        self, order: InFlightOrder, price: Decimal | None, amount: Decimal | None, trigger_price: Decimal | None
    ) -> tuple[OrderRequest, OrderTerms]:
        market, present = self._market(order.trading_pair), self._order_request(order)
        terms = self._terms.of(order.client_order_id, order.order_type, order.position)
        if order.order_type is OrderType.MARKET and (price is not None or terms.trigger_price is None):
            raise OrderRefused("a market order has no limit to amend")
        if trigger_price is not None and terms.trigger_price is None:
            raise OrderRefused(f"order {order.client_order_id} has no trigger to amend")
        size = order.amount - order.executed_amount_base
        if amount is not None:
            size = self.quantize_order_amount(order.trading_pair, amount) if amount.is_finite() else amount
        order_checks.check_amount(market, size if amount is None else amount, size)
        limit, reference = present.price, self._market_data.reference_price(market.coin)
        trigger = present.trigger
        if trigger is not None and trigger_price is not None:
            trigger = Trigger(prices.nearest_price(trigger_price, market.sz_decimals), trigger.is_market, trigger.tpsl)
            order_checks.check_price(market, trigger.price, reference)
            if trigger.is_market:
                limit = trigger_limit(market, present.is_buy, trigger.price, terms)
                terms = replace(terms, limit_price=limit)
            terms = replace(terms, trigger_price=trigger.price)
        if price is not None:
            limit = prices.passive_price(price, market.sz_decimals, present.is_buy) if price.is_finite() else price
        order_checks.check_price(market, limit, reference)
        order_checks.check_notional(market, limit, size, present.reduce_only)
        self.request_allowance.check_order(helps=present.reduce_only)
        return msgspec.structs.replace(present, price=limit, size=size, trigger=trigger), terms

    # --- After a restart

    def _on_open_order(self, order: InFlightOrder, row: Order) -> None:
        """Learns the terms of an order of which only Hummingbot's part was saved, from the venue's list."""
        if self._terms.knows(order.client_order_id):
            return
        kind = (row.orderType or "").lower()
        if row.isTrigger and row.triggerPx is not None and kind:
            self._terms.note(
                order.client_order_id,
                OrderTerms(
                    tif="Gtc",
                    reduce_only=row.reduceOnly,
                    trigger_price=row.triggerPx,
                    trigger_kind="tp" if kind.startswith("take profit") else "sl",
                    limit_price=row.limitPx if order.order_type is OrderType.MARKET else None,
                ),
            )
        elif not row.isTrigger and row.tif in ("Gtc", "Alo") and order.order_type is not OrderType.MARKET:
            self._terms.note(
                order.client_order_id,
                OrderTerms(tif="Alo" if row.tif == "Alo" else "Gtc", reduce_only=row.reduceOnly),
            )


def _check_pair_of_triggers(is_long: bool, take_profit: Decimal | None, stop_loss: Decimal | None) -> None:
    if take_profit is None and stop_loss is None:
        raise ValueError("give a take_profit, a stop_loss, or both")
    if take_profit is None or stop_loss is None:
        return
    if (stop_loss < take_profit) is not is_long or stop_loss == take_profit:
        position, where = ("long", "below") if is_long else ("short", "above")
        raise ValueError(
            f"the stop loss of a {position} position lies {where} its take profit, got {stop_loss} and {take_profit}"
        )


def _bracket(entry: str | None, exits: dict[TpSl, _Spec]) -> Bracket:
    ids = {kind: spec.order_id for kind, spec in exits.items()}
    return Bracket(entry, ids.get("tp"), ids.get("sl"))
