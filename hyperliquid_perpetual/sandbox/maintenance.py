"""Upgrades of the venue on demand: blocks that stop, the post-only window afterwards, and caps on open interest.

While blocks stop, market data keeps its time, nothing is answered that needs a block, and whatever was sent waits
(reference, section 15.1). 5xx answers of the gateway in front are `faults.status`.
"""

from collections.abc import Iterable

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.world_commands import Restrict


class Maintenance:
    """`sandbox.maintenance`."""

    def __init__(self, exchange: Exchange, chain: Chain) -> None:
        self._exchange = exchange
        self._chain = chain

    def halt(self, halted: bool = True) -> None:
        """Stop making blocks, or go on: what waited is done then, in the next block."""
        self._chain.halt(halted)

    def post_only(self, only: bool = True) -> None:
        """Refuse every order that is not post-only, as right after an upgrade."""
        self._chain.apply_now(Restrict(only, tuple(sorted(self._exchange.config.restrictions.capped))))

    def cap_open_interest(self, coins: Iterable[str]) -> None:
        """From now on positions in these coins, and only in these, may not grow.

        :raises ValueError: for a coin that is not listed.
        """
        assets = []
        for coin in coins:
            state = self._exchange.market(coin)
            if state is None:
                raise ValueError(f"{coin} is not listed here")
            assets.append(state.market.asset)
        self._chain.apply_now(Restrict(self._exchange.config.restrictions.post_only, tuple(assets)))
