"""What an operator can watch of a connector, as Prometheus metrics, read when they are asked for.

Nothing is kept for it beside what the connector counts anyway. Values are read from another thread than the
connector's; where that finds something in the middle of a change, it is read again. Names follow Prometheus'
conventions: seconds, and ``_total`` for what only grows. A label names a connector by its domain and by the first and
last digits of the account, which are public; keys are nowhere near.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .budget import WeightBudget
from .differences import Differences
from .dispatch import Counters
from .loop_watch import LoopWatch
from .market_data import MarketData
from .order_tracker import OrderTracker
from .request_allowance import RequestAllowance
from .request_tally import Durations, RequestTally

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

PREFIX = "hyperliquid_perpetual_"
LABELS = ("connector", "account")

_TRIES = 5


class Stream(Protocol):
    """A source of messages over one or more sockets."""

    @property
    def is_live(self) -> bool:
        """Whether it is connected, acknowledged and heard from."""
        ...

    @property
    def reconnects(self) -> int:
        """How often sockets were replaced."""
        ...

    @property
    def last_recv_time(self) -> float:
        """Unix seconds of the last frame; 0 when there is none."""
        ...


@dataclass(frozen=True)
class Watched:
    """The parts of one connector that metrics are read from."""

    connector: str
    account: str
    """The account's address; empty for a connector without keys."""
    host: str
    tally: RequestTally
    budget: WeightBudget
    allowance: RequestAllowance
    market_data: MarketData
    pair_of: Callable[[str], str | None]
    streams: Callable[[], dict[str, Stream]]
    """By name. They are asked for anew each time, as a connector makes new ones when it moves to another loop."""
    tracker: OrderTracker
    pending_outcomes: Callable[[], int]
    """How many orders' fates are being asked for."""
    differences: Differences
    passed_over: Counters
    loop: LoopWatch


def short_account(address: str) -> str:
    """What tells accounts apart on a board: ``0x1234..abcd``."""
    return f"{address[:6]}..{address[-4:]}" if len(address) > 12 else address


def collect(watched: Iterable[Watched]) -> Iterator["Metric"]:
    """The metrics of some connectors, each family once; needs prometheus-client.

    Two connectors of one domain and account get a number each, as two series must not have the same labels. The request
    weight belongs to the process and is told once for each host.
    """
    families = _Families()
    taken: set[tuple[str, str]] = set()
    hosts: set[str] = set()
    for one in watched:
        account, number = short_account(one.account), 1
        while (one.connector, account) in taken:
            number += 1
            account = f"{short_account(one.account)} #{number}"
        taken.add((one.connector, account))
        families.add(_read_in_one_piece(one, [one.connector, account]))
        if one.host not in hosts:
            hosts.add(one.host)
            _read_budget(one, families)
    yield from families.made.values()


def _read_in_one_piece(one: Watched, labels: list[str]) -> "_Families":
    for _ in range(_TRIES):
        families = _Families()
        try:
            _read(one, families, labels)
        except (RuntimeError, KeyError):
            continue  # a table that grew, or a pair that was left, while it was looked through
        return families
    return _Families()


def _read(one: Watched, to: "_Families", labels: list[str]) -> None:
    to.gauge("ready", "Whether the connector was ready when last looked at (twice a second).").add_metric(
        labels, float(one.loop.is_ready)
    )
    to.histogram(
        "event_loop_lag_seconds", "How much later than due the event loop woke a timer.", one.loop.lags, labels, ()
    )
    for kind, durations in dict(one.tally.actions).items():
        to.histogram(
            "action_seconds",
            "From a signed action to its answer, or to giving up on it.",
            durations,
            [*labels, kind],
            ("action",),
        )
    items = to.counter(
        "action_items_total",
        "Orders, cancels and the like that were sent, by what was answered.",
        ("action", "outcome"),
    )
    for (kind, outcome), number in dict(one.tally.items).items():
        items.add_metric([*labels, kind, outcome], number)
    infos = to.counter("info_requests_total", "Reads of the venue, by what was answered.", ("request", "outcome"))
    for (kind, outcome), number in dict(one.tally.infos).items():
        infos.add_metric([*labels, kind, outcome], number)
    unknown = sum(number for (_, outcome), number in dict(one.tally.items).items() if outcome == "unknown")
    to.counter("unknown_outcomes_total", "Orders, cancels and the like without a clear answer.").add_metric(
        labels, unknown
    )
    to.gauge("unknown_outcomes_pending", "Orders whose fate is being asked for.").add_metric(
        labels, one.pending_outcomes()
    )
    differences = to.counter(
        "differences_total", "What a comparison with the venue found to be other than the bot had it.", ("kind",)
    )
    counts = dict(one.differences.counts)
    for kind in ("fill", "end", "acceptance", "position"):
        differences.add_metric([*labels, kind], counts.get(kind, 0))
    passed = to.counter("passed_over_total", "What streams told and the connector did not use.", ("what",))
    for what in ("foreign_fills", "foreign_orders", "malformed", "unreadable"):
        passed.add_metric([*labels, what], getattr(one.passed_over, what))
    _read_orders(one, to, labels)
    _read_freshness(one, to, labels)
    _read_allowance(one, to, labels)


