"""What a replay and a mirror know before there is an exchange: the markets, the followed coins, the accounts."""

from hyperliquid_perpetual.sandbox.following.follower import outside_addresses
from hyperliquid_perpetual.sandbox.following.markets import market_set_of
from hyperliquid_perpetual.sandbox.following.queue_models import QueueModel, queue_model
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.recording.records import Metadata


class OutsidePlan:
    """The common part of `ReplayPlan` and `MirrorPlan`; see `DriverPlan`."""

    def __init__(self, metadata: Metadata, coins: tuple[str, ...], queue: str | QueueModel) -> None:
        """:raises ValueError: for a queue model that there is not, and for unreadable metadata."""
        self.coins = coins
        self.model = queue_model(queue)
        self._metadata = metadata
        market_set_of(metadata)  # or it would fail later

    @property
    def market_set(self) -> MarketSet:
        """See `DriverPlan`."""
        return market_set_of(self._metadata)

    @property
    def addresses(self) -> frozenset[str]:
        """See `DriverPlan`."""
        return frozenset(address for coin in self.coins for address in outside_addresses(coin))
