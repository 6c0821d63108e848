"""What the venue grants an IP address over WebSockets, kept once for all connections of this machine to a host.

Reference, section 9.2: 10 sockets, 30 new ones a minute, 1000 subscriptions, 10 different users in subscriptions about
accounts, 2,000 messages a minute. What happens often is kept with room to spare, because other programs of the user
share the address. What other processes of ours hold there is in ``machine_limits``; where nothing can be shared, what
this process holds counts alone. Safe to use from several threads.
"""

import threading
import weakref
from collections import deque
from urllib.parse import urlsplit

from ..venue import weights
from .machine_limits import CONNECTS_PER_MINUTE, Holding, MachineLimits, Most, Room, machine_limits

_MINUTE = 60.0


class SocketShare:
    """One of the sockets that a host grants, and the subscriptions on it; given back with ``close``."""

    def __init__(self, limits: "HostLimits") -> None:
        self._limits = limits
        # However it goes, others hear of it.
        weakref.finalize(self, limits.forget_soon).atexit = False
        self.users: dict[str, str] = {}
        """The user of each subscription, by its key; empty for one about a market."""

    def subscribe(self, key: str, user: str) -> str:
        """Takes room for a subscription. Returns why there is none; an empty text when there is.

        :param user: whose account it is about; empty when it is about a market.
        """
        return self._limits.subscribe(self, key, user.lower())

    def unsubscribe(self, key: str) -> None:
        """Gives the room of a subscription back."""
        self.users.pop(key, None)
        self._limits.share()

    def clear(self) -> None:
        """Gives the room of all subscriptions back: the socket they were on is gone."""
        self.users.clear()
        self._limits.share()

    def close(self) -> None:
        """Gives everything back."""
        self._limits.give_back(self)


class HostLimits:
    """Hands out sockets and subscriptions, and the moments at which a connection may be opened or a message sent.

    Times are monotonic seconds.
    """

    def __init__(
        self,
        connects_per_minute: int = CONNECTS_PER_MINUTE,
        messages_per_second: float = 20.0,
        message_burst: int = 500,
        max_sockets: int = weights.MAX_WS_CONNECTIONS,
        max_subscriptions: int = weights.MAX_WS_SUBSCRIPTIONS,
        max_users: int = weights.MAX_WS_USERS,
        machine: MachineLimits | None = None,
    ) -> None:
        """:param machine: what other processes hold at the same host; None when that is nobody's business."""
        self._machine = machine
        self._connects: deque[float] = deque(maxlen=connects_per_minute)
        self._message_spacing = 1 / messages_per_second
        self._message_burst = message_burst
        self._messages_due = float("-inf")
        self._all_messages_due = float("-inf")
        """The same for the messages of all processes, as far as was heard."""
        self.max_sockets = max_sockets
        self._max_subscriptions = max_subscriptions
        self._max_users = max_users
        # Weakly: what an event loop leaves behind that ended in the middle of something must not count for ever.
        self._shares: weakref.WeakSet[SocketShare] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._is_stale = False

    def reserve_connect(self, now: float) -> float:
        """Takes the next free slot for a connection and tells how many seconds it is away."""
        with self._lock:
            shared = self._machine.reserve_connect(now) if self._machine is not None else None
            is_full = len(self._connects) == self._connects.maxlen
            slot = max(now, self._connects[0] + _MINUTE) if is_full else now
            if shared is not None:
                slot = max(slot, shared)
            elif self._machine is not None:
                self._machine.note_connect(slot)
            self._connects.append(slot)
            return slot - now

    def reserve_message(self, now: float) -> float:
        """Takes the next free slot for a message and tells how many seconds it is away: 0 until a burst is used up."""
        with self._lock:
            return self._book_message(now)

    def try_message(self, now: float) -> bool:
        """Takes a slot for a message if one is free at this moment; nothing is taken otherwise."""
        with self._lock:
            if max(self._messages_due, self._all_messages_due) - now > self._message_burst * self._message_spacing:
                return False
            self._book_message(now)
            return True

    def _book_message(self, now: float) -> float:
        # The due time runs ahead of now by one spacing for every message that was sent early.
        self._messages_due = due = max(self._messages_due, now) + self._message_spacing
        if self._machine is not None:
            if self._is_stale:
                self._is_stale = False
                self._machine.state(self._holding())
            self._all_messages_due = self._machine.reserve_message(now, self._message_spacing) or due
            due = max(due, self._all_messages_due)
        return max(0.0, due - now - self._message_burst * self._message_spacing)

    def open_socket(self) -> SocketShare | None:
        """Room for one more socket; None when there is none now."""
        with self._lock:
            if len(self._shares) >= self.max_sockets:
                return None
            share = SocketShare(self)
            self._shares.add(share)
            if self._machine is not None:
                room = self._machine.hold(self._holding(), Most(sockets=self.max_sockets))
                if room is not Room.ENOUGH:
                    self._shares.discard(share)
                    return None
            return share

    def subscribe(self, share: SocketShare, key: str, user: str) -> str:
        """See ``SocketShare.subscribe``."""
        with self._lock:
            if key in share.users:
                return ""
            held = self._holding()
            room = Room.ENOUGH
            is_new = bool(user) and user not in held.users
            if held.subscriptions >= self._max_subscriptions:
                room = Room.NO_SUBSCRIPTION
            elif is_new and len(held.users) >= self._max_users:
                room = Room.NO_USER
            elif self._machine is not None:
                wanted = Holding(held.sockets, held.subscriptions + 1, held.users | {user} if is_new else held.users)
                most = Most(subscriptions=self._max_subscriptions, users=self._max_users if is_new else None)
                room = self._machine.hold(wanted, most)
            if room is Room.NO_USER:
                return f"the venue allows an address to follow no more than {self._max_users} accounts"
            if room is not Room.ENOUGH:
                return f"the venue allows an address no more than {self._max_subscriptions} subscriptions"
            share.users[key] = user
            return ""

    def give_back(self, share: SocketShare) -> None:
        """See ``SocketShare.close``."""
        with self._lock:
            share.users.clear()
            self._shares.discard(share)
        self.share()

    def share(self) -> None:
        """Tells other processes what is held here, after something was given back."""
        if self._machine is not None:
            with self._lock:
                self._machine.state(self._holding())

    def forget_soon(self) -> None:
        """Has the next message tell other processes what is held here: a share was collected, perhaps without having
        been given back. Takes no lock, since garbage is collected anywhere."""
        self._is_stale = True

    def _holding(self) -> Holding:
        shares = list(self._shares)
        users = {known for each in shares for known in each.users.values() if known}
        return Holding(len(shares), sum(len(each.users) for each in shares), frozenset(users))


_limits: dict[str, HostLimits] = {}


def limits_of(url: str) -> HostLimits:
    """The limits that every connection of this process to the URL's host and port shares, with those of others."""
    host = urlsplit(url).netloc
    limits = _limits.get(host)
    if limits is None:
        limits = _limits.setdefault(host, HostLimits(machine=machine_limits(url)))
    return limits
