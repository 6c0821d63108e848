"""The part of Hummingbot's connector contract that is about markets: names, rules, rounding, prices."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bidict import bidict
from hummingbot.connector.trading_rule import TradingRule

from ..venue import prices
from ..venue.markets import FIRST_DEX, QUOTE, Market, MarketTable, dex_of
from ..venue.messages import OrderUpdate
from ..venue.pair_names import FoldingDict
from . import order_checks
from .book_tracker import BookTracker
from .contract_threads import ThreadsContract
from .followed_pairs import FollowedPairs
from .market_requests import as_price
from .markets_source import MarketsSource
from .requests import Requests, VenueUnavailable
from .threads import replace_in_place

_FRESH_SECONDS = 5.0
"""Base class loops that start together share one refresh of the metadata."""


_DELISTED = "delistedCanceled"
"""The status of orders that the venue has cancelled because their market ends (section 10)."""

_FIRST_FUNDING_SECONDS = 1.0
"""How long changes of funding wait for what they change; later it is there before the next one."""


class MarketsContract(ThreadsContract):
    """Answers what Hummingbot asks about markets out of the market table."""

    TRADING_RULES_INTERVAL = 600.0
    """Seconds between two readings of the metadata (40 weights): so soon are new markets and delistings noticed."""

    _domain: str
    _followed: FollowedPairs
    _markets: MarketsSource
    _requests: Requests
    _trading_pairs: list[str]
    _trading_rules: dict[str, TradingRule]

    def _follow_pairs(self) -> None:
        """Sets up what the base class has set up for names of one spelling, and for pairs that all exist."""
        self._trading_rules = FoldingDict(self._trading_rules)
        self._perpetual_trading._funding_info = FoldingDict()
        self._followed = FollowedPairs(self._trading_pairs, self._domain, self.logger(), self._on_delisted)
        self._make_book_tracker()

    def _make_book_tracker(self) -> None:
        self._set_order_book_tracker(
            BookTracker(self._orderbook_ds, self._trading_pairs, self._domain, self._followed.is_waited_for)
        )

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
            bidict({market.coin: pair for pair, market in self._shown(exchange_info).items()})
        )

    def _shown(self, table: MarketTable) -> dict[str, Market]:
        """The markets that Hummingbot may ask about: those that trade, and those that did when it began to follow."""
        delisted = {market.trading_pair: market for market in table.delisted}
        return {pair: delisted[pair] for pair in self._trading_pairs if pair in delisted} | dict(table.by_trading_pair)

    async def exchange_symbol_associated_to_pair(self, trading_pair: str) -> str:
        try:
            return str(await super().exchange_symbol_associated_to_pair(trading_pair))
        except KeyError:
            market = self._markets.table.by_trading_pair.get(trading_pair)  # in the wrong case, perhaps
            if market is None:
                raise
            return market.coin

    async def coin_of(self, trading_pair: str) -> str:
        """What the venue calls a pair, for callers who cannot wait until the venue answers.

        :raises VenueUnavailable: when the markets are not known, and cannot be read now.
        :raises KeyError: for a pair that does not exist; the message names those it may have been meant for.
        """
        try:
            return await self.exchange_symbol_associated_to_pair(trading_pair)
        except KeyError:
            await self._know_markets()
            market = self._markets.table.find(trading_pair)
            if market is not None:
                return market.coin
            near = ", ".join(self._markets.table.near(trading_pair))
            hint = f"; near it are: {near}" if near else ""
            raise KeyError(f"{self._domain} has no market {trading_pair!r}{hint}") from None

    async def _know_markets(self) -> None:
        """:raises VenueUnavailable: when they are not known, and cannot be read now."""
        if not self._markets.table.by_coin:
            await self._markets.refresh(max_age=_FRESH_SECONDS)

    def _pair_of(self, coin: str) -> str | None:
        """The trading pair of a coin; None when there is none."""
        market = self._markets.table.by_coin.get(coin)
        return None if market is None else market.trading_pair

    async def all_trading_pairs(self) -> list[str]:
        """The pairs of all markets that trade."""
        return [pair for pair in await super().all_trading_pairs() if not self._followed.is_delisted(pair)]

    def _on_markets(self, table: MarketTable) -> None:
        self._home.adopt()
        # In place, because strategies keep a reference to the dictionary, and never empty, because some of them live
        # in other threads.
        replace_in_place(self._trading_rules, {p: _trading_rule(m) for p, m in self._shown(table).items()})
        self._initialize_trading_pair_symbols_from_exchange_info(table)
        self._followed.look(table)

    def _on_delisted(self, trading_pair: str) -> None:
        # The venue cancels them too, and says so by stream; whoever is first, an order ends once.
        for order in list(self.in_flight_orders.values()):
            if order.trading_pair == trading_pair:
                self.cancel(trading_pair, order.client_order_id)

    def _market(self, trading_pair: str) -> Market:
        """The market of a pair, delisted or not, in whatever case it is written.

        :raises OrderRefused: when there is none.
        """
        market = self._markets.table.find(trading_pair)
        if market is not None:
            return market
        if not self._markets.table.by_coin:
            raise order_checks.OrderRefused(f"the markets of {self._domain} are not loaded yet")
        raise order_checks.OrderRefused(self._followed.problem(trading_pair))

    def _market_to_open(self, trading_pair: str) -> Market:
        """The market of a pair in which positions may be opened.

        :raises OrderRefused: when there is none; what the venue still takes in a delisted market are closing orders.
        """
        market = self._market(trading_pair)
        if market.is_delisted:
            raise order_checks.OrderRefused(self._followed.problem(trading_pair))
        return market

    def _traded_markets(self) -> list[Market]:
        """The markets of the followed pairs, as far as they trade."""
        table = self._markets.table.by_trading_pair
        return [market for pair in self._trading_pairs if (market := table.get(pair)) is not None]

    def _dexs_in_use(self) -> Sequence[str]:
        """The dexs of the followed pairs, and of orders of pairs that are not followed any more."""
        table = self._markets.table
        pairs = [*self._trading_pairs, *(order.trading_pair for order in self.in_flight_orders.values())]
        coins = [market.coin for pair in pairs if (market := table.find(pair)) is not None]
        return list(dict.fromkeys([FIRST_DEX, *table.dexs_of(coins)]))

    def _dex_of_pair(self, trading_pair: str) -> str:
        market = self._markets.table.find(trading_pair)
        return market.dex if market is not None else dex_of(trading_pair)

    def _on_order_status(self, update: OrderUpdate) -> None:
        market = self._markets.table.by_coin.get(update.order.coin)
        if update.status == _DELISTED and market is not None and not market.is_delisted:
            # The metadata say it too, and would be read in some minutes only.
            self._home.spawn(self._read_markets_again)

    async def _read_markets_again(self) -> None:
        try:
            await self._markets.refresh()
        except VenueUnavailable as error:
            self.logger().network(f"The markets of {self._domain} cannot be read now: {error}")

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
        dexs = list(dict.fromkeys(market.dex for market in table.by_trading_pair.values()))
        mids, problems = await self._orderbook_ds.mids_of(dexs)
        for dex, problem in problems.items():
            self.logger().network(f"The prices of dex {dex!r} of {self._domain} cannot be read now: {problem}")
        known = {market.coin for market in table if not market.is_delisted}
        found: list[dict[str, Any]] = [
            {"symbol": coin, "price": price}
            for coin, mid in mids.items()
            if coin in known and (price := as_price(mid)) is not None
        ]
        if not found:
            return []
        return found + [{"symbol": symbol, "price": Decimal(1)} for symbol in collateral_rates(table)]

    async def trading_pair_associated_to_exchange_symbol(self, symbol: str) -> str:
        """Hummingbot's name of a coin, or of a rate of collateral."""
        if symbol in collateral_rates(self._markets.table):
            return symbol.replace("/", "-")
        trading_pair: str = await super().trading_pair_associated_to_exchange_symbol(symbol)
        return trading_pair

    async def add_trading_pair(self, trading_pair: str) -> bool:
        """Follows one more pair, with its book, trades, prices and funding; the others are traded meanwhile.

        :return: whether it is followed now; the log says why when it is not.
        """
        return bool(await self._home.call(self._add_trading_pair, trading_pair))

    async def _add_trading_pair(self, trading_pair: str) -> bool:
        try:
            if self._markets.table.find(trading_pair) is None:
                await self._markets.refresh(max_age=_FRESH_SECONDS)
        except VenueUnavailable as error:
            self.logger().error(f"{trading_pair} cannot be added: the markets cannot be read ({error})")
            return False
        problem = self._followed.problem(trading_pair)
        if problem:
            self.logger().error(f"{trading_pair} cannot be added: {problem}")
            return False
        if trading_pair in self.order_book_tracker.order_books or self._followed.is_joining(trading_pair):
            self.logger().warning(f"{trading_pair} is followed already")
            return False
        self._followed.join(trading_pair)
        try:
            if not await self.order_book_tracker.add_trading_pair(trading_pair):
                return False
            self._markets.respell()
            info = await self._orderbook_ds.get_funding_info(trading_pair)
            if trading_pair not in self._trading_pairs:
                return False  # removed while it was on its way
            self._perpetual_trading.initialize_funding_info(info)
            self._perpetual_trading.add_trading_pair(trading_pair)
        finally:
            self._followed.joined(trading_pair)
        self._on_pairs_changed()
        return True

    async def remove_trading_pair(self, trading_pair: str) -> bool:
        """Follows a pair no more. Its orders stay where they are and are followed to their end; positions stay too.

        :return: whether it was followed.
        """
        return bool(await self._home.call(self._remove_trading_pair, trading_pair))

    async def _remove_trading_pair(self, trading_pair: str) -> bool:
        name = self.order_book_tracker.spelling(trading_pair)
        if name is None:
            self.logger().warning(f"{trading_pair} is not followed")
            return False
        removed = bool(await super().remove_trading_pair(name))
        self._followed.forget(name)
        self._on_pairs_changed()
        return removed

    def _on_pairs_changed(self) -> None:
        """A pair was added or removed; for those who follow the pairs in their own ways."""

    async def _listen_for_funding_info(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            # Each for itself: a pair without funding must not keep the others waiting.
            first = [tasks.create_task(self._init_funding_info_of(pair)) for pair in list(self._trading_pairs)]
            if first:
                await asyncio.wait(first, timeout=_FIRST_FUNDING_SECONDS)
            await self._orderbook_ds.listen_for_funding_info(output=self._perpetual_trading.funding_info_stream)

    async def _init_funding_info_of(self, trading_pair: str) -> None:
        try:
            info = await self._orderbook_ds.get_funding_info(trading_pair)
        except KeyError:
            return  # removed meanwhile
        if trading_pair in self._trading_pairs:
            self._perpetual_trading.initialize_funding_info(info)

    def _has_funding_info(self) -> bool:
        """Whether the funding is known of all pairs that are waited for, and that have any."""
        known, source = self._perpetual_trading._funding_info, self._orderbook_ds
        waited_for = filter(self._followed.is_waited_for, self._trading_pairs)
        return all(pair in known or not source.tells_funding(pair) for pair in waited_for)

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
