"""What a sandbox knows outside of its engine: taken down for a snapshot, and put back."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import msgspec

from hyperliquid_perpetual.sandbox.candles import Candle
from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.equity_history import EquityHistory, EquityState
from hyperliquid_perpetual.sandbox.gatekeeper import Gatekeeper, GatekeeperState
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.register import Register
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.tape import Tape

Candles = dict[int, dict[str, list[Candle]]]
"""By asset id and interval."""


@runtime_checkable
class Driver(Protocol):
    """Whoever moves the markets, when it can say how it stands. One that cannot goes on from the last oracle prices."""

    def dump(self) -> Any:
        """How it stands, as something that JSON can hold."""
        ...

    def load(self, dumped: Any) -> None:
        """Stand as it did. What it does not know in `dumped` it ignores."""
        ...


class Outside(msgspec.Struct):
    """What `Parts` knew at one moment."""

    time: int
    blocks: int
    halted: bool
    gatekeeper: GatekeeperState
    equity: EquityState
    known: list[str]
    somebody_was_named: bool
    malformed_coins: list[str]
    malformed_dexes: list[str]
    opening: int
    past: list[int]
    """Assets that have candles from before the opening."""
    last_px: dict[int, int]
    """By asset id: what the tape had last."""


@dataclass(slots=True)
class Parts:
    """The parts of a sandbox that hold state outside of its engine."""

    chain: Chain
    gatekeeper: Gatekeeper
    register: Register
    market_set: MarketSet
    view: MarketView
    tape: Tape
    equity: EquityHistory

    def dump(self) -> tuple[Outside, Candles]:
        """Everything, taken between two blocks. Candles can be written later."""
        known, named = self.register.dump()
        outside = Outside(
            max(self.chain.now, self.chain.clock.now()),
            self.chain.blocks,
            self.chain.is_halted,
            self.gatekeeper.dump(),
            self.equity.dump(),
            known,
            named,
            sorted(self.view.malformed_coins),
            sorted(self.view.malformed_dexes),
            self.tape.opening,
            [asset for asset, tape in self.tape.by_asset.items() if tape.has_past],
            {asset: tape.last_px for asset, tape in self.tape.by_asset.items()},
        )
        return outside, {asset: tape.dump() for asset, tape in self.tape.by_asset.items()}

    def load(self, outside: Outside, candles: Candles, markets: dict[int, Market]) -> None:
        """Put back what `dump` took.

        :raises StateError: when it names a market that is not there.
        """
        self.chain.resume(outside.time, outside.blocks, outside.halted)
        self.gatekeeper.load(outside.gatekeeper)
        self.equity.load(outside.equity)
        self.register.load(outside.known, outside.somebody_was_named)
        self.view.malformed_coins.update(outside.malformed_coins)
        self.view.malformed_dexes.update(outside.malformed_dexes)
        try:
            for asset, last_px in outside.last_px.items():
                self.tape.restore(markets[asset], asset in outside.past, last_px, candles.get(asset, {}))
        except KeyError as error:
            raise StateError(f"it has candles of a market that is not there ({error})") from None
