"""A time that a bot remembers over restarts, such as until when an account's fills are known to be booked.

A bot that was killed and started again asks for the fills from there on, so that what was filled by an order that
Hummingbot had not recorded yet is not missed either. The file is replaced whole: a kill leaves the old or the new one.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

from .log_names import logger_of

_LAST_TIME = 2**53

logger = logger_of(__name__)


class Bookmark:
    """One time per account, in one file of the bot."""

    def __init__(self, path: Callable[[], Path | None], key: str) -> None:
        """
        :param path: where the file is; None for nowhere, and then nothing is kept.
        :param key: the account and its network.
        """
        self._path = path
        self._key = key
        self._has_told = False

    def read(self) -> int | None:
        """Unix milliseconds; None when nothing is known."""
        path = self._path()
        if path is None:
            return None
        known = _content(path).get(self._key)
        return known if type(known) is int and 0 < known < _LAST_TIME else None

    def write(self, until_ms: int) -> None:
        """Keeps the time. A file that cannot be written is told of once, and stops nothing."""
        path = self._path()
        if path is None:
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            temporary.write_text(json.dumps(_content(path) | {self._key: until_ms}), encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            if not self._has_told:
                self._has_told = True
                logger.warning("%s cannot be written: %s", path, error.strerror or error)


def _content(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
