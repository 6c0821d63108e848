"""What all processes of this machine together have asked of one host, and what is left of what it grants an address.

Reference, sections 9.1 and 9.2. The numbers lie in a ``SharedFile``. Times in them are those of the monotonic clock,
which all processes of a machine share and nobody can step; it starts over with the machine, so a time that lies too far
ahead is one of an earlier boot, and counts for nothing. Nothing has to be tidied up after a process that died: weights
and times grow old by themselves, and what it held (sockets, subscriptions, accounts) counts only while it lives.
"""

import enum
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from ..venue import weights
from .shared_file import Access, SharedFile, Words
from .shared_folder import SharedFolder, folder_of_this_machine

WINDOW_SECONDS = 60
CONNECTS_PER_MINUTE = 20
"""Fewer than the venue grants: other programs of the user may share the address."""

_MICRO = 1_000_000
_MINUTE = 60 * _MICRO
_FAR_AHEAD = 5 * _MINUTE
"""No slot is handed out for so late: who waits for a connection has a socket already, and there are ten."""
_LONGEST_PAUSE = 2 * _MINUTE

# The layout. A second's weight is one number: the second above, the weight below.
_PAUSED_UNTIL, _MESSAGES_DUE, _CONNECTS = 0, 1, 2
_SLOTS = _CONNECTS + CONNECTS_PER_MINUTE
_SLOT_COUNT = WINDOW_SECONDS + 1
_WEIGHT = 0xFFFF_FFFF
_HOLDERS = _SLOTS + _SLOT_COUNT
_TOKEN, _SOCKETS, _SUBSCRIPTIONS, _USERS = 0, 1, 2, 3
_HOLDER_SIZE = _USERS + weights.MAX_WS_USERS
_HOLDER_COUNT = 16
"""More than there can be: each holds one of ten sockets at least."""
SIZE = _HOLDERS + _HOLDER_COUNT * _HOLDER_SIZE


class Taken(enum.Enum):
    """What came of asking for weight."""

    YES = enum.auto()
    NO = enum.auto()
    BUSY = enum.auto()
    """Not known: another process is at it. Again in a few milliseconds."""
    ALONE = enum.auto()
    """Nothing is shared: the process's own count has to do."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a process holds at a host."""

    sockets: int = 0
    subscriptions: int = 0
    users: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Most:
    """What all processes together may hold; None where that is not the question."""

    sockets: int | None = None
    subscriptions: int | None = None
    users: int | None = None


class Room(enum.Enum):
    """Whether there is room for what a process wants to hold."""

    ENOUGH = enum.auto()
    NO_SOCKET = enum.auto()
    NO_SUBSCRIPTION = enum.auto()
    NO_USER = enum.auto()


