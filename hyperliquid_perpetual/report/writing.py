"""Makes a report: reads, works out, and writes the files of it into a folder."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hyperliquid_perpetual.report import database, exports, sources
from hyperliquid_perpetual.report.figures import Figures
from hyperliquid_perpetual.report.working_out import read_log, work_out

HTML, PNG, JSON = "report.html", "report.png", "report.json"


@dataclass(frozen=True)
class Choice:
    """What a report is to be about; nothing chosen means everything there is."""

    log: Path | None = None
    bot: str | None = None
    connector: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    pairs: Collection[str] = ()


def figures_of(path: Path, choice: Choice | None = None) -> Figures:
    """The figures of a bot.

    :param path: a folder that a Hummingbot runs in, or a database.
    :raises SourceError: when database or log are not there.
    :raises DatabaseError: when the database cannot be read.
    :raises NothingToReport: when nothing happened.
    :raises OSError: when a log cannot be read.
    """
    choice = choice or Choice()
    found = sources.find(path, choice.log, choice.bot)
    records = database.read(found.database, choice.connector)
    facts = read_log(found.log, records)
    return work_out(
        found.database,
        records,
        found.log,
        facts,
        start_ms=choice.start_ms,
        end_ms=choice.end_ms,
        pairs=choice.pairs,
    )


def write_page(figures: Figures, folder: Path) -> list[Path]:
    """Writes `report.html` and `report.png`; returns their paths.

    :raises NoPlots: when matplotlib is missing; nothing is written then.
    :raises OSError: when the folder cannot be written to.
    """
    from hyperliquid_perpetual.report.drawing import require_matplotlib

    require_matplotlib()
    from hyperliquid_perpetual.report.page import page
    from hyperliquid_perpetual.report.plots import overview_png, plots_of

    plots = plots_of(figures)
    html, png = page(figures, plots).encode(), overview_png(figures, plots)
    return [_write(folder / HTML, html), _write(folder / PNG, png)]


def write_json(figures: Figures, folder: Path) -> Path:
    """Writes `report.json`; returns its path.

    :raises OSError: when the folder cannot be written to.
    """
    return _write(folder / JSON, json_text(figures).encode())


def json_text(figures: Figures) -> str:
    """The content of `report.json`."""
    return json.dumps(exports.as_json(figures), indent=2) + "\n"


def write_csv(figures: Figures, folder: Path) -> list[Path]:
    """Writes a CSV file for each table; returns their paths.

    :raises OSError: when the folder cannot be written to.
    """
    return [_write(folder / name, content.encode()) for name, content in exports.as_csv(figures).items()]


def _write(file: Path, content: bytes) -> Path:
    """In one step, so that a reader never sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.write_bytes(content)
    draft.replace(file)
    return file
