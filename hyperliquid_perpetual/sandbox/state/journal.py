"""The journal: one line per block, with its length and checksum, appended before anybody is told of the block.

    <length of the JSON in hex> <CRC-32 of it, 8 hex digits> <JSON>\\n

The first line is the header: which state the journal belongs to, from which snapshot on, and the number of its first
block. JSON has no line breaks of its own, so a torn line is always the last one, and a damaged line does not hide the
ones behind it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.notes import Block

_encode = msgspec.json.Encoder().encode


class JournalHeader(msgspec.Struct, frozen=True):
    """`state` names the state that the journal belongs to, `generation` its snapshot, `first` its first block."""

    state: str
    generation: int
    first: int


_decode_header = msgspec.json.Decoder(JournalHeader).decode
_decode_block = msgspec.json.Decoder(Block).decode


def line(data: Any) -> bytes:
    """A value as a line of a journal."""
    body = _encode(data)
    return b"%x %08x %b\n" % (len(body), crc32(body), body)


class Journal:
    """A journal that is written to. One plain write per line: what is written survives the end of the process."""

    def __init__(self, path: Path, header: JournalHeader) -> None:
        """:raises OSError: when it cannot be made."""
        self.path = path
        self.size = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self.append(header)
        except OSError:
            self.close()
            path.unlink(missing_ok=True)
            raise

    def append(self, data: Any) -> None:
        """Write a line.

        :raises OSError: when it cannot be written whole; what was written of it is taken back, as far as possible.
        """
        rest = memoryview(line(data))
        length = len(rest)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += length

    def close(self) -> None:
        """Write no more."""
        os.close(self._descriptor)


@dataclass(slots=True)
class ReadJournal:
    """What could be read of a journal; `header` is None when not even that is whole."""

    header: JournalHeader | None
    blocks: list[Block]
    torn: bool
    """Whether the last line had been written in part, which happens when a process is killed while it writes."""


def read_journal(path: Path) -> ReadJournal:
    """Read a journal up to its end or to the line that was being written.

    :raises StateError: when it is damaged before its last line, or was written by another version.
    """
    lines = path.read_bytes().split(b"\n")
    torn = lines.pop() != b""
    header: JournalHeader | None = None
    blocks: list[Block] = []
    for number, text in enumerate(lines):
        body = _body(text)
        if body is None and number == len(lines) - 1 and not torn:
            torn = True  # a power cut can leave a whole line with something else in it
            break
        try:
            if body is None:
                raise StateError("its checksum is wrong")
            if header is None:
                header = _decode_header(body)
            else:
                blocks.append(_decode_block(body))
        except (StateError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise StateError(
                f"{path} is damaged in line {number + 1} ({error}). Nothing was changed: put a copy back in its place, "
                "or begin anew with another state file."
            ) from None
    return ReadJournal(header, blocks, torn)


def _body(text: bytes) -> bytes | None:
    """The JSON of a line, None for one that is not whole."""
    length, _, rest = text.partition(b" ")
    checksum, _, body = rest.partition(b" ")
    if line_start(body) != length + b" " + checksum:
        return None
    return body


def line_start(body: bytes) -> bytes:
    """Length and checksum as they stand before a line's JSON."""
    return b"%x %08x" % (len(body), crc32(body))
