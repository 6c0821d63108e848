"""Our connector in the place of the one Hummingbot ships, and back again, as real Hummingbot processes see it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.plugin.status import read_status
from tests.hummingbot.features import needs_hbot, needs_the_locked_release
from tests.hummingbot.installation import REPOSITORY, Installation, ask, build_wheel, clean_environment

pytestmark = pytest.mark.timeout(300)  # each process loads the whole of Hummingbot: seconds, and many on a busy machine

STARTUP_FILE = "hummingbot_hyperliquid_perpetual.pth"

#: What a Hummingbot client knows of the connector, asked in the ways the client itself asks.
LOOK = """
import importlib, json, pickle, sys
from hummingbot.client.command.connect_command import OPTIONS
from hummingbot.client.settings import AllConnectorSettings

ROOT = "hummingbot.connector.derivative.hyperliquid_perpetual"
settings = AllConnectorSettings.get_connector_settings()
names = sorted(name for name in settings if name.startswith("hyperliquid_perpetual"))
package = importlib.import_module(ROOT)
module = importlib.import_module(ROOT + ".hyperliquid_perpetual_derivative")
connector = module.HyperliquidPerpetualDerivative
print("ANSWER " + json.dumps({
    "names": names,
    "connectable": sorted(name for name in OPTIONS if name.startswith("hyperliquid_perpetual")),
    "types": {name: settings[name].type.name for name in names},
    "parents": {name: settings[name].parent_name for name in names},
    "domains": {name: settings[name].domain_parameter for name in names},
    "keys": {name: sorted(type(settings[name].config_keys).model_fields) for name in names},
    "package_file": package.__file__,
    "class_module": connector.__module__,
    "pickled_is_same": pickle.loads(pickle.dumps(connector)) is connector,
    "other_connectors": len(settings),
}))
"""

#: The class by both names, in every module that Hummingbot looks for.
BOTH_NAMES = """
import importlib, json
ROOT = "hummingbot.connector.derivative.hyperliquid_perpetual"
modules = ["", *(".hyperliquid_perpetual_" + name for name in (
    "derivative", "api_order_book_data_source", "user_stream_data_source", "auth", "web_utils", "constants", "utils"))]
same = {name: importlib.import_module(ROOT + name) is importlib.import_module("hyperliquid_perpetual" + name)
        for name in modules}
print("ANSWER " + json.dumps(same))
"""

#: Hummingbot's own users of the connector, which build or import it by path.
NEIGHBOURS = """
import asyncio, json
from hummingbot.core.rate_oracle.sources.hyperliquid_perpetual_rate_source import HyperliquidPerpetualRateSource
from hummingbot.data_feed.candles_feed.hyperliquid_perpetual_candles import HyperliquidPerpetualCandles

async def main():
    source = HyperliquidPerpetualRateSource()
    source._ensure_exchange()
    feed = HyperliquidPerpetualCandles("BTC-USD")
    print("ANSWER " + json.dumps({
        "rate_source_builds": type(source._exchange).__module__,
        "candles": type(feed).__module__,
    }))

asyncio.run(main())
"""

#: The connector is loaded first (as `connect`, `balance` or the rate oracle do), then a bot's logging starts.
LOGGING = """
import asyncio, importlib, json, logging, pkgutil
from hummingbot import init_logging
from hummingbot.client.config.config_helpers import create_yml_files_legacy, load_client_config_map_from_file
from hummingbot.logger import NETWORK

ROOT = "hummingbot.connector.derivative.hyperliquid_perpetual"
classes = [
    getattr(importlib.import_module(f"{ROOT}.hyperliquid_perpetual_{module}"), "HyperliquidPerpetual" + name)
    for module, name in (
        ("derivative", "Derivative"),
        ("api_order_book_data_source", "APIOrderBookDataSource"),
        ("user_stream_data_source", "UserStreamDataSource"),
    )
]
trading = importlib.import_module(ROOT + ".trading")
for found in pkgutil.iter_modules(trading.__path__):
    importlib.import_module(f"{ROOT}.trading.{found.name}")
