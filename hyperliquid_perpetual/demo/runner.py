"""The demo from start to end: exchange up, bot up, trade, stop, compare, report; and nothing left running, ever."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

import aiohttp
from rich.console import Console

from hyperliquid_perpetual.demo import books, bot_report
from hyperliquid_perpetual.demo.bot import Bot
from hyperliquid_perpetual.demo.bot_log import errors_in
from hyperliquid_perpetual.demo.display import Display
from hyperliquid_perpetual.demo.ending import STATUS_BAD_INPUT, STATUS_FAILED, STATUS_OK, until_signal
from hyperliquid_perpetual.demo.exchange import Exchange
from hyperliquid_perpetual.demo.processes import Child, ChildError
from hyperliquid_perpetual.demo.summary import Summary, report
from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.bot_home import BotHome, BotHomeError
from hyperliquid_perpetual.homes.configurations import CONNECTOR, Configuration
from hyperliquid_perpetual.plugin.status import ProbeError, read_status
from hyperliquid_perpetual.sandbox import DEMO_ADDRESS
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE

# Address and key are left empty, as a newcomer leaves them: then the connector takes the sandbox's ready-made account.
KEYS = {
    f"{CONNECTOR}_mode": "arb_wallet",
    "use_vault": "False",
    f"{CONNECTOR}_address": "",
    f"{CONNECTOR}_secret_key": "",
}

EXCHANGE_START_SECONDS = 30.0
EXCHANGE_STOP_SECONDS = 10.0
REFRESH_SECONDS = 0.5


class DemoError(RuntimeError):
    """The demo cannot go on; the message says why and what to do."""


def run(strategy: str, seconds: int, output_dir: Path) -> int:
    """Run the demo and print what happens.

    :param strategy: the name of a configuration in `conf/`.
    :param seconds: how long to trade, counted from when the bot is ready.
    :param output_dir: gets `summary.json`, `report.html` and `report.png`, the sandbox's log, and the bot home with the
        bot's log and database.
    :return: 0 when the bot traded, logged no error, and its books and the exchange's agree; 2 when the input is wrong;
        128 plus the signal's number when interrupted; otherwise 1.
    """
    display = Display(Console())
    try:
        configuration = configurations.find(strategy)
    except ValueError as error:
        display.say(f"--strategy: {error}")
        return STATUS_BAD_INPUT
    if seconds < 1:
        display.say(f"--seconds: {seconds} is not a number of seconds of 1 or more")
        return STATUS_BAD_INPUT
    demo = Demo(configuration, seconds, output_dir.resolve(), display)
    return asyncio.run(until_signal(demo.run_to_the_end(), display, demo.where_logs_are()))


class Demo:
    """One run in one output folder."""

    def __init__(self, configuration: Configuration, seconds: int, output: Path, display: Display) -> None:
        self.configuration = configuration
        self.seconds = seconds
        self.output = output
        self.display = display
        self.sandbox_log = output / "sandbox.log"
        self.home = output / "home"
        #: The result, once there is one.
        self.summary: Summary | None = None

    def where_logs_are(self) -> str:
        """Where to look when something went wrong."""
        return f"{self.sandbox_log}, {self.home / 'logs'}"

    async def run_to_the_end(self) -> int:
        """Everything; what does not work is printed.

        :return: the exit status.
        """
        try:
            return await self._run()
        except (DemoError, ChildError, BotHomeError, aiohttp.ClientError, TimeoutError) as error:
            self.display.say(f"FAILED: {error}\nLogs: {self.where_logs_are()}")
            return STATUS_FAILED

    async def _run(self) -> int:
        with self._output_to_ourselves():
            home = self._fresh_home()
            async with self._sandbox() as sandbox:
                bot = Bot(home, self.configuration, sandbox.url, sandbox.process)
                try:
                    await self._connect(bot)
                    ready_seconds = await self._start(bot, sandbox)
                    await self._trade(bot, sandbox)
                    with self.display.step("Stopping Hummingbot, which cancels its orders"):
                        stopped = await bot.stop()
                finally:
                    # Without an exchange there is nothing that a gentle stop could cancel.
                    await (bot.stop() if sandbox.process.running else bot.kill())
                return await self._conclude(bot, sandbox.exchange, ready_seconds, stopped)

    async def _connect(self, bot: Bot) -> None:
        with self.display.step(f"Connecting Hummingbot to {CONNECTOR}"):
            try:
                await bot.connect(KEYS)
            except ChildError as error:
                raise DemoError(f"{error}\n{self._who_answers()}") from None

    def _who_answers(self) -> str:
        """Why Hummingbot may not know our connector."""
        try:
            status = read_status(sys.executable, self.home)
        except ProbeError as error:
            return str(error)
        if status.hummingbot_path is not None and not Path(status.hummingbot_path, "cli").is_dir():
            return (
                f"Hummingbot {status.hummingbot_release} has no hbot command, which starts bots here: the demo needs a "
                "newer release. The connector itself works with this one."
            )
        if status.is_ours:
            return f"Hummingbot uses this package's connector, from {status.connector_path}."
        return "\n".join(status.warnings()) or "Enable this package's connector: hyperliquid-perpetual enable"

    async def _start(self, bot: Bot, sandbox: "Sandbox") -> float:
        sandbox.exchange.watch()
        started = time.monotonic()
        with self.display.step(f"Starting Hummingbot with {self.configuration.name} (about 20 s)"):
            await bot.start()
            await bot.wait_until_ready()
        return time.monotonic() - started

    async def _trade(self, bot: Bot, sandbox: "Sandbox") -> None:
        started = time.monotonic()
        with self.display.trading():
            while (elapsed := time.monotonic() - started) < self.seconds:
                bot.check()
                self.display.show(sandbox.exchange.view, self.configuration.coins, elapsed, self.seconds)
                await asyncio.sleep(REFRESH_SECONDS)
            self.display.show(sandbox.exchange.view, self.configuration.coins, elapsed, self.seconds)

    async def _conclude(self, bot: Bot, exchange: Exchange, ready_seconds: float, stopped: bool) -> int:
        own = books.BotBooks.read(bot.database, CONNECTOR)
        ledger = await exchange.ledger()
        comparison = books.compare(own.fills, ledger.fills, ledger.positions)
        errors = [*errors_in(bot.log), *errors_in(bot.output)]
        summary = Summary(
            hummingbot=version("hummingbot"),
            strategy=self.configuration.name,
            ready_seconds=round(ready_seconds, 1),
            orders_created=own.orders_created,
            orders_cancelled=own.orders_cancelled,
            fills_bot=comparison.fills_bot,
            fills_exchange=comparison.fills_exchange,
            fill_differences=len(comparison.fill_differences),
            position_difference=comparison.position_difference,
            fee_difference=comparison.fee_difference,
            orders_left_open=ledger.open_orders,
            errors_logged=len(errors),
        )
        self.summary = summary
        file = summary.write(self.output)
        # Beyond the summary: failures of the stage rather than of the bot.
        stage = errors_in(self.sandbox_log)
        if not stopped:
            stage.append("Hummingbot did not stop by itself and was killed; its orders may still rest")
        logs = [bot.log, bot.output, self.sandbox_log]
        with self.display.step("Drawing the report"):
            page = await asyncio.to_thread(bot_report.write, bot.database, bot.log, CONNECTOR, self.output)
        self.display.say(report(summary, [*comparison.fill_differences, *errors, *stage], logs, file, page))
        return STATUS_FAILED if summary.complaints() or stage else STATUS_OK

    @contextmanager
    def _output_to_ourselves(self) -> Iterator[None]:
        """Keep a second demo out of our output folder, and an old summary from being taken for ours."""
        self.output.mkdir(parents=True, exist_ok=True)
        with (self.output / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DemoError(f"another demo is running in {self.output}; choose another folder") from None
            for leftover in ("summary.json", self.sandbox_log.name, bot_report.HTML, bot_report.PNG):
                (self.output / leftover).unlink(missing_ok=True)
            yield

    def _fresh_home(self) -> BotHome:
        """A bot home without memories: the sandbox starts anew each time, so old orders would only be missed."""
        if (self.home / "hummingbot").is_dir():
            shutil.rmtree(self.home)
        home = BotHome.create(self.home)
        configurations.install(self.configuration, home.path)
        return home

    @asynccontextmanager
    async def _sandbox(self) -> AsyncIterator["Sandbox"]:
        url = f"http://127.0.0.1:{_free_port()}"
        command = [sys.executable, "-m", "hyperliquid_perpetual", "sandbox", "--port", url.rpartition(":")[2]]
        environment = {name: value for name, value in os.environ.items() if name != SANDBOX_URL_VARIABLE}
        environment["PYTHONUNBUFFERED"] = "1"
        process = await Child.start("The sandbox", command, log=self.sandbox_log, cwd=self.output, env=environment)
        try:
            async with Exchange(url, DEMO_ADDRESS, self.configuration.coins) as exchange:
                with self.display.step(f"Starting the sandbox exchange on {url}"):
                    await _until_it_answers(process, exchange)
                yield Sandbox(process, exchange)
        finally:
            await process.stop(EXCHANGE_STOP_SECONDS)


class Sandbox:
    """The exchange's process, and the view of it."""

    def __init__(self, process: Child, exchange: Exchange) -> None:
        self.process = process
        self.exchange = exchange

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.exchange.url


async def _until_it_answers(process: Child, exchange: Exchange) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(EXCHANGE_START_SECONDS):
            while not await exchange.answers():
                process.check()
                await asyncio.sleep(0.1)
            return
    raise ChildError(f"the sandbox did not answer within {EXCHANGE_START_SECONDS:g} s; see {process.log}")


def _free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
