"""The wheel in a clean environment beside Hummingbot, up to an order, and in the environment of a source checkout.

README.md, docs/getting-started.md and docs/migration.md tell what to type; uv stands for pip here, and a wheel of this
checkout for the checkout.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.docs.pages import ALL_BLOCKS
from tests.hummingbot.features import LOCK, needs_the_locked_release
from tests.hummingbot.installation import Installation, ask, build_wheel, clean_environment

pytestmark = [needs_the_locked_release, pytest.mark.timeout(600)]
STARTUP_FILE = "hummingbot_hyperliquid_perpetual.pth"

#: What Hummingbot itself does to get a connector that was chosen by name, and one order with it.
ONE_ORDER = """
import asyncio, importlib, json
from decimal import Decimal
from hummingbot.client.settings import AllConnectorSettings
from hummingbot.core.data_type.common import OrderType, PositionAction

NAME = "hyperliquid_perpetual_sandbox"

async def main():
    setting = AllConnectorSettings.get_connector_settings()[NAME]
    module = importlib.import_module(setting.module_path())
    parameters = setting.conn_init_parameters(trading_pairs=["BTC-USD"], trading_required=True, api_keys={})
    connector = getattr(module, setting.class_name())(**parameters)
    await connector.start_network()
    try:
        async with asyncio.timeout(60):
            while not connector.ready:
                await asyncio.sleep(0.05)
            price = connector.get_price("BTC-USD", False) * Decimal("0.98")
            order_id = connector.buy(
                "BTC-USD", Decimal("0.001"), OrderType.LIMIT, price, position_action=PositionAction.OPEN)
            while (order := connector.in_flight_orders.get(order_id)) is None or order.exchange_order_id is None:
                await asyncio.sleep(0.01)
        state = order.current_state.name
        cancelled = [each.success for each in await connector.cancel_all(10)]
    finally:
        await connector.stop_network()
    print("ANSWER " + json.dumps({"module": type(connector).__module__, "state": state, "cancelled": cancelled}))

