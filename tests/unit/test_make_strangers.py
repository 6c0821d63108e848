"""How `make strangers` knows what there is to do; the installing itself is what CI does."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The tool as a module, about a folder of its own; what it would run is in `tool.ran`."""
    monkeypatch.syspath_prepend(str(TOOLS))
    monkeypatch.delitem(sys.modules, "make_env", raising=False)
    spec = importlib.util.spec_from_file_location("make_strangers", TOOLS / "make_strangers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / "nktkas"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    (folder / "make_schemas.mjs").write_text("")
    ran: list[list[str]] = []
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "NODE_FOLDER", folder)
    monkeypatch.setattr(module, "run", lambda command, folder: ran.append(command))
    module.ran = ran  # type: ignore[attr-defined]
    return module


def npm_at(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    npm = folder / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent))


def test_machine_without_npm_is_told_what_it_misses(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert tool.make_node_folder() is False
    assert tool.ran == []
    assert "npm not found: the tests of @nktkas/hyperliquid will be skipped" in capsys.readouterr().err


def test_packages_are_installed_without_running_their_scripts_and_once(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    npm_at(monkeypatch, tmp_path)
    assert tool.make_node_folder() is True
    install, schemas = tool.ran
    assert install[1:3] == ["ci", "--ignore-scripts"]
    assert schemas[:2] == ["node", "make_schemas.mjs"]
    assert tool.make_node_folder() is False
    assert len(tool.ran) == 2


def test_another_lock_is_installed_anew(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm_at(monkeypatch, tmp_path)
    tool.make_node_folder()
    (tool.NODE_FOLDER / "package-lock.json").write_text(json.dumps({"other": 1}))
    assert tool.make_node_folder() is True


def test_lock_of_the_packages_names_no_registry_and_is_exact() -> None:
    folder = TOOLS.parent / "tests" / "conformance" / "nktkas"
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert not any("resolved" in package for package in packages.values())
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
