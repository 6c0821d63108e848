"""One bot of the fleet: a headless Hummingbot in a home of its own, with an account and an API wallet of its own."""

import asyncio
import json
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from hyperliquid_perpetual.demo import books
from hyperliquid_perpetual.demo.bot_log import errors_in
from hyperliquid_perpetual.demo.processes import Child, run
from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.bot_home import BotHome, bot_environment
from hyperliquid_perpetual.homes.configurations import CONNECTOR
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.shared_folder import SHARED_LIMITS_VARIABLE
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE
from tests.fleet.broker import Broker
from tests.fleet.remote import NAMESPACE, Remote

HBOT = "hummingbot.cli.main"
#: What was filled while the bot was dead is booked in the first moment of its next life, when Hummingbot has no rates
#: yet. The fee is recorded as the venue charged it; only in the order's saved state, in the base asset, it is missing.
FEE_WITHOUT_A_RATE = "in_flight_order - ERROR - Error calculating fee paid in"
LAUNCHER = Path(__file__).with_name("headless.py")
COMMAND_SECONDS = 120.0
START_SECONDS = 180.0
TRADE_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """What a bot trades, and for whom."""

    name: str
    configuration: str
    """One of `conf/`."""
    changes: dict[str, Any]
    """What is otherwise than there."""
    account: str
    owner: str
    """Who holds the account, in words."""
    agent_key: str
    is_sub_account: bool = False


class FleetBot:
    """Started, asked, told and stopped over MQTT; only killed and begun as a process."""

    def __init__(self, plan: Plan, folder: Path, exchange: Sandbox, remote: Remote, broker: Broker) -> None:
        self.plan = plan
        self.exchange = exchange
        self._remote = remote
        self._process: Child | None = None
        self.lives = 0
        configuration = configurations.find(plan.configuration)
        self.kind = configuration.kind
        self.home = BotHome.create(folder / plan.name)
        configurations.install(configuration, self.home.path)
        shutil.copy(LAUNCHER, self.home.path)
        file = self.home.path / "conf" / self.kind / f"{plan.name}.yml"
        content = yaml.safe_load(configuration.file.read_text(encoding="utf-8")) | plan.changes
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        self._point_at(broker)
        self._environment = bot_environment(
            {
                "CONFIG_PASSWORD": secrets.token_urlsafe(16),
                SANDBOX_URL_VARIABLE: exchange.url,
                RATES_DOMAIN_VARIABLE: CONNECTOR,
                # As on one machine: what the venue grants an address is shared by all.
                SHARED_LIMITS_VARIABLE: str(folder / "limits"),
            }
        )

    @property
    def name(self) -> str:
        return self.plan.name

    async def connect(self) -> None:
        """Store the keys of its API wallet, as a user does."""
        keys = {
            f"{CONNECTOR}_mode": "api_wallet",
            "use_vault": "yes" if self.plan.is_sub_account else "no",
            f"{CONNECTOR}_address": self.plan.account,
            f"{CONNECTOR}_secret_key": self.plan.agent_key,
        }
        command = [sys.executable, "-m", HBOT, "connect", CONNECTOR, "--keys-stdin"]
        await run(command, cwd=self.home.path, env=self._environment, stdin=json.dumps(keys), timeout=COMMAND_SECONDS)

    async def begin(self) -> None:
        """Start its process, and wait until it is heard over MQTT."""
        after = time.monotonic()
        self.lives += 1
        self._process = await Child.start(
            self.name, [sys.executable, LAUNCHER.name], log=self.output, cwd=self.home.path, env=self._environment
        )
        await self._remote.until_alive(self.name, START_SECONDS, after)

    async def start(self) -> None:
        """Have it start its strategy."""
        if self.kind == "strategies":
            await self._remote.ask(self.name, "import", strategy=self.name)
            await self._remote.ask(self.name, "start", async_backend=False)
        else:
            script = f"{self.plan.configuration}.py"
            await self._remote.ask(self.name, "start", script=script, conf=f"{self.name}.yml", async_backend=False)

    async def status(self) -> str:
        """What its `status` shows."""
        return str((await self._remote.ask(self.name, "status", async_backend=False))["msg"])

    async def history(self) -> list[dict[str, Any]]:
        """Its trades since its process began, as Hummingbot tells them."""
        return list((await self._remote.ask(self.name, "history", async_backend=False))["trades"])

    async def reconfigure(self, name: str, value: Any) -> None:
        """Change one value of its running strategy."""
        await self._remote.ask(self.name, "config", params=[[name, value]])

    async def stop(self) -> None:
        """Have it stop its strategy, which cancels its orders; then end the process."""
        await self._remote.ask(self.name, "stop", async_backend=False)
        await self.until(lambda: not self.open_orders(), "cancelled orders")
        await self.end()

    async def kill(self) -> None:
        """End it at once, as a machine that loses its power."""
        assert self._process is not None
        await self._process.kill()

    async def end(self) -> None:
        """End the process, if it runs."""
        if self._process is not None:
            await self._process.stop(COMMAND_SECONDS)

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = TRADE_SECONDS) -> None:
        """Wait until something is true of it at the exchange.

        :raises AssertionError: when it does not become true; with its last errors.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: no {what} within {seconds:g} s; its errors: {self.errors()[-3:]}")
            await asyncio.sleep(0.1)

    # --- What the exchange says of its account

    def open_orders(self) -> list[Decimal]:
        """The sizes of its open orders."""
        return [order.size for order in self.exchange.open_orders(self.plan.account)]

    def fills(self) -> tuple[books.Fill, ...]:
        """Its fills in the exchange's ledger."""
        return tuple(
            books.Fill(
                tid=str(fill.tid),
                time=fill.time,
                coin=fill.coin,
                side="B" if fill.is_buy else "A",
                price=fill.price,
                size=fill.size,
                fee=fill.fee,
                cloid=fill.cloid or "",
            )
            for fill in self.exchange.fills(self.plan.account)
        )

    def positions(self) -> dict[str, Decimal]:
        """The signed size of each position."""
        account = self.exchange.account(self.plan.account)
        return {position.coin: account.position(position.coin) for position in account.positions}

    # --- What it says itself

    @property
    def output(self) -> Path:
        """What its process prints."""
        return self.home.path / "logs" / "output.log"

    def recorded(self) -> books.BotBooks:
        """Its own database."""
        return books.BotBooks.read(self.home.database(self.name), CONNECTOR)

    def compared(self) -> books.Comparison:
        """Both sets of books."""
        return books.compare(self.recorded().fills, self.fills(), self.positions())

    def errors(self) -> list[str]:
        """The errors of its log, but for the one that is known."""
        logs = (self.home.log(self.name), self.home.log("hummingbot"))
        return [line for log in logs for line in errors_in(log) if FEE_WITHOUT_A_RATE not in line]

    def _point_at(self, broker: Broker) -> None:
        settings = yaml.safe_load(self.home.client_configuration.read_text(encoding="utf-8"))
        settings |= {
            "instance_id": self.name,
            "mqtt_bridge": {
                "mqtt_host": broker.host,
                "mqtt_port": broker.port,
                "mqtt_username": broker.user,
                "mqtt_password": broker.password,
                "mqtt_namespace": NAMESPACE,
                "mqtt_autostart": True,
            },
        }
        self.home.client_configuration.write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.home.client_configuration.chmod(0o600)
