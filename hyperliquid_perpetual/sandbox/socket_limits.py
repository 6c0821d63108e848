"""How many sockets, subscriptions and messages an address may have, and the other rules of a socket (section 9.2)."""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any, Protocol

from hyperliquid_perpetual.sandbox.subscriptions import Subscription, UserSubscription


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The rules of a socket; limits are per address and those of section 9.2. None switches a limit off."""

    silence_seconds: float = 60
    queue_frames: int = 10_000
    max_connections: int | None = 10
    max_new_connections_per_minute: int | None = 30
    max_subscriptions: int | None = 1_000
    max_users: int | None = 10
    max_messages_per_minute: int | None = 2_000
    max_posts_in_flight: int | None = 100

    @classmethod
    def unlimited(cls, **changes: Any) -> "SessionSettings":
        """No limits per address, for tests that open many sockets."""
        limits: dict[str, Any] = {
            "max_connections": None,
            "max_new_connections_per_minute": None,
            "max_subscriptions": None,
            "max_users": None,
            "max_messages_per_minute": None,
        }
        return cls(**{**limits, **changes})


class Client(Protocol):
    """A connected socket, as far as its limits go."""

    address: str
    subscriptions: set[Subscription]

    def abort(self) -> None:
        """Break the connection."""
        ...

    @property
    def is_frozen(self) -> bool:
        """Whether the connection is half open, with nobody at this end."""
        ...

    @property
    def backlog(self) -> int:
        """Frames that wait to be read."""
        ...


class Gate:
    """Counts the sockets, subscriptions and messages of every address, and says when there are too many."""

    def __init__(self, settings: SessionSettings) -> None:
        self.settings = settings
        self.sessions: dict[Client, None] = {}
        self.under_way: set[asyncio.Task[None]] = set()
        """Posts that are not answered yet. A socket that is lost does not take back what came over it."""
        self.messages = 0
        """Frames that clients have sent, ever."""
        self.connections = 0
        """Sockets that were opened, ever."""
        self.refused: Counter[str] = Counter()
        """How often a limit was met, by what was refused: a connection, message, subscription, user or post."""
        self._connected: dict[str, deque[float]] = {}
        self._sent: dict[str, deque[float]] = {}

    def may_connect(self, address: str) -> bool:
        """Whether another socket may be opened from an address; counts it."""
        settings = self.settings
        open_now = sum(session.address == address and not session.is_frozen for session in self.sessions)
        room = settings.max_connections is None or open_now < settings.max_connections
        if room and _within(self._connected, address, settings.max_new_connections_per_minute):
            self.connections += 1
            return True
        self.refused["connection"] += 1
        return False

    def count_message(self, address: str) -> bool:
        """Whether an address may send another frame; counts it."""
        self.messages += 1
        if _within(self._sent, address, self.settings.max_messages_per_minute):
            return True
        self.refused["message"] += 1
        return False

    def may_post(self, in_flight: int) -> bool:
        """Whether a socket with so many unanswered posts may send another; counts the refusal."""
        limit = self.settings.max_posts_in_flight
        if limit is None or in_flight < limit:
            return True
        self.refused["post"] += 1
        return False

    def refuse_subscription(self, address: str, subscription: Subscription) -> str | None:
        """Why an address may not have another subscription, if so."""
        settings = self.settings
        mine = [session for session in self.sessions if session.address == address and not session.is_frozen]
        held = [entry for session in mine for entry in session.subscriptions]
        if settings.max_subscriptions is not None and len(held) >= settings.max_subscriptions:
            self.refused["subscription"] += 1
            return f"Cannot subscribe to more than {settings.max_subscriptions} channels."
        if settings.max_users is not None and isinstance(subscription, UserSubscription):
            users = {entry.user for entry in held if isinstance(entry, UserSubscription)}
            if subscription.user not in users and len(users) >= settings.max_users:
                self.refused["user"] += 1
                return f"Cannot track more than {settings.max_users} total users."
        return None


def _within(counts: dict[str, deque[float]], address: str, limit: int | None) -> bool:
    """Count one event of an address against a limit per minute."""
    if limit is None:
        return True
    now = asyncio.get_running_loop().time()
    times = counts.setdefault(address, deque())
    while times and times[0] <= now - 60:
        times.popleft()
    if len(times) >= limit:
        return False
    times.append(now)
    return True
