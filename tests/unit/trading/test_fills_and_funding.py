"""Fills and funding payments: each once, whatever order and however often they are told."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.fills import MAX_REMEMBERED, OVERLAP_MS, FillBook, trade_id
from hyperliquid_perpetual.trading.funding_ledger import FundingLedger
from hyperliquid_perpetual.venue.messages import Fill, FundingPayment


def fill(tid: int | None = 1, time: int = 1000, oid: int = 7, coin: str = "BTC", tx: str = "0xabc") -> Fill:
    return Fill(coin, Decimal(1), Decimal(1), "B", time, oid, Decimal(0), tid=tid, hash=tx)


def test_the_same_fill_is_new_once() -> None:
    book = FillBook()
    assert book.is_new(fill())
    book.remember(fill())
    assert not book.is_new(fill())


def test_two_fills_between_the_same_two_orders_share_their_trade_id_and_are_both_booked() -> None:
    book = FillBook()
    book.remember(fill(tid=5, time=1000))
    assert book.is_new(fill(tid=5, time=2000))
    assert trade_id(fill(tid=5, time=1000)) != trade_id(fill(tid=5, time=2000))


def test_a_fill_of_2023_without_trade_id_is_known_by_its_transaction() -> None:
    book = FillBook()
    book.remember(fill(tid=None))
    assert not book.is_new(fill(tid=None))
    assert trade_id(fill(tid=None)) == "0xabc-1000"
    assert book.is_new(fill(tid=None, tx="0xdef")), "another transaction of the same moment"
    assert book.is_new(fill(tid=5))
    book.remember(fill(tid=5))
    assert not book.is_new(fill(tid=5, tx="0xdef")), "a trade id is enough"


def test_memory_is_bounded_and_forgets_the_oldest_only() -> None:
    book = FillBook()
    for number in range(MAX_REMEMBERED + 1):
        book.remember(fill(tid=number))
    assert book.is_new(fill(tid=0))
    assert not book.is_new(fill(tid=1))


def test_a_newer_fill_on_the_stream_does_not_hide_the_gap_before_it() -> None:
    book = FillBook()
    book.swept(1_000_000)
    book.remember(fill(time=9_000_000))
    assert book.gap_start(0) == 1_000_000 - OVERLAP_MS


def payment(time: int, coin: str = "BTC", usdc: str = "-0.5") -> FundingPayment:
    return FundingPayment(time, coin, Decimal(usdc), Decimal(1), Decimal("0.0000125"))


def test_payments_from_before_the_start_are_known_but_not_reported() -> None:
    ledger = FundingLedger(started_ms=5_000)
    assert ledger.take_new([payment(4_000)]) == []
    newest = ledger.newest("BTC")
    assert newest is not None
    assert newest.time == 4_000


def test_all_payments_of_a_gap_are_reported_oldest_first() -> None:
    """D64: not only the first row of a window."""
    ledger = FundingLedger(started_ms=0)
    rows = [payment(10_000), payment(7_000), payment(4_000)]
    assert [item.time for item in ledger.take_new(rows)] == [4_000, 7_000, 10_000]
    assert ledger.take_new(rows) == []


@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from(["BTC", "ETH"])), max_size=60), st.data())
def test_each_payment_is_reported_at_most_once(hours: list[tuple[int, str]], data: st.DataObject) -> None:
    ledger = FundingLedger(started_ms=0)
    reported: list[tuple[int, str]] = []
    pending = list(hours)
    while pending:
        size = data.draw(st.integers(1, len(pending)))
        chunk, pending = pending[:size], pending[size:]
        reported += [(item.time, item.coin) for item in ledger.take_new([payment(h, c) for h, c in chunk])]
    assert len(reported) == len(set(reported))
    assert set(reported) <= set(hours)


def test_who_keeps_the_time_until_which_fills_are_known_is_told_when_it_moves_and_only_then() -> None:
    book, told = FillBook(), []
    book.on_swept = told.append
    for until in (5_000, 5_000, 4_000, 6_000):
        book.swept(until)
    assert told == [5_000, 6_000]


def test_request_for_fills_never_reaches_back_before_all_time() -> None:
    assert FillBook().gap_start(OVERLAP_MS - 1) == 0
    assert FillBook().gap_start(OVERLAP_MS + 5) == 5
