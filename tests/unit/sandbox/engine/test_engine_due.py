"""What is due at one moment, in its order, and what is due before anything else is."""

from hyperliquid_perpetual.sandbox.engine.commands import ScheduleCancel
from hyperliquid_perpetual.sandbox.engine.events import TwapRunning
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, NOON, Venue, oid_of

SLICE = 30_000


def test_twap_slice_finds_nothing_of_what_is_canceled_by_schedule_in_the_same_moment() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    ask = oid_of(venue.sell(BOB, "ETH", 4_001, 50))
    assert isinstance(venue.twap(CAROL, "buy", "ETH", 11, 5), TwapRunning)
    assert venue.szi(CAROL, "ETH") == 1
    assert venue.reply(ScheduleCancel(BOB, NOON + SLICE)).error is None
    venue.tick(NOON + SLICE)
    assert venue.status(BOB, ask) == "scheduledCancel"
    assert venue.fills() == []
    assert venue.szi(CAROL, "ETH") == 1


def test_scheduled_cancel_comes_at_its_time_when_nothing_else_is_due_for_long() -> None:
    """The last mark and sample were at 15,000 ms, the next ones come at 18,000 and 20,000."""
    venue = Venue(scheduled_cancel_volume=0)
    bid = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    assert venue.reply(ScheduleCancel(ALICE, NOON + 15_200)).error is None
    venue.tick(NOON + 15_100)
    venue.tick(NOON + 15_199)
    assert venue.status(ALICE, bid) == "open"
    venue.tick(NOON + 15_200)
    record = venue.record(ALICE, bid)
    assert (record.status, record.status_timestamp) == ("scheduledCancel", NOON + 15_200)
