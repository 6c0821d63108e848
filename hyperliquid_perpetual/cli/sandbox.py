"""`sandbox` and `record`: the exchange as a program, and recordings for it to play."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperliquid_perpetual.cli.application import app, examples, fail

if TYPE_CHECKING:
    from decimal import Decimal

    from hyperliquid_perpetual.sandbox.driver import DriverPlan
    from hyperliquid_perpetual.sandbox.faults import FaultPlan


class Market(enum.StrEnum):
    """How the sandbox's synthetic traders behave."""

    CALM = "calm"
    TRENDING = "trending"
    WILD = "wild"
    GAPPY = "gappy"
    ILLIQUID = "illiquid"
    STILL = "still"
    EMPTY = "empty"


MARKET, OUTSIDE, FAULTS, ACCOUNTS = (
    "Who trades there",
    "Another venue's market",
    "What goes wrong",
    "Accounts and state",
)


def _faults(incomplete: str) -> list[tuple[str, str]]:
    """The kinds of faults that the shell offers for one that was begun."""
    from hyperliquid_perpetual.sandbox.faults import KINDS

    return [(name, kind.does) for name, kind in KINDS.items() if name.startswith(incomplete)]


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual sandbox", "calm markets, and an account whose key is printed"),
        ("hyperliquid-perpetual sandbox --market wild --seed 7", "rough markets, the same again every time"),
        ("hyperliquid-perpetual sandbox --state paper.state", "goes on tomorrow where it stopped"),
        ('hyperliquid-perpetual sandbox --fault "drop_reply kind=order next=3"', "three orders get no answer"),
        ("hyperliquid-perpetual sandbox --mirror mainnet --coins BTC,ETH", "your orders in the real books, on paper"),
    )
)
def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 3001,
    quirk: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="How to behave where the venue's documentation leaves it open (docs/unconfirmed.md); repeatable.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Makes the synthetic traders repeatable.", rich_help_panel=MARKET)
    ] = None,
    market: Annotated[
        Market | None,
        typer.Option(
            help="How the synthetic traders behave (docs/traders.md): calm, unless a state file says otherwise.",
            rich_help_panel=MARKET,
        ),
    ] = None,
    markets: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=200,
            metavar="N",
            help="List so many markets instead of the standard ones, the busiest first.",
            rich_help_panel=MARKET,
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            metavar="mainnet|testnet|URL",
            help="Follow a live venue's public streams: real paper trading (docs/recordings.md).",
            rich_help_panel=OUTSIDE,
        ),
    ] = None,
    coins: Annotated[
        str | None,
        typer.Option(metavar="BTC,ETH", help="With --mirror: the coins to follow.", rich_help_panel=OUTSIDE),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Play a recording that the command record has made.",
            dir_okay=False,
            rich_help_panel=OUTSIDE,
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(help="With --replay: how many times faster than it was recorded.", rich_help_panel=OUTSIDE),
    ] = 1,
    loop: Annotated[
        bool, typer.Option("--loop", help="With --replay: begin again at the end.", rich_help_panel=OUTSIDE)
    ] = False,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="With --replay: play a damaged recording as far as it can be read.",
            rich_help_panel=OUTSIDE,
        ),
    ] = False,
    queue: Annotated[
        str,
        typer.Option(
            metavar="pessimistic|proportional|optimistic",
            help="With either: who in a queue cancels, those before your order or those behind it.",
            rich_help_panel=OUTSIDE,
        ),
    ] = "proportional",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAULT",
            autocompletion=_faults,
            help='Something that goes wrong, such as "drop_reply kind=order next=3" (docs/faults.md); repeatable.',
            rich_help_panel=FAULTS,
        ),
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A TOML file of what goes wrong when.", rich_help_panel=FAULTS),
    ] = None,
    random_faults: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            help="Let faults of all kinds happen at random, repeatable by seed.",
            rich_help_panel=FAULTS,
        ),
    ] = None,
    fault_rate: Annotated[
        float, typer.Option(help="With --random-faults: how many a minute.", rich_help_panel=FAULTS)
    ] = 6,
    list_faults: Annotated[
        bool,
        typer.Option(
            "--list-faults", help="Say which faults there are and what they take, and leave.", rich_help_panel=FAULTS
        ),
    ] = False,
    deposit: Annotated[
        str,
        typer.Option(
            help="What a new address owns on each dex, in its collateral, once a client asks about it.",
            rich_help_panel=ACCOUNTS,
        ),
    ] = "100000",
    allowance: Annotated[
        int,
        typer.Option(
            min=0,
            help="Requests that an account may send before it has traded, as on the venue; 0 for no limit.",
            rich_help_panel=ACCOUNTS,
        ),
    ] = 10_000,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep everything in this file and go on from there next time (docs/state.md).",
            rich_help_panel=ACCOUNTS,
        ),
    ] = None,
) -> None:
    """Run a local exchange that speaks Hyperliquid's protocol, until Ctrl-C.

    Point any client of Hyperliquid at http://127.0.0.1:3001, and a browser at the same address.

    Without options it has markets with traders in them and a funded account, whose key it prints.
    """
    if list_faults:
        from hyperliquid_perpetual.sandbox.faults.listing import listing

        print(*listing(), sep="\n")
        return
    amount = _deposit(deposit)
    from hyperliquid_perpetual.sandbox import serve
    from hyperliquid_perpetual.sandbox.engine.quirks import quirks_of

    quirks = {name: value for name, _, value in (chosen.partition("=") for chosen in quirk or ())}
    try:
        quirks_of(quirks)
    except ValueError as error:
        fail(f"--quirk: {error}.")
    if (replay is not None or mirror is not None) and (markets is not None or market is not None):
        fail("--market and --markets are about synthetic traders, whom --replay and --mirror replace.")
    plan = _fault_plan(fault or [], faults, random_faults, fault_rate)
    serve.run(
        host=host,
        port=port,
        seed=seed,
        market=None if market is None else market.value,
        deposit=amount,
        allowance=allowance or None,
        quirks=quirks,
        markets=markets,
        fault_plan=plan,
        state=state,
        driver=_outside(replay, speed, loop, partial, mirror, coins, queue),
    )


