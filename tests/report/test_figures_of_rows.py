"""Books, uptime, liquidity and log records in small, where the right figures can be said beforehand."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hyperliquid_perpetual.report import ledger
from hyperliquid_perpetual.report.database import Fill, Order, Payment, Quote
from hyperliquid_perpetual.report.drawing import thinned
from hyperliquid_perpetual.report.liquidity import Liquidity, classify
from hyperliquid_perpetual.report.log_facts import Session, gather
from hyperliquid_perpetual.report.quoting import observe
from hyperliquid_perpetual.report.records import records_in
from hyperliquid_perpetual.report.spread import capture
from hyperliquid_perpetual.report.text import duration, money, plain, seconds
from hyperliquid_perpetual.report.timing import Latency

PAIR = "BTC-USD"


def fill(
    side: str, size: str, price: str, time: int = 0, fee: str = "0", kind: str = "LIMIT", pair: str = PAIR
) -> Fill:
    name = f"{pair} {side} {size} {price} {time} {fee}"
    return Fill(name, name, pair, side == "buy", kind, Decimal(price), Decimal(size), Decimal(fee), "USDC", time, True)


def order(name: str, side: str, price: str, created: int, ended: int | None, kind: str = "LIMIT") -> Order:
    end = "cancelled" if ended is not None else ""
    return Order(name, PAIR, side == "buy", kind, Decimal(1), Decimal(price), created, ended, end)


# --- Books


def test_position_that_turns_over_realizes_what_it_closed_and_starts_anew() -> None:
    books = ledger.keep_books([fill("buy", "2", "100", 1), fill("sell", "5", "110", 2), fill("buy", "1", "107", 3)])
    held = books.holdings[PAIR]
    assert held.position == -2
    assert held.realized == 2 * 10 + 1 * 3
    assert held.cost == 2 * 110
    assert held.unrealized == 2 * (110 - 107)


def test_partial_close_that_does_not_divide_evenly_loses_nothing_until_all_is_closed() -> None:
    sizes = ["1", "1", "1"]
    fills = [fill("buy", "3", "100.01", 1), *(fill("sell", size, "101", 2 + n) for n, size in enumerate(sizes))]
    held = ledger.keep_books(fills).holdings[PAIR]
    assert (held.position, held.cost) == (0, 0)
    assert held.realized == 3 * (Decimal(101) - Decimal("100.01"))


def test_equity_has_fees_funding_and_the_open_position_at_the_last_price() -> None:
    events: list[ledger.Event] = [
        fill("buy", "1", "100", 1, fee="0.05"),
        Payment(PAIR, 2, Decimal("0.0001"), Decimal("-0.01")),
        Quote(PAIR, 3, Decimal(104)),
    ]
    steps = ledger.keep_books(events).steps
    assert [step.equity for step in steps] == [Decimal("-0.05"), Decimal("-0.06"), Decimal("3.94")]


def test_market_prices_of_pairs_that_were_not_traded_are_no_events() -> None:
    assert ledger.events_of([fill("buy", "1", "100", 1)], [], [Quote("ETH-USD", 2, Decimal(1))]) == [
        fill("buy", "1", "100", 1)
    ]


# --- Maker or taker


def of_rates(*rates: str, kind: str = "LIMIT", pair: str = PAIR) -> list[Fill]:
    return [
        fill("buy", "1", "1000", number, fee=str(Decimal(rate) * 1000), kind=kind, pair=pair)
        for number, rate in enumerate(rates)
    ]


@pytest.mark.parametrize(
    ("rates", "sides"),
    [
        (["0.00015", "0.00045"], "MT"),
        (["0.00045", "0.000144", "0.000146"], "TMM"),
        (["0.00015"], "M"),
        (["0.00045", "0.00040"], "TT"),
        (["-0.00003", "0"], "MM"),
        (["0.000015", "0.00015", "0.00045"], "???"),
        (["0.0009"], "?"),
    ],
)
def test_fee_rates_tell_makers_from_takers_where_they_can(rates: list[str], sides: str) -> None:
    meaning = {"M": Liquidity.MAKER, "T": Liquidity.TAKER, "?": Liquidity.UNKNOWN}
    fills = of_rates(*rates)
    assert [classify(fills)[item] for item in fills] == [meaning[side] for side in sides]


def test_order_types_that_can_only_make_or_take_say_what_a_rate_means() -> None:
    hip3 = "xyz:TSLA-USD"
    plain_ones = of_rates("0.0003", "0.0009", pair=hip3)
    assert set(classify(plain_ones[:1]).values()) == {Liquidity.UNKNOWN}, "its deployer may have set any rate"
    certain = [replace(of_rates("0.0003", kind="LIMIT_MAKER", pair=hip3)[0], trade_id="certain")]
    sides = classify([*plain_ones[:1], *certain])
    assert set(sides.values()) == {Liquidity.MAKER}


# --- Uptime


def test_uptime_is_the_time_with_orders_on_both_sides() -> None:
    orders = [
        order("a", "buy", "99", 0, 60),
        order("b", "buy", "98", 0, 100),
        order("c", "sell", "101", 20, 80),
        order("m", "sell", "0", 0, 100, kind="MARKET"),
    ]
    quoting = observe(orders, {}, [Session(0, 100)], (0, 100))[PAIR]
    assert (quoting.two_sided_ms, quoting.one_sided_ms, quoting.observed_ms) == (60, 40, 100)
    assert quoting.uptime == Decimal("0.6")
    assert [(item.bid, item.ask) for item in quoting.stretches] == [(99, None), (99, 101), (98, 101), (98, None)]


def test_order_without_an_end_rests_until_the_bot_stops_and_not_over_its_absence() -> None:
    orders = [order("a", "buy", "99", 10, None), order("b", "sell", "101", 10, None), order("c", "buy", "99", 500, 600)]
    quoting = observe(orders, {}, [Session(0, 100), Session(490, 700)], (0, 700))[PAIR]
    assert quoting.two_sided_ms == 90
    assert quoting.observed_ms == 90 + 200
    assert quoting.one_sided_ms == 100


def test_acceptance_from_the_log_is_when_an_order_begins_to_count() -> None:
    orders = [order("a", "buy", "99", 0, 100), order("b", "sell", "101", 0, 100)]
    quoting = observe(orders, {"a": 10, "b": 30}, [Session(0, 100)], (0, 100))[PAIR]
    assert quoting.two_sided_ms == 70
    assert quoting.observed_ms == 90


def test_spread_is_measured_against_the_mid_before_the_fill() -> None:
    mids = [Quote(PAIR, 0, Decimal(100)), Quote(PAIR, 50, Decimal(200))]
    found = capture([fill("buy", "1", "99", 10), fill("sell", "1", "202", 60), fill("buy", "1", "9", 999_999)], mids)
    assert found.fills_with_mid == 2
    assert found.against_mid == (Decimal(1) + 2) / (100 + 200)


# --- Logs


def log_of(tmp_path: Path, *lines: str) -> Path:
    log = tmp_path / "logs_x.log"
    log.write_text("\n".join(lines) + "\n")
    return log


def at(second: int, text: str, level: str = "INFO", process: int = 7) -> str:
    return f"2026-11-28 00:00:{second:02},000 - {process} - hummingbot.some - {level} - {text}"


def test_runs_of_a_bot_are_told_apart(tmp_path: Path) -> None:
    log = log_of(
        tmp_path,
        at(0, "Starting"),
        at(1, "Clock started successfully"),
        at(9, "Clock stopped successfully"),
        at(20, "hello", process=8),
        at(21, "Clock started successfully", process=8),
        "Traceback (most recent call last):",
        at(30, "killed in the middle", process=8),
        at(40, "of which the start was rotated away", process=9),
        at(45, "end", process=9),
    )
    lengths = [session.end_ms - session.start_ms for session in gather(records_in(log), {}).sessions]
    assert lengths == [8000, 9000, 5000]


def test_incidents_are_recognized_by_the_words_of_the_connector(tmp_path: Path) -> None:
    log = log_of(
        tmp_path,
        at(1, "The account stream connection was lost: closed by the venue. Reconnecting.", "WARNING"),
        at(2, "The deep books connection could not be opened (attempt 2): refused. Reconnecting.", "WARNING"),
        at(3, "Reconciled: the position in BTC is 1, not 2, although the account stream was live"),
        at(4, "Reconciled: order 0xab has ended at the venue (filled), while the account stream was interrupted"),
        at(5, "The order book of BTC-USD is stale: its book has not been confirmed for 16 s", "WARNING"),
        at(6, "The order book of BTC-USD is stale: its book has not been confirmed for 17 s", "WARNING"),
        at(7, "The order book of BTC-USD is fresh again"),
        at(8, "The order book of BTC-USD is stale: again", "WARNING"),
        at(9, "It is not known yet whether order 0xab reached the venue (time-out): it stays pending", "WARNING"),
        at(10, "something broke", "ERROR"),
    )
    facts = gather(records_in(log), {})
    assert [(item.kind, item.subject) for item in facts.incidents] == [
        ("reconnect", "account stream"),
        ("reconnect", "deep books"),
        ("difference", "position"),
        ("difference", "end"),
        ("stale book", "BTC-USD"),
        ("stale book", "BTC-USD"),
        ("unknown outcome", ""),
        ("error", "error"),
    ]


def test_rotated_logs_are_read_in_their_order(tmp_path: Path) -> None:
    log = log_of(tmp_path, at(9, "third"))
    (tmp_path / "logs_x.log.2026-11-27").write_text(at(2, "second") + "\n")
    (tmp_path / "logs_x.log.2026-11-26").write_text(at(1, "first") + "\n")
    (tmp_path / "logs_xy.log").write_text(at(1, "another bot's") + "\n")
    assert [record.text for record in records_in(log)] == ["first", "second", "third"]


# --- Figures in words


def test_quantile_is_the_sample_below_which_the_share_lies() -> None:
    latency = Latency("x", "", tuple(range(1, 101)))
    assert [latency.quantile(share) for share in (0, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert Latency("x", "", ()).quantile(0.5) is None


def test_line_of_many_points_keeps_its_ends_and_extremes() -> None:
    points = [(time, 0.0) for time in range(100_000)]
    points[54_321] = (54_321, 9.0)
    points[77_777] = (77_777, -9.0)
    kept = thinned(points)
    assert len(kept) <= 2100
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert {(54_321, 9.0), (77_777, -9.0)} <= set(kept)
    assert kept == sorted(kept)


def test_figures_are_written_for_people() -> None:
    assert [plain(Decimal(value)) for value in ("1.500", "-0", "1e3", "-0.000012")] == ["1.5", "0", "1000", "-0.000012"]
    assert money(Decimal("12345.678")) == "12,345.68"
    assert money(Decimal("0.0123"), signed=True) == "+0.0123"
    assert money(Decimal("-0.00001"), signed=True) == "0.0000"
    assert [seconds(value) for value in (12.4, 1250)] == ["12 ms", "1.25 s"]
    assert [duration(value) for value in (0, 45_000, 192_000, 7_500_000, 270_000_000)] == [
        "0 s",
        "45 s",
        "3 min 12 s",
        "2 h 5 min",
        "3 d 3 h",
    ]
