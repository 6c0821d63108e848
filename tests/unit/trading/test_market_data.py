"""What is known of markets, and when a book counts as stale."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.trading.market_data import STALE_AFTER, Feed, MarketData
from hyperliquid_perpetual.venue.messages import AssetContext

EPOCH_MS = 1_790_000_000_000


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def market_data(clock: Clock) -> MarketData:
    market_data = MarketData(clock)
    market_data.track("BTC")
    market_data.track("kPEPE")
    return market_data


def show(market_data: MarketData, clock: Clock, *coins: str, feed: Feed = Feed.TOP, late: float = 0.0) -> None:
    for coin in coins:
        market_data.take_book(coin, feed, EPOCH_MS + int((clock.now - late) * 1000))


def context(**fields: str) -> AssetContext:
    values = {"funding": "0.0000125", "oraclePx": "100", "markPx": "101"} | fields
    return AssetContext(**{name: Decimal(value) for name, value in values.items()})


def test_nothing_arrived_yet_is_stale(market_data: MarketData, clock: Clock) -> None:
    assert market_data.stale() == {"BTC": "no book has arrived yet", "kPEPE": "no book has arrived yet"}
    show(market_data, clock, "BTC")
    assert market_data.stale() == {"kPEPE": "no book has arrived yet"}


def test_nothing_tracked_is_not_stale() -> None:
    assert MarketData().stale() == {}


def test_coin_whose_book_is_not_confirmed_any_more_is_stale(market_data: MarketData, clock: Clock) -> None:
    show(market_data, clock, "BTC", "kPEPE")
    for _ in range(20):
        clock.now += 1
        show(market_data, clock, "BTC")
    assert market_data.stale() == {"kPEPE": "its book has not been confirmed for 20 s"}
    show(market_data, clock, "kPEPE", feed=Feed.DEPTH)
    assert market_data.stale() == {}


def test_silence_of_everything_is_stale_at_a_time_that_is_asked_for(market_data: MarketData, clock: Clock) -> None:
    show(market_data, clock, "BTC", "kPEPE")
    assert market_data.stale(clock.now + STALE_AFTER) == {}
    assert set(market_data.stale(clock.now + STALE_AFTER + 1)) == {"BTC", "kPEPE"}


def test_halt_of_the_venue_is_stale_although_books_arrive(market_data: MarketData, clock: Clock) -> None:
    show(market_data, clock, "BTC", "kPEPE")
    halted_at = clock.now
    for _ in range(32):
        clock.now += 0.5
        show(market_data, clock, "BTC", "kPEPE", late=clock.now - halted_at)
    assert market_data.stale() == dict.fromkeys(("BTC", "kPEPE"), "the venue's time has stood still for 16 s")


def test_frames_that_come_later_and_later_are_stale(market_data: MarketData, clock: Clock) -> None:
    for seconds in range(40):
        clock.now += 1
        show(market_data, clock, "BTC", "kPEPE", late=seconds / 2)
    assert market_data.stale()["BTC"] == "the best prices arrive 19 s late"
    assert market_data.lag(Feed.TOP) == pytest.approx(19.5, abs=0.1)


def test_new_socket_does_not_hide_that_the_venue_is_late(market_data: MarketData, clock: Clock) -> None:
    for late in (0, 30):
        clock.now += 1
        show(market_data, clock, "BTC", "kPEPE", late=late)
    market_data.begin(Feed.TOP)
    assert market_data.feed_age(Feed.TOP) == 0
    clock.now += 1
    show(market_data, clock, "BTC", "kPEPE", late=29)
    assert market_data.stale()["BTC"] == "the best prices arrive 29 s late"
    clock.now += 1
    show(market_data, clock, "BTC", "kPEPE", late=1)
    assert market_data.stale() == {}


def test_clocks_that_run_apart_for_days_do_not_add_up_to_lateness(market_data: MarketData, clock: Clock) -> None:
    for hour in range(24 * 30):
        clock.now += 3600
        show(market_data, clock, "BTC", "kPEPE", late=hour * 3600 * 200e-6)
        assert market_data.stale() == {}


def test_venue_that_sets_its_clock_back_is_not_late(market_data: MarketData, clock: Clock) -> None:
    show(market_data, clock, "BTC", "kPEPE")
    for _ in range(40):
        clock.now += 1
        show(market_data, clock, "BTC", "kPEPE", late=7200)
        assert market_data.stale() == {}


@pytest.mark.parametrize("wrong_by", [-86_400, -60, 60, 86_400])
def test_wrong_clock_of_this_machine_does_not_make_a_book_stale(
    market_data: MarketData, clock: Clock, wrong_by: float
) -> None:
    for _ in range(60):
        clock.now += 0.5
        show(market_data, clock, "BTC", "kPEPE", late=wrong_by)
        assert market_data.stale() == {}


def test_coin_that_is_forgotten_is_not_expected(market_data: MarketData, clock: Clock) -> None:
    show(market_data, clock, "BTC")
    market_data.forget("kPEPE")
    assert market_data.stale() == {}
    assert market_data.tracked == {"BTC"}
    assert market_data.expected_for("kPEPE") == 0


def test_ages_count_from_the_last_arrival(market_data: MarketData, clock: Clock) -> None:
    assert market_data.book_age("BTC") == float("inf")
    assert market_data.context_age("ETH") == float("inf")
    show(market_data, clock, "BTC")
    market_data.take_context("BTC", context())
    clock.now += 3
    show(market_data, clock, "BTC", feed=Feed.DEPTH)
    clock.now += 1
    assert market_data.book_age("BTC") == 1
    assert market_data.book_age("BTC", [Feed.TOP]) == 4
    assert market_data.context_age("BTC") == 4
    assert market_data.expected_for("BTC") == 4


def test_reference_price_is_mark_then_mid_then_last_trade(market_data: MarketData) -> None:
    assert market_data.reference_price("BTC") is None
    market_data.take_trade("BTC", "99.5", EPOCH_MS)
    assert market_data.reference_price("BTC") == Decimal("99.5")
    market_data.take_book("BTC", Feed.TOP, EPOCH_MS, 100.0, 100.1)
    assert market_data.reference_price("BTC") == Decimal("100.05")
    market_data.take_context("BTC", context(markPx="101"))
    assert market_data.reference_price("BTC") == Decimal(101)
    assert market_data.reference_price("ETH") is None


def test_mid_falls_back_to_the_venues_own_when_a_side_is_empty(market_data: MarketData) -> None:
    market_data.take_book("BTC", Feed.TOP, EPOCH_MS, None, 100.1)
    assert market_data.mids() == {}
    market_data.take_context("BTC", context(midPx="100.2"))
    assert market_data.mids() == {"BTC": Decimal("100.2")}


def test_older_trade_does_not_replace_the_last(market_data: MarketData) -> None:
    market_data.take_trade("BTC", "100.0", EPOCH_MS + 2)
    market_data.take_trade("BTC", "90.0", EPOCH_MS + 1)
    market_data.take_trade("BTC", "101.0", EPOCH_MS + 2)
    assert market_data.last_trade_price("BTC") == Decimal("101.0")
    assert market_data.last_trade_price("ETH") is None
