"""`enable`, `disable`, `status`: which connector a Hummingbot uses."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from hyperliquid_perpetual.cli.application import app, examples, fail

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
        metavar="PATH",
        help="The Hummingbot to do this for: its source checkout, a bot home, or its environment. By default the one"
        " that is active.",
        exists=True,
    ),
]


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual enable", "the Hummingbot that is active here"),
        ("hyperliquid-perpetual enable --hummingbot ~/hummingbot", "a source checkout, with the environment it uses"),
        ("hyperliquid-perpetual enable --python ~/hb/.venv", "what runs with this Python"),
    )
)
def enable(python: PythonOption = None, hummingbot: HummingbotOption = None) -> None:
    """Let Hummingbot use this package as its hyperliquid_perpetual connector.

    Writes one start-up file into the site-packages of Hummingbot's Python; no file of Hummingbot is touched.

    The output names the file, and the command that takes it away again.
    """
    folder = _switch_elsewhere("enable", python, hummingbot)
    from hyperliquid_perpetual.plugin import startup_file

    try:
        path, written = startup_file.enable()
    except OSError as error:
        fail(f"cannot enable the plugin: {error}. Run this as the user who owns that Python.")
    print(f"Enabled: {'wrote' if written else 'already there:'} {path}")
    print(f"To undo: {own_command()} disable")
    _print_outcome(folder)


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual disable", "the Hummingbot that is active here"),
        ("hyperliquid-perpetual disable --hummingbot ~/hummingbot", "a source checkout"),
    )
)
def disable(python: PythonOption = None, hummingbot: HummingbotOption = None) -> None:
    """Give Hummingbot its own hyperliquid_perpetual connector back.

    Configuration files and stored credentials stay as they are: both connectors read the same.
    """
    folder = _switch_elsewhere("disable", python, hummingbot)
    from hyperliquid_perpetual.plugin import startup_file

    try:
        removed = startup_file.disable()
    except OSError as error:
        fail(f"cannot disable the plugin: {error}. Run this as the user who owns that Python.")
    for path in removed:
        print(f"Disabled: removed {path}")
    if not removed:
        print("Nothing to do: the plugin was not enabled in this Python.")
    print(f"To undo: {own_command()} enable")
    print(
        "If conf/conf_client.yml names hyperliquid_perpetual_testnet or _sandbox as rate_oracle_source, choose another "
        "one: Hummingbot alone does not know them."
    )
    _print_outcome(folder)


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual status", "the Hummingbot that is active here"),
        ("hyperliquid-perpetual status --hummingbot ~/hummingbot --json", "a source checkout, for a script"),
    )
)
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
    from hyperliquid_perpetual.plugin.status import ProbeError, read_status

    interpreter, folder = _place(python, hummingbot)
    try:
        return read_status(interpreter, folder)
    except ProbeError as error:
        fail(str(error))


def _place(python: Path | None, hummingbot: Path | None) -> tuple[str, Path | None]:
    """The interpreter that is meant, and the folder that Hummingbot is started in, if it needs one."""
    from hyperliquid_perpetual.plugin.installations import NotFoundError, active_installation, installation_at
    from hyperliquid_perpetual.plugin.status import ProbeError, interpreter_at

    try:
        if hummingbot is not None:
            found = installation_at(hummingbot)
            return (found.python if python is None else interpreter_at(python)), found.folder
        if python is not None:
            return interpreter_at(python), None
    except (NotFoundError, ProbeError) as error:
        fail(f"{error}.")
    active = active_installation()
    return (sys.executable, None) if active is None else (active.python, active.folder)


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
    print_warnings(found)


def _print_outcome(folder: Path | None) -> None:
    """What a switch of this Python has come to, as a fresh process sees it."""
    from hyperliquid_perpetual.plugin.status import ProbeError, read_status

    try:
        found = read_status(None, folder)
    except ProbeError as error:
        fail(str(error))
    if found.connector is not None:
        which = "the one of this package" if found.connector == "plugin" else "the one Hummingbot ships"
        release = found.hummingbot_release or "(release unknown)"
        print(f"Hummingbot {release} now gets {which}; a bot that is running keeps what it started with.")
    print_warnings(found)


def print_warnings(found: "Status") -> None:
    for warning in found.warnings():
        print(f"Warning: {warning}", file=sys.stderr)


def own_command() -> str:
    """How this very Python's command is called from anywhere: by its name where that is what the shell finds."""
    found = shutil.which("hyperliquid-perpetual")
    beside_us = found is not None and Path(found).absolute().parent == Path(sys.executable).absolute().parent
    return "hyperliquid-perpetual" if beside_us else f"{sys.executable} -m hyperliquid_perpetual"


def _switch_elsewhere(command: str, python: Path | None, hummingbot: Path | None) -> Path | None:
    """End with the other Python's answer when another is meant; otherwise the folder that Hummingbot is started in."""
    interpreter, folder = _place(python, hummingbot)
    # Not resolved: an environment's python is a link to the one it was made from, and yet another Python.
    if interpreter != sys.executable:
        if python is None and hummingbot is None:
            print(f"Hummingbot was found in {interpreter}.")
        _delegate(interpreter, command, folder)
    return folder


def _delegate(interpreter: str, command: str, folder: Path | None) -> NoReturn:
    """Let the other Python do it with the package that is installed there, and end with its exit status."""
    # -P keeps the current folder out: a checkout we happen to stand in is not what is installed in that Python.
    check = subprocess.run([interpreter, "-P", "-c", "import hyperliquid_perpetual.plugin"], capture_output=True)
    if check.returncode != 0:
        fail(
            f"{interpreter} does not have this package. Install it there first: {interpreter} -m pip install"
            f" {_source()}. If Hummingbot runs with another Python, name that with --python."
        )
    sys.stdout.flush()
    # Both are named: the other one is not to look for a Hummingbot of its own.
    named = ["--python", interpreter, *([] if folder is None else ["--hummingbot", str(folder)])]
    raise typer.Exit(subprocess.run([interpreter, "-P", "-m", "hyperliquid_perpetual", command, *named]).returncode)


def _source() -> str:
    """What pip can install this package from: our checkout when we run from one."""
    checkout = Path(__file__).resolve().parents[2]
    return str(checkout) if (checkout / "setup.py").is_file() else "PATH_OF_THE_WHEEL"
