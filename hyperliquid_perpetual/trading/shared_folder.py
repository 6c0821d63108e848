"""Where the processes of this machine keep what they have to share, and which of those processes still live.

What the venue grants it grants an address, so it takes one folder that all programs of a user find, however they were
started. The user's runtime folder is not that: what cron, ``sudo`` or a system service starts does not know it, and it
disappears when the last session ends, with bots still running. The folder for temporary files, with the user's number
in its name, is found by all of them. ``HYPERLIQUID_PERPETUAL_SHARED_LIMITS`` names another one (containers that share
an address mount it), or is ``off``.

A process shows that it lives by a lock on a file of its own, which the kernel releases however the process ends. A
process number would not do: it is given to others later, and means nothing to another container.
"""

import atexit
import contextlib
import fcntl
import os
import re
import secrets
import stat
import tempfile
import time
from pathlib import Path

SHARED_LIMITS_VARIABLE = "HYPERLIQUID_PERPETUAL_SHARED_LIMITS"
OFF = "off"
LIMITS_SUFFIX = ".limits-1"
"""The number is that of the layout: releases that disagree about it do not read each other's files."""

_ALIVE = re.compile(r"process-[0-9a-f]{16}\.alive")
_LIMITS = re.compile(r"[A-Za-z0-9._-]+\.limits-\d+")
_OF_NO_USE_AFTER_SECONDS = 3600.0
_OPEN = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class SharedFolder:
    """A folder that processes share, and this process's sign of life in it.

    Every method may raise OSError: then nothing can be shared for now.
    """

    def __init__(self, path: Path, *, is_named: bool = False) -> None:
        """:param is_named: whether the user named it, and answers for who may use it; else it is the user's alone."""
        self.path = path
        self.is_named = is_named
        self.token = 0
        """What this process is called in shared files; 0 until ``show_life``."""
        self._alive_fd = -1
        self._alive_path = path
        self._file_mode = 0o600

    def prepare(self) -> None:
        """Makes the folder where it is missing, and clears away what nobody needs any more.

        :raises OSError: also when the folder is not what it should be: somebody else's, or open to others.
        """
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.path, 0o700)
        state = os.stat(self.path, follow_symlinks=self.is_named)
        if not stat.S_ISDIR(state.st_mode):
            raise NotADirectoryError(f"{self.path} is not a folder")
        if self.is_named:
            # Whoever may write into it shall share the files in it.
            self._file_mode = 0o600 | (state.st_mode & 0o066)
        elif state.st_uid != os.getuid() or state.st_mode & 0o077:
            raise PermissionError(f"{self.path} belongs to somebody else, or is open to others")
        self._sweep()

    def open_file(self, name: str) -> int:
        """A descriptor of a file in the folder, made where it is missing."""
        fd = os.open(self.path / name, _OPEN | os.O_CREAT, self._file_mode)
        with contextlib.suppress(OSError):
            if stat.S_IMODE(os.fstat(fd).st_mode) != self._file_mode:
                os.fchmod(fd, self._file_mode)  # what the umask took away
        return fd

    def show_life(self) -> int:
        """Has others see that this process lives, until it ends; returns its token."""
        if self._alive_fd >= 0 and is_file_at(self._alive_fd, self._alive_path):
            return self.token
        self._close()
        if not self.token:
            self._take_name()
            atexit.register(self._remove_sign)
        while self._alive_fd < 0:
            self._alive_path = self.path / _alive_name(self.token)
            fd = self.open_file(self._alive_path.name)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Somebody looks at it, and may be stopped meanwhile: nobody waits for that.
                self._take_name()
            else:
                if is_file_at(fd, self._alive_path):
                    self._alive_fd = fd
                    break
                # Somebody cleared it away before it was locked.
            os.close(fd)
        return self.token

    def _take_name(self) -> None:
        self.token = secrets.randbits(63) | 1

    def keep(self) -> None:
        """Touches the sign of life, so that what clears old temporary files leaves it alone."""
        if self._alive_fd >= 0:
            os.utime(self._alive_fd)

    def lives(self, token: int) -> bool:
        """Whether the process of a token still lives; the sign of a dead one is removed."""
        return token == self.token or _has_owner(self.path / _alive_name(token))

    def after_fork(self) -> None:
        """The child of a fork is a process of its own; the lock of the parent stays the parent's."""
        self._close()
        self.token = 0

    def _close(self) -> None:
        fd, self._alive_fd = self._alive_fd, -1
        if fd >= 0:
            os.close(fd)

    def _remove_sign(self) -> None:
        if self._alive_fd >= 0:
            with contextlib.suppress(OSError):
                os.unlink(self._alive_path)

    def _sweep(self) -> None:
        """Removes signs of processes that are gone, and files that nobody has used for an hour."""
        oldest = time.time() - _OF_NO_USE_AFTER_SECONDS
        with os.scandir(self.path) as entries:
            for entry in entries:
                # One that cannot be looked at is somebody else's, or gone already.
                with contextlib.suppress(OSError):
                    if _ALIVE.fullmatch(entry.name):
                        _has_owner(Path(entry.path))
                    elif _LIMITS.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                        # Whoever has it open notices, before the next use, that it is not there any more.
                        _has_owner(Path(entry.path))


def folder_of_this_machine() -> SharedFolder | None:
    """The folder that the user's processes share; None when the user wants none."""
    named = os.environ.get(SHARED_LIMITS_VARIABLE, "").strip()
    if named.lower() == OFF:
        return None
    if named:
        return SharedFolder(Path(named).expanduser(), is_named=True)
    return SharedFolder(Path(tempfile.gettempdir(), f"hyperliquid-perpetual-{os.getuid()}"))


def is_file_at(fd: int, path: Path) -> bool:
    """Whether an open file still is the one that is found at a path."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))


def _alive_name(token: int) -> str:
    return f"process-{token:016x}.alive"


def _has_owner(path: Path) -> bool:
    """Whether somebody holds the lock of a file; removes the file if not."""
    try:
        fd = os.open(path, _OPEN)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_file_at(fd, path):
            os.unlink(path)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
