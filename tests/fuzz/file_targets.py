"""Files that the sandbox reads: fault plans, recordings, states with their journals."""

import functools
import itertools
import json
import os
import random
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults import FaultPlan, InvalidFault
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.specification import as_text, parse_fault
from hyperliquid_perpetual.sandbox.following.market_data import FrameError, market_events
from hyperliquid_perpetual.sandbox.market_set import standard_markets
from hyperliquid_perpetual.sandbox.recording import blocks
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import End, Frame, Gap, Metadata, Session, frame_line, record_line
from hyperliquid_perpetual.sandbox.state import snapshot
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.files import StateFiles
from hyperliquid_perpetual.sandbox.state.journal import line_start, read_journal
from tests.fuzz.connector_targets import frame_seeds, recorded
from tests.fuzz.mutations import as_json
from tests.fuzz.target import Target, finish, named

ROOT = Path(__file__).parents[2]
_MARKETS = {market.coin: market for market in standard_markets().markets}


@functools.cache
def folder() -> Path:
    """Where inputs become files; the system clears it."""
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _file(name: str, data: bytes) -> Path:
    path = folder() / name
    path.write_bytes(data)
    return path


# ---------------------------------------------------------------------------------------------- fault plans


def plan_seeds(chance: random.Random) -> Iterator[bytes]:
    """Plans as files, as JSON, and as lines; the first line says as what."""
    for path in sorted((ROOT / "conf" / "faults").glob("*.toml")):
        yield b"toml\n" + path.read_bytes()
    for kind in KINDS.values():
        said: dict[str, Any] = {"fault": kind.name}
        for name, field in kind.fields.items():
            if field.default is not None and chance.random() < 0.7:
                said[name] = field.default
        yield b"json\n" + as_json({"faults": [said], "seed": 3})
        yield b"line\n" + kind.name.encode() + b" at=2 lasts=5"
    yield b'toml\nseed = 1\n[random]\nseed = 2\nintensity = 1.5\n[[faults]]\nfault = "status"\ncode = 502\n'


def run_plan(data: bytes) -> None:
    """A plan is understood and survives being written down, or `InvalidFault` says what would be valid."""
    form, body = named(data)
    try:
        if form == "toml":
            plan = FaultPlan.from_file(_file("plan.toml", body))
        elif form == "line":
            fault = parse_fault(body.decode(errors="replace"))
            assert parse_fault(as_text(fault)) == fault
            return
        else:
            try:
                value = msgspec.json.decode(body)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                return
            plan = FaultPlan.from_data(value)
    except InvalidFault as error:
        assert len(str(error)) < 20_000
        return
    assert FaultPlan.from_data(json.loads(json.dumps(plan.as_json()))) == plan


# ---------------------------------------------------------------------------------------------- recordings


def _lines() -> list[bytes]:
    metadata = Metadata([None], {"tokens": [], "universe": []}, {"": [{"universe": []}, []]})
    session = Session("sandbox", "http://127.0.0.1", ["BTC"], "test", metadata)
    frames = itertools.islice(frame_seeds(random.Random(1)), 12)
    return [
        record_line(1, session),
        *(frame_line(2, frame) for frame in frames if frame.startswith(b"{")),
        record_line(3, Gap(2, "lost")),
        b'[4,"later",{}]\n',
        record_line(5, End()),
    ]


def recording_seeds(chance: random.Random) -> Iterator[bytes]:
    """`lines` are packed before they are read, so that checksums are right; `file` is the whole file."""
    lines = b"".join(_lines())
    yield b"lines\n" + lines
    yield b"file\n" + blocks.header() + blocks.pack(lines) + blocks.pack(lines[:400])
    for line in _lines():
        yield b"lines\n" + line
    for _, text in recorded("ws_"):
        value = json.loads(text)
        yield b"lines\n" + frame_line(2, as_json(value[0] if isinstance(value, list) else value))


def run_recording(data: bytes) -> None:
    """A recording is read to its end, or to a `RecordingError`; its frames become events or are passed over."""
    form, body = named(data)
    content = body if form == "file" else blocks.header() + blocks.pack(body)
    path = _file("recording", content)
    for partial in (False, True):
        recording = Recording(path, partial)
        try:
            recording.check()
            for record in recording:
                if isinstance(record.body, Frame):
                    try:
                        market_events(record.body.data, _MARKETS)
                    except FrameError as error:
                        assert len(str(error)) < 100_000
        except blocks.RecordingError as error:
            assert 0 <= error.offset <= len(content)


# ---------------------------------------------------------------------------------------------- states

_LENGTHS = struct.Struct(">II")


@functools.cache
def _state() -> tuple[bytes, bytes]:
    """The snapshot and the journal of a small exchange."""
    where = folder() / "made"
    where.mkdir()

    async def live() -> bytes:
        sandbox = Sandbox(seed=1, market="still", clock="virtual", state=where / "state")
        await sandbox.start()
        sandbox.fund("0x" + "ab" * 20)
        journal = next(iter(where.glob("state.journal-*"))).read_bytes()
        await sandbox.stop()
        return journal

    journal = finish(live())
    return (where / "state").read_bytes(), journal


def _frames(data: bytes) -> list[bytes]:
    """The parts of a snapshot behind its first line, without lengths and checksums."""
    rest = data.partition(b"\n")[2]
    found = []
    while rest:
        length, _ = _LENGTHS.unpack_from(rest)
        found.append(rest[_LENGTHS.size : _LENGTHS.size + length])
        rest = rest[_LENGTHS.size + length :]
    return found


def _joined(frames: list[bytes]) -> bytes:
    parts = [_LENGTHS.pack(len(frame), crc32(frame)) + frame for frame in frames]
    return b"%b %d\n" % (snapshot.NAME, snapshot.VERSION) + b"".join(parts)


def state_seeds(chance: random.Random) -> Iterator[bytes]:
    """`file` is a whole snapshot; `part N` takes the place of a part, `journal` the lines of a journal: their checksums
    are made right."""
    data, journal = _state()
    yield b"file\n" + data
    for number, frame in enumerate(_frames(data)[:-1]):
        if len(frame) < 40_000:
            yield b"part %d\n" % number + frame
    yield b"raw journal\n" + journal
    lines = [line.split(b" ", 2)[-1] for line in journal.split(b"\n")[:8] if line]
    yield b"journal\n" + b"\n".join(lines)
    for line in lines[1:]:
        yield b"journal\n" + lines[0] + b"\n" + line


def run_state(data: bytes) -> None:
    """A state is read, or a `StateError` says why it cannot be used; nothing in it is run."""
    form, body = named(data)
    for old in folder().glob("read*"):
        old.unlink()
    whole, _ = _state()
    try:
        if "journal" in form:
            if form == "journal":
                body = b"".join(b"%b %b\n" % (line_start(line), line) for line in body.split(b"\n"))
            read_journal(_file("read", body))
        elif form.startswith("part "):
            frames = _frames(whole)
            number = form.removeprefix("part ")
            at = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
            frames[at % (len(frames) - 1)] = body
            _load(_file("read", _joined(frames)))
        else:
            _load(_file("read", body))
    except StateError as error:
        assert len(str(error)) < 200_000


def _load(path: Path) -> None:
    before = dict(os.environ)
    files = StateFiles(path)
    try:
        files.load()
    finally:
        files.release()
        assert dict(os.environ) == before


TARGETS = (
    Target("fault_plan", run_plan, plan_seeds),
    Target("recording", run_recording, recording_seeds),
    Target("state_file", run_state, state_seeds),
)
