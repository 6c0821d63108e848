"""The operator's command, `hyperliquid-perpetual`: parses, calls, prints."""

import enum
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from hyperliquid_perpetual.plugin.status import Status
    from hyperliquid_perpetual.sandbox.driver import DriverPlan
    from hyperliquid_perpetual.sandbox.faults import FaultPlan

# Every command imports what it needs when it runs: `--help` and a typing mistake answer at once.

app = typer.Typer(
    help="Hyperliquid perpetuals for Hummingbot: switch the connector, run the sandbox exchange, see a demo.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold a private key
)

PythonOption = Annotated[
    Path | None,
    typer.Option(
        "--python",
        metavar="PATH",
        help="Another Python to do this for: its executable, or the folder of its environment.",
    ),
]
HummingbotOption = Annotated[
    Path | None,
    typer.Option(
        "--hummingbot",
        metavar="FOLDER",
        help="The folder Hummingbot is started in, when it is a source checkout or a bot home.",
        exists=True,
        file_okay=False,
    ),
]


class Market(enum.StrEnum):
    """How the sandbox's synthetic traders behave."""

    CALM = "calm"
    TRENDING = "trending"
    WILD = "wild"
    GAPPY = "gappy"
    ILLIQUID = "illiquid"
    STILL = "still"
    EMPTY = "empty"


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:
    """Options that stand before a command."""
    if version:
        from hyperliquid_perpetual import __version__

        print(__version__)
        raise typer.Exit


# ---------------------------------------------------------------------------------- switching the connector


@app.command()
def enable(python: PythonOption = None, hummingbot: HummingbotOption = None) -> None:
    """Let Hummingbot use this package as its hyperliquid_perpetual connector."""
    if python is not None and _is_another(python):
        _delegate(python, "enable", hummingbot)
    from hyperliquid_perpetual.plugin import startup_file

    try:
        path, written = startup_file.enable()
    except OSError as error:
        _fail(f"cannot enable the plugin: {error}. Run this as the user who owns that Python.")
    print(f"Enabled: {'wrote' if written else 'already there:'} {path}")
    print("To undo: hyperliquid-perpetual disable")
    _print_outcome(None, hummingbot)


@app.command()
def disable(python: PythonOption = None, hummingbot: HummingbotOption = None) -> None:
    """Give Hummingbot its own hyperliquid_perpetual connector back."""
    if python is not None and _is_another(python):
        _delegate(python, "disable", hummingbot)
    from hyperliquid_perpetual.plugin import startup_file

    try:
        removed = startup_file.disable()
    except OSError as error:
        _fail(f"cannot disable the plugin: {error}. Run this as the user who owns that Python.")
    for path in removed:
        print(f"Disabled: removed {path}")
    if not removed:
        print("Nothing to do: the plugin was not enabled in this Python.")
    print("To undo: hyperliquid-perpetual enable")
    print(
        "If conf/conf_client.yml names hyperliquid_perpetual_testnet or _sandbox as rate_oracle_source, choose another "
        "one: Hummingbot alone does not know them."
    )
    _print_outcome(None, hummingbot)


@app.command()
def status(
    python: PythonOption = None,
    hummingbot: HummingbotOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")] = False,
) -> None:
    """Say which hyperliquid_perpetual connector Hummingbot uses, and from where.

    Exit status: 0 when Hummingbot was found and the connector it uses loads, otherwise 1.
    """
    found = _read_status(python, hummingbot)
    if as_json:
        print(found.as_json())
    else:
        _print_status(found)
    if found.connector is None or found.error is not None:
        raise typer.Exit(1)


def _read_status(python: Path | None, hummingbot: Path | None) -> "Status":
    from hyperliquid_perpetual.plugin.status import ProbeError, interpreter_at, read_status

    try:
        return read_status(None if python is None else interpreter_at(python), hummingbot)
    except ProbeError as error:
        _fail(str(error))


