"""The markets that the sandbox lists: facts as the venue recorded them, with prices to start from.

The first dex has the venue's leading coins, one that is delisted and keeps its place, one that may only be traded with
isolated margin and one without cross margin. Beside it stand three HIP-3 dexes: `xyz` on USDC, `vntl` which lists
nothing (its index still counts), and `km` on USDH, so that every rule for asset ids (reference, section 7) is met.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from hyperliquid_perpetual.sandbox.engine.markets import (
    MarginMode,
    MarginTable,
    MarginTier,
    Market,
    default_funding_terms,
)
from hyperliquid_perpetual.sandbox.engine.units import usd
from hyperliquid_perpetual.sandbox.market_character import Character
from hyperliquid_perpetual.sandbox.wire import PRICE_DECIMALS, canonical_decimal, scaled

USDC, USDH = ("USDC", 0), ("USDH", 360)
FEE_SCALE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Listing:
    """One market as it is listed: what the engine needs, and what only `meta` shows."""

    market: Market
    margin_table_id: int
    growth_mode: bool = False

    @property
    def meta(self) -> dict[str, Any]:
        """The entry of `meta.universe`; keys that do not apply are absent (section 2.1)."""
        market = self.market
        entry: dict[str, Any] = {
            "name": market.coin,
            "szDecimals": market.sz_decimals,
            "maxLeverage": market.max_leverage,
            "marginTableId": self.margin_table_id,
        }
        if market.margin_mode != "any":
            entry["onlyIsolated"] = True
            entry["marginMode"] = market.margin_mode
        if market.is_delisted:
            entry["isDelisted"] = True
        if self.growth_mode:
            entry["growthMode"] = "enabled"
        return entry


@dataclass(frozen=True, slots=True)
class Dex:
    """A perp dex: its name ("" for the first), its collateral token, its markets in their order."""

    name: str
    full_name: str
    collateral: str
    collateral_token: int
    listings: tuple[Listing, ...]
    fee_scale: str = "0.0"
    """`deployerFeeScale` of a HIP-3 dex (section 13)."""

    @property
    def deployer(self) -> str:
        """A made-up address."""
        return "0x" + self.name.encode().hex().rjust(40, "0")


@dataclass(slots=True)
class MarketSet:
    """All dexes in the order of `perpDexs`; the first is the venue's own.

    Markets and dexes are added behind the others, and never leave: indices are append-only (reference, section 7).
    """

    dexes: tuple[Dex, ...]
    tables: tuple[MarginTable, ...]
    tokens: tuple[dict[str, Any], ...]
    characters: Mapping[str, Character] = field(default_factory=dict)
    """How synthetic traders treat a market, by coin; others are ordinary."""
    by_coin: dict[str, Listing] = field(default_factory=dict)
    dex_names: list[str] = field(default_factory=list)
    """The names in the order of `dexes`: one list for good, which grows."""

    def __post_init__(self) -> None:
        self.dex_names.extend(dex.name for dex in self.dexes)
        self.by_coin.update({listing.market.coin: listing for dex in self.dexes for listing in dex.listings})

    @property
    def token_indexes(self) -> dict[str, int]:
        """The index of every token by its name."""
        return {token["name"]: token["index"] for token in self.tokens}

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every market, delisted ones included."""
        return tuple(listing.market for dex in self.dexes for listing in dex.listings)

    def dex(self, name: str) -> Dex | None:
        """A dex by name."""
        return next((dex for dex in self.dexes if dex.name == name), None)

    def add_dex(self, name: str, collateral: str, fee_scale: str = "1.0") -> Dex:
        """A new HIP-3 dex without markets.

        :raises ValueError: for a name that is none or is taken, and for a token that there is not.
        """
        if not name.isalnum() or not name.islower() or self.dex(name) is not None:
            raise ValueError(f"a new dex needs a free name of lowercase letters and digits, got {name!r}")
        dex = Dex(name, name.capitalize(), collateral, self._token(collateral), (), fee_scale)
        self.dexes = (*self.dexes, dex)
        self.dex_names.append(name)
        return dex

    def new_listing(self, coin: str, price: str, sz_decimals: int, max_leverage: int) -> Listing:
        """A market that could be listed next, at the end of its dex; `add` lists it.

        :raises ValueError: for a coin that is listed, a dex that there is not, and figures that no market has.
        """
        name = _dex_name(coin)
        index, dex = next(((i, dex) for i, dex in enumerate(self.dexes) if dex.name == name), (0, None))
        if dex is None:
            raise ValueError(f"there is no dex {name!r} for {coin}; there are {[dex.name for dex in self.dexes]}")
        if not coin.rpartition(":")[2] or coin in self.by_coin:
            raise ValueError(f"a new market needs a free name, got {coin!r}")
        if not 0 <= sz_decimals <= 6 or not 1 <= max_leverage <= 50:
            raise ValueError("a market has 0 to 6 size decimals and a leverage of 1 to 50")
        first = 100_000 + index * 10_000 if index else 0
        collateral = dex.collateral, dex.collateral_token
        listing = make_listing(
            first + len(dex.listings),
            coin,
            sz_decimals,
            max_leverage,
            max_leverage,
            price,
            collateral=collateral,
            fee_scale=dex.fee_scale,
        )
        if listing.market.oracle_px <= 0:
            raise ValueError(f"a price is positive, got {price}")
        return listing

    def add(self, listing: Listing) -> None:
        """List a market of `new_listing`."""
        self._change(listing.market.dex, lambda dex: (*dex.listings, listing))
        self.by_coin[listing.market.coin] = listing

    def delist(self, coin: str) -> None:
        """Mark a market as delisted; it keeps its place."""
        old = self.by_coin[coin]
        new = replace(old, market=structs.replace(old.market, is_delisted=True))
        self._change(old.market.dex, lambda dex: tuple(new if entry is old else entry for entry in dex.listings))
        self.by_coin[coin] = new

    def _change(self, name: str, listings: Callable[[Dex], tuple[Listing, ...]]) -> None:
        self.dexes = tuple(replace(dex, listings=listings(dex)) if dex.name == name else dex for dex in self.dexes)

    def _token(self, name: str) -> int:
        for token in self.tokens:
            if token["name"] == name:
                return int(token["index"])
        raise ValueError(f"there is no token {name!r}; there are {[token['name'] for token in self.tokens]}")


