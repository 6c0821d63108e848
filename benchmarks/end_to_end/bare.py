"""No connector at all, to be asked: the floor of what one order takes.

It hears the very streams that a connector heard, and throws their frames away unread. Its orders are signed before
their time begins, and nobody is told of them: what is left is the exchange and the way there and back.
"""

import asyncio
import os
import time
from decimal import Decimal

import aiohttp
from lines import answer_lines

from hyperliquid_perpetual.sandbox.sandbox import DEMO_PRIVATE_KEY
from hyperliquid_perpetual.trading.requests import ACTION_LIFETIME_MS, signed_body
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.signing import Signer

URL = os.environ["EXCHANGE"]
SETTLED_AFTER = 2.0
SOON = 5.0


class Bare:
    """Sockets, and what is sent through one of them."""

    def __init__(self, http):
        self._http, self._signer, self._nonce = http, Signer(DEMO_PRIVATE_KEY), 0

    async def start(self, sockets):
        """Opens so many, each with its subscriptions, and one more for orders."""
        self._tasks = [asyncio.create_task(self._ignore(subscriptions)) for subscriptions in sockets]
        self._orders = await self._open()
        await asyncio.sleep(SETTLED_AFTER)
        async with self._http.post(f"{URL}/info", json={"type": "allMids"}) as response:
            self._far = int(Decimal((await response.json())["BTC"]) * Decimal("0.8"))
        return {}

    async def _open(self):
        return await self._http.ws_connect(URL.replace("http", "ws", 1) + "/ws")

    async def _ignore(self, subscriptions):
        socket = await self._open()
        for subscription in subscriptions:
            await socket.send_json({"method": "subscribe", "subscription": subscription})
        async for _ in socket:
            pass

    async def round_trips(self, count):
        """Places an order and cancels it, so many times: how long until each order is answered."""
        placed = []
        for number in range(count):
            cloid = f"0x{number + 1:032x}"
            bid = OrderRequest(0, True, Decimal(self._far - number % 50), Decimal("0.001"), False, "Gtc", cloid)
            placed.append(await self._act(actions.order([bid])))
            await self._act(actions.cancel_by_cloid([(0, cloid)]))
            await asyncio.sleep(0.005)
        return {"placed": placed}

    async def _act(self, action):
        self._nonce = max(self._nonce + 1, time.time_ns() // 1_000_000)
        body = signed_body(self._signer, action, self._nonce, False, None, self._nonce + ACTION_LIFETIME_MS)
        request = f'{{"type":"action","payload":{body.decode()}}}'
        frame = f'{{"method":"post","id":{self._nonce},"request":{request}}}'
        began = time.perf_counter()
        await self._orders.send_str(frame)
        answer = await self._orders.receive_str(timeout=SOON)
        taken = time.perf_counter() - began
        if '"status":"ok"' not in answer or '"error"' in answer:
            raise RuntimeError(f"the exchange answers {answer}")
        return taken

    async def stop(self):
        """Lets go of everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return {}


async def _serve():
    async with aiohttp.ClientSession() as http:
        bare = Bare(http)
        await answer_lines(lambda what, **arguments: getattr(bare, what)(**arguments))


asyncio.run(_serve())
