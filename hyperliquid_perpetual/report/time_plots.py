"""Plots over time: price with fills, equity, inventory, fees and funding."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hyperliquid_perpetual.report.drawing import (
    COLOURS,
    MOST_PAIRS,
    MOST_SHAPES,
    SERIES,
    legend,
    say_instead,
    thinned,
    time_axis,
    times,
)
from hyperliquid_perpetual.report.figures import Figures, PairFigures
from hyperliquid_perpetual.report.liquidity import Liquidity

LONGEST_ROW = 110
"""Characters of a legend that fit over a wide plot."""
CROWDED = 400
"""Fills from which on their marks are small."""


def price(axes: Any, figures: Figures, pair: PairFigures) -> None:
    """Fills by side and liquidity, over the bot's own best orders."""
    stretches = pair.quoting.stretches if pair.quoting is not None else ()
    for name, prices in (
        ("buy", [(stretch, stretch.bid) for stretch in stretches if stretch.bid is not None]),
        ("sell", [(stretch, stretch.ask) for stretch in stretches if stretch.ask is not None]),
    ):
        if not prices:
            continue
        axes.hlines(
            [float(price) for _, price in prices],
            times(stretch.start_ms for stretch, _ in prices),
            times(stretch.end_ms for stretch, _ in prices),
            colors=COLOURS[name],
            linewidth=1.0,
            alpha=0.55,
            rasterized=len(prices) > MOST_SHAPES,
            label="own best bid" if name == "buy" else "own best ask",
        )
    if pair.quotes:
        _line(axes, [(quote.time_ms, quote.mid) for quote in pair.quotes], "six", "market mid", steps=False)
    for is_buy, name, shape in ((True, "buy", "^"), (False, "sell", "v")):
        for side in Liquidity:
            fills = [fill for fill in pair.fills if fill.is_buy is is_buy and pair.liquidity[fill] is side]
            if fills:
                axes.scatter(
                    times(fill.time_ms for fill in fills),
                    [float(fill.price) for fill in fills],
                    marker=shape,
                    s=26 if len(pair.fills) < CROWDED else 9,
                    facecolors=COLOURS["paper" if side is Liquidity.TAKER else name],
                    edgecolors=COLOURS[name],
                    alpha=1.0 if side is not Liquidity.UNKNOWN else 0.6,
                    linewidths=1.1,
                    zorder=3,
                    rasterized=len(fills) > MOST_SHAPES,
                    label=f"{'bought' if is_buy else 'sold'}, {side.value} ({len(fills):,})",
                )
    time_axis(axes, figures.window.start_ms, figures.window.end_ms)
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    axes.set_ylabel("USD")
    in_one_row = sum(map(len, axes.get_legend_handles_labels()[1])) < LONGEST_ROW
    legend(axes, columns=7 if in_one_row else 4)


def _line(
    axes: Any, points: Sequence[tuple[int, Decimal]], colour: str, label: str, *, steps: bool = True, **look: Any
) -> None:
    kept = thinned([(time, float(value)) for time, value in points])
    axes.plot(
        times(time for time, _ in kept),
        [value for _, value in kept],
        color=COLOURS[colour],
        drawstyle="steps-post" if steps else "default",
        label=label,
        **look,
    )


def equity(axes: Any, figures: Figures) -> None:
    """Profit since the start, and the realized part of it."""
    if not figures.steps:
        say_instead(axes, "No fill and no payment in this time.")
        return
    start, end = figures.window.start_ms, figures.window.end_ms
    total = [(start, Decimal(0)), *((step.time_ms, step.equity) for step in figures.steps)]
    realized = [(start, Decimal(0))]
    before = {pair.pair: pair.before for pair in figures.pairs}
    known = dict.fromkeys(before, Decimal(0))
    for step in figures.steps:
        first, now = before[step.pair], step.holding
        known[step.pair] = now.realized - first.realized - now.fees + first.fees + now.funding - first.funding
        realized.append((step.time_ms, sum(known.values(), Decimal(0))))
    _line(axes, [*realized, (end, realized[-1][1])], "half", "realized part", linewidth=3.2, alpha=0.6)
    _line(axes, [*total, (end, total[-1][1])], "one", "equity")
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    time_axis(axes, start, end)
    axes.set_ylabel("USD")
    legend(axes)


def inventory(axes: Any, figures: Figures) -> None:
    """Positions: of a single pair in its coin, of several in USD."""
    start, end = figures.window.start_ms, figures.window.end_ms
    drawn = [pair for pair in figures.pairs[:MOST_PAIRS] if pair.steps or pair.before.position]
    if not drawn:
        say_instead(axes, "No position in this time.")
        return
    is_alone = len(figures.pairs) == 1
    for colour, pair in zip(SERIES, drawn, strict=False):
        points = [
            (time, holding.position if is_alone else holding.position * holding.price)
            for time, holding in [(start, pair.before), *((step.time_ms, step.holding) for step in pair.steps)]
        ]
        _line(axes, [*points, (end, points[-1][1])], colour, pair.pair)
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    time_axis(axes, start, end)
    axes.set_ylabel(drawn[0].pair.rpartition("-")[0] if is_alone else "USD")
    legend(axes, columns=3)


def costs(axes: Any, figures: Figures) -> None:
    """Fees by liquidity, and funding, added up."""
    start, end = figures.window.start_ms, figures.window.end_ms
    fills = [(fill, pair.liquidity[fill]) for pair in figures.pairs for fill in pair.fills]
    fills.sort(key=lambda item: item[0].time_ms)
    for colour, side in (("one", Liquidity.MAKER), ("two", Liquidity.TAKER), ("six", Liquidity.UNKNOWN)):
        own = [(fill.time_ms, fill.fee) for fill, known in fills if known is side]
        if own:
            _line(axes, _added_up(own, start, end), colour, f"fees as {side.value}")
    payments = sorted((item.time_ms, item.amount) for pair in figures.pairs for item in pair.payments)
    if payments:
        _line(axes, _added_up(payments, start, end), "three", "funding received")
    if not fills and not payments:
        say_instead(axes, "No fees and no funding in this time.")
        return
    time_axis(axes, start, end)
    axes.set_ylabel("USD")
    legend(axes, columns=3)


def _added_up(amounts: Sequence[tuple[int, Decimal]], start: int, end: int) -> list[tuple[int, Decimal]]:
    points = [(start, Decimal(0))]
    for time, amount in amounts:
        points.append((time, points[-1][1] + amount))
    return [*points, (end, points[-1][1])]
