"""The part of a run in which things go wrong: faults and kills as planned, while bots and exchange are watched."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.bots import Bot
from tests.chaos.display import Display
from tests.chaos.exchange import Exchange
from tests.chaos.plan import DRIVER, EXCHANGE, Plan

AIM_SECONDS = 5.0
"""How long a kill that aims waits for a command."""

LOOK_SECONDS = 0.5


class Breaking:
    """Does what the plan says to an exchange and its bots."""

    def __init__(self, plan: Plan, exchange: Exchange, bots: Sequence[Bot], display: Display) -> None:
        self._plan = plan
        self._exchange = exchange
        self._victims: dict[str, Bot | Exchange] = {EXCHANGE: exchange, **{bot.name: bot for bot in bots}}
        self._dying = dict.fromkeys(self._victims, False)
        self._commands = next(bot for bot in bots if bot.name == DRIVER).home / "chaos" / "commands.jsonl"
        self._display = display
        self._restarts = 0
        self._began = 0.0

    async def run(self) -> int:
        """All of it.

        :return: how often somebody was killed and started again.
        :raises ExceptionGroup: with a ChildError, when a process ends by itself.
        """
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._break())
            group.create_task(self._watch())
            for name in self._victims:
                group.create_task(self._kill(name))
        return self._restarts

    async def _break(self) -> None:
        """Faults; one that falls into a time without an exchange happens as soon as there is one."""
        for at, fault in self._plan.faults:
            await self._sleep_until(at)
            while not await self._exchange.ask_for_fault(fault):
                if self._elapsed > self._plan.seconds:
                    return
                await asyncio.sleep(0.2)

    async def _kill(self, name: str) -> None:
        victim = self._victims[name]
        for kill in self._plan.kills:
            if kill.victim != name:
                continue
            await self._sleep_until(kill.at)
            if kill.is_aimed:
                await self._next_command()
            self._dying[name] = True
            await asyncio.sleep(kill.delay)
            await victim.kill()
            self._display.say(f"killed the {name}")
            await asyncio.sleep(kill.down)
            await victim.start()
            self._dying[name] = False
            self._restarts += 1

    async def _next_command(self) -> None:
        """Waits until the driver is about to send something."""
        before, deadline = _size(self._commands), time.monotonic() + AIM_SECONDS
        while _size(self._commands) == before and time.monotonic() < deadline:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.002)

    async def _watch(self) -> None:
        """Keeps the counters, which a kill would lose, and notices who ends by himself."""
        while self._elapsed < self._plan.seconds:
            await self._exchange.look()
            for name, victim in self._victims.items():
                if not self._dying[name]:
                    victim.check()
            self._display.progress(self._elapsed, self._plan.seconds, self._exchange.faults, self._restarts)
            await asyncio.sleep(LOOK_SECONDS)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    async def _sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._elapsed))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
