"""What an order must satisfy, with the venue's error texts (reference, sections 3.12 and 6).

Two stages, as on the venue. Pre-validation looks only at the payload and the reference price: its first error refuses
the whole batch, and no order gets a number. The rules proper look at one order at a time: a refused order has its
number, its `*Rejected` status and its place in the history.
"""

from collections.abc import Mapping
from typing import NamedTuple

from .commands import Grouping, OrderIntent
from .config import ExchangeConfig
from .margin import cross_account_value, max_leverage_at, order_margin, required_margin
from .market_state import MarketState
from .markets import Market
from .quirks import VenueQuirks
from .records import OrderStatus
from .restrictions import restriction
from .state import Account, Order, Position
from .units import dollars_text, price_text

ZERO_CLOID = "0x" + "0" * 32

ZERO_SIZE = "Order has zero size."
HALTED = "Trading is halted."
WOULD_INCREASE = "Reduce only order would increase position."
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
    orders: tuple[OrderIntent, ...],
    markets: Mapping[int, MarketState],
    config: ExchangeConfig,
    grouping: Grouping | None = "na",
    restates: bool = False,
) -> str | None:
    """The error that refuses a whole batch, or None. The orders of modifications are in no grouping (None).

    With `restates` the batch is of one of `ExchangeConfig.outside_accounts`.
    """
    if not orders:
        return "Orders are empty"
    for intent in orders:
        state = markets.get(intent.asset)
        if state is None:
            return f"Order has invalid asset {intent.asset}."
        if intent.px <= 0:
            return "Order has invalid price."
        trigger = intent.trigger
        may_be_zero = trigger is not None and config.quirks.zero_tpsl_size == "allowed"
        if intent.sz == 0 and not (may_be_zero and grouping in ("positionTpsl", None)):
            return ZERO_SIZE
        if intent.sz < 0:
            return "Order has invalid size."
        if intent.cloid == ZERO_CLOID:
            return "A nonzero cloid is required for each order"
        reference2 = state.doubled_mid or 2 * state.oracle_px
        if not restates and _is_beyond(intent.px, reference2, config.price_band_percent):
            return f"Order price cannot be more than {config.price_band_percent}% away from the reference price"
        if trigger is not None:
            if trigger.px <= 0:
                return "Order has invalid price."
            if not intent.reduce_only:
                return "Trigger order is not reduce only."
    return None if grouping in ("na", None) else grouping_error(orders, grouping)


def form_rejection(
    account: Account,
    position: Position | None,
    intent: OrderIntent,
    state: MarketState,
    config: ExchangeConfig,
    replaced_cloid: str | None = None,
    entry_px: int | None = None,
) -> Rejection | None:
    """What is wrong with an order before the book and the account's money are looked at.

    `replaced_cloid` is the cloid of the order that this one replaces, which may be used again. `entry_px` is where the
    parent of a TP/SL order is expected to be filled; the others start from the mark price.
    """
    market = state.market
    if market.is_delisted:
        return Rejection(OrderStatus.REJECTED, HALTED)
    restricted = restriction(position, intent, state, config.restrictions)
    if restricted is not None:
        return Rejection(*restricted)
    if not market.is_valid_px(intent.px):
        return Rejection(OrderStatus.TICK_REJECTED, "Price must be divisible by tick size.")
    if intent.trigger is not None:
        from_px = state.mark_px if entry_px is None else entry_px
        rejection = _trigger_rejection(intent, state, from_px, config.quirks)
        if rejection is not None:
            return rejection
    value = intent.px * intent.sz * market.lot_value
    restates = account.address in config.outside_accounts
    if intent.sz and not restates and value < config.min_notional:
        closes = intent.reduce_only and position is not None and intent.sz >= abs(position.szi) > 0
        if not (closes and config.quirks.small_reduce_only_close == "allowed"):
            text = f"Order must have minimum value of ${dollars_text(config.min_notional)}."
            return Rejection(OrderStatus.MIN_TRADE_NTL_REJECTED, text)
    elif not restates and value > (most := max_notional(market, intent, config)):
        # The venue's text and status for it are not known; these are ours.
        return Rejection(OrderStatus.REJECTED, f"Order value cannot be more than ${dollars_text(most)}.")
    if not restates and _is_beyond(intent.px, 2 * state.oracle_px, config.oracle_band_percent):
        return Rejection(OrderStatus.ORACLE_REJECTED, "Price too far from oracle")
    is_live = intent.cloid is not None and intent.cloid != replaced_cloid and intent.cloid in account.open_by_cloid
    if is_live and config.quirks.live_cloid == "rejected":
        return Rejection(OrderStatus.REJECTED, f"Duplicate cloid {intent.cloid}.")
    return None


