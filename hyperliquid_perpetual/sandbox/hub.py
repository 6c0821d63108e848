"""Who listens to what: subscriptions of all sockets, and frames that are encoded once for all who want them."""

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from hyperliquid_perpetual.sandbox.subscriptions import Subscription

_encode = msgspec.json.Encoder().encode


class Subscriber(Protocol):
    """One socket."""

    def send(self, frame: bytes, about: Subscription | None = None) -> None:
        """Queue a frame; must not wait. `about` is the subscription that it is sent for, if any."""
        ...


def frame(channel: str, data: Any) -> bytes:
    """A frame of a channel."""
    return b'{"channel":"' + channel.encode() + b'","data":' + _encode(data) + b"}"


class Hub:
    """The subscriptions of this exchange."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscription, dict[Subscriber, None]] = {}
        self._by_kind: dict[type[Subscription], dict[Subscription, None]] = {}

    def add(self, subscription: Subscription, subscriber: Subscriber) -> bool:
        """Subscribe a socket; False when it was already."""
        subscribers = self._subscribers.setdefault(subscription, {})
        if subscriber in subscribers:
            return False
        subscribers[subscriber] = None
        self._by_kind.setdefault(type(subscription), {})[subscription] = None
        return True

    def remove(self, subscription: Subscription, subscriber: Subscriber) -> bool:
        """Unsubscribe a socket; False when it was not subscribed."""
        subscribers = self._subscribers.get(subscription)
        if subscribers is None or subscriber not in subscribers:
            return False
        del subscribers[subscriber]
        if not subscribers:
            del self._subscribers[subscription]
            del self._by_kind[type(subscription)][subscription]
        return True

    def active[Kind: Subscription](self, kind: type[Kind]) -> list[Kind]:
        """The subscriptions of a kind that somebody has."""
        found: Any = self._by_kind.get(kind, ())
        return list(found)

    def is_followed(self, kind: type[Subscription]) -> bool:
        """Whether anybody has a subscription of a kind."""
        return bool(self._by_kind.get(kind))

    def has(self, subscription: Subscription) -> bool:
        """Whether anybody has this subscription."""
        return subscription in self._subscribers

    def publish(self, subscription: Subscription, channel: str, data: Any) -> None:
        """Send data to everybody who has a subscription."""
        subscribers = self._subscribers.get(subscription)
        if subscribers:
            encoded = frame(channel, data)
            for subscriber in tuple(subscribers):
                subscriber.send(encoded, subscription)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._subscribers)
