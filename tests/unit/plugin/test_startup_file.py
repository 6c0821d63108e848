"""Writing and removing the start-up file, in folders that stand for site-packages."""

import os
import site
import sys
from pathlib import Path

import pytest

from hyperliquid_perpetual.plugin import startup_file


def test_enabling_writes_the_file_once_and_disabling_removes_it(tmp_path: Path) -> None:
    path, written = startup_file.enable(tmp_path)
    assert (path, written) == (tmp_path / startup_file.NAME, True)
    assert path.read_bytes() == startup_file.TEMPLATE.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o644
    assert startup_file.enable(tmp_path) == (path, False)
    assert startup_file.installed_files([tmp_path]) == [path]
    assert startup_file.disable([tmp_path]) == [path]
    assert list(tmp_path.iterdir()) == []
    assert startup_file.disable([tmp_path]) == []


def test_enabling_replaces_an_outdated_file_without_writing_into_what_shares_it(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("import something_older\n")
    folder = tmp_path / "site"
    folder.mkdir()
    os.link(cache, folder / startup_file.NAME)
    path, written = startup_file.enable(folder)
    assert written
    assert path.read_bytes() == startup_file.TEMPLATE.read_bytes()
    assert cache.read_text() == "import something_older\n"


def test_enabling_where_nothing_can_be_written_raises_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, target: str) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(startup_file.os, "replace", refuse)
    with pytest.raises(PermissionError):
        startup_file.enable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_file_is_one_line_because_python_runs_each_line_alone() -> None:
    text = startup_file.TEMPLATE.read_text()
    assert text.count("\n") == 1
    assert text.startswith("import ")


def test_file_goes_beside_the_package_when_that_is_in_a_site_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "hyperliquid_perpetual" / "plugin" / "startup_file.py"
    monkeypatch.setattr(startup_file, "__file__", str(package))
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path)])
    assert startup_file.home_folder() == tmp_path


def test_file_goes_into_site_packages_when_the_package_is_a_checkout() -> None:
    folder = startup_file.home_folder()
    assert folder in startup_file.site_folders()
    assert str(folder).startswith(sys.prefix)
