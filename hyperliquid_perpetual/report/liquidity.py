"""Whether the bot was maker or taker in a fill, which Hummingbot's database does not say.

A post-only order (`LIMIT_MAKER`) can only make, a market order can only take. For a plain limit order the fee tells:
whoever is paid, or pays nothing, is a maker, and within one market a taker pays at least twice what a maker pays, for
every volume tier, staking discount and dex of the venue (reference, section 13). Where fees leave it open,
the answer is that it is not known.
"""

import enum
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from hyperliquid_perpetual.report.database import Fill
from hyperliquid_perpetual.venue.fees import BASE_MAKER_RATE, BASE_TAKER_RATE

_APART = 2
"""A taker's rate is at least so many times a maker's: three times in the base tier, more in all others."""


class Liquidity(enum.Enum):
    """Which side of a trade the bot was."""

    MAKER = "maker"
    TAKER = "taker"
    UNKNOWN = "unknown"


_CERTAIN = {"LIMIT_MAKER": Liquidity.MAKER, "MARKET": Liquidity.TAKER}


def classify(fills: Iterable[Fill]) -> dict[Fill, Liquidity]:
    """Maker or taker for each fill."""
    by_pair: dict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        by_pair[fill.pair].append(fill)
    return {fill: side for pair, own in by_pair.items() for fill, side in _of_one_pair(pair, own).items()}


def _of_one_pair(pair: str, fills: list[Fill]) -> dict[Fill, Liquidity]:
    groups = _groups(sorted({_rate(fill) for fill in fills if _rate(fill) > 0}))
    meaning = {rate: side for place, group in enumerate(groups) for rate, side in _meaning(pair, groups, place, fills)}
    return {fill: _CERTAIN.get(fill.kind) or meaning.get(_rate(fill), Liquidity.MAKER) for fill in fills}


def _groups(rates: list[Decimal]) -> list[list[Decimal]]:
    """Rates that lie close together, lowest group first."""
    groups: list[list[Decimal]] = []
    for rate in rates:
        if groups and rate < groups[-1][-1] * _APART:
            groups[-1].append(rate)
        else:
            groups.append([rate])
    return groups


def _meaning(
    pair: str, groups: list[list[Decimal]], place: int, fills: list[Fill]
) -> Iterable[tuple[Decimal, Liquidity]]:
    group = groups[place]
    known = {_CERTAIN[fill.kind] for fill in fills if fill.kind in _CERTAIN and group[0] <= _rate(fill) <= group[-1]}
    if len(known) == 1:
        side = known.pop()
    elif known or len(groups) > 2:
        side = Liquidity.UNKNOWN  # the rates of the account have changed by more than that on the way
    elif len(groups) == 2:
        side = Liquidity.TAKER if place else Liquidity.MAKER
    else:
        side = _by_base_rates(pair, group)
    return ((rate, side) for rate in group)


def _by_base_rates(pair: str, group: list[Decimal]) -> Liquidity:
    """A market in which all fills paid alike: no tier's makers pay more than those of the base tier."""
    if ":" in pair:
        return Liquidity.UNKNOWN  # its deployer scales the rates
    if group[-1] <= BASE_MAKER_RATE * Decimal("1.01"):
        return Liquidity.MAKER
    if group[0] > BASE_MAKER_RATE * Decimal("1.01") and group[-1] <= BASE_TAKER_RATE * Decimal("1.01"):
        return Liquidity.TAKER
    return Liquidity.UNKNOWN


def _rate(fill: Fill) -> Decimal:
    # Fees are cut at a millionth of a dollar: seven digits keep the rates of small fills together.
    return round(fill.fee / fill.notional, 7) if fill.notional else Decimal(0)
