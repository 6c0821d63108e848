"""The wheel and the source distribution: the same bytes of the same sources, and each complete."""

import os
import re
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from hyperliquid_perpetual import __version__
from tests.sources import copy_files, source_files

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md")
FOLDERS = ("hyperliquid_perpetual", "conf", "docs")
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])('dist')"


def sources() -> list[str]:
    """What a build may look at."""
    return source_files(*SOURCES, *FOLDERS)


def built(checkout: Path, umask: int, **environment: str) -> dict[str, bytes]:
    """What a checkout gives under some conditions, by the kind of file."""
    places = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    for hook in ("build_wheel", "build_sdist"):
        run = subprocess.run(
            [sys.executable, "-c", BUILD, hook],
            cwd=checkout,
            env={**places, **environment},
            umask=umask,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert run.returncode == 0, run.stderr[-2000:]
    return {path.name: path.read_bytes() for path in (checkout / "dist").iterdir()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A checkout, and what it gives."""
    place = tmp_path_factory.mktemp("one") / "checkout"
    copy_files(sources(), place)
    return place, built(place, 0o022, TZ="UTC")


def test_two_checkouts_of_different_people_places_and_times_give_the_same_bytes(
    first: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    place = tmp_path / "another" / "place"
    # The other way round, so that folders list them in another order.
    copy_files(sources()[::-1], place)
    for number, path in enumerate(place.rglob("*")):
        path.chmod(0o700 if path.is_dir() or number % 2 else 0o600)
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    stale = place / "hummingbot_hyperliquid_perpetual.egg-info"
    stale.mkdir()
    (stale / "SOURCES.txt").write_text("docs/notes_of_somebody.md\n")
    (place / "docs" / "notes_of_somebody.txt~").write_text("nobody's business")
    time.sleep(1.1)  # the clock of a tar and of a zip counts whole seconds
    second = built(place, 0o077, TZ="Asia/Kathmandu", LC_ALL="C", PYTHONHASHSEED="7")
    wheel, sdist = sorted(second, key=lambda name: not name.endswith(".whl"))
    assert set(first[1]) == set(second)
    assert first[1][wheel] == second[wheel], "the wheels differ"
    assert first[1][sdist] == second[sdist], "the source distributions differ"


def test_source_distribution_gives_the_same_wheel(first: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    place, files = first
    (archive,) = (place / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    again = built(unpacked, 0o022)
    (wheel,) = (name for name in files if name.endswith(".whl"))
    assert again[wheel] == files[wheel]


def test_source_distribution_has_what_it_says_and_nothing_else(first: tuple[Path, dict[str, bytes]]) -> None:
    (archive,) = (first[0] / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        entries = tar.getmembers()
    top = f"hummingbot_hyperliquid_perpetual-{__version__}"
    names = {entry.name.removeprefix(f"{top}/") for entry in entries if entry.isfile()}
    generated = {name for name in names if ".egg-info/" in name or name in ("PKG-INFO", "setup.cfg")}
    assert names - generated == set(sources())
    assert all((entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "", "") for entry in entries)


def test_wheel_carries_the_ready_configurations(first: tuple[Path, dict[str, bytes]]) -> None:
    (wheel,) = (first[0] / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name.removeprefix("hyperliquid_perpetual/") for name in archive.namelist() if "/conf/" in name}
    assert carried == {name for name in sources() if name.startswith("conf/")}


def test_backend_is_the_locked_one() -> None:
    """What builds a release, what builds in isolation and what builds the environment are one version."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        (required,) = tomllib.load(file)["build-system"]["requires"]
    for lock in ("build.txt", "env.txt"):
        pinned = re.findall(r"^setuptools==\S+", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)
        assert pinned == [required], lock


def test_version_and_its_day_are_those_of_the_changelog() -> None:
    released = re.search(r'^RELEASED = "(.+)"$', (ROOT / "setup.py").read_text(), re.MULTILINE)
    newest = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released is not None
    assert newest is not None
    assert newest.groups() == (__version__, released[1])
