"""What a connector believes, written down; and what in it is still on its way."""

from typing import Any

PENDING = ("PENDING_CREATE", "PENDING_CANCEL", "PENDING_APPROVAL", "APPROVED", "CREATED")


def of(connector: Any) -> dict[str, Any]:
    """Orders, positions and balances, numbers as decimal text."""
    return {
        "orders": [
            {
                "cloid": order.client_order_id,
                "oid": order.exchange_order_id,
                "pair": order.trading_pair,
                "side": order.trade_type.name,
                "price": str(order.price),
                "amount": str(order.amount),
                "filled": str(order.executed_amount_base),
                "state": order.current_state.name,
            }
            for order in connector.in_flight_orders.values()
        ],
        "lost_orders": sorted(connector._order_tracker.lost_orders),
        "positions": {
            position.trading_pair: {"amount": str(position.amount), "entry": str(position.entry_price)}
            for position in connector.account_positions.values()
        },
        "total": {token: str(amount) for token, amount in connector.get_all_balances().items()},
        "available": {token: str(amount) for token, amount in connector.available_balances.items()},
        "ready": connector.ready,
    }


def unsettled(connector: Any, since: float) -> list[str]:
    """Why it is too early to compare, one line each.

    :param since: Unix seconds; the account has to have been swept in full after that.
    """
    found = [f"not ready: {key}" for key, good in connector.status_dict.items() if not good]
    found += [
        f"{order.client_order_id} is {order.current_state.name}"
        for order in connector.in_flight_orders.values()
        if order.current_state.name in PENDING
    ]
    found += [f"{cloid} is asked for" for cloid in connector._flow.resolver.pending]
    found += [f"{order.client_order_id} waits for fills" for order in connector._order_tracker.held_endings()]
    reconciler = connector._reconciler
    if not reconciler.is_reconciled or reconciler.swept_at < since:
        found.append("not reconciled since it became quiet")
    return found
