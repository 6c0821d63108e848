"""What is in a recording: records in the order in which they were written, each with its time.

A record is a line of JSON, `[time, kind, data]`; `time` is Unix milliseconds of the recording machine. The kinds are
the classes below. Readers skip kinds that they do not know.
"""

from typing import Any

import msgspec
from msgspec import Struct


class Metadata(Struct, frozen=True):
    """The venue's own replies to `perpDexs`, `spotMeta` and, by dex, `metaAndAssetCtxs` (reference, section 2.1)."""

    perp_dexs: list[Any]
    spot_meta: dict[str, Any]
    dexs: dict[str, list[Any]]


class Session(Struct, frozen=True, rename="camel"):
    """The recorder has started: from where, and which coins. A resumed file has several."""

    source: str
    url: str
    coins: list[str]
    program: str
    metadata: Metadata


class Frame(Struct, frozen=True):
    """A frame as it was received, byte for byte but for line ends."""

    data: bytes


class Gap(Struct, frozen=True):
    """Nothing was received of some streams between `since` and the record's time (Unix ms), and why.

    `streams` is "all", or "fast" when only the fast books were missing.
    """

    since: int
    reason: str
    streams: str = "all"


class End(Struct, frozen=True):
    """The recorder was stopped on purpose."""


class Record(Struct, frozen=True):
    """One record with its time (Unix ms)."""

    time: int
    body: Session | Frame | Gap | End


KINDS: dict[str, type[Session] | type[Gap] | type[End]] = {"session": Session, "gap": Gap, "end": End}

CANNOT_READ = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What reading JSON raises: malformed, no text, nested without end."""

_lines = msgspec.json.Decoder(tuple[int, str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


def frame_line(time: int, frame: bytes) -> bytes:
    """The line of a frame; `frame` has to be JSON."""
    # Inside JSON a line end can only be blank space between two tokens.
    return b'[%d,"frame",%b]\n' % (time, frame.replace(b"\n", b" ").replace(b"\r", b" "))


def record_line(time: int, body: Session | Gap | End) -> bytes:
    """The line of any other record."""
    kind = type(body).__name__.lower()
    return b'[%d,"%b",%b]\n' % (time, kind.encode(), _encode(body))


def parse_line(line: bytes) -> Record | None:
    """The record of a line, None for a kind that is not known here.

    :raises msgspec.DecodeError, UnicodeError, RecursionError: for what is no record.
    """
    time, kind, data = _lines.decode(line)
    if kind == "frame":
        return Record(time, Frame(bytes(data)))
    known = KINDS.get(kind)
    return None if known is None else Record(time, msgspec.json.decode(data, type=known))
