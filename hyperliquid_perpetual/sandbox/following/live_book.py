"""One book out of frames of three depths: for every price the newest frame that covers it is right.

Full books are seconds apart, five-level books half a second, best prices a block. Each says everything about the part
of a side it reaches down to. Trades take from the frames that are older than they are.
"""

from dataclasses import dataclass

from hyperliquid_perpetual.sandbox.following.market_data import DEPTHS, BookFrame, Depth, Levels, Print


@dataclass(slots=True)
class _Seen:
    """A frame as it stands after the trades since."""

    time: int
    order: int
    bids: Levels
    asks: Levels
    bid_end: int | None
    """The price down to which it knows the bids; None when it knows them all."""
    ask_end: int | None


class LiveBook:
    """What the book of one coin is, as far as the frames and trades so far say."""

    def __init__(self) -> None:
        self._seen: dict[Depth, _Seen] = {}
        self._count = 0
        self.time = 0
        """The venue's time of the newest frame, Unix ms."""
        self.opened = 0
        """The venue's time of the first full book; what was traded up to then is in it."""

    @property
    def is_open(self) -> bool:
        """Whether there has been a full book."""
        return "full" in self._seen

    def update(self, frame: BookFrame) -> None:
        """Take in a frame; one that is older than the last of its depth says nothing."""
        known = self._seen.get(frame.depth)
        if known is not None and frame.time < known.time:
            return
        if frame.depth == "full" and not self.is_open:
            self.opened = frame.time
        depth = DEPTHS[frame.depth]
        bid_end, ask_end = (
            side[-1][0] if len(side) >= depth else None for side in (frame.bids[:depth], frame.asks[:depth])
        )
        self._count += 1
        self._seen[frame.depth] = _Seen(frame.time, self._count, frame.bids, frame.asks, bid_end, ask_end)
        self.time = max(self.time, frame.time)

    def trade(self, trade: Print) -> None:
        """Take what was traded out of the frames from before it; what was better must have gone as well."""
        for seen in self._seen.values():
            if seen.time < trade.time:
                if trade.is_buy:
                    seen.asks = _after(seen.asks, trade, 1)
                else:
                    seen.bids = _after(seen.bids, trade, -1)

    def levels(self, is_bid: bool) -> dict[int, int]:
        """Lots by price, the best first."""
        sign = -1 if is_bid else 1  # so that smaller is better on both sides
        levels: dict[int, int] = {}
        known_to: int | None = None
        for seen in sorted(self._seen.values(), key=lambda entry: (-entry.time, -entry.order)):
            side, end = (seen.bids, seen.bid_end) if is_bid else (seen.asks, seen.ask_end)
            levels.update((px, sz) for px, sz in side if known_to is None or px * sign > known_to)
            if end is None:
                break
            known_to = end * sign if known_to is None else max(known_to, end * sign)
        return levels


def _after(side: Levels, trade: Print, sign: int) -> Levels:
    """A side after a trade: nothing better than its price, and less at its price. `sign` is that of the asks: 1."""
    return tuple(
        (px, sz - trade.sz if px == trade.px else sz)
        for px, sz in side
        if px * sign > trade.px * sign or (px == trade.px and sz > trade.sz)
    )
