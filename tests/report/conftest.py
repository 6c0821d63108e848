"""One trading day for all tests of reports."""

import pytest

from hyperliquid_perpetual.report.figures import Figures
from hyperliquid_perpetual.report.writing import figures_of
from tests.report.trading_day import Day, live_through


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return live_through(tmp_path_factory.mktemp("day") / "home")


@pytest.fixture(scope="session")
def figures(day: Day) -> Figures:
    return figures_of(day.home)
