"""Plots of quotes, order outcomes and latencies."""

from typing import Any

from hyperliquid_perpetual.report import text
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
from hyperliquid_perpetual.report.figures import Figures
from hyperliquid_perpetual.report.outcomes import ENDS


def presence(axes: Any, figures: Figures) -> None:
    """When there were orders on both sides, with incidents above."""
    from matplotlib.patches import Patch

    pairs = [pair for pair in figures.pairs[:MOST_PAIRS] if pair.quoting is not None]
    if not pairs:
        say_instead(axes, "The bot had no limit orders.")
        return
    for row, pair in enumerate(reversed(pairs)):
        assert pair.quoting is not None
        bars: dict[str, list[tuple[Any, Any]]] = {"good": [], "half": [], "bad": []}
        for stretch in pair.quoting.stretches:
            name = "good" if stretch.is_two_sided else "half" if stretch.is_one_sided else "bad"
            start, end = times([stretch.start_ms, stretch.end_ms])
            bars[name].append((start, end - start))
        for name, spans in bars.items():
            axes.broken_barh(
                spans, (row - 0.32, 0.64), facecolors=COLOURS[name], linewidth=0, rasterized=len(spans) > MOST_SHAPES
            )
    handles = [
        Patch(color=COLOURS[name], label=label)
        for name, label in (("good", "both sides"), ("half", "one side"), ("bad", "none"))
    ]
    for kind, shape, label in (("reconnect", "x", "stream lost"), ("difference", "D", "difference found")):
        found = figures.incidents_of(kind)
        if found:
            handles += axes.plot(
                times(item.time_ms for item in found),
                [len(pairs) - 0.45] * len(found),
                shape,
                color=COLOURS["ink"],
                markersize=4.5,
                label=f"{label} ({len(found):,})",
            )
    axes.set_yticks(range(len(pairs)), [pair.pair for pair in reversed(pairs)])
    axes.set_ylim(-0.6, len(pairs) - 0.2)
    axes.grid(visible=False, axis="y")
    time_axis(axes, figures.window.start_ms, figures.window.end_ms)
    legend(axes, columns=5, handles=handles)


def outcomes(axes: Any, figures: Figures) -> None:
    """A bar for each end of orders."""
    counts = figures.outcomes
    ends = [end for end in reversed(ENDS) if counts[end]]
    if not ends:
        say_instead(axes, "No orders in this time.")
        return
    colours = {"filled": "good", "refused": "bad", "failed": "bad", "no end recorded": "half"}
    bars = axes.barh(
        range(len(ends)),
        [counts[end] for end in ends],
        height=0.62,
        color=[COLOURS[colours.get(end, "one")] for end in ends],
    )
    axes.bar_label(bars, [f"{counts[end]:,}" for end in ends], padding=3, fontsize=8.5)
    axes.set_yticks(range(len(ends)), ends)
    axes.set_ylim(-0.6, max(len(ends), 3) - 0.4)
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")


def latency(axes: Any, figures: Figures) -> None:
    """The share of samples that took at most so long."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter

    drawn = [latency for latency in figures.latencies if latency.samples]
    if not drawn:
        say_instead(axes, "There is no log that tells when orders were answered.")
        return
    for colour, latency in zip(SERIES, drawn, strict=False):
        number = len(latency.samples)
        points = thinned([(max(1, sample), (place + 1) / number) for place, sample in enumerate(latency.samples)])
        axes.step(
            [sample for sample, _ in points],
            [share for _, share in points],
            where="post",
            color=COLOURS[colour],
            label=f"{latency.name} ({number:,})",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.seconds(value)))
    longest, shortest = max(item.samples[-1] for item in drawn), min(max(1, item.samples[0]) for item in drawn)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if longest < 50 * shortest else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylim(0, 1.02)
    legend(axes, columns=3)