asyncio.run(create_yml_files_legacy())
init_logging("hummingbot_logs.yml", load_client_config_map_from_file(), strategy_file_path="conf_test")

existing = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
ours = [logger for logger in existing if "hyperliquid_perpetual" in logger.name] + [each.logger() for each in classes]
print("ANSWER " + json.dumps({
    "count": len({logger.name for logger in ours}),
    "silenced": sorted({logger.name for logger in ours if logger.disabled}),
    "deaf_to_network": sorted({logger.name for logger in ours if not logger.isEnabledFor(NETWORK)}),
}))
"""


# ------------------------------------------------------------------------------ in the project's own environment


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return BotHome.create(tmp_path_factory.mktemp("home")).path


@pytest.fixture(scope="module")
def seen(home: Path) -> dict[str, Any]:
    """What a Hummingbot process of the project's environment, where the plugin is enabled, sees."""
    answer: dict[str, Any] = ask(sys.executable, home, LOOK)
    return answer


def test_hummingbot_lists_the_connector_with_its_testnet_and_sandbox_domains(seen: dict[str, Any]) -> None:
    names = ["hyperliquid_perpetual", "hyperliquid_perpetual_sandbox", "hyperliquid_perpetual_testnet"]
    assert seen["names"] == names
    assert seen["connectable"] == names
    assert set(seen["types"].values()) == {"Derivative"}
    assert seen["parents"] == {
        "hyperliquid_perpetual": None,
        "hyperliquid_perpetual_sandbox": "hyperliquid_perpetual",
        "hyperliquid_perpetual_testnet": "hyperliquid_perpetual",
    }
    assert seen["domains"] == {
        "hyperliquid_perpetual": None,
        "hyperliquid_perpetual_sandbox": "hyperliquid_perpetual_sandbox",
        "hyperliquid_perpetual_testnet": "hyperliquid_perpetual_testnet",
    }


def test_every_domain_asks_for_its_own_address_and_key(seen: dict[str, Any]) -> None:
    for name, keys in seen["keys"].items():
        assert {f"{name}_address", f"{name}_secret_key"} <= set(keys)


def test_class_comes_from_this_package_and_survives_pickling(seen: dict[str, Any]) -> None:
    assert Path(seen["package_file"]) == REPOSITORY / "hyperliquid_perpetual" / "__init__.py"
    assert seen["class_module"] == "hyperliquid_perpetual.hyperliquid_perpetual_derivative"
    assert seen["pickled_is_same"]


def test_every_module_is_the_same_object_under_both_names(home: Path) -> None:
    same = ask(sys.executable, home, BOTH_NAMES)
    assert len(same) == 8
    assert all(same.values()), same


def test_hummingbots_own_rate_source_builds_ours_and_its_own_candles_still_load(home: Path) -> None:
    answer = ask(sys.executable, home, NEIGHBOURS)
    assert answer["rate_source_builds"] == "hyperliquid_perpetual.hyperliquid_perpetual_derivative"
    assert answer["candles"].startswith("hummingbot.data_feed.candles_feed.hyperliquid_perpetual_candles")


def test_nothing_the_connector_logs_is_lost_when_logging_starts_after_it_was_loaded(home: Path) -> None:
    loggers = ask(sys.executable, home, LOGGING)
    assert loggers["count"] > 3
    assert loggers["silenced"] == []
    assert loggers["deaf_to_network"] == []


def test_kill_switch_gives_hummingbot_its_own_connector(home: Path, seen: dict[str, Any]) -> None:
    stock = ask(sys.executable, home, LOOK, HYPERLIQUID_PERPETUAL_PLUGIN="0")
    assert stock["class_module"].startswith("hummingbot.connector.derivative.hyperliquid_perpetual.")
    assert stock["names"] == ["hyperliquid_perpetual", "hyperliquid_perpetual_testnet"]
    assert stock["other_connectors"] == seen["other_connectors"] - 1


