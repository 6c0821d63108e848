"""What `status` concludes, from small trees that look like Hummingbot to a fresh process."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hyperliquid_perpetual.plugin import startup_file, status
from hyperliquid_perpetual.plugin.status import ProbeError, Status, interpreter_at, read_status
from tests.tiny_hummingbot import hummingbot_tree

HEALTHY = Status(
    python="/opt/bot/bin/python",
    python_version="3.12.1",
    startup_files=("/opt/bot/lib/site-packages/hummingbot_hyperliquid_perpetual.pth",),
    finder_active=True,
    switched_off_by_environment=False,
    package_path="/opt/bot/lib/site-packages/hyperliquid_perpetual",
    package_version="0.1.0",
    hummingbot_path="/opt/bot/lib/site-packages/hummingbot",
    hummingbot_release="20260922",
    release_is_verified=True,
    is_discoverable=True,
    connector="plugin",
    connector_path="/opt/bot/lib/site-packages/hyperliquid_perpetual",
    domains=("hyperliquid_perpetual",),
    error=None,
)


# ------------------------------------------------------------------------------ warnings


def test_healthy_installation_has_nothing_to_warn_of() -> None:
    assert HEALTHY.warnings() == []
    assert HEALTHY.is_ours


@pytest.mark.parametrize(
    ("changes", "telling"),
    [
        ({"hummingbot_release": "20991231", "release_is_verified": False}, "Hummingbot 20991231 has not been tested"),
        ({"hummingbot_release": None, "release_is_verified": False}, "release unknown"),
        ({"is_discoverable": False}, "will not offer the name at all"),
        ({"error": "ImportError: no msgspec"}, "does not load: ImportError: no msgspec"),
        ({"switched_off_by_environment": True, "connector": "built-in"}, "HYPERLIQUID_PERPETUAL_PLUGIN; unset it"),
        ({"finder_active": False, "connector": "built-in"}, "Install this package into it again"),
        ({"hummingbot_path": None}, "No Hummingbot found in /opt/bot/bin/python"),
    ],
)
def test_each_trouble_has_one_warning_that_names_it(changes: dict[str, object], telling: str) -> None:
    warnings = replace(HEALTHY, **changes).warnings()  # type: ignore[arg-type]
    assert len(warnings) == 1
    assert telling in warnings[0]


def test_connector_that_fails_to_load_is_not_called_ours() -> None:
    assert not replace(HEALTHY, error="ImportError: x").is_ours
    assert not replace(HEALTHY, connector="built-in").is_ours


def test_json_carries_every_field_and_the_verdict() -> None:
    told = json.loads(HEALTHY.as_json())
    assert told["hummingbot_release"] == "20260922"
    assert told["is_ours"] is True
    assert told["warnings"] == []
    assert set(Status.__dataclass_fields__) <= set(told)


# ------------------------------------------------------------------------------ asking a process


def test_source_checkout_of_an_unknown_release_gets_a_warning_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERLIQUID_PERPETUAL_PLUGIN", "0")
    found = read_status(hummingbot=hummingbot_tree(tmp_path, "20991231"))
    assert found.hummingbot_release == "20991231"
    assert not found.release_is_verified
    assert found.connector == "built-in"
    assert found.connector_path == str(tmp_path / "hummingbot" / "connector" / "derivative" / "hyperliquid_perpetual")
    assert found.domains == ("hyperliquid_perpetual", "hyperliquid_perpetual_testnet")
    assert found.error is None
    assert any("20991231 has not been tested" in warning for warning in found.warnings())


def test_release_that_ships_no_such_connector_is_said_to_offer_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERLIQUID_PERPETUAL_PLUGIN", "0")
    found = read_status(hummingbot=hummingbot_tree(tmp_path, "20991231", ships_connector=False))
    assert not found.is_discoverable
    assert any("will not offer the name at all" in warning for warning in found.warnings())


def test_connector_that_cannot_be_imported_is_reported_with_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERLIQUID_PERPETUAL_PLUGIN", "0")
    tree = hummingbot_tree(tmp_path, "20260922")
    module = tree / "hummingbot/connector/derivative/hyperliquid_perpetual/hyperliquid_perpetual_derivative.py"
    module.write_text("\n\nimport a_library_nobody_has\n")
    found = read_status(hummingbot=tree)
    assert found.error == f"ModuleNotFoundError: No module named 'a_library_nobody_has' ({module}, line 3)"


def test_python_without_hummingbot_is_told_what_to_do(tmp_path: Path) -> None:
    bare = tmp_path / "bin" / "python"
    bare.parent.mkdir()
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    found = read_status(interpreter_at(tmp_path), hummingbot=tmp_path)
    assert (found.hummingbot_path, found.connector, found.domains) == (None, None, ())
    assert len(found.warnings()) == 1
    assert "pip install hummingbot" in found.warnings()[0]


def test_python_that_gives_no_answer_is_an_error_that_says_what_it_said(tmp_path: Path) -> None:
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    silent.chmod(0o755)
    with pytest.raises(ProbeError, match="no such thing"):
        read_status(str(silent))


def test_python_that_hangs_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(status, "PROBE_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(ProbeError, match="timed out"):
        read_status(str(slow))


def test_path_of_an_interpreter_may_be_an_environment_or_an_executable(tmp_path: Path) -> None:
    assert interpreter_at(Path(sys.executable)) == sys.executable
    assert interpreter_at(Path(sys.prefix)) == str(Path(sys.prefix) / "bin" / "python")
    with pytest.raises(ProbeError, match="neither a Python executable nor an environment"):
        interpreter_at(tmp_path)


def test_own_environment_names_its_startup_files(tmp_path: Path) -> None:
    found = read_status(hummingbot=hummingbot_tree(tmp_path))
    assert found.python == sys.executable
    assert found.startup_files == tuple(str(path) for path in startup_file.installed_files())
