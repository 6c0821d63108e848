"""Which nonces a signer may still use (reference, section 5): the 100 highest are remembered, with bounds in time."""

from bisect import bisect_left, insort
from collections.abc import Iterable

REMEMBERED = 100
DAY_MS = 86_400_000
OLDEST_MS = 2 * DAY_MS
NEWEST_MS = DAY_MS


class NonceWindow:
    """The used nonces of one signer."""

    __slots__ = ("_used",)

    def __init__(self, used: Iterable[int] = ()) -> None:
        self._used = sorted(used)

    @property
    def used(self) -> list[int]:
        """Those that are remembered, in ascending order."""
        return list(self._used)

    def use(self, nonce: int, now: int) -> str | None:
        """Take a nonce at block time `now` (Unix ms): None when it is good, else the venue's text, and nothing changes.

        The text for a nonce too far in the future is not known from the venue; it is worded like the known ones.
        """
        used = self._used
        place = bisect_left(used, nonce)
        if place < len(used) and used[place] == nonce:
            return f"Invalid nonce: duplicate nonce {nonce}"
        least = now - OLDEST_MS
        if len(used) >= REMEMBERED:
            least = max(least, used[0])
        if nonce <= least:
            return f"Invalid nonce: nonce too low {nonce} < {least}"
        if nonce >= now + NEWEST_MS:
            return f"Invalid nonce: nonce too high {nonce} > {now + NEWEST_MS}"
        insort(used, nonce)
        if len(used) > REMEMBERED:
            del used[0]
        return None


class Nonces:
    """The windows of all signers."""

    def __init__(self) -> None:
        self._windows: dict[str, NonceWindow] = {}

    def dump(self) -> dict[str, list[int]]:
        """The remembered nonces of every signer, in ascending order."""
        return {signer: window.used for signer, window in self._windows.items()}

    def load(self, used: dict[str, list[int]]) -> None:
        """Remember these nonces and no others."""
        self._windows = {signer: NonceWindow(nonces) for signer, nonces in used.items()}

    def use(self, signer: str, nonce: int, now: int) -> str | None:
        """Take a nonce for a signer; see `NonceWindow.use`."""
        window = self._windows.get(signer)
        if window is None:
            window = self._windows[signer] = NonceWindow()
        return window.use(nonce, now)
