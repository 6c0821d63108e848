"""A small exchange for the engine's tests, spoken to in dollars and coins instead of integers."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from hyperliquid_perpetual.sandbox.engine.commands import (
    BuilderFee,
    CancelOrders,
    CancelOrdersByCloid,
    Command,
    Deposit,
    Grouping,
    Modification,
    ModifyOrders,
    OrderIntent,
    PlaceOrders,
    SetPrices,
    Tick,
    Tif,
    Trigger,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.events import Event, FillMade, ItemStatus, OrderUpdated, Replied
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.markets import Market, default_funding_terms
from hyperliquid_perpetual.sandbox.engine.records import Fill, OrderRecord, OrderStatus
from hyperliquid_perpetual.sandbox.engine.state import Account, Clearinghouse, Position
from hyperliquid_perpetual.sandbox.engine.twap_commands import PlaceTwap, TwapIntent, TwapTrigger

Number = Decimal | int | str

NOON = 1_782_043_200_000
"""2026-06-21 12:00:00 UTC, a whole hour."""

ALICE, BOB, CAROL, DAVE = (f"0x{digit * 40}" for digit in "abcd")


def px(value: Number) -> int:
    """A price in 1e-6 USD."""
    scaled = Decimal(value) * 10**6
    assert scaled == int(scaled)
    return int(scaled)


def money(value: Number) -> int:
    """Dollars in 1e-12 USD."""
    scaled = Decimal(value) * 10**12
    assert scaled == int(scaled)
    return int(scaled)


def make_market(coin: str, asset: int, oracle: Number, **facts: Any) -> Market:
    """A market with BTC-like defaults: five size decimals, 40x."""
    settings: dict[str, Any] = {"sz_decimals": 5, "max_leverage": 40, "funding": default_funding_terms(coin)} | facts
    return Market(coin=coin, asset=asset, oracle_px=px(oracle), **settings)


BTC = make_market("BTC", 0, 100_000)
ETH = make_market("ETH", 1, 4_000, sz_decimals=4, max_leverage=25)
DOGE = make_market("DOGE", 2, "0.2", sz_decimals=0, max_leverage=10)
LOOM = make_market("LOOM", 3, "0.05", sz_decimals=1, max_leverage=3, is_delisted=True)
STRICT = make_market("STRICT", 4, 10, sz_decimals=2, max_leverage=5, margin_mode="strictIsolated")
TSLA = make_market(
    "xyz:TSLA", 110_000, 400, sz_decimals=3, max_leverage=10, dex="xyz", funding=default_funding_terms("TSLA", "xyz")
)


class Venue:
    """An exchange with a clock that stands still unless told otherwise."""

    def __init__(self, *markets: Market, deposits: Number = 1_000_000, **config: Any) -> None:
        self.markets = markets or (BTC, ETH, DOGE, LOOM, STRICT, TSLA)
        self.exchange = Exchange(ExchangeConfig(markets=self.markets, **config))
        self.now = NOON
        self.events: list[Event] = []
        """The events of the last command."""
        for address in (ALICE, BOB, CAROL):
            for dex in dict.fromkeys(("", *(market.dex for market in self.markets))):
                if Decimal(deposits):
                    self.apply(Deposit(address, money(deposits), dex))

    def apply(self, command: Command) -> list[Event]:
        """One command at the present time."""
        self.events = self.exchange.apply(self.now, command)
        return self.events

    def deposit(self, address: str, amount: Number, dex: str = "") -> list[Event]:
        """Pay in."""
        return self.apply(Deposit(address, money(amount), dex))

    def tick(self, to: int) -> list[Event]:
        """Let the time pass up to `to`."""
        self.now = to
        return self.apply(Tick())

    def oracle(self, coin: str, price: Number, external: Number | None = None) -> list[Event]:
        """Set outside prices."""
        return self.apply(SetPrices(self.of(coin).asset, px(price), None if external is None else px(external)))

    def of(self, coin: str) -> Market:
        """The market of a coin."""
        return next(market for market in self.markets if market.coin == coin)

    def lots(self, coin: str, size: Number) -> int:
        """A size in lots."""
        scaled = Decimal(size) * 10 ** self.of(coin).sz_decimals
        assert scaled == int(scaled)
        return int(scaled)

    def intent(
        self,
        side: str,
        coin: str,
        price: Number,
        size: Number,
        tif: Tif = "Gtc",
        *,
        reduce_only: bool = False,
        cloid: str | None = None,
        builder: BuilderFee | None = None,
    ) -> OrderIntent:
        """One order."""
        assert side in ("buy", "sell")
        asset = self.of(coin).asset
        return OrderIntent(asset, side == "buy", px(price), self.lots(coin, size), reduce_only, tif, cloid, builder)

    def trigger(
        self,
        side: str,
        coin: str,
        tpsl: Literal["tp", "sl"],
        trigger_px: Number,
        size: Number,
        *,
        limit: Number | None = None,
        worst: Number | None = None,
        cloid: str | None = None,
        reduce_only: bool = True,
    ) -> OrderIntent:
        """A trigger order: with `limit` it goes on as that limit order, else at market, down to a tenth or `worst`."""
        px_of_order = limit if limit is not None else worst
        if px_of_order is None:
            tenth = Decimal(trigger_px) * (11 if side == "buy" else 9) / 10
            px_of_order = Decimal(f"{tenth:.5g}")
        plain = self.intent(side, coin, px_of_order, size, reduce_only=reduce_only, cloid=cloid)
        return msgspec.structs.replace(plain, trigger=Trigger(limit is None, px(trigger_px), tpsl))

    def group(self, account: str, grouping: Grouping, *intents: OrderIntent) -> tuple[ItemStatus, ...]:
        """Place a group that has to pass pre-validation."""
        reply = self.reply(PlaceOrders(account, intents, grouping))
        assert reply.error is None, reply.error
        assert len(reply.statuses) == len(intents)
        return reply.statuses

    def twap(self, account: str, side: str, coin: str, size: Number, minutes: int = 5, **more: Any) -> ItemStatus:
        """Start a TWAP order; `trigger` is (price, is above), `stop` a price."""
        trigger, stop = more.pop("trigger", None), more.pop("stop", None)
        intent = TwapIntent(
            self.of(coin).asset,
            side == "buy",
            self.lots(coin, size),
            more.pop("reduce_only", False),
            minutes,
            more.pop("randomize", False),
            None if trigger is None else TwapTrigger(px(trigger[0]), trigger[1]),
            None if stop is None else px(stop),
        )
        assert not more
        return self.reply(PlaceTwap(account, intent)).statuses[0]

    def open_oids(self, address: str) -> list[int]:
        """The open orders of an account, oldest first."""
        return [record.oid for record in self.exchange.open_orders(address)]

    def record(self, address: str, key: int | str) -> OrderRecord:
        """An order that exists or has existed."""
        record = self.exchange.order(address, key)
        assert record is not None
        return record

    def reply(self, command: Command) -> Replied:
        """The reply to a command, which has to be the first event and the only reply."""
        events = self.apply(command)
        first = events[0]
        assert isinstance(first, Replied)
        assert not any(isinstance(event, Replied) for event in events[1:])
        return first

    def place(self, account: str, *intents: OrderIntent) -> tuple[ItemStatus, ...]:
        """Place a batch that has to pass pre-validation."""
        reply = self.reply(PlaceOrders(account, intents))
        assert reply.error is None, reply.error
        assert len(reply.statuses) == len(intents)
        return reply.statuses

    def buy(self, account: str, coin: str, price: Number, size: Number, tif: Tif = "Gtc", **more: Any) -> ItemStatus:
        """Place one bid."""
        return self.place(account, self.intent("buy", coin, price, size, tif, **more))[0]

    def sell(self, account: str, coin: str, price: Number, size: Number, tif: Tif = "Gtc", **more: Any) -> ItemStatus:
        """Place one ask."""
        return self.place(account, self.intent("sell", coin, price, size, tif, **more))[0]

    def cancel(self, account: str, coin: str, key: int | str) -> ItemStatus:
        """Cancel by oid or cloid."""
        asset = self.of(coin).asset
        if isinstance(key, str):
            return self.reply(CancelOrdersByCloid(account, ((asset, key),))).statuses[0]
        return self.reply(CancelOrders(account, ((asset, key),))).statuses[0]

    def modify(self, account: str, target: int | str, intent: OrderIntent) -> ItemStatus:
        """Replace one order."""
        return self.reply(ModifyOrders(account, (Modification(target, intent),))).statuses[0]

    def leverage(self, account: str, coin: str, leverage: int, is_cross: bool = True) -> str | None:
        """Set leverage; returns the error."""
        return self.reply(UpdateLeverage(account, self.of(coin).asset, is_cross, leverage)).error

    def account(self, address: str) -> Account:
        """An account that exists."""
        return self.exchange.accounts[address]

    def house(self, address: str, dex: str = "") -> Clearinghouse:
        """An account's side of a dex."""
        return self.account(address).clearinghouses[dex]

    def position(self, address: str, coin: str) -> Position:
        """What an account has in a market, which it must have touched."""
        found = self.account(address).position(self.of(coin))
        assert found is not None
        return found

    def szi(self, address: str, coin: str) -> Decimal:
        """Signed position in coins."""
        found = self.account(address).position(self.of(coin))
        return Decimal(found.szi if found else 0).scaleb(-self.of(coin).sz_decimals)

    def status(self, address: str, key: int | str) -> OrderStatus:
        """The present status of an order."""
        return self.record(address, key).status

    def fills(self) -> list[Fill]:
        """The fills of the last command."""
        return [event.fill for event in self.events if isinstance(event, FillMade)]

    def updates(self) -> list[tuple[int, str]]:
        """(oid, status) of the order updates of the last command."""
        return [(event.order.oid, event.order.status.value) for event in self.events if isinstance(event, OrderUpdated)]

    def bids(self, coin: str) -> list[tuple[int, int, int]]:
        """Bid levels (price, lots, orders) in the engine's units."""
        book = self.exchange.markets[self.of(coin).asset].book
        return [(level.px, level.sz, level.n) for level in book.bids.levels()]

    def asks(self, coin: str) -> list[tuple[int, int, int]]:
        """Ask levels (price, lots, orders) in the engine's units."""
        book = self.exchange.markets[self.of(coin).asset].book
        return [(level.px, level.sz, level.n) for level in book.asks.levels()]


def oid_of(status: ItemStatus) -> int:
    """The order id in a status that has one."""
    oid = getattr(status, "oid", None)
    assert isinstance(oid, int), status
    return oid


def error_of(status: ItemStatus) -> str:
    """The text of a refusal."""
    error = getattr(status, "error", None)
    assert isinstance(error, str), status
    return error
