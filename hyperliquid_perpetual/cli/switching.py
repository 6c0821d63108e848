"""`enable`, `disable`, `status`: which connector a Hummingbot uses."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from hyperliquid_perpetual.cli.application import app, fail

if TYPE_CHECKING:
    from hyperliquid_perpetual.plugin.status import Status

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


@app.command()
def enable(python: PythonOption = None, hummingbot: HummingbotOption = None) -> None:
    """Let Hummingbot use this package as its hyperliquid_perpetual connector."""
    if python is not None and _is_another(python):
        _delegate(python, "enable", hummingbot)
    from hyperliquid_perpetual.plugin import startup_file

    try:
        path, written = startup_file.enable()
    except OSError as error:
        fail(f"cannot enable the plugin: {error}. Run this as the user who owns that Python.")
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
        fail(f"cannot disable the plugin: {error}. Run this as the user who owns that Python.")
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
        fail(str(error))


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
        fail(str(error))


def _delegate(python: Path, command: str, hummingbot: Path | None) -> NoReturn:
    """Let the other Python do it with the package that is installed there, and end with its exit status."""
    from hyperliquid_perpetual.plugin.status import interpreter_at

    interpreter = interpreter_at(python)
    # -P keeps the current folder out: a checkout we happen to stand in is not what is installed in that Python.
    check = subprocess.run([interpreter, "-P", "-c", "import hyperliquid_perpetual.plugin"], capture_output=True)
    if check.returncode != 0:
        fail(
            f"{interpreter} does not have this package. Install it there first:"
            f" {interpreter} -m pip install hummingbot-hyperliquid-perpetual"
        )
    folder = [] if hummingbot is None else ["--hummingbot", str(hummingbot)]
    raise typer.Exit(subprocess.run([interpreter, "-P", "-m", "hyperliquid_perpetual", command, *folder]).returncode)
