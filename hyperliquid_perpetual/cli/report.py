"""`report`: what a bot did, out of its database and its log."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hyperliquid_perpetual.cli.application import app, examples, fail


@app.command(
    epilog=examples(
        ("hyperliquid-perpetual report ~/hummingbot", "report/report.html and report/report.png of a Hummingbot's bot"),
        ("hyperliquid-perpetual report ~/hummingbot --from 2026-11-01 --pair BTC-USD", "one pair, since that day"),
        ("hyperliquid-perpetual report ~/hummingbot --csv --no-page", "tables for a spreadsheet, and no drawing"),
    )
)
def report(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The folder Hummingbot runs in, or a .sqlite file of its data/.")
    ] = Path("."),
    output: Annotated[Path, typer.Option(file_okay=False, help="Where the files of the report go.")] = Path("report"),
    log: Annotated[Path | None, typer.Option(help="The log, if it is not the one in logs/ of the same name.")] = None,
    bot: Annotated[str | None, typer.Option(help="Which database of the folder, by its name.")] = None,
    connector: Annotated[str | None, typer.Option(help="Whose orders, if the database has several.")] = None,
    pair: Annotated[list[str] | None, typer.Option(help="Only this trading pair; may be given more than once.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From when on; a day or a time, in UTC.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="TIME", help="Until when; a day counts to its end.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Also write report.json, and print that and nothing else.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Also write fills, orders, books, funding and incidents.")] = False,
    page: Annotated[bool, typer.Option(help="Whether to draw the page and the picture.")] = True,
) -> None:
    """Turn a bot's database and log into one HTML page and one picture."""
    from hyperliquid_perpetual.report import writing
    from hyperliquid_perpetual.report.drawing import NoPlots, require_matplotlib

    start, end = _time(from_, "--from", is_end=False), _time(to, "--to", is_end=True)
    if start is not None and end is not None and start > end:
        fail(f"--from {from_} is later than --to {to}")
    try:
        if page:
            require_matplotlib()  # before anything is read
    except NoPlots as missing:
        if not (as_json or csv):
            fail(f"{missing}; or have the figures alone, with --json or --csv")
        print(f"hyperliquid-perpetual: no page and no picture: {missing}", file=sys.stderr)
        page = False
    try:
        figures = writing.figures_of(path, writing.Choice(log, bot, connector, start, end, pair or ()))
        files = writing.write_page(figures, output) if page else []
        files += [writing.write_json(figures, output)] if as_json else []
        files += writing.write_csv(figures, output) if csv else []
    except (ValueError, OSError) as error:
        fail(str(error))
    if as_json:
        print(writing.json_text(figures), end="")
        return
    from hyperliquid_perpetual.report.tables import summary

    print(summary(figures))
    for file in files:
        print(file)


def _time(text: str | None, option: str, *, is_end: bool) -> int | None:
    """Unix milliseconds."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text!r} is no time: expected one like 2026-11-28, 2026-11-28T09:30 or 2026-11-28T09:30+01:00")
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    is_day = len(text) <= len("2026-11-28")
    return int(time.timestamp() * 1000) + (86_400_000 - 1 if is_day and is_end else 0)
