"""The plots of the page, all in one style: targets, ours beside others, and how figures grow."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .figures import number, target_text, unit_text, with_unit
from .parts import ROOT
from .results import Results, Row, Series
from .table import LINES

IMAGES = ROOT / "docs" / "images" / "benchmarks"
MOST_BYTES = 60_000

OURS, MISS, INK, LIGHT = "#0b6e99", "#c2571a", "#333333", "#d9d9d9"
STYLES = ((OURS, "o"), ("#e08214", "s"), ("#5aae61", "D"), ("#9970ab", "^"), ("#878787", "v"), ("#a6611a", "P"))
"""Colour and marker of a line, or of a client."""
WHO = ("ours", "built-in", "official SDK", "ccxt", "C signature")
"""Who has the same style on every picture."""
WIDTH = 7.6
DOTS_PER_INCH = 110
LONGEST_BAR = 3.0
"""In targets; what is longer is cut and says so."""
WIDE = 30
"""From this ratio of the largest to the smallest value on, an axis is logarithmic."""

ENGINE_AND_SANDBOX = ("engine", "sandbox")


@dataclass(frozen=True)
class Plot:
    """A picture of the page."""

    file: str
    title: str
    group: str
    """Which section it belongs to; empty for the table's own."""


def plots_of(results: Results) -> list[Plot]:
    """The pictures that these results have."""
    found = []
    if _judged(results):
        found.append(Plot("targets.png", "How much of each target is used", ""))
    if _compared(results):
        found.append(Plot("others.png", "Ours beside the others", ""))
    for name in results.series:
        group = "engine" if name.startswith(ENGINE_AND_SANDBOX) else "growth"
        found.append(Plot(f"{_slug(name)}.png", name, group))
    return found


def draw(results: Results, folder: Path = IMAGES) -> None:
    """Draws all of them, and removes those that are not drawn any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for plot in plots_of(results):
        if plot.file == "targets.png":
            figure = _targets(_judged(results))
        elif plot.file == "others.png":
            figure = _others(_compared(results))
        else:
            figure = _lines(results.series[plot.title])
        figure.suptitle(plot.title[:1].upper() + plot.title[1:], fontsize=11, color=INK, x=0.012, ha="left")
        (folder / plot.file).write_bytes(_png(figure))


def _judged(results: Results) -> list[Row]:
    rows = [row for line in LINES for row in line.find(results.rows)]
    return [row for row in rows if row.target is not None]


def _compared(results: Results) -> list[Row]:
    return [row for line in LINES for row in line.find(results.rows) if row.others and row.ours > 0]


def _figure(height: float) -> tuple[Any, Any]:
    # Drawn without pyplot: it keeps figures, and picks a backend by itself.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LIGHT)
    axes.tick_params(colors=INK, labelsize=8.5, length=0)
    axes.grid(color=LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _targets(rows: Sequence[Row]) -> Any:
    """A bar for each judged row: how much of what is allowed is used."""
    figure, axes = _figure(0.95 + 0.34 * len(rows))
    shares = [row.share_of_target or 0 for row in rows]
    end = min(LONGEST_BAR, max(1.25, *shares) * 1.04)
    for place, (row, share) in enumerate(zip(rows, shares, strict=True)):
        axes.barh(place, min(share, end), height=0.62, color=OURS if row.met else MISS)
    axes.axvline(1, color=INK, linewidth=1.2)
    _name_rows(axes, rows)
    axes.set_xlim(0, end)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("share of the target that is used: up to the line it is met", fontsize=8.5, color=INK)
    figures = axes.twinx()
    figures.set_ylim(axes.get_ylim())
    figures.set_yticks(
        range(len(rows)), [_judgement(row, share > end) for row, share in zip(rows, shares, strict=True)]
    )
    figures.tick_params(colors=INK, labelsize=8.5, length=0)
    figures.spines[:].set_visible(False)
    return figure


def _judgement(row: Row, is_cut: bool) -> str:
    ours = number(row.ratio) if row.ratio is not None else with_unit(row.ours, row.unit)
    return f"{'→ ' if is_cut else ''}{ours}  ({target_text(row)})"


def _others(rows: Sequence[Row]) -> Any:
    """A dot for each client: how many times what ours takes."""
    figure, axes = _figure(1.15 + 0.34 * len(rows))
    clients = list(dict.fromkeys(who for row in rows for who in row.others))
    axes.axvline(1, color=OURS, linewidth=1.2)
    for index, who in enumerate(["ours", *clients]):
        found = [
            (row.ours if who == "ours" else row.others.get(who), row.ours, place) for place, row in enumerate(rows)
        ]
        points = [(theirs / ours, place) for theirs, ours, place in found if theirs]
        colour, marker = _style(who, index)
        look = {"color": colour, "marker": marker, "markersize": 7, "markeredgecolor": "white", "markeredgewidth": 0.6}
        axes.plot([x for x, _ in points], [y for _, y in points], linestyle="", label=who, **look)
    axes.set_xscale("log")
    _name_rows(axes, rows)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
    axes.xaxis.set_minor_locator(_no_ticks())
    axes.set_xlabel("times what ours takes: right of the line ours is faster or cheaper", fontsize=8.5, color=INK)
    figure.legend(loc="outside lower center", ncols=min(6, len(clients) + 1), fontsize=8.5, frameon=False)
    return figure


def _lines(series: Series) -> Any:
    """A line for each label."""
    figure, axes = _figure(3.1)
    for index, (label, values) in enumerate(series.lines.items()):
        points = [(x, y) for x, y in zip(series.x, values, strict=True) if y is not None]
        colour, marker = _style(label, index)
        look = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.6}
        axes.plot([x for x, _ in points], [y for _, y in points], label=label, **look)
    known = [y for values in series.lines.values() for y in values if y is not None]
    if _is_wide(series.x):
        axes.set_xscale("log")
    if _is_wide(known):
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(_no_ticks())
    else:
        axes.set_ylim(bottom=0)
    axes.set_xticks(series.x, [number(x) for x in series.x])
    axes.xaxis.set_minor_locator(_no_ticks())
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.set_xlabel(series.x_label, fontsize=8.5, color=INK)
    axes.set_ylabel(unit_text(series.y_label), fontsize=8.5, color=INK)
    if len(series.lines) > 1:
        figure.legend(loc="outside lower center", ncols=min(4, len(series.lines)), fontsize=8.5, frameon=False)
    return figure


def _name_rows(axes: Any, rows: Sequence[Row]) -> None:
    axes.set_yticks(range(len(rows)), [_wrapped(row.name) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _style(label: str, index: int) -> tuple[str, str]:
    return STYLES[WHO.index(label) if label in WHO else index % len(STYLES)]


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


def _is_wide(values: Sequence[float]) -> bool:
    return bool(values) and min(values) > 0 and max(values) / min(values) >= WIDE


def _png(figure: Any) -> bytes:
    """The picture with as many colours as a palette has, which is enough and makes half of the bytes."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    palette = Image.Quantize.MAXCOVERAGE  # the other ways lose the colour of a single small mark
    Image.open(drawn).convert("RGB").quantize(256, palette).save(small, format="png", optimize=True)
    return small.getvalue()


def _wrapped(name: str, width: int = 46) -> str:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
