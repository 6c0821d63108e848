"""One cell of the fault table: a bot on an exchange of its own, one fault, one command; what came of it.

What came of it is said in words that are made from what the exchange saw and from what a strategy is told, never from
how the connector came to know. Time jumps, so that a cell takes some hundredths of a second.
"""

import asyncio
import gc
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from unittest import mock

from hummingbot import data_path, set_data_path
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS
from hyperliquid_perpetual.trading.shared_folder import OFF, SHARED_LIMITS_VARIABLE
from hyperliquid_perpetual.venue import client_ids
from tests.chaos.table.rows import Row
from tests.hummingbot.agreement import World, tasks_left
from tests.virtual_time import VirtualTimeLoop, forget_shared_limits, time_of

EARLY_SECONDS = 0.4
"""What is known by then was known at once: an order without an answer is asked for after half a second."""
LONGEST_SECONDS = 200.0
"""How long it may take until an outcome is known: ``expiresAfter`` is 30 s, and the account is read every 120 s."""


class CellWorld(World):
    """A world that can be prepared before its bot starts, and that knows TWAPs."""

    def __init__(self, folder: Path, before_bot: Callable[["CellWorld"], None], **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.account = DEMO_ADDRESS
        self._before_bot = before_bot
        self.ids: list[str] = []
        """Orders of the command."""
        self.result: Any = None
        self.extra: dict[str, Any] = {}
        self.began_at = 0.0
        self.to_close: list[Callable[[], Awaitable[None]]] = []

    def seconds(self) -> float:
        """How long ago the command was given."""
        return time.time() - self.began_at

    def set(self, **settings: Any) -> None:
        """Further arguments of the connector."""
        self._settings |= settings

    async def _start(self) -> None:
        self._before_bot(self)
        await super()._start()
        self.bot.address = self.account

    def differences(self) -> list[str]:
        """TWAPs have no client order id at the venue: they are compared apart."""
        twaps = {e.order_id for _, e in self.bot.history if client_ids.is_twap(getattr(e, "order_id", "") or "")}
        twaps |= {order_id for order_id in self.bot.connector.in_flight_orders if client_ids.is_twap(order_id)}
        fills = [e for e in self.bot.events(MarketEvent.OrderFilled) if e.order_id in twaps]
        known = {*twaps, *(fill.exchange_trade_id for fill in fills)}
        found = [line for line in super().differences() if not any(name in line for name in known)]
        there = Counter((f.price, f.size) for f in self.exchange.fills(self.bot.address) if f.cloid is None)
        here = Counter((fill.price, fill.amount) for fill in fills)
        if twaps and there != here:
            found.append(f"slices {here}, at the venue {there}")
        running = sum(twap.status == "activated" for twap in self.exchange.twaps(self.bot.address))
        tracked = [o for o in self.bot.connector.in_flight_orders.values() if o.client_order_id in twaps and o.is_open]
        if running != len(tracked):
            found.append(f"{len(tracked)} TWAPs, at the venue {running}")
        for coin, asset in (("BTC", 0), ("ETH", 1)):
            known, setting = self.bot.connector._account.leverage(coin), self.leverage(asset)
            if known is not None and setting is not None and (known.type == "cross", known.value) != setting:
                found.append(f"leverage of {coin} {known}, at the venue {setting}")
        return found

    # --- What is looked at

    def leverage(self, asset: int) -> tuple[bool, int] | None:
        """Whether it is cross, and the leverage, at the venue; None where the account never touched it."""
        account = self.exchange.engine.account(self.bot.address)
        house = None if account is None else account.clearinghouses.get("")
        position = None if house is None else house.positions.get(asset)
        return None if position is None else (position.is_cross, position.leverage)

    def state(self, order_id: str) -> str:
        """Of an order, as a strategy sees it."""
        order = self.bot.connector._order_tracker.find(order_id)
        return "not tracked" if order is None else order.current_state.name

    def states(self) -> str:
        """Of all orders of the command; one word when they agree."""
        states = [self.state(order_id).replace("PENDING_CREATE", "pending") for order_id in self.ids]
        return states[0] if len(set(states)) == 1 else ", ".join(states)

    def is_settled(self) -> bool:
        """Whether nothing is open about the orders of the command any more."""
        return not any(self.state(each) in ("PENDING_CREATE", "PENDING_CANCEL", "not tracked") for each in self.ids)


@dataclass(frozen=True)
class Column:
    """A command, a question or a stream: what faults happen to."""

    name: str
    group: str
    """``command``, ``question`` or ``stream``."""
    about: str
    """The class within its group that expectations are written for."""
    narrowed: dict[str, Any] = field(default_factory=dict)
    """To what a fault of requests is narrowed."""
    frames: dict[str, Any] | None = None
    """To what a fault of frames is narrowed; None where no frames come of it."""
    fills: bool = False
    """Whether something fills."""
    is_of_account: bool = True
    """Whether its frames are about an account."""
    over_socket: bool = False
    """Whether it is an action that goes over the socket of the account stream."""
    minute: float = 1.0
    """Of the hour at which the exchange opens."""
    at_start: bool = False
    """Whether it happens while a bot starts that has lived before: the fault waits for that."""
    before_bot: Callable[[CellWorld], None] = lambda _world: None
    prepare: Callable[[CellWorld], Awaitable[None]] | None = None
    act: Callable[[CellWorld], Any] = lambda _world: None
    state: Callable[[CellWorld], str] = CellWorld.states
    """What a trader sees, and how it is at the venue where that is something else."""
    is_over: Callable[[CellWorld], bool] = CellWorld.is_settled


class CellError(AssertionError):
    """A cell in which something is wrong, whatever was expected of it."""


ASKING = ("orderStatus", "twapHistory")
"""Requests that show that an outcome was asked for."""


class Cells:
    """Lives through cells, one after the other, in one time that jumps, each with an exchange and a bot of its own."""

    def __init__(self) -> None:
        self.usual: dict[str, int] = {}
        """How often a column's question is asked when nothing goes wrong."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._stack.callback(set_data_path, data_path())
        self._stack.callback(random.setstate, random.getstate())
        # Whatever is there already is not looked through for garbage in each cell again.
        gc.freeze()
        self._stack.callback(gc.unfreeze)
        self._stack.enter_context(mock.patch.dict(os.environ, {SHARED_LIMITS_VARIABLE: OFF}))
        self._loop = VirtualTimeLoop()
        self._stack.enter_context(time_of(self._loop))
        self._runner = self._stack.enter_context(asyncio.Runner(loop_factory=lambda: self._loop))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        forget_shared_limits()

    def live(self, column: Column, row: Row | None, narrowed: dict[str, Any]) -> str:
        """Lives through a cell; without a row, through how it is when nothing goes wrong.

        :returns: what came of it, in words.
        :raises CellError: when the fault did not happen, both sides do not agree afterwards, or something is left
            running.
        """
        forget_shared_limits()
        random.seed(f"{column.name} {row and row.name}")
        # A minute after the full hour, so that funding is due when the column says so.
        self._loop.step(3600 - self._loop.now % 3600 + column.minute * 60)
        with tempfile.TemporaryDirectory() as folder:
            return self._runner.run(_Cell(column, row, narrowed, Path(folder), self.usual).live())


class _Cell:
    def __init__(
        self, column: Column, row: Row | None, narrowed: dict[str, Any], folder: Path, usual: dict[str, int]
    ) -> None:
        self._usual = usual
        self._column = column
        self._row = row
        self._narrowed = narrowed
        self.world = CellWorld(folder, self._before_bot)
        self._lives = 0

    def _before_bot(self, world: CellWorld) -> None:
        self._lives += 1
        self._column.before_bot(world)
        if self._column.at_start and self._lives > 1:
            self._arm()

    def _arm(self) -> None:
        if self._row is not None:
            self.world.exchange.faults.add(self._row.kind, **self._row.said, **self._narrowed)

    async def live(self) -> str:
        world = self.world
        try:
            await world.begin()
            words = await self._happens()
            # A request that is late may still be on its way.
            if self._row is not None and self._row.kind == "delay":
                await asyncio.sleep(float(self._row.said["seconds"]))
            end = self._column.state(world)
            await world.settle()
            if self._column.state(world) != end:
                raise CellError(f"was {end} and became {self._column.state(world)}")
            differences = world.differences()
            if differences:
                raise CellError(f"{words}, and then: {' / '.join(differences)}")
        finally:
            for close in reversed(world.to_close):
                await close()
            await world.end()
        await asyncio.sleep(5)
        left = [task for task in tasks_left(asyncio.get_running_loop()) if "_Cell.live" not in task]
        if left:
            raise CellError(f"tasks left behind: {left}")
        return words

    async def _happens(self) -> str:
        world, column = self.world, self._column
        if column.prepare is not None:
            await column.prepare(world)
        requests, sockets = len(world.exchange.requests()), world.exchange.gate.connections
        world.began_at = time.time()
        if column.at_start:
            await world.kill(1.0)
        else:
            self._arm()
        column.act(world)
        await asyncio.sleep(EARLY_SECONDS)
        early = column.state(world)
        while not column.is_over(world):
            if world.seconds() > LONGEST_SECONDS:
                raise CellError(f"not over after {LONGEST_SECONDS:g} s: {column.state(world)}")
            await asyncio.sleep(0.25)
        if self._row is not None and not world.exchange.faults.counts[self._row.kind]:
            raise CellError("the fault did not happen")
        asked = Counter(request.kind for request in list(world.exchange.requests())[requests:])
        reconnected = world.exchange.gate.connections > sockets
        return self._in_words(early, column.state(world), asked, reconnected)

    def _in_words(self, early: str, end: str, asked: Counter[str], reconnected: bool) -> str:
        column, kind = self._column, str(self._column.narrowed.get("kind"))
        scope = self._row.scope if self._row is not None else ""
        # When a lost socket is replaced, or a question asked again, is a matter of chance.
        by_chance = scope == "sockets" or column.group == "question" or column.about == "setting"
        by_chance = by_chance or (column.group == "stream" and scope == "exchange")
        words = [end if early == end or by_chance else f"{early}, then {end}"]
        if column.group == "command":
            if any(asked[each] for each in ASKING):
                words.append("asked for")
            if asked["noop"] and kind != "noop":
                words.append("nonce used up")
            # A cancel is repeated until it is answered: how often is a matter of the fault's length.
            is_repeated = column.about in ("switch", "cancel")
            if asked[kind] > 1 and not is_repeated and not (self._row and self._row.kind == "duplicate"):
                words.append(f"sent {asked[kind]} times")
        if column.group == "question" and column.at_start and scope == "requests":
            usual = self._usual[column.name] + (self._row is not None and self._row.kind == "duplicate")
            words.append("asked again" if asked[kind] > usual else "not asked again")
        if self._row is None:
            self._usual[column.name] = asked[kind]
        if column.group == "stream":
            words += ["reconnected"] if reconnected and scope == "sockets" else []
        return "; ".join(words)
