"""The command line: what it parses, calls and prints; the commands' own work is tested where it is done."""

import json
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

import hyperliquid_perpetual
from hyperliquid_perpetual import cli
from hyperliquid_perpetual.plugin import startup_file
from tests.tiny_hummingbot import hummingbot_tree

runner = CliRunner()


def invoke(*arguments: str) -> Result:
    return runner.invoke(cli.app, list(arguments))


def replace_module(monkeypatch: pytest.MonkeyPatch, package: str, name: str, function: Any) -> None:
    """Put a module with `run = function` in place of one that a command imports when it is called."""
    module = ModuleType(f"{package}.{name}")
    module.run = function  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, f"{package}.{name}", module)
    monkeypatch.setattr(sys.modules.get(package) or __import__(package, fromlist=["_"]), name, module, raising=False)


def test_version() -> None:
    assert invoke("--version").stdout.strip() == hyperliquid_perpetual.__version__


def test_help_lists_every_command() -> None:
    words = invoke("--help").stdout.split()
    assert {"enable", "disable", "status", "sandbox", "demo"} <= set(words)


def test_help_loads_neither_hummingbot_nor_the_sandbox() -> None:
    code = """
import sys
from hyperliquid_perpetual import cli
try:
    cli.app(["--help"])
except SystemExit:
    pass
print(sorted(name for name in sys.modules if name.split(".")[0] in ("hummingbot", "aiohttp", "pandas", "msgspec")))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stdout.splitlines()[-1] == "[]"


# ------------------------------------------------------------------------------ enable, disable, status


@pytest.fixture
def site_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of this Python's site-packages."""
    monkeypatch.setattr(startup_file, "site_folders", lambda: [tmp_path])
    monkeypatch.setattr(startup_file, "home_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tiny Hummingbot of an untested release to look at, with the stock connector: real ones take seconds to load."""
    monkeypatch.setenv("HYPERLIQUID_PERPETUAL_PLUGIN", "0")
    return str(hummingbot_tree(tmp_path / "checkout", "20991231"))


def test_enable_and_disable_say_what_was_done_and_how_to_undo_it(
    site_folder: Path, checkout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = site_folder / startup_file.NAME
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    outcome = "Hummingbot 20991231 now gets the one Hummingbot ships; a bot that is running keeps what it started with."
    enabled = invoke("enable", "--hummingbot", checkout)
    assert enabled.exit_code == 0
    assert enabled.stdout.splitlines() == [
        f"Enabled: wrote {path}",
        "To undo: hyperliquid-perpetual disable",
        outcome,
    ]
    assert f"already there: {path}" in invoke("enable", "--hummingbot", checkout).stdout
    disabled = invoke("disable", "--hummingbot", checkout)
    assert disabled.exit_code == 0
    removed, undo, rates, last = disabled.stdout.splitlines()
    assert (removed, undo) == (f"Disabled: removed {path}", "To undo: hyperliquid-perpetual enable")
    assert "rate_oracle_source" in rates, "what Hummingbot alone would not start with"
    assert last == outcome
    assert not path.exists()
    assert "Nothing to do" in invoke("disable", "--hummingbot", checkout).stdout


def test_command_that_the_shell_does_not_find_is_undone_with_this_python(
    site_folder: Path, checkout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(site_folder))
    undo = f"To undo: {sys.executable} -m hyperliquid_perpetual disable"
    assert undo in invoke("enable", "--hummingbot", checkout).stdout.splitlines()


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_site_packages_of_somebody_else_give_one_clear_error(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/usr/lib/python3/site-packages")

    monkeypatch.setattr(startup_file, command, refuse)
    result = invoke(command)
    assert result.exit_code == 1
    assert "Permission denied" in result.stderr
    assert "as the user who owns that Python" in result.stderr
    assert "Traceback" not in result.output


def test_status_says_which_connector_and_from_where(checkout: str) -> None:
    result = invoke("status", "--hummingbot", checkout)
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows == {
        "Connector": f"the one Hummingbot ships, from {checkout}/hummingbot/connector/derivative/hyperliquid_perpetual",
        "Offers": "hyperliquid_perpetual, hyperliquid_perpetual_testnet",
        "Plugin": "switched off by HYPERLIQUID_PERPETUAL_PLUGIN",
        "Hummingbot": f"20991231, in {checkout}/hummingbot",
        "Package": f"{hyperliquid_perpetual.__version__}, in {Path(hyperliquid_perpetual.__file__).parent}",
        "Python": f"{sys.version.split()[0]}, {sys.executable}",
    }
    assert "20991231 has not been tested" in result.stderr
    assert result.exit_code == 0


def test_status_for_machines_is_one_json_object(checkout: str) -> None:
    told = json.loads(invoke("status", "--json", "--hummingbot", checkout).stdout)
    assert told["python"] == sys.executable
    assert told["connector"] == "built-in"
    assert told["is_ours"] is False


def test_status_of_a_connector_that_does_not_load_fails(checkout: str) -> None:
    module = "hummingbot/connector/derivative/hyperliquid_perpetual/hyperliquid_perpetual_utils.py"
    (Path(checkout) / module).write_text("raise RuntimeError('a broken upgrade')")
    result = invoke("status", "--hummingbot", checkout)
    assert result.exit_code == 1
    assert "does not load: RuntimeError: a broken upgrade" in result.stderr


@pytest.mark.parametrize("command", ["enable", "disable", "status"])
def test_python_that_is_none_is_refused(command: str, tmp_path: Path) -> None:
    result = invoke(command, "--python", str(tmp_path))
    assert result.exit_code == 1
    assert "neither a Python executable nor an environment" in result.stderr


def test_python_without_this_package_is_told_to_install_it(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec env -u PYTHONPATH {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    result = invoke("enable", "--python", str(bare))
    assert result.exit_code == 1
    assert f"{bare} -m pip install {Path(hyperliquid_perpetual.__file__).parents[1]}" in result.stderr
    assert "name that with --python" in result.stderr


@pytest.mark.parametrize("command", ["enable", "disable", "status"])
def test_path_that_is_no_hummingbot_is_refused_with_what_would_be_one(command: str, tmp_path: Path) -> None:
    result = invoke(command, "--hummingbot", str(tmp_path))
    assert result.exit_code == 1
    assert "give a source checkout or a bot home" in result.stderr
    assert invoke(command, "--hummingbot", str(tmp_path / "nowhere")).exit_code == 2


# ------------------------------------------------------------------------------ home


def test_home_says_what_is_in_it_and_what_to_type_next(tmp_path: Path) -> None:
    result = invoke("home", str(tmp_path / "bot"))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"Made {tmp_path / 'bot'}\n")
    typed = [line.split("  ")[1] for line in result.stdout.partition("Next:\n")[2].splitlines()]
    assert typed[0].endswith(" sandbox")
    assert typed[1] == f"cd {tmp_path / 'bot'}"
    for line in typed:
        if line.startswith("./hbot start"):
            assert (tmp_path / "bot" / "conf" / "strategies" / line.split()[-1]).is_file()
    changed = tmp_path / "bot" / "conf" / "strategies" / "hedge.yml"
    changed.write_text("mine: true\n")
    again = invoke("home", str(tmp_path / "bot"))
    assert again.stdout.startswith(f"Brought up to date: {tmp_path / 'bot'}\n")
    assert "left as you have them: conf/strategies/hedge.yml" in again.stdout


def test_home_for_real_money_tells_where_keys_are_explained_and_of_no_sandbox(tmp_path: Path) -> None:
    result = invoke("home", str(tmp_path / "bot"), "--network", "mainnet")
    assert "./hbot connect hyperliquid_perpetual " in result.stdout
    assert "docs/credentials.md" in result.stdout
    assert "sandbox" not in result.stdout


def test_home_where_something_else_is_gives_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    result = invoke("home", str(tmp_path))
    assert result.exit_code == 1
    assert (
        result.stderr == f"hyperliquid-perpetual: {tmp_path} is there already, and no bot home; choose a new folder.\n"
    )


# ------------------------------------------------------------------------------ help and completion

COMMANDS = [command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback]


def parsed(line: str) -> None:
    """Has the command line parse a line as typed, and runs nothing.

    :raises typer.BadParameter or its like: when it cannot be parsed.
    """
    words = shlex.split(line)
    assert words.pop(0) == "hyperliquid-perpetual"
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    command = group.commands[words[0]]
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_ends_with_examples_that_can_be_typed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "hummingbot").mkdir()
    result = invoke(name, "--help")
    assert result.exit_code == 0
    _, heading, examples = result.stdout.partition("Examples:")
    assert heading
    lines = [line.strip() for line in examples.splitlines() if line.strip().startswith("hyperliquid-perpetual ")]
    assert any(line.startswith(f"hyperliquid-perpetual {name}") for line in lines)
    for line in lines:
        parsed(line.replace("~", str(tmp_path)))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("en", ["enable"], "disable"),
        ("sandbox --mark", ["--market", "--markets"], "--mirror"),
        ("sandbox --market t", ["trending"], "calm"),
        ("sandbox --fault drop_", ["drop_reply"], "delay"),
        ("demo --strategy gri", ["grid_executor"], "hedge"),
        ("record --from m", ["mainnet"], "testnet"),
    ],
)
def test_shell_completes_commands_options_and_values(
    shell: str, typed: str, offered: list[str], not_offered: str
) -> None:
    line = f"hyperliquid-perpetual {typed}"
    places = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    environment = {"_HYPERLIQUID_PERPETUAL_COMPLETE": f"complete_{shell}", **places[shell]}
    result = runner.invoke(cli.app, prog_name="hyperliquid-perpetual", env=environment)
    assert result.exit_code == 0, result.output
    for word in offered:
        assert word in result.stdout
    assert not_offered not in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_for_the_shell_is_shown(shell: str) -> None:
    environment = {"_HYPERLIQUID_PERPETUAL_COMPLETE": f"source_{shell}"}
    result = runner.invoke(cli.app, prog_name="hyperliquid-perpetual", env=environment)
    assert result.exit_code == 0
    assert "_HYPERLIQUID_PERPETUAL_COMPLETE" in result.stdout


def test_command_with_a_typing_mistake_is_told_its_name() -> None:
    result = invoke("stauts")
    assert result.exit_code == 2
    assert "Did you mean 'status'?" in result.stderr


# ------------------------------------------------------------------------------ sandbox and demo


def test_sandbox_gets_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, object]] = []
    replace_module(monkeypatch, "hyperliquid_perpetual.sandbox", "serve", lambda **options: calls.append(options))
    assert invoke("sandbox").exit_code == 0
    assert invoke("sandbox", "--port", "0", "--seed", "7", "--market", "wild", "--deposit", "2500.5").exit_code == 0
    assert invoke("sandbox", "--quirk", "fast_book=refused", "--quirk", "greeting=sent").exit_code == 0
    assert invoke("sandbox", "--markets", "200", "--market", "illiquid").exit_code == 0
    assert invoke("sandbox", "--state", "paper.state").exit_code == 0
    common: dict[str, Any] = {
        **{"host": "127.0.0.1", "port": 3001, "seed": None, "market": None, "deposit": Decimal(100000), "quirks": {}},
        **{"allowance": 10_000, "state": None, "fault_plan": None, "driver": None, "markets": None},
    }
    assert calls == [
        common,
        {**common, "port": 0, "seed": 7, "market": "wild", "deposit": Decimal("2500.5")},
        {**common, "quirks": {"fast_book": "refused", "greeting": "sent"}},
        {**common, "markets": 200, "market": "illiquid"},
        {**common, "state": Path("paper.state")},
    ]


