"""A few numbers in a small file that the processes of this machine read and change one after the other.

The lock is the kernel's (``flock``): whatever ends a process releases it. A change is one write within one page, so
there is no moment at which a process that is killed leaves half of one. Nobody waits for the lock longer than a
fraction of a millisecond, since it is an event loop that would stand still: who does not get it is told ``BUSY``. The
file is read and written, not mapped: a mapping would crash the process when the disk is full.
"""

import contextlib
import enum
import fcntl
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

from .log_names import logger_of
from .shared_folder import LIMITS_SUFFIX, SHARED_LIMITS_VARIABLE, SharedFolder, is_file_at

Words = memoryview
"""The numbers, 64 bits each."""

_PAGE = 4096
_SPIN_SECONDS = 100e-6
_PATIENCE_SECONDS = 1.0
"""How long somebody may keep the lock until the others do without. A live process has it for some microseconds; one
that was stopped in between (by a debugger, say) may have it for ever."""
_LOOK_SECONDS = 2.0
_RETRY_SECONDS = 30.0
_TOUCH_SECONDS = 3600.0

logger = logger_of(__name__)


class Access(enum.Enum):
    """What came of asking for the file."""

    GRANTED = enum.auto()
    BUSY = enum.auto()
    """Somebody else has it: again in a few milliseconds."""
    NONE = enum.auto()
    """There is no file to share: this process is on its own for now."""


class SharedFile:
    """A file of ``size`` numbers. ``lock`` and, if that granted it, ``unlock``; in between ``words`` can be used.

    Safe to use from several threads, and in the child of a fork.
    """

    def __init__(self, folder: SharedFolder, name: str, size: int) -> None:
        """:param name: of what the numbers are about; letters, digits, dots and hyphens."""
        if size * 8 > _PAGE:
            raise ValueError("one write has to change all of it")
        self.folder = folder
        self.name = name
        self._path = folder.path / (name + LIMITS_SUFFIX)
        self._buffer = bytearray(size * 8)
        self.words: Words = memoryview(self._buffer).cast("Q")
        self._fd = -1
        self._thread_lock = threading.Lock()
        self._owed: deque[Callable[[Words], None]] = deque(maxlen=10_000)
        self._look_at = float("-inf")
        self._touch_at = float("-inf")
        self._open_at = float("-inf")
        self._busy_since = 0.0
        self._told: set[str] = set()
        _files.add(self)

    def lock(self) -> Access:
        """Takes the file, with what is owed to it written already."""
        self._thread_lock.acquire()
        access = Access.NONE
        try:
            access = self._lock_file()
        except OSError as error:
            self._give_up(error)
        except BaseException:
            self._close()
            raise
        finally:
            if access is not Access.GRANTED:
                self._thread_lock.release()
        return access

    def unlock(self, *, changed: bool) -> None:
        """Gives the file back. :param changed: whether ``words`` were."""
        try:
            if changed:
                os.pwrite(self._fd, self._buffer, 0)
            fcntl.flock(self._fd, fcntl.LOCK_UN)
        except OSError as error:
            self._give_up(error)
        finally:
            self._thread_lock.release()

    def owe(self, change: Callable[[Words], None]) -> None:
        """Makes a change now, or, when somebody else has the file, before anything else is done with it."""
        self._owed.append(change)
        if self.lock() is Access.GRANTED:
            self.unlock(changed=True)

    def _lock_file(self) -> Access:
        now = time.monotonic()
        if self._fd < 0 and not self._open(now):
            self._owed.clear()
            return Access.NONE
        spinning_since = time.perf_counter()
        while not self._try_lock():
            if time.perf_counter() - spinning_since > _SPIN_SECONDS:
                return self._was_busy(now)
            os.sched_yield()
        self._busy_since = 0.0
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            if not is_file_at(self._fd, self._path):
                # Somebody cleared it away, and others may have a new one.
                self._close()
                self._open_at = now
                return self._lock_file()
            self._keep(now)
        if os.preadv(self._fd, [self._buffer], 0) < len(self._buffer):
            self._buffer[:] = bytes(len(self._buffer))
        while self._owed:
            self._owed.popleft()(self.words)
        return Access.GRANTED

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _was_busy(self, now: float) -> Access:
        self._busy_since = self._busy_since or now
        if now - self._busy_since < _PATIENCE_SECONDS:
            return Access.BUSY
        self._tell("a process that is stopped keeps it locked")
        return Access.NONE

    def _open(self, now: float) -> bool:
        if now < self._open_at:
            return False
        self._open_at = now + _RETRY_SECONDS
        self.folder.prepare()
        self._fd = self.folder.open_file(self._path.name)
        self._look_at = float("-inf")
        return True

    def _keep(self, now: float) -> None:
        if now >= self._touch_at:
            self._touch_at = now + _TOUCH_SECONDS
            self.folder.keep()

    def _give_up(self, error: OSError) -> None:
        self._close()
        self._tell(str(error))

    def _tell(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            logger.warning(
                "The limits of %s are not shared with other bots of this machine for now (%s cannot be used: %s). Each "
                "keeps them for itself, so that together they may exceed them. %s names another folder.",
                self.name,
                self._path,
                reason,
                SHARED_LIMITS_VARIABLE,
            )

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            # Also releases the lock.
            with contextlib.suppress(OSError):
                os.close(fd)

    def _after_fork(self) -> None:
        self._thread_lock = threading.Lock()
        self._close()
        self._owed.clear()
        self._open_at = float("-inf")
        self.folder.after_fork()


_files: "weakref.WeakSet[SharedFile]" = weakref.WeakSet()


def _forget_all() -> None:
    for file in list(_files):
        file._after_fork()


os.register_at_fork(after_in_child=_forget_all)