asyncio.run(main())
"""

#: Where Hummingbot takes itself to be, and whose connector it gets.
WHERE_AND_WHOSE = """
import importlib, json
from hummingbot import root_path
package = importlib.import_module("hummingbot.connector.derivative.hyperliquid_perpetual")
print("ANSWER " + json.dumps([str(root_path()), package.__name__]))
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of somebody who has conda, whose environment of the name `hummingbot` is the installation's."""
    return tmp_path_factory.mktemp("account")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installation(account: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = account / "miniconda3" / "envs" / "hummingbot"
    folder.parent.mkdir(parents=True)
    made = Installation.create(folder, tmp_path_factory.mktemp("bot"))
    made.install_beside_hummingbot(wheel)
    BotHome.create(made.home, hummingbot=made.packages / "hummingbot")
    return made


@pytest.fixture
def sandbox(installation: Installation) -> Iterator[str]:
    """The URL of a sandbox that runs as it was installed; it must end well."""
    process = subprocess.Popen(
        [installation.folder / "bin" / "hyperliquid-perpetual", "sandbox", "--port", "0", "--market", "still"],
        cwd=installation.home,
        env=clean_environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = next(filter(None, (re.match(r"  REST       (http\S+)", line) for line in process.stdout)), None)
        assert found is not None, f"it did not start: {process.wait(10)}"
        yield found[1]
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
    finally:
        process.kill()
        process.wait()


def test_pages_show_commands_that_are_run_here() -> None:
    shown = [block for block in ALL_BLOCKS if block.tested == f"tests/hummingbot/{Path(__file__).name}"]
    assert {block.page.name for block in shown} == {"README.md", "getting-started.md", "migration.md"}
    run_here = re.compile(
        r"\S+/python -m pip install \S+|(hyperliquid-perpetual|\S+/hyperliquid-perpetual|\S+ -m hyperliquid_perpetual)"
        r" (status|enable|disable)( --hummingbot \S+)?"
    )
    for block in shown:
        assert [line for line in block.lines if not run_here.fullmatch(line)] == [], block


def test_wheel_works_in_a_clean_environment_beside_hummingbot(
    installation: Installation, elsewhere: Installation, sandbox: str
) -> None:
    installation.uv("pip", "check")
    told = json.loads(installation.command("status", "--json"))
    assert (told["is_ours"], told["hummingbot_release"], told["warnings"]) == (True, "20260922", [])
    assert told["package_path"] == str(installation.packages / "hyperliquid_perpetual")
    # `enable` of a Python without Hummingbot: it finds the active one, and has the command there do it.
    enabled = elsewhere.run("enable", CONDA_PREFIX=str(installation.folder))
    assert enabled.returncode == 0, enabled.stdout + enabled.stderr
    assert enabled.stdout.splitlines()[:2] == [
        f"Hummingbot was found in {installation.python}.",
        f"Enabled: already there: {installation.packages / STARTUP_FILE}",
    ]
    assert "perpetual_market_making" in installation.command("demo", "--list")
    traded = ask(installation.python, installation.home, ONE_ORDER, **{SANDBOX_URL_VARIABLE: sandbox})
    assert traded == {
        "module": "hyperliquid_perpetual.hyperliquid_perpetual_derivative",
        "state": "OPEN",
        "cancelled": [True],
    }


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """This package in an environment without Hummingbot, as tools that install commands make them."""
    made = Installation.create(tmp_path_factory.mktemp("tool") / "env", tmp_path_factory.mktemp("anywhere"))
    made.uv("pip", "install", "--quiet", "--constraints", str(LOCK), str(wheel))
    return made


@pytest.fixture
def checkout(installation: Installation, tmp_path: Path) -> Iterator[Path]:
    """Hummingbot as a source checkout: its package in a folder, and a link to that in conda's environment alone."""
    tree = tmp_path / "source"
    stock = installation.packages / "hummingbot"
    shutil.copytree(stock, tree / "hummingbot", copy_function=os.link)
    (tree / "setup").mkdir()
    (tree / "setup" / "environment.yml").write_text("name: hummingbot\nchannels:\n  - conda-forge\n")
    installation.uv("pip", "uninstall", "--quiet", "hummingbot")
    shutil.rmtree(stock, ignore_errors=True)
    # What `conda develop` writes there.
    (installation.packages / "conda.pth").write_text(f"{tree}\n")
    yield tree
    (installation.packages / "conda.pth").unlink()


def test_source_checkout_is_switched_in_the_conda_environment_that_it_uses(
    installation: Installation, elsewhere: Installation, checkout: Path, account: Path
) -> None:
    def connector() -> list[str]:
        found: list[str] = ask(installation.python, checkout, WHERE_AND_WHOSE)
        return found

    def outside(*arguments: str) -> str:
        """The command of the other environment, which knows no more than where the checkout is."""
        process = elsewhere.run(*arguments, "--hummingbot", str(checkout), HOME=str(account))
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    def undo(output: str) -> None:
        """Does what the output says takes it back."""
        (line,) = (line for line in output.splitlines() if line.startswith("To undo: "))
        command = shlex.split(line.removeprefix("To undo: "))
        assert command[0] == str(installation.python)
        subprocess.run(command, cwd=checkout, env=clean_environment({}), check=True, capture_output=True, timeout=180)

    startup_file = installation.packages / STARTUP_FILE
    disabled = outside("disable")
    assert f"removed {startup_file}" in disabled
    assert "now gets the one Hummingbot ships" in disabled
    assert not startup_file.exists()

    undo(disabled)
    assert startup_file.exists()
    assert connector() == [str(checkout), "hyperliquid_perpetual"]
    assert (elsewhere.packages / STARTUP_FILE).exists(), "nothing was switched where the command runs"