class MachineLimits:
    """The shared side of a host's budgets. Times are monotonic seconds. Safe to use from several threads."""

    def __init__(self, file: SharedFile) -> None:
        self._file = file

    # --- Weight

    def take(self, weight: int, reserved: int, now: float, *, minds_pause: bool) -> Taken:
        """Spends weight, if the last sixty seconds leave so much and ``reserved`` besides."""
        access = self._file.lock()
        if access is not Access.GRANTED:
            return Taken.BUSY if access is Access.BUSY else Taken.ALONE
        taken = Taken.NO
        try:
            words = self._file.words
            used = _used(words, int(now))
            if used and used + weight > weights.IP_WEIGHT_PER_MINUTE - reserved:
                return taken
            if minds_pause and now * _MICRO < words[_PAUSED_UNTIL] < now * _MICRO + _LONGEST_PAUSE:
                return taken
            _add_weight(words, weight, int(now))
            taken = Taken.YES
        finally:
            self._file.unlock(changed=taken is Taken.YES)
        return taken

    def used(self, now: float) -> int | None:
        """Weight that all processes have spent in the last sixty seconds; None when that cannot be said now."""
        if self._file.lock() is not Access.GRANTED:
            return None
        try:
            return _used(self._file.words, int(now))
        finally:
            self._file.unlock(changed=False)

    def charge(self, weight: int, now: float) -> None:
        """Books weight, whether or not it fits."""
        self._file.owe(lambda words: _add_weight(words, weight, int(now)))

    def give_back(self, weight: int, now: float) -> None:
        """Takes weight back that was spent at a time, and then was not needed."""
        self._file.owe(lambda words: _add_weight(words, -weight, int(now)))

    def pause(self, until: float, now: float) -> None:
        """Stops everybody but cancels until then."""
        until_micro, latest = int(until * _MICRO), now * _MICRO + _LONGEST_PAUSE

        def change(words: Words) -> None:
            known = words[_PAUSED_UNTIL]
            words[_PAUSED_UNTIL] = max(until_micro, known if known < latest else 0)

        self._file.owe(change)

    # --- Pace

    def reserve_connect(self, now: float) -> float | None:
        """Takes the next free slot for a connection and tells when that is; None when that cannot be said now."""
        access = self._file.lock()
        if access is not Access.GRANTED:
            return None
        try:
            return _reserve_connect(self._file.words, now)
        finally:
            self._file.unlock(changed=True)

    def note_connect(self, at: float) -> None:
        """Books a connection whose slot was taken without the others."""
        self._file.owe(lambda words: _note_connect(words, int(at * _MICRO)))

    def reserve_message(self, now: float, spacing: float) -> float | None:
        """Books a message; tells until when the messages of all processes last at the permitted pace, or None when
        that cannot be said now. It then is booked as soon as it can be."""
        if self._file.lock() is not Access.GRANTED:
            self._file.owe(lambda words: _book_message(words, now, spacing))
            return None
        try:
            _book_message(self._file.words, now, spacing)
            return int(self._file.words[_MESSAGES_DUE]) / _MICRO
        finally:
            self._file.unlock(changed=True)

    # --- What is held

    def hold(self, wanted: Holding, most: Most) -> Room:
        """States what this process wants to hold, if there is room for it beside what others hold.

        :returns: what there is no room for; nothing was changed then. Enough, when nothing can be shared now.
        """
        for _ in range(20):
            access = self._file.lock()
            if access is not Access.BUSY:
                break
        if access is not Access.GRANTED:
            self.state(wanted)
            return Room.ENOUGH
        room = Room.NO_SOCKET
        try:
            words, token = self._file.words, self._file.folder.show_life()
            room = _room(words, token, wanted, most)
            if room is not Room.ENOUGH and self._bury_the_dead():
                room = _room(words, token, wanted, most)
            if room is Room.ENOUGH:
                _put(words, token, wanted)
        except OSError:
            # No sign of life can be given, so nobody would count it.
            room = Room.ENOUGH
        finally:
            self._file.unlock(changed=True)
        return room

    def state(self, held: Holding) -> None:
        """States what this process holds, whether or not there is room."""

        def change(words: Words) -> None:
            if held.sockets or self._file.folder.token:
                _put(words, self._file.folder.show_life(), held)

        self._file.owe(change)

    def _bury_the_dead(self) -> bool:
        is_any = False
        for base in _holders():
            token = self._file.words[base + _TOKEN]
            if token and not self._file.folder.lives(token):
                _clear(self._file.words, base)
                is_any = True
        return is_any


def _used(words: Words, second: int) -> int:
    used, oldest = 0, second - WINDOW_SECONDS
    for word in words[_SLOTS : _SLOTS + _SLOT_COUNT].tolist():
        # One second ahead is another processor's; farther ahead, another boot's.
        if oldest <= word >> 32 <= second + 1:
            used += word & _WEIGHT
    return used


