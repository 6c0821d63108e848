"""Which Python a Hummingbot runs with: the one a user means by a path, or the one that is active where they are.

Hummingbot is installed in four ways: into an environment (pip, uv), as a source checkout beside a conda environment
(`./install` makes one called `hummingbot`), in a container (a checkout at /home/hummingbot, conda in /opt/conda), and
as a bot home, a folder of links into an environment. In all of them one Python decides which connector is used.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN_ENVIRONMENTS = (".venv", "venv", "env")
CONDA_FOLDERS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
CONDA_EVERYWHERE = Path("/opt/conda")
CONDA_NAME = "hummingbot"
HAS_HUMMINGBOT = "import importlib.util, sys; sys.exit(importlib.util.find_spec('hummingbot') is None)"
LOOK_SECONDS = 60.0


class NotFoundError(Exception):
    """There is no Hummingbot where one was looked for; the message says what would be one."""


@dataclass(frozen=True)
class Installation:
    """A Hummingbot that can be started."""

    python: str
    """The interpreter it runs with; never resolved, because an environment's python is a link to yet another one."""
    folder: Path | None
    """The folder it is started in, for a checkout or a bot home; None when it is installed into the environment."""


def installation_at(path: Path) -> Installation:
    """The Hummingbot that a user means by a path.

    :param path: a Python executable, an environment, a source checkout, a bot home, or the package directory itself.
    :raises NotFoundError: when it is none of these.
    """
    if path.is_file() and os.access(path, os.X_OK):
        return Installation(str(path.absolute()), None)
    if path.name == "hummingbot" and (path / "__init__.py").is_file() and not (path / "hummingbot").is_dir():
        path = path.absolute().parent
    if (path / "hummingbot" / "__init__.py").is_file():
        folder = path.absolute()
        if folder.name in ("site-packages", "dist-packages"):
            return Installation(_environment_around(folder) or sys.executable, None)
        return Installation(next(_pythons_of(folder), sys.executable), folder)
    python = interpreter_in(path)
    if python is not None:
        return Installation(python, None)
    raise NotFoundError(
        f"{path} is no Hummingbot: give a source checkout or a bot home (a folder with hummingbot/__init__.py in it),"
        " an environment (a folder with bin/python in it), or a Python executable"
    )


def active_installation() -> Installation | None:
    """The Hummingbot of the running Python; else of the active environment, the current folder, or conda's.

    :return: None when none of these has one.
    """
    if has_hummingbot(sys.executable):
        return Installation(sys.executable, None)
    here = Path.cwd()
    if (here / "hummingbot" / "__init__.py").is_file():
        return installation_at(here)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if named := os.environ.get(variable):
            python = interpreter_in(Path(named))
            if python is not None and has_hummingbot(python):
                return Installation(python, None)
    for folder in OWN_ENVIRONMENTS:
        python = interpreter_in(here / folder)
        if python is not None and has_hummingbot(python):
            return Installation(python, None)
    for environment in conda_environments(CONDA_NAME):
        python = interpreter_in(environment)
        if python is not None and has_hummingbot(python):
            return Installation(python, None)
    return None


def has_hummingbot(python: str) -> bool:
    """Whether a Python finds Hummingbot whatever folder it is started in."""
    try:
        # -P keeps the current folder out.
        look = subprocess.run([python, "-P", "-c", HAS_HUMMINGBOT], capture_output=True, timeout=LOOK_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return look.returncode == 0


def interpreter_in(environment: Path) -> str | None:
    """The interpreter of an environment; None when the folder is none."""
    python = environment / "bin" / "python"
    return str(python.absolute()) if python.is_file() and os.access(python, os.X_OK) else None


def conda_environments(name: str | None) -> Iterator[Path]:
    """The conda environments of a name, those that conda has in its own list first; none for no name."""
    if not name:
        return
    listed = Path.home() / ".conda" / "environments.txt"
    lines = listed.read_text(encoding="utf-8", errors="replace").splitlines() if listed.is_file() else []
    found = [Path(line.strip()) for line in lines if Path(line.strip()).name == name]
    roots = []
    if mamba := os.environ.get("MAMBA_ROOT_PREFIX"):
        roots.append(Path(mamba))
    if conda := os.environ.get("CONDA_EXE"):
        roots.append(Path(conda).parent.parent)
    roots += [Path.home() / folder for folder in CONDA_FOLDERS] + [CONDA_EVERYWHERE]
    found += [root / "envs" / name for root in roots]
    yield from dict.fromkeys(path for path in found if path.is_dir())


def _pythons_of(folder: Path) -> Iterator[str]:
    """The interpreters that a checkout or bot home may be meant to run with, the likeliest first."""
    for name in OWN_ENVIRONMENTS:
        if python := interpreter_in(folder / name):
            yield python
    # A bot home is made of links into the environment whose Hummingbot it runs.
    linked = folder / "hummingbot" / "connector"
    if linked.is_symlink() and (python := _environment_around(linked.resolve().parent.parent)):
        yield python
    for environment in conda_environments(_conda_name(folder)):
        if python := interpreter_in(environment):
            yield python


def _environment_around(site_packages: Path) -> str | None:
    """The interpreter of the environment that has this site-packages; ENV/lib/python3.x/site-packages everywhere."""
    if site_packages.name not in ("site-packages", "dist-packages"):
        return None
    return interpreter_in(site_packages.parents[2])


def _conda_name(checkout: Path) -> str | None:
    """What the checkout's own installer calls its environment; None in a folder that has no such installer."""
    try:
        text = (checkout / "setup" / "environment.yml").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return None
    name = re.search(r"^name:\s*['\"]?([^\s'\"#]+)", text, re.MULTILINE)
    return name[1] if name else CONDA_NAME
