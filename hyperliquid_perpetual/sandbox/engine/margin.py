"""How much margin an account has, uses and needs (reference, section 14); pure arithmetic over the state.

What an order needs: in every cross asset an account is reckoned as if the worse side of its resting orders were filled,
that is with max(szi + bids, asks - szi) lots (reduce-only orders left out), and that size x mark / leverage is its
initial margin. In an isolated asset the position has its own margin already and only the lots beyond it count. The sum
must not exceed the cross account value. Only orders that raise the sum are refused; nothing else is ever checked, so
that an account under water can always reduce.
"""

from collections.abc import Mapping

from msgspec import Struct

from .market_state import MarketState
from .markets import Market
from .pools import Pool
from .state import Clearinghouse, Order, Position
from .units import MICRO_USD, divide_half_even

Markets = Mapping[int, MarketState]


class MarginSummary(Struct, frozen=True):
    """The four figures of `marginSummary` and `crossMarginSummary` (reference, section 2.3), in money."""

    account_value: int
    total_ntl_pos: int
    total_raw_usd: int
    total_margin_used: int


class ClearinghouseMargin(Struct, frozen=True):
    """The account-wide part of `clearinghouseState`, in money."""

    summary: MarginSummary
    cross: MarginSummary
    cross_maintenance_margin_used: int
    withdrawable: int


class PoolMargin(Struct, frozen=True):
    """The margin figures of everything that is margined together (`pools`), in money."""

    cross_value: int
    """Cash and the marked value of the cross positions."""
    isolated_value: int
    """The equity of the isolated positions."""
    required: int
    """What cross positions and all resting orders need from the cross value."""
    used: int
    """What the cross positions alone need from it."""
    maintenance: int
    """What the cross positions need not to be liquidated."""
    withdrawable: int
    """What the cross value leaves above the greater of initial margin and a tenth of the notional."""

    @property
    def total(self) -> int:
        """All there is, isolated margin and unrealized profit included."""
        return self.cross_value + self.isolated_value

    @property
    def free(self) -> int:
        """What new orders can use."""
        return max(0, self.cross_value - self.required)


class AssetCapacity(Struct, frozen=True):
    """What an account could still do in one asset: margin in money and sizes in lots, for buying and for selling."""

    buy_margin: int
    sell_margin: int
    buy_sz: int
    sell_sz: int


def initial_margin(notional: int, leverage: int) -> int:
    """Margin to open `notional` (money, not negative) at a leverage.

    Cut to whole micro dollars, as the recorded account states show for both kinds of margin.
    """
    return notional // (leverage * MICRO_USD) * MICRO_USD


def max_leverage_at(market: Market, notional: int) -> int:
    """The highest leverage that the market's tiers allow for a position of this notional."""
    leverage = market.max_leverage
    if market.margin_table is not None:
        for tier in market.margin_table.tiers:
            if notional < tier.lower_bound:
                break
            leverage = tier.max_leverage
    return leverage


def maintenance_margin(market: Market, notional: int) -> int:
    """Half of the initial margin at maximum leverage, tier by tier: what the venue's deductions add up to."""
    table = market.margin_table
    if table is None or len(table.tiers) < 2:
        return initial_margin(notional, 2 * market.max_leverage)
    total = 0
    tiers = table.tiers
    for index, tier in enumerate(tiers):
        upper = tiers[index + 1].lower_bound if index + 1 < len(tiers) else notional
        slice_notional = min(notional, upper) - tier.lower_bound
        if slice_notional <= 0:
            break
        total += slice_notional // (2 * tier.max_leverage)
    return total // MICRO_USD * MICRO_USD


def position_margin(position: Position, mark_px: int) -> int:
    """Margin that a position uses: initial margin of its notional at mark when cross, its own equity when isolated."""
    notional = position.notional(mark_px)
    if position.is_cross:
        return initial_margin(abs(notional), position.leverage)
    return position.isolated_usd + notional


def cross_account_value(clearinghouse: Clearinghouse, markets: Markets) -> int:
    """Cross cash and the marked value of the cross positions, of all dexs that share margin with this one."""
    pool = clearinghouse.pool
    value = pool.cash
    for house in pool.houses:
        value += house.raw_usd
        for position in house.positions.values():
            if position.szi and position.is_cross:
                value += position.notional(markets[position.asset].mark_px)
    return value


def order_margin(position: Position, mark_px: int, more_buys: int = 0, more_sells: int = 0) -> int:
    """Margin for a position and its resting orders together with `more_buys` or `more_sells` lots on top."""
    szi = position.szi
    lots = max(szi + position.resting_buys + more_buys, position.resting_sells + more_sells - szi)
    if not position.is_cross:
        lots -= abs(szi)
    return initial_margin(lots * mark_px * position.market.lot_value, position.leverage)


def affords_fill(order: Order, sz: int, px: int, fee: int, markets: Markets) -> bool:
    """Whether an account has the initial margin of its positions as they would be after this match.

    Both sides of every match are asked, the resting one again (reference, section 14). A match that does not enlarge
    the position is always allowed; other resting orders do not count here.
    """
    position = order.position
    signed_sz = sz if order.is_buy else -sz
    after = abs(position.szi + signed_sz)
    if after <= abs(position.szi):
        return True
    house = order.account.clearinghouse(position.market.dex)
    mark_px = markets[position.asset].mark_px
    lot_value = position.market.lot_value
    value = house.pool.cash - fee
    for member in house.pool.houses:
        value += member.raw_usd
        for held in member.positions.values():
            if held.szi and held.is_cross and held is not position:
                notional = held.notional(markets[held.asset].mark_px)
                value += notional - initial_margin(abs(notional), held.leverage)
    if position.is_cross:
        value += ((position.szi + signed_sz) * mark_px - signed_sz * px) * lot_value
        return value >= initial_margin(after * mark_px * lot_value, position.leverage)
    opened = sz
    if position.szi and (position.szi > 0) != order.is_buy:
        opened = after
        value += position.isolated_usd + position.notional(px)
    return value >= initial_margin(opened * px * lot_value, position.leverage)