def _add_weight(words: Words, weight: int, second: int) -> None:
    slot = _SLOTS + second % _SLOT_COUNT
    known = words[slot]
    if 0 < (known >> 32) - second <= 2 * _SLOT_COUNT:
        return  # booked late, when it had grown old already
    # What is taken back was spent in the same second; if that is gone already, there is nothing to take back from.
    spent = known & _WEIGHT if known >> 32 == second else 0
    words[slot] = (second << 32) + max(0, spent + weight)


def _connects(words: Words, latest: int) -> list[int]:
    times = words[_CONNECTS : _CONNECTS + CONNECTS_PER_MINUTE].tolist()
    return [time if time < latest else 0 for time in times]


def _reserve_connect(words: Words, now: float) -> float:
    now_micro = int(now * _MICRO)
    times = _connects(words, now_micro + _FAR_AHEAD)
    oldest = min(times)
    slot = max(now_micro, oldest + _MINUTE) if oldest else now_micro
    words[_CONNECTS + times.index(oldest)] = slot
    return slot / _MICRO


def _note_connect(words: Words, at: int) -> None:
    times = _connects(words, at + _FAR_AHEAD)
    words[_CONNECTS + times.index(min(times))] = at


def _book_message(words: Words, now: float, spacing: float) -> None:
    now_micro, due = int(now * _MICRO), words[_MESSAGES_DUE]
    known = due if due < now_micro + _FAR_AHEAD else 0
    words[_MESSAGES_DUE] = max(known, now_micro) + int(spacing * _MICRO)


def _holders() -> Iterable[int]:
    return range(_HOLDERS, SIZE, _HOLDER_SIZE)


def _room(words: Words, token: int, wanted: Holding, most: Most) -> Room:
    sockets, subscriptions = wanted.sockets, wanted.subscriptions
    users = {_short(user) for user in wanted.users}
    is_place = False
    for base in _holders():
        other = words[base + _TOKEN]
        is_place = is_place or other in (0, token)
        if other in (0, token):
            continue
        sockets += words[base + _SOCKETS]
        subscriptions += words[base + _SUBSCRIPTIONS]
        users.update(word for word in words[base + _USERS : base + _HOLDER_SIZE].tolist() if word)
    if not is_place or (most.sockets is not None and sockets > most.sockets):
        return Room.NO_SOCKET
    if most.subscriptions is not None and subscriptions > most.subscriptions:
        return Room.NO_SUBSCRIPTION
    return Room.NO_USER if most.users is not None and len(users) > most.users else Room.ENOUGH


def _put(words: Words, token: int, held: Holding) -> None:
    own = [base for base in _holders() if words[base + _TOKEN] == token]
    free = [base for base in _holders() if not words[base + _TOKEN]]
    for base in own or free[:1]:
        _clear(words, base)
        if held.sockets:
            words[base + _TOKEN] = token
            words[base + _SOCKETS] = held.sockets
            words[base + _SUBSCRIPTIONS] = held.subscriptions
            for number, user in enumerate(sorted(held.users)[: weights.MAX_WS_USERS]):
                words[base + _USERS + number] = _short(user)


def _clear(words: Words, base: int) -> None:
    for index in range(base, base + _HOLDER_SIZE):
        words[index] = 0


@lru_cache(maxsize=256)
def _short(user: str) -> int:
    """A user in one number."""
    return int.from_bytes(hashlib.blake2b(user.encode(), digest_size=8).digest()) or 1


_folder: SharedFolder | None = None
_files: dict[str, MachineLimits | None] = {}


def machine_limits(url: str) -> MachineLimits | None:
    """What the processes of this machine share about the URL's host and port; None when the user wants none."""
    global _folder
    host = urlsplit(url).netloc.lower().rpartition("@")[2]
    if host not in _files:
        if _folder is None:
            _folder = folder_of_this_machine()
        name = re.sub(r"[^a-z0-9.-]", "_", host)
        _files[host] = MachineLimits(SharedFile(_folder, name, SIZE)) if _folder is not None else None
    return _files[host]
