"""What a test or an operator can see of a running exchange, as typed values."""

from collections.abc import Sequence

from hyperliquid_perpetual.sandbox.api import Api
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.inspection import (
    AccountSnapshot,
    BookSnapshot,
    FillSnapshot,
    Inspector,
    OrderSnapshot,
    TwapSnapshot,
)
from hyperliquid_perpetual.sandbox.socket_limits import Gate
from hyperliquid_perpetual.sandbox.traffic import Captured


class Looking:
    """The part of `Sandbox` that only reads. It is `Sandbox` that makes the attributes."""

    api: Api
    engine: Exchange
    gate: Gate
    inspect: Inspector

    @property
    def house(self) -> str:
        """The account that trades when a test wants a fill."""
        raise NotImplementedError

    def _all_synthetic(self) -> frozenset[str]:
        raise NotImplementedError

    def book(self, coin: str, depth: int | None = None) -> BookSnapshot:
        """A market's book."""
        return self.inspect.book(coin, depth)

    def account(self, address: str) -> AccountSnapshot:
        """An account with its positions, open orders and fills."""
        return self.inspect.account(address)

    def open_orders(self, address: str) -> tuple[OrderSnapshot, ...]:
        """An account's resting orders, oldest first."""
        return self.inspect.open_orders(address)

    def order(self, address: str, key: int | str) -> OrderSnapshot | None:
        """An account's order by oid or cloid, open or finished."""
        return self.inspect.order(address, key)

    def fills(self, address: str) -> tuple[FillSnapshot, ...]:
        """An account's fills, oldest first."""
        return self.inspect.account(address).fills

    def twaps(self, address: str) -> tuple[TwapSnapshot, ...]:
        """An account's TWAP orders, running and ended, oldest first."""
        return self.inspect.twaps(address)

    def requests(self, path: str | None = None, kind: str | None = None) -> Sequence[Captured]:
        """The requests that came in, oldest first, as far as they are kept."""
        return [
            request
            for request in self.api.captured
            if (path is None or request.path == path) and (kind is None or request.kind == kind)
        ]

    @property
    def clients(self) -> tuple[str, ...]:
        """The accounts that are neither synthetic traders nor the sandbox's own."""
        own = {*self._all_synthetic(), self.house, self.engine.liquidator}
        return tuple(address for address in self.engine.accounts if address not in own)

    @property
    def sockets(self) -> int:
        """How many WebSocket clients are connected."""
        return len(self.gate.sessions)
