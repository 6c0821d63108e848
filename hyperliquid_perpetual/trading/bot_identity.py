"""Which bot this is, over restarts: a short tag that its client order ids carry, and a place for what it must remember.

Orders that were under way when a bot was killed may be in no record of Hummingbot's. With the tag the restarted bot
knows them as its own, and never takes another bot's for its own. The tag is made of an id in Hummingbot's data folder
and of the name of the configuration that runs, as Hummingbot's own records are. A copy of the folder is another bot: an
id that lies in another file than the one it was written into is given up for a new one.
"""

import hashlib
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from hummingbot import data_path
from hummingbot.connector.markets_recorder import MarketsRecorder

from ..venue.client_ids import TAG_BYTES, has_tag
from .log_names import logger_of

ID_FILE = "hyperliquid_perpetual_bot.json"
_ID_BYTES = 16
_is_id = re.compile(r"[0-9a-f]{32}").fullmatch

logger = logger_of(__name__)


class BotIdentity:
    """The tag of one connector's orders, settled when it is first needed: by then Hummingbot records the orders."""

    def __init__(self, connector: Any, bot_id: str | None) -> None:
        """:param bot_id: the user's own name for the bot, which then needs no file; None for none."""
        self._connector = connector
        self._bot_id = bot_id
        self._tag: bytes | None = None
        self._is_lasting = False

    @property
    def tag(self) -> bytes:
        """Four bytes, the same in every life of the bot, if it has a record or a name; else of this life alone."""
        if self._tag is None:
            self._tag, self._is_lasting = self._settle()
        return self._tag

    @property
    def is_lasting(self) -> bool:
        """Whether the next life of the bot will have the same tag, as far as is known now."""
        if self._tag is None and self._bot_id is None and self.recorder is None:
            return False  # not settled yet: what records the orders may still come
        return bool(self.tag) and self._is_lasting

    def is_own(self, cloid: str | None) -> bool:
        """Whether an order is of this bot, by its client order id."""
        return (self._tag is not None or self.is_lasting) and has_tag(cloid, self.tag)

    @property
    def recorder(self) -> MarketsRecorder | None:
        """What writes this connector's orders and fills into Hummingbot's database; None when nothing does."""
        recorder: MarketsRecorder | None = MarketsRecorder._shared_instance
        return recorder if recorder is not None and self._connector in recorder._markets else None

    def path(self, name: str) -> Path | None:
        """A file of this bot's own in Hummingbot's data folder; None when it has no lasting identity there."""
        if not self.is_lasting:
            return None
        return Path(data_path()) / f"hyperliquid_perpetual_{self.tag.hex()}_{name}"

    def _settle(self) -> tuple[bytes, bool]:
        if self._bot_id is not None:
            return _hashed("named", self._bot_id), True
        recorder = self.recorder
        folder_id = folder_identity(Path(data_path())) if recorder is not None else None
        if recorder is None or folder_id is None:
            return secrets.token_bytes(TAG_BYTES), False
        return _hashed("recorded", folder_id, str(recorder.config_file_path)), True


def folder_identity(folder: Path) -> str | None:
    """The id of a data folder, made when there is none; None when none can be kept there, which is told once.

    :returns: 32 hex digits.
    """
    path = folder / ID_FILE
    try:
        known = _read(path)
        if known is not None:
            return known
        made = secrets.token_hex(_ID_BYTES)
        temporary = path.with_name(f"{ID_FILE}.{os.getpid()}")
        with temporary.open("w", encoding="utf-8") as file:
            # The file keeps its inode when it gets its name; a copy of it has another one.
            json.dump({"id": made, "inode": os.fstat(file.fileno()).st_ino}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        # Of two bots that begin in the folder at once, the last one's id stands for both.
        return _read(path)
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s): after a restart, the bot will not know orders that Hummingbot has not recorded",
            path,
            error.strerror or error,
        )
        return None


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8") as file:
            content = json.load(file)
            inode = os.fstat(file.fileno()).st_ino
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("inode") != inode:
        return None
    found = content.get("id")
    return found if isinstance(found, str) and _is_id(found) else None


def _hashed(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()[:TAG_BYTES]