@pytest.mark.parametrize(
    ("arguments", "valid"),
    [
        (["--market", "stormy"], "calm"),
        (["--port", "70000"], "65535"),
        (["--markets", "201"], "less than or equal to 200"),
        (["--markets", "0"], "than or equal to 1"),
        (["--quirk", "fast_book=perhaps"], "served, refused, dropped, ignored"),
        (["--quirk", "rainbow=on"], "there are partial_gtc_reply"),
        (["--seed", "x"], "integer"),
        (["--deposit", "-1"], "0 or more"),
        (["--deposit", "NaN"], "0 or more"),
        (["--deposit", "lots"], "0 or more"),
        (["--fault", "drop_everything"], "there are refuse_before, drop_reply"),
        (["--faults", "no/such/file.toml"], "cannot read no/such/file.toml"),
        (["--random-faults", "7", "--fault-rate", "0"], "more than 0 and at most 600"),
    ],
)
def test_sandbox_refuses_bad_options_and_says_what_would_be_valid(
    arguments: list[str], valid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, object]] = []
    replace_module(monkeypatch, "hyperliquid_perpetual.sandbox", "serve", lambda **options: calls.append(options))
    result = invoke("sandbox", *arguments)
    assert result.exit_code != 0
    assert valid in result.stderr
    assert calls == []


