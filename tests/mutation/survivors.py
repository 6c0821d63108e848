"""What mutmut has left behind: how many mutants were killed, and the changes that no test has noticed."""

import contextlib
import fnmatch
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

JUDGED = Path(__file__).with_name("judged.toml")
KILLED = ("killed", "timeout", "segfault", "caught by type check")


@dataclass(frozen=True)
class Survivor:
    """A change that the tests did not notice."""

    function: str
    """Dotted, below the package."""
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.function}\n    - {self.was}\n    + {self.now}"


@dataclass(frozen=True)
class Result:
    """The mutants of a part."""

    total: int
    killed: int
    unchecked: int
    survivors: list[Survivor]


def make_mutants(folder: Path) -> list[str]:
    """Makes the mutants of a folder without trying them; their names, those of a function one after the other."""
    subprocess.run([sys.executable, str(Path(__file__).with_name("make.py"))], cwd=folder, check=True)
    with contextlib.chdir(folder):
        return [name for name, _ in _mutants()]


def names_of_survivors(folder: Path) -> list[str]:
    """The mutants that an earlier run has tried and not killed."""
    with contextlib.chdir(folder):
        return [name for name, status in _mutants() if status not in (*KILLED, "not checked")]


def result_of(folder: Path) -> Result:
    """Reads the results of mutmut in a folder."""
    total = killed = unchecked = 0
    survivors = []
    with contextlib.chdir(folder):  # where mutmut looks for its files
        for name, status in _mutants():
            total += 1
            if status in KILLED:
                killed += 1
            elif status == "not checked":
                unchecked += 1
            else:
                survivors.append(_survivor(name))
    return Result(total, killed, unchecked, survivors)


def _mutants() -> Iterator[tuple[str, str]]:
    for file in sorted(Path("mutants").rglob("*.meta")):
        for name, code in json.loads(file.read_text())["exit_code_by_key"].items():
            yield name, status_by_exit_code[code]


def _survivor(name: str) -> Survivor:
    lines = [line for line in get_diff_for_mutant(name).splitlines() if line[:3] not in ("---", "+++")]
    was, now = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    module, _, function = name.rpartition(".")
    # mutmut writes x_name__mutmut_3, or xǁClassǁname__mutmut_3.
    function = function.partition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Survivor(f"{module.removeprefix('hyperliquid_perpetual.')}.{function}", was, now)


def judge(survivors: Sequence[Survivor]) -> tuple[list[Survivor], list[Survivor]]:
    """The survivors that ``judged.toml`` accepts, and the others."""
    verdicts = tomllib.loads(JUDGED.read_text())["verdict"]
    judged: list[Survivor] = []
    others: list[Survivor] = []
    for survivor in survivors:
        (judged if any(_applies(verdict, survivor) for verdict in verdicts) else others).append(survivor)
    return judged, others


def _applies(verdict: dict[str, str], survivor: Survivor) -> bool:
    change = f"{survivor.was} -> {survivor.now}"
    return fnmatch.fnmatchcase(survivor.function, verdict["function"]) and bool(re.search(verdict["change"], change))
