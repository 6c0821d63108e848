"""A Hummingbot script that does at random everything a trader can do wrong or right; the seed decides.

Limit orders far and near, post-only orders that rest or cross, immediate and market orders, closes, batches, orders
that are too small, cancels, replacements, amendments, leverage. What it does is noted in `chaos/commands.jsonl` of the
bot's home before it is done, so that a kill loses none of it.
"""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from hummingbot.core.data_type.common import MarketDict, OrderType, PositionAction, PriceType, TradeType
from hummingbot.core.utils.async_utils import safe_ensure_future
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from pydantic import Field

FOLDER = Path("chaos")
MOST_OPEN = 25
MOST_USD = Decimal(3000)
"""What a position may be worth before it is only made smaller."""

TOO_SMALL = "too_small"


class RandomOrdersConfig(StrategyV2ConfigBase):
    """What to trade."""

    script_file_name: str = os.path.basename(__file__)
    connector_name: str = "hyperliquid_perpetual_sandbox"
    trading_pairs: list[str] = Field(default=["BTC-USD", "ETH-USD", "SOL-USD"])

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which markets to connect."""
        for pair in self.trading_pairs:
            markets = markets.add_or_update(self.connector_name, pair)
        return markets


class RandomOrders(StrategyV2Base):
    """Some commands with each tick, until it is told to be quiet."""

    config: RandomOrdersConfig

    def __init__(self, connectors: dict[str, Any], config: RandomOrdersConfig) -> None:
        super().__init__(connectors, config)
        self._exchange = connectors[config.connector_name]
        self._random = Random(f"orders {os.environ['CHAOS_SEED']} {os.environ['CHAOS_LIFE']}")
        self._commands: dict[Callable[[str], None], int] = {
            self._near: 24,
            self._far: 12,
            self._post_only: 12,
            self._immediate: 8,
            self._market: 8,
            self._close: 8,
            self._batch: 8,
            self._too_small: 4,
            self._cancel: 20,
            self._replace: 12,
            self._amend: 6,
            self._leverage: 2,
            self._cancel_all: 1,
        }

    def on_tick(self) -> None:
        """Once a second."""
        if self._is_stop_triggered or (FOLDER / "order").exists():
            return
        for _ in range(self._random.randint(0, 5)):
            (command,) = self._random.choices(list(self._commands), list(self._commands.values()))
            pair = self._random.choice(self.config.trading_pairs)
            if self._mid(pair).is_finite():
                command(pair)

    # --- Orders

    def _near(self, pair: str, kind: OrderType = OrderType.LIMIT, **more: Any) -> None:
        self._limit(pair, self._random.uniform(-0.0005, 0.0005), kind, **more)

    def _far(self, pair: str) -> None:
        self._limit(pair, self._random.uniform(0.005, 0.05), OrderType.LIMIT)

    def _post_only(self, pair: str) -> None:
        self._limit(pair, self._random.uniform(-0.0003, 0.002), OrderType.LIMIT_MAKER)

    def _immediate(self, pair: str) -> None:
        self._limit(pair, self._random.uniform(-0.002, 0.0005), OrderType.LIMIT, time_in_force="IOC")

    def _market(self, pair: str) -> None:
        self._send("market", self._side(pair), pair, self._amount(pair), OrderType.MARKET, Decimal("NaN"))

    def _close(self, pair: str) -> None:
        position = self._position(pair)
        if not position:
            return
        side = TradeType.SELL if position > 0 else TradeType.BUY
        amount = abs(position) * Decimal(str(self._random.choice((0.3, 0.6, 1, 1.5))))
        if self._random.random() < 0.5:
            self._send("close", side, pair, amount, OrderType.MARKET, Decimal("NaN"), PositionAction.CLOSE)
        else:
            price = self._mid(pair) * Decimal(str(1 + self._random.uniform(-0.001, 0.001)))
            self._send("close", side, pair, amount, OrderType.LIMIT, price, PositionAction.CLOSE)

    def _batch(self, pair: str) -> None:
        for _ in range(self._random.randint(2, 8)):
            self._random.choice((self._near, self._far, self._post_only))(
                self._random.choice(self.config.trading_pairs)
            )

    def _too_small(self, pair: str) -> None:
        amount = Decimal("9") / self._mid(pair)
        self._send(TOO_SMALL, self._side(pair), pair, amount, OrderType.LIMIT, self._mid(pair) * Decimal("0.999"))

    def _limit(self, pair: str, distance: float, kind: OrderType, **more: Any) -> None:
        """:param distance: from the middle, away from the market; negative crosses it."""
        if len(self._exchange.in_flight_orders) >= MOST_OPEN:
            return self._cancel(pair)
        side = self._side(pair)
        away = -distance if side is TradeType.BUY else distance
        price = self._mid(pair) * Decimal(str(1 + away))
        self._send(kind.name.lower(), side, pair, self._amount(pair), kind, price, **more)

    # --- What is done to orders

    def _cancel(self, _pair: str) -> None:
        order = self._any_order()
        if order is not None:
            self._note("cancel", id=order.client_order_id)
            self._exchange.cancel(order.trading_pair, order.client_order_id)

    def _replace(self, _pair: str) -> None:
        """A cancel and a new order of the same side in one tick."""
        order = self._any_order()
        if order is None or not order.price.is_finite():
            return
        self._note("replace", id=order.client_order_id)
        self._exchange.cancel(order.trading_pair, order.client_order_id)
        price = order.price * Decimal(str(1 + self._random.uniform(-0.0005, 0.0005)))
        amount = self._amount(order.trading_pair)
        self._send("replacement", order.trade_type, order.trading_pair, amount, OrderType.LIMIT, price)

    def _amend(self, _pair: str) -> None:
        order = self._any_order()
        if order is None or not order.price.is_finite() or order.exchange_order_id is None:
            return
        self._note("amend", id=order.client_order_id)
        price = order.price * Decimal(str(1 + self._random.uniform(-0.0005, 0.0005)))
        safe_ensure_future(self._amended(order.client_order_id, price))

    async def _amended(self, order_id: str, price: Decimal) -> None:
        try:
            await self._exchange.amend_order(order_id, price=price)
        except Exception as error:  # refused in words, or not known: both are the exchange's right
            self.logger().info(f"Amendment of {order_id}: {type(error).__name__} {error}")

    def _leverage(self, pair: str) -> None:
        leverage = self._random.randint(2, 10)
        self._note("leverage", pair=pair, leverage=leverage)
        self._exchange.set_leverage(pair, leverage)

    def _cancel_all(self, _pair: str) -> None:
        self._note("cancel_all")
        safe_ensure_future(self._exchange.cancel_all(10))

    # --- Of what, how much, at what

    def _send(
        self,
        what: str,
        side: TradeType,
        pair: str,
        amount: Decimal,
        kind: OrderType,
        price: Decimal,
        action: PositionAction = PositionAction.OPEN,
        **more: Any,
    ) -> None:
        send = self._exchange.buy if side is TradeType.BUY else self._exchange.sell
        order_id = send(pair, amount, kind, price, position_action=action, **more)
        self._note(what, id=order_id, pair=pair, side=side.name, amount=str(amount), price=str(price))

    def _side(self, pair: str) -> TradeType:
        worth = self._position(pair) * self._mid(pair)
        if abs(worth) > MOST_USD:
            return TradeType.SELL if worth > 0 else TradeType.BUY
        return self._random.choice((TradeType.BUY, TradeType.SELL))

    def _amount(self, pair: str) -> Decimal:
        return Decimal(str(self._random.choice((12, 15, 30, 80, 200, 600)))) / self._mid(pair)

    def _mid(self, pair: str) -> Decimal:
        return self._exchange.get_price_by_type(pair, PriceType.MidPrice)

    def _position(self, pair: str) -> Decimal:
        found = (item.amount for item in self._exchange.account_positions.values() if item.trading_pair == pair)
        return next(found, Decimal(0))

    def _any_order(self) -> Any:
        orders = list(self._exchange.in_flight_orders.values())
        return self._random.choice(orders) if orders else None

    def _note(self, command: str, **more: Any) -> None:
        with (FOLDER / "commands.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": self.current_timestamp, "command": command, **more}) + "\n")
