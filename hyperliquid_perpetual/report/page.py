"""A report as one HTML page: plots as SVG inside it, figures in tables beside them, light or dark, and nothing from a
network."""

from html import escape
from importlib.resources import files

from hyperliquid_perpetual import __version__
from hyperliquid_perpetual.report import tables, text
from hyperliquid_perpetual.report.figures import Figures
from hyperliquid_perpetual.report.plots import Plot, svg_of
from hyperliquid_perpetual.report.tables import Table

_TABLES_OF = {
    "equity": tables.pairs_table,
    "inventory": tables.spread_table,
    "costs": tables.fills_table,
    "presence": tables.quoting_table,
    "outcomes": tables.outcomes_table,
    "latency": tables.latency_table,
}


def page(figures: Figures, plots: list[Plot]) -> str:
    """The whole page. It has no script, and nothing in it is loaded from anywhere."""
    window = figures.window
    title = f"{', '.join(figures.strategies) or 'bot'} on {figures.connector}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=when>{text.moment(window.start_ms)} to {text.moment(window.end_ms)} · "
        f"{text.duration(window.end_ms - window.start_ms)} · {text.count(len(figures.sessions), 'run')} of the bot</p>",
        _headline(figures),
        "<div class=plots>",
        *(_plot(plot, figures) for plot in plots),
        "</div>",
        _section("What went wrong", "", _table(tables.incidents_summary(figures)) + _incidents(figures), is_wide=True),
        "<section class=wide><h2>To read this</h2><ul>",
        *(f"<li>{escape(note)}</li>" for note in _notes(figures)),
        "</ul></section>",
        f"<footer>hyperliquid-perpetual {escape(__version__)} · database {escape(figures.database.name)} · log "
        f"{escape(figures.log.name if figures.log is not None else 'none')}</footer>",
    ]
    style = files("hyperliquid_perpetual.report").joinpath("page.css").read_text(encoding="utf-8")
    # Everything is inside: a browser is told so, which also keeps a text of the log from loading anything.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = (
        f"<!doctype html>\n<html lang=en>\n<head><meta charset=utf-8><title>{escape(title)}</title>\n"
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        '<meta name=color-scheme content="light dark">\n'
        f'<meta http-equiv=Content-Security-Policy content="{policy}">\n<style>\n{style}</style></head>\n<body>\n'
    )
    return head + "\n".join(parts) + "\n</body>\n</html>\n"


def _headline(figures: Figures) -> str:
    tiles = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(detail)}</small></dd></div>"
        for name, value, detail in tables.headline(figures)
    )
    return f"<dl>{''.join(tiles)}</dl>"


def _plot(plot: Plot, figures: Figures) -> str:
    svg = svg_of(plot, figures).replace("<svg ", f'<svg aria-label="{escape(plot.title)}" ', 1)
    make = _TABLES_OF.get(plot.name)
    table = _table(make(figures)) if make is not None else ""
    drawing = f"<div class=drawing>{svg}</div>"
    return _section(plot.title, plot.caption, drawing + table, is_wide=plot.is_wide)


def _section(title: str, caption: str, content: str, *, is_wide: bool = False) -> str:
    words = f"<p class=caption>{escape(caption)}</p>" if caption else ""
    return f"<section{' class=wide' if is_wide else ''}><h2>{escape(title)}</h2>{words}{content}</section>"


def _table(table: Table) -> str:
    if not table.rows:
        return f"<p class=empty>{escape(table.empty)}</p>" if table.empty else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header)
    rows = "".join(
        f"<tr><th>{escape(row[0])}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in table.rows
    )
    kind = " class=words" if table.is_text else ""
    return f"<div class=table><table{kind}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _incidents(figures: Figures) -> str:
    beyond = len(figures.incidents) - tables.SHOWN_INCIDENTS
    rest = f"<p class=caption>The newest of {len(figures.incidents):,}.</p>" if beyond > 0 else ""
    return rest + _table(tables.incidents_table(figures))


def _notes(figures: Figures) -> list[str]:
    explained = [f"{latency.name}: {latency.meaning}." for latency in figures.latencies if latency.samples]
    return [
        *figures.notes,
        "Captured spread: the average sell price less the average buy price, on the volume that was both bought and "
        "sold, before fees. Quoted spread: between the bot's own best orders, averaged over the time it had both.",
        *(f"Latency, {item}" for item in explained),
        "All times are UTC.",
    ]
