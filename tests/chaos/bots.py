"""The bots of a run: real Hummingbot processes in homes of their own, killed and started again with the same data."""

import asyncio
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from eth_account import Account

from hyperliquid_perpetual.demo.processes import Child, ChildError
from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.bot_home import BotHome, bot_environment
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE
from tests.chaos.inside.shifted_clock import VARIABLE as SHIFT_VARIABLE
from tests.chaos.plan import DRIVER, Plan

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("inside") / "random_orders.py"
CONNECTOR = configurations.CONNECTOR
PASSWORD = "a password of these tests"
START_SECONDS = 120.0


class Bot:
    """One Hummingbot."""

    def __init__(self, name: str, plan: Plan, folder: Path, url: str, key: str, clock_shift: float) -> None:
        """:param key: the private key of the account that it trades for."""
        self.name = name
        self.address = Account.from_key(key).address
        self.lives = 0
        self._home = BotHome.create(folder / name)
        self._process: Child | None = None
        self._environment = bot_environment(
            {
                "PYTHONPATH": str(ROOT),
                "HBOT_PASSWORD": PASSWORD,
                SANDBOX_URL_VARIABLE: url,
                RATES_DOMAIN_VARIABLE: CONNECTOR,
                SHIFT_VARIABLE: str(clock_shift),
                "CHAOS_SEED": str(plan.seed),
            }
        )
        self._install(key)

    @property
    def home(self) -> Path:
        """Where it lives."""
        return self._home.path

    @property
    def database(self) -> Path:
        """Its trade database."""
        return self._home.database("chaos")

    @property
    def logs(self) -> list[Path]:
        """Its logs, oldest first, and what its process printed."""
        records = sorted((self.home / "logs").glob("logs_chaos.log*"), key=lambda file: file.stat().st_mtime)
        return [*records, self._output]

    @property
    def _output(self) -> Path:
        return self.home / "logs" / "engine.log"

    # --- Lives

    async def start(self) -> None:
        """Start it with the data it has; returns at once."""
        self.lives += 1
        (self.home / "chaos" / "alive.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.chaos.inside.bot_process", "--name", "chaos"]
        self._process = await Child.start(
            f"The {self.name}",
            [*command, "--script-config", "chaos.yml"],
            log=self._output,
            cwd=self.home,
            env={**self._environment, "CHAOS_LIFE": str(self.lives)},
        )

    async def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.signal(signal.SIGKILL)
        await self._process.kill()

    def check(self) -> None:
        """:raises ChildError: when it has ended without having been killed here."""
        assert self._process is not None
        self._process.check()

    async def wait_until_ready(self) -> None:
        """:raises ChildError: when it ends or is not ready in time."""
        await self.answer("alive", START_SECONDS, lambda alive: bool(alive["ready"]))

    async def end(self) -> None:
        """Whatever it does."""
        if self._process is not None:
            await self._process.kill()

    async def wait(self, seconds: float) -> int | None:
        """Its exit status, once it has left by itself; None when it has not in time."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while self._process.running and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return self._process.returncode

    # --- Orders and answers

    def order(self, word: str) -> None:
        """Tell it what to do."""
        (self.home / "chaos" / "order").write_text(word)

    async def answer(self, name: str, seconds: float, good: Any = lambda _: True) -> dict[str, Any]:
        """What it writes down.

        :raises ChildError: when it ends, or has not written it in time.
        """
        file = self.home / "chaos" / f"{name}.json"
        deadline = time.monotonic() + seconds
        last: Any = None
        while time.monotonic() < deadline:
            try:
                last = json.loads(file.read_text())
                if good(last):
                    return dict(last)
            except FileNotFoundError:
                pass
            self.check()
            await asyncio.sleep(0.1)
        raise ChildError(
            f"the {self.name} has not answered ({name}) after {seconds:g} s; last: {last}; see {self.home}"
        )

    def commands(self) -> list[dict[str, Any]]:
        """What the random driver has done, in all of its lives; empty for the other bot."""
        return self._noted("commands.jsonl")

    def events(self) -> list[dict[str, Any]]:
        """What Hummingbot was told about orders, in all of its lives."""
        return self._noted("events.jsonl")

    def _noted(self, name: str) -> list[dict[str, Any]]:
        file = self.home / "chaos" / name
        if not file.exists():
            return []
        lines = file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    # --- What it runs

    def _install(self, key: str) -> None:
        keys = {
            f"{CONNECTOR}_mode": "arb_wallet",
            "use_vault": "False",
            f"{CONNECTOR}_address": self.address,
            f"{CONNECTOR}_secret_key": key,
        }
        (self.home / "chaos").mkdir()
        (self.home / "chaos" / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
        if self.name == DRIVER:
            shutil.copyfile(SCRIPT, self.home / "scripts" / SCRIPT.name)
            content = {"script_file_name": SCRIPT.name, "controllers_config": []}
        else:
            configurations.install(configurations.find("inventory_quotes"), self.home)
            content = {"script_file_name": "v2_with_controllers.py", "controllers_config": ["inventory_quotes.yml"]}
            # One bot's actions go over the socket, as they do unless told otherwise, and the other one's over HTTP.
            over_http = yaml.safe_dump({"all": {"actions_over": "http"}})
            (self.home / "conf" / "hyperliquid_perpetual.yml").write_text(over_http, encoding="utf-8")
        (self.home / "conf" / "scripts" / "chaos.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
