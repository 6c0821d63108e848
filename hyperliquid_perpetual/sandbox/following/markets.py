"""The market set of another venue, made from its own metadata: names, asset ids, steps, leverage, tiers, collateral.

What was not recorded keeps its place: a dex without metadata is listed without markets, and an entry that cannot be
read is listed as delisted, so that every asset id is the venue's (reference, section 7).
"""

import logging
from fractions import Fraction
from typing import Any

from hyperliquid_perpetual.sandbox.engine.markets import (
    FundingTerms,
    MarginMode,
    MarginTable,
    MarginTier,
    Market,
    default_funding_terms,
)
from hyperliquid_perpetual.sandbox.market_set import Dex, Listing, MarketSet
from hyperliquid_perpetual.sandbox.recording.records import Metadata
from hyperliquid_perpetual.sandbox.wire import MONEY_DECIMALS, PRICE_DECIMALS, canonical_decimal, scaled

_BROKEN = (TypeError, ValueError, KeyError, IndexError, AttributeError)
_UNPRICED: int = 10**PRICE_DECIMALS
"""What a market costs of which nothing is known: one dollar."""

logger = logging.getLogger(__name__)


class MetadataError(ValueError):
    """Metadata from which no markets can be made."""


def market_set_of(metadata: Metadata) -> MarketSet:
    """What a venue lists.

    :raises MetadataError: when the first dex or the tokens cannot be read.
    """
    try:
        tokens = {token["index"]: token for token in metadata.spot_meta["tokens"]}
        names = ["", *(str(entry["name"]) for entry in metadata.perp_dexs[1:])]
        tables: dict[int, MarginTable] = {}
        dexes = tuple(
            _dex(index, name, metadata.perp_dexs[index], metadata.dexs.get(name), tokens, tables)
            for index, name in enumerate(names)
        )
    except _BROKEN as error:
        raise MetadataError(f"the venue's metadata cannot be read: {error!r}") from None
    if not dexes[0].listings:
        raise MetadataError("the venue's metadata lists no market on the first dex")
    return MarketSet(dexes, tuple(tables.values()), tuple(tokens.values()))


def _dex(
    index: int,
    name: str,
    facts: dict[str, Any] | None,
    recorded: list[Any] | None,
    tokens: dict[int, dict[str, Any]],
    tables: dict[int, MarginTable],
) -> Dex:
    facts = facts or {}
    full_name = str(facts.get("fullName") or name)
    fee_scale = str(facts.get("deployerFeeScale") or "1.0") if name else "0.0"
    Fraction(fee_scale)
    if recorded is None:
        return Dex(name, full_name, "USDC", 0, (), fee_scale)
    meta, contexts = recorded
    token = tokens[meta.get("collateralToken", 0)]
    own_tables = {number: _table(number, table) for number, table in meta.get("marginTables", ())}
    for number, table in own_tables.items():
        tables.setdefault(number, table)
    first = 100_000 + index * 10_000 if index else 0
    multipliers = dict(facts.get("assetToFundingMultiplier") or ())
    listings = tuple(
        _listing(first + position, name, entry, context, (token["name"], token["index"]), own_tables, multipliers)
        for position, (entry, context) in enumerate(zip(meta["universe"], contexts, strict=True))
    )
    return Dex(name, full_name, token["name"], token["index"], listings, fee_scale)


def _listing(
    asset: int,
    dex: str,
    entry: dict[str, Any],
    context: dict[str, Any],
    collateral: tuple[str, int],
    tables: dict[int, MarginTable],
    multipliers: dict[str, str],
) -> Listing:
    token, token_index = collateral
    try:
        coin, sz_decimals, leverage = str(entry["name"]), int(entry["szDecimals"]), int(entry["maxLeverage"])
        if not 0 <= sz_decimals <= 6 or leverage < 1:
            raise ValueError("size decimals or leverage that no market has")
        table = int(entry.get("marginTableId", leverage))
        market = Market(
            coin=coin,
            asset=asset,
            sz_decimals=sz_decimals,
            max_leverage=leverage,
            oracle_px=_price(context),
            margin_table=tables.get(table),
            margin_mode=_margin_mode(entry),
            is_delisted=bool(entry.get("isDelisted")),
            funding=_funding(coin, dex, multipliers),
            dex=dex,
            collateral=token,
            collateral_token=token_index,
        )
        return Listing(market, table, entry.get("growthMode") == "enabled")
    except _BROKEN as error:
        logger.warning("asset %d of the source cannot be read and is not traded: %r in %s", asset, error, entry)
        name = entry.get("name") if isinstance(entry, dict) else None
        broken = Market(
            coin=str(name or f"?{asset}"),
            asset=asset,
            sz_decimals=0,
            max_leverage=1,
            oracle_px=_UNPRICED,
            is_delisted=True,
            dex=dex,
            collateral=token,
            collateral_token=token_index,
        )
        return Listing(broken, 1)


def _margin_mode(entry: dict[str, Any]) -> MarginMode:
    mode = entry.get("marginMode")
    if mode == "noCross":
        return "noCross"
    return "strictIsolated" if mode == "strictIsolated" or entry.get("onlyIsolated") else "any"


def _price(context: dict[str, Any]) -> int:
    """The oracle price at the time of the metadata, else the mark."""
    for key in ("oraclePx", "markPx"):
        px = scaled(canonical_decimal(str(context.get(key) or "0")), PRICE_DECIMALS)
        if px is not None and px > 0:
            return px
    return _UNPRICED


def _table(number: int, table: dict[str, Any]) -> MarginTable:
    tiers = []
    for tier in table["marginTiers"]:
        bound = scaled(canonical_decimal(tier["lowerBound"]), MONEY_DECIMALS)
        if bound is None:
            raise ValueError(f"margin table {number} has a bound of {tier['lowerBound']}")
        tiers.append(MarginTier(bound, int(tier["maxLeverage"])))
    return MarginTable(int(number), tuple(tiers), str(table.get("description", "")))


def _funding(coin: str, dex: str, multipliers: dict[str, str]) -> FundingTerms:
    terms = default_funding_terms(coin, dex)
    if coin in multipliers:
        percent = round(Fraction(str(multipliers[coin])) * 100)
        terms = FundingTerms(terms.impact_notional, terms.interest, terms.clamp, percent, terms.hourly_cap)
    return terms