_TABLES = (
    MarginTable(51, (MarginTier(0, 10), MarginTier(usd(3_000_000), 5)), "tiered 10x"),
    MarginTable(54, (MarginTier(0, 20), MarginTier(usd(40_000_000), 10)), "tiered 20x"),
    MarginTable(55, (MarginTier(0, 25), MarginTier(usd(100_000_000), 15)), "tiered 25x"),
    MarginTable(56, (MarginTier(0, 40), MarginTier(usd(150_000_000), 20)), "tiered 40x"),
)

# coin, szDecimals, max leverage, margin table, start price, margin mode, delisted
_FIRST_DEX: tuple[tuple[str, int, int, int, str, MarginMode, bool], ...] = (
    ("BTC", 5, 40, 56, "86420", "any", False),
    ("ETH", 4, 25, 55, "2817.5", "any", False),
    ("ATOM", 2, 5, 5, "2.4712", "any", False),
    ("MATIC", 1, 20, 20, "0.3754", "any", True),
    ("DYDX", 1, 5, 5, "0.21874", "any", False),
    ("SOL", 2, 20, 54, "131.25", "any", False),
    ("kPEPE", 0, 10, 51, "0.004321", "any", False),
    ("DOGE", 0, 10, 51, "0.14386", "any", False),
    ("STX", 1, 3, 3, "0.31205", "strictIsolated", False),
    ("GMX", 2, 3, 3, "8.1042", "noCross", False),
)
_XYZ = (("XYZ100", 4, 20, "25114", False), ("TSLA", 3, 10, "417.32", True))
_KM = (("US500", 3, 20, "6602.5", True),)

