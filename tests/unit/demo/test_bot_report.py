"""The report that a demo ends with never decides how the demo ends."""

import sys
from pathlib import Path

import pytest

from hyperliquid_perpetual.demo import bot_report
from tests.report.small_database import CONNECTOR, make_database


def test_bot_that_traded_gets_a_page_and_a_picture(tmp_path: Path) -> None:
    database = make_database(tmp_path / "bot.sqlite", rounds=4, pairs=("BTC-USD",))

    said = bot_report.write(database, tmp_path / "no.log", CONNECTOR, tmp_path / "out")

    assert said == str(tmp_path / "out" / "report.html")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["report.html", "report.png"]


def test_bot_that_recorded_nothing_gets_none_and_a_reason(tmp_path: Path) -> None:
    said = bot_report.write(tmp_path / "no.sqlite", tmp_path / "no.log", CONNECTOR, tmp_path / "out")

    assert said.startswith("none: ")
    assert "no.sqlite" in said
    assert not (tmp_path / "out").exists()


def test_without_matplotlib_there_is_none_and_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    database = make_database(tmp_path / "bot.sqlite", rounds=4, pairs=("BTC-USD",))

    said = bot_report.write(database, tmp_path / "no.log", CONNECTOR, tmp_path / "out")

    assert said.startswith("none: ")
    assert "[report]" in said
    assert len(said.splitlines()) == 1
