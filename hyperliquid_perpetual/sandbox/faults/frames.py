"""Faults that happen to frames on their way to a socket: lost, late, twice, in another order, or broken."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from weakref import WeakSet

from hyperliquid_perpetual.sandbox.faults.armed import Armed
from hyperliquid_perpetual.sandbox.faults.corruption import corrupted
from hyperliquid_perpetual.sandbox.faults.facts import FrameFacts, follows
from hyperliquid_perpetual.sandbox.faults.fills import LostFills
from hyperliquid_perpetual.sandbox.subscriptions import Subscription

REORDER_SECONDS = 1.0
"""How long a frame waits for others that overtake it."""

_STAGES = (
    "lose_user_frames",
    "lose_frames",
    "lose_fills",
    "corrupt_frames",
    "duplicate_frames",
    "hold_user_frames",
    "reorder_frames",
    "delay_frames",
)
"""In which order faults happen to a frame; of each kind only one does."""


class Socket(Protocol):
    """A connected client, as far as faults go."""

    address: str
    subscriptions: set[Subscription]

    def pass_on(self, data: bytes, about: Subscription | None) -> None:
        """Send a frame, whatever faults there are."""
        ...

    def abort(self) -> None:
        """Break the connection."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the connection with a close frame."""
        ...

    def freeze(self) -> None:
        """Read and write nothing any more, and keep TCP up."""
        ...

    def thaw(self) -> None:
        """End `freeze`."""
        ...


Frame = tuple[bytes, Subscription | None]


@dataclass(slots=True)
class _Displaced:
    """A frame that others are to overtake."""

    armed: Armed
    frames: list[Frame]
    left: int


@dataclass(slots=True)
class _Late:
    """Frames of one fault that arrive late, in order."""

    armed: Armed
    frames: deque[Frame] = field(default_factory=deque)
    last_due: float = 0.0


class FrameFaults:
    """Stands before every socket while anything is to happen to frames."""

    def __init__(
        self, strike: Callable[[Armed, bool], bool], count: Callable[[Armed], None], changed: Callable[[], None]
    ) -> None:
        self._strike = strike
        self._count = count
        self._changed = changed
        self._open: list[Armed] = []
        self.muted: list[Armed] = []
        """The faults that mute sockets."""
        self.frozen: WeakSet[Socket] = WeakSet()
        """Sockets that are half open."""
        self._held: dict[Socket, list[Frame]] = {}
        self._displaced: dict[Socket, list[_Displaced]] = {}
        self._late: dict[Socket, list[_Late]] = {}
        self._lost_fills: dict[int, LostFills] = {}

    @property
    def is_active(self) -> bool:
        """Whether anything can happen to a frame now."""
        return bool(self._open or self.muted or self.frozen or self._held or self._displaced or self._late)

    def begin(self, armed: Armed) -> None:
        """It is the time of a fault."""
        self._open.append(armed)
        self._open.sort(key=lambda entry: (_STAGES.index(entry.fault.fault), entry.number))

    def end(self, armed: Armed) -> None:
        """The time of a fault is over; what it held is sent."""
        if armed in self._open:
            self._open.remove(armed)
        if armed.fault.fault == "hold_user_frames" and not self._is_open("hold_user_frames"):
            held, self._held = self._held, {}
            for socket, frames in held.items():
                _send(socket, frames)

    def forget(self, armed: Armed) -> None:
        """A fault is gone for good."""
        self._lost_fills.pop(armed.number, None)

    def take(self, socket: Socket, data: bytes, about: Subscription | None) -> None:
        """Do with a frame what is to be done with it, now or later."""
        if socket in self.frozen or any(follows(socket.subscriptions, armed.fault.user) for armed in self.muted):
            return
        facts = FrameFacts(data, about)
        copies = 1
        struck: set[str] = set()
        for armed in tuple(self._open):
            kind = armed.fault.fault
            if kind in struck or not facts.match(armed.fault) or (kind.endswith("user_frames") and facts.user is None):
                continue
            if kind == "lose_fills":
                left = self._lost(armed).take(data, facts)
                if left is None:
                    return
                data = left
                continue
            if kind == "reorder_frames" and self._is_displacing(socket, armed):
                continue
            # Reordered is what has been overtaken: that is counted when it happens.
            if not self._strike(armed, kind != "reorder_frames"):
                continue
            struck.add(kind)
            if kind.startswith("lose_"):
                return
            if kind == "corrupt_frames":
                data = corrupted(data, armed.fault.how, armed.random)
            elif kind == "duplicate_frames":
                copies = 2
            else:
                frames = [(data, about)] * copies
                self._put_aside(socket, armed, frames)
                return
        self._pass(socket, [(data, about)] * copies, facts)

    # ------------------------------------------------------------------ what does not go out at once

    def _put_aside(self, socket: Socket, armed: Armed, frames: list[Frame]) -> None:
        match armed.fault.fault:
            case "hold_user_frames":
                self._held.setdefault(socket, []).extend(frames)
            case "reorder_frames":
                displaced = _Displaced(armed, frames, armed.fault.by)
                self._displaced.setdefault(socket, []).append(displaced)
                asyncio.get_running_loop().call_later(REORDER_SECONDS, self._give_up, socket, displaced)
            case _:
                late = next((entry for entry in self._late.get(socket, ()) if entry.armed is armed), None)
                if late is None:
                    late = _Late(armed)
                    self._late.setdefault(socket, []).append(late)
                self._postpone(socket, late, frames, armed.fault.seconds)

    def _pass(self, socket: Socket, frames: list[Frame], facts: FrameFacts) -> None:
        """Send frames, behind those that are late and before those that they overtake."""
        for late in self._late.get(socket, ()):
            if facts.match(late.armed.fault):
                self._postpone(socket, late, frames, 0)
                return
        _send(socket, frames)
        for displaced in tuple(self._displaced.get(socket, ())):
            if facts.match(displaced.armed.fault):
                displaced.left -= 1
                if not displaced.left:
                    self._count(displaced.armed)
                    self._give_up(socket, displaced)

    def _is_displacing(self, socket: Socket, armed: Armed) -> bool:
        return any(entry.armed is armed for entry in self._displaced.get(socket, ()))

    def _give_up(self, socket: Socket, displaced: _Displaced) -> None:
        """Send a frame that waited to be overtaken."""
        waiting = self._displaced.get(socket, [])
        if displaced not in waiting:
            return
        waiting.remove(displaced)
        if not waiting:
            del self._displaced[socket]
        _send(socket, displaced.frames)
        self._changed()

    def _postpone(self, socket: Socket, late: _Late, frames: list[Frame], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        late.last_due = max(late.last_due, loop.time() + seconds)
        for frame in frames:
            late.frames.append(frame)
            loop.call_at(late.last_due, self._deliver, socket, late)

    def _deliver(self, socket: Socket, late: _Late) -> None:
        data, about = late.frames.popleft()
        socket.pass_on(data, about)
        if not late.frames:
            waiting = self._late[socket]
            waiting.remove(late)
            if not waiting:
                del self._late[socket]
            self._changed()

    # ------------------------------------------------------------------ helpers

    def _lost(self, armed: Armed) -> LostFills:
        found = self._lost_fills.get(armed.number)
        if found is None:
            found = self._lost_fills[armed.number] = LostFills(armed, lambda entry: self._strike(entry, True))
        return found

    def _is_open(self, kind: str) -> bool:
        return any(armed.fault.fault == kind for armed in self._open)


def _send(socket: Socket, frames: list[Frame]) -> None:
    for data, about in frames:
        socket.pass_on(data, about)
