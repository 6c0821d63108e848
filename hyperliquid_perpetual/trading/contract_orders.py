"""The part of Hummingbot's connector contract that is about orders: placing, cancelling, asking for them."""

import os
import time
from decimal import Decimal
from typing import Any

from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState, OrderUpdate, TradeUpdate
from hummingbot.core.utils.async_utils import safe_ensure_future

from ..venue import actions, client_ids, prices
from ..venue.actions import OrderRequest
from ..venue.markets import QUOTE
from . import order_checks
from .account_reader import AccountReader
from .contract_markets import MarketsContract
from .lifecycle import Evidence
from .market_data import MarketData
from .order_flow import OrderFlow, VenueRejection
from .order_tracker import OrderTracker
from .outcomes import AFTER_EXPIRY_SECONDS
from .reconciliation import Reconciler
from .requests import ACTION_LIFETIME_MS, VenueUnavailable


class OrdersContract(MarketsContract):
    """Turns Hummingbot's orders into the venue's, and tells Hummingbot what became of them."""

    VALID_POSITION_ACTIONS: list[PositionAction]
    _flow: OrderFlow
    _market_data: MarketData
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

    def _start_order(
        self,
        trade_type: TradeType,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal,
        **kwargs: Any,
    ) -> str:
        order_id = client_ids.make_cloid(os.urandom(client_ids.RANDOM_BYTES))
        safe_ensure_future(self._create_order(trade_type, order_id, trading_pair, amount, order_type, price, **kwargs))
        return order_id

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
        asked_price = price if price is not None else s_decimal_NaN
        problem: order_checks.OrderRefused | None = None
        quantized_amount, quantized_price = amount, asked_price
        try:
            quantized_amount, quantized_price = self._check_order(
                trading_pair, trade_type, amount, order_type, asked_price, position_action
            )
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
            **kwargs,
        )
        order = self._order_tracker.active_orders[order_id]
        if problem is not None:
            self.logger().warning(f"Order not sent: {problem}")
            self._update_order_after_failure(order_id, trading_pair, problem)
            return
        try:
            await self._place_order_and_process_update(order, position_action=position_action, **kwargs)
        except VenueRejection as error:
            self.logger().network(
                f"Error submitting {trade_type.name.lower()} {order_type.name.upper()} order to {self.name_cap} for "
                f"{quantized_amount} {trading_pair} {quantized_price}.",
                app_warning_msg=f"{self.name_cap} refused the {trade_type.name.lower()} order: {error}",
            )
            self._update_order_after_failure(order_id, trading_pair, error)

    def _check_order(
        self,
        trading_pair: str,
        trade_type: TradeType,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal,
        position_action: PositionAction,
    ) -> tuple[Decimal, Decimal]:
        """Amount and price as they can be sent.

        :raises OrderRefused: when they cannot.
        """
        market = self._market(trading_pair)
        if order_type not in self.supported_order_types():
            names = ", ".join(kind.name for kind in self.supported_order_types())
            raise order_checks.OrderRefused(f"order type {order_type} is not supported: use {names}")
        quantized_amount = self.quantize_order_amount(trading_pair, amount) if amount.is_finite() else amount
        order_checks.check_amount(market, amount, quantized_amount)
        is_buy = trade_type is TradeType.BUY
        if order_type is OrderType.MARKET:
            touch = self._touch(trading_pair, is_buy)
            price = order_checks.market_order_price(market, is_buy, touch, order_checks.DEFAULT_SLIPPAGE)
        elif price.is_finite():
            price = prices.passive_price(price, market.sz_decimals, is_buy)
        order_checks.check_price(market, price, self._market_data.reference_price(market.coin))
        reduces = position_action is PositionAction.CLOSE
        order_checks.check_notional(market, price, quantized_amount, reduces)
        return quantized_amount, price.quantize(self._trading_rules[trading_pair].min_price_increment)

    def _touch(self, trading_pair: str, is_buy: bool) -> Decimal:
        try:
            touch: Decimal = self.get_price(trading_pair, is_buy)
        except (ValueError, OSError):
            touch = s_decimal_NaN
        if touch.is_finite() and touch > 0:
            return touch
        return self._market_data.reference_price(self._market(trading_pair).coin) or s_decimal_NaN

    async def _place_order_and_process_update(self, order: InFlightOrder, **kwargs: Any) -> str | None:
        await self._flow.place(order, self._order_request(order))
        exchange_order_id: str | None = order.exchange_order_id
        return exchange_order_id

    def _order_request(self, order: InFlightOrder) -> OrderRequest:
        tif: actions.Tif = "Gtc"
        if order.order_type is OrderType.LIMIT_MAKER:
            tif = "Alo"
        elif order.order_type is OrderType.MARKET:
            tif = "FrontendMarket"
        return OrderRequest(
            asset_id=self._market(order.trading_pair).asset_id,
            is_buy=order.trade_type is TradeType.BUY,
            price=order.price,
            size=order.amount,
            reduce_only=order.position is PositionAction.CLOSE,
            tif=tif,
            cloid=order.client_order_id,
        )

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
        return await self._flow.cancel(tracked_order, self._asset_id(tracked_order.trading_pair))

    def _asset_id(self, trading_pair: str) -> int:
        # By coin, which finds delisted markets too: their orders can still be cancelled.
        market = self._markets.table.by_coin.get(trading_pair.removesuffix(f"-{QUOTE}"))
        if market is not None and market.trading_pair == trading_pair:
            return market.asset_id
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
