"""How pictures are drawn: one style, for a page that is light or dark and for a picture of its own.

matplotlib is needed here and nowhere else. A figure is drawn once, in the light colours; each of them is used for one
thing only, so that in the SVG they can be exchanged for CSS variables, which follow the page.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

COLOURS = {
    "paper": "#fffffe",
    "ink": "#1f2a37",
    "muted": "#66707d",
    "grid": "#e4e8ec",
    "buy": "#0f6fa8",
    "sell": "#c8551b",
    "one": "#0f6fa9",
    "two": "#c8551c",
    "three": "#4a8f3c",
    "four": "#8457a8",
    "five": "#a0803a",
    "six": "#5c6f80",
    "good": "#3f8f5b",
    "half": "#e0a93b",
    "bad": "#b8403f",
}
SERIES = ("one", "two", "three", "four", "five", "six")
"""Of pairs, in their order."""

MOST_PAIRS = 6
"""Pairs that are drawn, those with the most volume; the tables have all of them."""
MOST_POINTS = 2000
"""Of a line; beyond them, what is drawn are the first, the last and the extremes of each small stretch."""
MOST_SHAPES = 2500
"""Beyond so many, marks are drawn as dots of a picture, which keeps the page small."""

_IDS = re.compile(r' id="[A-Za-z0-9.]+_\d+"')
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "svg.fonttype": "none",
    "axes.edgecolor": COLOURS["grid"],
    "axes.facecolor": COLOURS["paper"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlecolor": COLOURS["ink"],
    "figure.facecolor": COLOURS["paper"],
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.labelcolor": COLOURS["ink"],
    "lines.linewidth": 1.3,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
}


class NoPlots(RuntimeError):
    """matplotlib is missing; the message says what to install."""


def require_matplotlib() -> None:
    """:raises NoPlots: when matplotlib cannot be imported."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise NoPlots(
            f"the pictures of a report need matplotlib ({error}): install it with "
            "pip install 'hummingbot-hyperliquid-perpetual[report]'"
        ) from None


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Any]:
    """An empty figure of this size in inches, drawn on while the context lasts.

    Without pyplot, which would keep the figure and look for a display.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def as_svg(figure: Any, name: str) -> str:
    """The figure as an SVG element to stand in a page; its colours are CSS variables (`--buy` and so on).

    :param name: apart from all others of the page, for the ids inside.
    """
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(
            out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}, dpi=160
        )
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    head, body = svg[: svg.index(">")], svg[svg.index(">") :]
    view_box = re.search(r'viewBox="[^"]+"', head)
    assert view_box is not None
    body = _IDS.sub("", re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL))
    for variable, colour in COLOURS.items():
        body = body.replace(colour, f"var(--{variable})")
    body = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", body)
    return (
        f'<svg {view_box[0]} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img"'
        + body
    )


def as_png(figure: Any, dots_per_inch: int = 130) -> bytes:
    """The figure as a picture of its own, in the light colours."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return out.getvalue()


def times(milliseconds: Iterable[int]) -> list[float]:
    """Unix milliseconds as the axes take them: days since 1970, which is matplotlib's own measure."""
    return [time / 86_400_000 for time in milliseconds]


def time_axis(axes: Any, start_ms: int, end_ms: int) -> None:
    """Labels the horizontal axis with times, UTC."""
    import matplotlib.dates

    dates: Any = matplotlib.dates  # without types
    locator = dates.AutoDateLocator(minticks=3, maxticks=6, tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC))
    margin = max(1, (end_ms - start_ms) // 60)
    axes.set_xlim(*times([start_ms - margin, end_ms + margin]))


def legend(axes: Any, columns: int = 4, **options: Any) -> None:
    """The legend above the plot, where it covers nothing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns,
        borderaxespad=0.1,
        handlelength=1.4,
        columnspacing=1.2,
        handletextpad=0.5,
        **options,
    )


def say_instead(axes: Any, text: str) -> None:
    """Writes into a plot that has nothing to draw why that is so."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=COLOURS["muted"], wrap=True)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)


def thinned(points: Sequence[tuple[int, float]], most: int = MOST_POINTS) -> list[tuple[int, float]]:
    """Points of a line, no more than about that many, by which it looks the same: ends and extremes of each stretch."""
    if len(points) <= most:
        return list(points)
    size = -(-4 * len(points) // most)
    kept = []
    for start in range(0, len(points), size):
        stretch = points[start : start + size]
        places = {0, len(stretch) - 1}
        places.add(min(range(len(stretch)), key=lambda place: stretch[place][1]))
        places.add(max(range(len(stretch)), key=lambda place: stretch[place][1]))
        kept += [stretch[place] for place in sorted(places)]
    return kept
