"""Takes each account message to where it belongs: orders to the tracker, fills to their orders, state to the account.

Nothing here waits: a fill that is nobody's, an order of another bot or an item that cannot be used never holds up the
next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hummingbot.core.data_type.in_flight_order import InFlightOrder, TradeUpdate
from hummingbot.core.data_type.trade_fee import TokenAmount, TradeFeeBase, TradeFeeSchema

from ..venue import frames, messages
from ..venue.client_ids import is_ours
from ..venue.messages import Fill, FundingPayment, Order, OrderUpdate
from ..venue.statuses import OrderPhase, phase_of
from ..venue.twaps import name_of
from .account import AccountState
from .account_watch import AccountWatch
from .fills import FillBook, trade_id
from .log_names import logger_of
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .twap_follower import TwapFollower

logger = logger_of(__name__)

_FEE_SCHEMA = TradeFeeSchema()


@dataclass(slots=True)
class Counters:
    """What was passed over, for the status page."""

    foreign_fills: int = 0
    foreign_orders: int = 0
    malformed: int = 0
    unreadable: int = 0


class Dispatcher:
    """Applies messages of the account stream, and the same facts when they come from requests."""

    def __init__(
        self,
        tracker: OrderTracker,
        flow: OrderFlow,
        twaps: TwapFollower,
        fills: FillBook,
        account: AccountState,
        watch: AccountWatch,
        on_account: Callable[[], None],
        on_funding: Callable[[list[FundingPayment]], None],
    ) -> None:
        """
        :param on_account: called after positions or balances changed.
        :param on_funding: takes funding payments as they come, repeated ones included.
        """
        self._tracker = tracker
        self._flow = flow
        self._twaps = twaps
        twaps.on_fill = self.on_fill
        self._fills = fills
        self._account = account
        self._watch = watch
        self._on_account = on_account
        self._on_funding = on_funding
        self._listeners: list[Callable[[OrderUpdate], None]] = []
        self.on_new_fill: Callable[[Fill], None] = lambda _fill: None
        """Called with every fill that was not known before, ours or not."""
        self.on_charged: Callable[[Fill], None] = lambda _fill: None
        """Called with every fill, for what it shows of the account's fees."""
        self.on_unknown_fill: Callable[[Fill, bool], bool] = lambda _fill, _is_old: False
        """Called with a fill that is no tracked order's, and whether it may be from before this life; says whether it
        is kept, to come again later."""
        self.on_unknown_order: Callable[[Order], None] = lambda _row: None
        """Called with an order that the stream says is open and that is not tracked."""
        self.on_venue_time: Callable[[int], None] = lambda _ms: None
        """Called with each time that the venue states with the account, Unix milliseconds."""
        self.on_unreadable: Callable[[], None] = lambda: None
        """Called when something that the stream told could not be read."""
        self.on_named_open: Callable[[InFlightOrder], None] = lambda _order: None
        """Called with an order of ours that the stream says is open."""
        self.counters = Counters()

    def listen(self, listener: Callable[[OrderUpdate], None]) -> None:
        """Has the listener told each status of an order of ours, from the stream or asked for, once it is applied."""
        self._listeners.append(listener)

    def on_message(self, message: frames.Message) -> None:
        """Applies one message of the account stream."""
        match message:
            case frames.OrderUpdates(updates=updates, malformed=malformed):
                self._count_malformed("orderUpdates", malformed)
                for update in updates:
                    self.on_order_update(update)
            case frames.UserFills(fills=fills, is_snapshot=is_snapshot, malformed=malformed):
                self._count_malformed("userFills", malformed)
                for fill in fills:
                    self.on_fill(fill, is_old=is_snapshot)
            case frames.UserTwapHistory(records=records, malformed=malformed):
                self._count_malformed("userTwapHistory", malformed)
                self._twaps.on_records(records)
            case frames.UserFundings(fundings=fundings, malformed=malformed):
                self._count_malformed("userFundings", malformed)
                self._on_funding(fundings)
            case messages.AllDexsClearinghouseState(clearinghouseStates=states):
                if states:
                    self.on_venue_time(max(state.time for _, state in states))
                news = [dex for dex, state in states if self._account.update_dex(dex, state)]
                if news:
                    self._on_account()
            case frames.DexClearinghouseState(dex=dex, clearinghouseState=state):
                if self._account.update_dex(dex, state):
                    self._on_account()
            case messages.ActiveAssetData(coin=coin, leverage=leverage):
                # It is stated again with every move of the market.
                if self._account.update_leverage(coin, leverage):
                    self._on_account()
            case messages.SpotState(spotState=spot):
                self._account.update_spot(spot)
                self._on_account()
            case frames.UserEvent() as event:
                self._on_user_event(event)
            case frames.Unreadable():
                # The connection has logged it.
                self.counters.unreadable += 1
                self.on_unreadable()
            case _:
                pass

    def on_order_update(self, update: OrderUpdate) -> None:
        """Applies the venue's word about one order, if it is one of ours."""
        order = self._tracker.find(update.order.cloid, update.order.oid)
        if order is None:
            self.counters.foreign_orders += 1
            if phase_of(update.status) is OrderPhase.LIVE:
                self.on_unknown_order(update.order)
            return
        self.apply_order_update(order, update)

    def apply_order_update(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """Applies the venue's word about an order of ours."""
        self._watch.on_order_update(order, update)
        self._flow.apply_update(order, update)
        if order.is_done and phase_of(update.status) is OrderPhase.LIVE:
            self.on_named_open(order)
        for listener in self._listeners:
            listener(update)

    def on_fill(self, fill: Fill, is_old: bool = False) -> None:
        """Books one fill, once.

        :param is_old: it may have happened before this bot started, so it is no news that it is nobody's here.
        """
        if not self._fills.is_new(fill):
            return
        order = self._tracker.find(fill.cloid, fill.oid) or self._twaps.order_of(fill)
        if order is None and (self._twaps.park(fill) or self.on_unknown_fill(fill, is_old)):
            return
        if order is not None:
            self._tracker.process_trade_update(trade_update(order, fill))
        elif not is_old:
            self._report_foreign(fill)
        self._fills.remember(fill)
        self.on_charged(fill)
        if not is_old:
            self._watch.on_fill(fill)
            self.on_new_fill(fill)

    def _report_foreign(self, fill: Fill) -> None:
        self.counters.foreign_fills += 1
        owner = "another bot's order" if is_ours(fill.cloid) else "an order this bot did not place"
        logger.info(
            "%s filled on this account: %s %s %s at %s (order %s). The position follows the venue's statement.",
            owner.capitalize(),
            fill.dir or ("Buy" if fill.side == "B" else "Sell"),
            fill.sz,
            fill.coin,
            fill.px,
            fill.oid,
        )

    def _on_user_event(self, event: frames.UserEvent) -> None:
        self._count_malformed("user", event.malformed)
        for fill in event.fills:
            self.on_fill(fill)
        self._twaps.on_records(event.twap_records)
        if event.funding is not None:
            self._on_funding([event.funding])
        if event.liquidation is not None:
            self._watch.on_liquidation(event.liquidation)
        for canceled in event.non_user_cancels:
            order = self._tracker.find(None, canceled.oid)
            if order is not None:
                self._watch.on_venue_cancel(order, canceled.oid)

    def _count_malformed(self, channel: str, count: int) -> None:
        if count:
            if not self.counters.malformed:
                logger.warning("%d items of channel %s could not be read and were passed over", count, channel)
            self.counters.malformed += count
            self.on_unreadable()


def trade_update(order: InFlightOrder, fill: Fill) -> TradeUpdate:
    """A fill of an order in Hummingbot's terms, with its own price, fee and fee token."""
    return TradeUpdate(
        trade_id=trade_id(fill),
        client_order_id=order.client_order_id,
        # Each slice of a TWAP is an order of its own at the venue; here all fill the one that stands for the TWAP.
        exchange_order_id=str(fill.oid) if fill.twapId is None else name_of(fill.twapId),
        trading_pair=order.trading_pair,
        fill_timestamp=fill.time / 1000,
        fill_price=fill.px,
        fill_base_amount=fill.sz,
        fill_quote_amount=fill.px * fill.sz,
        fee=TradeFeeBase.new_perpetual_fee(
            fee_schema=_FEE_SCHEMA,
            position_action=order.position,
            percent_token=fill.feeToken,
            flat_fees=_fee_parts(fill),
        ),
        is_taker=fill.crossed,
    )


def _fee_parts(fill: Fill) -> list[TokenAmount]:
    """What was charged; a builder's part, which the venue's total contains, apart."""
    builder_fee = fill.builderFee or Decimal(0)
    parts = [TokenAmount(token=fill.feeToken, amount=fill.fee - builder_fee)]
    return [*parts, TokenAmount(token=fill.feeToken, amount=builder_fee)] if builder_fee else parts
