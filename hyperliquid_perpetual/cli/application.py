"""The application that the commands are added to, and how a command fails."""

import sys
from typing import Annotated, NoReturn

import typer

# Every command imports what it needs when it runs: `--help` and a typing mistake answer at once.

app = typer.Typer(
    help="Hyperliquid perpetuals for Hummingbot: switch the connector, run and record exchanges, see a demo.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold a private key
)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:
    """Options that stand before a command."""
    if version:
        from hyperliquid_perpetual import __version__

        print(__version__)
        raise typer.Exit


def fail(message: str) -> NoReturn:
    """Say in one line why a command cannot do it, and end with status 1."""
    print(f"hyperliquid-perpetual: {message}", file=sys.stderr)
    raise typer.Exit(1)


def main() -> None:
    """The entry point of the console script."""
    app()
