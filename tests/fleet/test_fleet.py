"""Three headless Hummingbots with accounts of their own, led over MQTT through a real broker on one exchange."""

import asyncio
from pathlib import Path

import pytest

from tests.fleet.run import run


@pytest.mark.timeout(900)
def test_fleet_of_three_is_led_over_mqtt_and_every_ledger_agrees(tmp_path: Path) -> None:
    """`make fleet` in short: started, asked, reconfigured, one killed and back, stopped; all of it over MQTT."""
    result = asyncio.run(run(tmp_path, seconds=2))
    assert result.complaints() == []
    assert [(row.bot, row.lives) for row in result.rows] == [("main", 1), ("sub", 2), ("other", 1)]
    assert all(row.comparison.fills_bot == row.comparison.fills_exchange > 0 for row in result.rows)
    # What each said of itself when it was asked: V1 strategies have Hummingbot's own status, the script ours too.
    assert "BTC-USD" in result.statuses["main"]
    assert "ETH-USD" in result.statuses["sub"]
    assert "Request weight of the last minute" in result.statuses["other"]
