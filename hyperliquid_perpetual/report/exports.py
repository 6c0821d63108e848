"""A report for machines: one JSON object, and tables as CSV. Money, prices and sizes are exact decimals, as text."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hyperliquid_perpetual.report.figures import Figures, PairFigures
from hyperliquid_perpetual.report.liquidity import Liquidity
from hyperliquid_perpetual.report.text import plain
from hyperliquid_perpetual.report.timing import Latency

FORMAT = 1
"""Raised when a key of the JSON changes its meaning or goes."""

MONEY = ("volume", "realized", "unrealized", "fees", "funding", "profit")


def as_json(figures: Figures) -> dict[str, Any]:
    """All figures as one object. Times are Unix milliseconds, shares fractions of one, latencies milliseconds."""
    facts = figures.facts
    return {
        "format": FORMAT,
        "connector": figures.connector,
        "strategies": list(figures.strategies),
        "from": figures.window.start_ms,
        "to": figures.window.end_ms,
        "total": {name: plain(figures.total(name)) for name in MONEY} | {"drawdown": plain(figures.drawdown)},
        "pairs": {pair.pair: _pair(pair) for pair in figures.pairs},
        "orders": dict(figures.outcomes),
        "latency": {latency.name: _latency(latency) for latency in figures.latencies},
        "log": None
        if facts is None
        else {
            "reconnects": len(figures.incidents_of("reconnect")),
            "differences": _by_subject(figures, "difference"),
            "unknown_outcomes": len(figures.incidents_of("unknown outcome")),
            "stale_books": _by_subject(figures, "stale book"),
            "errors": len(figures.incidents_of("error")),
            "moved_ms": facts.moved_ms,
        },
        "sessions": [{"from": session.start_ms, "to": session.end_ms} for session in figures.sessions],
        "notes": list(figures.notes),
    }


def _pair(pair: PairFigures) -> dict[str, Any]:
    quoting, capture = pair.quoting, pair.capture
    return {
        **{name: plain(getattr(pair, name)) for name in MONEY},
        "position": plain(pair.after.position),
        "position_before": plain(pair.before.position),
        "last_price": plain(pair.after.price),
        "fills": {side.value: pair.count_of(side) for side in Liquidity},
        "volume_of": {side.value: plain(pair.volume_of(side)) for side in Liquidity},
        "fees_of": {side.value: plain(pair.fees_of(side)) for side in Liquidity},
        "funding_payments": len(pair.payments),
        "spread": {
            "matched": plain(capture.matched),
            "average_buy": _rounded(capture.average_buy),
            "average_sell": _rounded(capture.average_sell),
            "captured": _rounded(capture.captured),
            "captured_rate": _rounded(capture.captured_rate),
            "against_mid": _rounded(capture.against_mid),
        },
        "quoting": None
        if quoting is None
        else {
            "observed_ms": quoting.observed_ms,
            "two_sided_ms": quoting.two_sided_ms,
            "one_sided_ms": quoting.one_sided_ms,
            "uptime": _rounded(quoting.uptime),
            "quoted_spread": _rounded(quoting.quoted_spread),
        },
        "orders": dict(pair.outcomes),
    }


def _latency(latency: Latency) -> dict[str, Any]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "most": 1.0}
    return {
        "count": len(latency.samples),
        **{name: latency.quantile(share) for name, share in shares.items()},
        "meaning": latency.meaning,
    }


def _by_subject(figures: Figures, kind: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for incident in figures.incidents_of(kind):
        counts[incident.subject] = counts.get(incident.subject, 0) + 1
    return counts


def _rounded(value: Decimal | None) -> str | None:
    """An average, which may have no end."""
    return None if value is None else plain(round(value, 12))


def as_csv(figures: Figures) -> dict[str, str]:
    """File names and their content."""
    return {
        "fills.csv": _csv(
            [
                "time_ms",
                "pair",
                "side",
                "liquidity",
                "order_type",
                "price",
                "size",
                "notional",
                "fee",
                "fee_token",
                "order_id",
                "trade_id",
            ],
            (
                [
                    fill.time_ms,
                    fill.pair,
                    "buy" if fill.is_buy else "sell",
                    pair.liquidity[fill].value,
                    fill.kind,
                    fill.price,
                    fill.size,
                    fill.notional,
                    fill.fee,
                    fill.fee_token,
                    fill.order_id,
                    fill.trade_id,
                ]
                for pair in figures.pairs
                for fill in pair.fills
            ),
        ),
        "orders.csv": _csv(
            ["created_ms", "ended_ms", "pair", "side", "order_type", "price", "amount", "end", "order_id"],
            (
                [
                    order.created_ms,
                    order.ended_ms,
                    order.pair,
                    "buy" if order.is_buy else "sell",
                    order.kind,
                    order.price,
                    order.amount,
                    order.end or "no end recorded",
                    order.id,
                ]
                for order in figures.orders
            ),
        ),
        "books.csv": _csv(
            ["time_ms", "pair", "position", "price", "realized", "unrealized", "fees", "funding", "equity"],
            (
                [
                    step.time_ms,
                    step.pair,
                    step.holding.position,
                    step.holding.price,
                    step.holding.realized,
                    step.holding.unrealized,
                    step.holding.fees,
                    step.holding.funding,
                    step.equity,
                ]
                for step in figures.steps
            ),
        ),
        "funding.csv": _csv(
            ["time_ms", "pair", "rate", "amount"],
            (
                [payment.time_ms, payment.pair, payment.rate, payment.amount]
                for pair in figures.pairs
                for payment in pair.payments
            ),
        ),
        "incidents.csv": _csv(
            ["time_ms", "kind", "subject", "order_id", "text"],
            ([item.time_ms, item.kind, item.subject, item.order_id, item.text] for item in figures.incidents),
        ),
    }


def _csv(header: list[str], rows: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"  # a spreadsheet would take it for a formula
    return "" if value is None else value
