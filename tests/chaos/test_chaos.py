"""The short form of `make chaos`: real bots and a sandbox under faults, each side killed once; all of it must agree."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import audit
from tests.chaos.audit import Books
from tests.chaos.plan import make_plan
from tests.hummingbot.features import needs_hbot

ROOT = Path(__file__).resolve().parents[2]
SEED = 11
SECONDS = 20
ALL_SECONDS = 400

pytestmark = [pytest.mark.timeout(ALL_SECONDS + 20), needs_hbot]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One run, when it has ended: its folder, its exit status and what it printed."""
    folder = tmp_path_factory.mktemp("chaos") / "run"
    command = [sys.executable, "-m", "tests.chaos", "--seed", str(SEED), "--seconds", str(SECONDS)]
    process = subprocess.run(
        [*command, "--output", str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=ALL_SECONDS
    )
    return folder, process.returncode, process.stdout + process.stderr


def test_bots_and_exchange_agree_after_faults_and_kills(finished: Any) -> None:
    folder, status, printed = finished

    assert status == 0, printed
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["seed"] == SEED
    assert summary["restarts"] == len(make_plan(SEED, SECONDS).kills) == 2
    assert summary["commands"] > 20
    assert summary["orders"] > 20
    assert summary["fills"] > 5
    assert sum(summary["faults"].values()) > 5
    nothing = ("lost_fills", "duplicate_fills", "phantom_failures", "orphans", "limit_violations", "leaked_tasks")
    assert [summary[name] for name in nothing] == [0] * len(nothing), printed
    assert summary["position_difference"] == summary["balance_difference"] == "0"


def test_its_databases_doctored_afterwards_are_found_out(finished: Any, tmp_path: Path) -> None:
    folder, _, printed = finished
    ledger = json.loads((folder / "driver_last_ledger.json").read_text())["fillList"]
    database = tmp_path / "chaos.sqlite"
    shutil.copyfile(folder / "driver" / "data" / "chaos.sqlite", database)
    assert list(audit.fills(Books.read(database), ledger)) == [], printed

    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM TradeFill WHERE rowid = (SELECT max(rowid) FROM TradeFill)")
        connection.execute(
            "UPDATE TradeFill SET exchange_trade_id = '1-1' WHERE rowid = (SELECT min(rowid) FROM TradeFill)"
        )
        connection.commit()

    kinds = audit.counted(audit.fills(Books.read(database), ledger))
    assert kinds == {"lost fill": 2, "duplicate fill": 1}


def test_nothing_of_it_runs_any_more(finished: Any) -> None:
    folder, _, _ = finished
    there = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if Path(entry / "cwd").resolve().is_relative_to(folder):
                there.append(entry.name)
        except OSError:
            continue

    assert there == []
