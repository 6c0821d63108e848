"""The exchange of the end-to-end measurements: a sandbox in a process of its own, asked over its input."""

import asyncio
import sys
import time
from collections import Counter
from decimal import Decimal

import msgspec
from lines import answer_lines, tell

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import RealClock
from hyperliquid_perpetual.sandbox.many_markets import many_markets
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY
from hyperliquid_perpetual.sandbox.serve import few_collections
from hyperliquid_perpetual.trading.requests import ACTION_LIFETIME_MS, signed_body
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.signing import Signer

DEXES = 8
A_LOT = 10**9
"""USD."""


def markets_on_dexes(count: int) -> MarketSet:
    """So many markets, on eight dexs if there are enough."""
    markets = many_markets(count)
    for number in range(DEXES - sum(bool(dex.listings) for dex in markets.dexes) if count > DEXES else 0):
        markets.add_dex(f"dex{number}", "USDC")
        markets.add(markets.new_listing(f"dex{number}:STOCK", "100", 2, 10))
    return markets


class LateClock(RealClock):
    """The machine's time less some seconds, until it catches up: what is done before is old then."""

    def __init__(self, behind: int) -> None:
        super().__init__()
        self.behind = behind

    def now(self) -> int:
        return super().now() - 1000 * self.behind


class Exchange:
    """A sandbox, what it notes of its clients, and what it answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._arrived: list[float] = []
        self._ask = ask = sandbox.api.ask
        # Not the account of the clients, whose nonces are theirs.
        self._somebody = Signer(f"{7:064x}")
        sandbox.fund(self._somebody.address, A_LOT)
        self._nonce = 0
        self._step = 1

        async def noted(path, body, address, via="http"):
            if path == "/exchange":
                self._arrived.append(time.perf_counter())
            return await ask(path, body, address, via)

        sandbox.api.ask = noted

    def weight(self):
        """The weight of all REST requests so far, and how many signed requests there were."""
        return {"weight": self._sandbox.api.meter.total, "actions": len(self._arrived)}

    def kinds(self):
        """How often each kind of request was asked, for whoever wants to know where the weight comes from."""
        return dict(Counter(f"{request.via} {request.kind}" for request in self._sandbox.requests()))

    def heard(self):
        """What is subscribed to, by socket."""
        return {"sockets": [msgspec.to_builtins(list(each.subscriptions)) for each in self._sandbox.gate.sessions]}

    def enrich(self):
        """Lets the account have 5,000 open orders: those who have traded much may (section 9)."""
        self._sandbox.fund(DEMO_ADDRESS, A_LOT)
        config = self._sandbox.engine.config
        traded = config.open_orders_volume_step * config.open_orders_max
        self._sandbox.engine.account(DEMO_ADDRESS).volume = traded
        return {}

    async def tick(self, seconds):
        """Has somebody bid more for BTC: how long until the next signed request came; None if none did in time.

        One more and two more in turn: to a client that has not yet heard that the last one is gone this is news, too.
        """
        self._step = 3 - self._step
        price = int(self._sandbox.book("BTC").bids[0].price) + self._step
        bid = OrderRequest(0, True, Decimal(price), Decimal("0.01"), False, "Alo", f"0x{7:032x}")
        self._arrived.clear()
        began = time.perf_counter()
        await self._act(actions.order([bid]))
        while not self._arrived and time.perf_counter() < began + seconds:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.0002)
        taken = self._arrived[0] - began if self._arrived else None
        await self._act(actions.cancel_by_cloid([(0, f"0x{7:032x}")]))
        return {"seconds": taken}

    async def trade(self, count):
        """Has the account take and give back a little, until it has so many fills; then the clock catches up."""
        me, size = Signer(DEMO_PRIVATE_KEY), Decimal("0.001")
        while len(self._sandbox.fills(DEMO_ADDRESS)) < count:
            mid = self._sandbox.book("BTC").mid
            prices = {True: Decimal(int(mid * Decimal("1.02"))), False: Decimal(int(mid * Decimal("0.98")))}
            taken = [OrderRequest(0, buys, prices[buys], size, False, "Ioc") for buys in (True, False) * 10]
            await self._act(actions.order(taken), me)
            await asyncio.sleep(0)
        self._sandbox.clock.behind = 0
        return {"fills": len(self._sandbox.fills(DEMO_ADDRESS))}

    async def _act(self, action, signer=None):
        self._nonce = max(self._nonce + 1, time.time_ns() // 1_000_000)
        body = signed_body(signer or self._somebody, action, self._nonce, False, None, self._nonce + ACTION_LIFETIME_MS)
        return await self._ask("/exchange", body, "127.0.0.1")

    async def fills(self, rate, seconds, size):
        """Fills the account's largest order again and again, at a rate; how many fills there were."""
        row = max(self._sandbox.open_orders(DEMO_ADDRESS), key=lambda order: order.remaining)
        began, done = time.perf_counter(), 0
        while (now := time.perf_counter() - began) < seconds:
            due = int(now * rate)
            while done < due and time.perf_counter() - began < seconds:
                self._sandbox.fill(DEMO_ADDRESS, row.oid, size)
                done += 1
            await asyncio.sleep(0.001)
        return {"fills": done, "seconds": time.perf_counter() - began}


async def serve(market: str, count: int, block_ms: int, behind: int) -> None:
    """Answers until the input ends."""
    markets = markets_on_dexes(count)
    settings = {"seed": 1, "market": market, "market_set": markets, "allowance": None, "clock": LateClock(behind)}
    async with Sandbox(**settings, block_ms=block_ms) as sandbox:
        few_collections()
        exchange = Exchange(sandbox)
        pairs = [listing.market.coin for dex in markets.dexes for listing in dex.listings]
        tell({"url": sandbox.url, "coins": pairs})
        await answer_lines(lambda what, **arguments: getattr(exchange, what)(**arguments))


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], *map(int, sys.argv[2:])))