_CHARACTERS = {
    "BTC": Character(volatility=1.0),
    "ETH": Character(volatility=1.25),
    "xyz:XYZ100": Character(volatility=0.6),
    "km:US500": Character(volatility=0.5),
    "xyz:TSLA": Character(volatility=1.2),
}


def standard_markets() -> MarketSet:
    """The markets of a sandbox that is not told otherwise."""
    first = tuple(
        make_listing(asset, coin, sz_decimals, leverage, table, px, mode, delisted)
        for asset, (coin, sz_decimals, leverage, table, px, mode, delisted) in enumerate(_FIRST_DEX)
    )
    dexes = (
        Dex("", "", *USDC, first),
        make_hip3_dex(1, "xyz", "XYZ", USDC, _XYZ, "1.0"),
        make_hip3_dex(2, "vntl", "Ventuals", USDH, (), "0.5"),
        make_hip3_dex(3, "km", "Kinetiq Markets", USDH, _KM, "0.5"),
    )
    tokens = (_token("USDC", 0, 8), _token("PURR", 1, 0), _token("HYPE", 150, 2), _token("USDH", 360, 2))
    return MarketSet(dexes, _TABLES, tokens, _CHARACTERS)


def make_listing(
    asset: int,
    coin: str,
    sz_decimals: int,
    leverage: int,
    table: int,
    px: str,
    mode: MarginMode = "any",
    delisted: bool = False,
    growth_mode: bool = False,
    collateral: tuple[str, int] = USDC,
    fee_scale: str = "0.0",
) -> Listing:
    """One market; `table` up to 50 is the single tier of that leverage, `px` the price to start from.

    :raises ValueError: for a price with more than six decimals.
    """
    price = scaled(px, PRICE_DECIMALS)
    if price is None:
        raise ValueError(f"{coin}: {px} has too many decimals")
    dex = _dex_name(coin)
    market = Market(
        coin=coin,
        asset=asset,
        sz_decimals=sz_decimals,
        max_leverage=leverage,
        oracle_px=price,
        margin_table=next((entry for entry in _TABLES if entry.id == table), None),
        margin_mode=mode,
        dex=dex,
        collateral=collateral[0],
        collateral_token=collateral[1],
        is_delisted=delisted,
        funding=default_funding_terms(coin, dex),
        fee_scale=scaled(canonical_decimal(fee_scale), FEE_SCALE_DECIMALS) or 0,
        growth_mode=growth_mode,
    )
    return Listing(market, table, growth_mode)


def make_hip3_dex(
    index: int,
    name: str,
    full_name: str,
    collateral: tuple[str, int],
    rows: tuple[tuple[str, int, int, str, bool], ...],
    fee_scale: str,
) -> Dex:
    """A HIP-3 dex of (coin, szDecimals, maximum leverage, price, growth mode); `index` is its place in `perpDexs`."""
    listings = tuple(
        make_listing(
            100_000 + index * 10_000 + position,
            f"{name}:{coin}",
            sz_decimals,
            leverage,
            leverage,  # ids up to 50 are single-tier tables of that leverage
            px,
            growth_mode=growth,
            collateral=collateral,
            fee_scale=fee_scale,
        )
        for position, (coin, sz_decimals, leverage, px, growth) in enumerate(rows)
    )
    return Dex(name, full_name, *collateral, listings, fee_scale)


def _token(name: str, index: int, sz_decimals: int) -> dict[str, Any]:
    token_id = "0x6d1e7cde53ba9467b783cb7c530ce054" if name == "USDC" else f"0x{index:032x}"
    return {
        "name": name,
        "szDecimals": 8 if name == "USDC" else sz_decimals,
        "weiDecimals": 8,
        "index": index,
        "tokenId": token_id,
        "isCanonical": True,
        "evmContract": None,
        "fullName": None,
        "deployerTradingFeeShare": "0.0",
    }


def _dex_name(coin: str) -> str:
    return coin.partition(":")[0] if ":" in coin else ""