@needs_hbot
def test_hbot_offers_the_sandbox_and_names_its_keys(home: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "hummingbot.cli.main", "connect", "hyperliquid_perpetual_sandbox", "--fields"],
        cwd=home,
        env=clean_environment({"HBOT_PASSWORD": "a password of this test"}),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert process.returncode == 0, process.stderr
    assert "hyperliquid_perpetual_sandbox_address" in process.stdout
    assert "hyperliquid_perpetual_sandbox_secret_key" in process.stdout


def test_unknown_release_gets_a_warning_and_still_runs(tmp_path: Path, seen: dict[str, Any]) -> None:
    home = BotHome.create(tmp_path).path
    metadata = home / "hummingbot-20991231.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: hummingbot\nVersion: 20991231\n")
    status = read_status(hummingbot=home)
    assert status.hummingbot_release == "20991231"
    assert status.is_ours
    assert status.error is None
    assert len(status.warnings()) == 1
    assert "Hummingbot 20991231 has not been tested" in status.warnings()[0]
    assert ask(sys.executable, home, LOOK)["names"] == seen["names"]


# ------------------------------------------------------------------------------ in an installation of its own


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation.create(tmp_path_factory.mktemp("installation") / "env", tmp_path_factory.mktemp("bot"))
    made.install_hummingbot()
    BotHome.create(made.home, hummingbot=made.packages / "hummingbot")
    return made


@needs_the_locked_release
@pytest.mark.timeout(900)
def test_round_trip_stock_ours_stock_ours_with_a_reinstall_of_hummingbot(
    installation: Installation, wheel: Path
) -> None:
    startup_file = installation.packages / STARTUP_FILE
    assert installation.connector() == "stock"
    stock_files = installation.hummingbot_files()

    installation.uv("pip", "install", "--quiet", "--no-deps", str(wheel))
    assert startup_file.is_file()
    assert installation.connector() == "ours"

    assert f"removed {startup_file}" in installation.command("disable")
    assert not startup_file.exists()
    assert installation.connector() == "stock"

    assert f"wrote {startup_file}" in installation.command("enable")
    assert installation.connector() == "ours"

    installation.uv("pip", "uninstall", "--quiet", "hummingbot")
    assert not (installation.packages / "hummingbot" / "__init__.py").exists()
    installation.install_hummingbot()
    BotHome.create(installation.home, hummingbot=installation.packages / "hummingbot")
    assert installation.connector() == "ours"
    told = json.loads(installation.command("status", "--json"))
    assert (told["connector"], told["hummingbot_release"], told["warnings"]) == ("plugin", "20260922", [])
    assert told["connector_path"] == str(installation.packages / "hyperliquid_perpetual")

    installation.uv("pip", "uninstall", "--quiet", "hummingbot-hyperliquid-perpetual")
    assert not startup_file.exists()
    assert installation.connector() == "stock"
    assert installation.hummingbot_files() == stock_files


