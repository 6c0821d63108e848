"""What a connector is measured at, whichever it is: it runs on Hummingbot's clock here, and is asked over the input.

Times are in seconds.
"""

import asyncio
import gc
import os
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import aiohttp
from hummingbot.core.clock import Clock, ClockMode
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent
from lines import answer_lines

LONGEST_WAIT = 3.0
"""For what a strategy has to be told of an order: what has not come by then is counted as never told."""
CREATED = (MarketEvent.BuyOrderCreated, MarketEvent.SellOrderCreated)
ENDED = (MarketEvent.OrderCancelled, MarketEvent.OrderFailure)
FAR = Decimal("0.8")
"""Of the mid: an order that rests."""
NEAR = Decimal("0.99998")
"""Of the mid: the best bid."""
LAG_SLEEP = 0.005
BOOK_SETTLES = 0.1
"""After a bid is gone the book is as before, before the next one is waited for."""
TURNS_TO_BOOK = 100
"""Of the event loop, in which a frame that has come may get to the book; the later half of them with a pause."""


class Trader:
    """A connector, and what it is asked to do."""

    def __init__(self, connector, pair):
        self.connector, self.pair = connector, pair
        self._told = {}
        self._untold = 0
        # Nothing here waits by asking again and again: that would keep the processor from the exchange.
        self._news, self._came = asyncio.Event(), asyncio.Event()
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
        self._news.set()

    def _count_fill(self):
        self._fills += 1

    def _count_frames(self):
        receive = aiohttp.ClientWebSocketResponse.receive

        async def counted(socket, timeout=None):
            message = await receive(socket, timeout)
            self._frames += 1
            self._came.set()
            return message

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

    async def _all_told(self, *waited):
        """When the last of these was told, each an order with how often something is told of it; None when one was not.

        Whoever was not told of an order goes on: the built-in connector loses a cancel now and then.
        """

        def missing():
            return sum(len(self._told.get(order_id, ())) < times for order_id, times in waited)

        try:
            async with asyncio.timeout(LONGEST_WAIT):
                while missing():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self._untold += missing()
            return None
        return max(self._told[order_id][times - 1] for order_id, times in waited)

    async def untold(self):
        """How many orders and cancels nothing was told of so far."""
        return {"untold": self._untold}

    async def round_trips(self, count):
        """Places an order and cancels it, so many times: both until they are told."""
        taken = {"placed": [], "cancelled": []}
        for number in range(count):
            began = time.perf_counter()
            order_id = self._place(number % 50)
            _add(taken["placed"], began, await self._all_told((order_id, 1)))
            began = time.perf_counter()
            self.connector.cancel(self.pair, order_id)
            _add(taken["cancelled"], began, await self._all_told((order_id, 2)))
            await asyncio.sleep(0.005)
        return taken

    async def replacements(self, count):
        """A cancel and a new order in one turn, so many times: until both are told."""
        order_id, taken = self._place(), []
        await self._all_told((order_id, 1))
        for number in range(count):
            began = time.perf_counter()
            self.connector.cancel(self.pair, order_id)
            following = self._place(number % 50 + 1)
            _add(taken, began, await self._all_told((order_id, 2), (following, 1)))
            order_id = following
            await asyncio.sleep(0.005)
        self.connector.cancel(self.pair, order_id)
        await self._all_told((order_id, 2))
        return {"replaced": taken}

    async def grids(self, count, size):
        """Cancels a grid and places the next, so many times: until all of it is told."""
        grid, taken = [self._place(step) for step in range(size)], []
        await self._all_told(*((order_id, 1) for order_id in grid))
        for _ in range(count):
            began = time.perf_counter()
            for order_id in grid:
                self.connector.cancel(self.pair, order_id)
            following = [self._place(step) for step in range(size)]
            ends = [(order_id, 2) for order_id in grid] + [(order_id, 1) for order_id in following]
            _add(taken, began, await self._all_told(*ends))
            grid = following
        for order_id in grid:
            self.connector.cancel(self.pair, order_id)
        await self._all_told(*((order_id, 2) for order_id in grid))
        return {"refreshed": taken}

    async def rest(self, count, at_once=50):
        """Has so many more orders rest."""
        for start in range(0, count, at_once):
            placed = [self._place(step) for step in range(start, min(count, start + at_once))]
            await self._all_told(*((order_id, 1) for order_id in placed))
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
        await self._all_told((self._buy(price, amount), 1))
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
        def is_news():
            return self._best_bid(book) not in (best, None)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_news():
                    self._came.clear()
                    await self._came.wait()
                    await self._gets_to_book(is_news)
        return self._buy(price)

    @staticmethod
    async def _gets_to_book(is_news):
        """Gives a frame that has come the time to get to the book."""
        for turn in range(TURNS_TO_BOOK):
            if is_news():
                return
            await asyncio.sleep(0 if turn < TURNS_TO_BOOK // 2 else 0.001)

    async def followed(self):
        """Once its order is told; it is cancelled, and nobody waits for that."""
        order_id = await self._following
        await self._all_told((order_id, 1))
        self.connector.cancel(self.pair, order_id)
        await asyncio.sleep(BOOK_SETTLES)
        return {}

    async def stop(self):
        """Lets go of everything."""
        self._clock.cancel()
        await self.connector.stop_network()
        return {}


def _add(taken, began, end):
    """Notes how long it took, if it ended."""
    if end is not None:
        taken.append(end - began)


def _megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _serve(make):
    made = []

    def asked(what, **arguments):
        if what != "make":
            return getattr(made[0], what)(**arguments)
        made.append(Trader(make(arguments["pairs"]), arguments["pairs"][0]))
        return {}

    await answer_lines(asked)


def serve(make):
    """Answers until the input ends.

    :param make: makes the connector for some trading pairs.
    """
    asyncio.run(_serve(make))
