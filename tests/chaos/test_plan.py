"""A plan is all of a run that can be known before: the same for the same seed, and rich enough to be worth running."""

from pathlib import Path

import pytest

from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.specification import fault_from
from tests.chaos.plan import BOTS, DRIVER, EXCHANGE, HOUR, START_SECONDS, make_plan
from tests.chaos.run import MARK, make_room

SEEDS = range(30)


def test_the_same_seed_makes_the_same_plan_and_another_one_another() -> None:
    assert make_plan(4, 300) == make_plan(4, 300)
    assert make_plan(4, 300) != make_plan(5, 300)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_run_has_every_kind_of_fault_and_kills_of_everybody(seed: int) -> None:
    plan = make_plan(seed, 300)

    assert {fault["fault"] for _, fault in plan.faults} == set(KINDS)
    victims = [kill.victim for kill in plan.kills]
    assert all(victims.count(name) >= 3 for name in (EXCHANGE, *BOTS))
    assert all(0 < kill.at < plan.seconds for kill in plan.kills)
    assert not plan.is_short


@pytest.mark.parametrize("seed", SEEDS)
def test_the_short_form_kills_each_side_once(seed: int) -> None:
    plan = make_plan(seed, 30)

    assert sorted(kill.victim for kill in plan.kills) == sorted((EXCHANGE, DRIVER))
    assert plan.faults
    assert plan.is_short


def test_faults_are_what_the_sandbox_takes_and_begin_at_once() -> None:
    for _, fault in make_plan(1, 300).faults:
        assert fault_from(fault).at == 0


def test_the_hour_turns_in_the_middle_of_the_run_by_the_shifted_clock() -> None:
    plan = make_plan(7, 300)
    now = 1_795_766_123.5

    turn = now + plan.clock_shift(now) + START_SECONDS + plan.hour_turns_at

    assert turn % HOUR == pytest.approx(0, abs=1e-3) or turn % HOUR == pytest.approx(HOUR, abs=1e-3)
    assert 90 <= plan.hour_turns_at <= 210


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(FileExistsError, match="choose another folder"):
        make_room(tmp_path)

    assert (tmp_path / "thesis.txt").exists()


def test_the_folder_of_an_earlier_run_is_emptied(tmp_path: Path) -> None:
    folder = tmp_path / "chaos"
    make_room(folder)
    (folder / "summary.json").touch()

    make_room(folder)

    assert [file.name for file in folder.iterdir()] == [MARK]
