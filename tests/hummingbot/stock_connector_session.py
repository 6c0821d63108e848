"""Runs in a Hummingbot process without our plugin: the connector that Hummingbot ships trades on an exchange.

Only its packer is repaired (D1) and its URLs are others, both from outside while it runs. It prints what it saw.
"""

import asyncio
import json
import os
import time
from decimal import Decimal
from types import SimpleNamespace

import msgspec
from hummingbot.connector.derivative.hyperliquid_perpetual import hyperliquid_perpetual_auth as auth
from hummingbot.connector.derivative.hyperliquid_perpetual import hyperliquid_perpetual_constants as constants
from hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_derivative import (
    HyperliquidPerpetualDerivative,
)
from hummingbot.core.clock import Clock, ClockMode
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

URL = os.environ["EXCHANGE"]
# Only its testnet signs as a local node expects it.
constants.TESTNET_BASE_URL, constants.TESTNET_WS_URL = URL, URL.replace("http", "ws", 1) + "/ws"
auth.msgpack = SimpleNamespace(packb=msgspec.msgpack.encode)
PAIR = "BTC-USD"
EVENTS = (
    MarketEvent.BuyOrderCreated,
    MarketEvent.SellOrderCreated,
    MarketEvent.OrderFilled,
    MarketEvent.OrderCancelled,
    MarketEvent.OrderFailure,
    MarketEvent.BuyOrderCompleted,
    MarketEvent.SellOrderCompleted,
)


async def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        await asyncio.sleep(0.05)


class Bot:
    """The connector on a clock, with the events of every order."""

    def __init__(self):
        self.connector = HyperliquidPerpetualDerivative(
            hyperliquid_perpetual_secret_key=os.environ["KEY"],
            hyperliquid_perpetual_address=os.environ["ADDRESS"],
            use_vault=False,
            trading_pairs=[PAIR, "ETH-USD"],
            domain="hyperliquid_perpetual_testnet",
        )
        self.events = []
        self.listeners = [(kind, self.listener(kind)) for kind in EVENTS]
        for kind, listener in self.listeners:
            self.connector.add_listener(kind, listener)

    def listener(self, kind):
        return EventForwarder(lambda event: self.events.append((event.order_id, kind.name, event)))

    def kinds(self, order_id):
        return [kind for order, kind, _ in self.events if order == order_id]

    async def run_clock(self):
        with Clock(ClockMode.REALTIME, tick_size=0.5) as clock:
            clock.add_iterator(self.connector)
            await clock.run()

    def place(self, is_buy, amount, price, kind=OrderType.LIMIT, action=PositionAction.OPEN, pair=PAIR):
        do = self.connector.buy if is_buy else self.connector.sell
        return do(pair, Decimal(amount), kind, Decimal(price), position_action=action)

    async def end(self, order_id, kind):
        await until(lambda: kind in self.kinds(order_id), f"{kind} of {order_id}: {self.kinds(order_id)}")


async def main():
    bot = Bot()
    connector = bot.connector
    seen = {"module": type(connector).__module__}
    clock = asyncio.create_task(bot.run_clock())
    await until(lambda: connector.ready, "readiness")
    seen["status"] = connector.status_dict
    mid = connector.get_mid_price(PAIR)
    seen["mid"] = str(mid)
    seen["balance"] = [str(connector.get_balance("USD")), str(connector.get_available_balance("USD"))]
    seen["funding_rate"] = str(connector.get_funding_info(PAIR).rate)

    # The first order is answered with 504 although it took effect (the exchange was told to).
    lost = bot.place(True, "0.01", mid * Decimal("0.95"))
    await bot.end(lost, "OrderFailure")
    seen["lost"] = {"id": lost, "events": bot.kinds(lost), "tracked": lost in connector.in_flight_orders}

    # Placed and canceled.
    resting = bot.place(True, "0.01", mid * Decimal("0.97"))
    await bot.end(resting, "BuyOrderCreated")
    connector.cancel(PAIR, resting)
    await bot.end(resting, "OrderCancelled")
    seen["canceled"] = {"id": resting, "events": bot.kinds(resting)}

    # Filled as a taker, and closed.
    opened = bot.place(True, "0.02", mid * Decimal("1.02"))
    await bot.end(opened, "BuyOrderCompleted")
    await connector._update_positions()  # as it does every twelve seconds
    (position,) = connector.account_positions.values()
    seen["position"] = [position.trading_pair, str(position.amount), str(position.entry_price)]
    closed = bot.place(False, "0.02", mid * Decimal("0.98"), action=PositionAction.CLOSE)
    await bot.end(closed, "SellOrderCompleted")
    await connector._update_positions()
    assert not connector.account_positions
    fills = [event for order, kind, event in bot.events if kind == "OrderFilled" and order in (opened, closed)]
    seen["fills"] = [
        {
            "order": event.order_id,
            "trade_id": event.exchange_trade_id,
            "price": str(event.price),
            "amount": str(event.amount),
            "fees": [[fee.token, str(fee.amount)] for fee in event.trade_fee.flat_fees],
        }
        for event in fills
    ]
    seen["opened"], seen["closed"] = bot.kinds(opened), bot.kinds(closed)

    seen["leverage"] = await connector._set_trading_pair_leverage(PAIR, 7)
    # Two actions in the same millisecond.
    now = time.time()
    auth.time = SimpleNamespace(time=lambda: now)
    twins = [bot.place(True, "0.001", mid * Decimal("0.9")) for _ in range(2)]
    await until(lambda: all(bot.kinds(order) for order in twins), "both of two orders")
    auth.time = time
    seen["twins"] = [
        [kind, getattr(event, "error_message", None)] for order, kind, event in bot.events if order in twins
    ]
    seen["ids"] = [lost, resting, opened, closed]
    seen["assets"] = connector.coin_to_asset
    seen["pairs"] = sorted(connector.trading_rules)

    clock.cancel()
    await connector.stop_network()
    print("ANSWER " + json.dumps(seen))


asyncio.run(main())
