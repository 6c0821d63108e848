"""Many demos: what is refused before anything starts, how they share the machine, and the table of their results."""

import asyncio
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from hyperliquid_perpetual.demo import series
from hyperliquid_perpetual.demo.display import Display
from hyperliquid_perpetual.demo.ending import STATUS_BAD_INPUT, STATUS_FAILED, STATUS_OK
from hyperliquid_perpetual.demo.exchange import AccountView
from hyperliquid_perpetual.demo.runner import Demo
from hyperliquid_perpetual.demo.series import Series
from hyperliquid_perpetual.homes import configurations
from tests.unit.demo.test_summary import GOOD

CHOSEN = list(configurations.all_configurations().values())[:3]


@pytest.mark.parametrize(("seconds", "jobs", "said"), [(0, 1, "--seconds: 0"), (60, 0, "--jobs: 0")])
def test_a_number_that_is_none_is_refused(
    seconds: int, jobs: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert series.run(seconds, tmp_path / "out", jobs) == STATUS_BAD_INPUT

    assert said in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


class Stage:
    """Stands in for the runs themselves: counts how many there are at a time, and lets some fail."""

    def __init__(self, failing: str = "") -> None:
        self.running = self.most = 0
        self.folders: list[Path] = []
        self._failing = failing

    async def run(self, demo: Demo) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        self.folders.append(demo.output)
        await asyncio.sleep(0.01)
        self.running -= 1
        if demo.configuration.name == self._failing:
            return STATUS_FAILED
        demo.summary = replace(GOOD, strategy=demo.configuration.name)
        return STATUS_OK


async def run(stage: Stage, output: Path, jobs: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setattr(Demo, "run_to_the_end", lambda demo: stage.run(demo))
    printed = StringIO()
    status = await Series(CHOSEN, 5, output, Console(file=printed, width=150)).run(jobs)
    return status, printed.getvalue()


@pytest.mark.parametrize("jobs", [1, 2])
async def test_as_many_run_at_a_time_as_allowed_each_in_its_own_folder(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()

    status, printed = await run(stage, tmp_path, jobs, monkeypatch)

    assert status == STATUS_OK
    assert stage.most == jobs
    assert stage.folders == [tmp_path / item.name for item in CHOSEN]
    assert printed.count("OK") == len(CHOSEN)


async def test_one_that_fails_is_shown_beside_the_others_and_fails_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, printed = await run(Stage(CHOSEN[1].name), tmp_path, 3, monkeypatch)

    assert status == STATUS_FAILED
    assert printed.count("OK") == len(CHOSEN) - 1
    assert next(line for line in printed.splitlines() if CHOSEN[1].name in line).count("FAILED") == 1


def test_lines_of_demos_side_by_side_begin_with_their_names() -> None:
    printed = StringIO()
    display = Display(Console(file=printed, width=150), "grid")
    with display.step("Starting"):
        pass
    display.say("\nOne\nTwo")
    with display.trading():
        display.show(AccountView(), ("BTC",), 0.0, 60)

    lines = printed.getvalue().splitlines()
    assert len(lines) == 4
    assert all(line.startswith("grid: ") for line in lines)