def _print_status(found: "Status") -> None:
    active = {
        "plugin": f"ours, from {found.connector_path}",
        "built-in": f"the one Hummingbot ships, from {found.connector_path}",
        None: "none",
    }
    if found.switched_off_by_environment:
        plugin = "switched off by HYPERLIQUID_PERPETUAL_PLUGIN"
    else:
        plugin = f"enabled by {found.startup_files[0]}" if found.startup_files else "disabled"
    release = f"{found.hummingbot_release or 'release unknown'}, in {found.hummingbot_path}"
    rows = {
        "Connector": active[found.connector],
        "Offers": ", ".join(found.domains) or "nothing",
        "Plugin": plugin,
        "Hummingbot": release if found.hummingbot_path else "not found",
        "Package": f"{found.package_version or 'version unknown'}, in {found.package_path}"
        if found.package_path
        else "not installed in this Python",
        "Python": f"{found.python_version}, {found.python}",
    }
    for name, value in rows.items():
        print(f"{name:<11} {value}")
    _print_warnings(found)


def _print_outcome(python: Path | None, hummingbot: Path | None) -> None:
    """What a switch has come to, as a fresh process sees it."""
    found = _read_status(python, hummingbot)
    if found.connector is not None:
        which = "the one of this package" if found.connector == "plugin" else "the one Hummingbot ships"
        release = found.hummingbot_release or "(release unknown)"
        print(f"Hummingbot {release} now gets {which}; a bot that is running keeps what it started with.")
    _print_warnings(found)


def _print_warnings(found: "Status") -> None:
    for warning in found.warnings():
        print(f"Warning: {warning}", file=sys.stderr)


def _is_another(python: Path) -> bool:
    from hyperliquid_perpetual.plugin.status import ProbeError, interpreter_at

    try:
        # Not resolved: an environment's python is a link to the one it was made from, and yet another Python.
        return interpreter_at(python) != sys.executable
    except ProbeError as error:
        _fail(str(error))


def _delegate(python: Path, command: str, hummingbot: Path | None) -> NoReturn:
    """Let the other Python do it with the package that is installed there, and end with its exit status."""
    from hyperliquid_perpetual.plugin.status import interpreter_at

    interpreter = interpreter_at(python)
    # -P keeps the current folder out: a checkout we happen to stand in is not what is installed in that Python.
    check = subprocess.run([interpreter, "-P", "-c", "import hyperliquid_perpetual.plugin"], capture_output=True)
    if check.returncode != 0:
        _fail(
            f"{interpreter} does not have this package. Install it there first:"
            f" {interpreter} -m pip install hummingbot-hyperliquid-perpetual"
        )
    folder = [] if hummingbot is None else ["--hummingbot", str(hummingbot)]
    raise typer.Exit(subprocess.run([interpreter, "-P", "-m", "hyperliquid_perpetual", command, *folder]).returncode)


# ---------------------------------------------------------------------------------- sandbox and demo


