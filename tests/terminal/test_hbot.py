"""The same life by Hummingbot's own command `hbot`, whose JSON programs read: in processes, without a terminal."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE
from tests.hummingbot.processes import hbot

pytestmark = pytest.mark.timeout(300)

DOMAIN = "hyperliquid_perpetual_sandbox"
TERMINAL_PAGE = Path(__file__).resolve().parents[2] / "docs" / "terminal.md"


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    with Sandbox.in_thread(seed=7, market="still") as exchange:
        yield exchange


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = BotHome.create(tmp_path_factory.mktemp("bot"))
    configurations.install(configurations.find("inventory_quotes"), home.path)
    return home.path


def run(home: Path, exchange: SandboxThread, *arguments: str, stdin: str = "") -> str:
    """Runs a command to its end, and returns what it printed."""
    environment = {SANDBOX_URL_VARIABLE: exchange.url, RATES_DOMAIN_VARIABLE: DOMAIN}
    done = hbot(home, *arguments, stdin=stdin, **environment)
    assert done.returncode == 0, f"hbot {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ask(home: Path, exchange: SandboxThread, *arguments: str) -> Any:
    """Runs a command, and reads its JSON."""
    return json.loads(run(home, exchange, *arguments, "--json"))


def test_hbot_connects_creates_starts_shows_stops_and_tells_all_of_it_as_json(
    home: Path, exchange: SandboxThread
) -> None:
    keys = {
        f"{DOMAIN}_mode": "arb_wallet",
        "use_vault": "no",
        f"{DOMAIN}_address": DEMO_ADDRESS,
        f"{DOMAIN}_secret_key": DEMO_PRIVATE_KEY,
    }
    run(home, exchange, "connect", DOMAIN, "--keys-stdin", stdin=json.dumps(keys))
    assets = {row["asset"]: row for row in ask(home, exchange, "balance", DOMAIN)["connectors"][DOMAIN]["assets"]}
    assert assets["USDC"]["total"] == 2 * float(exchange.account().account_value)

    wanted = {"derivative": DOMAIN, "market": "BTC-USD", "leverage": 5, "position_mode": "One-way"}
    wanted |= {"bid_spread": 0.05, "ask_spread": 0.05, "order_refresh_time": 600, "order_amount": 0.002}
    wanted |= {"long_profit_taking_spread": 5, "short_profit_taking_spread": 5, "stop_loss_spread": 5}
    values = [part for name, value in wanted.items() for part in ("--set", f"{name}={value}")]
    run(home, exchange, "create", "perpetual_market_making", "--name", "maker.yml", *values)
    (shown,) = re.findall(r"`hbot (create [^`]*)`", TERMINAL_PAGE.read_text("utf-8"))
    run(home, exchange, *shown.replace("maker.yml", "shown.yml").split())
    assert (home / "conf" / "strategies" / "shown.yml").is_file()
    started = ask(home, exchange, "start", "maker.yml")
    try:
        exchange.until(lambda sandbox: len(sandbox.open_orders(DEMO_ADDRESS)) == 2, 90)
        [bid] = [order for order in exchange.open_orders() if order.is_buy]
        exchange.fill(bid.oid)
        exchange.until(lambda sandbox: [order.reduce_only for order in sandbox.open_orders(DEMO_ADDRESS)] == [True], 30)
        status = ask(home, exchange, "status")
    finally:
        stopped = ask(home, exchange, "stop")
    assert (started["status"], stopped) == ("running", {"stopped": True, "killed": False})
    assert (status["running"], status["strategy"], status["errors"]["count"]) == (True, "perpetual_market_making", 0)
    assert "Positions:" in status["format_status"]
    # A bot that trades has the money of the dexs that it trades on.
    value = float(exchange.account().account_value)
    assert status["balances"][DOMAIN]["USDC"] == pytest.approx(value, rel=1e-4)
    assert not exchange.open_orders()
    # The one command of these that has no JSON.
    [row] = [line for line in run(home, exchange, "history", "maker").splitlines() if "BTC-USD" in line]
    [fill] = exchange.fills()
    assert fill.size == Decimal("0.002")
    assert re.search(r"BTC-USD\W+1\W+1\W+0\W+0\.002\b", row), row
    logs = ask(home, exchange, "logs")
    assert any("completely filled" in json.dumps(line) for line in logs["lines"]), logs
