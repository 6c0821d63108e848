"""The doctor's command as a user types it, in Hummingbot's own environment and with keys that Hummingbot has stored."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hummingbot.client.config.config_crypt import ETHKeyFileSecretManger
from hummingbot.client.config.config_helpers import ClientConfigAdapter
from hummingbot.client.config.security import Security
from typer.testing import CliRunner, Result

from hyperliquid_perpetual import cli
from hyperliquid_perpetual import hyperliquid_perpetual_utils as utils
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from hyperliquid_perpetual.venue.signing import Signer

CANARY_KEY = "0x" + "c0ffee" * 10 + "beef"
CANARY = Signer(CANARY_KEY).address
MASTER = "0x" + "5" * 40
PASSWORD = "correct horse canary staple"
DOMAIN = "hyperliquid_perpetual_sandbox"
DAY_MS = 86_400_000

runner = CliRunner()


@pytest.fixture
def exchange() -> Iterator[SandboxThread]:
    with Sandbox.in_thread(seed=1, market="calm", cadence=Cadence(book_ms=300, fast_book_ms=100)) as thread:
        thread.run(lambda sandbox: sandbox.fund(MASTER, 1000))
        thread.run(lambda sandbox: sandbox.approve_agent(MASTER, CANARY, "bot"))
        yield thread


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bot home in which `connect` was answered, as Hummingbot writes it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "conf" / "connectors").mkdir(parents=True)
    config = utils.HyperliquidPerpetualSandboxConfigMap(
        **{
            f"{DOMAIN}_mode": "api_wallet",
            f"{DOMAIN}_address": MASTER,
            f"{DOMAIN}_secret_key": CANARY_KEY,
            "use_vault": "no",
        }
    )
    before, Security.secrets_manager = Security.secrets_manager, ETHKeyFileSecretManger(PASSWORD)
    try:
        text = ClientConfigAdapter(config).generate_yml_output_str_with_comments()
    finally:
        Security.secrets_manager = before
    (folder / "conf" / "connectors" / f"{DOMAIN}.yml").write_text(text)
    return folder


def doctor(exchange: SandboxThread, *arguments: str, **environment: str) -> Result:
    for name in ("HBOT_PASSWORD", "CONFIG_PASSWORD"):
        environment.setdefault(name, "")
    return runner.invoke(
        cli.app,
        ["doctor", "--skip-installation", "--seconds", "1", *arguments],
        env={SANDBOX_URL_VARIABLE: exchange.url, "COLUMNS": "200", **environment},
    )


def findings(result: Result) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(result.stdout)["findings"]}


@pytest.mark.parametrize("variable", ["HBOT_PASSWORD", "CONFIG_PASSWORD"])
def test_stored_keys_name_account_and_signer_and_stay_secret(
    exchange: SandboxThread, home: Path, variable: str
) -> None:
    result = doctor(exchange, "--json", "--hummingbot-home", str(home), **{variable: PASSWORD})
    found = findings(result)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["account"] == MASTER
    assert found["stored keys"]["verdict"] == "ok"
    assert found["signer"]["data"]["signer"] == CANARY
    assert 179 < found["signer"]["data"]["days_left"] <= 180
    for secret in (CANARY_KEY.removeprefix("0x"), PASSWORD):
        assert secret not in result.output


def test_the_table_shows_no_secret_either(exchange: SandboxThread, home: Path) -> None:
    result = doctor(exchange, "--hummingbot-home", str(home), HBOT_PASSWORD=PASSWORD)
    assert CANARY in result.stdout
    assert "c0ffee" not in result.output.replace(CANARY, "")
    assert PASSWORD not in result.output
    assert "\x1b" not in result.stdout, "colour on a terminal only"


def test_a_wrong_password_is_told_without_showing_it(exchange: SandboxThread, home: Path) -> None:
    result = doctor(exchange, "--json", "--hummingbot-home", str(home), HBOT_PASSWORD="not this one, canary")
    found = findings(result)["stored keys"]
    assert result.exit_code == 1
    assert found["verdict"] == "problem"
    assert "password is not the one" in found["detail"]
    assert "canary" not in result.output


def test_without_a_password_the_account_is_skipped(exchange: SandboxThread, home: Path) -> None:
    result = doctor(exchange, "--json", "--hummingbot-home", str(home))
    found = findings(result)["stored keys"]
    assert result.exit_code == 0
    assert found["verdict"] == "skipped"
    assert "HBOT_PASSWORD" in found["fix"]
    assert "--address" in found["fix"]


def test_a_folder_without_keys_for_the_network(exchange: SandboxThread, tmp_path: Path) -> None:
    (tmp_path / "conf" / "connectors").mkdir(parents=True)
    result = doctor(exchange, "--json", "--hummingbot-home", str(tmp_path))
    assert result.exit_code == 0
    assert findings(result)["role"]["verdict"] == "ok", "the sandbox has an account of its own"


def test_a_settings_file_that_cannot_be_used(exchange: SandboxThread, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "settings.yml"
    file.write_text("all: {slipage: 0.01}\n")
    environment = {"HBOT_PASSWORD": PASSWORD, "HYPERLIQUID_PERPETUAL_SETTINGS": str(file)}
    found = findings(doctor(exchange, "--json", "--hummingbot-home", str(home), **environment))["settings"]
    assert found["verdict"] == "problem"
    assert "slipage" in found["detail"]


def test_a_vault_or_sub_account_of_the_settings_file_is_what_is_looked_at(
    exchange: SandboxThread, home: Path, tmp_path: Path
) -> None:
    sub = exchange.run(lambda sandbox: sandbox.create_sub_account(MASTER, "sub", 77))
    file = tmp_path / "settings.yml"
    file.write_text(f"all: {{vault_or_sub_account: '{sub}'}}\n")
    environment = {"HBOT_PASSWORD": PASSWORD, "HYPERLIQUID_PERPETUAL_SETTINGS": str(file)}
    result = doctor(exchange, "--json", "--hummingbot-home", str(home), **environment)
    assert json.loads(result.stdout)["account"] == sub
    assert findings(result)["signer"]["verdict"] == "ok"
    assert findings(result)["collateral, first dex"]["data"]["total"] == "77.0"


def test_an_address_that_is_none_is_one_clear_line(exchange: SandboxThread) -> None:
    result = doctor(exchange, "--address", CANARY_KEY)
    assert result.exit_code == 1
    assert "is this a private key?" in result.stderr
    assert "c0ffee" not in result.output


def test_help_says_what_it_looks_at_and_how_it_ends() -> None:
    text = runner.invoke(cli.app, ["doctor", "--help"], env={"COLUMNS": "160"}).stdout
    for word in ("--network", "--address", "--agent", "--hummingbot-home", "HBOT_PASSWORD", "--json", "Exit status"):
        assert word in text


# ------------------------------------------------------------------------------ the whole command


@pytest.mark.timeout(240)
@pytest.mark.parametrize("plugin", ["1", "0"])
def test_in_this_environment_with_either_connector_in_use(exchange: SandboxThread, plugin: str, tmp_path: Path) -> None:
    """D1: the connector that Hummingbot ships signs wrongly beside msgpack-python, which is tried and not assumed."""
    done = subprocess.run(
        [sys.executable, "-m", "hyperliquid_perpetual", "doctor", "--seconds", "1", "--json"],
        env={**os.environ, SANDBOX_URL_VARIABLE: exchange.url, "HYPERLIQUID_PERPETUAL_PLUGIN": plugin},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=220,
    )
    found = {(finding["section"], finding["name"]): finding for finding in json.loads(done.stdout)["findings"]}
    stock = found["Signatures", "Hummingbot's own connector"]
    assert found["Installation", "Hummingbot"]["data"]["release"] == version("hummingbot")
    assert found["Signatures", "this package"]["verdict"] == "ok"
    assert stock["data"] == {"packer": f"msgpack-python {version('msgpack-python')}", "long_text": "da", "right": False}
    assert "msgpack-python 0.5.6" in stock["detail"]
    if plugin == "0":
        assert found["Installation", "connector in use"]["verdict"] == "warning"
        assert stock["verdict"] == "problem"
        assert "hyperliquid-perpetual enable" in stock["fix"]
        assert done.returncode == 1
    else:
        assert found["Installation", "connector in use"]["data"]["connector"] == "plugin"
        assert stock["verdict"] == "ok"
        assert done.returncode == 0, done.stdout
