"""Orders and fills as the venue words them (reference, sections 2.4, 2.5, 8.3, 11)."""

from typing import Any

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.records import Fill, FundingPayment, OrderRecord
from hyperliquid_perpetual.sandbox.engine.units import price_text as plain_price
from hyperliquid_perpetual.sandbox.wire import float_text, money_text, price_text, size_text

RATE_DECIMALS = 10

Json = dict[str, Any]


class OrderView:
    """Writes the engine's records in the venue's JSON."""

    def __init__(self, exchange: Exchange) -> None:
        self._markets = exchange.markets
        self._quirks = exchange.config.quirks

    def _sz_decimals(self, asset: int) -> int:
        return self._markets[asset].market.sz_decimals

    def basic_order(self, order: OrderRecord) -> Json:
        """An item of `openOrders`, and the `order` of an order update: `cloid` and `reduceOnly` only when set."""
        decimals = self._sz_decimals(order.asset)
        found: Json = {
            "coin": order.coin,
            "side": "B" if order.is_buy else "A",
            "limitPx": price_text(order.limit_px),
            "sz": size_text(order.sz, decimals),
            "oid": order.oid,
            "timestamp": order.timestamp,
            "origSz": size_text(order.orig_sz, decimals),
        }
        if order.cloid is not None:
            found["cloid"] = order.cloid
        if order.reduce_only:
            found["reduceOnly"] = True
        return found

    def frontend_order(self, order: OrderRecord) -> Json:
        """An item of `frontendOpenOrders`, and the inner order of `orderStatus`."""
        trigger, condition = order.trigger, "N/A"
        if trigger is not None:
            direction = "above" if trigger.is_above(order.is_buy) else "below"
            condition = f"Price {direction} {plain_price(trigger.px)}"
        decimals = self._sz_decimals(order.asset)
        return {
            "coin": order.coin,
            "side": "B" if order.is_buy else "A",
            "limitPx": price_text(order.limit_px),
            "sz": size_text(order.sz, decimals),
            "oid": order.oid,
            "timestamp": order.timestamp,
            "triggerCondition": condition,
            "isTrigger": trigger is not None,
            "triggerPx": "0.0" if trigger is None else price_text(trigger.px),
            "children": [self.frontend_order(child) for child in order.children],
            "isPositionTpsl": order.is_position_tpsl,
            "reduceOnly": order.reduce_only,
            "orderType": order.order_type,
            "origSz": size_text(order.orig_sz, decimals),
            "tif": order.tif,
            "cloid": order.cloid,
        }

    def order_state(self, order: OrderRecord) -> Json:
        """`{order, status, statusTimestamp}` of `orderStatus` and `historicalOrders`."""
        return {
            "order": self.frontend_order(order),
            "status": order.status.value,
            "statusTimestamp": order.status_timestamp,
        }

    def order_update(self, order: OrderRecord) -> Json:
        """An item of the `orderUpdates` stream."""
        return {
            "order": self.basic_order(order),
            "status": order.status.value,
            "statusTimestamp": order.status_timestamp,
        }

    def fill(self, fill: Fill) -> Json:
        """One fill; `cloid` and `builderFee` (which is part of `fee`) only if there is one."""
        decimals = self._sz_decimals(fill.asset)
        found: Json = {
            "coin": fill.coin,
            "px": price_text(fill.px),
            "sz": size_text(fill.sz, decimals),
            "side": "B" if fill.is_buy else "A",
            "time": fill.time,
            "startPosition": size_text(fill.start_position, decimals),
            "dir": fill.dir,
            "closedPnl": money_text(fill.closed_pnl),
            "hash": fill.hash,
            "oid": fill.oid,
            "crossed": fill.crossed,
            "fee": money_text(fill.fee),
        }
        if fill.builder_fee:
            found["builderFee"] = money_text(fill.builder_fee)
        found["tid"] = fill.tid
        if fill.cloid is not None:
            found["cloid"] = fill.cloid
        if fill.liquidation is not None:
            px = price_text(fill.liquidation.mark_px)
            found["liquidation"] = {
                "liquidatedUser": fill.liquidation.user,
                "markPx": px if self._quirks.liquidation_mark_px == "text" else float(px),
                "method": fill.liquidation.method,
            }
        found["feeToken"] = fill.fee_token
        found["twapId"] = fill.twap_id
        return found

    def funding(self, payment: FundingPayment) -> Json:
        """A funding payment as the streams send it; `usdc` is received."""
        return {
            "time": payment.time,
            "coin": payment.coin,
            "usdc": money_text(payment.amount),
            "szi": size_text(payment.szi, self._sz_decimals(payment.asset)),
            "fundingRate": float_text(payment.rate, RATE_DECIMALS),
            "nSamples": None,
        }

    def funding_row(self, payment: FundingPayment) -> Json:
        """An item of `userFunding`."""
        delta = self.funding(payment)
        time = delta.pop("time")
        return {"time": time, "hash": payment.hash, "delta": {"type": "funding", **delta}}
