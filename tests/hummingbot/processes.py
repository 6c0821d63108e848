"""Real Hummingbot processes for tests: scripts that run inside one, and its own command `hbot`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PASSWORD = "a password of these tests"
_SECONDS = 180


def ask_hummingbot(home: Path, script: str, **environment: str) -> Any:
    """Runs a script in a Hummingbot process of its own, in a bot home.

    :returns: the JSON that the script printed behind the word ``ANSWER``.
    """
    process = run_script(home, script, **environment)
    answers = [line for line in process.stdout.splitlines() if line.startswith("ANSWER ")]
    assert len(answers) == 1, f"exit status {process.returncode}\n{process.stdout}\n{process.stderr}"
    return json.loads(answers[0].removeprefix("ANSWER "))


def run_script(home: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a process of its own, in a bot home."""
    return _run(home, [sys.executable, "-c", script], environment)


def hbot(home: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs Hummingbot's own command in a bot home."""
    command = [sys.executable, "-m", "hummingbot.cli.main", *arguments]
    return _run(home, command, {"HBOT_PASSWORD": PASSWORD, **environment}, stdin)


def _run(home: Path, command: list[str], changes: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=home, env=clean_environment(changes), input=stdin, capture_output=True, text=True, timeout=_SECONDS
    )


def clean_environment(changes: dict[str, str]) -> dict[str, str]:
    """The environment of these tests without what would lead a process to another package or exchange."""
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "HYPERLIQUID_PERPETUAL_PLUGIN", "HYPERLIQUID_SANDBOX_URL")
    return {name: value for name, value in os.environ.items() if name not in dropped} | changes
