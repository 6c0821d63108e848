"""All followed markets together: raw frames in, each market moved by what is about it."""

import logging
from collections.abc import Iterable
from itertools import groupby

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.following.follower import Follower
from hyperliquid_perpetual.sandbox.following.market_data import BookFrame, FrameError, MarketEvent, market_events
from hyperliquid_perpetual.sandbox.following.queue_models import QueueModel
from hyperliquid_perpetual.sandbox.following.sequence import Sequencer

logger = logging.getLogger(__name__)


class Followers:
    """One `Follower` for each coin, and the order of things."""

    def __init__(self, chain: Chain, coins: Iterable[str], model: QueueModel) -> None:
        self._chain = chain
        self._sequencer = Sequencer()
        self.by_coin: dict[str, Follower] = {}
        for coin in coins:
            state = chain.exchange.market(coin)
            if state is not None and not state.market.is_delisted:
                self.by_coin[coin] = Follower(chain, state, model)
        self._markets = {coin: chain.exchange.markets[self._asset(coin)].market for coin in self.by_coin}
        self.addresses = frozenset(address for one in self.by_coin.values() for address in (one.maker, one.taker))
        self.last_book: dict[str, int] = {}
        """When a book of a coin was last received, in the time of the frames (ms)."""
        self.malformed = 0
        """Frames that the venue would not send, which were left out."""

    def _asset(self, coin: str) -> int:
        state = self._chain.exchange.market(coin)
        assert state is not None
        return state.market.asset

    @property
    def are_open(self) -> bool:
        """Whether every book is known."""
        return all(follower.is_open for follower in self.by_coin.values())

    def open(self) -> None:
        """Give all accounts money."""
        for follower in self.by_coin.values():
            follower.open()

    def take(self, received: int, frame: bytes) -> None:
        """Take a frame received at some time (ms); first do what has waited long enough by then."""
        self.advance(received)
        try:
            events = market_events(frame, self._markets)
        except FrameError as error:
            self.malformed += 1
            if self.malformed == 1:
                logger.warning("a frame is left out: %s; further ones are only counted", error)
            return
        for event in events:
            if isinstance(event, BookFrame):
                self.last_book[event.coin] = received
        self._follow([ready for event in events for ready in self._sequencer.push(received, event)])

    def advance(self, now: int) -> None:
        """Do what has waited long enough."""
        self._follow(list(self._sequencer.due(now)))

    def reset(self) -> None:
        """The stream was interrupted: no book is known until the next full one."""
        self._sequencer.clear()
        for follower in self.by_coin.values():
            follower.reset()

    def clear(self, coin: str | None = None) -> None:
        """Empty the book of a market, or of all."""
        for name, follower in self.by_coin.items():
            if coin is None or name == coin:
                follower.clear()

    def remove(self, coin: str) -> None:
        """Do not follow a market any more."""
        if self.by_coin.pop(coin, None) is not None:
            del self._markets[coin]

    def _follow(self, events: list[MarketEvent]) -> None:
        if self._chain.is_halted:
            return  # what happens outside meanwhile, a halted exchange does not see
        for coin, about in groupby(events, key=lambda event: event.coin):
            follower = self.by_coin.get(coin)
            if follower is not None:
                follower.follow(about)
