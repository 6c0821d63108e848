"""Reads a recording: an iterator of typed records that never holds more than one block."""

from collections.abc import Iterator
from pathlib import Path

from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError, read_blocks, unpack
from hyperliquid_perpetual.sandbox.recording.records import CANNOT_READ, Record, Session, parse_line


class Recording:
    """A file of `hyperliquid-perpetual record`. Can be iterated over again and again."""

    def __init__(self, path: Path | str, partial: bool = False) -> None:
        """:param partial: read a damaged file as far as it can be read, and say in `cut` where it is damaged."""
        self.path = Path(path)
        self.partial = partial
        self.cut: RecordingError | None = None

    def __iter__(self) -> Iterator[Record]:
        """The records in their order.

        :raises RecordingError: where the file is damaged, unless partial reading was asked for.
        :raises OSError: when it cannot be read.
        """
        self.cut = None
        with self.path.open("rb") as file:
            try:
                for block in read_blocks(self.path, file):
                    for line in unpack(self.path, block).splitlines():
                        try:
                            record = parse_line(line)
                        except CANNOT_READ as error:
                            raise RecordingError(self.path, block.offset, f"a record is none: {error}") from None
                        if record is not None:
                            yield record
            except RecordingError as error:
                if not self.partial or error.offset == 0:
                    raise
                self.cut = error

    def check(self) -> None:
        """Read the whole file once without decompressing it.

        :raises RecordingError: where it is damaged, unless partial reading was asked for.
        """
        with self.path.open("rb") as file:
            try:
                for _ in read_blocks(self.path, file):
                    pass
            except RecordingError as error:
                if not self.partial or error.offset == 0:
                    raise
                self.cut = error

    @property
    def session(self) -> Session:
        """The first session: source, coins, metadata.

        :raises RecordingError: when the file ends before it.
        """
        for record in self:
            if isinstance(record.body, Session):
                return record.body
            break
        raise RecordingError(self.path, 16, "the recording ends before its metadata")
