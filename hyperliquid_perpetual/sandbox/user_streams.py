"""Streams about an account: orders, fills, funding, ledger, and states (reference, sections 8.3 and 3.13)."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hyperliquid_perpetual.sandbox import subscriptions as subs
from hyperliquid_perpetual.sandbox.account_view import AccountView
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine import events as ev
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.records import Fill, OrderStatus
from hyperliquid_perpetual.sandbox.fill_aggregation import aggregated
from hyperliquid_perpetual.sandbox.hub import Hub
from hyperliquid_perpetual.sandbox.ledger_view import ledger_row
from hyperliquid_perpetual.sandbox.market_streams import Cadence, Snapshot
from hyperliquid_perpetual.sandbox.order_view import OrderView
from hyperliquid_perpetual.sandbox.twap_view import TwapView
from hyperliquid_perpetual.sandbox.wire import money_text

FOREVER = 2**62
_CANCELED_FOR_THE_USER = frozenset(
    (
        OrderStatus.MARGIN_CANCELED,
        OrderStatus.SELF_TRADE_CANCELED,
        OrderStatus.REDUCE_ONLY_CANCELED,
        OrderStatus.SIBLING_FILLED_CANCELED,
        OrderStatus.DELISTED_CANCELED,
        OrderStatus.LIQUIDATED_CANCELED,
        OrderStatus.SCHEDULED_CANCEL,
    )
)


class _News:
    """What one block had for one account."""

    __slots__ = (
        "coins",
        "fills",
        "fundings",
        "ledger",
        "liquidations",
        "made",
        "money_moved",
        "orders",
        "slices",
        "state_changed",
        "twap_waits",
        "twaps",
        "unasked_cancels",
    )

    def __init__(self) -> None:
        self.orders: list[Any] = []
        self.fills: list[Any] = []
        self.made: list[Fill] = []
        """The same fills, as the engine has them."""
        self.fundings: list[Any] = []
        self.slices: list[Any] = []
        self.twaps: list[Any] = []
        self.ledger: list[Any] = []
        self.liquidations: list[Any] = []
        self.unasked_cancels: list[Any] = []
        self.state_changed = False
        self.coins: set[str] = set()
        """In which it had orders, a position or another setting of leverage."""
        self.money_moved = False
        """Whether money came or went that no trade explains: what can be traded is another figure in every coin."""
        self.twap_waits = False


class UserStreams:
    """Listens to the chain, and speaks to the hub. Only accounts that somebody follows cost anything."""

    def __init__(
        self,
        exchange: Exchange,
        accounts: AccountView,
        orders: OrderView,
        twaps: TwapView,
        hub: Hub,
        cadence: Cadence,
        dexes: list[str],
    ) -> None:
        self._exchange = exchange
        self._accounts = accounts
        self._orders = orders
        self._twaps = twaps
        self._hub = hub
        self._cadence = cadence
        self._dexes = dexes
        self._quirks = exchange.config.quirks
        self._news: defaultdict[str, _News] = defaultdict(_News)
        self._followed: defaultdict[str, int] = defaultdict(int)
        self._takers: dict[type[ev.Event], Callable[[Any], None]] = {
            ev.OrderUpdated: self._take_order,
            ev.FillMade: self._take_fill,
            ev.TwapWaits: self._take_twap_wait,
            ev.TwapUpdated: self._take_twap,
            ev.FundingPaid: self._take_funding,
            ev.LedgerUpdated: self._take_ledger,
            ev.Liquidated: self._take_liquidation,
            ev.PositionChanged: self._take_change_of_a_coin,
            ev.LeverageChanged: self._take_change_of_a_coin,
            ev.BalanceChanged: self._take_change,
            ev.CashMoved: self._take_money,
            ev.ModeChanged: self._take_money,
        }

    def start(self, clock: Clock) -> list[Timer]:
        """Begin what is sent at intervals."""
        timer = clock.every(self._cadence.account_ms, self._send_states)
        timer.idle = lambda: not self._followed
        return [timer]

    def follow(self, user: str) -> None:
        """One more subscription is about this account."""
        self._followed[user] += 1

    def unfollow(self, user: str) -> None:
        """One subscription less is about this account."""
        self._followed[user] -= 1
        if not self._followed[user]:
            del self._followed[user]

    def snapshot(self, subscription: subs.UserSubscription) -> Snapshot:
        """What a new subscriber gets at once; `orderUpdates` and `userEvents` have no snapshot."""
        user = subscription.user
        head = {"user": user, "isSnapshot": True}
        accounts = self._accounts
        match subscription:
            case subs.UserFills(aggregateByTime=by_time):
                return [("userFills", {**head, "fills": accounts.fills(user, bool(by_time))})]
            case subs.UserFundings():
                account = self._exchange.account(user)
                fundings = [] if account is None else [self._orders.funding(row) for row in account.fundings]
                return [("userFundings", {**head, "fundings": fundings[-500:]})]
            case subs.UserNonFundingLedgerUpdates():
                rows = accounts.ledger(user, 0, FOREVER)
                return [("userNonFundingLedgerUpdates", {**head, "nonFundingLedgerUpdates": rows})]
            case subs.UserHistoricalOrders():
                return [("userHistoricalOrders", {**head, "orderHistory": accounts.historical_orders(user)})]
            case subs.UserTwapSliceFills():
                return [("userTwapSliceFills", {**head, "twapSliceFills": self._twaps.slice_fills(user)})]
            case subs.UserTwapHistory():
                return [("userTwapHistory", {**head, "history": self._twaps.history(user)})]
            case subs.OrderUpdates() | subs.UserEvents() | subs.User():
                return []
            case _:
                return [self._state(subscription)]

    # ------------------------------------------------------------------ block by block

    def on_events(self, events: list[ev.Event]) -> None:
        """Remember what concerns followed accounts until the block is done."""
        if not self._followed:
            return
        takers = self._takers
        for event in events:
            take = takers.get(type(event))
            if take is not None:
                take(event)

    def _take_order(self, event: ev.OrderUpdated) -> None:
        order = event.order
        if order.account in self._followed:
            news = self._news[order.account]
            news.orders.append(order)
            news.coins.add(order.coin)
            if order.status in _CANCELED_FOR_THE_USER:
                news.unasked_cancels.append({"coin": order.coin, "oid": order.oid})

    def _take_twap_wait(self, event: ev.TwapWaits) -> None:
        if event.state.account in self._followed:
            self._news[event.state.account].twap_waits = True

    def _take_twap(self, event: ev.TwapUpdated) -> None:
        if event.record.state.account in self._followed:
            self._news[event.record.state.account].twaps.append(self._twaps.history_row(event.record))

    def _take_funding(self, event: ev.FundingPaid) -> None:
        if event.account in self._followed:
            self._news[event.account].fundings.append(self._orders.funding(event.payment))

    def _take_ledger(self, event: ev.LedgerUpdated) -> None:
        if event.account in self._followed:
            self._news[event.account].ledger.append(ledger_row(event.update, self._exchange.markets))

    def _take_liquidation(self, event: ev.Liquidated) -> None:
        for concerned in (event.account, event.liquidator):
            if concerned in self._followed:
                self._news[concerned].liquidations.append(_liquidation(event))

    def _take_change(self, event: ev.BalanceChanged) -> None:
        if event.account in self._followed:
            self._news[event.account].state_changed = True

    def _take_change_of_a_coin(self, event: ev.PositionChanged | ev.LeverageChanged) -> None:
        if event.account in self._followed:
            news = self._news[event.account]
            news.state_changed = True
            news.coins.add(self._exchange.markets[event.asset].market.coin)

    def _take_money(self, event: ev.CashMoved | ev.ModeChanged) -> None:
        if event.account in self._followed:
            news = self._news[event.account]
            news.state_changed = news.money_moved = True

    def on_block(self, now: int) -> None:
        """Send what the block had for each account."""
        if self._news:
            news, self._news = self._news, defaultdict(_News)
            for user, entry in news.items():
                self._tell(user, entry)

    def _tell(self, user: str, news: _News) -> None:
        publish = self._hub.publish
        head: dict[str, Any] = {"user": user}
        if self._quirks.later_snapshot_flag == "false":
            head["isSnapshot"] = False
        orders_first = self._quirks.stream_order == "orders_first"
        if news.orders and orders_first:
            self._tell_orders(user, news, head)
        if news.fills:
            publish(subs.UserFills(user=user), "userFills", {**head, "fills": news.fills})
            merging = subs.UserFills(user=user, aggregateByTime=True)
            if self._hub.has(merging):
                merged = [self._orders.fill(fill) for fill in aggregated(news.made)]
                publish(merging, "userFills", {**head, "fills": merged})
        events = [{"fills": news.fills}] if news.fills else []
        events += [{"liquidation": liquidation} for liquidation in news.liquidations]
        events += [{"funding": funding} for funding in news.fundings]
        if news.slices:
            events.append({"twapSliceFills": news.slices})
        if news.twaps:
            events.append({"twapHistory": news.twaps})
        if news.unasked_cancels:
            events.append({"nonUserCancel": news.unasked_cancels})
        for subscription in (subs.UserEvents(user=user), subs.User(user=user)):
            for event in events:
                publish(subscription, "user", event)
        if news.orders and not orders_first:
            self._tell_orders(user, news, head)
        if news.fundings:
            publish(subs.UserFundings(user=user), "userFundings", {**head, "fundings": news.fundings})
        if news.slices:
            data = {**head, "twapSliceFills": news.slices}
            publish(subs.UserTwapSliceFills(user=user), "userTwapSliceFills", data)
        if news.twaps:
            publish(subs.UserTwapHistory(user=user), "userTwapHistory", {**head, "history": news.twaps})
        if news.slices or news.twaps or news.twap_waits:
            self._publish_states(subs.TwapStates, user)
        if news.ledger:
            data = {**head, "nonFundingLedgerUpdates": news.ledger}
            publish(subs.UserNonFundingLedgerUpdates(user=user), "userNonFundingLedgerUpdates", data)
        if news.orders:
            self._publish_states(subs.OpenOrders, user)
        self._tell_asset_data(user, news)
        if news.state_changed:
            self._publish_states(subs.ClearinghouseState, user)
            self._publish_states(subs.AllDexsClearinghouseState, user)
            self._publish_states(subs.SpotState, user)

    def _take_fill(self, event: ev.FillMade) -> None:
        """A fill of a TWAP order is one of its slices, and a fill like any other but for the quirk `twap_fills`."""
        fill = event.fill
        if fill.account not in self._followed:
            return
        news = self._news[fill.account]
        if fill.twap_id is not None:
            news.slices.append(self._twaps.slice_fill(fill))
            if self._quirks.twap_fills == "apart":
                return
        news.fills.append(self._orders.fill(fill))
        news.made.append(fill)
        self._repeat_open(fill)

    def _repeat_open(self, fill: Fill) -> None:
        """Under the quirk `open_after_fill`: what is left of a resting order after a match, as a new `open`."""
        if self._quirks.open_after_fill == "told" and not fill.crossed:
            order = self._exchange.order(fill.account, fill.oid)
            if order is not None and order.status is OrderStatus.OPEN:
                self._news[fill.account].orders.append(order)

    def _tell_orders(self, user: str, news: _News, head: dict[str, Any]) -> None:
        updates = subs.OrderUpdates(user=user)
        if self._hub.has(updates):
            self._hub.publish(updates, "orderUpdates", [self._orders.order_update(order) for order in news.orders])
        history = subs.UserHistoricalOrders(user=user)
        if self._hub.has(history):
            rows = [self._orders.order_state(order) for order in news.orders]
            self._hub.publish(history, "userHistoricalOrders", {**head, "orderHistory": rows})

    def _tell_asset_data(self, user: str, news: _News) -> None:
        """Of the coins that the block concerned; what it left to trade in others is told with the next states."""
        for subscription in self._hub.active(subs.ActiveAssetData):
            if subscription.user == user and (news.money_moved or subscription.coin in news.coins):
                self._hub.publish(subscription, *self._state(subscription))

    # ------------------------------------------------------------------ states

    def _publish_states(self, kind: type[subs.UserSubscription], user: str | None = None) -> None:
        for subscription in self._hub.active(kind):
            if user is None or subscription.user == user:
                self._hub.publish(subscription, *self._state(subscription))

    def _send_states(self) -> None:
        self._publish_states(subs.ClearinghouseState)
        self._publish_states(subs.AllDexsClearinghouseState)
        self._publish_states(subs.ActiveAssetData)
        self._publish_states(subs.SpotState)

    def _state(self, subscription: subs.UserSubscription) -> tuple[str, Any]:
        user, accounts = subscription.user, self._accounts
        match subscription:
            case subs.ClearinghouseState(dex=dex):
                state = accounts.clearinghouse_state(user, dex or "")
                return "clearinghouseState", {"dex": dex, "user": user, "clearinghouseState": state}
            case subs.AllDexsClearinghouseState():
                states = [[dex, accounts.clearinghouse_state(user, dex)] for dex in self._dexes]
                return "allDexsClearinghouseState", {"user": user, "clearinghouseStates": states}
            case subs.OpenOrders(dex=dex):
                orders = accounts.frontend_open_orders(user, dex or "")
                return "openOrders", {"dex": dex, "user": user, "orders": orders}
            case subs.TwapStates(dex=dex):
                states = self._twaps.states(user, dex or "")
                return "twapStates", {"dex": dex, "user": user, "states": states}
            case subs.SpotState():
                return "spotState", {"user": user, "spotState": accounts.spot_state(user)}
            case subs.ActiveAssetData(coin=coin):
                market = self._exchange.market(coin)
                assert market is not None, "unknown coins are refused when they are subscribed to"
                return "activeAssetData", accounts.active_asset_data(user, market)
        raise TypeError(f"{subscription} has no state")


def _liquidation(event: ev.Liquidated) -> Any:
    return {
        "lid": event.number,
        "liquidator": event.liquidator,
        "liquidated_user": event.account,
        "liquidated_ntl_pos": money_text(event.notional),
        "liquidated_account_value": money_text(event.account_value),
    }
