"""Which subscriptions a socket should have, and which of them the server has acknowledged or refused.

Reference, section 8.1. Pure bookkeeping: no I/O and no clock, one ``SubscriptionLedger`` per connection.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..venue.lists import CANNOT_READ

STRIKES_UNTIL_REFUSED = 3
"""How often the server may drop the socket over the same optional subscription before it is left out for a while.

The first strike makes it a suspect, which is sent last and alone; the others prove it."""

_DROPPED_WITHIN = 2.0
"""Seconds in which a server that objects to a subscription drops the socket (about 100 ms were seen)."""

_json = msgspec.json.Decoder(dict[str, Any])

type _Stream = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One stream to receive."""

    wire: Mapping[str, Any]
    """As the venue takes it, e.g. ``{"type": "bbo", "coin": "BTC"}``."""
    required: bool = True
    """Whether the connection is of no use without it. An optional one may be refused, and the rest goes on."""

    @property
    def key(self) -> str:
        """What makes it the same subscription as another."""
        return msgspec.json.encode(self.wire, order="deterministic").decode()


class State(enum.Enum):
    """What is known about a subscription on the present socket."""

    UNSENT = "unsent"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass(slots=True, eq=False)
class Entry:
    """A subscription and where it stands."""

    subscription: Subscription
    state: State = State.UNSENT
    sent_at: float = 0.0
    reason: str = ""
    """Why it was refused, in the server's words."""
    strikes: int = 0
    """How many sockets in a row the server dropped when it was asked for this one."""
    struck_at: float = float("-inf")
    stream: _Stream = field(init=False)
    """What it is about, without options: answers are looked up by this."""

    def __post_init__(self) -> None:
        self.stream = _stream(self.subscription.wire)

    @property
    def coin(self) -> str:
        """What it is about, if it is about a coin."""
        return self.stream[1]

    @property
    def user(self) -> str:
        """Whose account it is about, in lower case, if it is about an account."""
        return self.stream[2]

    @property
    def is_settled(self) -> bool:
        """Whether the server has answered."""
        return self.state in (State.ACKNOWLEDGED, State.REFUSED)