@needs_the_locked_release
@pytest.mark.timeout(900)
def test_editable_installation_is_switched_by_the_command(installation: Installation) -> None:
    startup_file = installation.packages / STARTUP_FILE
    installation.uv("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(REPOSITORY))
    try:
        assert not startup_file.exists()
        assert json.loads(installation.command("status", "--json"))["connector"] == "built-in"
        installation.command("enable")
        told = json.loads(installation.command("status", "--json"))
        assert told["connector"] == "plugin"
        assert told["connector_path"] == str(REPOSITORY / "hyperliquid_perpetual")
        installation.command("disable")
        assert json.loads(installation.command("status", "--json"))["connector"] == "built-in"
    finally:
        installation.uv("pip", "uninstall", "--quiet", "hummingbot-hyperliquid-perpetual")


@needs_the_locked_release
@pytest.mark.timeout(900)
def test_another_python_is_switched_from_outside(installation: Installation, wheel: Path) -> None:
    startup_file = installation.packages / STARTUP_FILE
    installation.uv("pip", "install", "--quiet", "--no-deps", str(wheel))
    command = [sys.executable, "-m", "hyperliquid_perpetual"]
    place = ["--python", str(installation.folder), "--hummingbot", str(installation.home)]

    def outside(*arguments: str) -> str:
        process = subprocess.run(
            [*command, *arguments, *place], env=clean_environment({}), capture_output=True, text=True, timeout=180
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    try:
        assert f"removed {startup_file}" in outside("disable")
        assert not startup_file.exists()
        assert json.loads(outside("status", "--json"))["connector"] == "built-in"
        assert f"wrote {startup_file}" in outside("enable")
        told = json.loads(outside("status", "--json"))
        assert (told["connector"], told["python"]) == ("plugin", str(installation.python))
    finally:
        installation.uv("pip", "uninstall", "--quiet", "hummingbot-hyperliquid-perpetual")


# ------------------------------------------------------------------------------ what is added to Hummingbot's lists

#: Hummingbot's own lists, and what `config rate_oracle_source` and a saved configuration make of our names.
LISTS = """
import asyncio, json
from hummingbot.client.config.config_helpers import (
    create_yml_files_legacy, load_client_config_map_from_file, save_to_yml)
from hummingbot.client.settings import CLIENT_CONFIG_PATH
from hummingbot.core.rate_oracle.rate_oracle import RATE_ORACLE_SOURCES, RateOracle
from hummingbot.data_feed.candles_feed.candles_factory import CandlesFactory
from hummingbot.client.config import client_config_map

NAMES = ["hyperliquid_perpetual", "hyperliquid_perpetual_testnet", "hyperliquid_perpetual_sandbox"]
feeds = CandlesFactory._candles_map
asyncio.run(create_yml_files_legacy())
chosen = {}
for name in NAMES:
    if name in client_config_map.RATE_SOURCE_MODES:
        config = load_client_config_map_from_file()
        config.rate_oracle_source = name
        save_to_yml(CLIENT_CONFIG_PATH, config)
        again = load_client_config_map_from_file()
        chosen[name] = [again.rate_oracle_source.hb_config.model_config["title"], RateOracle.get_instance().source.name]
print("ANSWER " + json.dumps({
    "candles": {name: feeds[name].__module__ for name in NAMES if name in feeds},
    "rates": {name: RATE_ORACLE_SOURCES[name].__module__ for name in NAMES if name in RATE_ORACLE_SOURCES},
    "others": len(feeds) > 20 and "binance" in RATE_ORACLE_SOURCES,
    "chosen": chosen,
    "loader": type(client_config_map.__spec__.loader).__name__,
}))
"""
OURS = ["hyperliquid_perpetual", "hyperliquid_perpetual_sandbox", "hyperliquid_perpetual_testnet"]


def test_candles_and_rates_of_all_our_networks_are_in_hummingbots_lists(tmp_path: Path) -> None:
    found = ask(sys.executable, BotHome.create(tmp_path).path, LISTS)
    assert sorted(found["candles"]) == sorted(found["rates"]) == sorted(found["chosen"]) == OURS
    assert set(found["candles"].values()) == {"hyperliquid_perpetual.trading.candles_feed"}
    assert set(found["rates"].values()) == {"hyperliquid_perpetual.trading.rate_source"}
    assert found["others"]
    # Chosen, saved, loaded again, and used by the oracle.
    assert found["chosen"] == {name: [name, name] for name in OURS}
    assert found["loader"] == "SourceFileLoader"


def test_switched_off_hummingbots_lists_are_as_it_ships_them(tmp_path: Path) -> None:
    found = ask(sys.executable, BotHome.create(tmp_path).path, LISTS, HYPERLIQUID_PERPETUAL_PLUGIN="0")
    assert list(found["candles"]) == list(found["rates"]) == list(found["chosen"]) == ["hyperliquid_perpetual"]
    assert all(module.startswith("hummingbot.") for module in [*found["candles"].values(), *found["rates"].values()])
