"""The application that the commands are added to, and how a command fails."""

import sys
from typing import Annotated, NoReturn

import typer

# Every command imports what it needs when it runs: `--help` and a typing mistake answer at once.

app = typer.Typer(
    help="Hyperliquid perpetuals for Hummingbot: switch the connector, run and record exchanges, see a demo.",
    epilog="Each command's own --help has examples. --install-completion teaches your shell its commands and options.",
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


def examples(*lines: tuple[str, str]) -> str:
    """The end of a command's help: what can be typed as it stands, each with what it does."""
    # Single line breaks are kept there; so that nothing wraps, what it does has a line of its own.
    return "\n".join(["Examples:", *(f"  {command}\n      {does}" for command, does in lines)])


def fail(message: str) -> NoReturn:
    """Say in one line why a command cannot do it, and end with status 1."""
    print(f"hyperliquid-perpetual: {message}", file=sys.stderr)
    raise typer.Exit(1)


def main() -> None:
    """The entry point of the console script."""
    app()
