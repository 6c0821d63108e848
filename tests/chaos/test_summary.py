"""When a run is a success, and what its summary says."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.chaos.summary import NOUGHTS, Summary

GOOD = Summary(
    seed=1,
    seconds=300,
    commands=900,
    orders=700,
    fills=500,
    faults={"delay": 3},
    reconnects=4,
    restarts=9,
    lost_fills=0,
    duplicate_fills=0,
    phantom_failures=0,
    orphans=0,
    position_difference=Decimal("0.000"),
    balance_difference=Decimal(0),
    limit_violations=0,
    leaked_tasks=0,
)


def test_all_zeros_are_a_success() -> None:
    assert GOOD.complaints() == []


@pytest.mark.parametrize("name", NOUGHTS)
def test_anything_that_is_not_zero_is_a_failure(name: str) -> None:
    value = Decimal("0.000001") if name.endswith("difference") else 1

    (complaint,) = replace(GOOD, **{name: value}).complaints()

    assert name.replace("_", " ") in complaint


@pytest.mark.parametrize("nothing", [{"fills": 0}, {"faults": {}}, {"restarts": 0}])
def test_a_run_in_which_hardly_anything_happened_is_a_failure(nothing: dict[str, object]) -> None:
    assert len(replace(GOOD, **nothing).complaints()) == 1  # type: ignore[arg-type]


def test_the_file_has_the_figures_with_amounts_as_plain_text(tmp_path: Path) -> None:
    content = json.loads(GOOD.write(tmp_path).read_text())

    assert list(content) == list(vars(GOOD))
    assert content["position_difference"] == content["balance_difference"] == "0"
    assert content["faults"] == {"delay": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]
