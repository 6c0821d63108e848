"""Markets that come and go while the exchange runs, and metadata that cannot be read, on demand.

What is added stands behind what there was, what is delisted keeps its place: indices are append-only (reference,
section 7). A client notices by reading the metadata again; nothing announces it.
"""

from decimal import Decimal

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.driver import MarketDriver
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.world_commands import DelistMarket, ListMarket
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.tape import Tape


class Listings:
    """Changes what is listed: `sandbox.listings`."""

    def __init__(
        self,
        exchange: Exchange,
        chain: Chain,
        market_set: MarketSet,
        view: MarketView,
        tape: Tape,
        driver: MarketDriver,
    ) -> None:
        self._exchange = exchange
        self._chain = chain
        self._market_set = market_set
        self._view = view
        self._tape = tape
        self._driver = driver

    def list_market(
        self, coin: str, price: Decimal | str | int, sz_decimals: int = 2, max_leverage: int = 10, traded: bool = True
    ) -> MarketState:
        """Open a market; `dex:COIN` on a HIP-3 dex. With `traded`, the synthetic traders take it up at once.

        :raises ValueError: for a name that is taken, a dex that there is not, or figures that no market has.
        """
        listing = self._market_set.new_listing(coin, str(price), sz_decimals, max_leverage)
        self._tape.open(listing.market)
        self._chain.apply_now(ListMarket(listing.market))
        self._market_set.add(listing)
        state = self._exchange.markets[listing.market.asset]
        if traded:
            self._driver.add(state)
        return state

    def add_dex(self, name: str, collateral: str = "USDC") -> None:
        """Add a HIP-3 dex without markets.

        :raises ValueError: for a name that is none or is taken, and for a token that there is not.
        """
        self._market_set.add_dex(name, collateral)

    def delist(self, coin: str, settlement_price: Decimal | str | int | None = None) -> None:
        """End a market: orders are canceled, positions settled (at the mark price, unless told otherwise).

        :raises ValueError: for a coin that is not listed (any more), or a price that is not positive.
        """
        state = self._exchange.market(coin)
        if state is None or state.market.is_delisted:
            raise ValueError(f"{coin} is not listed here")
        px = None if settlement_price is None else state.market.to_px(Decimal(settlement_price))
        if settlement_price is not None and (px is None or px <= 0):
            raise ValueError(f"a price is positive and has at most six decimals, got {settlement_price}")
        self._driver.remove(coin)
        self._chain.apply_now(DelistMarket(state.market.asset, px))
        self._market_set.delist(coin)

    def break_metadata(self, name: str, broken: bool = True) -> None:
        """Make the metadata of a coin or of a HIP-3 dex unreadable, or readable again.

        :raises ValueError: for what is neither.
        """
        names = self._view.malformed_coins if name in self._market_set.by_coin else self._view.malformed_dexes
        if names is self._view.malformed_dexes and name not in self._market_set.dex_names:
            raise ValueError(f"there is no coin and no dex {name!r}")
        (names.add if broken else names.discard)(name)
