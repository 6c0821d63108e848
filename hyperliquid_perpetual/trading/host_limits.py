"""How often this process may open sockets to a host and send messages to it, shared by all its connections.

Reference, section 9.2: 30 new connections and 2,000 client messages a minute per IP address. Both are kept with room to
spare, because other programs of the user share the address.
"""

from collections import deque
from urllib.parse import urlsplit

_MINUTE = 60.0


class HostLimits:
    """Hands out the moments at which a connection may be opened or a message sent; times are monotonic seconds."""

    def __init__(
        self, connects_per_minute: int = 20, messages_per_second: float = 20.0, message_burst: int = 500
    ) -> None:
        self._connects: deque[float] = deque(maxlen=connects_per_minute)
        self._message_spacing = 1 / messages_per_second
        self._message_burst = message_burst
        self._messages_due = float("-inf")

    def reserve_connect(self, now: float) -> float:
        """Takes the next free slot for a connection and tells how many seconds it is away."""
        is_full = len(self._connects) == self._connects.maxlen
        slot = max(now, self._connects[0] + _MINUTE) if is_full else now
        self._connects.append(slot)
        return slot - now

    def reserve_message(self, now: float) -> float:
        """Takes the next free slot for a message and tells how many seconds it is away: 0 until a burst is used up."""
        # The due time runs ahead of now by one spacing for every message that was sent early.
        self._messages_due = max(self._messages_due, now) + self._message_spacing
        return max(0.0, self._messages_due - now - self._message_burst * self._message_spacing)


_limits: dict[str, HostLimits] = {}


def limits_of(url: str) -> HostLimits:
    """The limits that every connection of this process to the URL's host and port shares."""
    return _limits.setdefault(urlsplit(url).netloc, HostLimits())
