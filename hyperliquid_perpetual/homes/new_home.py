"""A bot home that is ready to be used: Hummingbot's own command in it, and the ready configurations of one network."""

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hyperliquid_perpetual.homes.bot_home import BotHome, BotHomeError, client_configuration, find_hummingbot
from hyperliquid_perpetual.homes.configurations import CONFIGURATIONS, files_for_a_home
from hyperliquid_perpetual.venue.networks import Network

READY_FOR = {
    Network.SANDBOX: CONFIGURATIONS,
    Network.TESTNET: CONFIGURATIONS / "testnet",
    Network.MAINNET: CONFIGURATIONS / "mainnet",
}
# A safe path would keep the home's own Hummingbot out, which is what makes it one.
_HBOT = """\
#!/bin/sh
# Hummingbot's command for the bot that lives in this folder.
unset PYTHONSAFEPATH
cd "$(dirname "$0")" || exit
exec {python} -m hummingbot.cli.main "$@"
"""


@dataclass(frozen=True)
class NewHome:
    """What `make` has made."""

    path: Path
    is_new: bool
    """False for a home that was there, and was brought up to date."""
    files: tuple[Path, ...]
    """Configurations and code that are in it, relative to it."""
    kept: tuple[Path, ...]
    """Those of them that are not as they come, and were left as they are."""

    def configurations(self, kind: str) -> list[str]:
        """The names of the configurations of a kind (`KINDS`)."""
        return [file.stem for file in self.files if file.parent == Path("conf", kind)]


def make(path: Path, network: Network, hummingbot: Path | None = None) -> NewHome:
    """Make a bot home for a network, or bring one up to date; what its user has changed in it stays.

    :param hummingbot: the package directory of Hummingbot; by default the running Python's.
    :raises BotHomeError: when the folder is used for something else, or Hummingbot is missing or too old.
    :raises OSError: when nothing can be written there.
    """
    source = hummingbot or find_hummingbot()
    if not (source / "cli" / "main.py").is_file():
        raise BotHomeError(
            f"the Hummingbot in {source} has no hbot command, which starts the bot of a home; newer releases do"
        )
    is_new = not (path / "hummingbot" / "__init__.py").is_file()
    if is_new and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BotHomeError(f"{path} is there already, and no bot home; choose a new folder")
    home = BotHome.create(path, source, client_configuration(path.resolve().name, network.value))
    command = home.path / "hbot"
    command.write_text(_HBOT.format(python=shlex.quote(sys.executable)), encoding="utf-8")
    command.chmod(0o755)
    files, kept = [], []
    for file, place in files_for_a_home(READY_FOR[network], code=CONFIGURATIONS):
        target = home.path / place
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        elif target.read_bytes() != file.read_bytes():
            kept.append(place)
        files.append(place)
    return NewHome(home.path, is_new, tuple(files), tuple(kept))