def required_margin(clearinghouse: Clearinghouse, markets: Markets) -> int:
    """What all positions and resting orders of the dexs that share margin need from the cross account value."""
    total = 0
    for house in clearinghouse.pool.houses:
        for position in house.positions.values():
            if position.szi or position.resting_buys or position.resting_sells:
                total += order_margin(position, markets[position.asset].mark_px)
    return total


def pool_margin(pool: Pool, markets: Markets) -> PoolMargin:
    """The margin figures of a pool; resting orders hold nothing back from what can be withdrawn."""
    cross_value = pool.cash
    isolated_value = required = maintenance = used = notional = 0
    for house in pool.houses:
        cross_value += house.raw_usd
        for position in house.positions.values():
            mark_px = markets[position.asset].mark_px
            if position.szi or position.resting_buys or position.resting_sells:
                required += order_margin(position, mark_px)
            if not position.szi:
                continue
            value = position.notional(mark_px)
            if position.is_cross:
                cross_value += value
                notional += abs(value)
                used += position_margin(position, mark_px)
                maintenance += maintenance_margin(position.market, abs(value))
            else:
                isolated_value += position_margin(position, mark_px)
    withdrawable = max(0, cross_value - max(used, -(-notional // 10)))
    return PoolMargin(cross_value, isolated_value, required, used, maintenance, withdrawable)


def clearinghouse_margin(clearinghouse: Clearinghouse, markets: Markets) -> ClearinghouseMargin:
    """The margin figures of an account on one dex.

    Withdrawable is what the cross account value leaves above the greater of the initial margin and a tenth of the
    notional of the cross positions; resting orders hold nothing back. Where dexs share their margin, it is what the
    whole pool leaves, on the dex that has the pool's cash, and nothing elsewhere.
    """
    cross_notional = cross_value = cross_used = maintenance = 0
    isolated_notional = isolated_value = isolated_cash = 0
    for position in clearinghouse.open_positions():
        mark_px = markets[position.asset].mark_px
        value = position.notional(mark_px)
        if position.is_cross:
            cross_value += value
            cross_notional += abs(value)
            cross_used += position_margin(position, mark_px)
            maintenance += maintenance_margin(position.market, abs(value))
        else:
            isolated_notional += abs(value)
            isolated_cash += position.isolated_usd
            isolated_value += position.isolated_usd + value
    raw_usd = clearinghouse.raw_usd
    cross = MarginSummary(raw_usd + cross_value, cross_notional, raw_usd, cross_used)
    summary = MarginSummary(
        cross.account_value + isolated_value,
        cross_notional + isolated_notional,
        raw_usd + isolated_cash,
        cross_used + isolated_value,
    )
    pool = clearinghouse.pool
    if pool.anchor is not clearinghouse:
        withdrawable = 0
    elif len(pool.houses) > 1:
        withdrawable = pool_margin(pool, markets).withdrawable
    else:
        withdrawable = max(0, cross.account_value - max(cross_used, -(-cross_notional // 10)))
    return ClearinghouseMargin(summary, cross, maintenance, withdrawable)


def liquidation_px(position: Position, clearinghouse: Clearinghouse, markets: Markets) -> int | None:
    """The mark price at which a position would be liquidated if nothing else moved, in 1e-6 USD; None if there is none.

    The maintenance leverage is that of the tier of today's notional.
    """
    if not position.szi:
        return None
    market = position.market
    mark_px = markets[position.asset].mark_px
    value = position.notional(mark_px)
    if position.is_cross:
        margin = pool_margin(clearinghouse.pool, markets)
        available = margin.cross_value - margin.maintenance
    else:
        available = position.isolated_usd + value - maintenance_margin(market, abs(value))
    doubled = 2 * max_leverage_at(market, abs(value))
    # mark - side * available / |szi| / (1 - side / doubled), brought to one integer division
    side = 1 if position.szi > 0 else -1
    move = divide_half_even(available * doubled, abs(position.szi) * market.lot_value * (doubled - side))
    px = mark_px - side * move
    return px if px > 0 else None


def asset_capacity(position: Position, clearinghouse: Clearinghouse, markets: Markets) -> AssetCapacity:
    """How much more an account can buy and sell in an asset at mark, by the rule for orders at the top of this module.

    Margin is size x mark / leverage of what could be traded, as in `activeAssetData`.
    """
    mark_px = markets[position.asset].mark_px
    market = position.market
    needed = order_margin(position, mark_px)
    free = cross_account_value(clearinghouse, markets) - required_margin(clearinghouse, markets) + needed
    if not position.is_cross:
        free += initial_margin(abs(position.notional(mark_px)), position.leverage)
    lots = max(0, free) * position.leverage // (mark_px * market.lot_value)
    buy_sz = max(0, lots - position.szi - position.resting_buys)
    sell_sz = max(0, lots + position.szi - position.resting_sells)
    lot_margin = mark_px * market.lot_value
    return AssetCapacity(
        buy_sz * lot_margin // position.leverage, sell_sz * lot_margin // position.leverage, buy_sz, sell_sz
    )
