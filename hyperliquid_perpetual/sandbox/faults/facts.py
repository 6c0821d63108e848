"""What a fault can be narrowed by: which coins and accounts a request or a frame is about."""

from collections.abc import Iterator
from typing import Any

import msgspec

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.faults.specification import Fault
from hyperliquid_perpetual.sandbox.register import Register
from hyperliquid_perpetual.sandbox.signatures import Unrecoverable, recover_signer
from hyperliquid_perpetual.sandbox.signed_requests import Malformed, Unsupported, decode_request
from hyperliquid_perpetual.sandbox.subscriptions import Subscription, UserSubscription
from hyperliquid_perpetual.sandbox.traffic import Captured

_CHANNEL_BEGINS = b'{"channel":"'


class RequestFacts:
    """A request, looked into only as far as somebody asks."""

    def __init__(self, request: Captured, exchange: Exchange, register: Register) -> None:
        self._request = request
        self._exchange = exchange
        self._register = register

    def match(self, fault: Fault) -> bool:
        """Whether this is a request that a fault is narrowed to."""
        request = self._request
        return (
            fault.path in (None, request.path)
            and fault.kind in (None, request.kind)
            and fault.via in (None, request.via)
            and (fault.coin is None or fault.coin in self._coins())
            and (fault.user is None or fault.user in self._users())
        )

    def _coins(self) -> set[str]:
        value = _decoded(self._request.body)
        if self._request.path == "/exchange":
            value = value.get("action") if isinstance(value, dict) else None
        coins = set(_values(value, "coin"))
        markets = self._exchange.markets
        for key in ("a", "asset"):
            for asset in _values(value, key):
                if type(asset) is int and asset in markets:
                    coins.add(markets[asset].market.coin)
        return coins

    def _users(self) -> set[str]:
        """The account that is asked about; for an action its signer, whom it acts for, and its vault."""
        if self._request.path == "/info":
            return {user.lower() for user in _values(_decoded(self._request.body), "user") if isinstance(user, str)}
        try:
            request = decode_request(self._request.body)
            signer = recover_signer(request)
        except (Malformed, Unsupported, Unrecoverable):
            return set()
        users = {signer, self._register.account_of(signer, self._exchange.now) or signer}
        return users if request.vaultAddress is None else {*users, request.vaultAddress}


class FrameFacts:
    """A frame on its way to a socket; `about` is the subscription it is sent for, if any."""

    def __init__(self, data: bytes, about: Subscription | None) -> None:
        self._data = data
        self._about = about
        self.channel = _channel_of(data)
        self.user = about.user if isinstance(about, UserSubscription) else None

    def match(self, fault: Fault) -> bool:
        """Whether this is a frame that a fault is narrowed to."""
        return (
            fault.channel in (None, self.channel)
            and fault.user in (None, self.user)
            and (fault.coin is None or fault.coin in self._coins())
        )

    def _coins(self) -> set[Any]:
        coin = getattr(self._about, "coin", None)
        return {coin} if coin is not None else set(_values(_decoded(self._data), "coin"))


def follows(subscriptions: set[Subscription], user: str | None) -> bool:
    """Whether a socket with these subscriptions is about an account; any is when none is asked for."""
    if user is None:
        return True
    return any(isinstance(entry, UserSubscription) and entry.user == user for entry in subscriptions)


def _channel_of(data: bytes) -> str:
    if not data.startswith(_CHANNEL_BEGINS):
        return ""
    start = len(_CHANNEL_BEGINS)
    return data[start : data.index(b'"', start)].decode()


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _values(value: Any, key: str) -> Iterator[Any]:
    """Every text or number that stands under a key, at any depth."""
    waiting = [value]  # no recursion: clients may nest as deep as a decoder goes
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            for name, child in found.items():
                if name == key and isinstance(child, str | int):
                    yield child
                else:
                    waiting.append(child)
        elif isinstance(found, list):
            waiting += found
