"""Up to 200 markets to load a client with: the leading coins by their names, many smaller ones, and HIP-3 dexes.

Figures are plausible rather than the venue's: prices from 0.00001 to 100,000 USD, sizes and leverage that go with them.
Activity falls with a market's rank as Zipf's law has it: the first few have most of the trading, the long tail nearly
none, and wider spreads. The same number gives the same markets, and a larger number the same ones and others behind.
"""

import math
from dataclasses import replace
from random import Random

from hyperliquid_perpetual.sandbox.engine.markets import MarginMode
from hyperliquid_perpetual.sandbox.market_character import Character
from hyperliquid_perpetual.sandbox.market_set import Listing, MarketSet, make_listing, standard_markets

MOST = 200
HIP3_EVERY = 8
"""Each so many markets one is on a HIP-3 dex."""
ZIPF = 0.9
LEAST_ACTIVITY = 0.02

# coin, szDecimals, maximum leverage, margin table, price
_LEADING: tuple[tuple[str, int, int, int, str], ...] = (
    ("BTC", 5, 40, 56, "86420"),
    ("ETH", 4, 25, 55, "2817.5"),
    ("SOL", 2, 20, 54, "131.25"),
    ("HYPE", 2, 10, 51, "34.118"),
    ("XRP", 0, 20, 54, "2.0871"),
    ("ZEC", 2, 10, 51, "512.4"),
    ("DOGE", 0, 10, 51, "0.14386"),
    ("BNB", 3, 10, 51, "861.25"),
    ("SUI", 1, 10, 51, "1.4702"),
    ("kPEPE", 0, 10, 51, "0.004321"),
    ("LINK", 1, 10, 51, "12.876"),
    ("AVAX", 2, 10, 51, "13.942"),
    ("ENA", 0, 10, 51, "0.26113"),
    ("ADA", 0, 10, 51, "0.41025"),
    ("LTC", 2, 10, 51, "84.31"),
    ("AAVE", 2, 10, 51, "172.4"),
    ("UNI", 1, 10, 51, "6.1187"),
    ("NEAR", 1, 10, 51, "1.8745"),
    ("BCH", 3, 10, 51, "531.2"),
    ("ARB", 1, 10, 51, "0.21087"),
    ("kBONK", 0, 10, 51, "0.009612"),
    ("DOT", 1, 10, 51, "2.2841"),
    ("APT", 2, 10, 51, "2.6034"),
    ("TIA", 1, 10, 51, "0.60127"),
    ("ATOM", 2, 5, 5, "2.4712"),
    ("DYDX", 1, 5, 5, "0.21874"),
    ("PAXG", 3, 5, 5, "4128.5"),
    ("kSHIB", 0, 10, 51, "0.008437"),
)
_SMALLER = tuple(
    (  # noqa: SIM905 - a list of so many words is read as text
        "WLD OP SEI INJ TON FIL CRV LDO ONDO JUP PENDLE TAO FET RENDER STX GMX TRX XLM ETC ALGO HBAR ICP VIRTUAL "
        "FARTCOIN TRUMP PUMP WIF POPCAT PENGU MOODENG SPX AIXBT ZRO STRK BLUR JTO PYTH W EIGEN ETHFI ENS SNX COMP MKR "
        "RUNE GALA SAND IMX APE AXS DYM MANTA ALT PIXEL BOME TNSR SAGA MERL NOT ZK IO BLAST MEW GOAT GRASS CHILLGUY ME "
        "MOVE USUAL PURR BIO GRIFFIN MELANIA VINE BERA IP KAITO NIL BABY LAYER INIT PROMPT WCT ZORA SOPH RESOLV LINEA "
        "ASTER XPL AVNT APEX STBL 2Z MON MET ZEN DASH XMR IOTA NEO MINA GAS YGG BANANA UMA REZ FXS BSV CELO CFX SUSHI "
        "ORDI MEME TURBO BRETT POLYX BIGTIME SUPER USTC"
    ).split()
)
_EQUITIES: tuple[tuple[str, str, int, int, str], ...] = (
    ("xyz", "XYZ100", 4, 20, "25114"),
    ("km", "US500", 3, 20, "6602.5"),
    ("xyz", "TSLA", 3, 10, "417.32"),
    ("xyz", "NVDA", 3, 10, "182.41"),
    ("xyz", "GOLD", 3, 20, "4126.5"),
    ("km", "SMALL2000", 3, 20, "2381.5"),
    ("xyz", "PLTR", 3, 10, "164.25"),
    ("xyz", "AAPL", 3, 10, "271.84"),
    ("xyz", "MSFT", 3, 10, "478.15"),
    ("km", "USTECH", 3, 20, "24520"),
    ("xyz", "SILVER", 2, 20, "50.214"),
    ("xyz", "COIN", 3, 10, "254.12"),
)
_EXTREMES = {"DUST": ("0.00001", 0, 3), "WHOLE": ("100000", 5, 20)}
"""Made-up coins at both ends of the price scale."""
_SYLLABLES = ("ba", "co", "dra", "fi", "gu", "lo", "mi", "nu", "po", "ra", "su", "ti", "vo", "ze")


