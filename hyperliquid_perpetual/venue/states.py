"""Account states, decoded so that what cannot be read costs only itself: one position, one dex, one token.

Reference, section 2.3. A state replaces what was known before; that is why a position that could not be read is named
in it (``ClearinghouseState.unread``) instead of being left out, which would look like a closed one.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol, runtime_checkable

import msgspec

from .lists import CANNOT_READ, ListOf
from .messages import (
    AllDexsClearinghouseState,
    AssetPosition,
    ClearinghouseState,
    PositionData,
    SpotBalance,
    SpotClearinghouseState,
    SpotState,
)
from .numbers import is_plausible

_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_pair = msgspec.json.Decoder(tuple[str, msgspec.Raw]).decode
_whole_state = msgspec.json.Decoder(ClearinghouseState).decode
_whole_states = msgspec.json.Decoder(AllDexsClearinghouseState).decode
_amounts = msgspec.json.Decoder(list[tuple[int, Decimal]] | None).decode
_position = ListOf(
    PositionData,
    expendable=("positionValue", "unrealizedPnl", "marginUsed", "entryPx", "liquidationPx", "maxLeverage"),
)
_spot_balances = ListOf(SpotBalance, expendable=("hold", "token", "ltv"))


@runtime_checkable
class Tolerant(Protocol):
    """Decodes an answer and says how many items of it could not be read."""

    def decode(self, raw: bytes | str | msgspec.Raw) -> tuple[object, int]:
        """:raises msgspec.DecodeError: when nothing of it can be used."""


class StateDecoder:
    """Decodes what an account has on one dex."""

    def decode(self, raw: bytes | str | msgspec.Raw) -> tuple[ClearinghouseState, int]:
        """:raises msgspec.DecodeError: when it is no such state, or its sums cannot be read."""
        try:
            return _whole_state(raw), 0
        except CANNOT_READ:
            fields = _raw_object(raw)
            items = _raw_list(fields.pop("assetPositions", msgspec.Raw(b"[]")))
        state = _whole_state(msgspec.json.encode({**fields, "assetPositions": []}))
        positions, unread = _read_positions(items)
        return msgspec.structs.replace(state, assetPositions=positions, unread=tuple(unread)), len(unread)


class AllStatesDecoder:
    """Decodes what an account has on all dexs; one that cannot be read is left out, which keeps what was known."""

    def decode(self, raw: bytes | str | msgspec.Raw) -> tuple[AllDexsClearinghouseState, int]:
        """:raises msgspec.DecodeError: when it is no such list."""
        try:
            return _whole_states(raw), 0
        except CANNOT_READ:
            fields = _raw_object(raw)
        states: list[tuple[str, ClearinghouseState]] = []
        malformed = 0
        for item in _raw_list(fields.get("clearinghouseStates", msgspec.Raw(b"[]"))):
            try:
                dex, inner = _pair(item)
                state, missing = STATE.decode(inner)
            except CANNOT_READ:
                malformed += 1
                continue
            states.append((dex, state))
            malformed += missing
        user = fields.get("user")
        return AllDexsClearinghouseState(_text(user) if user is not None else "", states), malformed


class SpotDecoder:
    """Decodes the spot wallet."""

    def decode(self, raw: bytes | str | msgspec.Raw) -> tuple[SpotClearinghouseState, int]:
        """:raises msgspec.DecodeError: when it is no such state."""
        fields = _raw_object(raw)
        balances, malformed = _spot_balances.decode(fields["balances"]) if "balances" in fields else ([], 0)
        available = fields.get("tokenToAvailableAfterMaintenance")
        try:
            amounts = _amounts(available) if available is not None else None
        except CANNOT_READ:
            amounts, malformed = None, malformed + 1
        return SpotClearinghouseState(balances, [pair for pair in amounts or () if is_plausible(pair[1])]), malformed


class SpotStateDecoder:
    """Decodes the spot wallet as the stream pushes it."""

    def decode(self, raw: bytes | str | msgspec.Raw) -> tuple[SpotState, int]:
        """:raises msgspec.DecodeError: when it is no such state."""
        fields = _raw_object(raw)
        state, malformed = SPOT.decode(fields.get("spotState", msgspec.Raw(b"null")))
        user = fields.get("user")
        return SpotState(_text(user) if user is not None else "", state), malformed


def _read_positions(items: Iterable[msgspec.Raw]) -> tuple[list[AssetPosition], list[str]]:
    positions: list[AssetPosition] = []
    unread: list[str] = []
    for item in items:
        coin = ""
        try:
            inner = _raw_object(item)["position"]
            coin = _text(_raw_object(inner)["coin"])
            (data,), _ = _position.decode(b"[" + bytes(inner) + b"]")
        except (*CANNOT_READ, KeyError, ValueError):
            unread.append(coin)
        else:
            positions.append(AssetPosition(data))
    return positions, unread


STATE = StateDecoder()
ALL_STATES = AllStatesDecoder()
SPOT = SpotDecoder()
SPOT_STATE = SpotStateDecoder()
