"""A bot's process: Hummingbot's own headless engine, with somebody beside it who tells it to be quiet, looks at what it
believes, and counts what it leaves behind.

The parent writes one word into `chaos/order` of the bot's home: `quiet` (stop trading, and tell when all is settled),
`look` (write down what Hummingbot believes), `leave` (cancel everything, stop like `hbot stop`, count what is left).
"""

from tests.chaos.inside import shifted_clock

shifted_clock.install()

import asyncio  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from hummingbot.cli import engine  # noqa: E402
from hummingbot.cli.password import unlock_keystore  # noqa: E402
from hummingbot.client.config.config_helpers import ClientConfigAdapter  # noqa: E402
from hummingbot.client.config.security import Security  # noqa: E402
from hummingbot.client.settings import AllConnectorSettings  # noqa: E402

from tests.chaos.inside import leftovers, view  # noqa: E402
from tests.chaos.inside.events import Events  # noqa: E402

CONNECTOR = "hyperliquid_perpetual_sandbox"
FOLDER = Path("chaos")
SETTLE_SECONDS = 180.0
SETTLED_FOR_SECONDS = 2.0
CANCEL_SECONDS = 60.0
STOP_SECONDS = 60.0


async def serve(hb: Any, name: str) -> None:
    """In place of the engine's loop that waits for a signal: waits for orders."""
    connector = hb.trading_core.connector_manager.connectors[CONNECTOR]
    events = Events(connector, FOLDER / "events.jsonl")
    await engine._write_snapshot(hb, name, running=True)
    await _until(lambda: order() in ("quiet", "look", "leave"), connector)
    quiet_since = time.time()
    await _be_quiet(hb)
    settled = await _settled(connector, quiet_since)
    tell("settled", settled)
    await _until(lambda: order() in ("look", "leave"), connector)
    tell("view", view.of(connector))
    await _until(lambda: order() == "leave", connector)
    await _cancel_everything(connector)
    tell("last_view", view.of(connector))
    async with asyncio.timeout(STOP_SECONDS):
        await hb.stop_loop()
        await hb.trading_core.shutdown()
    tell("left", await leftovers.count(connector))
    del events


def order() -> str:
    """What the parent wants."""
    try:
        return (FOLDER / "order").read_text().strip()
    except FileNotFoundError:
        return ""


def tell(name: str, content: Any) -> None:
    """Write down an answer in one step."""
    draft = FOLDER / f".{name}.{os.getpid()}"
    draft.write_text(json.dumps(content, indent=2, default=str))
    draft.replace(FOLDER / f"{name}.json")


async def _until(condition: Callable[[], bool], connector: Any) -> None:
    while not condition():
        tell("alive", {"pid": os.getpid(), "ready": connector.ready, "orders": len(connector.in_flight_orders)})
        await asyncio.sleep(0.25)


async def _be_quiet(hb: Any) -> None:
    strategy = hb.trading_core.strategy
    if strategy.controllers:
        await strategy.on_stop()
    # A script without controllers reads the order itself, and leaves its orders where they are.


async def _settled(connector: Any, quiet_since: float) -> dict[str, Any]:
    """Waits until nothing is on its way any more and the account was reconciled since it became quiet."""
    began = time.monotonic()
    good_since: float | None = None
    while time.monotonic() - began < SETTLE_SECONDS:
        unsettled = view.unsettled(connector, quiet_since)
        tell("alive", {"pid": os.getpid(), "ready": connector.ready, "unsettled": unsettled})
        if unsettled:
            good_since = None
        elif good_since is None:
            good_since = time.monotonic()
        elif time.monotonic() - good_since >= SETTLED_FOR_SECONDS:
            return {"settled": True, "seconds": time.monotonic() - began}
        await asyncio.sleep(0.1)
    return {"settled": False, "why": view.unsettled(connector, quiet_since)}


async def _cancel_everything(connector: Any) -> None:
    deadline = time.monotonic() + CANCEL_SECONDS
    while connector.in_flight_orders and time.monotonic() < deadline:
        await connector.cancel_all(10)
        await asyncio.sleep(0.5)


def _store_keys() -> None:
    """What `hbot connect` does, in the process that is there anyway."""
    if Security.connector_config_file_exists(CONNECTOR):
        return
    config = ClientConfigAdapter(AllConnectorSettings.get_connector_config_keys(CONNECTOR))
    unlock_keystore(os.environ["HBOT_PASSWORD"])
    for name, value in json.loads((FOLDER / "keys.json").read_text()).items():
        setattr(config, name, value)
    Security.update_secure_config(config)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    _store_keys()
    engine._serve = serve
    sys.argv[0] = "hummingbot.cli.engine"
    engine.main()
