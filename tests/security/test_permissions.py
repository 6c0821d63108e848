"""Files of ours that say something about accounts belong to their owner alone, whatever the umask says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.plugin import startup_file
from hyperliquid_perpetual.sandbox import Sandbox


@pytest.fixture
def careless() -> Iterator[None]:
    """An umask that forbids nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: mode(path) for path in folder.iterdir()}


@pytest.mark.usefixtures("careless")
async def test_state_of_a_sandbox_is_its_owners_alone(tmp_path: Path) -> None:
    async with Sandbox(seed=1, market="still", clock="virtual", state=tmp_path / "state") as exchange:
        exchange.fund("0x" + "ab" * 20)
        while_it_runs = modes(tmp_path)
    afterwards = modes(tmp_path)
    assert "state" in while_it_runs
    assert any("journal" in name for name in while_it_runs)
    assert set(while_it_runs.values()) | set(afterwards.values()) == {0o600}


@pytest.mark.usefixtures("careless")
async def test_state_that_others_could_read_is_closed_when_it_is_used_again(tmp_path: Path) -> None:
    async with Sandbox(seed=1, market="still", clock="virtual", state=tmp_path / "state"):
        pass
    (tmp_path / "state").chmod(0o666)
    async with Sandbox(market="still", clock="virtual", state=tmp_path / "state") as exchange:
        exchange.fund("0x" + "ab" * 20)
    assert set(modes(tmp_path).values()) == {0o600}


@pytest.mark.usefixtures("careless")
def test_file_that_python_runs_at_every_start_can_be_written_by_its_owner_alone(tmp_path: Path) -> None:
    path, written = startup_file.enable(tmp_path)
    assert written
    assert mode(path) == 0o644