def _read_orders(one: Watched, to: "_Families", labels: list[str]) -> None:
    open_orders = to.gauge("open_orders", "Orders that the connector tracks.", ("pair", "side"))
    counts: dict[tuple[str, str], int] = {}
    for order in one.tracker.orders():
        key = order.trading_pair, order.trade_type.name.lower()
        counts[key] = counts.get(key, 0) + 1
    for pair in {one.pair_of(coin) or coin for coin in one.market_data.tracked}:
        for side in ("buy", "sell"):
            counts.setdefault((pair, side), 0)
    for (pair, side), number in counts.items():
        open_orders.add_metric([*labels, pair, side], number)


def _read_freshness(one: Watched, to: "_Families", labels: list[str]) -> None:
    live = to.gauge("stream_live", "Whether a stream is connected, acknowledged and heard from.", ("stream",))
    age = to.gauge("stream_age_seconds", "Since the last frame of a stream.", ("stream",))
    reconnects = to.counter("reconnects_total", "Sockets that were replaced.", ("stream",))
    for name, stream in one.streams().items():
        live.add_metric([*labels, name], float(stream.is_live))
        reconnects.add_metric([*labels, name], stream.reconnects)
        if stream.last_recv_time:
            age.add_metric([*labels, name], max(0.0, time.time() - stream.last_recv_time))
    book_age = to.gauge("book_age_seconds", "Since the last frame of a pair's order book.", ("pair",))
    book_stale = to.gauge("book_stale", "Whether a pair's order book must not be traded on.", ("pair",))
    stale = one.market_data.stale()
    for coin in one.market_data.tracked:
        pair, seconds = one.pair_of(coin) or coin, one.market_data.book_age(coin)
        book_stale.add_metric([*labels, pair], float(coin in stale))
        if seconds != float("inf"):
            book_age.add_metric([*labels, pair], seconds)


def _read_allowance(one: Watched, to: "_Families", labels: list[str]) -> None:
    left = to.gauge("account_requests_left", "Orders, cancels and amendments that the account may still send.")
    limit = to.gauge("account_requests_limit", "All that the account may ever send; grows with what it trades.")
    if one.allowance.remaining is not None and one.allowance.limit is not None:
        left.add_metric(labels, one.allowance.remaining)
        limit.add_metric(labels, one.allowance.limit)


def _read_budget(one: Watched, to: "_Families") -> None:
    used = to.host_gauge("request_weight_used", "Weight spent in the last minute.", ("host", "by"))
    used.add_metric([one.host, "process"], one.budget.used)
    used.add_metric([one.host, "machine"], one.budget.used_by_all)
    to.host_gauge("request_weight_limit", "Weight that may be spent in a minute.", ("host",)).add_metric(
        [one.host], one.budget.limit
    )


class _Families:
    """Metric families, each made when it is first needed."""

    def __init__(self) -> None:
        self.made: dict[str, Metric] = {}

    def add(self, others: "_Families") -> None:
        """Takes over what another one has."""
        for name, family in others.made.items():
            if name in self.made:
                self.made[name].samples += family.samples
            else:
                self.made[name] = family

    def gauge(self, name: str, says: str, labels: tuple[str, ...] = ()) -> "GaugeMetricFamily":
        return self.host_gauge(name, says, (*LABELS, *labels))

    def host_gauge(self, name: str, says: str, labels: tuple[str, ...]) -> "GaugeMetricFamily":
        from prometheus_client.core import GaugeMetricFamily

        made = self.made.setdefault(name, GaugeMetricFamily(PREFIX + name, says, labels=labels))
        assert isinstance(made, GaugeMetricFamily)
        return made

    def counter(self, name: str, says: str, labels: tuple[str, ...] = ()) -> "CounterMetricFamily":
        from prometheus_client.core import CounterMetricFamily

        made = self.made.setdefault(name, CounterMetricFamily(PREFIX + name, says, labels=(*LABELS, *labels)))
        assert isinstance(made, CounterMetricFamily)
        return made

    def histogram(
        self, name: str, says: str, durations: Durations, values: list[str], labels: tuple[str, ...]
    ) -> "HistogramMetricFamily":
        from prometheus_client.core import HistogramMetricFamily

        made = self.made.setdefault(name, HistogramMetricFamily(PREFIX + name, says, labels=(*LABELS, *labels)))
        assert isinstance(made, HistogramMetricFamily)
        made.add_metric(values, durations.cumulative(), durations.total)
        return made
