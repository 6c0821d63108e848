"""`doctor`: looks whether a bot can trade from here, and says what to mend."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from hyperliquid_perpetual.cli.application import app, examples, fail


class NetworkName(enum.StrEnum):
    """The networks by the names of the command line."""

    SANDBOX = "sandbox"
    TESTNET = "testnet"
    MAINNET = "mainnet"


ACCOUNT = "Whose account"


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual doctor", "a sandbox on this machine"),
        ("hyperliquid-perpetual doctor --network testnet --address 0x... --agent 0x...", "an account, its API wallet"),
        ("hyperliquid-perpetual doctor --network mainnet --hummingbot-home ~/hummingbot", "the account of stored keys"),
        ("hyperliquid-perpetual doctor --json", "for machines"),
    )
)
def doctor(
    network: Annotated[NetworkName, typer.Option(help="The network to look at.")] = NetworkName.SANDBOX,
    pair: Annotated[str, typer.Option(help="The market whose books, margin and fees are looked at.")] = "BTC-USD",
    seconds: Annotated[float, typer.Option(min=1, max=300, help="How long to listen to its books.")] = 12,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="0x...",
            help="The account (or vault, or sub-account) to look at. No key is needed.",
            rich_help_panel=ACCOUNT,
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="0x...",
            help="The API wallet that signs for it: is it approved, and until when?",
            rich_help_panel=ACCOUNT,
        ),
    ] = None,
    hummingbot_home: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where a bot is started: its stored keys name the account, with the password in HBOT_PASSWORD or"
            " typed in. By default the current folder, when it has conf/connectors.",
            exists=True,
            file_okay=False,
            rich_help_panel=ACCOUNT,
        ),
    ] = None,
    skip_installation: Annotated[
        bool,
        typer.Option("--skip-installation", help="Leave out versions and connectors: Hummingbot is loaded for them."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")] = False,
) -> None:
    """Look whether a bot can trade from here; change nothing, and say what to mend.

    Versions and the connector in use, signatures made in this environment, the way to the venue, its clock and the
    rhythm of its books; and of an account its role and mode, who may sign for it until when, collateral, margin, fees,
    request budget, orders, positions and dust.

    Exit status: 1 when something keeps a bot from trading, otherwise 0.
    """
    import asyncio
    import sys

    from rich.console import Console

    from hyperliquid_perpetual.operations.doctor import display
    from hyperliquid_perpetual.operations.doctor.examination import Plan, examine
    from hyperliquid_perpetual.operations.doctor.findings import Verdict
    from hyperliquid_perpetual.operations.networks import network_named
    from hyperliquid_perpetual.operations.progress import ProgressBar

    def ask_password() -> str:
        return str(typer.prompt("Hummingbot's password", hide_input=True, err=True))

    here = Path.cwd()
    home = hummingbot_home or (here if (here / "conf" / "connectors").is_dir() else None)
    may_ask = sys.stdin.isatty() and sys.stderr.isatty()
    try:
        plan = Plan(
            network_named(network),
            pair,
            address,
            agent,
            home,
            not skip_installation,
            seconds,
            ask_password if may_ask else None,
        )
        with ProgressBar() as progress:
            report = asyncio.run(examine(plan, progress))
    except ValueError as error:
        fail(f"{error}.")
    if as_json:
        print(report.as_json())
    else:
        display.show(report, Console())
    if report.verdict is Verdict.PROBLEM:
        raise typer.Exit(1)
