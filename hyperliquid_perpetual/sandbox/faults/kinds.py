"""Every kind of fault there is: what it does, what it can be narrowed to, when it happens, and its parameters.

This table is the one place: the notations, the live faults, the listing of the command and the page of the
documentation are made from it or compared with it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hyperliquid_perpetual.sandbox.action_base import is_address

Scope = Literal["requests", "frames", "sockets", "exchange"]
Value = str | int | float | bool

HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Field:
    """Something that can be said about a fault. `valid` says in words what may stand there."""

    name: str
    type: type[Value]
    valid: str
    check: Callable[[Any], bool]
    default: Value | None = None
    means: str = ""
    choices: tuple[str, ...] = ()
    """Everything that may stand there, where that is a few words."""

    def as_json(self) -> dict[str, Any]:
        """As the control API describes it; `type` is the name of a Python type."""
        found: dict[str, Any] = {
            "name": self.name,
            "type": self.type.__name__,
            "valid": self.valid,
            "means": self.means,
            "default": self.default,
        }
        return {**found, "values": list(self.choices)} if self.choices else found


def _seconds(name: str, default: float, least: float | None = None) -> Field:
    if least is None:
        return Field(name, float, "seconds, more than 0 and at most 3600", lambda value: 0 < value <= HOUR, default)
    return Field(name, float, f"seconds, {least:g} to 3600", lambda value: least <= value <= HOUR, default)


def _choice(name: str, default: str, *others: str) -> Field:
    choices = (default, *others)
    return Field(name, str, f"one of {', '.join(choices)}", lambda value: value in choices, default, "", choices)


def _flag(name: str) -> Field:
    return Field(name, bool, "true or false", _any, False)


def _count(name: str, default: int | None = None) -> Field:
    return Field(name, int, "a whole number from 1 on", lambda value: value >= 1, default)


def is_close_code(code: int) -> bool:
    """Whether a WebSocket close frame may carry this code (RFC 6455, section 7.4)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def _any(value: Any) -> bool:
    """Whether a text may stand there is judged elsewhere."""
    return True


PATH = Field(
    "path", str, "/info or /exchange", lambda value: value in ("/info", "/exchange"), means="only requests to a path"
)
KIND = Field("kind", str, "such as order or openOrders", _any, means="only a type of action or info request")
VIA = Field("via", str, "http or ws", lambda value: value in ("http", "ws"), means="only requests that come this way")
CHANNEL = Field("channel", str, "such as l2Book or userFills", _any, means="only frames of a channel")
COIN = Field("coin", str, "such as BTC or xyz:TSLA", bool, means="only what is about a market")
USER = Field("user", str, "an address, 0x and 40 hex digits", is_address, means="only what is about an account")

AT = Field(
    "at", float, "seconds, 0 or more", lambda value: 0 <= value < math.inf, 0.0, means="how long after being asked for"
)
LASTS = Field(
    "lasts",
    float,
    "seconds, more than 0 and at most 3600",
    lambda value: 0 < value <= HOUR,
    means="how long it can happen or goes on",
)
EVERY = Field(
    "every",
    float,
    "seconds, more than 0",
    lambda value: 0 < value < math.inf,
    means="after how long it begins again, and again",
)
NEXT = Field("next", int, "a whole number from 1 on", lambda value: value >= 1, means="to how many it happens")
CHANCE = Field(
    "chance",
    float,
    "a probability, more than 0 and at most 1",
    lambda value: 0 < value <= 1,
    means="how likely it happens to each",
)
COMMON = {entry.name: entry for entry in (PATH, KIND, VIA, CHANNEL, COIN, USER, AT, LASTS, EVERY, NEXT, CHANCE)}
"""What can be said about many kinds: what they are narrowed to, and when they happen."""

NARROWING: Mapping[Scope, tuple[Field, ...]] = {
    "requests": (PATH, KIND, VIA, COIN, USER),
    "frames": (CHANNEL, COIN, USER),
    "sockets": (USER,),
    "exchange": (),
}

