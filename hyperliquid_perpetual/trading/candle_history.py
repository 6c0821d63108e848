"""Past candles by request, within the shared weight, however many of them one answer holds.

Reference, sections 2.2 and 9.1.
"""

from ..venue.lists import ListOf
from ..venue.messages import Candle
from .candle_rows import INTERVALS
from .requests import Requests

SHORTEST_CUT = 500
"""An answer with fewer candles than this was not cut off: the venue's general limit of time-ranged answers."""

_MOST_REQUESTS = 40

_candles = ListOf(Candle)


async def read_candles(requests: Requests, coin: str, interval: str, start_ms: int, end_ms: int) -> list[Candle]:
    """The venue's candles that begin in a range of time, both ends included, oldest first; as far as they exist.

    :param interval: one of the venue's own.
    :raises VenueUnavailable: when the venue does not answer.
    """
    length = INTERVALS[interval].seconds * 1000
    found: dict[int, Candle] = {}
    start, end = start_ms, end_ms
    for _ in range(_MOST_REQUESTS):
        request = {"coin": coin, "interval": interval, "startTime": start, "endTime": end}
        answer: list[Candle] = await requests.info({"type": "candleSnapshot", "req": request}, _candles)
        new = {candle.t: candle for candle in answer if candle.t not in found}
        found |= new
        if not new or len(answer) < SHORTEST_CUT:
            break
        # Whether a long answer was cut at its old or at its new end is not written anywhere: look which is missing.
        if max(new) + length <= end:
            start = max(new) + 1
        elif min(new) - length >= start:
            end = min(new) - 1
        else:
            break
    return [candle for time, candle in sorted(found.items()) if start_ms <= time <= end_ms]
