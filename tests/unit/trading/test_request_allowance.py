"""The account's allowance: what is kept for cancels, what goes out nevertheless, and how often the venue is asked."""

import logging
from decimal import Decimal
from typing import cast

import pytest

from hyperliquid_perpetual.trading import request_allowance
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.request_allowance import KeptForCancels, RequestAllowance
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.venue.messages import UserRateLimit


class Venue:
    """Answers what the account has sent; and the clock, which only moves when told."""

    def __init__(self, used: int, limit: int = 10_000) -> None:
        self.used = used
        self.limit = limit
        self.sent = 0
        self.now = 1000.0
        self.answers = True

    async def rate_limit(self) -> UserRateLimit:
        if not self.answers:
            raise VenueUnavailable("no answer")
        return UserRateLimit(Decimal(0), self.used + self.sent, self.limit)

    def monotonic(self) -> float:
        return self.now


async def allowance_of(venue: Venue, monkeypatch: pytest.MonkeyPatch, kept: int = 200) -> RequestAllowance:
    monkeypatch.setattr(request_allowance.time, "monotonic", venue.monotonic)
    allowance = RequestAllowance(cast(AccountReader, venue), lambda: venue.sent, kept)
    await allowance.refresh()
    return allowance


def levels(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [record.levelno for record in caplog.records if record.levelno >= logging.WARNING]


def goes_out(allowance: RequestAllowance, *, helps: bool) -> bool:
    try:
        allowance.check_order(helps=helps)
    except KeptForCancels:
        return False
    return True


async def test_orders_are_held_back_from_the_reserve_on_and_the_user_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = Venue(used=9_700)
    allowance = await allowance_of(venue, monkeypatch)
    venue.sent = 99
    assert goes_out(allowance, helps=False)
    venue.sent = 100
    for _ in range(50):
        assert not goes_out(allowance, helps=False)
        assert goes_out(allowance, helps=True)
        assert allowance.may_cancel()
        allowance.tell()
    assert levels(caplog) == [logging.WARNING, logging.ERROR]
    for word in ("200 requests left of the 10000", "reserveRequestWeight", "each USD", "requests_kept_for_cancels"):
        assert word in caplog.text


async def test_orders_go_out_again_when_trading_has_added_requests(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = Venue(used=9_900)
    allowance = await allowance_of(venue, monkeypatch)
    assert not goes_out(allowance, helps=False)
    assert not allowance.is_due
    venue.now += 60
    assert allowance.is_due
    venue.limit = 10_600
    await allowance.refresh()
    assert goes_out(allowance, helps=False)
    assert "Orders go out again" in caplog.text
    venue.sent = 600
    assert not goes_out(allowance, helps=False)
    assert levels(caplog).count(logging.ERROR) == 2  # once each time


async def test_nothing_is_kept_when_the_user_wants_it_so_or_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    allowance = await allowance_of(Venue(used=10_500), monkeypatch, kept=0)
    assert allowance.remaining == 0
    assert goes_out(allowance, helps=False)
    unread = RequestAllowance(cast(AccountReader, Venue(0)), lambda: 0, 200)
    assert goes_out(unread, helps=False)
    assert unread.may_cancel()


async def test_beyond_the_limit_what_helps_goes_out_at_the_venues_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = Venue(used=10_001)
    allowance = await allowance_of(venue, monkeypatch)
    sent = []
    for tick in range(300):
        venue.now = 2000 + tick / 5
        if goes_out(allowance, helps=True):
            sent.append(tick / 5)
    assert sent == [0, 10, 20, 30, 40, 50]
    venue.now = 3000.0
    # A position's exits leave as one action.
    assert [goes_out(allowance, helps=True) for _ in range(3)] == [True] * 3


@pytest.mark.parametrize(("limit", "for_cancels"), [(10_000, 20_000), (150_000, 250_000)])
async def test_cancels_go_on_to_their_own_limit_and_then_at_the_venues_pace(
    limit: int, for_cancels: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = Venue(used=for_cancels - 1, limit=limit)
    allowance = await allowance_of(venue, monkeypatch)
    assert allowance.remaining == 0
    assert allowance.remaining_for_cancels == 1
    assert all(allowance.may_cancel() for _ in range(10))
    venue.sent = 1
    caplog.clear()
    sent = []
    for tick in range(300):
        venue.now = 2000 + tick / 5
        if allowance.may_cancel():
            sent.append(tick / 5)
    assert sent == [0, 10, 20, 30, 40, 50]
    assert levels(caplog) == [logging.ERROR]


async def test_the_less_is_left_the_more_often_the_venue_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def seconds_until_due(venue: Venue) -> int:
        allowance = await allowance_of(venue, monkeypatch)
        start = venue.now
        while not allowance.is_due:
            venue.now += 1
        return int(venue.now - start)

    assert [await seconds_until_due(Venue(used)) for used in (0, 9_500, 9_900)] == [1800, 300, 60]


async def test_refusal_of_the_venue_has_it_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    venue = Venue(used=100)
    allowance = await allowance_of(venue, monkeypatch)
    venue.used = 10_400  # another bot of the account
    venue.now += 30
    assert not allowance.is_due
    allowance.doubt()
    assert allowance.is_due
    await allowance.refresh()
    assert not goes_out(allowance, helps=False)


async def test_reading_that_fails_keeps_what_was_known_and_is_tried_again_in_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue = Venue(used=100)
    allowance = await allowance_of(venue, monkeypatch)
    venue.answers = False
    venue.now += 1800
    assert allowance.is_due
    with pytest.raises(VenueUnavailable):
        await allowance.refresh()
    assert allowance.remaining == 9_900
    assert not allowance.is_due
    venue.now += 60
    assert allowance.is_due
