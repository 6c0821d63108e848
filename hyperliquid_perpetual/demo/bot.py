"""A real Hummingbot, run headless in its bot home by its own `hbot` commands."""

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hyperliquid_perpetual.demo.bot_log import errors_in
from hyperliquid_perpetual.demo.processes import Child, ChildError, run
from hyperliquid_perpetual.homes.bot_home import BotHome, bot_environment
from hyperliquid_perpetual.homes.configurations import CONNECTOR, Configuration
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE

HBOT = "hummingbot.cli.main"
COMMAND_SECONDS = 60.0
START_SECONDS = 180.0
STOP_SECONDS = 60.0
SHOWN_ERRORS = 3


class Bot:
    """One Hummingbot: connected, started, asked for its state, stopped."""

    def __init__(self, home: BotHome, configuration: Configuration, exchange_url: str, exchange: Child) -> None:
        self.home = home
        self._exchange = exchange
        self.configuration = configuration
        # The keystore of a throw-away home: a password nobody has to know, which never leaves the environment.
        password = secrets.token_urlsafe(16)
        # The rate oracle knows Hyperliquid only as mainnet; here its prices come from the sandbox, too.
        self._environment = bot_environment(
            {
                "HBOT_PASSWORD": password,
                SANDBOX_URL_VARIABLE: exchange_url,
                RATES_DOMAIN_VARIABLE: CONNECTOR,
            }
        )
        self._engine: Child | None = None

    @property
    def name(self) -> str:
        """What Hummingbot calls this bot in its file names."""
        return self.configuration.name.replace(".", "_")

    @property
    def database(self) -> Path:
        """Its trade database."""
        return self.home.database(self.name)

    @property
    def log(self) -> Path:
        """Its log."""
        return self.home.log(self.name)

    @property
    def output(self) -> Path:
        """What its process printed outside of its log: failures before logging begins, and uncaught errors."""
        return self.home.path / "logs" / "engine.log"

    async def connect(self, keys: dict[str, str]) -> None:
        """Store the connector's credentials, as a user would with `hbot connect`.

        :raises ChildError: with Hummingbot's own words when it refuses them.
        """
        await run(
            [sys.executable, "-m", HBOT, "connect", CONNECTOR, "--keys-stdin"],
            cwd=self.home.path,
            env=self._environment,
            stdin=json.dumps(keys),
            timeout=COMMAND_SECONDS,
        )

    async def start(self) -> None:
        """Start the strategy, as `hbot start --foreground` does in a container, and wait until it runs.

        :raises ChildError: when it ends or does not start in time.
        """
        self._engine = await Child.start(
            "Hummingbot",
            [sys.executable, "-m", HBOT, "start", self.configuration.file.name, "--foreground"],
            log=self.output,
            cwd=self.home.path,
            env=self._environment,
        )
        await self._until(lambda: self._snapshot() is not None, START_SECONDS, "did not start its strategy")

    async def wait_until_ready(self) -> None:
        """Wait until its connector calls itself ready.

        :raises ChildError: when it ends, or is not ready in time; the message names what is missing.
        """
        await self._until(self._is_ready, START_SECONDS, "has a connector that is not ready to trade", poke=True)

    def check(self) -> None:
        """:raises ChildError: when it or its exchange has ended."""
        self._exchange.check()
        if self._engine is not None:
            self._engine.check()

    async def stop(self) -> bool:
        """Stop as `hbot stop` does: SIGTERM, upon which Hummingbot cancels its orders and leaves.

        :return: whether it left by itself in time; if not, it was killed.
        """
        return self._engine is None or await self._engine.stop(STOP_SECONDS)

    async def kill(self) -> None:
        """End it at once."""
        if self._engine is not None:
            await self._engine.kill()

    async def _until(self, condition: Callable[[], bool], seconds: float, what: str, *, poke: bool = False) -> None:
        assert self._engine is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    self.check()
                    if condition():
                        return
                    if poke:
                        # Hummingbot writes its status when asked to; it listens once the first one is there.
                        self._engine.signal(signal.SIGUSR1)
                    await asyncio.sleep(0.2)
        last = "\n".join(["Its last errors:", *errors[-SHOWN_ERRORS:]]) if (errors := errors_in(self.log)) else ""
        raise ChildError(f"Hummingbot {what} after {seconds:g} s; see {self.log} and {self.output}. {last}".rstrip())

    def _snapshot(self) -> dict[str, Any] | None:
        file = self.home.path / "data" / "bot" / "status.json"
        try:
            snapshot = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return snapshot if isinstance(snapshot, dict) and snapshot.get("engine") else None

    def _is_ready(self) -> bool:
        snapshot = self._snapshot() or {}
        connector = snapshot["engine"].get("connectors", {}).get(CONNECTOR, {}) if snapshot else {}
        return bool(connector.get("ready"))
