"""The file of a recording: what is written is read, and what a kill or a fault leaves of it."""

import json
import lzma
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import End, Frame, Gap, Metadata, Record, Session, frame_line
from hyperliquid_perpetual.sandbox.recording.records import record_line as line
from hyperliquid_perpetual.sandbox.recording.summary import summarize
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter

SESSION = Session("testnet", "https://venue.example", ["BTC"], "0.1", Metadata([None], {"tokens": []}, {"": [{}, []]}))


def frames(count: int, start: int = 1_000) -> list[bytes]:
    return [b'{"channel":"bbo","data":{"coin":"BTC","time":%d}}' % (start + n) for n in range(count)]


def record(path: Path, *blocks: list[bytes]) -> list[int]:
    """A recording of a session and some blocks of frames; gives where each block ends."""
    ends = []
    with RecordingWriter(path) as writer:
        for number, block in enumerate(blocks):
            if writer.session is None and number == 0:
                writer.append(line(1_000, SESSION))
            for n, frame in enumerate(block):
                writer.append(frame_line(1_000 + n, frame))
            writer.write(writer.take())
            ends.append(writer.size)
    return ends


def read(path: Path, partial: bool = False) -> list[bytes]:
    return [entry.body.data for entry in Recording(path, partial) if isinstance(entry.body, Frame)]


def test_records_come_back_in_their_order_with_their_times(tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    gap, end = Gap(1_500, "the connection was closed", "fast"), End()
    with RecordingWriter(path) as writer:
        for entry in (line(1_000, SESSION), frame_line(1_200, b'{"a":\n1}'), line(2_000, gap), line(3_000, end)):
            writer.append(entry)
    assert list(Recording(path)) == [
        Record(1_000, SESSION),
        Record(1_200, Frame(b'{"a": 1}')),
        Record(2_000, gap),
        Record(3_000, end),
    ]
    assert Recording(path).session == SESSION


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.recursive(st.text() | st.integers() | st.none(), lambda some: st.lists(some, max_size=3))),
        min_size=1,
        max_size=4,
    )
)
def test_any_frames_in_any_blocks_come_back(tmp_path_factory: pytest.TempPathFactory, blocks: list[list[Any]]) -> None:
    path = tmp_path_factory.mktemp("any") / "one.hlrec"
    sent = [[json.dumps(frame, ensure_ascii=False).encode() for frame in block] for block in blocks]
    record(path, *sent)
    assert read(path) == [frame for block in sent for frame in block]


def test_format_is_what_the_documentation_says(tmp_path: Path) -> None:
    """Read by hand, from docs/recordings.md alone."""
    path = tmp_path / "one.hlrec"
    record(path, frames(2), frames(1, 2_000))
    data = path.read_bytes()
    magic, version = struct.unpack_from("<8sH", data)
    assert (magic, version) == (b"HLREC\r\n\x1a", 1)
    offset, lines = 16, []
    while offset < len(data):
        marker, raw_length, stored_length, checksum = struct.unpack_from("<4sIII", data, offset)
        stored = data[offset + 16 : offset + 16 + stored_length]
        assert marker == b"\xf1BLK"
        assert checksum == zlib.crc32(data[offset + 4 : offset + 12] + stored)
        raw = lzma.decompress(stored, lzma.FORMAT_XZ)
        assert len(raw) == raw_length
        lines += [json.loads(entry) for entry in raw.splitlines()]
        offset += 16 + stored_length
    assert [(time, kind) for time, kind, _ in lines] == [
        (1_000, "session"),
        (1_000, "frame"),
        (1_001, "frame"),
        (1_000, "frame"),
    ]
    assert lines[0][2]["coins"] == ["BTC"]
    assert set(lines[0][2]) == {"source", "url", "coins", "program", "metadata"}


def test_kinds_that_are_not_known_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    with RecordingWriter(path) as writer:
        writer.append(line(1_000, SESSION))
        writer.append(b'[1001,"weather",{"rain":true}]\n')
        writer.append(frame_line(1_002, b"{}"))
    assert [entry.time for entry in Recording(path)] == [1_000, 1_002]


