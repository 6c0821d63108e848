"""Delays between attempts."""

from hyperliquid_perpetual.trading.backoff import Backoff


def test_delays_are_random_and_grow_up_to_the_longest() -> None:
    backoff = Backoff(first=0.5, longest=30.0)
    ceilings = []
    for _ in range(40):
        backoff.fail()
        delays = [backoff.delay() for _ in range(200)]
        assert len(set(delays)) > 100
        ceilings.append(max(delays))
    assert ceilings[0] <= 0.5
    assert ceilings[2] > 0.75
    assert 20 < max(ceilings) <= 30


def test_success_starts_over() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.fail()
    backoff.succeed()
    backoff.fail()
    assert backoff.delay() <= 0.5


def test_long_outage_is_told_less_and_less_often() -> None:
    backoff = Backoff()
    told = []
    for _ in range(100):
        backoff.fail()
        if backoff.is_worth_telling:
            told.append(backoff.failures)
    assert told == [1, 2, 4, 8, 16, 32, 64]
