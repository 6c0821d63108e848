"""`home`: a folder for a bot, with Hummingbot's own command and ready configurations in it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperliquid_perpetual.cli.application import app, examples, fail
from hyperliquid_perpetual.cli.doctor import NetworkName
from hyperliquid_perpetual.cli.switching import own_command, print_warnings

if TYPE_CHECKING:
    from hyperliquid_perpetual.homes.new_home import NewHome
    from hyperliquid_perpetual.venue.networks import Network


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual home my-bot", "for the sandbox on this machine"),
        ("hyperliquid-perpetual home my-testnet-bot --network testnet", "with the configurations for the testnet"),
        ("hyperliquid-perpetual home my-bot", "once more, after an upgrade of Hummingbot: what you have changed stays"),
    )
)
def home(
    path: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, or a home to bring up to date.")],
    network: Annotated[NetworkName, typer.Option(help="Whose ready configurations go into it.")] = NetworkName.SANDBOX,
) -> None:
    """Make a folder that one bot lives in: configuration, keys, logs, databases, and Hummingbot's command `hbot`.

    For a Hummingbot from pip or uv, which brings no place for them. Several homes are several bots.

    The Hummingbot is the one of this Python; nothing of it is copied or changed.
    """
    from hyperliquid_perpetual.homes.bot_home import BotHomeError
    from hyperliquid_perpetual.homes.new_home import make
    from hyperliquid_perpetual.operations.networks import network_named

    chosen = network_named(network)
    try:
        made = make(path, chosen)
    except BotHomeError as error:
        fail(f"{error}.")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}.")
    _print_home(made, chosen, path)
    _warn_unless_ours(made)


def _print_home(made: "NewHome", network: "Network", path: Path) -> None:
    from hyperliquid_perpetual.homes.configurations import KINDS
    from hyperliquid_perpetual.venue.networks import Network

    print(f"{'Made' if made.is_new else 'Brought up to date:'} {made.path}")
    for kind in KINDS:
        print(f"  conf/{kind:<12} {', '.join(made.configurations(kind)) or 'none'}")
    if made.kept:
        print(f"  left as you have them: {', '.join(map(str, made.kept))}")
    keys = "Enter at each question" if network is Network.SANDBOX else "an API wallet's key: docs/credentials.md"
    steps = [
        (f"cd {path}", ""),
        ("export HBOT_PASSWORD=...", "one of your choice: it locks the keys; without it you are asked"),
        (f"./hbot connect {network.value}", keys),
        ("./hbot start perpetual_market_making.yml", "or start --controller, --v2-script with another name"),
        ("./hbot status", "and logs, history, balance, stop; ./hbot --help"),
    ]
    if network is Network.SANDBOX:
        steps.insert(0, (f"{own_command()} sandbox", "in a terminal of its own"))
    print("Next:")
    for command, what in steps:
        print(f"  {command:<48}  {what}".rstrip())


def _warn_unless_ours(made: "NewHome") -> None:
    """What would keep its Hummingbot from trading with this package's connector."""
    from hyperliquid_perpetual.plugin.status import ProbeError, read_status

    try:
        found = read_status(sys.executable, made.path)
    except ProbeError as error:
        fail(str(error))
    print_warnings(found)
    if not (found.is_ours or found.warnings()):
        message = "Hummingbot uses the connector that it ships: hyperliquid-perpetual enable"
        print(f"Warning: {message}", file=sys.stderr)
