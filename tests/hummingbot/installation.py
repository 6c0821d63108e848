"""Throw-away installations of Hummingbot, made out of the installer's cache, and this package as a wheel for them."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hummingbot.features import LOCK
from tests.sources import copy_files, source_files

REPOSITORY = Path(__file__).resolve().parents[2]
UV = REPOSITORY / ".tools" / "uv" / "bin" / "uv"
BUILD_LOCK = REPOSITORY / "requirements" / "build.txt"

WHOSE = """
import importlib, json
root = "hummingbot.connector.derivative.hyperliquid_perpetual"
module = importlib.import_module(root + ".hyperliquid_perpetual_derivative")
print("ANSWER " + json.dumps(module.HyperliquidPerpetualDerivative.__module__))
"""


def ask(python: Path | str, home: Path, script: str, **environment: str) -> Any:
    """Run a script in a Hummingbot process of its own, started in a bot home, and return its answer."""
    process = subprocess.run(
        [str(python), "-c", script],
        cwd=home,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=180,
    )
    answers = [line for line in process.stdout.splitlines() if line.startswith("ANSWER ")]
    assert len(answers) == 1, f"exit status {process.returncode}\n{process.stdout}\n{process.stderr}"
    return json.loads(answers[0].removeprefix("ANSWER "))


def clean_environment(changes: Mapping[str, str]) -> dict[str, str]:
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "HYPERLIQUID_PERPETUAL_PLUGIN")
    return {name: value for name, value in os.environ.items() if name not in dropped} | dict(changes)


@dataclass(frozen=True)
class Installation:
    """An environment of its own, and a folder to start Hummingbot in."""

    folder: Path
    home: Path

    @classmethod
    def create(cls, folder: Path, home: Path) -> "Installation":
        """An empty environment in `folder`."""
        if not UV.exists():
            pytest.fail(f"{UV} is missing: run `make env`")
        command = [UV, "venv", "--quiet", "--python", sys.executable, folder]
        subprocess.run(command, check=True, env=clean_environment({}))
        return cls(folder, home)

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        return next((self.folder / "lib").glob("python3.*")) / "site-packages"

    def uv(self, *arguments: str) -> None:
        """Run a uv command here: from the cache alone when it has all that is asked for, else with the network."""
        command = [str(UV), *arguments]
        environment = clean_environment({"VIRTUAL_ENV": str(self.folder)})
        offline = subprocess.run([*command, "--offline"], env=environment, capture_output=True, text=True)
        if offline.returncode != 0:
            subprocess.run(command, env=environment, check=True)

    def install_hummingbot(self) -> None:
        """All that the lock file has."""
        build = str(BUILD_LOCK)
        self.uv("pip", "install", "--quiet", "--require-hashes", "--build-constraints", build, "-r", str(LOCK))

    def install_beside_hummingbot(self, wheel: Path) -> None:
        """What a user has: Hummingbot, what it needs, this package, and what that says it needs, and no more."""
        places = ["--constraints", str(LOCK), "--build-constraints", str(BUILD_LOCK)]
        # lighter-sdk: no release shares a version with the others, so the lock's own is named (requirements/env.in).
        packages = ["hummingbot==20260922", "ptpython", "lighter-sdk==1.1.2", str(wheel)]
        self.uv("pip", "install", "--quiet", *places, *packages)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `hyperliquid-perpetual` as installed here."""
        return subprocess.run(
            [self.folder / "bin" / "hyperliquid-perpetual", *arguments],
            cwd=self.home,
            env=clean_environment(environment),
            capture_output=True,
            text=True,
            timeout=180,
        )

    def command(self, *arguments: str) -> str:
        """The same, when it must succeed."""
        process = self.run(*arguments)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    def connector(self) -> str:
        """Whose connector a Hummingbot process gets."""
        module: str = ask(self.python, self.home, WHOSE)
        return "ours" if module == "hyperliquid_perpetual.hyperliquid_perpetual_derivative" else "stock"

    def hummingbot_files(self) -> dict[str, str]:
        """A digest of every file of Hummingbot, to see that none is ever edited."""
        files = (path for path in (self.packages / "hummingbot").rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def build_wheel(folder: Path) -> Path:
    """This checkout as a wheel, by the backend that the environment has."""
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    source = folder / "checkout"
    copy_files(source_files("setup.py", "pyproject.toml", "README.md", "hyperliquid_perpetual", "conf"), source)
    built = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=source, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    return wheel
