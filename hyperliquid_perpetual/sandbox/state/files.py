"""The files of one state: which there are, who may use them, and what they hold together.

    FILE             the snapshot, with its generation
    FILE.journal-N   what was done since the snapshot of generation N
    FILE.new         a snapshot that is being written
    FILE.lock        held by the sandbox that uses the state

A journal of a new generation begins before its snapshot is in place, and old journals go when it is. So there is always
a snapshot with every journal from its own generation on, whatever ends the process in between.
"""

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from hyperliquid_perpetual.sandbox.state import snapshot
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.journal import Journal, JournalHeader, read_journal
from hyperliquid_perpetual.sandbox.state.notes import Block
from hyperliquid_perpetual.sandbox.state.snapshot import Snapshot


@dataclass(slots=True)
class Saved:
    """What was found: a snapshot, the blocks since then, and the number of the newest journal."""

    snapshot: Snapshot
    blocks: list[Block]
    generation: int

    @property
    def time(self) -> int:
        """The exchange's time at the end of it, Unix ms."""
        return max(self.snapshot.outside.time, self.blocks[-1].time if self.blocks else 0)


class StateFiles:
    """The files of one state, used by one sandbox at a time."""

    def __init__(self, path: Path) -> None:
        """Take the state for this process.

        :raises StateError: when its directory is not there or cannot be written to, or another sandbox has it.
        """
        self.path = path.absolute()
        self._lock = -1
        if self.path.is_dir():
            raise StateError(f"The state file {path} is a directory. Give the name of a file in it.")
        if not self.path.parent.is_dir():
            raise StateError(f"The state file {path} cannot be made: there is no directory {self.path.parent}.")
        try:
            self._lock = os.open(self._beside("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if self.path.exists() and not os.access(self.path, os.R_OK | os.W_OK):
                raise PermissionError(0, "Permission denied")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._lock, 20, 0).decode(errors="replace").strip() or "another"
            self.release()
            raise StateError(
                f"The state file {path} is in use by another sandbox (process {owner}). "
                "Stop that one, or give this one another file."
            ) from None
        except OSError as error:
            self.release()
            raise StateError(f"The state file {path} cannot be written: {error.strerror}.") from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let others have the state."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __del__(self) -> None:
        self.release()

    def load(self) -> Saved | None:
        """Read the state as it was when the last block was written; None when there is no state yet.

        Changes no file.

        :raises StateError: when it cannot be used.
        """
        found = snapshot.read(self.path)
        if found is None:
            orphans = self._journals()
            if orphans:
                raise StateError(
                    f"The state file {self.path} is missing, and its journal {orphans[max(orphans)].name} is there. "
                    "Put the file back, or take the journal away to begin anew."
                )
            return None
        header = found.header
        blocks: list[Block] = []
        generation = header.generation
        number = header.block
        journals = self._journals()
        if not header.is_last and generation not in journals:
            missing = self._beside(f"journal-{generation}")
            raise StateError(
                f"The journal {missing} of the state file is missing. Nothing was changed: put it back; to give up "
                "what was done since the last snapshot, put an empty file in its place."
            )
        for at, path in sorted(journals.items()):
            generation = max(generation, at)
            if at < header.generation:
                continue
            read = read_journal(path)
            if read.header is None:
                continue  # killed before anything was written to it
            if read.header.state != header.state:
                raise StateError(
                    f"The journal {path} does not belong to the state file {self.path.name}. Nothing was changed: "
                    "copy a state with all its files, and take away journals of others."
                )
            for block in read.blocks:
                if block.number != number:
                    raise StateError(
                        f"Blocks {number} to {block.number - 1} are missing before the journal {path.name}. Nothing "
                        "was changed: put the missing journal back, or take this one away to go on without it."
                    )
                blocks.append(block)
                number += 1
        return Saved(found, blocks, generation)

    def begin_journal(self, header: JournalHeader) -> Journal:
        """A new journal.

        :raises OSError: when it cannot be made.
        """
        return Journal(self._beside(f"journal-{header.generation}"), header)

    def forget_journals(self, before: int) -> None:
        """Remove the journals of generations that a snapshot has made superfluous."""
        for generation, path in self._journals().items():
            if generation < before:
                with contextlib.suppress(OSError):  # it is passed over when it is found again
                    path.unlink()

    def _journals(self) -> dict[int, Path]:
        """The journals by generation."""
        found = {}
        for path in self.path.parent.glob(f"{_escaped(self.path.name)}.journal-*"):
            number = path.name.rpartition("-")[2]
            if number.isdecimal():
                found[int(number)] = path
        return found

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{ending}")


def _escaped(name: str) -> str:
    """A file name as a pattern that finds itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