# ---------------------------------------------------------------------- what is damaged


@pytest.mark.parametrize("missing", [1, 10, 30])
def test_block_that_was_not_finished_costs_itself_alone_and_recording_goes_on(tmp_path: Path, missing: int) -> None:
    path = tmp_path / "one.hlrec"
    first, last = record(path, frames(5), frames(5, 2_000))
    with path.open("r+b") as file:
        file.truncate(last - missing)
    with pytest.raises(RecordingError, match=rf"is cut.*\(at byte {first}\)"):
        read(path)
    assert read(path, partial=True) == frames(5)
    summary = summarize(path)
    assert summary.cut is not None
    assert f"at byte {first}" in summary.lines[-1]
    with RecordingWriter(path) as writer:
        assert writer.dropped == last - missing - first
        assert (writer.session, writer.last_time) == (SESSION, 1_004)
        writer.append(frame_line(3_000, b'{"later":1}'))
    assert read(path) == [*frames(5), b'{"later":1}']


def test_space_that_was_never_written_to_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    record(path, frames(5))
    with path.open("ab") as file:
        file.write(bytes(5_000))
    with RecordingWriter(path) as writer:
        assert writer.dropped == 5_000
    assert read(path) == frames(5)


@pytest.mark.parametrize("at", [0, 5, 9, 10, 11, 13, 20])
def test_damage_in_the_middle_is_named_with_its_place_and_never_appended_to(tmp_path: Path, at: int) -> None:
    path = tmp_path / "one.hlrec"
    first, second, _ = record(path, frames(5), frames(500, 2_000), frames(5, 3_000))
    with path.open("r+b") as file:
        file.seek(first + at)
        byte = file.read(1)[0]
        file.seek(first + at)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(RecordingError, match=rf"\(at byte {first}\)"):
        read(path)
    with pytest.raises(RecordingError, match=rf"\(at byte {first}\)"):
        Recording(path).check()
    assert read(path, partial=True) == frames(5)
    size = path.stat().st_size
    with pytest.raises(RecordingError, match="more cannot be appended, record into another file"):
        RecordingWriter(path)
    assert path.stat().st_size == size
    assert second < size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"time,px\n1,2\n3,4\n5,6\n", "this is no recording"),
        (b"HLREC\r\n\x1a\x02\x00" + bytes(6), "format version 2, and this program reads version 1"),
        (b"HLREC\r\n\x1a\x01\x00" + bytes(6), "ends before its metadata"),
    ],
)
def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "one.hlrec"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        _ = Recording(path).session
    with pytest.raises(RecordingError, match=message):
        summarize(path)


def test_other_files_are_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and nothing else")
    with pytest.raises(RecordingError, match="this is no recording"):
        RecordingWriter(path)
    assert path.read_text() == "these are my notes, and nothing else"


def test_two_recorders_do_not_write_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    with RecordingWriter(path), pytest.raises(RecordingError, match="another process is recording"):
        RecordingWriter(path)
    RecordingWriter(path).close()


def test_full_disk_leaves_what_was_recorded_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.hlrec"
    record(path, frames(5))
    writer = RecordingWriter(path)
    real = writer._file

    class Full:
        """Takes half of what it is given, and then nothing."""

        def __init__(self) -> None:
            self.taken = 0

        def write(self, data: memoryview) -> int:
            if self.taken:
                raise OSError(28, "No space left on device")
            self.taken = real.write(data[: len(data) // 2])
            return self.taken

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    writer._file = Full()  # type: ignore[assignment]
    with pytest.raises(OSError, match="cannot be written: No space left on device"):
        writer.write(frame_line(2_000, b"{}"))
    writer.close()
    assert read(path) == frames(5)


def test_block_that_lies_about_its_length_is_refused_without_taking_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    record(path, frames(1))
    stored = lzma.compress(bytes(5_000_000))
    lengths = struct.pack("<II", 100, len(stored))
    with path.open("ab") as file:
        file.write(b"\xf1BLK" + lengths + struct.pack("<I", zlib.crc32(lengths + stored)) + stored)
    with pytest.raises(RecordingError, match="does not have the 100 bytes"):
        read(path)
