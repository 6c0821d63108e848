"""Subscriptions that the venue may or may not take: what a subscription is served as, or why it is not.

Each is a quirk (`engine.quirks`): the reference does not say, or says both.
"""

import msgspec

from hyperliquid_perpetual.sandbox import subscriptions as subs
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks


class SocketDropped(Exception):
    """The venue drops a socket that asks for this, without an error frame (section 8.1)."""


class InvalidSubscription(Exception):
    """The venue, or the sandbox by its own text, refuses this and the socket lives on."""


def as_served(subscription: subs.Subscription, quirks: VenueQuirks) -> subs.Subscription:
    """The stream that a client gets for what it asks: the same, but for a field that the venue does not know."""
    if isinstance(subscription, subs.L2Book) and subscription.fast and quirks.fast_book == "ignored":
        return msgspec.structs.replace(subscription, fast=False)
    return subscription


def check_quirks(subscription: subs.Subscription, quirks: VenueQuirks) -> None:
    """Whether the venue has this subscription at all.

    :raises SocketDropped: when it breaks the connection over it.
    :raises InvalidSubscription: when it says no.
    """
    match subscription:
        case subs.L2Book(fast=True) if quirks.fast_book == "dropped":
            raise SocketDropped
        case subs.L2Book(fast=True) if quirks.fast_book == "refused":
            raise InvalidSubscription
        case subs.AllDexsClearinghouseState() if quirks.all_dexs_state == "refused":
            raise InvalidSubscription(_unparsable(subscription))
        case subs.SpotState() if quirks.spot_state == "refused":
            raise InvalidSubscription(_unparsable(subscription))
        case subs.UserEvents() if quirks.user_events_name == "user":
            raise InvalidSubscription(_unparsable(subscription))
        case subs.User() if quirks.user_events_name == "userEvents":
            raise InvalidSubscription(_unparsable(subscription))


def echo_of(subscription: subs.Subscription, quirks: VenueQuirks) -> dict[str, object]:
    """A subscription as its acknowledgement repeats it: defaults added, unknown keys dropped."""
    echo = subs.as_json(subscription)
    if quirks.fast_book == "ignored":
        echo.pop("fast", None)
    return echo


def no_such_coin(quirks: VenueQuirks) -> Exception:
    """What to raise for a coin that is not listed, and for a book precision that there is not."""
    return SocketDropped() if quirks.unknown_coin == "dropped" else InvalidSubscription()


def _unparsable(subscription: subs.Subscription) -> str:
    """The venue's error for a type of subscription that it does not have."""
    sent = msgspec.json.encode({"method": "subscribe", "subscription": subscription}).decode()
    return f"Error parsing JSON into valid websocket request: {sent}"
