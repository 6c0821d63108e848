"""What an order must satisfy, with the venue's error texts (reference, sections 3.12 and 6).

Two stages, as on the venue. Pre-validation looks only at the payload and the reference price: its first error refuses
the whole batch, and no order gets a number. The rules proper look at one order at a time: a refused order has its
number, its `*Rejected` status and its place in the history.
"""

from collections.abc import Mapping
from typing import NamedTuple

from .commands import OrderIntent
from .config import ExchangeConfig
from .margin import cross_account_value, max_leverage_at, order_margin, required_margin
from .market_state import MarketState
from .quirks import VenueQuirks
from .records import OrderStatus
from .state import Account, Position
from .units import dollars_text, price_text

ZERO_CLOID = "0x" + "0" * 32

NEVER_PLACED = "Order was never placed, already canceled, or filled."
CANNOT_MODIFY = "Cannot modify canceled or filled order"
INSUFFICIENT_MARGIN = "Insufficient margin to place order."
NO_MATCH = "Order could not immediately match against any resting orders."
NO_LIQUIDITY = "No liquidity available for market order."


class Rejection(NamedTuple):
    """Why one order is refused: its status in the history, and the text without the ` asset=N` at its end."""

    status: OrderStatus
    text: str


def with_asset(text: str, asset: int, quirks: VenueQuirks) -> str:
    """An error text as the venue ends it when it is about one order."""
    return f"{text} asset={asset}" if quirks.asset_suffix == "present" else text


def must_deposit(address: str) -> str:
    """The top-level error for an address that has never had a deposit."""
    return f"Must deposit before performing actions. User: {address}"


def pre_validation_error(
    orders: tuple[OrderIntent, ...], markets: Mapping[int, MarketState], config: ExchangeConfig
) -> str | None:
    """The error that refuses a whole batch, or None."""
    if not orders:
        return "Orders are empty"
    for intent in orders:
        state = markets.get(intent.asset)
        if state is None:
            return f"Order has invalid asset {intent.asset}."
        if intent.px <= 0:
            return "Order has invalid price."
        if intent.sz == 0:
            return "Order has zero size."
        if intent.sz < 0:
            return "Order has invalid size."
        if intent.cloid == ZERO_CLOID:
            return "A nonzero cloid is required for each order"
        if _is_beyond(intent.px, state.doubled_mid or 2 * state.oracle_px, config.price_band_percent):
            return f"Order price cannot be more than {config.price_band_percent}% away from the reference price"
    return None


def form_rejection(
    account: Account,
    position: Position | None,
    intent: OrderIntent,
    state: MarketState,
    config: ExchangeConfig,
    replaced_cloid: str | None = None,
) -> Rejection | None:
    """What is wrong with an order before the book and the account's money are looked at.

    `replaced_cloid` is the cloid of the order that this one replaces, which may be used again.
    """
    market = state.market
    if market.is_delisted:
        return Rejection(OrderStatus.REJECTED, "Trading is halted.")
    if not market.is_valid_px(intent.px):
        return Rejection(OrderStatus.TICK_REJECTED, "Price must be divisible by tick size.")
    if intent.px * intent.sz * market.lot_value < config.min_notional:
        closes = intent.reduce_only and position is not None and intent.sz >= abs(position.szi) > 0
        if not (closes and config.quirks.small_reduce_only_close == "allowed"):
            text = f"Order must have minimum value of ${dollars_text(config.min_notional)}."
            return Rejection(OrderStatus.MIN_TRADE_NTL_REJECTED, text)
    if _is_beyond(intent.px, 2 * state.oracle_px, config.oracle_band_percent):
        return Rejection(OrderStatus.ORACLE_REJECTED, "Price too far from oracle")
    is_live = intent.cloid is not None and intent.cloid != replaced_cloid and intent.cloid in account.open_by_cloid
    if is_live and config.quirks.live_cloid == "rejected":
        return Rejection(OrderStatus.REJECTED, f"Duplicate cloid {intent.cloid}.")
    return None


def standing_rejection(
    account: Account,
    position: Position,
    intent: OrderIntent,
    markets: Mapping[int, MarketState],
    config: ExchangeConfig,
) -> Rejection | None:
    """What the state of the account and the book has against an order."""
    if len(account.open_orders) >= config.open_orders_base:
        earned = account.volume // config.open_orders_volume_step
        limit = min(config.open_orders_base + earned, config.open_orders_max)
        if intent.reduce_only or len(account.open_orders) >= limit:
            return Rejection(OrderStatus.TOO_MANY_OPEN_ORDERS_REJECTED, "Too many open orders")
    if intent.reduce_only:
        if position.szi == 0 or intent.is_buy == (position.szi > 0):
            return Rejection(OrderStatus.REDUCE_ONLY_REJECTED, "Reduce only order would increase position.")
    else:
        rejection = _margin_rejection(account, position, intent, markets)
        if rejection is not None:
            return rejection
    if intent.tif == "Alo":
        book = markets[intent.asset].book
        bid, ask = book.bids.best, book.asks.best
        if (ask is not None and intent.px >= ask) if intent.is_buy else (bid is not None and intent.px <= bid):
            bbo = f"{price_text(bid or 0)}@{price_text(ask or 0)}"
            text = f"Post only order would have immediately matched, bbo was {bbo}."
            return Rejection(OrderStatus.BAD_ALO_PX_REJECTED, text)
    return None


def _margin_rejection(
    account: Account, position: Position, intent: OrderIntent, markets: Mapping[int, MarketState]
) -> Rejection | None:
    mark_px = markets[intent.asset].mark_px
    buys, sells = (intent.sz, 0) if intent.is_buy else (0, intent.sz)
    now = order_margin(position, mark_px)
    then = order_margin(position, mark_px, buys, sells)
    if then <= now:
        return None
    market = position.market
    house = account.clearinghouse(market.dex)
    if required_margin(house, markets) - now + then > cross_account_value(house, markets):
        return Rejection(OrderStatus.PERP_MARGIN_REJECTED, INSUFFICIENT_MARGIN)
    lots = max(position.szi + position.resting_buys + buys, position.resting_sells + sells - position.szi)
    if position.leverage > max_leverage_at(market, lots * mark_px * market.lot_value):
        text = "Order would cause position to exceed margin tier limit at current leverage"
        return Rejection(OrderStatus.PERP_MAX_POSITION_REJECTED, text)
    return None


def _is_beyond(px: int, doubled_reference: int, percent: int) -> bool:
    """Whether a price is more than `percent` away from a reference that is given doubled."""
    return abs(2 * px - doubled_reference) * 100 > percent * doubled_reference
