"""Nonces: strictly increasing per signer, however many orders are sent in one millisecond.

Reference, section 5: the venue keeps the 100 highest nonces of a signer and refuses a repeated one, one below the
smallest kept, and one outside (T - 2 days, T + 1 day). Everything in a process that signs with one key must share one
source, because a signer that acts for several vaults or sub-accounts has a single set of nonces.
"""

import threading
from collections.abc import Callable


class NonceSource:
    """Gives ``max(now, last + 1)`` in Unix milliseconds. Safe to call from several threads."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        """:param clock_ms: the present time in Unix milliseconds; it may step backwards, the nonces never do."""
        self._clock_ms = clock_ms
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """A nonce that was never given before, in Unix milliseconds."""
        with self._lock:
            now = self._clock_ms()
            self._last = now if now > self._last else self._last + 1
            return self._last

    def raise_to(self, nonce: int) -> None:
        """Makes every later nonce larger than ``nonce``: for a signer whose earlier nonces lie ahead of this clock."""
        with self._lock:
            self._last = max(self._last, nonce)


_sources: dict[tuple[str, str], NonceSource] = {}
_sources_lock = threading.Lock()


def shared_nonce_source(network: str, signer_address: str, clock_ms: Callable[[], int]) -> NonceSource:
    """The one source of this process for a signer on a network; the first caller's clock is used."""
    key = (network, signer_address.lower())
    with _sources_lock:
        source = _sources.get(key)
        if source is None:
            source = _sources[key] = NonceSource(clock_ms)
        return source
