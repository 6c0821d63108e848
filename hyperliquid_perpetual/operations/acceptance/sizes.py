"""How large and how far away the orders of an acceptance run are: as small as the venue takes, never above the cap."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from hyperliquid_perpetual.operations.acceptance.outcomes import StepFailed, StepSkipped
from hyperliquid_perpetual.operations.acceptance.trader import Trader
from hyperliquid_perpetual.venue.prices import MIN_NOTIONAL

ABOVE_THE_LEAST = Decimal("1.05")
"""Prices move between two looks: an order is this many times the venue's smallest."""
FAR = Decimal("0.9")
FARTHER = Decimal("0.88")
"""Where the orders that shall not fill are, as fractions of the best bid; the venue takes 20 % to 180 % of the mark."""
_ROOM_FOR_MARGIN = Decimal("1.2")


@dataclass(frozen=True, slots=True)
class Quote:
    """An order to be placed: base units, and USD."""

    amount: Decimal
    price: Decimal


def far_quote(trader: Trader, max_notional: Decimal, fraction: Decimal = FAR) -> Quote:
    """A bid that nobody fills.

    :raises StepFailed: when even the smallest one is above the cap. :raises StepSkipped: when there is no money for it.
    """
    connector, pair = trader.connector, trader.pair
    price = connector.quantize_order_price(pair, connector.get_price(pair, False) * fraction)
    amount = _least(trader, price)
    _check(trader, amount, max_notional)
    return Quote(amount, price)


def near_amount(trader: Trader, max_notional: Decimal) -> Decimal:
    """What to buy at the best price, in base units.

    :raises StepFailed: when even the smallest one is above the cap. :raises StepSkipped: when there is no money for it.
    """
    amount = _least(trader, trader.connector.get_price(trader.pair, False))
    _check(trader, amount, max_notional)
    return amount


def value(trader: Trader, amount: Decimal) -> Decimal:
    """What so much is worth at the best ask, in USD."""
    return Decimal(amount * trader.connector.get_price(trader.pair, True))


def _least(trader: Trader, price: Decimal) -> Decimal:
    lot: Decimal = trader.connector.trading_rules[trader.pair].min_base_amount_increment
    lots = (MIN_NOTIONAL * ABOVE_THE_LEAST / price / lot).to_integral_value(ROUND_CEILING)
    return lots * lot


def _check(trader: Trader, amount: Decimal, max_notional: Decimal) -> None:
    connector, pair = trader.connector, trader.pair
    worth = value(trader, amount)
    if worth > max_notional:
        raise StepFailed(
            f"the smallest order of {pair} is worth {worth:.2f} USD, above the cap of {max_notional} USD: raise"
            " --max-notional, or take another --pair"
        )
    token = connector.get_buy_collateral_token(pair)
    free = connector.get_available_balance("USD")
    needed = worth / max(connector.get_leverage(pair), 1) * _ROOM_FOR_MARGIN
    if free < needed:
        raise StepSkipped(
            f"no funds: an order needs {needed:.2f} {token}, {free:.2f} are free for {pair}; deposit some to"
            f" {trader.account}"
        )
