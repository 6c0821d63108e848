"""The spot wallet as the venue words it, and what it backs in the account modes (reference, sections 2.3 and 14).

In the modes that keep all collateral in the spot wallet, a token's `total` is everything there is of it: cash, profit
of cross positions that is not realized, and the margin of isolated positions. The venue's own ratio of such an account
(maintenance / (total - isolated margin)) says as much. `hold` is what positions and resting orders use of it, so that
total - hold can back new orders (unconfirmed for resting orders: the switch `spot_hold` leaves them out). Under the
discontinued `dexAbstraction` the dexs state their own profit, so `total` is the cash alone, and `hold` what keeps
total - hold right.
"""

from collections.abc import Mapping
from typing import Any

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.margin import PoolMargin, pool_margin
from hyperliquid_perpetual.sandbox.engine.pools import SPOT_MODES
from hyperliquid_perpetual.sandbox.engine.state import Account
from hyperliquid_perpetual.sandbox.wire import money_text, ratio_text

Json = dict[str, Any]


def spot_state(exchange: Exchange, account: Account | None, tokens: Mapping[str, int]) -> Json:
    """`spotClearinghouseState` of an account; `tokens` are the tokens' indexes by name."""
    if account is None:
        return {"balances": []}
    with_orders = exchange.config.quirks.spot_hold == "positions_and_orders"
    margins = {
        token: pool_margin(pool, exchange.markets)
        for token, pool in account.pools.items()
        if pool.spot is not None and (pool.houses or token in account.spot)
    }
    names = dict.fromkeys((*account.spot, *margins))
    state: Json = {"balances": [_row(account, token, margins.get(token), tokens, with_orders) for token in names]}
    if account.mode == "portfolioMargin":
        state["portfolioMarginEnabled"] = True
        state["portfolioMarginRatio"] = _ratio(list(margins.values()))
        # What this exchange lets an account use, which is reckoned by initial margin in every mode.
        state["tokenToAvailableAfterMaintenance"] = [
            [tokens[token], money_text(margin.free)] for token, margin in margins.items() if token in tokens
        ]
    return state


def _row(account: Account, token: str, margin: PoolMargin | None, tokens: Mapping[str, int], with_orders: bool) -> Json:
    cash = account.spot.get(token, 0)
    total, hold = cash, 0
    if margin is not None:
        free = margin.free if with_orders else max(0, margin.cross_value - margin.used)
        total = margin.total if account.mode in SPOT_MODES else max(cash, free)
        hold = total - free
    row: Json = {"coin": token}
    if token in tokens:
        row["token"] = tokens[token]
    return {**row, "total": money_text(total), "hold": money_text(max(0, hold)), "entryNtl": "0.0"}


def _ratio(margins: list[PoolMargin]) -> str:
    """The worst token's maintenance margin over what there is for it."""
    used = max(margins, key=lambda margin: margin.maintenance / max(1, margin.cross_value), default=None)
    return "0.0" if used is None else ratio_text(used.maintenance, max(1, used.cross_value))
