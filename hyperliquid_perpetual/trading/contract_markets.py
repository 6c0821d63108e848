"""The part of Hummingbot's connector contract that is about markets: names, rules, rounding, prices."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bidict import bidict
from hummingbot.connector.trading_rule import TradingRule

from ..venue import prices
from ..venue.markets import FIRST_DEX, QUOTE, Market, MarketTable
from . import order_checks
from .contract_threads import ThreadsContract
from .markets_source import MarketsSource
from .requests import Requests, VenueUnavailable
from .threads import replace_in_place

_FRESH_SECONDS = 5.0
"""Base class loops that start together share one refresh of the metadata."""


class MarketsContract(ThreadsContract):
    """Answers what Hummingbot asks about markets out of the market table."""

    _domain: str
    _markets: MarketsSource
    _requests: Requests
    _trading_pairs: list[str]

    async def _update_trading_rules(self) -> None:
        await self._markets.refresh(max_age=_FRESH_SECONDS)

    async def _make_trading_rules_request(self) -> MarketTable:
        return await self._markets.refresh(max_age=_FRESH_SECONDS)

    async def _make_trading_pairs_request(self) -> MarketTable:
        return await self._markets.refresh(max_age=_FRESH_SECONDS)

    async def _initialize_trading_pair_symbol_map(self) -> None:
        try:
            await self._markets.refresh(max_age=_FRESH_SECONDS)
        except VenueUnavailable as error:
            self.logger().network(f"The markets of {self._domain} cannot be read yet: {error}")
        except Exception:
            # Whoever asks for names gets none then, and asks again.
            self.logger().exception(f"The markets of {self._domain} cannot be read")

    async def _format_trading_rules(self, exchange_info_dict: MarketTable) -> list[TradingRule]:
        return [_trading_rule(market) for market in exchange_info_dict.by_trading_pair.values()]

    def _initialize_trading_pair_symbols_from_exchange_info(self, exchange_info: MarketTable) -> None:
        self._set_trading_pair_symbol_map(
            bidict({market.coin: pair for pair, market in exchange_info.by_trading_pair.items()})
        )

    def _on_markets(self, table: MarketTable) -> None:
        self._home.adopt()
        # In place, because strategies keep a reference to the dictionary, and never empty, because some of them live
        # in other threads.
        replace_in_place(self._trading_rules, {p: _trading_rule(m) for p, m in table.by_trading_pair.items()})
        self._initialize_trading_pair_symbols_from_exchange_info(table)

    def _market(self, trading_pair: str) -> Market:
        market = self._markets.table.by_trading_pair.get(trading_pair)
        if market is not None:
            return market
        if not self._markets.table.by_coin:
            raise order_checks.OrderRefused(f"the markets of {self._domain} are not loaded yet")
        known = ", ".join(list(self._markets.table.by_trading_pair)[:5])
        raise order_checks.OrderRefused(
            f"{trading_pair} is no market of {self._domain}; pairs look like {known} (case matters)"
        )

    def _dexs_in_use(self) -> Sequence[str]:
        table = self._markets.table
        coins = [market.coin for pair in self._trading_pairs if (market := table.by_trading_pair.get(pair)) is not None]
        return list(dict.fromkeys([FIRST_DEX, *table.dexs_of(coins)]))

    def get_order_price_quantum(self, trading_pair: str, price: Decimal) -> Decimal:
        market = self._markets.table.by_trading_pair.get(trading_pair)
        if market is None:
            return Decimal(self._trading_rules[trading_pair].min_price_increment)
        return prices.price_tick(price, market.sz_decimals)

    def quantize_order_price(self, trading_pair: str, price: Decimal) -> Decimal:
        """The highest valid price not above ``price``; NaN stays NaN."""
        if not price.is_finite():
            return price
        rule = self._trading_rules[trading_pair]
        tick = self.get_order_price_quantum(trading_pair, price)
        return ((price // tick) * tick).quantize(rule.min_price_increment)

    async def get_all_pairs_prices(self) -> list[dict[str, Any]]:
        """Mid prices of all markets: ``[{"symbol": coin, "price": Decimal}]``, in one request per dex.

        Empty while the venue cannot be asked: whoever wants rates asks again, and an outage is not worth a traceback.
        """
        try:
            return await self._read_all_prices()
        except VenueUnavailable as error:
            self.logger().network(f"The prices of {self._domain} cannot be read now: {error}")
            return []

    async def _read_all_prices(self) -> list[dict[str, Any]]:
        table = await self._markets.refresh(max_age=self.TRADING_RULES_INTERVAL)
        found: list[dict[str, Any]] = []
        for dex in dict.fromkeys(market.dex for market in table.by_trading_pair.values()):
            mids = await self._requests.info({"type": "allMids", "dex": dex}, dict[str, Decimal])
            found += [
                {"symbol": coin, "price": mid}
                for coin, mid in mids.items()
                if coin in table.by_coin and not table.by_coin[coin].is_delisted
            ]
        return found + [{"symbol": symbol, "price": Decimal(1)} for symbol in collateral_rates(table)]

    async def trading_pair_associated_to_exchange_symbol(self, symbol: str) -> str:
        """Hummingbot's name of a coin, or of a rate of collateral."""
        if symbol in collateral_rates(self._markets.table):
            return symbol.replace("/", "-")
        trading_pair: str = await super().trading_pair_associated_to_exchange_symbol(symbol)
        return trading_pair

    async def _get_last_traded_price(self, trading_pair: str) -> float:
        return (await self._orderbook_ds.get_last_traded_prices([trading_pair]))[trading_pair]

    async def get_last_traded_prices(self, trading_pairs: list[str]) -> dict[str, float]:
        """The last prices of all pairs asked for, in one go."""
        last_prices: dict[str, float] = await self._orderbook_ds.get_last_traded_prices(trading_pairs)
        return last_prices


def collateral_rates(table: MarketTable) -> list[str]:
    """The rates at which collateral is worth 1 by the quote rule (see ``collateral``), like ``USDC/USD``.

    Also in USDT, which Hummingbot's rates take for the same as USD, and which its users count in by default.
    """
    tokens = dict.fromkeys(table.collateral.values())
    return [f"{token}/{money}" for token in tokens for money in (QUOTE, "USDT") if token != money]


def _trading_rule(market: Market) -> TradingRule:
    lot = prices.lot_size(market.sz_decimals)
    return TradingRule(
        trading_pair=market.trading_pair,
        min_order_size=lot,
        min_price_increment=prices.finest_tick(market.sz_decimals),
        min_base_amount_increment=lot,
        min_notional_size=prices.MIN_NOTIONAL,
        buy_order_collateral_token=market.collateral_token,
        sell_order_collateral_token=market.collateral_token,
    )
