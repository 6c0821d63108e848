"""The tradable markets of all perpetual dexs: names, asset ids, precision, leverage limits and collateral.

Reference, sections 2.1 and 7. The asset id of a market follows from two array positions in the venue's raw replies, the
dex in ``perpDexs`` (the leading null is the first dex) and the market in that dex's ``universe``. Entries that cannot
be used (delisted, malformed, empty dexs) therefore keep their place in the count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeGuard

from .fees import hip3_fee_multiplier, hip3_rebate_multiplier
from .margin import MarginTable, MarginTier
from .numbers import to_decimal
from .pair_names import FoldingDict, fold, near_matches
from .prices import MAX_PRICE_DECIMALS

FIRST_DEX = ""
"""The name by which requests address the validator-operated dex."""

QUOTE = "USD"
"""The quote of every trading pair: what Hummingbot users know, whatever token a dex takes as collateral."""

_HIP3_BASE = 100_000
_HIP3_STRIDE = 10_000
USDC = "USDC"
"""The collateral of the first dex, and of every dex that does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Market:
    """One perpetual market, as of the last metadata refresh."""

    coin: str
    """The venue's full name, case and dex prefix kept: ``BTC``, ``kPEPE``, ``xyz:TSLA``."""
    asset_id: int
    dex: str
    sz_decimals: int
    max_leverage: int
    collateral_token: str
    """Name of the token the dex takes as margin and charges fees in."""
    only_isolated: bool = False
    """Cross margin is not allowed (``onlyIsolated``, or margin mode ``noCross`` or ``strictIsolated``)."""
    strict_isolated: bool = False
    """Isolated margin cannot be removed while the position is open."""
    is_delisted: bool = False
    margin_table: MarginTable | None = None
    fee_multiplier: Decimal = Decimal(1)
    """What the account's fee rates are multiplied with: 1 on the first dex (section 13)."""
    rebate_multiplier: Decimal = Decimal(1)
    """What negative rates, which are rebates, are multiplied with."""
    spelling: str = ""
    """How the user writes the trading pair, where that is not the venue's way; see ``MarketTable.spelled``."""

    @property
    def trading_pair(self) -> str:
        """Hummingbot's name of the market: the coin as the venue writes it, and ``USD``."""
        return self.spelling or f"{self.coin}-{QUOTE}"

    @property
    def is_hip3(self) -> bool:
        """Whether the market belongs to a builder-deployed dex."""
        return self.dex != FIRST_DEX


@dataclass(frozen=True, slots=True)
class MarketTable:
    """All markets at one moment. Immutable: a refresh makes a new one, which is swapped in whole."""

    by_coin: Mapping[str, Market]
    by_asset_id: Mapping[int, Market]
    by_trading_pair: Mapping[str, Market]
    """Tradable markets only: delisted ones are left out here, and here alone. Answers to a pair in the wrong case too,
    where that can only mean one market."""
    dexs: tuple[str, ...]
    """Names of the dexs in index order; the empty string is the first one. Dexs without a usable name are empty too."""
    problems: tuple[str, ...] = field(default=())
    """What could not be read, one sentence each. Each problem cost only itself."""

    collateral: Mapping[str, str] = field(default_factory=dict)
    """The name of each dex's collateral token, by dex."""

    def __iter__(self) -> Iterator[Market]:
        return iter(self.by_coin.values())

    @property
    def delisted(self) -> list[Market]:
        """Markets that exist but no longer trade."""
        return [market for market in self if market.is_delisted]

    def find(self, trading_pair: str) -> Market | None:
        """The market of a pair, delisted or not, whatever case it is written in; None when there is none."""
        market = self.by_trading_pair.get(trading_pair)
        if market is not None:
            return market
        gone: FoldingDict[Market] = FoldingDict({market.trading_pair: market for market in self.delisted})
        found: Market | None = gone.get(trading_pair)
        return found

    def spelled(self, trading_pairs: Iterable[str]) -> "MarketTable":
        """The same table, in which the markets go by the names that the user has written for them.

        Hummingbot's ``create`` and ``deploy`` write pairs in capitals into a strategy's configuration, and a strategy
        then knows no other name. A name that is right as it is, or means no single market, changes nothing.
        """
        markets = dict(self.by_coin)
        for pair in trading_pairs:
            market = self.find(pair)
            if market is not None and market.trading_pair != pair and fold(market.trading_pair) == fold(pair):
                markets[market.coin] = replace(market, spelling=pair)
        return self if markets == self.by_coin else _table(markets.values(), self.dexs, self.problems)

    def keeping(self, older: "MarketTable") -> "MarketTable":
        """This table, with what an older one had and this one could not read.

        Markets never leave the venue's lists (section 7): one that is missing was malformed this time.
        """
        lost = {coin: market for coin, market in older.by_coin.items() if coin not in self.by_coin}
        kept = [market for market in lost.values() if market.asset_id not in self.by_asset_id]
        if not kept:
            return self
        return _table([*self.by_coin.values(), *kept], self.dexs, self.problems)

    def near(self, trading_pair: str) -> list[str]:
        """The pairs that an unknown one may have been meant for."""
        return near_matches(trading_pair, self.by_trading_pair)

    def dexs_of(self, coins: Iterable[str]) -> list[str]:
        """The dexs that the given coins trade on, each once; coins that are not known are skipped."""
        return list(dict.fromkeys(self.by_coin[coin].dex for coin in coins if coin in self.by_coin))


