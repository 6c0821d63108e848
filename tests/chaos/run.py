"""One run of chaos from start to end: trade, break and kill, come to rest, compare; and nothing left running, ever."""

import asyncio
import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hyperliquid_perpetual.demo.processes import ChildError
from tests.chaos import audit
from tests.chaos.audit import Books, Finding
from tests.chaos.bots import Bot
from tests.chaos.breaking import Breaking
from tests.chaos.display import Display
from tests.chaos.exchange import OUTAGES, Exchange
from tests.chaos.plan import BOTS, Plan
from tests.chaos.summary import Summary

KEYS = {"maker": "0x" + "5a" * 32, "driver": "0x" + "7e" * 32}
"""Known to everybody: for the sandbox only."""

MARK = ".chaos"
"""The file by which a run's folder is known as one."""

SOCKETS_OF_A_BOT = 3
"""One for the account, two for the markets."""

QUIET_SECONDS = 240.0
STILL_SECONDS = 6.0
"""The venue tells the value of positions every five seconds."""

LEAVE_SECONDS = 180.0


class Chaos:
    """One run in one folder."""

    def __init__(self, plan: Plan, folder: Path, display: Display) -> None:
        self.plan = plan
        self.folder = folder
        self.findings: list[Finding] = []
        self.summary: Summary | None = None
        self._display = display
        self._bots: list[Bot] = []
        self._restarts = 0
        self._leaked: list[str] = []

    async def run(self) -> Summary:
        """Everything; homes and logs stay in the folder.

        :raises ChildError: when a process ends by itself, or does not come to rest.
        :raises FileExistsError: when the folder is somebody else's.
        """
        plan, folder = self.plan, self.folder
        make_room(folder)
        port, clock_shift = _free_port(), plan.clock_shift()
        async with AsyncExitStack() as stack:
            exchange = await stack.enter_async_context(Exchange(plan, folder, port, clock_shift))
            for name in BOTS:
                bot = Bot(name, plan, folder, exchange.url, KEYS[name], clock_shift)
                stack.push_async_callback(bot.end)
                self._bots.append(bot)
            await asyncio.gather(exchange.start(), *(bot.start() for bot in self._bots))
            await asyncio.gather(*(bot.wait_until_ready() for bot in self._bots))
            self._display.say("both bots trade")
            self._restarts = await Breaking(plan, exchange, self._bots, self._display).run()
            ledgers = await self._come_to_rest(exchange)
            self.summary = await self._audit(exchange, ledgers)
            if not await exchange.stop():
                self.findings.append(Finding("sandbox", "it did not stop by itself"))
        (folder / "findings.json").write_text(json.dumps([vars(item) for item in self.findings], indent=2, default=str))
        self.summary.write(folder)
        return self.summary

    # --- Coming to rest

    async def _come_to_rest(self, exchange: Exchange) -> dict[str, dict[str, Any]]:
        """No faults, no trading: wait until all is settled, compare what is believed with blocks stopped, and leave.

        :return: the ledgers at the very end.
        """
        self._display.say("faults end, the bots become quiet")
        await exchange.end_faults()
        await asyncio.gather(*(bot.wait_until_ready() for bot in self._bots))
        for bot in self._bots:
            bot.order("quiet")
        if self.plan.is_short:
            # A new connection is reconciled at once; a longer run waits for what is done now and then anyway.
            await asyncio.sleep(1)
            await exchange.post("/sandbox/drop_websockets", {})
        settled = await asyncio.gather(*(bot.answer("settled", QUIET_SECONDS) for bot in self._bots))
        for bot, answer in zip(self._bots, settled, strict=True):
            if not answer["settled"]:
                self.findings.append(Finding("unsettled", f"the {bot.name} did not come to rest: {answer['why']}"))
        await self._compare_views(exchange)
        self._display.say("the bots cancel what rests, and leave")
        for bot in self._bots:
            bot.order("leave")
        await asyncio.gather(*(self._left(bot) for bot in self._bots))
        await exchange.look()
        ledgers = {bot.name: await exchange.ledger(bot.address) for bot in self._bots}
        for bot in self._bots:
            view = await bot_file(bot, "last_view")
            self._add(bot, audit.open_orders(view, ledgers[bot.name]))
            for key in ("orders", "lost_orders"):
                if view[key]:
                    self.findings.append(Finding("orphan", f"the {bot.name} could not cancel {view[key]}"))
        return ledgers

    async def _compare_views(self, exchange: Exchange) -> None:
        """With blocks stopped nothing moves, so the two have to agree to the last unit."""
        await exchange.halt(True)
        await asyncio.sleep(STILL_SECONDS)
        for bot in self._bots:
            bot.order("look")
        views = await asyncio.gather(*(bot.answer("view", 30) for bot in self._bots))
        for bot, view in zip(self._bots, views, strict=True):
            ledger = await exchange.ledger(bot.address)
            (self.folder / f"{bot.name}_ledger.json").write_text(json.dumps(ledger, indent=1))
            self._add(bot, audit.positions(view, ledger))
            self._add(bot, audit.entry_prices(view, ledger))
            self._add(bot, audit.balances(view, ledger))
            self._add(bot, audit.open_orders(view, ledger))
        await exchange.halt(False)

    async def _left(self, bot: Bot) -> None:
        left = await bot.answer("left", LEAVE_SECONDS)
        self._leaked += [f"{bot.name}: {task}" for task in left["tasks"]]
        self._leaked += [f"{bot.name}: an open socket"] * left["sockets"]
        if await bot.wait(30) != 0:
            self.findings.append(Finding("bot", f"the {bot.name} did not end with status 0"))

    # --- Comparing

    async def _audit(self, exchange: Exchange, ledgers: dict[str, dict[str, Any]]) -> Summary:
        commands = orders = filled = 0
        for bot in self._bots:
            ledger, books, events = ledgers[bot.name], Books.read(bot.database), bot.events()
            (self.folder / f"{bot.name}_last_ledger.json").write_text(json.dumps(ledger, indent=1))
            failed = audit.failed_orders(events)
            statuses = await self._statuses(exchange, bot, failed, ledger)
            told = {event["id"] for event in events}
            self._add(bot, audit.fills(books, ledger["fillList"], told))
            self._add(bot, audit.fees_in_quote(books))
            self._add(bot, audit.fundings(books, ledger["fundings"]))
            self._add(bot, audit.phantom_failures(failed, statuses))
            self._add(bot, audit.endings(books, ledger["history"]))
            known = books.orders | told
            commands += len(bot.commands()) or len(known)
            orders += len(known)
            filled += len(ledger["fillList"])
        refused = {what: count for what, count in exchange.refusals.items() if count}
        if refused:
            self.findings.append(Finding("limit", f"the venue's limits were met: {refused}"))
        self.findings += [Finding("leak", task) for task in self._leaked]
        kinds = audit.counted(self.findings)
        bot_lives = sum(bot.lives for bot in self._bots)
        return Summary(
            seed=self.plan.seed,
            seconds=self.plan.seconds,
            commands=commands,
            orders=orders,
            fills=filled,
            faults={kind: count for kind, count in sorted(exchange.faults.items()) if count},
            reconnects=max(0, exchange.connections - SOCKETS_OF_A_BOT * bot_lives),
            restarts=self._restarts,
            lost_fills=kinds["lost fill"],
            duplicate_fills=kinds["duplicate fill"],
            phantom_failures=kinds["phantom failure"],
            orphans=kinds["orphan"] + kinds["open order"],
            position_difference=self._amount("position"),
            balance_difference=self._amount("balance") + self._amount("funding"),
            limit_violations=sum(refused.values()),
            leaked_tasks=len(self._leaked),
        )

    async def _statuses(
        self, exchange: Exchange, bot: Bot, failed: dict[str, str], ledger: dict[str, Any]
    ) -> dict[str, str]:
        """What the exchange says of every failed order that it knows."""
        known = audit.newest_statuses(ledger["history"])
        for cloid in failed.keys() - known.keys():
            answer = await exchange.order_status(bot.address, cloid)
            if answer["status"] == "order":
                known[cloid] = answer["order"]["status"]
        return known

    def complaints(self) -> list[str]:
        """Why this run is no success."""
        assert self.summary is not None
        counted = ("lost fill", "duplicate fill", "phantom failure", "orphan", "open order", "position", "balance")
        others = audit.counted(self.findings)
        rest = {kind: count for kind, count in others.items() if kind not in (*counted, "funding", "limit", "leak")}
        return [*self.summary.complaints(), *(f"{kind}: {count}" for kind, count in rest.items())]

    def log_lines(self, finding: Finding, most: int = 12) -> Iterator[str]:
        """The lines of all logs that speak of a finding."""
        if not finding.ids:
            return
        shown = 0
        for bot in self._bots:
            for log in bot.logs:
                if not log.exists():
                    continue
                for line in log.read_text(errors="replace").splitlines():
                    if any(name in line for name in finding.ids) and shown < most:
                        shown += 1
                        yield f"{bot.name}: {line[:300]}"

    def _add(self, bot: Bot, findings: Iterator[Finding]) -> None:
        for item in findings:
            found = Finding(item.kind, f"{bot.name}: {item.text}", item.ids, item.amount)
            # What is found with trading stopped is found again at the end.
            if not any(found.kind == known.kind and found.ids and found.ids == known.ids for known in self.findings):
                self.findings.append(found)

    def _amount(self, kind: str) -> Any:
        return sum((item.amount for item in self.findings if item.kind == kind), audit.ZERO)


def make_room(folder: Path) -> None:
    """An empty folder for a run, in place of what an earlier run has left.

    :raises FileExistsError: when there is something else in it.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise FileExistsError(f"{folder} has something in it that is not of a run of chaos; choose another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


async def bot_file(bot: Bot, name: str) -> dict[str, Any]:
    """What a bot wrote down before it left."""
    return dict(json.loads((bot.home / "chaos" / f"{name}.json").read_text()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


FAILURES = (ChildError, *OUTAGES)
"""What ends a run before its comparison."""
