"""The distance between the venue's clock and this machine's."""

import pytest

from hyperliquid_perpetual.trading.venue_clock import VenueClock

NOW = 1_800_000_000_000


def clock_after(*distances: int) -> VenueClock:
    clock = VenueClock(lambda: NOW)
    for distance in distances:
        clock.note(NOW + distance)
    return clock


def test_nothing_is_assumed_before_the_venue_has_spoken() -> None:
    assert VenueClock(lambda: NOW).ahead_ms == 0


@pytest.mark.parametrize("distance", [0, 900, -900])
def test_what_the_way_of_a_message_takes_is_no_distance(distance: int) -> None:
    assert clock_after(distance).ahead_ms == 0


def test_statement_that_took_the_least_time_counts() -> None:
    assert clock_after(39_000, 40_000, 38_500).ahead_ms == 40_000
    assert clock_after(-42_000, -40_000, -45_000).ahead_ms == -40_000


def test_clock_that_was_set_is_believed_after_a_few_statements() -> None:
    assert clock_after(40_000, 40_000, 40_000, 0, 0, 0).ahead_ms == 0
    assert clock_after(-40_000, 0).ahead_ms == 0


def test_user_is_told_once_each_time_that_the_clock_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    clock = clock_after(40_000, 40_000, 40_000, 40_000, 40_000)
    assert caplog.text.count("40 s behind the venue's") == 1
    for distance in (0, 0, 0, -60_000, -60_000, -60_000):
        clock.note(NOW + distance)
    assert caplog.text.count("60 s ahead of the venue's") == 1
