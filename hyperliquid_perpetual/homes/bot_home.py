"""A bot home: the folder that one Hummingbot runs in, made of links into the installed package.

Hummingbot keeps configuration, logs and databases beside its package directory, which after `pip install` is
`site-packages`. A home of its own is a folder with a `hummingbot/` whose `__init__.py` is a copy (a link would be
resolved back to `site-packages`) and whose other entries are links. Hummingbot started with that folder as working
directory takes it for its installation: several homes are several bots, and nothing is written outside.
"""

import importlib.util
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (
    "conf/connectors",
    "conf/strategies",
    "conf/scripts",
    "conf/controllers",
    "controllers",
    "data",
    "logs",
    "scripts",
)

# Only what differs from Hummingbot's defaults, which would ask Gate.io, Binance, KuCoin, Kraken and a metrics server
# although nothing of theirs is traded. Paper trade over the sandbox's books stands in for a spot exchange where a
# strategy needs one. Hummingbot adds the rest of its settings to the file when it starts.
CLIENT_CONFIGURATION = """\
instance_id: {instance_id}
log_level: INFO
rate_oracle_source:
  name: {rates}
anonymized_metrics_mode: {{}}
send_error_logs: false
paper_trade:
  paper_trade_exchanges: [hyperliquid_perpetual_sandbox]
  paper_trade_account_balance: {{BTC: 1.0, USD: 100000.0}}
"""


class BotHomeError(RuntimeError):
    """The home cannot be made; the message says what to do."""


def find_hummingbot() -> Path:
    """The package directory of the Hummingbot that belongs to the running Python.

    :raises BotHomeError: when there is none.
    """
    spec = importlib.util.find_spec("hummingbot")
    if spec is None or spec.origin is None:
        raise BotHomeError(
            "this Python has no Hummingbot: do it with the one that Hummingbot is installed in"
            " (in a checkout of this package that is .venv, which `make env` builds)"
        )
    return Path(spec.origin).parent


def client_configuration(instance_id: str, rates: str) -> str:
    """Hummingbot's own settings for a bot home.

    :param instance_id: what the bot is called over MQTT.
    :param rates: the connector that prices of the rate oracle come from.
    """
    # As JSON, whatever is in the name of a folder stays one value.
    return CLIENT_CONFIGURATION.format(instance_id=json.dumps(instance_id), rates=rates)


@dataclass(frozen=True)
class BotHome:
    """The paths of one bot home. `create` makes it, or brings it up to date after an upgrade of Hummingbot."""

    path: Path

    @classmethod
    def create(cls, path: Path, hummingbot: Path | None = None, configuration: str | None = None) -> "BotHome":
        """Make the home, or refresh the links of an existing one; configuration, logs and data in it stay.

        :param hummingbot: the package directory to link to; by default the running Python's.
        :param configuration: Hummingbot's own settings, where there are none yet; by default those of the demo.
        :raises BotHomeError: when Hummingbot is missing, or `path` already holds a real Hummingbot.
        """
        source = hummingbot or find_hummingbot()
        home = cls(path.resolve())
        home._link_package(source)
        for folder in FOLDERS:
            (home.path / folder).mkdir(parents=True, exist_ok=True)
        for package in ("controllers", "scripts"):
            # Hummingbot asks where these packages are, which a folder without this file does not know.
            (home.path / package / "__init__.py").touch()
        if not home.client_configuration.exists():
            settings = configuration or client_configuration("hyperliquid-perpetual-demo", "hyperliquid_perpetual")
            home.client_configuration.write_text(settings, encoding="utf-8")
        return home

    @property
    def client_configuration(self) -> Path:
        """Hummingbot's own settings."""
        return self.path / "conf" / "conf_client.yml"

    def database(self, bot_name: str) -> Path:
        """The sqlite file that the bot of this name records its orders and fills in."""
        return self.path / "data" / f"{bot_name}.sqlite"

    def log(self, bot_name: str) -> Path:
        """The log of the bot of this name."""
        return self.path / "logs" / f"logs_{bot_name}.log"

    def _link_package(self, source: Path) -> None:
        package = self.path / "hummingbot"
        if package.exists() and package.resolve() == source.resolve():
            raise BotHomeError(f"{self.path} is where Hummingbot is installed; choose an empty folder for the bot home")
        package.mkdir(parents=True, exist_ok=True)
        wanted = {entry.name: entry for entry in source.iterdir() if entry.name not in ("__init__.py", "__pycache__")}
        for entry in package.iterdir():
            if entry.is_symlink():
                entry.unlink()
            elif entry.name not in ("__init__.py", "__pycache__"):
                raise BotHomeError(f"{package} holds files that are not links; choose an empty folder for the bot home")
        for name, target in wanted.items():
            (package / name).symlink_to(target, target_is_directory=target.is_dir())
        shutil.copyfile(source / "__init__.py", package / "__init__.py")


def bot_environment(extra: dict[str, str]) -> dict[str, str]:
    """The environment a Hummingbot process needs: ours, without what would hide the bot home from it, plus `extra`."""
    hidden = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONHOME", "CONFIG_PASSWORD", "CONFIG_FILE_NAME", "SCRIPT_CONFIG")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**environment, **extra}
