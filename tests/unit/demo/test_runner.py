"""The demo's answers to what cannot work, before anything is started."""

import fcntl
import json
from pathlib import Path

import pytest

from hyperliquid_perpetual.demo import runner
from hyperliquid_perpetual.demo.runner import STATUS_BAD_INPUT, STATUS_FAILED


def test_an_unknown_strategy_is_answered_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runner.run("no_such_thing", 60, tmp_path / "out") == STATUS_BAD_INPUT

    output = capsys.readouterr().out
    assert "'no_such_thing'" in output
    assert "perpetual_market_making" in output
    assert "inventory_quotes" in output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seconds", [0, -5])
def test_a_time_that_is_none_is_refused(seconds: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.run("perpetual_market_making", seconds, tmp_path) == STATUS_BAD_INPUT

    assert "--seconds" in capsys.readouterr().out


def test_a_second_demo_in_the_same_folder_is_refused_and_the_first_ones_files_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.json"
    summary.write_text(json.dumps({"of": "the first"}))
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert runner.run("perpetual_market_making", 1, tmp_path) == STATUS_FAILED

    assert "another demo" in capsys.readouterr().out
    assert json.loads(summary.read_text()) == {"of": "the first"}