@app.command()
def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 3001,
    seed: Annotated[int | None, typer.Option(help="Makes the synthetic traders repeatable.")] = None,
    market: Annotated[
        Market, typer.Option(help="How the synthetic traders behave, see docs/traders.md.")
    ] = Market.CALM,
    markets: Annotated[
        int | None,
        typer.Option(
            min=1, max=200, help="List so many markets instead of the standard ones, the busiest first.", metavar="N"
        ),
    ] = None,
    deposit: Annotated[str, typer.Option(help="USDC that an address owns when it first signs.")] = "100000",
    quirk: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="How to behave where the venue's documentation leaves it open, see docs/unconfirmed.md; repeatable.",
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAULT",
            help='Something that goes wrong, such as "drop_reply kind=order next=3", see docs/faults.md; repeatable.',
        ),
    ] = None,
    faults: Annotated[Path | None, typer.Option(metavar="FILE", help="A TOML file of what goes wrong when.")] = None,
    random_faults: Annotated[
        int | None, typer.Option(metavar="SEED", help="Let faults of all kinds happen at random, repeatable by seed.")
    ] = None,
    fault_rate: Annotated[float, typer.Option(help="Random faults a minute.")] = 6,
    list_faults: Annotated[
        bool, typer.Option("--list-faults", help="Say which faults there are and what they take, and leave.")
    ] = False,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play a recording instead of synthetic traders.", dir_okay=False)
    ] = None,
    speed: Annotated[float, typer.Option(help="With --replay: how many times faster than it was recorded.")] = 1,
    loop: Annotated[bool, typer.Option("--loop", help="With --replay: begin again at the end.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="With --replay: play a damaged recording as far as it can be read.")
    ] = False,
    mirror: Annotated[
        str | None,
        typer.Option(metavar="mainnet|testnet|URL", help="Follow a live venue's public streams: real paper trading."),
    ] = None,
    coins: Annotated[str | None, typer.Option(metavar="BTC,ETH", help="With --mirror: the coins to follow.")] = None,
    queue: Annotated[
        str,
        typer.Option(
            metavar="pessimistic|proportional|optimistic",
            help="With --replay and --mirror: who in a queue cancels, those before your order or those behind it.",
        ),
    ] = "proportional",
) -> None:
    """Run a local exchange that speaks Hyperliquid's protocol, until Ctrl-C."""
    from decimal import Decimal, InvalidOperation

    if list_faults:
        from hyperliquid_perpetual.sandbox.faults.listing import listing

        print(*listing(), sep="\n")
        return
    try:
        amount = Decimal(deposit)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        _fail(f"--deposit {deposit}: give an amount of USDC of 0 or more, for example 100000.")
    from hyperliquid_perpetual.sandbox import serve
    from hyperliquid_perpetual.sandbox.engine.quirks import quirks_of

    quirks = {name: value for name, _, value in (chosen.partition("=") for chosen in quirk or ())}
    try:
        quirks_of(quirks)
    except ValueError as error:
        _fail(f"--quirk: {error}.")
    if (replay is not None or mirror is not None) and (markets is not None or market is not Market.CALM):
        _fail("--market and --markets are about synthetic traders, whom --replay and --mirror replace.")
    plan = _fault_plan(fault or [], faults, random_faults, fault_rate)
    serve.run(
        host=host,
        port=port,
        seed=seed,
        market=market.value,
        deposit=amount,
        quirks=quirks,
        markets=markets,
        fault_plan=plan,
        driver=_outside(replay, speed, loop, partial, mirror, coins, queue),
    )


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
        _fail(f"{option}: {error}.")


def _outside(
    replay: Path | None, speed: float, loop: bool, partial: bool, mirror: str | None, coins: str | None, queue: str
) -> "DriverPlan | None":
    """What moves the sandbox's market instead of synthetic traders, None when nothing does."""
    if replay is not None and mirror is not None:
        _fail("give --replay or --mirror, not both.")
    of_replay = {"--speed": speed != 1, "--loop": loop, "--partial": partial}
    strays = {name: "--replay" for name, given in of_replay.items() if given and replay is None}
    if coins is not None and mirror is None:
        strays["--coins"] = "--mirror"
    if queue != "proportional" and replay is None and mirror is None:
        strays["--queue"] = "--replay or --mirror"
    for name, of in strays.items():
        _fail(f"{name} belongs to {of}, which is not given.")
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
            _fail(f"{error.filename}: {error.strerror}")
        _fail(f"{error}.")


def _coins(text: str | None) -> list[str] | None:
    return None if text is None else [coin.strip() for coin in text.split(",") if coin.strip()]


@app.command()
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="A new file, or one that goes on.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="sandbox|testnet|mainnet|URL",
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


@app.command()
def demo(
    strategy: Annotated[
        str, typer.Option(help="The configuration in conf/ to run, by name.")
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
        from hyperliquid_perpetual.demo import configurations

        print(configurations.listing(configurations.all_configurations()))
        return
    if all_:
        from hyperliquid_perpetual.demo import series

        raise typer.Exit(series.run(seconds, output, jobs))
    from hyperliquid_perpetual.demo import runner

    raise typer.Exit(runner.run(strategy, seconds, output))


def _fail(message: str) -> NoReturn:
    print(f"hyperliquid-perpetual: {message}", file=sys.stderr)
    raise typer.Exit(1)


def main() -> None:
    """The entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
