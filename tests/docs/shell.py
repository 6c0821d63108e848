"""Running what the documentation shows for a shell, with a sandbox in the place of the real venues, and free ports."""

import contextlib
import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import requests
import typer

from hyperliquid_perpetual import cli
from tests.docs.pages import ROOT

PROGRAM = "hyperliquid-perpetual"
ENDS_AT_ONCE = ("--list-faults", "--help")
_MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
_MAKE_VARIABLES = set(re.findall(r"^([A-Z0-9_]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE)) | {"PYTHON312"}


class NotACommandError(Exception):
    """A line is no command that there is; the message says why."""


def environment() -> dict[str, str]:
    """This process's, with the code of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


# ------------------------------------------------------------------------------ what can be typed


def check(line: str) -> None:
    """That a command line means something: the command, its options and the kind of their values. Nothing is run.

    :raises NotACommandError: when it does not.
    """
    words = shlex.split(line)
    match words:
        case ["make", *rest]:
            _check_make(rest)
        case [program, "-m", module, *rest] if Path(program).name.startswith("python"):
            _check_module(module, rest)
        case [program, *rest] if program == PROGRAM:
            _check_own(rest)
        case _:
            raise NotACommandError(f"{line}: not a command that these tests know")


def _check_make(words: list[str]) -> None:
    for word in words:
        name, given, _ = word.partition("=")
        if name not in (_MAKE_VARIABLES if given else _MAKE_TARGETS):
            raise NotACommandError(f"make {word}: the Makefile has no {name}")


def _check_module(module: str, words: list[str]) -> None:
    if module == "hyperliquid_perpetual":
        _check_own(words)
        return
    if importlib.util.find_spec(module) is None:
        raise NotACommandError(f"python -m {module}: there is no such module")


def _check_own(words: list[str]) -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, typer.core.TyperGroup)
    if not words or words[0].startswith("--"):
        return
    if words[0] not in group.commands:
        raise NotACommandError(f"{PROGRAM} {words[0]}: there are {', '.join(group.commands)}")
    # A home folder's own places need not be on this machine.
    given = ["." if word.startswith("~/") else word for word in words[1:]]
    try:
        group.commands[words[0]].make_context(words[0], given)
    except typer.Exit:
        pass  # --help
    except Exception as error:
        raise NotACommandError(f"{PROGRAM} {shlex.join(words)}: {getattr(error, 'message', error)}") from error


# ------------------------------------------------------------------------------ what is run


def arguments(line: str, venue: str) -> list[str]:
    """A line of a page as arguments: the sandbox at `venue` in the place of mainnet and testnet, a free port, a moment
    in the place of an hour or of "until Ctrl-C"."""
    words = [venue if word in ("mainnet", "testnet") else word for word in shlex.split(line)[1:]]
    if words[0] == "sandbox" and "--port" not in words:
        words += ["--port", "0"]
    if words[0] == "record" and "--show" not in words:
        at = words.index("--seconds") if "--seconds" in words else len(words)
        words[at : at + 2] = ["--seconds", "1"]
    return [sys.executable, "-m", "hyperliquid_perpetual", *words]


@contextlib.contextmanager
def running_sandbox(command: list[str], folder: Path) -> Iterator[str]:
    """A sandbox as a program; its URL. At the end it is stopped as Ctrl-C does it, and must end well."""
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.match(r"  REST       (http\S+)", line):
                break
        else:
            raise AssertionError(f"it did not start: {process.wait(10)}\n{''.join(said)}")
        yield found[1]
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
        assert "The sandbox ran" in output
    finally:
        process.kill()
        process.wait()


def run(line: str, folder: Path, venue: str) -> str:
    """Run a line as it stands on a page and return what it printed; a sandbox is started, asked and stopped.

    :raises NotACommandError: when it is no line that can be run here.
    """
    words = shlex.split(line)
    if words[0] == "curl":
        return _curl(words, venue)
    if words[0] != PROGRAM:
        raise NotACommandError(f"{line}: not a command that these tests run")
    command = arguments(line, venue)
    if words[1] == "sandbox" and not set(ENDS_AT_ONCE) & set(words):
        with running_sandbox(command, folder) as url:
            assert requests.get(f"{url}/sandbox/status", timeout=30).json()["time"] > 0
            return url
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def _curl(words: list[str], venue: str) -> str:
    address = words[-1].replace("http://127.0.0.1:3001", venue)
    body = words[words.index("-d") + 1].encode() if "-d" in words else None
    reply = requests.request("GET" if body is None else "POST", address, data=body, timeout=30)
    assert reply.status_code == 200, f"{words}: {reply.status_code} {reply.text}"
    return reply.text
