"""docs/strategies.md: its code runs; the files for testnet and mainnet are what it says, and Hummingbot takes them."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import OrderState

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.homes.configurations import CONFIGURATIONS
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import eventually, trading_bot
from tests.docs.examples import run_example
from tests.docs.pages import ROOT, blocks_of
from tests.hummingbot.processes import ask_hummingbot

PAGE = ROOT / "docs" / "strategies.md"
TEXT = PAGE.read_text("utf-8")
PLACE, BRACKET, BATCH = [block.text for block in blocks_of(PAGE) if block.language == "python"]
CONF = ROOT / "conf"
MAINNET = sorted((CONF / "mainnet").rglob("*.yml"))

#: Every file through the door that Hummingbot has for its kind, in one process.
LOAD = """
import asyncio, importlib, inspect, json, sys
from pathlib import Path
import yaml
from hummingbot.client.config.config_helpers import (
    create_yml_files_legacy, get_strategy_config_map, load_yml_into_cm_legacy)
from hummingbot.client.settings import AllConnectorSettings
from hummingbot.strategy.strategy_v2_base import StrategyV2ConfigBase
from hummingbot.strategy_v2.controllers.controller_base import ControllerConfigBase

AllConnectorSettings.get_connector_settings()

def config_class(module, base):
    classes = [each for _, each in inspect.getmembers(module, inspect.isclass)
               if issubclass(each, base) and each.__module__ == module.__name__]
    return classes[0]

async def load(path):
    content = yaml.safe_load(path.read_text())
    if path.parent.name == "strategies":
        config_map = get_strategy_config_map(content["strategy"])
        template = Path("hummingbot/templates/conf_perpetual_market_making_strategy_TEMPLATE.yml")
        await load_yml_into_cm_legacy(str(path), str(template), config_map)
        problems = []
        for key, value in config_map.items():
            if key in content and content[key] is not None:
                problem = await value.validate(str(value.value))
                if problem:
                    problems.append(f"{key}: {problem}")
        return problems, sorted(set(content) - set(config_map) - {"template_version"})
    if path.parent.name == "controllers":
        module = importlib.import_module(f"controllers.{content['controller_type']}.{content['controller_name']}")
        model = config_class(module, ControllerConfigBase)
    else:
        module = importlib.import_module("scripts." + content["script_file_name"].removesuffix(".py"))
        model = config_class(module, StrategyV2ConfigBase)
    model(**content)
    return [], sorted(set(content) - set(model.model_fields))

async def main():
    found = {}
    for path in [Path(each) for each in FILES]:
        try:
            found[str(path)] = await load(path)
        except Exception as error:
            found[str(path)] = [[repr(error)], []]
    print("ANSWER " + json.dumps(found))

asyncio.run(main())
"""


def named(path: Path) -> tuple[str, str]:
    """The kind and the name of a file."""
    return path.parent.name, path.name


def test_testnet_is_a_rehearsal_of_mainnet() -> None:
    testnet = sorted((CONF / "testnet").rglob("*.yml"))
    assert [named(path) for path in testnet] == [named(path) for path in MAINNET]
    for there, here in zip(MAINNET, testnet, strict=True):
        content = yaml.safe_load(there.read_text())
        (key,) = {"derivative", "connector_name"} & set(content)
        assert content[key] == "hyperliquid_perpetual"
        assert yaml.safe_load(here.read_text()) == {**content, key: "hyperliquid_perpetual_testnet"}


def test_table_says_of_every_file_what_is_at_stake() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE))
    assert set(rows) == {path.stem for path in MAINNET}
    for path in MAINNET:
        header = " ".join(line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#"))
        assert f"At stake: {rows[path.stem]}." in header, path


@pytest.mark.parametrize("path", MAINNET, ids=lambda path: path.stem)
def test_files_of_mainnet_are_careful(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    assert content["leverage"] <= 2
    stop_loss = content.get("stop_loss_spread") or content.get("stop_loss") or content.get("limit_distance")
    assert 0 < float(stop_loss) <= 1
    quote = content.get("total_amount_quote") or content.get("order_amount_quote") or "0"
    assert Decimal(quote) <= 75
    sandbox = yaml.safe_load((CONF / path.parent.name / path.name).read_text())
    assert list(content) == list(sandbox), "the same settings as on the sandbox, in the same order"


def broken(path: Path, text: str, mistake: str, folder: Path) -> str:
    """A copy of a file with a mistake in it."""
    copy = folder / "broken" / path.parent.name / path.name
    copy.parent.mkdir(parents=True)
    assert text in path.read_text()
    copy.write_text(path.read_text().replace(text, mistake))
    return str(copy)


@pytest.mark.timeout(300)
def test_hummingbot_takes_every_file(tmp_path: Path) -> None:
    home = BotHome.create(tmp_path).path
    for kind in ("controllers", "scripts"):
        for path in (CONF / kind).rglob("*.py"):
            target = home / kind / path.relative_to(CONF / kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            (target.parent / "__init__.py").touch()
    files = [str(path) for network in ("mainnet", "testnet") for path in sorted((CONF / network).rglob("*.yml"))]
    assert len(files) == 2 * len(MAINNET) == 12
    mistakes = [
        broken(
            CONF / "mainnet" / "strategies" / "perpetual_market_making.yml", "leverage: 2", "leverage: many", tmp_path
        ),
        broken(CONF / "mainnet" / "controllers" / "candle_trend.yml", "fast: 5", "fast: 500", tmp_path),
        broken(CONF / "mainnet" / "scripts" / "grid_executor.yml", "step:", "stepp:", tmp_path),
    ]
    loaded = ask_hummingbot(home, LOAD.replace("FILES", repr([*files, *mistakes])))
    assert [path for path, answer in loaded.items() if answer != [[], []]] == mistakes, loaded


def test_place_of_the_files_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    exec(PLACE, {})  # noqa: S102 - our own page
    assert capsys.readouterr().out == f"{CONFIGURATIONS}\n"
    assert (CONFIGURATIONS / "mainnet").is_dir()


async def test_code_for_authors_does_what_the_page_says() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange, trading_bot(exchange=exchange) as bot:
        names: dict[str, Any] = {"Decimal": Decimal, "OrderType": OrderType, "PositionAction": PositionAction}
        names |= {"TradeType": TradeType, "connector": bot.connector, "price": Decimal(bot.price("BTC", "0.98"))}
        await run_example(BRACKET, names)
        bracket = names["bracket"]
        ids = [bracket.entry, bracket.take_profit, bracket.stop_loss]
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in ids))

        sent = len(exchange.requests("/exchange", "order"))
        await run_example(BATCH, names)
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in names["order_ids"]))
        assert len(exchange.requests("/exchange", "order")) == sent + 1, "one request for all five"