def _table(markets: Iterable[Market], dexs: tuple[str, ...], problems: tuple[str, ...]) -> MarketTable:
    by_coin = {market.coin: market for market in markets}
    return MarketTable(
        by_coin=by_coin,
        by_asset_id={market.asset_id: market for market in by_coin.values()},
        by_trading_pair=FoldingDict(
            {m.trading_pair: m for m in by_coin.values() if not m.is_delisted and _can_be_a_pair(m.coin)}
        ),
        dexs=dexs,
        problems=problems,
        collateral={market.dex: market.collateral_token for market in by_coin.values()},
    )


def _can_be_a_pair(coin: str) -> bool:
    """Hummingbot splits pairs at their only hyphen, and its commands at white space; testnet lists names with both."""
    return "-" not in coin and coin.isprintable() and not any(map(str.isspace, coin))


EMPTY_TABLE = MarketTable(by_coin={}, by_asset_id={}, by_trading_pair={}, dexs=(FIRST_DEX,))


def dex_of(coin: str) -> str:
    """The dex that a coin trades on, by the prefix of its name (section 7); empty for the first one."""
    return coin.rpartition(":")[0]


def asset_id_of(dex_index: int, market_index: int) -> int:
    """The id used in actions (section 7): the market's own index on the first dex, 110000 and up on builder dexs."""
    return market_index if dex_index == 0 else _HIP3_BASE + dex_index * _HIP3_STRIDE + market_index


def parse_market_table(
    perp_dexs: Sequence[Any] | None,
    metas: Sequence[Any],
    collateral_names: Mapping[int, str] | None = None,
) -> MarketTable:
    """Builds the table from raw replies.

    :param perp_dexs: the reply to ``perpDexs`` as it is; None when only the first dex is wanted.
    :param metas: the reply to ``allPerpMetas``: a meta (or ``[meta, contexts]`` pair) for each entry of ``perp_dexs``.
    :param collateral_names: token index to name, from ``spotMeta``; see ``parse_token_names``.
    """
    names = _dex_names(perp_dexs)
    tokens = {0: USDC, **(collateral_names or {})}
    problems: list[str] = []
    by_coin: dict[str, Market] = {}
    for dex_index, dex in enumerate(names):
        if dex_index >= len(metas):
            problems.append(f"dex {dex!r} (index {dex_index}) has no metadata")
            continue
        if dex is None:
            problems.append(f"dex index {dex_index} has no name")
            continue
        for market in _parse_dex(dex, dex_index, metas[dex_index], tokens, problems):
            if market.coin in by_coin:
                # Whichever came first keeps the name: a later entry must not draw its orders to another asset id.
                problems.append(f"market {market.coin!r} is listed twice, asset id {market.asset_id} is not used")
                continue
            if not _can_be_a_pair(market.coin):
                problems.append(f"market {market.coin!r} has a name that no trading pair can have, it cannot be traded")
            by_coin[market.coin] = market
    return _table(by_coin.values(), tuple(name or "" for name in names), tuple(problems))


def parse_token_names(spot_meta: Any) -> dict[int, str]:
    """Token index to name out of a ``spotMeta`` reply; entries that cannot be read are skipped."""
    tokens = spot_meta.get("tokens") if isinstance(spot_meta, dict) else None
    names: dict[int, str] = {}
    for token in tokens if isinstance(tokens, list) else []:
        if isinstance(token, dict) and _is_integer(token.get("index")) and isinstance(token.get("name"), str):
            names[token["index"]] = token["name"]
    return names


def collateral_indexes(metas: Sequence[Any]) -> set[int]:
    """The indexes of all collateral tokens in a reply to ``allPerpMetas``, as far as they can be read."""
    dicts = [meta[0] if isinstance(meta, list) and meta else meta for meta in metas]
    indexes = (meta.get("collateralToken", 0) for meta in dicts if isinstance(meta, dict))
    return {index for index in indexes if _is_integer(index)}


