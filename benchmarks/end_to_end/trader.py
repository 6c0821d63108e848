"""What a connector is measured at, whichever it is: it runs on Hummingbot's clock here, and is asked over the input.

A line is ``{"ask": ..., ...}``; its answer is a line of JSON. Times are in seconds.
"""

import asyncio
import gc
import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

import aiohttp
from hummingbot.core.clock import Clock, ClockMode
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

LONGEST_WAIT = 15.0
CREATED = (MarketEvent.BuyOrderCreated, MarketEvent.SellOrderCreated)
ENDED = (MarketEvent.OrderCancelled, MarketEvent.OrderFailure)
FAR = Decimal("0.8")
"""Of the mid: an order that rests."""
NEAR = Decimal("0.99998")
"""Of the mid: the best bid."""
LAG_SLEEP = 0.005


class Trader:
    """A connector, and what it is asked to do."""

    def __init__(self, connector, pair):
        self.connector, self.pair = connector, pair
        self._told = {}
        self._fills = 0
        self._frames = 0
        self._listeners = []
        for kind in (*CREATED, *ENDED):
            self._listen(kind, lambda event: self._note(event.order_id))
        self._listen(MarketEvent.OrderFilled, lambda _event: self._count_fill())
        self._count_frames()

    def _listen(self, kind, call):
        forwarder = EventForwarder(call)
        self.connector.add_listener(kind, forwarder)
        self._listeners.append(forwarder)

    def _note(self, order_id):
        self._told.setdefault(order_id, []).append(time.perf_counter())

    def _count_fill(self):
        self._fills += 1

    def _count_frames(self):
        receive = aiohttp.ClientWebSocketResponse.receive

        async def counted(socket, timeout=None):
            self._frames += 1
            return await receive(socket, timeout)

        aiohttp.ClientWebSocketResponse.receive = counted

    # --- What it is asked

    async def start(self, seconds):
        """Until it is ready."""
        began = time.perf_counter()
        self._clock = asyncio.ensure_future(self._run_clock())
        while not self.connector.ready:
            if time.perf_counter() - began > seconds:
                return {"ready": None, "status": {name: bool(v) for name, v in self.connector.status_dict.items()}}
            await asyncio.sleep(0.02)
        return {"ready": time.perf_counter() - began}

    async def _run_clock(self):
        with Clock(ClockMode.REALTIME, tick_size=1.0) as clock:
            clock.add_iterator(self.connector)
            await clock.run()

    def _place(self, step=0):
        price = self.connector.get_mid_price(self.pair) * FAR * (1 - Decimal(step) / 10_000)
        return self._buy(self.connector.quantize_order_price(self.pair, price))

    def _buy(self, price, amount="0.001"):
        return self.connector.buy(
            self.pair, Decimal(amount), OrderType.LIMIT, price, position_action=PositionAction.OPEN
        )

    @staticmethod
    def _best_bid(book):
        """None while a side is empty, as in the moment in which a price jumps."""
        return next((row.price for row in book.bid_entries()), None)

    async def _told_of(self, order_id, times=1):
        end = time.perf_counter() + LONGEST_WAIT
        while len(self._told.get(order_id, ())) < times:
            if time.perf_counter() > end:
                raise TimeoutError(f"{order_id} was told {self._told.get(order_id)}")
            await asyncio.sleep(0)
        return self._told[order_id][times - 1]

    async def round_trips(self, count):
        """Places an order and cancels it, so many times: both until they are told."""
        placed, cancelled, lost = [], [], 0
        for number in range(count):
            began = time.perf_counter()
            order_id = self._place(number % 50)
            placed.append(await self._told_of(order_id) - began)
            began = time.perf_counter()
            self.connector.cancel(self.pair, order_id)
            try:
                cancelled.append(await self._told_of(order_id, 2) - began)
            except TimeoutError:
                lost += 1
            await asyncio.sleep(0.005)
        return {"placed": placed, "cancelled": cancelled, "lost": lost}

    async def replacements(self, count):
        """A cancel and a new order in one turn, so many times: until both are told."""
        order_id, taken = self._place(), []
        await self._told_of(order_id)
        for number in range(count):
            began = time.perf_counter()
            self.connector.cancel(self.pair, order_id)
            following = self._place(number % 50 + 1)
            ends = [await self._told_of(order_id, 2), await self._told_of(following)]
            taken.append(max(ends) - began)
            order_id = following
            await asyncio.sleep(0.005)
        self.connector.cancel(self.pair, order_id)
        await self._told_of(order_id, 2)
        return {"replaced": taken}

    async def grids(self, count, size):
        """Cancels a grid and places the next, so many times: until all of it is told."""
        grid, taken = [self._place(step) for step in range(size)], []
        for order_id in grid:
            await self._told_of(order_id)
        for _ in range(count):
            began = time.perf_counter()
            for order_id in grid:
                self.connector.cancel(self.pair, order_id)
            following = [self._place(step) for step in range(size)]
            ends = [await self._told_of(order_id, 2) for order_id in grid]
            ends += [await self._told_of(order_id) for order_id in following]
            taken.append(max(ends) - began)
            grid = following
        for order_id in grid:
            self.connector.cancel(self.pair, order_id)
        for order_id in grid:
            await self._told_of(order_id, 2)
        return {"refreshed": taken}

    async def rest(self, count, at_once=50):
        """Has so many more orders rest."""
        for start in range(0, count, at_once):
            placed = [self._place(step) for step in range(start, min(count, start + at_once))]
            for order_id in placed:
                await self._told_of(order_id)
        return {"open": len(self.connector.in_flight_orders)}

    async def keep(self, count):
        """Cancels all open orders but so many."""
        for order in list(self.connector.in_flight_orders.values())[count:]:
            self.connector.cancel(self.pair, order.client_order_id)
        await asyncio.sleep(5)
        return {"open": len(self.connector.in_flight_orders)}

    async def rest_one(self, amount):
        """Has one large order rest where it is the first to be filled."""
        price = self.connector.quantize_order_price(self.pair, self.connector.get_mid_price(self.pair) * NEAR)
        await self._told_of(self._buy(price, amount))
        return {}

    async def watch(self, seconds):
        """For so long nothing is asked of it: the lag of the loop, processor time, frames, memory."""
        gc.collect()
        lags, fills, frames, cpu = [], self._fills, self._frames, time.process_time()
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            await asyncio.sleep(LAG_SLEEP)
            lags.append(time.perf_counter() - began - LAG_SLEEP)
        return {
            "lags": lags,
            "cpu": time.process_time() - cpu,
            "frames": self._frames - frames,
            "fills": self._fills - fills,
            "megabytes": _megabytes(),
        }

    async def follow(self, seconds):
        """From now on it waits for another best bid, to place an order in the very turn in which there is one."""
        book = self.connector.get_order_book(self.pair)
        price = self.connector.quantize_order_price(self.pair, self.connector.get_mid_price(self.pair) * FAR)
        self._following = asyncio.ensure_future(self._follow(book, self._best_bid(book), price, seconds))
        return {}

    async def _follow(self, book, best, price, seconds):
        end = time.perf_counter() + seconds
        while self._best_bid(book) in (best, None) and time.perf_counter() < end:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        return self._buy(price)

    async def followed(self):
        """Once its order is told; it is cancelled, and nobody waits for that."""
        order_id = await self._following
        await self._told_of(order_id)
        self.connector.cancel(self.pair, order_id)
        await asyncio.sleep(0.05)
        return {}

    async def stop(self):
        """Lets go of everything."""
        self._clock.cancel()
        await self.connector.stop_network()
        return {}


def _megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _serve(make):
    trader = None
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        asked = json.loads(line)
        what = asked.pop("ask")
        if what == "make":
            trader = Trader(make(asked["pairs"]), asked["pairs"][0])
            answer = {}
        else:
            answer = await getattr(trader, what)(**asked)
        print("ANSWER " + json.dumps(answer), flush=True)


def serve(make):
    """Answers until the input ends.

    :param make: makes the connector for some trading pairs.
    """
    asyncio.run(_serve(make))
