"""Blocks: what arrives is collected for one block time, then done in the venue's order (reference, section 15).

First what happens to the world, then actions without Gtc/Ioc orders, then cancels, then the rest; within a class in the
order of arrival. Replies are given when the whole block is done. With a block time of 0 every request is a block of its
own, done at once: what tests want, and the only way under a clock that stands still.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.commands import Command, Tick
from hyperliquid_perpetual.sandbox.engine.events import Event, Replied
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange, block_rank
from hyperliquid_perpetual.sandbox.gatekeeper import Gatekeeper, Received
from hyperliquid_perpetual.sandbox.refusals import Refused

TICK_MS = 1_000

logger = logging.getLogger(__name__)

Outcome = Replied | Refused


class BlockListener(Protocol):
    """Somebody who is told what happened."""

    def on_events(self, events: list[Event]) -> None:
        """The events of one command, right after it."""
        ...

    def on_block(self, now: int) -> None:
        """A block is complete."""
        ...


class Chain:
    """Puts requests and commands into blocks and tells the listeners what came of them."""

    def __init__(self, exchange: Exchange, clock: Clock, gatekeeper: Gatekeeper, block_ms: int) -> None:
        self.exchange = exchange
        self.clock = clock
        self.blocks = 0
        self._gatekeeper = gatekeeper
        self._block_ms = block_ms
        self._listeners: list[BlockListener] = []
        self._waiting: list[tuple[tuple[int, int], Received | Command, asyncio.Future[Outcome] | None]] = []
        self._timers: list[Timer] = []
        self._last_time = 0
        self._in_block = False
        self.is_halted = False
        self.skew_ms = 0
        """How far the exchange's time is from the clock's; see the fault `clock_skew`."""

    def listen(self, listener: BlockListener) -> None:
        """Tell somebody about everything from now on."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to make blocks."""
        if self._block_ms:
            self._timers.append(self.clock.every(self._block_ms, self._make_block))
        tick = self.clock.every(TICK_MS, lambda: self.submit_commands((Tick(),)))
        tick.idle = lambda: self.exchange.is_quiet
        self._timers.append(tick)

    def halt(self, halted: bool) -> None:
        """Make no blocks for now, or go on with all that waits; the exchange's own people are idle meanwhile."""
        self.is_halted = halted
        if not halted:
            self._make_block()

    def stop(self) -> None:
        """Make no more blocks; whoever still waits for a reply will wait for ever, as on a halted chain."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for _, _, reply in self._waiting:
            if reply is not None:
                reply.cancel()
        self._waiting.clear()

    @property
    def now(self) -> int:
        """Block time: the clock's, but never before the last block, and one for a whole block."""
        if self._in_block:
            return self._last_time
        self._last_time = max(self._last_time, self.clock.now() + self.skew_ms)
        return self._last_time

    async def submit(self, received: Received) -> Outcome:
        """Have a signed request done in the next block, and wait for what came of it."""
        reply: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        template = received.template
        rank = (1, 0) if isinstance(template, Refused) else block_rank(template)
        self._waiting.append((rank, received, reply))
        if not self._block_ms:
            self._make_block()
        return await reply

    def submit_commands(self, commands: Iterable[Command]) -> None:
        """Have the exchange's own people (traders, prices, time) act in the next block, together."""
        if self.is_halted:
            return
        self._waiting.extend((block_rank(command), command, None) for command in commands)
        if not self._block_ms:
            self._make_block()

    def apply_now(self, command: Command) -> list[Event]:
        """Do something at once: deposits and what a test forces. Between two blocks it is a block of its own."""
        now = self.now
        events = self._apply(now, command)
        if not self._in_block:
            self._finish(now)
        return events

    @contextmanager
    def own_block(self) -> Iterator[None]:
        """What is done by `apply_now` meanwhile is one block: nobody sees the market between two of its commands."""
        assert not self._in_block, "a block inside a block"
        now = self.now
        self._in_block = True
        try:
            yield
        finally:
            self._in_block = False
            self._finish(now)

    def _make_block(self) -> None:
        if not self._waiting or self.is_halted:
            return
        waiting, self._waiting = self._waiting, []
        waiting.sort(key=lambda entry: entry[0])  # stable: the order of arrival stays
        now = self.now
        answers: list[tuple[asyncio.Future[Outcome], Outcome | Exception]] = []
        self._in_block = True
        try:
            for _, submitted, reply in waiting:
                outcome = self._do(now, submitted)
                if reply is not None:
                    answers.append((reply, outcome))
        finally:
            self._in_block = False
        self._finish(now)
        for reply, outcome in answers:
            if reply.done():
                continue
            if isinstance(outcome, Refused) or not isinstance(outcome, Exception):
                reply.set_result(outcome)
            else:
                reply.set_exception(outcome)

    def _do(self, now: int, submitted: Received | Command) -> Outcome | Exception:
        """What came of one command; whatever goes wrong in it is its own, and not its neighbours'."""
        try:
            command = self._gatekeeper.admit(submitted, now) if isinstance(submitted, Received) else submitted
            events = self._apply(now, command)
        except Refused as refused:
            return refused
        except Exception as error:
            logger.exception("the exchange failed at %s", submitted)
            return error
        return events[0] if events and isinstance(events[0], Replied) else Replied(now, "")

    def _apply(self, now: int, command: Command) -> list[Event]:
        events = self.exchange.apply(now, command)
        for listener in self._listeners:
            listener.on_events(events)
        return events

    def _finish(self, now: int) -> None:
        self.blocks += 1
        for listener in self._listeners:
            listener.on_block(now)
