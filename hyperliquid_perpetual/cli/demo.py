"""`demo`: a real Hummingbot trades on a sandbox, and their books are compared."""

from pathlib import Path
from typing import Annotated

import typer

from hyperliquid_perpetual.cli.application import app, examples


def _strategies(incomplete: str) -> list[tuple[str, str]]:
    """What the shell offers for a name that was begun."""
    from hyperliquid_perpetual.homes import configurations

    found = configurations.all_configurations()
    return [(name, each.description) for name, each in found.items() if name.startswith(incomplete)]


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual demo", "market making for a minute, and the verdict"),
        ("hyperliquid-perpetual demo --list", "which strategies there are"),
        ("hyperliquid-perpetual demo --strategy grid_executor --seconds 300", "another one, for five minutes"),
    )
)
def demo(
    strategy: Annotated[
        str, typer.Option(help="The configuration in conf/ to run, by name.", autocompletion=_strategies)
    ] = "perpetual_market_making",
    seconds: Annotated[int, typer.Option(min=1, help="How long to trade.")] = 60,
    output: Annotated[Path, typer.Option(file_okay=False, help="Where summary.json goes.")] = Path("build/demo"),
    list_: Annotated[bool, typer.Option("--list", help="Say which configurations there are, and leave.")] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Run them all, each in a folder of its own, and print a table.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="How many run at the same time, with --all.")] = 1,
) -> None:
    """Trade a Hummingbot strategy on a sandbox and compare the bot's books with the exchange's."""
    if list_:
        from hyperliquid_perpetual.homes import configurations

        print(configurations.listing(configurations.all_configurations()))
        return
    if all_:
        from hyperliquid_perpetual.demo import series

        raise typer.Exit(series.run(seconds, output, jobs))
    from hyperliquid_perpetual.demo import runner

    raise typer.Exit(runner.run(strategy, seconds, output))
