"""The snapshot: the whole state at one moment, in one file that is written aside and then put in place at once.

first line: what this is, and the version of the format
frames: length (4 bytes, big endian), CRC-32 (4 bytes), content
    1. `Header` as JSON: whose state it is, and what has to agree when it is read
    2. `Outside` as JSON
    3. the engine (`graph`)
    4. one frame for each history, and for the candles of each market: a line of JSON about it, then the records
    5. the number of frames before, in decimal digits: a file without it was not finished
"""

import itertools
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from hyperliquid_perpetual.sandbox.candles import Candle, CandleRow
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.state import graph
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.outside import Candles, Outside

NAME = b"hyperliquid-perpetual sandbox state"
VERSION = 1
PIECE = 1_000
"""Records that are made into bytes in one go, about a millisecond of work."""

_LENGTHS = struct.Struct(">II")
_encode = msgspec.json.Encoder().encode


class Header(msgspec.Struct, frozen=True):
    """What a state file says about itself. Times are Unix ms: `time` the exchange's, `saved_at` the machine's."""

    state: str
    generation: int
    block: int
    """The number of the next block."""
    shape: str
    seed: int
    market: str
    time: int
    saved_at: int
    is_last: bool
    """Whether the sandbox was stopped and this is its end: nothing comes after it."""
    synthetic: list[str]
    """The accounts of whoever moves the markets, and of those who did."""
    driver: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(slots=True)
class Capture:
    """A state at one moment, with everything in it that could change already made into bytes or copied."""

    header: Header
    outside: bytes
    engine: bytes
    histories: list[graph.History]
    candles: Candles


@dataclass(slots=True)
class Snapshot:
    """A state as it was read."""

    header: Header
    outside: Outside
    engine: Exchange
    market_set: MarketSet
    candles: Candles


class _Part(msgspec.Struct, omit_defaults=True):
    """The first line of a frame of records."""

    kind: str
    asset: int = -1


def write(path: Path, capture: Capture) -> int:
    """Write a state file aside, and put it in place; returns its size. Can run in a thread.

    :raises OSError: when it cannot be written; what was at `path` is still there then.
    """
    aside = path.with_name(f"{path.name}.new")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(b"%b %d\n" % (NAME, VERSION))
            count = 0
            for content in _frames(capture):
                _write_frame(file, content)
                count += 1
            _write_frame(file, [b"%d" % count])
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        os.replace(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    return size


def sync_directory(path: Path) -> None:
    """Have the disk keep which files there are in a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_frame(file: Any, pieces: list[bytes]) -> None:
    checksum = 0
    for piece in pieces:
        checksum = crc32(piece, checksum)
    file.write(_LENGTHS.pack(sum(map(len, pieces)), checksum))
    for piece in pieces:
        file.write(piece)


def _frames(capture: Capture) -> Iterator[list[bytes]]:
    yield [_encode(capture.header)]
    yield [capture.outside]
    yield [capture.engine]
    for history in capture.histories:
        yield _records(_Part(history.kind), history.records)
    for asset, candles in capture.candles.items():
        rows = {interval: [candle.row() for candle in series] for interval, series in candles.items()}
        yield [_encode(_Part("candles", asset)), b"\n", _encode(rows)]


def _records(part: _Part, records: list[Any]) -> list[bytes]:
    """A part with its records, made in pieces so that other threads are never kept waiting for long."""
    pieces = [_encode(part), b"\n["]
    for number, batch in enumerate(itertools.batched(records, PIECE)):
        pieces += [b"," if number else b"", _encode(batch)[1:-1]]
        time.sleep(0)  # the exchange waits for the interpreter: let it have it
    return [*pieces, b"]"]


def read(path: Path) -> Snapshot | None:
    """Read a state file; None when there is none.

    :raises StateError: when it is no state file, of another version, or damaged.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"The state file {path} cannot be read: {error.strerror}.") from None
    try:
        return _parse(data)
    except (StateError, msgspec.DecodeError, struct.error, KeyError, IndexError, ValueError, RecursionError) as error:
        raise StateError(
            f"{path} cannot be used: {error}. Nothing was changed: put a copy back in its place, "
            "or begin anew with another state file."
        ) from None


def _parse(data: bytes) -> Snapshot:
    first, _, rest = data.partition(b"\n")
    if first != b"%b %d" % (NAME, VERSION):
        if first.startswith(NAME):
            version = first[len(NAME) :].decode(errors="replace").strip()
            raise StateError(f"it is a state file of format {version}, and this version of the sandbox reads {VERSION}")
        raise StateError("it is no state file of the sandbox")
    frames = _split(rest)
    header = msgspec.json.decode(frames[0], type=Header)
    if header.shape != graph.shape():
        raise StateError("it was written by another version of the sandbox, whose engine keeps other things")
    histories: list[list[Any]] = []
    candles: Candles = {}
    for frame in frames[3:]:
        head, _, records = frame.partition(b"\n")
        part = msgspec.json.decode(head, type=_Part)
        if part.kind == "candles":
            rows = msgspec.json.decode(records, type=dict[str, list[CandleRow]])
            candles[part.asset] = {interval: [*map(Candle.of_row, series)] for interval, series in rows.items()}
        else:
            histories.append(graph.decode_records(part.kind, bytes(records)) if part.kind else [])
    outside = msgspec.json.decode(frames[1], type=Outside)
    engine, markets = graph.load(frames[2], histories)
    return Snapshot(header, outside, engine, markets, candles)


def _split(data: bytes) -> list[bytes]:
    frames: list[bytes] = []
    offset = 0
    while offset < len(data):
        if offset + _LENGTHS.size > len(data):
            raise StateError("it ends too early")
        length, checksum = _LENGTHS.unpack_from(data, offset)
        offset += _LENGTHS.size
        frame = data[offset : offset + length]
        offset += length
        if len(frame) != length:
            raise StateError("it ends too early")
        if crc32(frame) != checksum:
            raise StateError(f"it is damaged (the checksum of part {len(frames) + 1} is wrong)")
        frames.append(frame)
    if len(frames) < 4 or frames.pop() != b"%d" % len(frames):
        raise StateError("it ends too early")
    return frames
