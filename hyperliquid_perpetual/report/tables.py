"""The figures of a report in words and rows, as the page and the terminal show them."""

from dataclasses import dataclass
from decimal import Decimal

from hyperliquid_perpetual.report import text
from hyperliquid_perpetual.report.figures import Figures
from hyperliquid_perpetual.report.liquidity import Liquidity
from hyperliquid_perpetual.report.outcomes import ENDS

SHOWN_INCIDENTS = 200


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; the first column names the row, the others are figures."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_text: bool = False
    """Whether the cells are words rather than figures."""
    empty: str = ""
    """What to say when there are no rows."""


def headline(figures: Figures) -> list[tuple[str, str, str]]:
    """The few figures that matter most: name, value, and what it is made of."""
    fills = sum(len(pair.fills) for pair in figures.pairs)
    makers = sum(pair.count_of(Liquidity.MAKER) for pair in figures.pairs)
    unknown = sum(pair.count_of(Liquidity.UNKNOWN) for pair in figures.pairs)
    made_of = ", ".join(
        f"{name} {text.money(value, signed=True)}"
        for name, value in (
            ("realized", figures.total("realized")),
            ("unrealized", figures.total("unrealized")),
            ("fees", -figures.total("fees")),
            ("funding", figures.total("funding")),
        )
    )
    known = f"{makers:,} maker, {fills - makers - unknown:,} taker" + (f", {unknown:,} unknown" if unknown else "")
    observed = sum(pair.quoting.observed_ms for pair in figures.pairs if pair.quoting)
    two_sided = sum(pair.quoting.two_sided_ms for pair in figures.pairs if pair.quoting)
    return [
        ("Profit", f"{text.money(figures.total('profit'), signed=True)} USD", made_of),
        ("Largest drawdown", f"{text.money(figures.drawdown)} USD", "below the highest equity before"),
        ("Volume", f"{text.money(figures.total('volume'))} USD", f"{text.count(fills, 'fill')}: {known}"),
        (
            "Quote uptime",
            f"{two_sided / observed:.1%}".replace("%", " %") if observed else text.NONE,
            "share of the time with orders on both sides" if observed else "no limit orders",
        ),
    ]


def pairs_table(figures: Figures) -> Table:
    """A row for each pair, and one for all."""
    rows: list[tuple[str, ...]] = [
        (
            pair.pair,
            text.plain(pair.after.position),
            text.money(pair.realized, signed=True),
            text.money(pair.unrealized, signed=True),
            text.money(pair.fees),
            text.money(pair.funding, signed=True),
            text.money(pair.profit, signed=True),
        )
        for pair in figures.pairs
    ]
    if len(rows) > 1:
        names = ("realized", "unrealized", "fees", "funding", "profit")
        sums = (text.money(figures.total(name), signed=name != "fees") for name in names)
        rows.append(("together", "", *sums))
    return Table(("pair", "position", "realized", "unrealized", "fees", "funding", "profit"), tuple(rows))


def fills_table(figures: Figures) -> Table:
    """Maker and taker, pair by pair."""
    rows = []
    for pair in figures.pairs:
        for side in Liquidity:
            if count := pair.count_of(side):
                volume, fees = pair.volume_of(side), pair.fees_of(side)
                rate = text.basis_points(fees / volume) if volume else text.NONE
                rows.append((f"{pair.pair} {side.value}", f"{count:,}", text.money(volume), text.money(fees), rate))
    return Table(("fills", "number", "volume", "fees", "fee rate"), tuple(rows), empty="The bot had no fills.")


def quoting_table(figures: Figures) -> Table:
    """Uptime, pair by pair."""
    rows = []
    for pair in figures.pairs:
        if (quoting := pair.quoting) is not None:
            one_sided = Decimal(quoting.one_sided_ms) / quoting.observed_ms if quoting.observed_ms else None
            rows.append(
                (
                    pair.pair,
                    text.percent(quoting.uptime),
                    text.percent(one_sided),
                    text.duration(quoting.observed_ms),
                    text.basis_points(quoting.quoted_spread),
                )
            )
    header = ("pair", "both sides", "one side", "watched", "quoted spread")
    return Table(header, tuple(rows))


def spread_table(figures: Figures) -> Table:
    """What was earned between buys and sells, pair by pair."""
    rows = []
    for pair in figures.pairs:
        if pair.fills:
            capture = pair.capture
            rows.append(
                (
                    pair.pair,
                    text.plain(capture.matched),
                    text.basis_points(capture.captured_rate),
                    text.NONE if capture.captured is None else text.money(capture.captured, signed=True),
                    text.basis_points(capture.against_mid),
                )
            )
    header = ("pair", "bought and sold", "spread captured", "USD", "against mid")
    return Table(header, tuple(rows), empty="The bot had no fills.")


def outcomes_table(figures: Figures) -> Table:
    """What became of orders."""
    counts, total = figures.outcomes, figures.outcomes.total()
    return Table(
        ("orders", "number", "share"),
        tuple((end, f"{counts[end]:,}", f"{counts[end] / total * 100:.1f} %") for end in ENDS if counts[end]),
    )


def latency_table(figures: Figures) -> Table:
    """Quantiles of each latency."""
    return Table(
        ("latency", "samples", "median", "95 %", "99 %", "most"),
        tuple(
            (
                latency.name,
                f"{len(latency.samples):,}",
                *(text.seconds(latency.quantile(share)) for share in (0.5, 0.95, 0.99, 1)),
            )
            for latency in figures.latencies
            if latency.samples
        ),
    )


def incidents_summary(figures: Figures) -> Table:
    """How often what went wrong."""
    if figures.facts is None:
        return Table(("in the log", "times"), ())
    names = {
        "reconnect": "streams lost or not opened",
        "difference": "differences found by comparing with the venue",
        "unknown outcome": "orders or cancels whose outcome was not known at first",
        "refused order": "orders refused",
        "stale book": "books that went stale",
        "error": "errors",
    }
    rows = tuple((name, f"{len(figures.incidents_of(kind)):,}") for kind, name in names.items())
    return Table(("in the log", "times"), rows)


def incidents_table(figures: Figures) -> Table:
    """One by one, the newest first, as many as can be read."""
    rows = [
        (text.moment(item.time_ms), item.kind, f"{item.subject}: {item.text}" if item.subject else item.text)
        for item in reversed(figures.incidents)
    ]
    return Table(
        ("time", "what", "in the log's words"),
        tuple(rows[:SHOWN_INCIDENTS]),
        is_text=True,
        empty="Nothing went wrong that the log tells of." if figures.facts is not None else "There is no log.",
    )


def summary(figures: Figures) -> str:
    """The report in a few lines of plain text."""
    window = figures.window
    lines = [
        f"{', '.join(figures.strategies) or 'no strategy'} on {figures.connector}: {text.moment(window.start_ms)} to "
        f"{text.moment(window.end_ms)}, {text.duration(window.end_ms - window.start_ms)}"
    ]
    lines += [f"  {name:<17} {value} ({detail})" for name, value, detail in headline(figures)]
    for latency in figures.latencies:
        if latency.samples:
            quantiles = (text.seconds(latency.quantile(share)) for share in (0.5, 0.99))
            lines.append("  {:<17} median {}, 99 % {}".format(latency.name, *quantiles))
    if figures.facts is not None:
        told = [f"{name}: {number}" for name, number in incidents_summary(figures).rows if number != "0"]
        lines.append(f"  {'log':<17} {'; '.join(told) or 'nothing went wrong that it tells of'}")
    return "\n".join(lines)
