"""The market table of a network for those who have no connector: candles feeds and rate sources share one.

One table per network and event loop, read when somebody first needs it and again when it is old. The metadata costs 60
weights, whoever asks for it; ten feeds that start together must not ask ten times.
"""

import asyncio
import time
from weakref import WeakKeyDictionary

from ..venue.markets import MarketTable
from ..venue.networks import Network
from .budget import shared_budget
from .markets_source import MarketsSource
from .requests import Requests

MAX_AGE_SECONDS = 1800.0

_sources: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, MarketsSource]] = WeakKeyDictionary()


def public_requests(network: Network) -> Requests:
    """Unsigned requests within the weight that everything in this process shares on that network."""
    return Requests(network, shared_budget(network.rest_url), lambda: int(time.time() * 1000))


async def shared_markets(network: Network, max_age: float = MAX_AGE_SECONDS) -> MarketTable:
    """The markets of a network.

    :param max_age: seconds; an older table is read anew.
    :raises VenueUnavailable: when the metadata cannot be had.
    """
    sources = _sources.setdefault(asyncio.get_running_loop(), {})
    source = sources.get(network.rest_url)
    if source is None:
        source = sources[network.rest_url] = MarketsSource(public_requests(network))
    return await source.refresh(max_age)
