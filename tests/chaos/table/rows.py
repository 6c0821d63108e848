"""The rows of the fault table: every kind of fault, with those of its parameters that make a difference to a bot."""

from dataclasses import dataclass, field
from typing import Any

from hyperliquid_perpetual.sandbox.faults.kinds import KINDS, Scope


@dataclass(frozen=True)
class Row:
    """A fault."""

    kind: str
    said: dict[str, Any] = field(default_factory=dict)
    """Its parameters. What it is narrowed to is the column's."""
    about: str = ""
    """What of it matters to whoever asked: the class that expectations are written for."""
    over_socket: str = ""
    """The same for a command that goes over a socket, where that is something else."""

    @property
    def name(self) -> str:
        """As on the page and in the notation of plans."""
        return " ".join([self.kind, *(f"{key}={_text(value)}" for key, value in self.said.items())])

    @property
    def scope(self) -> Scope:
        """What it happens to."""
        return KINDS[self.kind].scope


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _statuses() -> list[Row]:
    return [
        Row("status", {"code": code, "after": after}, "after" if after else "before")
        for after in (False, True)
        for code in (429, 500, 502, 503)
    ]


REQUESTS = [
    Row("refuse_before", {"hang": False}, "before", "before and gone"),
    Row("refuse_before", {"hang": True}, "before"),
    Row("drop_reply", {"hang": False}, "after", "after and gone"),
    Row("drop_reply", {"hang": True}, "after and silent"),
    Row("delay", {"seconds": 1.5, "after": False}, "late"),
    Row("delay", {"seconds": 1.5, "after": True}, "late answer"),
    Row("delay", {"seconds": 20, "after": False}, "too late"),
    Row("delay", {"seconds": 20, "after": True}, "after and silent"),
    *_statuses(),
    Row("status", {"code": 422, "after": False}, "refused"),
    Row("duplicate", {"reply": "first"}, "twice"),
    Row("duplicate", {"reply": "second"}, "twice, second answer"),
    # Over a socket an answer that cannot be read is none.
    *(
        Row("corrupt_reply", {"how": how}, "after", "after and silent")
        for how in ("not_json", "truncated", "empty", "html")
    ),
    Row("corrupt_reply", {"how": "wrong_type"}, "wrong"),
    Row("corrupt_reply", {"how": "cut_off"}, "after", "after and gone"),
]
FRAMES = [
    Row("lose_frames", about="lost"),
    Row("lose_user_frames", {"lasts": 3}, "all lost"),
    Row("lose_fills", about="fills lost"),
    Row("hold_user_frames", {"lasts": 3}, "held"),
    Row("delay_frames", {"seconds": 1.5}, "frames late"),
    Row("duplicate_frames", about="frames twice"),
    Row("reorder_frames", about="out of order"),
    *(
        Row("corrupt_frames", {"how": how}, "broken")
        for how in ("not_json", "truncated", "wrong_type", "unknown_channel")
    ),
]
ONE_SOCKET = {"sockets": 1}
SOCKETS = [
    Row("mute", {"lasts": 40}, "silent", "mute"),
    Row("half_open", {"lasts": 60}, "silent", "unread"),
    Row("half_open", {"lasts": 60, **ONE_SOCKET}, "silent", "unread"),
    Row("drop_websockets", about="gone"),
    Row("drop_websockets", dict(ONE_SOCKET), "gone"),
    *(Row("close_websockets", {"code": code}, "gone") for code in (1000, 1001, 1011, 1012, 4000)),
    Row("close_websockets", {"code": 1001, **ONE_SOCKET}, "gone"),
]
EXCHANGE = [
    Row("stale_books", {"lasts": 60}, "still books"),
    Row("clock_skew", {"ms": 2_000, "lasts": 20}, "skew"),
    Row("clock_skew", {"ms": -2_000, "lasts": 20}, "skew"),
    Row("clock_skew", {"ms": 60_000, "lasts": 20}, "far ahead"),
    Row("clock_skew", {"ms": -60_000, "lasts": 20}, "skew"),
    Row("upgrade", {"halt": 2, "post_only": 5}, "upgrade"),
    Row("outage", {"how": "refused", "lasts": 5}, "outage"),
    Row("outage", {"how": "gateway", "lasts": 5}, "outage"),
]
ROWS = [*REQUESTS, *FRAMES, *SOCKETS, *EXCHANGE]