def test_sandbox_gets_one_plan_from_all_that_is_said_about_faults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[dict[str, Any]] = []
    replace_module(monkeypatch, "hyperliquid_perpetual.sandbox", "serve", lambda **options: calls.append(options))
    file = tmp_path / "plan.toml"
    file.write_text('seed = 3\nfaults = ["mute at=5"]\n')
    flags = ("--fault", "drop_reply kind=order next=3", "--fault", "outage", "--faults", str(file))
    assert invoke("sandbox", *flags, "--random-faults", "7", "--fault-rate", "12").exit_code == 0
    plan = calls[0]["fault_plan"]
    assert [fault.fault for fault in plan.faults] == ["mute", "drop_reply", "outage"]
    assert (plan.seed, plan.random.seed, plan.random.intensity) == (3, 7, 12)


def test_list_of_faults_is_printed_and_no_sandbox_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    replace_module(monkeypatch, "hyperliquid_perpetual.sandbox", "serve", lambda **options: calls.append(options))
    result = invoke("sandbox", "--list-faults")
    assert result.exit_code == 0
    assert {"refuse_before", "lose_fills", "outage"} <= set(result.stdout.splitlines())
    assert calls == []


def test_demo_ends_with_the_status_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int, Path]] = []

    def run(strategy: str, seconds: int, output: Path) -> int:
        calls.append((strategy, seconds, output))
        return 3

    replace_module(monkeypatch, "hyperliquid_perpetual.demo", "runner", run)
    assert invoke("demo", "--strategy", "pmm", "--seconds", "5", "--output", "out").exit_code == 3
    assert calls == [("pmm", 5, Path("out"))]


def test_demo_runs_all_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, Path, int]] = []

    def run(seconds: int, output: Path, jobs: int) -> int:
        calls.append((seconds, output, jobs))
        return 1

    replace_module(monkeypatch, "hyperliquid_perpetual.demo", "series", run)
    assert invoke("demo", "--all", "--jobs", "2", "--seconds", "5", "--output", "out").exit_code == 1
    assert calls == [(5, Path("out"), 2)]


def test_demo_lists_what_there_is() -> None:
    result = invoke("demo", "--list")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert {"perpetual_market_making", "hedge", "inventory_quotes", "grid_executor"} <= set(names)
    assert len(set(names)) == len(names)
    assert all(len(line) <= 130 for line in lines), "one line each, on a usual terminal"