def _dex_names(perp_dexs: Sequence[Any] | None) -> list[str | None]:
    if not perp_dexs:
        return [FIRST_DEX]
    names: list[str | None] = []
    for index, entry in enumerate(perp_dexs):
        if index == 0:
            names.append(FIRST_DEX)
        else:
            name = entry.get("name") if isinstance(entry, dict) else None
            names.append(name if isinstance(name, str) and name else None)
    return names


def _parse_dex(dex: str, dex_index: int, raw: Any, tokens: Mapping[int, str], problems: list[str]) -> Iterator[Market]:
    meta = raw[0] if isinstance(raw, list) and raw else raw
    if not isinstance(meta, dict) or not isinstance(meta.get("universe"), list):
        problems.append(f"dex {dex!r} (index {dex_index}) has no universe")
        return
    collateral = _collateral_name(meta.get("collateralToken"), tokens)
    if collateral is None:
        problems.append(f"dex {dex!r} (index {dex_index}) has a collateral token that cannot be read")
        return
    tables = _margin_tables(meta.get("marginTables"))
    for market_index, entry in enumerate(meta["universe"]):
        try:
            yield _parse_market(entry, dex, asset_id_of(dex_index, market_index), collateral, tables)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"market {market_index} of dex {dex!r} cannot be read: {error!r}")


def _parse_market(entry: Any, dex: str, asset_id: int, collateral: str, tables: Mapping[int, MarginTable]) -> Market:
    coin, sz_decimals, max_leverage = entry["name"], entry["szDecimals"], entry["maxLeverage"]
    if not isinstance(coin, str):
        raise ValueError(f"expected a name, got {coin!r}")
    prefix, _, base = coin.rpartition(":")
    if prefix != dex or not base:
        # Whoever deploys a dex names its markets: none may take the name of a market elsewhere.
        raise ValueError(f"expected a name{f' that starts with {dex}:' if dex else ''}, got {coin!r}")
    if not _is_integer(sz_decimals) or not 0 <= sz_decimals <= MAX_PRICE_DECIMALS:
        raise ValueError(f"expected szDecimals from 0 to {MAX_PRICE_DECIMALS}, got {sz_decimals!r}")
    if not _is_integer(max_leverage) or max_leverage < 1:
        raise ValueError(f"expected a maxLeverage of at least 1, got {max_leverage!r}")
    mode = entry.get("marginMode")
    table_id = entry.get("marginTableId")
    return Market(
        coin=coin,
        asset_id=asset_id,
        dex=dex,
        sz_decimals=sz_decimals,
        max_leverage=max_leverage,
        collateral_token=collateral,
        only_isolated=entry.get("onlyIsolated") is True or mode in ("noCross", "strictIsolated"),
        strict_isolated=mode == "strictIsolated",
        is_delisted=entry.get("isDelisted") is True,
        margin_table=tables.get(table_id) or MarginTable((MarginTier(Decimal(0), max_leverage),)),
        fee_multiplier=hip3_fee_multiplier(*_fee_scale(entry)) if dex != FIRST_DEX else Decimal(1),
        rebate_multiplier=hip3_rebate_multiplier(*_fee_scale(entry)) if dex != FIRST_DEX else Decimal(1),
    )


def _fee_scale(entry: Mapping[str, Any]) -> tuple[Decimal, bool]:
    """The deployer's fee scale, and whether the market is in growth mode."""
    raw = entry.get("deployerFeeScale")
    scale = Decimal(1) if raw is None else to_decimal(raw)
    if scale < 0:
        raise ValueError(f"expected a deployerFeeScale of at least 0, got {raw!r}")
    return scale, entry.get("growthMode") == "enabled"


def _margin_tables(raw: Any) -> dict[int, MarginTable]:
    tables: dict[int, MarginTable] = {}
    for item in raw if isinstance(raw, list) else []:
        try:
            table_id, table = item
            tiers = tuple(_margin_tier(tier) for tier in table["marginTiers"])
        except (KeyError, TypeError, ValueError):
            # The market falls back to one tier of its own maxLeverage, which is what most tables say.
            continue
        if tiers and _is_integer(table_id):
            tables[table_id] = MarginTable(tuple(sorted(tiers, key=lambda tier: tier.lower_bound)))
    return tables


def _margin_tier(raw: Any) -> MarginTier:
    leverage = raw["maxLeverage"]
    if not _is_integer(leverage) or leverage < 1:
        raise ValueError(f"expected a maxLeverage of at least 1, got {leverage!r}")
    return MarginTier(to_decimal(raw["lowerBound"]), leverage)


def _collateral_name(token_index: Any, tokens: Mapping[int, str]) -> str | None:
    if token_index is None:
        return USDC  # recordings from before there was a choice
    return tokens.get(token_index, f"TOKEN{token_index}") if _is_integer(token_index) else None


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
