"""Faults of sockets and of the whole exchange: they begin, and they end."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.faults.armed import Armed
from hyperliquid_perpetual.sandbox.faults.facts import follows
from hyperliquid_perpetual.sandbox.faults.frames import FrameFaults, Socket
from hyperliquid_perpetual.sandbox.faults.requests import RequestFaults
from hyperliquid_perpetual.sandbox.maintenance import Maintenance
from hyperliquid_perpetual.sandbox.register import Register
from hyperliquid_perpetual.sandbox.socket_limits import Gate
from hyperliquid_perpetual.sandbox.still_books import StillBooks


class Door(Protocol):
    """The server's listening socket, and the connections that came through it."""

    def break_connections(self) -> None:
        """Break every connection, HTTP and WebSocket."""
        ...

    async def shut(self) -> None:
        """Break every connection and refuse new ones."""
        ...

    async def reopen(self) -> None:
        """Listen again, on the same port."""
        ...


@dataclass(slots=True)
class World:
    """What faults have to do with."""

    exchange: Exchange
    chain: Chain
    register: Register
    maintenance: Maintenance
    gate: Gate
    still_books: StillBooks
    door: Door | None = None
    """There when the exchange listens."""


class WorldFaults:
    """Begins and ends the faults that are neither a request's nor a frame's.

    What holds follows from all faults that are going on: two that overlap add up, and one that ends leaves the other.
    """

    def __init__(
        self,
        world: World,
        requests: RequestFaults,
        frames: FrameFaults,
        later: Callable[[Armed, float, Callable[[], None]], None],
        finish: Callable[[Armed], None],
        run: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._world = world
        self._requests = requests
        self._frames = frames
        self._later = later
        self._finish = finish
        self._run = run
        self._going_on: dict[int, Armed] = {}
        self._frozen: dict[int, list[Socket]] = {}
        self._halting: set[int] = set()
        self._post_only: set[int] = set()
        self._is_halted = False
        self._is_post_only = False
        self._is_shut = False
        self._is_moving = False

    def begin(self, armed: Armed) -> bool:
        """Let a fault begin; whether there was anything for it to happen to."""
        fault = armed.fault
        self._going_on[armed.number] = armed
        match fault.fault:
            case "mute":
                self._frames.muted.append(armed)
            case "half_open":
                sockets = self._sockets(armed)
                for socket in sockets:
                    socket.freeze()
                    self._frames.frozen.add(socket)
                self._frozen[armed.number] = sockets
                return bool(sockets)
            case "drop_websockets":
                sockets = self._sockets(armed)
                for socket in sockets:
                    socket.abort()
                return bool(sockets)
            case "close_websockets":
                # Nobody is there who could close what is half open.
                sockets = [socket for socket in self._sockets(armed) if socket not in self._frames.frozen]
                for socket in sockets:
                    socket.close(fault.code, fault.reason)
                return bool(sockets)
            case "upgrade":
                self._begin_upgrade(armed)
            case _:
                self._refresh()
                if fault.fault == "outage" and self._world.door is not None:
                    self._world.door.break_connections()
        return True

    def end(self, armed: Armed) -> None:
        """Let a fault end; harmless when it has ended."""
        if self._going_on.pop(armed.number, None) is None:
            return
        if armed in self._frames.muted:
            self._frames.muted.remove(armed)
        for socket in self._frozen.pop(armed.number, ()):
            if not any(socket in others for others in self._frozen.values()):
                self._frames.frozen.discard(socket)
                socket.thaw()
        self._halting.discard(armed.number)
        self._post_only.discard(armed.number)
        self._apply_upgrades()
        self._refresh()

    def _sockets(self, armed: Armed) -> list[Socket]:
        """The sockets that it happens to, the oldest first."""
        found: list[Any] = [
            session for session in self._world.gate.sessions if follows(session.subscriptions, armed.fault.user)
        ]
        return found[: armed.fault.sockets]

    def _refresh(self) -> None:
        """Bring about what the faults that are going on add up to."""
        going_on = [armed.fault for armed in self._going_on.values()]
        self._world.chain.skew_ms = sum(fault.ms for fault in going_on if fault.fault == "clock_skew")
        self._world.still_books.keep({fault.coin for fault in going_on if fault.fault == "stale_books"})
        outages = {fault.how for fault in going_on if fault.fault == "outage"}
        self._requests.outage = max(outages, default=None)  # refused, where both are going on
        if self._is_shut != ("refused" in outages):
            self._is_shut = not self._is_shut
            if not self._is_moving:
                self._is_moving = True
                self._run(self._move_door())

    async def _move_door(self) -> None:
        """Shut or open the door until it is as it should be."""
        door = self._world.door
        wanted: bool | None = None
        try:
            while door is not None and wanted is not self._is_shut:
                wanted = self._is_shut
                move: Callable[[], Awaitable[None]] = door.shut if wanted else door.reopen
                await move()
        finally:
            self._is_moving = False

    # ------------------------------------------------------------------ upgrades

    def _begin_upgrade(self, armed: Armed) -> None:
        self._halting.add(armed.number)
        self._apply_upgrades()
        self._later(armed, armed.fault.halt, lambda: self._go_on(armed))

    def _go_on(self, armed: Armed) -> None:
        self._post_only.add(armed.number)
        self._halting.discard(armed.number)
        self._apply_upgrades()
        self._later(armed, armed.fault.post_only, lambda: self._finish(armed))

    def _apply_upgrades(self) -> None:
        """Post-only before blocks go on: what has waited is already judged by it."""
        maintenance = self._world.maintenance
        if self._is_post_only != bool(self._post_only):
            self._is_post_only = bool(self._post_only)
            maintenance.post_only(self._is_post_only)
        if self._is_halted != bool(self._halting):
            self._is_halted = bool(self._halting)
            maintenance.halt(self._is_halted)
