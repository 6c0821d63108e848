"""TWAPs for scripts and controllers: an amount that the venue itself buys or sells in slices, over minutes.

Reference, section 3.9: a slice every 30 seconds, each with at most 3 % slippage. To Hummingbot it is one order, with
its events, its place in saved states, and ``cancel``; `docs/orders.md` shows it.
"""

import os
import time
from decimal import Decimal

from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderUpdate

from ..venue import client_ids
from ..venue.client_ids import TwapId
from ..venue.markets import QUOTE
from . import order_checks
from .contract_orders import OrdersContract
from .rejections import VenueRejection
from .twap_follower import TwapFollower
from .twaps import TwapFlow


class TwapContract(OrdersContract):
    """Starts, follows and stops TWAPs."""

    _follower: TwapFollower
    _twaps: TwapFlow

    def place_twap(
        self,
        trading_pair: str,
        side: TradeType,
        amount: Decimal,
        minutes: int,
        *,
        randomize: bool = False,
        reduce_only: bool = False,
    ) -> str:
        """Has the venue buy or sell an amount in slices of equal size, one every 30 seconds.

        The order fills slice by slice. It ends FILLED with its whole amount, or CANCELED with the fills it had: when it
        was stopped by ``cancel``, or when its time was over and the book had been too thin.

        :param amount: in base units; rounded down to the lot size.
        :param minutes: how long it takes, 5 to 1440.
        :param randomize: whether the venue varies the times and sizes of the slices.
        :param reduce_only: whether it only reduces the position.
        :returns: the order's id; whether the venue took it comes by Hummingbot's events.
        :raises OrderRefused: (a ValueError) when it cannot be meant, or is too small; nothing was sent.
        """
        amount, price = self._check_twap(trading_pair, side, amount, minutes, randomize, reduce_only)
        order_id = client_ids.make_twap_id(
            os.urandom(client_ids.TWAP_RANDOM_BYTES), TwapId(minutes, randomize, int(time.time() * 1000))
        )
        position_action = PositionAction.CLOSE if reduce_only else PositionAction.OPEN
        self._home.spawn(self._start_twap, order_id, trading_pair, side, amount, price, position_action)
        return order_id

    def _check_twap(
        self,
        trading_pair: str,
        side: TradeType,
        amount: Decimal,
        minutes: int,
        randomize: bool,
        reduce_only: bool,
    ) -> tuple[Decimal, Decimal]:
        """The amount as it can be sent, and the price that stands for the market's."""
        market = self._market(trading_pair)
        if side not in (TradeType.BUY, TradeType.SELL):
            raise order_checks.OrderRefused(f"the side of a TWAP is BUY or SELL, got {side!r}")
        for name, flag in (("randomize", randomize), ("reduce_only", reduce_only)):
            if not isinstance(flag, bool):
                raise order_checks.OrderRefused(f"{name} must be True or False, got {flag!r}")
        if not isinstance(amount, Decimal):
            raise order_checks.OrderRefused(f"the amount must be a Decimal, got {amount!r}")
        floored = self.quantize_order_amount(trading_pair, amount) if amount.is_finite() else amount
        order_checks.check_amount(market, amount, floored)
        price = self._market_data.mid(market.coin) or self._market_data.reference_price(market.coin)
        order_checks.check_twap(market, floored, minutes, price)
        return floored, price if price is not None else Decimal(0)

    async def _start_twap(
        self,
        order_id: str,
        trading_pair: str,
        side: TradeType,
        amount: Decimal,
        price: Decimal,
        position_action: PositionAction,
    ) -> None:
        self.start_tracking_order(
            order_id=order_id,
            exchange_order_id=None,
            trading_pair=trading_pair,
            trade_type=side,
            # A TWAP has no price. The market's present one stands here, for those who value open orders.
            price=price,
            amount=amount,
            order_type=OrderType.MARKET,
            position_action=position_action,
        )
        order = self._order_tracker.active_orders[order_id]
        try:
            await self._twaps.place(order, self._asset_id(trading_pair))
        except VenueRejection as refusal:
            self._report_refusal(order, refusal)

    async def _place_cancel(self, order_id: str, tracked_order: InFlightOrder) -> bool:
        if not client_ids.is_twap(order_id):
            return await super()._place_cancel(order_id, tracked_order)
        if not self._markets.table.by_coin:
            # After a restart a cancel can come before the markets are known.
            await self._markets.refresh(max_age=5.0)
        return await self._twaps.cancel(tracked_order, self._asset_id(tracked_order.trading_pair))

    async def _request_order_status(self, tracked_order: InFlightOrder) -> OrderUpdate:
        if not client_ids.is_twap(tracked_order.client_order_id):
            return await super()._request_order_status(tracked_order)
        await self._follower.sweep()
        return OrderUpdate(
            trading_pair=tracked_order.trading_pair,
            update_timestamp=time.time(),
            new_state=tracked_order.current_state,
            client_order_id=tracked_order.client_order_id,
            exchange_order_id=tracked_order.exchange_order_id,
        )

    def _coin_of(self, trading_pair: str) -> str:
        market = self._markets.table.by_trading_pair.get(trading_pair)
        return market.coin if market is not None else trading_pair.removesuffix(f"-{QUOTE}")
