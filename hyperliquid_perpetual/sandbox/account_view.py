"""An account as the venue words it: margin, positions, balances, limits, role (reference, section 2.3)."""

from collections.abc import Mapping
from typing import Any

from hyperliquid_perpetual.sandbox.address_budget import AddressBudget
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.margin import (
    MarginSummary,
    asset_capacity,
    clearinghouse_margin,
    liquidation_px,
    position_margin,
)
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.records import Fill, OrderStatus
from hyperliquid_perpetual.sandbox.engine.state import Account, Clearinghouse, Position
from hyperliquid_perpetual.sandbox.fill_aggregation import aggregated
from hyperliquid_perpetual.sandbox.ledger_view import ledger_row
from hyperliquid_perpetual.sandbox.order_view import OrderView
from hyperliquid_perpetual.sandbox.spot_view import spot_state
from hyperliquid_perpetual.sandbox.wire import (
    divide_half_even,
    money_text,
    price_text,
    ratio_text,
    size_text,
)

MAX_HISTORY = 2_000
MAX_FUNDING_ROWS = 500

Json = dict[str, Any]


class AccountView:
    """Reads the engine, writes the venue's JSON. Users are lowercase addresses; an unknown one has nothing."""

    def __init__(self, exchange: Exchange, orders: OrderView, budget: AddressBudget, tokens: Mapping[str, int]) -> None:
        """:param tokens: their indexes by name."""
        self._tokens = tokens
        self._exchange = exchange
        self._orders = orders
        self._budget = budget
        self._quirks = exchange.config.quirks

    # ------------------------------------------------------------------ state

    def clearinghouse_state(self, user: str, dex: str) -> Json:
        """`clearinghouseState` of one dex."""
        account = self._exchange.account(user)
        house = account.clearinghouses.get(dex) if account is not None else None
        if house is None:
            house = Clearinghouse(dex)
        markets = self._exchange.markets
        margin = clearinghouse_margin(house, markets)
        return {
            "marginSummary": _summary(margin.summary),
            "crossMarginSummary": _summary(margin.cross),
            "crossMaintenanceMarginUsed": money_text(margin.cross_maintenance_margin_used),
            "withdrawable": money_text(margin.withdrawable),
            "assetPositions": [
                {"type": "oneWay", "position": self._position(position, house)} for position in house.open_positions()
            ],
            "time": self._exchange.now,
        }

    def _position(self, position: Position, house: Clearinghouse) -> Json:
        market = position.market
        mark_px = self._exchange.markets[market.asset].mark_px
        pnl = position.unrealized_pnl(mark_px)
        margin = divide_half_even(position.cost, position.leverage)
        px = liquidation_px(position, house, self._exchange.markets)
        return {
            "coin": market.coin,
            "szi": size_text(position.szi, market.sz_decimals),
            "leverage": _leverage(position),
            "entryPx": price_text(divide_half_even(position.cost, abs(position.szi) * market.lot_value)),
            "positionValue": money_text(abs(position.notional(mark_px))),
            "unrealizedPnl": money_text(pnl),
            "returnOnEquity": ratio_text(pnl, margin),
            "liquidationPx": None if px is None else price_text(px),
            "marginUsed": money_text(position_margin(position, mark_px)),
            "maxLeverage": market.max_leverage,
            "cumFunding": {
                "allTime": money_text(position.funding_all_time),
                "sinceOpen": money_text(position.funding_since_open),
                "sinceChange": money_text(position.funding_since_change),
            },
        }

    def spot_state(self, user: str) -> Json:
        """`spotClearinghouseState`; in the modes that share margin, with what it backs (see `spot_view`)."""
        return spot_state(self._exchange, self._exchange.account(user), self._tokens)

    def mode(self, user: str) -> str:
        """`userAbstraction`."""
        account = self._exchange.account(user)
        return "default" if account is None else account.mode

    def active_asset_data(self, user: str, state: MarketState) -> Json:
        """`activeAssetData`: the leverage setting, and what could still be bought and sold."""
        market = state.market
        account = self._exchange.account(user)
        house = account.clearinghouses.get(market.dex) if account is not None else None
        position = house.positions.get(market.asset) if house is not None else None
        if house is None:
            house = Clearinghouse(market.dex)
        if position is None:
            leverage = min(self._exchange.config.default_leverage, market.max_leverage)
            position = Position(market, not market.only_isolated, leverage)
        capacity = asset_capacity(position, house, self._exchange.markets)
        return {
            "user": user,
            "coin": market.coin,
            "leverage": _leverage(position),
            "maxTradeSzs": [size_text(sz, market.sz_decimals) for sz in (capacity.buy_sz, capacity.sell_sz)],
            "availableToTrade": [money_text(money) for money in (capacity.buy_margin, capacity.sell_margin)],
            "markPx": price_text(state.mark_px),
        }

    # ------------------------------------------------------------------ orders and history

    def open_orders(self, user: str, dex: str) -> list[Json]:
        """`openOrders` of one dex, the newest first."""
        return [self._orders.basic_order(order) for order in reversed(self._exchange.open_orders(user, dex))]

    def frontend_open_orders(self, user: str, dex: str) -> list[Json]:
        """`frontendOpenOrders` of one dex, the newest first."""
        return [self._orders.frontend_order(order) for order in reversed(self._exchange.open_orders(user, dex))]

    def order_status(self, user: str, key: int | str) -> Json:
        """`orderStatus` by oid or cloid; the quirks `reused_cloid_status` and `ended_orders` are about it."""
        quirks = self._quirks
        order = self._exchange.order(user, key)
        account = self._exchange.account(user)
        if quirks.reused_cloid_status == "oldest" and isinstance(key, str) and account is not None:
            ended = [entry for entry in account.history.newest_first() if entry.cloid == key]
            order = ended[-1] if ended else order
        if order is None or (quirks.ended_orders == "forgotten" and order.status is not OrderStatus.OPEN):
            return {"status": "unknownOid"}
        return {"status": "order", "order": self._orders.order_state(order)}

    def historical_orders(self, user: str) -> list[Json]:
        """`historicalOrders`: the newest 2000, open ones among them."""
        account = self._exchange.account(user)
        if account is None:
            return []
        newest = list(reversed(self._exchange.open_orders(user)))
        for order in account.history.newest_first():
            if len(newest) >= MAX_HISTORY:
                break
            newest.append(order)
        newest.sort(key=lambda order: (order.status_timestamp, order.oid), reverse=True)
        return [self._orders.order_state(order) for order in newest]

    def fills(self, user: str, by_time: bool = False) -> list[Json]:
        """`userFills`: the newest 2000, newest first; `by_time` merges them (see `fill_aggregation`)."""
        account = self._exchange.account(user)
        if account is None:
            return []
        listed = self._listed(account)
        fills = (aggregated(listed) if by_time else listed)[-MAX_HISTORY:]
        return [self._orders.fill(fill) for fill in reversed(fills)]

    def _listed(self, account: Account) -> list[Fill]:
        """The fills that are told as such: under the quirk `twap_fills` those of TWAP slices are not."""
        if self._quirks.twap_fills == "everywhere":
            return list(account.fills)
        return [fill for fill in account.fills if fill.twap_id is None]

    def fills_by_time(self, user: str, start: int, end: int, newest_first: bool, by_time: bool = False) -> list[Json]:
        """`userFillsByTime`: at most 2000 from `start` on, oldest first; `newest_first` counts from `end` back.

        Under the quirk `fills_order` the newest are what comes first and what is kept.
        """
        account = self._exchange.account(user)
        if account is None:
            return []
        found = [fill for fill in self._listed(account) if start <= fill.time <= end]
        if by_time:
            found = aggregated(found)
        if newest_first or self._quirks.fills_order == "newest_first":
            found.reverse()
        return [self._orders.fill(fill) for fill in found[:MAX_HISTORY]]

    def fundings(self, user: str, start: int, end: int) -> list[Json]:
        """`userFunding`: at most 500 rows, oldest first but for the quirk `fundings_order`."""
        account = self._exchange.account(user)
        if account is None:
            return []
        found = [payment for payment in account.fundings if start <= payment.time <= end]
        if self._quirks.fundings_order == "newest_first":
            found.reverse()
        return [self._orders.funding_row(payment) for payment in found[:MAX_FUNDING_ROWS]]

    def ledger(self, user: str, start: int, end: int) -> list[Json]:
        """`userNonFundingLedgerUpdates`: at most 500 rows, oldest first."""
        account = self._exchange.account(user)
        if account is None:
            return []
        found = [update for update in account.ledger if start <= update.time <= end]
        return [ledger_row(update, self._exchange.markets) for update in found[:MAX_FUNDING_ROWS]]

    # ------------------------------------------------------------------ limits, role

    def rate_limit(self, user: str) -> Json:
        """`userRateLimit`: what the address has asked for, and may ask for in all (section 9.3)."""
        standing = self._budget.standing(user)
        return {
            "cumVlm": money_text(standing.volume),
            "nRequestsUsed": max(0, standing.used - standing.reserved),
            "nRequestsCap": standing.limit,
            "nRequestsSurplus": max(0, standing.reserved - standing.used),
        }

    def role(self, user: str) -> Json:
        """`userRole`: an agent and a sub-account name their master."""
        master = self._exchange.master_of(user, self._exchange.now)
        if master is not None:
            return {"role": "agent", "data": {"user": master}}
        account = self._exchange.account(user)
        if account is None or not account.is_funded:
            return {"role": "missing"}
        if account.kind == "subAccount":
            return {"role": "subAccount", "data": {"master": account.master}}
        return {"role": account.kind}

    def max_builder_fee(self, user: str, builder: str) -> int:
        """`maxBuilderFee`: tenths of a basis point, 0 without an approval."""
        account = self._exchange.account(user)
        return 0 if account is None else account.builders.get(builder, 0)

    def approved_builders(self, user: str) -> list[str]:
        """`approvedBuilders`: their addresses."""
        account = self._exchange.account(user)
        return [] if account is None else list(account.builders)

    def extra_agents(self, user: str) -> list[Json]:
        """`extraAgents`: the named ones that have not expired."""
        account = self._exchange.account(user)
        if account is None:
            return []
        return [
            {"name": agent.name, "address": agent.address, "validUntil": agent.valid_until}
            for agent in account.agents.values()
            if agent.name and agent.valid_until > self._exchange.now
        ]


def _summary(summary: MarginSummary) -> Json:
    return {
        "accountValue": money_text(summary.account_value),
        "totalNtlPos": money_text(summary.total_ntl_pos),
        "totalRawUsd": money_text(summary.total_raw_usd),
        "totalMarginUsed": money_text(summary.total_margin_used),
    }


def _leverage(position: Position) -> Json:
    if position.is_cross:
        return {"type": "cross", "value": position.leverage}
    return {"type": "isolated", "value": position.leverage, "rawUsd": money_text(position.isolated_usd)}
