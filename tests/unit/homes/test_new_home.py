"""A bot home that is ready to be used: what is in it, what of it stays, and where none is made."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from hyperliquid_perpetual.homes.bot_home import BotHomeError
from hyperliquid_perpetual.homes.configurations import all_configurations
from hyperliquid_perpetual.homes.new_home import make
from hyperliquid_perpetual.venue.networks import Network


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Something installed that looks like a Hummingbot with the command."""
    folder = tmp_path / "site-packages" / "hummingbot"
    (folder / "cli").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "cli" / "__init__.py").touch()
    (folder / "cli" / "main.py").write_text("import os, sys; print(os.getcwd(), __file__, *sys.argv[1:], sep='\\n')\n")
    return folder


@pytest.mark.parametrize("network", Network)
def test_it_has_the_configurations_of_its_network_alone_and_their_code(
    network: Network, package: Path, tmp_path: Path
) -> None:
    made = make(tmp_path / "bot", network, package)

    assert made.is_new
    assert "perpetual_market_making" in made.configurations("strategies")
    assert "inventory_quotes" in made.configurations("controllers")
    assert "position_executor" in made.configurations("scripts")
    assert (made.path / "controllers" / "market_making" / "inventory_quotes.py").is_file()
    assert (made.path / "scripts" / "v2_with_controllers.py").is_file()
    others = {other.value for other in Network} - {network.value}
    for file in (made.path / "conf").rglob("*.yml"):
        if file.name == "conf_client.yml":
            continue
        values = yaml.safe_load(file.read_text()).values()
        assert others.isdisjoint(value for value in values if isinstance(value, str)), file
    settings = yaml.safe_load((made.path / "conf" / "conf_client.yml").read_text())
    assert settings["rate_oracle_source"] == {"name": network.value}
    assert settings["instance_id"] == "bot"


def test_for_the_sandbox_it_has_all_that_the_demo_runs(package: Path, tmp_path: Path) -> None:
    made = make(tmp_path / "bot", Network.SANDBOX, package)
    for name, configuration in all_configurations().items():
        assert name in made.configurations(configuration.kind)


def test_its_command_is_hummingbots_own_wherever_it_is_called_from(package: Path, tmp_path: Path) -> None:
    made = make(tmp_path / 'a "bot" of mine', Network.SANDBOX, package)
    done = subprocess.run(
        [made.path / "hbot", "status", "--json"],
        cwd="/",
        env=os.environ | {"PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    folder, file, *arguments = done.stdout.splitlines()
    assert folder == str(made.path)
    assert Path(file).resolve() == package / "cli" / "main.py"
    assert arguments == ["status", "--json"]
    assert yaml.safe_load((made.path / "conf" / "conf_client.yml").read_text())["instance_id"] == 'a "bot" of mine'


def test_made_again_it_keeps_what_its_user_has_changed_and_brings_what_is_missing(
    package: Path, tmp_path: Path
) -> None:
    made = make(tmp_path / "bot", Network.SANDBOX, package)
    mine = made.path / "conf" / "strategies" / "hedge.yml"
    mine.write_text("mine: true\n")
    gone = made.path / "conf" / "scripts" / "twap.yml"
    gone.unlink()
    (package / "VERSION").write_text("2")

    again = make(tmp_path / "bot", Network.SANDBOX, package)

    assert not again.is_new
    assert again.kept == (Path("conf/strategies/hedge.yml"),)
    assert mine.read_text() == "mine: true\n"
    assert gone.is_file()
    assert (again.path / "hummingbot" / "VERSION").is_file()


def test_a_folder_that_is_used_for_something_else_is_refused_untouched(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "letter.txt").touch()
    with pytest.raises(BotHomeError, match="no bot home; choose a new folder"):
        make(folder, Network.SANDBOX, package)
    with pytest.raises(BotHomeError, match="no bot home; choose a new folder"):
        make(folder / "letter.txt", Network.SANDBOX, package)
    assert [each.name for each in folder.iterdir()] == ["letter.txt"]


def test_a_hummingbot_without_the_command_is_told_so(package: Path, tmp_path: Path) -> None:
    (package / "cli" / "main.py").unlink()
    with pytest.raises(BotHomeError, match="has no hbot command"):
        make(tmp_path / "bot", Network.SANDBOX, package)
    assert not (tmp_path / "bot").exists()
