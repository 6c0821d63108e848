"""Which database and which log a report is about: found in a Hummingbot's folder, or named."""

from dataclasses import dataclass
from pathlib import Path

DATABASE_PATTERNS = ("data/*.sqlite", "*.sqlite")
LOG_PATTERNS = ("logs/logs_*.log", "../logs/logs_*.log")


class SourceError(ValueError):
    """There is nothing to report on, or more than one thing; the message says what there is."""


@dataclass(frozen=True)
class Sources:
    """What a report is made of."""

    database: Path
    log: Path | None
    """None when there is none that belongs to the database."""


def find(path: Path, log: Path | None = None, bot: str | None = None) -> Sources:
    """The database and the log of one bot.

    :param path: the folder that a Hummingbot runs in (with `data/` and `logs/`), the output folder of a demo, or a
        database.
    :param log: a log file; without one, the log that Hummingbot names like the database.
    :param bot: the name of the database, where a folder has several.
    :raises SourceError: when the files are not there, or it is not clear which are meant.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist: name the folder Hummingbot runs in, or a .sqlite file of its data/")
    database = _database_in(path, bot) if path.is_dir() else path
    if log is not None and not log.is_file():
        there = ", ".join(str(file) for file in _logs_near(database)) or "none"
        raise SourceError(f"there is no log file {log}; beside the database there is {there}")
    return Sources(database, log if log is not None else _log_of(database))


def _database_in(folder: Path, bot: str | None) -> Path:
    # A demo keeps its Hummingbot in `home`.
    homes = [folder, folder / "home"]
    found = list(
        dict.fromkeys(file for home in homes for text in DATABASE_PATTERNS for file in sorted(home.glob(text)))
    )
    if not found:
        raise SourceError(
            f"{folder} has no trade database: expected data/*.sqlite in the folder that Hummingbot runs in"
        )
    if bot is not None:
        found, names = [file for file in found if file.stem == bot.removesuffix(".sqlite")], _names(found)
        if not found:
            raise SourceError(f"{folder} has no database {bot!r}; there are {names}")
    if len(found) > 1:
        raise SourceError(f"{folder} has {len(found)} databases: choose one with --bot. There are {_names(found)}")
    return found[0]


def _names(files: list[Path]) -> str:
    return ", ".join(file.stem for file in files)


def _logs_near(database: Path) -> list[Path]:
    return [file for pattern in LOG_PATTERNS for file in sorted(database.parent.glob(pattern))]


def _log_of(database: Path) -> Path | None:
    """Hummingbot names both after the configuration that it runs."""
    wanted = f"logs_{database.stem}.log"
    return next((file.resolve() for file in _logs_near(database) if file.name == wanted), None)