class SubscriptionLedger:
    """Remembers what is wanted across reconnects, and matches the server's answers to it."""

    def __init__(self, retry_refused_after: float = 600.0) -> None:
        self._wanted: dict[str, Entry] = {}
        self._leaving: dict[str, Entry] = {}
        self._retry_refused_after = retry_refused_after

    def __len__(self) -> int:
        return len(self._wanted)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._wanted.values())

    @property
    def refused(self) -> list[Subscription]:
        """What the server would not give, on the present socket."""
        return [entry.subscription for entry in self if entry.state is State.REFUSED]

    @property
    def all_required_acknowledged(self) -> bool:
        """Whether nothing that is required is missing."""
        return all(entry.state is State.ACKNOWLEDGED for entry in self if entry.subscription.required)

    @property
    def has_pending(self) -> bool:
        """Whether something was sent and not answered yet."""
        return any(entry.state is State.SENT for entry in self)

    def get(self, subscription: Subscription) -> Entry | None:
        """The entry of a wanted subscription."""
        return self._wanted.get(subscription.key)

    def add(self, subscription: Subscription) -> tuple[Entry, bool]:
        """Wants a subscription from now on; also tells whether it has to be sent (it is new, or was refused before)."""
        entry = self._wanted.get(subscription.key)
        if entry is None:
            entry = self._wanted[subscription.key] = Entry(subscription)
            self._leaving.pop(subscription.key, None)
            return entry, True
        entry.subscription = subscription
        if entry.state is State.REFUSED:
            entry.state, entry.strikes = State.UNSENT, 0
            return entry, True
        return entry, False

    def remove(self, subscription: Subscription) -> Entry | None:
        """Stops wanting a subscription. The entry is returned when the server has to be told."""
        entry = self._wanted.pop(subscription.key, None)
        if entry is None or entry.state not in (State.SENT, State.ACKNOWLEDGED):
            return None
        self._leaving[subscription.key] = entry
        return entry

    def is_leaving(self, subscription: Subscription) -> bool:
        """Whether an unsubscription is not confirmed yet."""
        return subscription.key in self._leaving

    def begin(self, now: float) -> list[Entry]:
        """A socket was opened: everything has to be sent again, in this order; the suspects of earlier losses last.

        An optional subscription over which the server keeps dropping the socket is left out for a while.
        """
        self._leaving.clear()
        to_send = []
        for entry in self:
            is_banned = entry.strikes >= STRIKES_UNTIL_REFUSED and not entry.subscription.required
            if is_banned and now - entry.struck_at < self._retry_refused_after:
                self.refuse(entry, "the server drops the connection when asked for it")
                continue
            entry.state, entry.sent_at, entry.reason = State.UNSENT, 0.0, ""
            to_send.append(entry)
        return sorted(to_send, key=lambda entry: entry.strikes > 0)

    def mark_sent(self, entry: Entry, now: float) -> None:
        """The subscription was written to the socket."""
        if entry.state is State.UNSENT:
            entry.state, entry.sent_at = State.SENT, now

    def acknowledge(self, method: str, echo: Mapping[str, Any]) -> Entry | None:
        """Takes an acknowledgement; the echo may have defaults added and unknown keys dropped."""
        if method == "unsubscribe":
            return self._left(echo)
        entry = self._find(echo, self._wanted)
        if entry is not None:
            entry.state, entry.strikes, entry.reason = State.ACKNOWLEDGED, 0, ""
        return entry

    def take_error(self, text: str) -> Entry | None:
        """Takes an error frame. Returns the subscription it is about, which it may have refused or confirmed."""
        quoted = _quoted_subscription(text)
        if text.startswith("Already unsubscribed"):
            return self._left(quoted) if quoted is not None else None
        if text.startswith("Already subscribed"):
            return self.acknowledge("subscribe", quoted) if quoted is not None else None
        if quoted is not None:
            entry = self._find(quoted, self._wanted)
        elif text.startswith("Cannot "):
            # "Cannot track more than 10 total users." quotes nothing, but answers come in the order of the requests.
            entry = next((e for e in self if e.state is State.SENT), None)
        else:
            entry = None
        if entry is None or entry.state is not State.SENT:
            return None
        self.refuse(entry, text)
        return entry

    def refuse(self, entry: Entry, reason: str) -> None:
        """The server will not give this subscription on this socket."""
        entry.state, entry.reason = State.REFUSED, reason

    def overdue(self, now: float, timeout: float) -> list[Entry]:
        """What was sent longer than ``timeout`` seconds ago and not answered."""
        return [entry for entry in self if entry.state is State.SENT and now - entry.sent_at > timeout]

    def lost(self, now: float, by_peer: bool = False) -> None:
        """The socket is gone: nothing is acknowledged any more.

        Reference, section 8.1: over an unknown coin the server drops the socket without an error frame, and with it all
        other streams. When the peer closed it, the first subscription without an answer is therefore suspected, and
        with it the others of its coin.
        """
        self._leaving.clear()
        pending = [entry for entry in self if entry.state is State.SENT]
        if pending and by_peer:
            suspect = min(pending, key=lambda entry: entry.sent_at)
            if self._is_proof(suspect, pending, now) or not suspect.strikes:
                for entry in self:
                    if entry is suspect or (entry.coin == suspect.coin != "" and not entry.is_settled):
                        entry.strikes += 1
                        entry.struck_at = now
        for entry in self:
            if entry.state is not State.REFUSED:
                entry.state = State.UNSENT

    def _is_proof(self, suspect: Entry, pending: list[Entry], now: float) -> bool:
        """Whether a loss tells of more than a failing network: others worked, and this one was asked for alone."""
        others_work = any(entry.state is State.ACKNOWLEDGED for entry in self)
        return len(pending) == 1 and others_work and now - suspect.sent_at <= _DROPPED_WITHIN

    def _left(self, echo: Mapping[str, Any]) -> Entry | None:
        entry = self._find(echo, self._leaving)
        if entry is not None:
            del self._leaving[entry.subscription.key]
        return entry

    @staticmethod
    def _find(echo: Mapping[str, Any], among: Mapping[str, Entry]) -> Entry | None:
        """The entry that an echo speaks of: every key that both have agrees; the most specific one wins."""
        stream = _stream(echo)
        best: Entry | None = None
        most = 0
        for entry in among.values():
            if entry.stream == stream:
                agreeing = _agreeing_keys(entry.subscription.wire, echo)
                # Of equally good matches the one that still waits for an answer.
                if agreeing > most or (agreeing == most and best is not None and best.is_settled):
                    best, most = entry, agreeing
        return best


def _stream(wire: Mapping[str, Any]) -> _Stream:
    return str(wire.get("type")), str(wire.get("coin") or ""), str(wire.get("user") or "").lower()


def _agreeing_keys(wire: Mapping[str, Any], echo: Mapping[str, Any]) -> int:
    """How many keys are the same in both; 0 when one differs. Keys the server does not know are missing in its echo."""
    agreeing = 0
    for key, value in wire.items():
        if key == "user":
            agreeing += 1
        elif key in echo:
            if echo[key] != value:
                return 0
            agreeing += 1
    return agreeing


def _quoted_subscription(text: str) -> dict[str, Any] | None:
    """The subscription that an error text quotes, alone or inside the whole frame."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        quoted = _json.decode(text[start:])
    except CANNOT_READ:
        return None
    inner = quoted.get("subscription")
    return inner if isinstance(inner, dict) else quoted
