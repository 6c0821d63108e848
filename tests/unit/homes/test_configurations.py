"""Finding the ready configurations, and putting them into a bot home."""

import re
from pathlib import Path

import pytest

from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.configurations import UnknownStrategyError

SANDBOX = "hyperliquid_perpetual_sandbox"


def write(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A conf/ with one configuration of each kind, and one for another network."""
    conf = tmp_path / "conf"
    write(conf, "strategies/quotes.yml", f"# Quotes ETH.\n# More.\nderivative: {SANDBOX}\nmarket: ETH-USD\n")
    write(conf, "strategies/quotes_mainnet.yml", "# Real money.\nderivative: hyperliquid_perpetual\nmarket: ETH-USD\n")
    write(conf, "controllers/pair.yml", f"# Two.\nlegs:\n  - connector_name: {SANDBOX}\n    trading_pair: BTC-USD\n")
    write(conf, "controllers/generic/pair.py", "PAIR = 1\n")
    write(conf, "scripts/both.yml", "controllers_config: [pair.yml]\n")
    write(conf, "scripts/runner.py", "RUNNER = 1\n")
    return conf


def test_those_for_the_sandbox_are_found_with_what_their_first_line_says(folder: Path) -> None:
    found = configurations.all_configurations(folder)

    assert {name: (item.kind, item.description, item.coins) for name, item in found.items()} == {
        "quotes": ("strategies", "Quotes ETH.", ("ETH",)),
        "pair": ("controllers", "Two.", ("BTC",)),
        "both": ("scripts", "V2 script", ("BTC",)),
    }


def test_markets_are_found_under_every_name_that_strategies_give_them(tmp_path: Path) -> None:
    text = f"hedge_connector: {SANDBOX}\nhedge_markets: [BTC-USD, kPEPE-USD]\nspot_market: 'xyz:XYZ100-USD'\n"
    write(tmp_path, "strategies/hedge.yml", text)

    assert configurations.find("hedge", tmp_path).coins == ("BTC", "kPEPE", "xyz:XYZ100")


def test_the_readme_has_a_row_for_each_that_is_ready_to_run() -> None:
    readme = (configurations.CONFIGURATIONS.parent / "README.md").read_text()
    rows = dict(re.findall(r"^\| \[`(\w+)`\]\((conf/[^)]+)\)", readme, re.MULTILINE))

    ready = configurations.all_configurations()
    assert rows == {
        name: str(item.file.relative_to(configurations.CONFIGURATIONS.parent)) for name, item in ready.items()
    }


def test_a_name_may_carry_its_ending(folder: Path) -> None:
    assert configurations.find("pair.yml", folder) == configurations.find("pair", folder)


def test_an_unknown_name_is_answered_with_those_there_are(folder: Path) -> None:
    with pytest.raises(UnknownStrategyError) as caught:
        configurations.find("quotes_mainnet", folder)

    message = str(caught.value)
    assert all(text in message for text in ("'quotes_mainnet'", "quotes", "Quotes ETH.", "pair", "both"))
    assert "Real money" not in message


def test_an_empty_folder_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownStrategyError, match="none"):
        configurations.find("quotes", tmp_path)


def test_two_of_one_name_are_refused(folder: Path) -> None:
    write(folder, "controllers/quotes.yml", f"connector_name: {SANDBOX}\n")

    with pytest.raises(ValueError, match="same name"):
        configurations.all_configurations(folder)


def test_a_file_that_is_not_yaml_is_named(folder: Path) -> None:
    write(folder, "strategies/broken.yml", "a: [1\n")

    with pytest.raises(ValueError, match=r"broken\.yml is not valid YAML"):
        configurations.all_configurations(folder)


def test_a_configuration_arrives_with_the_code_it_needs(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    configurations.install(configurations.find("pair", folder), home)

    assert (home / "conf/controllers/pair.yml").read_text() == (folder / "controllers/pair.yml").read_text()
    assert (home / "controllers/generic/pair.py").read_text() == "PAIR = 1\n"
    assert (home / "scripts/runner.py").read_text() == "RUNNER = 1\n"


def test_the_project_ships_a_v1_and_a_v2_configuration() -> None:
    shipped = configurations.all_configurations()

    assert shipped["perpetual_market_making"].kind == "strategies"
    assert shipped["inventory_quotes"].kind == "controllers"
    for item in shipped.values():
        assert item.coins, f"{item.file} names no trading pair"
        assert item.description != configurations.KINDS[item.kind], f"{item.file} does not say what it does"
