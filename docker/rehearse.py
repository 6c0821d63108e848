"""Run every RUN step of a Dockerfile of this folder on a machine without Docker.

    python docker/rehearse.py --python /path/to/python [--folder /tmp/somewhere] [docker/bot.Dockerfile]

The Python is that of an environment with Hummingbot in it, which stands for the one of Hummingbot's image and is
changed as that would be: use one to throw away. Each stage gets a folder of its own for a file system; COPY copies,
WORKDIR makes folders and RUN runs there, in a shell, with the ARG and ENV of its stage. What somebody else's image has
in its own file system is not there: steps may use the Python, and what was copied.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_ASSIGNMENT = re.compile(r"(\w+)=(.*)", re.DOTALL)


class NotRehearsed(Exception):
    """The file has something that this program does not know, or a step failed; the message says which."""


@dataclass
class Stage:
    """One FROM and what follows it."""

    image: str
    folder: Path
    workdir: Path
    variables: dict[str, str] = field(default_factory=dict)
    steps: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dockerfile", nargs="?", type=Path, default=ROOT / "docker" / "bot.Dockerfile")
    parser.add_argument("--python", required=True, type=Path, help="stands for the Python of the image")
    parser.add_argument("--folder", type=Path, help="an empty folder for the stages; by default a temporary one")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="rehearsal-"))
    try:
        stages = rehearse(arguments.dockerfile, arguments.python.absolute(), folder)
    except NotRehearsed as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{sum(stage.steps for stage in stages)} RUN steps of {len(stages)} stages have run in {folder}")
    return 0


def rehearse(dockerfile: Path, python: Path, folder: Path) -> list[Stage]:
    """Go through a Dockerfile from its first line to its last.

    :param python: takes the place of the ARG ``PYTHON`` of every stage.
    :param folder: where the stages' file systems are made.
    :raises NotRehearsed: when a step fails, with its output; or for an instruction that is not known here.
    """
    stages: dict[str, Stage] = {}
    before: dict[str, str] = {}
    stage: Stage | None = None
    for instruction, value in instructions(dockerfile.read_text(encoding="utf-8")):
        if instruction == "ARG" and stage is None:
            before.update([_assignment(value)])
        elif instruction == "FROM":
            image, _, name = value.partition(" AS ")
            place = folder / (name or f"stage-{len(stages)}")
            stage = Stage(_filled(image, before), place, place)
            stages[name or place.name] = stage
        elif stage is None:
            raise NotRehearsed(f"{dockerfile}: {instruction} before FROM")
        elif instruction in ("ARG", "ENV"):
            variable, default = _assignment(value)
            stage.variables[variable] = str(python) if variable == "PYTHON" else default
        elif instruction == "WORKDIR":
            stage.workdir = stage.folder / value.lstrip("/")
            stage.workdir.mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            _copy(value, stage, stages)
        elif instruction == "RUN":
            _run(value, stage)
        else:
            raise NotRehearsed(f"{dockerfile}: this program does not know {instruction}")
    return list(stages.values())


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile: lines that end in a backslash go on, comments are no part of them."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name.upper(), value.strip()) for name, _, value in found]


def _copy(value: str, stage: Stage, stages: dict[str, Stage]) -> None:
    parts = value.split()
    source = ROOT
    if parts[0].startswith("--from="):
        source = stages[parts.pop(0).removeprefix("--from=")].folder
    *names, target_name = parts
    target = stage.workdir / target_name
    for name in names:
        found = [Path(path) for path in sorted(glob.glob(str(source / name.lstrip("/"))))]
        if not found:
            raise NotRehearsed(f"COPY {value}: there is no {name}")
        for path in found:
            into = target / path.name if target_name.endswith("/") or len(names) > 1 else target
            into.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, into)


def _run(value: str, stage: Stage) -> None:
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: text for name, text in os.environ.items() if name not in hidden} | stage.variables
    print(f"RUN {value}", flush=True)
    done = subprocess.run(["/bin/sh", "-ec", value], cwd=stage.workdir, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotRehearsed(f"RUN {value}\nended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    stage.steps += 1


def _assignment(value: str) -> tuple[str, str]:
    match = _ASSIGNMENT.fullmatch(value)
    if match is None:
        raise NotRehearsed(f"{value!r} is no NAME=value")
    return match[1], match[2].strip('"')


def _filled(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: variables[match[1]], text)


if __name__ == "__main__":
    sys.exit(main())
