"""Where a Hummingbot is looked for, tried on folders that look like the ways it is installed."""

import sys
from pathlib import Path

import pytest

from hyperliquid_perpetual.plugin import installations
from hyperliquid_perpetual.plugin.installations import (
    Installation,
    NotFoundError,
    active_installation,
    conda_environments,
    installation_at,
)
from tests.tiny_hummingbot import hummingbot_tree


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without anything, in a shell without an active environment, on a machine without conda."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_EXE", "MAMBA_ROOT_PREFIX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(installations, "CONDA_EVERYWHERE", tmp_path / "no-conda")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def environment(folder: Path, hummingbot: bool = True) -> Path:
    """What looks like an environment; its Python finds a Hummingbot or not, and can do nothing else."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nexit {0 if hummingbot else 1}\n")
    python.chmod(0o755)
    return python


def checkout(folder: Path, environment_yml: str | None = "name: hummingbot\n") -> Path:
    hummingbot_tree(folder)
    if environment_yml is not None:
        (folder / "setup").mkdir()
        (folder / "setup" / "environment.yml").write_text(environment_yml)
    return folder


# ------------------------------------------------------------------------------ named by the user


def test_python_and_environment_are_themselves(tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    assert installation_at(python) == Installation(str(python), None)
    assert installation_at(tmp_path / "env") == Installation(str(python), None)


def test_checkout_runs_with_the_conda_environment_that_its_installer_names(tmp_path: Path, home: Path) -> None:
    tree = checkout(tmp_path / "source", "channels: []\nname: hb-two  # ours\n")
    environment(home / "miniconda3" / "envs" / "hummingbot")
    python = environment(home / "miniconda3" / "envs" / "hb-two")
    assert installation_at(tree) == Installation(str(python), tree)


def test_checkout_runs_with_an_environment_inside_it_first(tmp_path: Path, home: Path) -> None:
    tree = checkout(tmp_path / "source")
    environment(home / "miniconda3" / "envs" / "hummingbot")
    python = environment(tree / ".venv")
    assert installation_at(tree) == Installation(str(python), tree)


def test_checkout_without_any_environment_runs_with_ours(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "source")
    assert installation_at(tree) == Installation(sys.executable, tree)


def test_package_folder_stands_for_what_it_is_in(tmp_path: Path) -> None:
    tree = checkout(tmp_path / "source")
    assert installation_at(tree / "hummingbot") == Installation(sys.executable, tree)
    python = environment(tmp_path / "env")
    packages = hummingbot_tree(tmp_path / "env" / "lib" / "python3.12" / "site-packages")
    assert installation_at(packages / "hummingbot") == Installation(str(python), None)


def test_bot_home_runs_with_the_environment_that_its_links_lead_to(tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    packages = hummingbot_tree(tmp_path / "env" / "lib" / "python3.12" / "site-packages")
    package = tmp_path / "bot" / "hummingbot"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "connector").symlink_to(packages / "hummingbot" / "connector")
    assert installation_at(tmp_path / "bot") == Installation(str(python), tmp_path / "bot")


def test_folder_that_is_nothing_of_it_is_refused_with_what_would_be_valid(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"give a source checkout or a bot home .* an environment .* or a Python"):
        installation_at(tmp_path)


# ------------------------------------------------------------------------------ active where the user is


def test_hummingbot_of_the_running_python_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path / "env")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
    assert active_installation() == Installation(sys.executable, None)


@pytest.fixture
def without_hummingbot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """We run in a Python that has none, in an empty folder."""
    bare = environment(tmp_path / "tool", hummingbot=False)
    monkeypatch.setattr(sys, "executable", str(bare))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.usefixtures("without_hummingbot")
@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_active_environment_is_found(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = environment(tmp_path / "env")
    monkeypatch.setenv(variable, str(tmp_path / "env"))
    assert active_installation() == Installation(str(python), None)


def test_environment_in_the_current_folder_is_found(without_hummingbot: Path) -> None:
    python = environment(without_hummingbot / "venv")
    assert active_installation() == Installation(str(python), None)


def test_checkout_that_is_the_current_folder_is_found(without_hummingbot: Path, home: Path) -> None:
    checkout(without_hummingbot)
    python = environment(home / "anaconda3" / "envs" / "hummingbot")
    assert active_installation() == Installation(str(python), without_hummingbot)


@pytest.mark.usefixtures("without_hummingbot")
def test_environment_that_conda_lists_is_found_though_it_is_in_no_usual_place(tmp_path: Path, home: Path) -> None:
    python = environment(tmp_path / "disk" / "hummingbot")
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{tmp_path}/gone/hummingbot\n{tmp_path}/disk/hummingbot\n")
    assert active_installation() == Installation(str(python), None)


@pytest.mark.usefixtures("without_hummingbot")
def test_environment_without_hummingbot_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment(tmp_path / "env", hummingbot=False)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
    assert active_installation() is None


def test_places_of_conda(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [tmp_path / "mamba", tmp_path / "opt" / "conda", home / "miniforge3"]
    for place in places:
        environment(place / "envs" / "hummingbot")
    monkeypatch.setenv("MAMBA_ROOT_PREFIX", str(places[0]))
    monkeypatch.setenv("CONDA_EXE", str(places[1] / "bin" / "conda"))
    assert list(conda_environments("hummingbot")) == [place / "envs" / "hummingbot" for place in places]
    assert list(conda_environments(None)) == []