def _deposit(text: str) -> "Decimal":
    from decimal import Decimal, InvalidOperation

    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        fail(f"--deposit {text}: give an amount of USDC of 0 or more, for example 100000.")
    return amount


def _fault_plan(lines: list[str], file: Path | None, seed: int | None, rate: float) -> "FaultPlan | None":
    """What the options say is to go wrong; None when nothing is."""
    from hyperliquid_perpetual.sandbox.faults import FaultPlan, RandomFaults

    if not lines and file is None and seed is None:
        return None
    option = "--faults"
    try:
        plan = FaultPlan() if file is None else FaultPlan.from_file(file)
        option = "--fault"
        plan += FaultPlan.from_lines(lines)
        option = "--random-faults"
        return plan if seed is None else plan + FaultPlan(random=RandomFaults(seed, rate))
    except ValueError as error:
        fail(f"{option}: {error}.")


def _outside(
    replay: Path | None, speed: float, loop: bool, partial: bool, mirror: str | None, coins: str | None, queue: str
) -> "DriverPlan | None":
    """What moves the sandbox's market instead of synthetic traders, None when nothing does."""
    if replay is not None and mirror is not None:
        fail("give --replay or --mirror, not both.")
    of_replay = {"--speed": speed != 1, "--loop": loop, "--partial": partial}
    strays = {name: "--replay" for name, given in of_replay.items() if given and replay is None}
    if coins is not None and mirror is None:
        strays["--coins"] = "--mirror"
    if queue != "proportional" and replay is None and mirror is None:
        strays["--queue"] = "--replay or --mirror"
    for name, of in strays.items():
        fail(f"{name} belongs to {of}, which is not given.")
    if replay is None and mirror is None:
        return None
    import asyncio

    from hyperliquid_perpetual.sandbox.following.mirror import MirrorPlan
    from hyperliquid_perpetual.sandbox.following.replay import ReplayPlan
    from hyperliquid_perpetual.sandbox.recording.source import SourceError

    try:
        if replay is not None:
            return ReplayPlan(replay, speed=speed, loop=loop, queue=queue, partial=partial)
        assert mirror is not None
        return asyncio.run(MirrorPlan.of(mirror, _coins(coins), queue))
    except (OSError, SourceError, ValueError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            fail(f"{error.filename}: {error.strerror}")
        fail(f"{error}.")


def _coins(text: str | None) -> list[str] | None:
    return None if text is None else [coin.strip() for coin in text.split(",") if coin.strip()]


def _sources(incomplete: str) -> list[str]:
    return [name for name in ("sandbox", "testnet", "mainnet") if name.startswith(incomplete)]


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual record btc.hlrec --from mainnet --coins BTC", "until Ctrl-C"),
        ("hyperliquid-perpetual record btc.hlrec --show", "what is in it"),
        ("hyperliquid-perpetual sandbox --replay btc.hlrec --speed 10", "play it"),
    )
)
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="A new file, or one that goes on.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="sandbox|testnet|mainnet|URL",
            autocompletion=_sources,
            help="Whose public streams to record; the sandbox by default, for a file that goes on its own source.",
        ),
    ] = None,
    coins: Annotated[
        str | None, typer.Option(metavar="BTC,ETH,xyz:TSLA", help="Which coins; by default a few that many trade.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="How long; until Ctrl-C by default.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Print what is in FILE, and leave.")] = False,
) -> None:
    """Record the public streams of a venue into a file that `sandbox --replay` plays."""
    from hyperliquid_perpetual.sandbox.recording import command

    raise typer.Exit(command.show(file) if show else command.run(file, source, _coins(coins), seconds))