ONE_BY_ONE = (AT, LASTS, EVERY, NEXT, CHANCE)
"""Happens to requests or frames, one by one."""
FOR_A_WHILE = (AT, LASTS, EVERY)
"""Begins, and ends when its time is over or it is taken away."""
ONCE = (AT, EVERY)
"""Happens at a moment."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str
    scope: Scope
    when: tuple[Field, ...]
    does: str
    parameters: tuple[Field, ...] = ()
    narrowing: tuple[Field, ...] | None = None
    lasts: float | None = None
    """How long it lasts when nothing is said; None for until it is taken away."""
    takes_time: bool = False
    """Whether its own parameters say how long it takes."""
    fields: Mapping[str, Field] = field(init=False)
    """Everything that can be said about it, by name."""

    def __post_init__(self) -> None:
        narrowing = NARROWING[self.scope] if self.narrowing is None else self.narrowing
        fields = {entry.name: entry for entry in (*self.parameters, *narrowing, *self.when)}
        object.__setattr__(self, "fields", fields)

    def as_json(self) -> dict[str, Any]:
        """As the control API lists it, with everything that a form needs."""
        fields = [entry.as_json() for entry in self.fields.values()]
        return {"fault": self.name, "scope": self.scope, "does": self.does, "fields": fields}

    @property
    def is_repeated(self) -> bool:
        """Whether it happens to requests or frames one by one, so that `next` and `chance` have a meaning."""
        return self.when is ONE_BY_ONE

    @property
    def is_momentary(self) -> bool:
        """Whether it is over as soon as it has happened."""
        return self.when is ONCE and not self.takes_time


_STATUS = Field("code", int, "an HTTP status, 200 to 599", lambda value: 200 <= value <= 599, 502)
_BODY = Field("body", str, "a text", _any)
_CLOSE = Field("code", int, "a close code: 1000-1003, 1007-1014 or 3000-4999", is_close_code, 1001)
_REASON = Field("reason", str, "a text of at most 123 bytes", lambda value: len(value.encode()) <= 123, "")
_SHIFT = Field(
    "ms", int, "whole milliseconds, not 0, at most 10 days", lambda value: 0 < abs(value) <= 864_000_000, 5_000
)

_ALL = (
    Kind(
        "refuse_before",
        "requests",
        ONE_BY_ONE,
        "The request has no effect and no answer: the connection breaks, or with hang stays open and silent.",
        (_flag("hang"),),
    ),
    Kind(
        "drop_reply",
        "requests",
        ONE_BY_ONE,
        "The request takes effect and has no answer: the connection breaks, or with hang stays open and silent.",
        (_flag("hang"),),
    ),
    Kind(
        "delay",
        "requests",
        ONE_BY_ONE,
        "The request arrives late, or with after takes effect at once and is answered late.",
        (_seconds("seconds", 1.0), _flag("after")),
    ),
    Kind(
        "status",
        "requests",
        ONE_BY_ONE,
        "An HTTP error in place of the answer: without effect, or with after although the request took effect. "
        "Without a body it is the venue's: null for 429 and 500, an HTML page for other 5xx.",
        (_STATUS, _BODY, _flag("after")),
    ),
    Kind(
        "duplicate",
        "requests",
        ONE_BY_ONE,
        "The request is delivered twice; the client is answered what came of the first or of the second.",
        (_choice("reply", "first", "second"),),
    ),
    Kind(
        "corrupt_reply",
        "requests",
        ONE_BY_ONE,
        "The request takes effect and the body of its answer is not JSON, truncated, empty, an HTML page, has a value "
        "of the wrong type somewhere, or is cut off by a connection that breaks.",
        (_choice("how", "not_json", "truncated", "empty", "html", "wrong_type", "cut_off"),),
    ),
    Kind(
        "lose_frames",
        "frames",
        ONE_BY_ONE,
        "Frames are lost for good.",
    ),
    Kind(
        "lose_user_frames",
        "frames",
        FOR_A_WHILE,
        "All frames of subscriptions about accounts are lost for good while it lasts.",
    ),
    Kind(
        "lose_fills",
        "frames",
        ONE_BY_ONE,
        "Fills are lost from the streams for good, each from all of userFills, user and userTwapSliceFills; "
        "snapshots and REST have them.",
        narrowing=(COIN, USER),
    ),
    Kind(
        "hold_user_frames",
        "frames",
        FOR_A_WHILE,
        "Frames of subscriptions about accounts wait while it lasts, and arrive together afterwards, in order.",
    ),
    Kind(
        "delay_frames",
        "frames",
        ONE_BY_ONE,
        "Frames arrive late; those it can happen to stay in order.",
        (_seconds("seconds", 1.0),),
    ),
    Kind(
        "duplicate_frames",
        "frames",
        ONE_BY_ONE,
        "Frames arrive twice, one right after the other.",
    ),
    Kind(
        "reorder_frames",
        "frames",
        ONE_BY_ONE,
        "A frame arrives after the next ones that it could have happened to on its socket; if there are none within "
        "a second, then where it was.",
        (_count("by", 1),),
    ),
    Kind(
        "corrupt_frames",
        "frames",
        ONE_BY_ONE,
        "Frames are not JSON, truncated, have a value of the wrong type somewhere, or an unknown channel.",
        (_choice("how", "not_json", "truncated", "wrong_type", "unknown_channel"),),
    ),
    Kind(
        "mute",
        "sockets",
        FOR_A_WHILE,
        "Sockets stay open and take effect, and nothing comes out of them: no frames, no acknowledgements, no pongs.",
    ),
    Kind(
        "half_open",
        "sockets",
        FOR_A_WHILE,
        "The sockets connected at that moment are neither read nor answered, while TCP stays up; new ones work.",
        (_count("sockets"),),
    ),
    Kind(
        "drop_websockets",
        "sockets",
        ONCE,
        "Sockets break without a close frame.",
        (_count("sockets"),),
    ),
    Kind(
        "close_websockets",
        "sockets",
        ONCE,
        "Sockets are closed with a close frame.",
        (_CLOSE, _REASON, _count("sockets")),
    ),
    Kind(
        "stale_books",
        "exchange",
        FOR_A_WHILE,
        "l2Book streams keep their time and content and bbo streams are silent, while everything else goes on.",
        narrowing=(COIN,),
    ),
    Kind(
        "clock_skew",
        "exchange",
        FOR_A_WHILE,
        "The exchange's time is shifted, and with it every time it tells and how it judges nonces and expiries. "
        "Time never goes back: behind the last block it stands still until it is caught up.",
        (_SHIFT,),
    ),
    Kind(
        "upgrade",
        "exchange",
        ONCE,
        "Blocks stop for halt seconds, then for post_only seconds only post-only orders are taken.",
        (_seconds("halt", 5.0, least=0), _seconds("post_only", 20.0, least=0)),
        takes_time=True,
    ),
    Kind(
        "outage",
        "exchange",
        FOR_A_WHILE,
        "All connections break, and new ones are refused, or with how=gateway everything is answered 502.",
        (_choice("how", "refused", "gateway"),),
        lasts=10.0,
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""All kinds by name."""
