"""Why a signature recovers to a stranger: the usual ways to hash an action wrongly, tried one after the other.

A wrong hash recovers to an address that nobody has, and from the signature alone a mistake cannot be told from a new
client. But if the request, hashed in one of the ways below, turns out to be signed by somebody the exchange knows, that
was the mistake. The answer on the wire stays the venue's; the explanation goes to the sandbox's own log and record.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from hyperliquid_perpetual.sandbox.action_base import UserSignedAction
from hyperliquid_perpetual.sandbox.signatures import (
    MAINNET_SOURCE,
    TESTNET_SOURCE,
    Unrecoverable,
    recover_l1,
)
from hyperliquid_perpetual.sandbox.signed_requests import (
    SignedRequest,
    canonical_bytes,
    plain,
)

MAINNET_MISTAKE = "with the source of mainnet ('a'); a sandbox takes 'b', like testnet"

_bodies = msgspec.json.Decoder()
_CANNOT_READ = (msgspec.DecodeError, UnicodeError, RecursionError)


def explain(request: SignedRequest, body: dict[str, Any] | bytes, is_known: Callable[[str], bool]) -> str | None:
    """What the signer did wrong, if a known mistake leads to somebody known; None otherwise."""
    if isinstance(request.action, UserSignedAction):
        return None
    try:
        sent = body if isinstance(body, dict) else _bodies.decode(body)
    except _CANNOT_READ:  # a key that the venue ignores may hold anything
        return None
    for mistake, packed, variant, source in _attempts(request, sent["action"]):
        try:
            signer = recover_l1(packed, variant, source)
        except Unrecoverable:
            continue
        if is_known(signer):
            return f"signed by {signer}, but {mistake}"
    return None


def _attempts(request: SignedRequest, sent: Any) -> Iterator[tuple[str, bytes, SignedRequest, str]]:
    canonical = canonical_bytes(request.action)
    packings = (
        ("", canonical),
        (
            "with strings of 32 characters and more packed as raw16 (msgpack-python 0.5.6 does that)",
            _packed(_pack_old, plain(request.action)),
        ),
        (
            "over the action as sent, not in the venue's spelling and key order (section 3, 4.3)",
            _packed(msgspec.msgpack.encode, sent),
        ),
        ("over the action as sent, and with long strings packed as raw16", _packed(_pack_old, sent)),
    )
    for mistake, packed in packings:
        if packed is None:
            continue
        if mistake:
            yield mistake, packed, request, TESTNET_SOURCE
        and_this = f", and {mistake}" if mistake else ""
        yield f"{MAINNET_MISTAKE}{and_this}", packed, request, MAINNET_SOURCE
    if request.vaultAddress is not None:
        without = msgspec.structs.replace(request, vaultAddress=None)
        yield "without the vaultAddress that was sent", canonical, without, TESTNET_SOURCE
    if request.expiresAfter is not None:
        without = msgspec.structs.replace(request, expiresAfter=None)
        yield "without the expiresAfter that was sent", canonical, without, TESTNET_SOURCE


def _packed(pack: Callable[[Any], bytes], value: Any) -> bytes | None:
    """A value as bytes; None for what msgpack cannot hold, such as a number beyond 64 bits in a key that is ignored."""
    try:
        return pack(value)
    except (OverflowError, RecursionError, struct.error):
        return None


def _pack_old(value: Any) -> bytes:
    """Msgpack as it was before the str8 type: a string of 32 to 255 bytes takes the 16-bit header."""
    if isinstance(value, str):
        data = value.encode()
        if 32 <= len(data) < 1 << 16:
            return b"\xda" + struct.pack(">H", len(data)) + data
        return msgspec.msgpack.encode(value)
    if isinstance(value, dict):
        return _header(len(value), 0x80, 0xDE) + b"".join(_pack_old(k) + _pack_old(v) for k, v in value.items())
    if isinstance(value, list):
        return _header(len(value), 0x90, 0xDC) + b"".join(_pack_old(item) for item in value)
    return msgspec.msgpack.encode(value)


def _header(length: int, short: int, long: int) -> bytes:
    return bytes([short | length]) if length < 16 else bytes([long]) + struct.pack(">H", length)
