"""Puts market events into the order in which they happened: the trades of a block before the book that they left.

The venue sends both at once, over several streams, and promises no order. A book that came first would look as if what
was traded had been canceled, and the trade would then be taken off a second time. So books wait a little for trades.
"""

from collections.abc import Callable, Iterator

from hyperliquid_perpetual.sandbox.following.market_data import BookFrame, MarketEvent, Print

HOLD_MS = 50
"""How long a book waits for the trades of its block; less than a block of the venue takes (reference, section 15)."""


class Sequencer:
    """Takes events as they are received and gives them back in order, by coin."""

    def __init__(self) -> None:
        self._held: dict[str, list[tuple[int, BookFrame]]] = {}

    def push(self, received: int, event: MarketEvent) -> Iterator[MarketEvent]:
        """Take an event received at some time (ms); gives what happened up to it and need not wait any more."""
        if isinstance(event, BookFrame):
            self._held.setdefault(event.coin, []).append((received, event))
            return
        if isinstance(event, Print):
            yield from self._release(event.coin, lambda _, frame: frame.time < event.time)
        yield event

    def due(self, now: int) -> Iterator[MarketEvent]:
        """The books that have waited long enough."""
        for coin in list(self._held):
            yield from self._release(coin, lambda received, _: received + HOLD_MS <= now)

    def clear(self) -> None:
        """Forget what waits."""
        self._held.clear()

    def _release(self, coin: str, is_ready: Callable[[int, BookFrame], bool]) -> Iterator[MarketEvent]:
        held = self._held.pop(coin, [])
        ready = [frame for received, frame in held if is_ready(received, frame)]
        waiting = [entry for entry in held if not is_ready(*entry)]
        if waiting:
            self._held[coin] = waiting
        return iter(ready)