def many_markets(count: int) -> MarketSet:
    """So many markets, the busiest first in each dex.

    :raises ValueError: for a number that is not 1 to 200.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"there can be 1 to {MOST} markets, got {count}")
    standard = standard_markets()
    listings: dict[str, list[Listing]] = {dex.name: [] for dex in standard.dexes}
    indexes = {dex.name: index for index, dex in enumerate(standard.dexes)}
    dexes = {dex.name: dex for dex in standard.dexes}
    characters: dict[str, Character] = {}
    for rank in range(count):
        on_hip3 = rank % HIP3_EVERY == HIP3_EVERY - 1
        place = rank // HIP3_EVERY if on_hip3 else rank - rank // HIP3_EVERY
        dex, coin, sz_decimals, leverage, table, px = _equity(place) if on_hip3 else _coin(place)
        found = listings[dex]
        first = 100_000 + indexes[dex] * 10_000 if dex else 0
        mode: MarginMode = "strictIsolated" if leverage == 3 and rank % 3 == 0 else "any"
        found.append(
            make_listing(
                first + len(found),
                coin,
                sz_decimals,
                leverage,
                table,
                px,
                mode,
                collateral=(dexes[dex].collateral, dexes[dex].collateral_token),
                fee_scale=dexes[dex].fee_scale,
            )
        )
        characters[coin] = character_of_rank(rank, coin)
    filled = tuple(replace(dex, listings=tuple(listings[dex.name])) for dex in standard.dexes)
    return MarketSet(filled, standard.tables, standard.tokens, characters)


def character_of_rank(rank: int, coin: str) -> Character:
    """How busy, wide and deep the market of a rank is (0 is the busiest)."""
    activity = max(LEAST_ACTIVITY, (rank + 1) ** -ZIPF)
    random = Random(f"character of {coin}")  # noqa: S311 - repeatable on purpose
    if ":" in coin:
        volatility = random.uniform(0.5, 1.3)
    else:
        volatility = {"BTC": 1.0, "ETH": 1.25}.get(coin) or random.uniform(1.3, 2.6)
    return Character(volatility, activity, activity**-0.6, activity**0.5)


def _coin(place: int) -> tuple[str, str, int, int, int, str]:
    """The coin at a place of the first dex: dex, coin, szDecimals, leverage, margin table, price."""
    if place < len(_LEADING):
        return "", *_LEADING[place]
    place -= len(_LEADING)
    names = [*_SMALLER[:20], *_EXTREMES, *_SMALLER[20:]]
    coin = names[place] if place < len(names) else _made_up(place - len(names))
    if coin in _EXTREMES:
        px, sz_decimals, leverage = _EXTREMES[coin]
        return "", coin, sz_decimals, leverage, 54 if leverage == 20 else leverage, px
    px, sz_decimals, leverage = _figures(coin)
    return "", coin, sz_decimals, leverage, leverage, px


def _equity(place: int) -> tuple[str, str, int, int, int, str]:
    """The market at a place among those on HIP-3 dexes."""
    if place < len(_EQUITIES):
        dex, name, sz_decimals, leverage, px = _EQUITIES[place]
    else:
        dex, name = ("xyz", "vntl", "km")[place % 3], _made_up(1_000 + place)
        px, sz_decimals, leverage = _figures(f"{dex}:{name}")
    return dex, f"{dex}:{name}", sz_decimals, leverage, leverage, px


def _figures(coin: str) -> tuple[str, int, int]:
    """Price, szDecimals and maximum leverage that go together, for a coin of which nothing is known."""
    random = Random(f"figures of {coin}")  # noqa: S311 - repeatable on purpose
    px = 10 ** random.uniform(-2.2, 2.2)
    sz_decimals = max(0, min(5, math.floor(math.log10(px)) + 1))
    decimals = min(6 - sz_decimals, 4 - math.floor(math.log10(px)))
    return f"{px:.{decimals}f}".rstrip("0").rstrip("."), sz_decimals, random.choice((3, 3, 5, 5, 10))


def _made_up(number: int) -> str:
    """A name that nobody has, another one for each number."""
    base = len(_SYLLABLES)
    name = ""
    for _ in range(3):
        number, digit = divmod(number, base)
        name += _SYLLABLES[digit]
    return name.upper()
