"""The part of Hummingbot's connector contract that is about orders: placing, cancelling, asking for them."""

import os
import time
from decimal import Decimal
from typing import Any

from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState, OrderUpdate, TradeUpdate
from hummingbot.core.data_type.limit_order import LimitOrder
from hummingbot.core.data_type.market_order import MarketOrder

from ..venue import actions, client_ids
from ..venue.replies import RejectCode
from . import order_checks
from .account_reader import AccountReader
from .app_warnings import tell_user
from .bot_identity import BotIdentity
from .cancels import Cancels
from .contract_checks import ChecksContract
from .lifecycle import Evidence
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .outcomes import AFTER_EXPIRY_SECONDS
from .reconciliation import Reconciler
from .rejections import VenueRejection
from .request_allowance import KeptForCancels
from .requests import ACTION_LIFETIME_MS, VenueUnavailable


class OrdersContract(ChecksContract):
    """Turns Hummingbot's orders into the venue's, and tells Hummingbot what became of them."""

    VALID_POSITION_ACTIONS: list[PositionAction]
    _cancels: Cancels
    _identity: BotIdentity
    _flow: OrderFlow
    _order_tracker: OrderTracker
    _reader: AccountReader
    _reconciler: Reconciler

    def supported_order_types(self) -> list[OrderType]:
        return [OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET]

    def buy(
        self,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal = s_decimal_NaN,
        **kwargs: Any,
    ) -> str:
        return self._start_order(TradeType.BUY, trading_pair, amount, order_type, price, **kwargs)

    def sell(
        self,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal = s_decimal_NaN,
        **kwargs: Any,
    ) -> str:
        return self._start_order(TradeType.SELL, trading_pair, amount, order_type, price, **kwargs)

    def batch_order_create(self, orders_to_create: list[LimitOrder | MarketOrder]) -> list[LimitOrder | MarketOrder]:
        """Places orders together: as few signed actions as there can be, an outcome for each.

        :returns: the same orders with the ids they were given.
        """
        return [self._start_order_like(order) for order in orders_to_create]

    def _start_order_like(self, order: LimitOrder | MarketOrder) -> LimitOrder | MarketOrder:
        is_limit = isinstance(order, LimitOrder)
        order_id = self._start_order(
            TradeType.BUY if order.is_buy else TradeType.SELL,
            order.trading_pair,
            order.quantity if is_limit else Decimal(str(order.amount)),
            OrderType.LIMIT if is_limit else OrderType.MARKET,
            order.price if is_limit else s_decimal_NaN,
            position_action=PositionAction.CLOSE if order.position is PositionAction.CLOSE else PositionAction.OPEN,
        )
        if not is_limit:
            return order._replace(order_id=order_id)
        return LimitOrder(
            client_order_id=order_id,
            trading_pair=order.trading_pair,
            is_buy=order.is_buy,
            base_currency=order.base_currency,
            quote_currency=order.quote_currency,
            price=order.price,
            quantity=order.quantity,
            filled_quantity=order.filled_quantity,
            creation_timestamp=order.creation_timestamp,
            status=order.status,
            position=order.position,
        )

    def _start_order(
        self,
        trade_type: TradeType,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal,
        **kwargs: Any,
    ) -> str:
        order_id = self._new_order_id()
        self._home.spawn(self._create_order, trade_type, order_id, trading_pair, amount, order_type, price, **kwargs)
        return order_id

    def _new_order_id(self) -> str:
        return client_ids.make_cloid(self._identity.tag, os.urandom(client_ids.RANDOM_BYTES))

    async def _create_order(
        self,
        trade_type: TradeType,
        order_id: str,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal | None = None,
        position_action: PositionAction = PositionAction.NIL,
        **kwargs: Any,
    ) -> None:
        if position_action not in self.VALID_POSITION_ACTIONS:
            raise ValueError(f"position action {position_action} is not valid: use OPEN or CLOSE")
        order = await self._track_order(
            trade_type, order_id, trading_pair, amount, order_type, price, position_action, kwargs
        )
        if order is None:
            return
        try:
            await self._place_order_and_process_update(order, position_action=position_action, **kwargs)
        except VenueRejection as refusal:
            self._report_refusal(order, refusal)

    async def _track_order(
        self,
        trade_type: TradeType,
        order_id: str,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal | None,
        position_action: PositionAction,
        given: dict[str, Any],
        *,
        clamps: bool = True,
    ) -> InFlightOrder | None:
        """Checks an order and tracks it, ready to be sent; None when it cannot be sent, which Hummingbot was told."""
        asked_price = price if price is not None else s_decimal_NaN
        problem: order_checks.OrderRefused | None = None
        quantized_amount, quantized_price = amount, asked_price
        try:
            quantized_amount, quantized_price, terms = await self._check_order(
                trading_pair, trade_type, amount, order_type, asked_price, position_action, given, clamps=clamps
            )
            self._terms.note(order_id, terms)
        except order_checks.OrderRefused as error:
            problem = error
        self.start_tracking_order(
            order_id=order_id,
            exchange_order_id=None,
            trading_pair=trading_pair,
            trade_type=trade_type,
            price=quantized_price,
            # A refused order of a negative amount would count as filled in Hummingbot's eyes.
            amount=quantized_amount if quantized_amount.is_finite() and quantized_amount > 0 else Decimal(0),
            order_type=order_type,
            position_action=position_action,
            **given,
        )
        if problem is None:
            return self._order_tracker.active_orders[order_id]
        if not isinstance(problem, KeptForCancels):
            self.logger().warning(f"Order not sent: {problem}")
        self._update_order_after_failure(order_id, trading_pair, problem)
        return None

    def _report_refusal(self, order: InFlightOrder, refusal: VenueRejection) -> None:
        if refusal.code is RejectCode.RATE_LIMIT:
            self.request_allowance.doubt()
        side = order.trade_type.name.lower()
        tell_user(
            self.logger(),
            f"Error submitting {side} {order.order_type.name} order to {self.name_cap} for {order.amount} "
            f"{order.trading_pair} {order.price}.",
            f"{self.name_cap} refused the {side} order: {refusal}",
        )
        self._order_tracker.apply(order, Evidence.REJECTED, time.time(), reason=refusal)

    def order_failure_reason(self, order_id: str) -> str | None:
        """Why a recent order failed, in the venue's words or ours; None when it did not, or long ago."""
        return self._order_tracker.failure_reason(order_id)

    async def _place_order_and_process_update(self, order: InFlightOrder, **kwargs: Any) -> str | None:
        await self._flow.place(order, self._order_request(order))
        exchange_order_id: str | None = order.exchange_order_id
        return exchange_order_id

    async def _place_order(
        self,
        order_id: str,
        trading_pair: str,
        amount: Decimal,
        trade_type: TradeType,
        order_type: OrderType,
        price: Decimal,
        position_action: PositionAction = PositionAction.NIL,
        **kwargs: Any,
    ) -> tuple[str | None, float]:
        order = self._order_tracker.active_orders[order_id]
        return await self._place_order_and_process_update(order), time.time()

    async def _execute_order_cancel(self, order: InFlightOrder) -> str | None:
        if not self.request_allowance.may_cancel():
            return None
        try:
            cancelled = await self._place_cancel(order.client_order_id, order)
        except (VenueRejection, order_checks.OrderRefused, VenueUnavailable) as error:
            self.logger().error(f"Failed to cancel order {order.client_order_id}: {error}")
            return None
        return order.client_order_id if cancelled else None

    async def _place_cancel(self, order_id: str, tracked_order: InFlightOrder) -> bool:
        try:
            actions.check_cloid(order_id)
        except ValueError as error:
            # Found before it joins a batch, which it would spoil for the others.
            raise order_checks.OrderRefused(f"it was not placed by this connector ({error})") from None
        if not self._markets.table.by_coin:
            # After a restart a cancel can come before the markets are known.
            await self._markets.refresh(max_age=5.0)
        terms = self._terms.of(order_id, tracked_order.order_type, tracked_order.position)
        return await self._cancels.cancel(
            tracked_order,
            self._asset_id(tracked_order.trading_pair),
            is_plain=self._terms.knows(order_id) and terms.trigger_price is None,
        )

    def _asset_id(self, trading_pair: str) -> int:
        return self._market(trading_pair).asset_id

    async def _request_order_status(self, tracked_order: InFlightOrder) -> OrderUpdate:
        cloid, now = tracked_order.client_order_id, time.time()
        status = await self._reader.order_status(cloid)
        if status.order is not None:
            self._flow.apply_update(tracked_order, status.order)
        elif self._order_tracker.is_lost(cloid):
            if now > tracked_order.creation_timestamp + ACTION_LIFETIME_MS / 1000 + AFTER_EXPIRY_SECONDS:
                self._order_tracker.apply(tracked_order, Evidence.NEVER_ARRIVED, now)
        elif cloid not in self._flow.resolver.pending:
            self._flow.resolver.watch(cloid, None)
        return OrderUpdate(
            trading_pair=tracked_order.trading_pair,
            update_timestamp=now,
            # What is failed here may be open at the venue, and the tracker was told all that is known already.
            new_state=OrderState.OPEN if self._order_tracker.is_lost(cloid) else tracked_order.current_state,
            client_order_id=cloid,
            exchange_order_id=tracked_order.exchange_order_id,
        )

    async def _all_trade_updates_for_order(self, order: InFlightOrder) -> list[TradeUpdate]:
        await self._reconciler.sweep_fills()
        return list(order.order_fills.values())

    def _is_request_exception_related_to_time_synchronizer(self, request_exception: Exception) -> bool:
        return False

    def _is_order_not_found_during_status_update_error(self, status_update_exception: Exception) -> bool:
        return False

    def _is_order_not_found_during_cancelation_error(self, cancelation_exception: Exception) -> bool:
        return False
