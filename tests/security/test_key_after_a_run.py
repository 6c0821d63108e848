"""A real Hummingbot trades on a sandbox with a key of its own, everything logged; the key is searched for afterwards.

Searched: the home folder with its configuration, logs and databases, what both processes printed, their arguments and
environment while they ran, and all that the sandbox tells of itself.
"""

import asyncio
import contextlib
import io
import json
import os
from pathlib import Path

import aiohttp
import pytest
from rich.console import Console

from hyperliquid_perpetual.demo import runner
from hyperliquid_perpetual.demo.display import Display
from hyperliquid_perpetual.homes import bot_home, configurations
from hyperliquid_perpetual.homes.configurations import CONNECTOR
from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.recording.recorder import Recorder
from hyperliquid_perpetual.sandbox.recording.source import fetch_metadata, source_of
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter
from tests.bot import trading_bot
from tests.hummingbot.features import needs_hbot
from tests.security.canary import ADDRESS, KEY, files_below, found_below, found_in

pytestmark = pytest.mark.timeout(300)

STRATEGY = "position_executor"
SECONDS = 12
KEYS = {
    f"{CONNECTOR}_mode": "arb_wallet",
    "use_vault": "False",
    f"{CONNECTOR}_address": ADDRESS,
    f"{CONNECTOR}_secret_key": KEY,
}


class Watch:
    """What the processes of a run show of themselves while they live."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.seen: dict[str, bytes] = {}
        self.told = b""

    async def run(self) -> None:
        while True:
            self.look()
            await self.ask()
            await asyncio.sleep(0.3)

    def look(self) -> None:
        """Arguments and environment of every process that works below the output folder."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if Path(os.readlink(entry / "cwd")).is_relative_to(self.output):
                    for kind in ("cmdline", "environ"):
                        self.seen[f"{entry.name} {kind}"] = (entry / kind).read_bytes()

    async def ask(self) -> None:
        """Everything that the sandbox of the run says to its page and its operator."""
        log = self.output / "sandbox.log"
        text = log.read_text(errors="replace") if log.is_file() else ""
        url = next((word for word in text.split() if word.startswith("http://127.0.0.1:") and word.count("/") == 2), "")
        if not url:
            return
        paths = ("/", "/sandbox/status", "/sandbox/summary", "/sandbox/faults", f"/sandbox/accounts/{ADDRESS}")
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as http:
                for path in paths:
                    async with http.get(url + path) as response:
                        self.told += await response.read()


@needs_hbot
async def test_run_of_a_real_hummingbot_writes_the_key_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "KEYS", KEYS)
    monkeypatch.setattr(runner, "DEMO_ADDRESS", ADDRESS)
    everything = bot_home.CLIENT_CONFIGURATION.replace("log_level: INFO", "log_level: DEBUG")
    assert everything != bot_home.CLIENT_CONFIGURATION
    monkeypatch.setattr(bot_home, "CLIENT_CONFIGURATION", everything)
    printed = io.StringIO()
    demo = runner.Demo(configurations.find(STRATEGY), SECONDS, tmp_path / "run", Display(Console(file=printed)))
    watch = Watch(tmp_path / "run")
    watching = asyncio.create_task(watch.run())
    try:
        status = await demo.run_to_the_end()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert status == 0, printed.getvalue()

    # It did trade with this key.
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["fills_exchange"] > 0, summary
    connector_file = tmp_path / "run" / "home" / "conf" / "connectors" / f"{CONNECTOR}.yml"
    stored = connector_file.read_text()
    assert f"{CONNECTOR}_secret_key: 7b22" in stored, "Hummingbot stores the key as an encrypted key file"

    names = {path.name for path in files_below(tmp_path)}
    assert {"conf_client.yml", "sandbox.log", "engine.log", "summary.json", connector_file.name} <= names
    assert any(name.endswith(".sqlite") for name in names)
    assert any(name.startswith("logs_") for name in names)
    assert found_below(tmp_path) == {}
    output = capfd.readouterr()
    assert found_in(printed.getvalue() + output.out + output.err) == []
    assert len([name for name in watch.seen if name.endswith("cmdline")]) >= 2, watch.seen.keys()
    assert {name: found for name, data in watch.seen.items() if (found := found_in(data))} == {}
    assert ADDRESS.encode() in watch.told
    assert found_in(watch.told) == []


async def test_sandbox_keeps_the_key_in_no_state_and_no_recording(tmp_path: Path) -> None:
    """The key never leaves the bot; what the exchange writes down cannot have it, state and recording included."""
    async with (
        Sandbox(seed=5, block_ms=0, market="still", state=tmp_path / "state") as exchange,
        trading_bot(
            exchange=exchange, hyperliquid_perpetual_address=ADDRESS, hyperliquid_perpetual_secret_key=KEY
        ) as bot,
    ):
        source = source_of(exchange.url)
        metadata, coins = await fetch_metadata(source, ["BTC"])
        writer, stop = RecordingWriter(tmp_path / "one.hlrec"), asyncio.Event()
        recording = asyncio.create_task(Recorder(writer, source, coins, metadata).run(stop))
        await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.95"))
        bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "1.05"))
        await asyncio.sleep(1)
        stop.set()
        await asyncio.wait_for(recording, 20)
        writer.close()
    written = list(files_below(tmp_path))
    assert {path.name for path in written} >= {"state", "one.hlrec"}
    assert any(ADDRESS.encode() in path.read_bytes() for path in written)
    assert found_below(tmp_path) == {}