def max_notional(market: Market, intent: OrderIntent, config: ExchangeConfig) -> int:
    """The most that an order may be worth (money): less for a market order, and where there is less leverage."""
    most = 0
    for leverage, notional in config.max_market_notionals:
        if market.max_leverage >= leverage:
            most = notional
            break
    is_market = intent.tif == "FrontendMarket" if intent.trigger is None else intent.trigger.is_market
    return most if is_market else most * config.max_limit_factor


def standing_rejection(
    account: Account,
    position: Position,
    intent: OrderIntent,
    markets: Mapping[int, MarketState],
    config: ExchangeConfig,
    waits: bool = False,
) -> Rejection | None:
    """What the account and the book have against an order; one that `waits` for its parent may be reducing later."""
    if len(account.open_orders) >= config.open_orders_base:
        earned = account.volume // config.open_orders_volume_step
        limit = min(config.open_orders_base + earned, config.open_orders_max)
        if intent.reduce_only or intent.trigger is not None or len(account.open_orders) >= limit:
            return Rejection(OrderStatus.TOO_MANY_OPEN_ORDERS_REJECTED, "Too many open orders")
    if waits:
        return None
    if intent.reduce_only:
        if position.szi == 0 or intent.is_buy == (position.szi > 0):
            return Rejection(OrderStatus.REDUCE_ONLY_REJECTED, WOULD_INCREASE)
    else:
        rejection = margin_rejection(account, position, intent, markets)
        if rejection is not None:
            return rejection
    if intent.tif == "Alo" and intent.trigger is None:
        book = markets[intent.asset].book
        bid, ask = book.bids.best, book.asks.best
        if (ask is not None and intent.px >= ask) if intent.is_buy else (bid is not None and intent.px <= bid):
            bbo = f"{price_text(bid or 0)}@{price_text(ask or 0)}"
            text = f"Post only order would have immediately matched, bbo was {bbo}."
            return Rejection(OrderStatus.BAD_ALO_PX_REJECTED, text)
    return None


def _trigger_rejection(intent: OrderIntent, state: MarketState, from_px: int, quirks: VenueQuirks) -> Rejection | None:
    """What is wrong with the prices of a trigger order that starts to wait when the market is at `from_px`.

    The limit of a market trigger is its worst price, so it lies beyond the trigger price (reference, section 3.1). That
    a trigger price on the wrong side of the market is refused is not confirmed (`met_trigger`).
    """
    trigger = intent.trigger
    assert trigger is not None
    if not state.market.is_valid_px(trigger.px):
        return Rejection(OrderStatus.TICK_REJECTED, "Price must be divisible by tick size.")
    is_backwards = intent.px < trigger.px if intent.is_buy else intent.px > trigger.px
    is_met = quirks.met_trigger == "refused" and trigger.is_met(intent.is_buy, from_px)
    if is_met or (trigger.is_market and is_backwards):
        return Rejection(OrderStatus.BAD_TRIGGER_PX_REJECTED, "Invalid TP/SL price.")
    return None


def expected_entry(parent: OrderIntent | Order, mark_px: int) -> int:
    """Where the parent of TP/SL orders will be filled as it seems: at its limit, or at the mark if that is better."""
    return min(parent.px, mark_px) if parent.is_buy else max(parent.px, mark_px)


def grouping_error(orders: tuple[OrderIntent, ...], grouping: Grouping | None) -> str | None:
    """What makes a batch no group, or None: a parent and its TP/SL orders, or the TP/SL orders of a position.

    The texts about the kinds and sides of orders are guesses but for "unexpected side" (reference, section 3.12).
    """
    if grouping == "normalTpsl":
        parent, *children = orders
        if parent.trigger is not None:
            return "First order of a TP/SL group must not be a trigger order."
        if any(child.trigger is None for child in children):
            return "TP/SL order must be a trigger order."
        if any(child.asset != parent.asset for child in children):
            return "Order action has different asset classes"
        if any(child.is_buy == parent.is_buy for child in children):
            return "Trigger order has unexpected side."
    elif any(order.trigger is None for order in orders):
        return "TP/SL order must be a trigger order."
    elif len({order.asset for order in orders}) != len({(order.asset, order.is_buy) for order in orders}):
        return "Trigger order has unexpected side."
    return None


def margin_rejection(
    account: Account, position: Position, intent: OrderIntent, markets: Mapping[int, MarketState]
) -> Rejection | None:
    """What the account's money has against an order that could open something."""
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
