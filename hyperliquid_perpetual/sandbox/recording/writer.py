"""Writes a recording: blocks appended whole and made durable one by one, so that a kill loses at most the last one."""

import fcntl
import os
from pathlib import Path
from typing import BinaryIO, Self

from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError, header, pack, read_blocks
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import Session

BLOCK_BYTES = 256 * 1024


class RecordingWriter:
    """A new recording, or one that goes on. One process at a time may write to a file."""

    def __init__(self, path: Path) -> None:
        """Open a file to append to it.

        :raises RecordingError: for a file that is no recording, is damaged before its end or is being written to.
        :raises OSError: when it cannot be written.
        """
        self.path = path
        self.session: Session | None = None
        """What was recorded before, when the file goes on."""
        self.last_time = 0
        """The time of the last record before, Unix ms."""
        self.dropped = 0
        """Bytes of a block that was never finished, which had to go."""
        self._lines: list[bytes] = []
        self._pending = 0
        # Unbuffered: a block goes to the system in one piece, and closing has nothing left to write.
        self._file: BinaryIO = open(path, "a+b", buffering=0)  # noqa: SIM115 - as long as the writer lives
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecordingError(self.path, 0, "another process is recording into this file") from None
        size = self._file.seek(0, 2)
        end = 0
        if size:
            end = self._readable_end()
            self.dropped = size - end
            self._file.truncate(end)
        if not end:
            self._file.write(header())
            return
        for record in Recording(self.path):
            if self.session is None and isinstance(record.body, Session):
                self.session = record.body
            self.last_time = record.time

    def _readable_end(self) -> int:
        """Where the last whole block ends; what follows was being written when the writer was killed."""
        try:
            for _ in read_blocks(self.path, self._file):
                pass
        except RecordingError as error:
            if not error.is_torn:
                raise RecordingError(
                    self.path, error.offset, f"{error.reason}; more cannot be appended, record into another file"
                ) from None
            # A header that was cut is written anew.
            return 0 if error.offset < len(header()) else error.offset
        return self._file.seek(0, 2)

    @property
    def pending(self) -> int:
        """Bytes that wait to be put into a block."""
        return self._pending

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._file.fileno()).st_size

    def append(self, line: bytes) -> None:
        """Have a record in the next block."""
        self._lines.append(line)
        self._pending += len(line)

    def take(self) -> bytes:
        """Everything that waits, for `write`."""
        raw = b"".join(self._lines)
        self._lines = []
        self._pending = 0
        return raw

    def write(self, raw: bytes) -> None:
        """Write a block and wait until it is on the disk. May be called in another thread, one call at a time.

        :raises OSError: when it cannot be written; the file is then what it was before.
        """
        if not raw:
            return
        size = self.size
        try:
            block = memoryview(pack(raw))
            while block:
                block = block[self._file.write(block) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(size)
            raise OSError(error.errno, f"cannot be written: {error.strerror}", str(self.path)) from None

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        try:
            self.write(self.take())
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
