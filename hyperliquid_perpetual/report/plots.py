"""Which plots a report has, and how they become parts of its page and one picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hyperliquid_perpetual.report import count_plots, text, time_plots
from hyperliquid_perpetual.report.drawing import MOST_PAIRS, as_png, as_svg, new_figure
from hyperliquid_perpetual.report.figures import Figures, PairFigures

WIDE, NARROW = 10.6, 5.0
"""Widths in inches: one plot, or two in a row."""

EQUITY = (
    "Profit since the start of the report, after fees and with funding, open positions at the last known price; and "
    "the part of it that is realized."
)
COSTS = "Added up since the start of the report. Fees are what was charged, funding is what was received."
PRESENCE = (
    "When there were open limit orders on both sides, on one or on none, and what the log tells of lost streams and of "
    "differences found."
)
LATENCY = "The share of samples that took at most so long. What each contains is said at the end of the page."


@dataclass(frozen=True)
class Plot:
    """One plot: what it is called, what is drawn in it, and how."""

    name: str
    title: str
    caption: str
    draw: Callable[[Any, Figures], None]
    is_wide: bool = False
    height: float = 2.4
    """Inches."""


def plots_of(figures: Figures) -> list[Plot]:
    """The plots of these figures, in their order on the page."""
    drawn = figures.pairs[:MOST_PAIRS]
    quoted = sum(1 for pair in drawn if pair.quoting is not None)
    inventory = (
        "The position in the coin." if len(figures.pairs) == 1 else "Positions in USD, at their last known prices."
    )
    return [
        *(_price_plot(pair) for pair in drawn if pair.fills or pair.quoting is not None),
        Plot("equity", "Equity", EQUITY, time_plots.equity),
        Plot("inventory", "Inventory", inventory, time_plots.inventory),
        Plot("costs", "Fees and funding", COSTS, time_plots.costs),
        Plot("presence", "Quotes", PRESENCE, count_plots.presence, height=1.5 + 0.4 * max(1, quoted)),
        Plot("outcomes", "Order outcomes", "What became of each order.", count_plots.outcomes),
        Plot("latency", "Latency", LATENCY, count_plots.latency),
    ]


def _price_plot(pair: PairFigures) -> Plot:
    market = "the grey line is the mid that Hummingbot recorded" if pair.quotes else "the market's price is not known"
    caption = (
        "Fills by side, full where the bot was maker and hollow where it was taker. The short lines are its own best "
        f"open orders; {market}."
    )
    return Plot(
        f"price {pair.pair}",
        f"{pair.pair}: fills and quotes",
        caption,
        lambda axes, figures: time_plots.price(axes, figures, pair),
        is_wide=True,
        height=3.4,
    )


def svg_of(plot: Plot, figures: Figures) -> str:
    """A plot as it stands in the page."""
    with new_figure(WIDE if plot.is_wide else NARROW, plot.height) as figure:
        plot.draw(figure.add_subplot(), figures)
        return as_svg(figure, plot.name)


def overview_png(figures: Figures, plots: Sequence[Plot]) -> bytes:
    """All plots in one picture: those of prices over its whole width, the others two in a row."""
    wide = [plot for plot in plots if plot.is_wide]
    narrow = [plot for plot in plots if not plot.is_wide]
    rows = [[plot] for plot in wide] + [narrow[place : place + 2] for place in range(0, len(narrow), 2)]
    heights = [max(plot.height for plot in row) + 0.45 for row in rows]
    with new_figure(WIDE, sum(heights) + 0.5) as figure:
        figure.suptitle(_headline(figures), x=0.012, ha="left", fontsize=11)
        parts = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, row in zip(parts, rows, strict=True):
            for axes, plot in zip(part.subplots(1, len(row), squeeze=False)[0], row, strict=True):
                plot.draw(axes, figures)
                axes.set_title(plot.title, pad=20)
        return as_png(figure)


def _headline(figures: Figures) -> str:
    window, profit = figures.window, text.money(figures.total("profit"), signed=True)
    lasted = text.duration(window.end_ms - window.start_ms)
    strategies = ", ".join(figures.strategies)
    return f"{strategies} on {figures.connector}, {text.moment(window.start_ms)}, {lasted}: profit {profit} USD"
