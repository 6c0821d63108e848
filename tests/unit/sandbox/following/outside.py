"""An outside world written by hand, for tests of what follows it: frames as the venue sends them, a market to move."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.engine.commands import OrderIntent, PlaceOrders, Tif
from hyperliquid_perpetual.sandbox.engine.events import Event, Failed, Replied, TradeMade
from hyperliquid_perpetual.sandbox.following.follower import outside_addresses
from hyperliquid_perpetual.sandbox.following.followers import Followers
from hyperliquid_perpetual.sandbox.following.queue_models import queue_model
from hyperliquid_perpetual.sandbox.following.sequence import HOLD_MS

START_MS = 1_800_000_000_000
ALICE = "0x" + "a1" * 20
BOB = "0x" + "b0" * 20
COIN = "ETH"

Side = Sequence[tuple[float | str, float | str]]


def book_frame(time: int, bids: Side, asks: Side, fast: bool = False, coin: str = COIN) -> dict[str, Any]:
    levels = [[{"px": str(px), "sz": str(sz), "n": 3} for px, sz in side] for side in (bids, asks)]
    data: dict[str, Any] = {"coin": coin, "time": time, "levels": levels}
    if fast:
        data["fast"] = True
    return {"channel": "l2Book", "data": data}


def best_frame(time: int, bid: Any, ask: Any, coin: str = COIN) -> dict[str, Any]:
    bbo = [None if best is None else {"px": str(best[0]), "sz": str(best[1]), "n": 2} for best in (bid, ask)]
    return {"channel": "bbo", "data": {"coin": coin, "time": time, "bbo": bbo}}


def trades_frame(time: int, *trades: tuple[str, Any, Any, int], coin: str = COIN) -> dict[str, Any]:
    """(side of the aggressor, price, size, tid) of each."""
    return {
        "channel": "trades",
        "data": [
            {
                "coin": coin,
                "side": side,
                "px": str(px),
                "sz": str(sz),
                "time": time,
                "hash": "0x" + "0" * 64,
                "tid": tid,
                "users": [ALICE, BOB],
            }
            for side, px, sz, tid in trades
        ],
    }


def prices_frame(oracle: Any, mark: Any, coin: str = COIN) -> dict[str, Any]:
    return {"channel": "activeAssetCtx", "data": {"coin": coin, "ctx": {"oraclePx": str(oracle), "markPx": str(mark)}}}


class World:
    """One followed market in a sandbox in which nothing else moves, with a time that the test sets."""

    def __init__(self, model: str = "proportional", coin: str = COIN) -> None:
        self.coin = coin
        self.sandbox = Sandbox(
            seed=1,
            market="empty",
            clock=VirtualClock(START_MS),
            accounts=[ALICE, BOB],
            outside_accounts=frozenset(outside_addresses(coin)),
        )
        for address in (ALICE, BOB):
            self.sandbox.fund(address, 10**9, "xyz" if coin.startswith("xyz:") else "")
        self.followers = Followers(self.sandbox.chain, [coin], queue_model(model))
        self.followers.open()
        self.prints: list[tuple[str, Decimal, Decimal]] = []
        """Side of the aggressor, price and size of every trade that the exchange made, in order."""
        self.sandbox.chain.listen(self)
        state = self.sandbox.engine.market(coin)
        assert state is not None
        self.market = state.market
        self.time = START_MS

    def on_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, TradeMade):
                trade = event.trade
                px, sz = Decimal(trade.px) / 10**6, Decimal(trade.sz) / 10**self.market.sz_decimals
                self.prints.append(("B" if trade.is_buy else "A", px.normalize(), sz.normalize()))

    def on_block(self, now: int) -> None:
        pass

    def send(self, frame: dict[str, Any]) -> None:
        """Receive a frame, and let the time pass that books wait for trades."""
        self.followers.take(self.time, json.dumps(frame).encode())
        self.time += HOLD_MS + 1
        self.followers.advance(self.time)

    def book(self, bids: Side, asks: Side, fast: bool = False) -> None:
        self.send(book_frame(self.time, bids, asks, fast, self.coin))

    def best(self, bid: Any, ask: Any) -> None:
        self.send(best_frame(self.time, bid, ask, self.coin))

    def trade(self, side: str, px: Any, sz: Any) -> None:
        self.send(trades_frame(self.time, (side, px, sz, self.time), coin=self.coin))

    def order(self, address: str, is_buy: bool, px: Any, sz: Any, tif: Tif = "Gtc") -> None:
        """Place an order that is not refused."""
        market = self.market
        scaled = market.to_px(Decimal(str(px))), market.to_sz(Decimal(str(sz)))
        assert None not in scaled
        intent = OrderIntent(market.asset, is_buy, *scaled, False, tif)  # type: ignore[arg-type]
        events = self.sandbox.chain.apply_now(PlaceOrders(address, (intent,)))
        replied = events[0]
        assert isinstance(replied, Replied)
        assert replied.error is None
        assert not isinstance(replied.statuses[0], Failed), replied

    def levels(self, is_bid: bool) -> list[tuple[Decimal, Decimal]]:
        """The whole side as anybody sees it."""
        found = self.sandbox.book(self.coin)
        return [(level.price, level.size) for level in (found.bids if is_bid else found.asks)]

    def filled(self, address: str) -> Decimal:
        """What an account has traded of the coin."""
        return sum((fill.size for fill in self.sandbox.fills(address)), Decimal(0))

    def queue(self, is_bid: bool, px: Any) -> list[tuple[str, Decimal]]:
        """Who stands at a price, in line: `others`, `alice` or `bob`, and with how much."""
        scaled = self.market.to_px(Decimal(str(px)))
        assert scaled is not None
        state = self.sandbox.engine.market(self.coin)
        assert state is not None
        names = {ALICE: "alice", BOB: "bob"}
        unit = Decimal(10) ** -self.market.sz_decimals
        return [
            (names.get(order.account.address, "others"), (order.sz * unit).normalize())
            for order in state.book.side(is_bid).orders_at(scaled)
        ]


def decimals(*levels: tuple[Any, Any]) -> list[tuple[Decimal, Decimal]]:
    """Levels as `World.levels` gives them."""
    return [(Decimal(str(px)), Decimal(str(sz))) for px, sz in levels]
