"""Things that go wrong on demand: requests that are lost, refused or answered late, sockets that die or fall silent.

Every fault is asked for by name and number, happens to the next requests that match, and is counted when it happens.
`path` is ``/exchange`` or ``/info``, whether the request comes by HTTP or as a WebSocket post; `kind` narrows it to one
type of action or info request (``order``, ``orderStatus``).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Step = Literal["refuse", "delay", "status", "lose"]


@dataclass(slots=True)
class Fault:
    """One fault and how many more requests it will happen to."""

    step: Step
    remaining: int
    path: str
    kind: str | None
    seconds: float = 0
    status: int = 0
    body: str = ""
    after: bool = False
    hang: bool = False


class Faults:
    """What is to go wrong. Everything can be asked for while the exchange runs."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """How often each kind of fault has happened."""
        self.is_muted = False
        self.holds_user_frames = False
        self.loses_user_frames = False
        self._plan: list[Fault] = []

    # ------------------------------------------------------------------ requests

    def refuse_before(self, next: int = 1, path: str = "/exchange", kind: str | None = None) -> None:
        """The connection breaks before the request has any effect."""
        self._plan.append(Fault("refuse", _positive(next), path, kind))

    def drop_reply(
        self,
        next: int = 1,
        path: str = "/exchange",
        kind: str | None = None,
        hang: bool = False,
    ) -> None:
        """The request takes effect and is never answered.

        The connection breaks, or with `hang` stays open and silent.
        """
        self._plan.append(Fault("lose", _positive(next), path, kind, hang=hang))

    def status(
        self,
        status: int,
        next: int = 1,
        path: str = "/exchange",
        kind: str | None = None,
        body: str = "",
        after: bool = False,
    ) -> None:
        """An HTTP error in place of the answer: without effect, or with `after` although the request took effect.

        :raises ValueError: for what is no HTTP status.
        """
        if not 200 <= status <= 599:
            raise ValueError(f"an HTTP status is 200 to 599, got {status}")
        self._plan.append(Fault("status", _positive(next), path, kind, status=status, body=body, after=after))

    def delay(
        self,
        seconds: float,
        next: int = 1,
        path: str = "/exchange",
        kind: str | None = None,
        after: bool = False,
    ) -> None:
        """The request arrives late, or with `after` is answered late."""
        self._plan.append(Fault("delay", _positive(next), path, kind, seconds=seconds, after=after))

    def take(self, path: str, kind: str) -> list[Fault]:
        """The faults that happen to a request, used up by it; the first of each step."""
        if not self._plan:
            return []
        taken: list[Fault] = []
        seen: set[tuple[str, bool]] = set()
        for fault in self._plan:
            key = (fault.step, fault.after)
            if fault.path == path and fault.kind in (None, kind) and key not in seen:
                seen.add(key)
                fault.remaining -= 1
                taken.append(fault)
                self.counts[fault.step] += 1
        self._plan = [fault for fault in self._plan if fault.remaining > 0]
        return taken

    @property
    def pending(self) -> int:
        """How many faults have not happened yet."""
        return sum(fault.remaining for fault in self._plan)

    def clear(self) -> None:
        """Forget what has not happened yet, and let sockets speak again."""
        self._plan.clear()
        self.is_muted = False
        self.holds_user_frames = False
        self.loses_user_frames = False

    # ------------------------------------------------------------------ sockets

    def mute_websockets(self, muted: bool = True) -> None:
        """Sockets stay open, and nothing comes out of them any more: no frames, no acknowledgements, no pongs."""
        self.is_muted = muted
        self.counts["mute"] += muted

    def hold_user_frames(self, held: bool = True) -> None:
        """Frames of user subscriptions wait while this lasts, and arrive together afterwards."""
        self.holds_user_frames = held
        self.counts["hold_user_frames"] += held

    def lose_user_frames(self, lost: bool = True) -> None:
        """Frames of user subscriptions are lost for good while this lasts, as with fills that a stream forgets."""
        self.loses_user_frames = lost
        self.counts["lose_user_frames"] += lost


def _positive(count: int) -> int:
    if count < 1:
        raise ValueError(f"a fault happens at least once, got {count}")
    return count
