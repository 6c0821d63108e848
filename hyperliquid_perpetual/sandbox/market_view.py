"""Public market data as the venue words it: metadata, contexts, books, trades, candles (reference, section 2)."""

from typing import Any

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.funding import hourly_rate, impact_pxs, premium
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.records import FundingRate, Level, Trade
from hyperliquid_perpetual.sandbox.market_set import Dex, MarketSet
from hyperliquid_perpetual.sandbox.subscriptions import Bbo, L2Book
from hyperliquid_perpetual.sandbox.tape import Candle, Tape
from hyperliquid_perpetual.sandbox.wire import float_text, money_text, price_text, size_text

RATE_DECIMALS = 10
BOOK_DEPTH = 20
FAST_BOOK_DEPTH = 5

Json = dict[str, Any]


class MarketView:
    """Reads the engine, writes the venue's JSON."""

    def __init__(self, exchange: Exchange, market_set: MarketSet, tape: Tape) -> None:
        self._exchange = exchange
        self.market_set = market_set
        self._tape = tape
        self._quirks = exchange.config.quirks
        self.malformed_coins: set[str] = set()
        """Markets whose metadata cannot be read, because somebody wants to see what clients make of it."""
        self.malformed_dexes: set[str] = set()

    # ------------------------------------------------------------------ metadata

    def break_metadata(self, name: str, broken: bool) -> None:
        """Make the metadata of a coin or of a dex unreadable, or readable again."""
        names = self.malformed_coins if name in self.market_set.by_coin else self.malformed_dexes
        (names.add if broken else names.discard)(name)

    def meta(self, dex: Dex) -> Json:
        """`meta` of one dex."""
        if dex.name in self.malformed_dexes:
            return {"universe": "not a list", "collateralToken": None}
        universe = [
            {"name": listing.market.coin, "szDecimals": "many"}
            if listing.market.coin in self.malformed_coins
            else listing.meta
            for listing in dex.listings
        ]
        if dex.name:
            for entry in universe:
                entry["deployerFeeScale"] = dex.fee_scale
        used = {listing.margin_table_id for listing in dex.listings}
        tables = [
            [
                table.id,
                {
                    "description": table.description,
                    "marginTiers": [
                        {"lowerBound": money_text(tier.lower_bound), "maxLeverage": tier.max_leverage}
                        for tier in table.tiers
                    ],
                },
            ]
            for table in self.market_set.tables
            if table.id in used
        ]
        if self._quirks.small_margin_tables == "listed":
            single = sorted(used - {table.id for table in self.market_set.tables})
            tables = [[number, single_tier(number)] for number in single] + tables
        return {"universe": universe, "marginTables": tables, "collateralToken": dex.collateral_token}

    def all_metas(self) -> list[Any]:
        """`allPerpMetas`: one meta per dex, or as the venue's pages show it (the quirk `all_perp_metas`)."""
        as_pairs = self._quirks.all_perp_metas == "pairs"
        metas = [(self.meta(dex), dex) for dex in self.market_set.dexes]
        return [[meta, self.contexts(dex)] if as_pairs else meta for meta, dex in metas]

    def perp_dexs(self) -> list[Json | None]:
        """`perpDexs`: null for the first dex."""
        return [None, *(self._dex(dex) for dex in self.market_set.dexes[1:])]

    def _dex(self, dex: Dex) -> Json:
        return {
            "name": dex.name,
            "fullName": dex.full_name,
            "deployer": dex.deployer,
            "oracleUpdater": None,
            "feeRecipient": dex.deployer,
            "assetToStreamingOiCap": [[listing.market.coin, "100000000.0"] for listing in dex.listings],
            "subDeployers": [],
            "deployerFeeScale": dex.fee_scale,
            "lastDeployerFeeScaleChangeTime": "1970-01-01T00:00:00",
            "assetToFundingMultiplier": [],
            "assetToFundingInterestRate": [],
        }

    def spot_meta(self) -> Json:
        """`spotMeta`: the collateral tokens; no spot pair is traded here."""
        return {"universe": [], "tokens": list(self.market_set.tokens)}

    # ------------------------------------------------------------------ prices and contexts

    def contexts(self, dex: Dex) -> list[Json]:
        """The asset contexts of a dex, in the order of its universe."""
        return [self.context(self._exchange.markets[listing.market.asset]) for listing in dex.listings]

    def context(self, state: MarketState) -> Json:
        """One asset context; without two sides of the book `midPx`, `premium` and `impactPxs` are null."""
        market = state.market
        tape = self._tape.by_asset[market.asset]
        now = self._exchange.now
        notional, lots = tape.day_volume(now)
        impact, premium_now, mid = impact_pxs(state), premium(state), state.doubled_mid
        return {
            "funding": float_text(0 if market.is_delisted else hourly_rate(state), RATE_DECIMALS),
            "openInterest": size_text(state.open_interest, market.sz_decimals),
            "prevDayPx": price_text(tape.previous_day_px(now)),
            "dayNtlVlm": money_text(notional),
            "premium": None if premium_now is None else float_text(premium_now, RATE_DECIMALS),
            "oraclePx": price_text(state.oracle_px),
            "markPx": price_text(state.mark_px),
            "midPx": None if mid is None else _half_text(mid),
            "impactPxs": None if impact is None else [price_text(px) for px in impact],
            "dayBaseVlm": size_text(lots, market.sz_decimals),
        }

    @staticmethod
    def mark_and_mid(state: MarketState) -> tuple[str, str | None]:
        """Mark price and mid of a market; null without two sides of the book."""
        mid = state.doubled_mid
        return price_text(state.mark_px), None if mid is None else _half_text(mid)

    def mids(self, dex: Dex) -> dict[str, str]:
        """`allMids` of a dex: where a side of the book is empty the last trade stands in, then the mark."""
        mids: dict[str, str] = {}
        for listing in dex.listings:
            state = self._exchange.markets[listing.market.asset]
            if state.market.is_delisted:
                continue
            mid = state.doubled_mid
            mids[state.market.coin] = price_text(state.last_px or state.mark_px) if mid is None else _half_text(mid)
        return mids

    # ------------------------------------------------------------------ books and trades

    def book(self, state: MarketState, n_sig_figs: int | None = None, mantissa: int | None = None) -> Json:
        """`l2Book`: the best 20 levels of each side, aggregated when significant figures are asked for."""
        book, sz_decimals = state.book, state.market.sz_decimals
        frame: Json = {"coin": state.market.coin, "time": self._exchange.now}
        if n_sig_figs is None:
            sides = [book.bids.levels(BOOK_DEPTH), book.asks.levels(BOOK_DEPTH)]
        else:
            sides = [
                _aggregated(side.levels(), is_bid, n_sig_figs, mantissa or 1)
                for side, is_bid in ((book.bids, True), (book.asks, False))
            ]
        frame["levels"] = [[level_json(level, sz_decimals) for level in side] for side in sides]
        if n_sig_figs is not None and sides[0] and sides[1]:
            frame["spread"] = price_text(sides[1][0].px - sides[0][0].px)
        return frame

    def fast_book(self, state: MarketState) -> Json:
        """The five-level book of the fast stream (section 8.2)."""
        book, sz_decimals = state.book, state.market.sz_decimals
        sides = (book.bids.levels(FAST_BOOK_DEPTH), book.asks.levels(FAST_BOOK_DEPTH))
        levels = [[level_json(level, sz_decimals) for level in side] for side in sides]
        return {"coin": state.market.coin, "time": self._exchange.now, "levels": levels, "fast": True}

    def book_frame(self, state: MarketState, subscription: L2Book | Bbo) -> tuple[str, Json]:
        """Channel and data of a book stream as things stand."""
        if isinstance(subscription, Bbo):
            decimals = state.market.sz_decimals
            best = [None if level is None else level_json(level, decimals) for level in self.best(state)]
            return "bbo", {"coin": subscription.coin, "time": self._exchange.now, "bbo": best}
        if subscription.fast:
            return "l2Book", self.fast_book(state)
        return "l2Book", self.book(state, subscription.nSigFigs, subscription.mantissa)

    def best(self, state: MarketState) -> tuple[Level | None, Level | None]:
        """The best level of each side."""
        bids, asks = state.book.bids.levels(1), state.book.asks.levels(1)
        return bids[0] if bids else None, asks[0] if asks else None

    def trade(self, trade: Trade) -> Json:
        """A trade as in `recentTrades` and the `trades` stream; `side` is the aggressor's."""
        sz_decimals = self._exchange.markets[trade.asset].market.sz_decimals
        return {
            "coin": trade.coin,
            "side": "B" if trade.is_buy else "A",
            "px": price_text(trade.px),
            "sz": size_text(trade.sz, sz_decimals),
            "time": trade.time,
            "hash": trade.hash,
            "tid": trade.tid,
            "users": [trade.buyer, trade.seller],
        }

    def candles(self, state: MarketState, interval: str, start: int, end: int) -> list[Json]:
        """`candleSnapshot`: the candles that overlap a range of time, oldest first."""
        found = self._tape.by_asset[state.market.asset].candles(interval, start, end, self._exchange.now)
        return [self._candle(state, interval, candle) for candle in found]

    def open_candle(self, state: MarketState, interval: str) -> Json:
        """The candle in the making, as the `candle` stream sends it."""
        candle = self._tape.by_asset[state.market.asset].open_candle(interval, self._exchange.now)
        return self._candle(state, interval, candle)

    @staticmethod
    def _candle(state: MarketState, interval: str, candle: Candle) -> Json:
        return {
            "t": candle.open_time,
            "T": candle.close_time,
            "s": state.market.coin,
            "i": interval,
            "o": price_text(candle.open),
            "c": price_text(candle.close),
            "h": price_text(candle.high),
            "l": price_text(candle.low),
            "v": float_text(candle.volume, state.market.sz_decimals),  # hardly ever the same twice
            "n": candle.count,
        }

    @staticmethod
    def funding_row(row: FundingRate) -> Json:
        """An entry of `fundingHistory`."""
        return {
            "coin": row.coin,
            "fundingRate": float_text(row.rate, RATE_DECIMALS),
            "premium": float_text(row.premium, RATE_DECIMALS),
            "time": row.time,
        }


def single_tier(leverage: int) -> Json:
    """The margin table whose id is its leverage (section 2.1)."""
    return {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": leverage}]}


def level_json(level: Level, sz_decimals: int) -> Json:
    """One price level."""
    return {"px": price_text(level.px), "sz": size_text(level.sz, sz_decimals), "n": level.n}


def _half_text(doubled: int) -> str:
    """A price given doubled; a mid may have one decimal more than prices have."""
    return float_text(doubled * 5, 7)


def _aggregated(levels: list[Level], is_bid: bool, n_sig_figs: int, mantissa: int) -> list[Level]:
    """The best 20 levels with prices brought to `n_sig_figs` figures: bids down, asks up."""
    merged: list[Level] = []
    for level in levels:
        step = mantissa * 10 ** max(0, len(str(level.px)) - n_sig_figs)
        px = level.px // step * step if is_bid else -(-level.px // step) * step
        if merged and merged[-1].px == px:
            last = merged[-1]
            merged[-1] = Level(px, last.sz + level.sz, last.n + level.n)
        elif len(merged) == BOOK_DEPTH:
            break
        else:
            merged.append(Level(px, level.sz, level.n))
    return merged
