"""What moves the markets of a sandbox: the seam behind which synthetic traders, a replay and a mirror are the same."""

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.market_set import MarketSet


class MarketDriver(Protocol):
    """Acts on the exchange through accounts of its own, by the same commands as everybody."""

    @property
    def regime(self) -> str:
        """What it is, in a word or a few, for people: `calm`, `mirror of testnet`."""
        ...

    @property
    def addresses(self) -> Collection[str]:
        """Its accounts, so that they are not taken for clients."""
        ...

    def open(self) -> None:
        """Give its accounts money and put up the first books; called once, before anybody can connect."""
        ...

    def start(self, clock: Clock) -> list[Timer]:
        """Begin to move the markets. The timers are canceled by the caller when the exchange stops."""
        ...

    def add(self, state: MarketState) -> None:
        """A market has been listed."""
        ...

    def remove(self, coin: str) -> None:
        """A market ends: leave it alone from now on."""
        ...


@runtime_checkable
class OutsideDriver(Protocol):
    """A driver whose market is another one's: it can run dry, and may have connections to close."""

    coins: tuple[str, ...]
    """The markets that are followed; nobody trades in the others."""

    @property
    def condition(self) -> str:
        """What keeps the books from being what they are outside, as a sentence; empty when all is well."""
        ...

    async def stop(self) -> None:
        """Close what is open."""
        ...


class DriverPlan(Protocol):
    """A driver before there is an exchange. It has to know what will be listed, and which accounts restate orders."""

    @property
    def market_set(self) -> MarketSet:
        """What will be listed: a new one each time, because a running exchange changes its own."""
        ...

    @property
    def addresses(self) -> frozenset[str]:
        """The accounts that `ExchangeConfig.outside_accounts` is for."""
        ...

    def driver(self, chain: Chain) -> MarketDriver:
        """The driver of an exchange that lists `market_set`."""
        ...
