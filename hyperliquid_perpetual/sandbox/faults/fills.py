"""Fills that the streams forget: each is lost from every stream of its account, or from none."""

from collections.abc import Callable
from typing import Any

import msgspec

from hyperliquid_perpetual.sandbox.faults.armed import Armed
from hyperliquid_perpetual.sandbox.faults.facts import FrameFacts

_CHANNELS = frozenset(("userFills", "user", "userTwapSliceFills"))
_LISTS = ("fills", "twapSliceFills")
_REMEMBERED = 10_000
"""More than the fills of one block: all its frames go out at once."""
_encode = msgspec.json.Encoder().encode


class LostFills:
    """What one `lose_fills` has decided: a fill is decided about when the first frame with it comes."""

    def __init__(self, armed: Armed, strike: Callable[[Armed], bool]) -> None:
        self._armed = armed
        self._strike = strike
        self._decided: dict[tuple[str | None, int, int], bool] = {}

    def take(self, data: bytes, facts: FrameFacts) -> bytes | None:
        """A frame without the fills that are lost; None when nothing is left of it. Snapshots stay whole."""
        if facts.channel not in _CHANNELS:
            return data
        frame = msgspec.json.decode(data)
        content = frame["data"]
        if not isinstance(content, dict) or content.get("isSnapshot"):
            return data
        for name in _LISTS:
            if name not in content:
                continue
            left = [entry for entry in content[name] if not self._is_lost(entry, facts.user)]
            if not left:
                return None
            if len(left) < len(content[name]):
                content[name] = left
                return _encode(frame)
        return data

    def _is_lost(self, entry: Any, user: str | None) -> bool:
        fill = entry.get("fill", entry)
        if self._armed.fault.coin not in (None, fill["coin"]):
            return False
        key = (user, fill["tid"], fill["oid"])
        if key not in self._decided:
            if len(self._decided) >= _REMEMBERED:
                del self._decided[next(iter(self._decided))]
            self._decided[key] = self._strike(self._armed)
        return self._decided[key]
