"""The container of a recording: a header, then compressed blocks that can each be checked and read alone.

    file   = header block*
    header = magic (8 bytes), version (u16), 6 zero bytes
    block  = marker (4 bytes), raw length (u32), stored length (u32), CRC-32 (u32), stored bytes

Integers are little-endian. The stored bytes are one .xz stream; the checksum covers both lengths and the stored bytes.
What is in a block, records, is no concern of this module. `docs/recordings.md` is the specification.
"""

import lzma
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAGIC = b"HLREC\r\n\x1a"
"""As in PNG: a transfer that rewrites line ends or stops at a control-Z is noticed at once."""
VERSION = 1
MARKER = b"\xf1BLK"
MAX_BLOCK = 64 * 2**20
"""No block is longer than this, raw or stored: a damaged length must not ask for all memory."""

_HEADER = struct.Struct("<8sH6x")
_BLOCK = struct.Struct("<4sIII")
_LENGTHS = struct.Struct("<II")


class RecordingError(ValueError):
    """A file that is no recording, or is damaged from `offset` on."""

    def __init__(self, path: Path, offset: int, reason: str, is_torn: bool = False) -> None:
        super().__init__(f"{path}: {reason} (at byte {offset})")
        self.path = path
        self.offset = offset
        self.reason = reason
        self.is_torn = is_torn
        """Whether the damage reaches to the end of the file, as when the writer was killed in the middle of a block."""


class Block(NamedTuple):
    """Where a block stands in its file, and what is in it, still compressed."""

    offset: int
    raw_length: int
    stored: bytes


def header() -> bytes:
    """The first bytes of a new file."""
    return _HEADER.pack(MAGIC, VERSION)


def pack(raw: bytes) -> bytes:
    """A whole block; takes about 0.1 s for 256 KiB, most of it without Python's lock."""
    stored = lzma.compress(raw)
    lengths = _LENGTHS.pack(len(raw), len(stored))
    checksum = zlib.crc32(stored, zlib.crc32(lengths))
    return _BLOCK.pack(MARKER, len(raw), len(stored), checksum) + stored


def unpack(path: Path, block: Block) -> bytes:
    """What is in a block.

    :raises RecordingError: when it cannot be decompressed to what its header says.
    """
    try:
        # One byte more than there should be: enough to notice, and no more than that whatever a file claims.
        raw = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(block.stored, block.raw_length + 1)
    except lzma.LZMAError as error:
        raise RecordingError(path, block.offset, f"a block cannot be decompressed: {error}") from None
    if len(raw) != block.raw_length:
        raise RecordingError(
            path, block.offset, f"a block does not have the {block.raw_length} bytes that it announces"
        )
    return raw


def read_blocks(path: Path, file: BinaryIO) -> Iterator[Block]:
    """The blocks of a file from its beginning on, checked but not decompressed.

    :raises RecordingError: for a file that is no recording, and at the first byte of a block that is damaged.
    """
    _read_header(path, file)
    size = file.seek(0, 2)
    offset = _HEADER.size
    while offset < size:
        file.seek(offset)
        block = _read_block(path, file, offset, size)
        yield block
        offset += _BLOCK.size + len(block.stored)


def _read_header(path: Path, file: BinaryIO) -> None:
    file.seek(0)
    found = file.read(_HEADER.size)
    if not found:
        raise RecordingError(path, 0, "the file is empty")
    if found[: len(MAGIC)] != MAGIC[: len(found)]:
        raise RecordingError(path, 0, "this is no recording of hyperliquid-perpetual record")
    if len(found) < _HEADER.size:
        raise RecordingError(path, len(found), "the header is cut", is_torn=True)
    _, version = _HEADER.unpack(found)
    if version != VERSION:
        raise RecordingError(
            path, len(MAGIC), f"this recording has format version {version}, and this program reads version {VERSION}"
        )


def _read_block(path: Path, file: BinaryIO, offset: int, size: int) -> Block:
    def damaged(reason: str) -> RecordingError:
        file.seek(offset)
        rest = file.read(size - offset)
        # After a crash of the machine, space that was never written to reads as zeros. A damaged length may point
        # beyond the end as well, but then there are more blocks.
        is_last = end >= size and MARKER not in rest[_BLOCK.size :]
        return RecordingError(path, offset, reason, is_torn=is_last or not rest.strip(b"\0"))

    head, end = file.read(_BLOCK.size), size
    if len(head) < _BLOCK.size:
        raise damaged("the recording is cut in the head of a block")
    marker, raw_length, stored_length, checksum = _BLOCK.unpack(head)
    end = offset
    if marker != MARKER or raw_length > MAX_BLOCK or stored_length > MAX_BLOCK:
        raise damaged("the recording is damaged: here a block should begin")
    end = offset + _BLOCK.size + stored_length
    stored = file.read(stored_length)
    if len(stored) < stored_length:
        raise damaged(f"the recording is cut: a block ends {end - size} bytes short")
    if zlib.crc32(stored, zlib.crc32(_LENGTHS.pack(raw_length, stored_length))) != checksum:
        raise damaged("the recording is damaged: a block does not have its checksum")
    return Block(offset, raw_length, stored)
