"""Prices of every market for Hummingbot's rate oracle: one light request per dex, at most twice a minute.

Next to the markets' own pairs it tells what the oracle needs to get from one name to another: markets under the
capitals that Hummingbot's ``rate`` command makes of what the user types, and what the collateral tokens are worth.
"""

import math
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from hummingbot.core.rate_oracle.sources.rate_source_base import RateSourceBase
from hummingbot.core.rate_oracle.utils import normalize_token_symbol

from ..venue.markets import QUOTE, MarketTable
from ..venue.networks import Network, network_for_rates
from ..venue.pair_names import FoldingDict, fold, unambiguous
from .log_names import logger_of
from .loops import LoopLock
from .market_requests import MarketRequests, as_price
from .requests import VenueUnavailable
from .shared_markets import public_requests, shared_markets

GOOD_FOR_SECONDS = 30.0
"""How long prices are kept. The oracle asks every second."""

_USDT = "USDT"
_USDC = "USDC"


class VenueRates(RateSourceBase):
    """The mid prices of all markets of ``network``."""

    network: ClassVar[Network] = Network.MAINNET

    _logger = logger_of(__name__)

    def __init__(self) -> None:
        super().__init__()
        self._prices: dict[str, Decimal] = {}
        self._read_at = -math.inf
        self._lock = LoopLock()
        self._requests: dict[Network, MarketRequests] = {}
        self._problem = ""

    @property
    def name(self) -> str:
        return self.network.value

    async def get_prices(self, quote_token: str | None = None) -> dict[str, Decimal]:
        """Trading pair to price.

        Whatever quote is asked for, all prices come: the oracle finds its way from USD. Empty when nothing can be read;
        a dex that does not answer costs only itself.
        """
        async with self._lock.here():
            if time.monotonic() - self._read_at > GOOD_FOR_SECONDS:
                self._prices = await self._read()
                self._read_at = time.monotonic()
        return self._prices

    async def _read(self) -> dict[str, Decimal]:
        network = network_for_rates() if self.network is Network.MAINNET else self.network
        requests = self._requests.setdefault(network, MarketRequests(public_requests(network)))
        try:
            table = await shared_markets(network)
        except VenueUnavailable as error:
            self._tell(f"The markets of {network.value} cannot be read: {error}")
            return {}
        dexs = list(dict.fromkeys(market.dex for market in table.by_trading_pair.values()))
        mids, problems = await requests.mids_of(dexs)
        problem = ""
        for dex, reason in problems.items():
            problem = f"The prices of dex {dex!r} of {network.value} cannot be read: {reason}"
        self._tell(problem)
        return prices_of(table, mids)

    def _tell(self, problem: str) -> None:
        if problem and not self._problem:
            self.logger().warning(f"{problem}. Trying again; further failures in a row are not logged.")
        self._problem = problem


def prices_of(table: MarketTable, mids: Mapping[str, float]) -> FoldingDict[Decimal]:
    """The rates that the mids of all dexs give, in USD."""
    rates: FoldingDict[Decimal] = FoldingDict()
    for pair, market in table.by_trading_pair.items():
        price = as_price(mids.get(market.coin))
        if price is not None:
            rates[pair] = price
    if not rates:
        return rates
    # The oracle copies the prices into a dictionary of its own, and looks for what the user typed in capitals.
    for folded, pair in unambiguous(rates).items():
        capitals = pair.upper()
        if capitals != pair and fold(capitals) == folded:
            rates[capitals] = rates[pair]
    for token in {_USDC, *table.collateral.values()}:
        rates[f"{token}-{QUOTE}"] = Decimal(1)  # the quote rule, see ``collateral``
    if normalize_token_symbol(QUOTE) == _USDT:
        rates[f"{QUOTE}-{_USDT}"] = Decimal(1)  # and in Hummingbot, unless the user says otherwise
    return rates


class TestnetRates(VenueRates):
    """Prices of the testnet."""

    network = Network.TESTNET


class SandboxRates(VenueRates):
    """Prices of the local sandbox."""

    network = Network.SANDBOX


RATES: dict[str, type[VenueRates]] = {each.network.value: each for each in (VenueRates, TestnetRates, SandboxRates)}
