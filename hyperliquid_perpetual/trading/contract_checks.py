"""The part of Hummingbot's connector contract that prepares orders: what is asked for, as the venue can take it."""

import math
from decimal import Decimal
from typing import Any

from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue import prices
from ..venue.actions import OrderRequest
from ..venue.markets import Market
from . import order_checks
from .account import AccountState
from .contract_markets import MarketsContract
from .market_data import MarketData
from .order_terms import OrderTerms, TermsBook, read_terms
from .request_allowance import RequestAllowance
from .requests import VenueUnavailable
from .settings import Settings

TRIGGER_SLIPPAGE = Decimal("0.1")
"""How much worse than its trigger price a market trigger may fill: what the venue's own interface takes."""


class ChecksContract(MarketsContract):
    """Rounds, clamps and checks orders, and turns them into the venue's."""

    _account: AccountState
    _market_data: MarketData
    _settings: Settings
    _terms: TermsBook
    request_allowance: RequestAllowance
    """How many more orders the account may send."""

    async def _check_order(
        self,
        trading_pair: str,
        trade_type: TradeType,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal,
        position_action: PositionAction,
        given: dict[str, Any],
        *,
        clamps: bool = True,
    ) -> tuple[Decimal, Decimal, OrderTerms]:
        """Amount, price and terms as they can be sent; waits only for a price that no stream has brought.

        :param given: the keyword arguments that the strategy gave.
        :param clamps: whether a reduce-only order is cut to the present position.
        :raises OrderRefused: when the order cannot be sent.
        """
        if self._auth is None:
            raise order_checks.OrderRefused(order_checks.without_keys(self._domain))
        closes = position_action is PositionAction.CLOSE
        market = self._market(trading_pair) if closes else self._market_to_open(trading_pair)
        if order_type not in self.supported_order_types():
            names = ", ".join(kind.name for kind in self.supported_order_types())
            raise order_checks.OrderRefused(f"order type {order_type} is not supported: use {names}")
        terms = read_terms(order_type, position_action, given)
        is_buy = trade_type is TradeType.BUY
        quantized_amount = self.quantize_order_amount(trading_pair, amount) if amount.is_finite() else amount
        order_checks.check_amount(market, amount, quantized_amount)
        if terms.reduce_only and clamps:
            quantized_amount = self._clamped(market, is_buy, quantized_amount)
        reference = self._market_data.reference_price(market.coin)
        if terms.trigger_price is not None:
            price, terms = self._trigger_terms(market, is_buy, order_type, price, terms)
        elif order_type is OrderType.MARKET:
            price = await self._touch(trading_pair, is_buy)
            slippage = terms.slippage if terms.slippage is not None else self._settings.slippage
            limit = order_checks.market_order_price(market, is_buy, price, slippage)
            terms = OrderTerms(terms.tif, terms.reduce_only, slippage, limit_price=limit)
        elif price.is_finite():
            price = prices.passive_price(price, market.sz_decimals, is_buy)
        order_checks.check_price(market, terms.limit_price or price, reference)
        order_checks.check_notional(market, price, quantized_amount, terms.reduce_only)
        self.request_allowance.check_order(helps=terms.reduce_only or terms.tif in ("Ioc", "FrontendMarket"))
        return quantized_amount, price.quantize(self._trading_rules[trading_pair].min_price_increment), terms

    def _trigger_terms(
        self, market: Market, is_buy: bool, order_type: OrderType, price: Decimal, terms: OrderTerms
    ) -> tuple[Decimal, OrderTerms]:
        """The price that is shown and the terms of a trigger order."""
        assert terms.trigger_price is not None
        trigger_price = prices.nearest_price(terms.trigger_price, market.sz_decimals)
        order_checks.check_price(market, trigger_price, self._market_data.reference_price(market.coin))
        limit: Decimal | None = None
        shown = trigger_price
        if order_type is OrderType.MARKET:
            limit = trigger_limit(market, is_buy, trigger_price, terms)
        elif price.is_finite():
            shown = prices.passive_price(price, market.sz_decimals, is_buy)
        return shown, OrderTerms(terms.tif, True, terms.slippage, trigger_price, terms.trigger_kind, limit)

    def _clamped(self, market: Market, is_buy: bool, amount: Decimal) -> Decimal:
        """The amount of a reduce-only order, no more than the position that it reduces.

        Where no such position is known the amount stays: a fill may be on its way, and the venue knows better.
        """
        size = self._account.position_size(market.coin)
        if size and (size < 0) is is_buy:
            return min(amount, abs(size))
        return amount

    async def _touch(self, trading_pair: str, is_buy: bool) -> Decimal:
        """The price that an order would match first; the mid where there is no book. NaN when nothing is known."""
        if trading_pair not in self._orderbook_ds.stale():
            try:
                touch: Decimal = self.get_price(trading_pair, is_buy)
            except (ValueError, OSError):
                touch = s_decimal_NaN
            if touch.is_finite() and touch > 0:
                return touch
        coin = self._market(trading_pair).coin
        known = self._market_data.mid(coin) or self._market_data.reference_price(coin)
        if known is not None:
            return known
        try:
            last = (await self._orderbook_ds.get_last_traded_prices([trading_pair]))[trading_pair]
        except VenueUnavailable:
            return s_decimal_NaN
        return Decimal(str(last)) if math.isfinite(last) else s_decimal_NaN

    def _order_request(self, order: InFlightOrder) -> OrderRequest:
        terms = self._terms.of(order.client_order_id, order.order_type, order.position)
        return OrderRequest(
            asset_id=self._market(order.trading_pair).asset_id,
            is_buy=order.trade_type is TradeType.BUY,
            price=terms.limit_price if terms.limit_price is not None else order.price,
            size=order.amount,
            reduce_only=terms.reduce_only,
            tif=terms.tif,
            cloid=order.client_order_id,
            trigger=terms.trigger(order.order_type),
        )


def trigger_limit(market: Market, is_buy: bool, trigger_price: Decimal, terms: OrderTerms) -> Decimal:
    """The limit, in USD, of the order that a market trigger sends when it fires."""
    slippage = terms.slippage if terms.slippage is not None else TRIGGER_SLIPPAGE
    return order_checks.market_order_price(market, is_buy, trigger_price, slippage)
