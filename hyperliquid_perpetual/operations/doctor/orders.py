"""What an account has resting at the venue, and how many requests it may still send.

Reference, sections 2.4, 6, 9.3 and 9.4.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.request_allowance import LOW, SLOW_SECONDS
from hyperliquid_perpetual.venue import client_ids
from hyperliquid_perpetual.venue.messages import Order
from hyperliquid_perpetual.venue.prices import MIN_NOTIONAL

MANY_ORDERS = 1000
"""From so many open orders on the venue refuses reduce-only and trigger orders."""

section = Section("Account")


async def check_allowance(reader: AccountReader) -> list[Finding]:
    """How many requests the account may still send. Costs 20 weight.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    name, stated = "address budget", await reader.rate_limit()
    left = stated.nRequestsCap - stated.nRequestsUsed + stated.nRequestsSurplus
    data = {"used": stated.nRequestsUsed, "limit": stated.nRequestsCap, "left": left}
    detail = f"{stated.nRequestsUsed:,} of {stated.nRequestsCap:,} requests used, {max(left, 0):,} left"
    fix = "trade: each USD traded adds a request; or buy some (reserveRequestWeight, 0.0005 USDC each)"
    if left <= 0:
        detail += f": the venue takes one order every {SLOW_SECONDS:g} s from this account"
        return [section.problem(name, detail, fix, **data)]
    if left < LOW:
        return [section.warning(name, f"{detail}: it never starts over", fix, **data)]
    return [section.ok(name, detail, **data)]


async def check_open_orders(
    reader: AccountReader, dexs: Iterable[str], on_read: Callable[[], None] = lambda: None
) -> list[Finding]:
    """What rests, on all dexs. Costs 20 weight for each.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    # A stop loss of a resting order is listed twice (section 2.4).
    orders: dict[int, Order] = {}
    for dex in dexs:
        orders |= {order.oid: order for order in await reader.open_orders(dex)}
        on_read()
    return [*_counted(list(orders.values())), *_dust(list(orders.values()))]


def _counted(orders: list[Order]) -> list[Finding]:
    name = "open orders"
    ours = sum(client_ids.is_ours(order.cloid) for order in orders)
    triggers = sum(order.isTrigger for order in orders)
    data = {"count": len(orders), "placed_by_this_package": ours, "triggers": triggers}
    if not orders:
        return [section.ok(name, "none", **data)]
    detail = f"{len(orders)}, {ours} of them placed by this package, {triggers} stop losses or take profits"
    if len(orders) >= MANY_ORDERS:
        detail += f": from {MANY_ORDERS} on the venue refuses reduce-only and trigger orders"
        return [section.warning(name, detail, "cancel what is not needed", **data)]
    return [section.ok(name, detail, **data)]


def _dust(orders: list[Order]) -> list[Finding]:
    dust = [
        order
        for order in orders
        if not order.isTrigger and not order.reduceOnly and order.sz * order.limitPx < MIN_NOTIONAL
    ]
    if not dust:
        return []
    listed = ", ".join(f"{order.sz:f} {order.coin} at {order.limitPx:f}" for order in dust[:5])
    more = f" and {len(dust) - 5} more" if len(dust) > 5 else ""
    detail = f"remainders of orders worth less than {MIN_NOTIONAL} USD, which cannot be placed anew: {listed}{more}"
    fix = "leave them to fill, or cancel them; a position they leave is closed whole, reduce-only"
    value = sum((order.sz * order.limitPx for order in dust), Decimal(0))
    return [section.warning("dust orders", detail, fix, count=len(dust), value=str(value))]
