"""`acceptance`: the whole life of orders with small sizes, against a network as it really is."""

from typing import Annotated

import typer

from hyperliquid_perpetual.cli.application import app, examples, fail
from hyperliquid_perpetual.cli.doctor import NetworkName

INTERRUPTED = 130
MONEY = "What is at stake"


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual acceptance --network sandbox", "on this machine, with its ready-made account"),
        ("hyperliquid-perpetual acceptance --network testnet --pair ETH-USD", "with the keys of the environment"),
        (
            "hyperliquid-perpetual acceptance --network mainnet --yes-real-money --max-notional 25",
            "with real money, at most 25 USD of it at a time",
        ),
    )
)
def acceptance(
    network: Annotated[NetworkName, typer.Option(help="The network to trade on.")],
    pair: Annotated[str, typer.Option(help="The market to trade.")] = "BTC-USD",
    max_notional: Annotated[
        str | None,
        typer.Option(
            metavar="USD",
            help="The most that its orders and its position may be worth at any time; 25 unless it is mainnet.",
            rich_help_panel=MONEY,
        ),
    ] = None,
    yes_real_money: Annotated[
        bool,
        typer.Option("--yes-real-money", help="Mainnet alone: yes, trade with real money.", rich_help_panel=MONEY),
    ] = False,
    beside_others: Annotated[
        bool,
        typer.Option(
            "--beside-others",
            help="Run although the account has a position or open orders on the pair; they are left alone.",
            rich_help_panel=MONEY,
        ),
    ] = False,
    seconds: Annotated[float, typer.Option(min=1, max=300, help="How long to measure the book's rhythm.")] = 12,
    step_seconds: Annotated[float, typer.Option(min=1, max=600, help="How long each other step may take.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")] = False,
) -> None:
    """Walk through the life of orders with the smallest sizes there are: pass, fail or skipped for each step.

    Connect, book cadence, place far away, modify, cancel, small fill, close, funding read, reconnect, reconcile; each
    is checked by the connector's events and by what the venue itself says. Its own orders are cancelled and its own
    position is closed at the end, after a failure and after Ctrl-C as well; nothing else of the account is touched.

    The keys come from the environment: HYPERLIQUID_ACCEPTANCE_ADDRESS (the account, not its API wallet),
    HYPERLIQUID_ACCEPTANCE_SECRET_KEY (the key of an API wallet), HYPERLIQUID_ACCEPTANCE_VAULT (if wanted, a vault or
    sub-account). A sandbox needs none.

    Exit status: 0 when no step failed, 1 when one did or the run may not begin, 130 when it was interrupted.
    """
    import asyncio

    from rich.console import Console

    from hyperliquid_perpetual.operations.acceptance.plan import Plan, Refused, checked_notional, take_keys
    from hyperliquid_perpetual.operations.networks import network_named

    chosen = network_named(network)
    try:
        cap = checked_notional(chosen, max_notional, yes_real_money)
        plan = Plan(chosen, take_keys(chosen), pair, cap, seconds, step_seconds, beside_others)
    except Refused as error:
        fail(f"{error}.")
    try:
        from hyperliquid_perpetual.operations.acceptance import display
        from hyperliquid_perpetual.operations.acceptance.run import accept
    except ImportError as error:
        fail(f"this needs a Python with Hummingbot in it ({error}): install it there, or use the Python it runs with.")
    from hyperliquid_perpetual.operations.progress import ProgressBar

    console = Console()
    try:
        with ProgressBar() as bar:
            report = asyncio.run(accept(plan, display.Display(console, bar, is_quiet=as_json)))
    except Refused as error:
        fail(f"{error}.")
    if as_json:
        print(report.as_json())
    else:
        console.print(display.summary(report))
    if report.is_interrupted:
        raise typer.Exit(INTERRUPTED)
    if not report.is_passed:
        raise typer.Exit(1)
