"""The faults that tests ask for most, by name."""

from abc import ABC, abstractmethod
from typing import Any

from hyperliquid_perpetual.sandbox.faults.armed import Armed
from hyperliquid_perpetual.sandbox.faults.specification import Fault, make_fault


class NamedFaults(ABC):
    """The part of `Faults` that says in Python's own words what `add` takes. All kinds are in `kinds.KINDS`."""

    @abstractmethod
    def add(self, fault: str | Fault, **said: Any) -> int:
        """Ask for a fault."""

    @abstractmethod
    def remove(self, number: int) -> bool:
        """Take a fault away."""

    @property
    @abstractmethod
    def armed(self) -> tuple[Armed, ...]:
        """The faults that can still happen or are going on."""

    def refuse_before(
        self, next: int = 1, path: str | None = "/exchange", kind: str | None = None, hang: bool = False
    ) -> None:
        """The connection breaks before the request has any effect, or with `hang` stays open and silent."""
        self.add("refuse_before", next=next, path=path, kind=kind, hang=hang)

    def drop_reply(
        self, next: int = 1, path: str | None = "/exchange", kind: str | None = None, hang: bool = False
    ) -> None:
        """The request takes effect and is never answered.

        The connection breaks, or with `hang` stays open and silent.
        """
        self.add("drop_reply", next=next, path=path, kind=kind, hang=hang)

    def status(
        self,
        status: int,
        next: int = 1,
        path: str | None = "/exchange",
        kind: str | None = None,
        body: str | None = None,
        after: bool = False,
    ) -> None:
        """An HTTP error in place of the answer: without effect, or with `after` although the request took effect.

        Without a `body` it has the venue's.
        :raises ValueError: for what is no HTTP status.
        """
        self.add("status", code=status, next=next, path=path, kind=kind, body=body, after=after)

    def delay(
        self,
        seconds: float,
        next: int = 1,
        path: str | None = "/exchange",
        kind: str | None = None,
        after: bool = False,
    ) -> None:
        """The request arrives late, or with `after` is answered late."""
        self.add("delay", seconds=seconds, next=next, path=path, kind=kind, after=after)

    def mute_websockets(self, muted: bool = True) -> None:
        """Sockets stay open, and nothing comes out of them any more: no frames, no acknowledgements, no pongs."""
        self._switch("mute", muted)

    def hold_user_frames(self, held: bool = True) -> None:
        """Frames of user subscriptions wait while this lasts, and arrive together afterwards."""
        self._switch("hold_user_frames", held)

    def lose_user_frames(self, lost: bool = True) -> None:
        """Frames of user subscriptions are lost for good while this lasts, as with fills that a stream forgets."""
        self._switch("lose_user_frames", lost)

    def _switch(self, kind: str, on: bool) -> None:
        """One fault without narrowing or end, on or off."""
        wanted = make_fault(kind, {})
        there = [armed.number for armed in self.armed if armed.fault == wanted]
        if on and not there:
            self.add(wanted)
        elif not on:
            for number in there:
                self.remove(number)
