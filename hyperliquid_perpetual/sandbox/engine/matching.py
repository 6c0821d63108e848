"""Matching: one incoming order against a book, match by match, with both accounts settled before the next one."""

from collections.abc import Mapping
from hashlib import blake2b

from .accounts import apply_fill, fill_dir
from .brackets import sibling_filled
from .builders import builder_fee
from .events import FillMade, TradeMade
from .fee_standing import FeeDesk
from .fees import FeeSchedule
from .margin import affords_fill
from .market_state import MarketState
from .orders import OrderDesk
from .outbox import Outbox
from .records import Fill, Liquidation, OrderStatus, Trade
from .referrals import ReferralDesk
from .state import Account, Order
from .units import FEE_SCALE, MICRO_USD

_FEE_DIVISOR = FEE_SCALE * MICRO_USD
_TID_MASK = (1 << 50) - 1


def trade_id(buyer_oid: int, seller_oid: int) -> int:
    """The 50-bit hash of both order ids that the venue calls tid (reference, section 11)."""
    both = buyer_oid.to_bytes(8, "big") + seller_oid.to_bytes(8, "big")
    return int.from_bytes(blake2b(both, digest_size=8).digest(), "big") & _TID_MASK


def liquidation_dir(is_cross: bool, start: int) -> str:
    """The word for a match that liquidates a position of `start` lots (unconfirmed; reference, section 11)."""
    return f"Liquidated {'Cross' if is_cross else 'Isolated'} {'Long' if start > 0 else 'Short'}"


class Matcher:
    """Runs an incoming order through the opposite side of its book."""

    __slots__ = (
        "_accounts",
        "_desk",
        "_fee_desk",
        "_fees",
        "_markets",
        "_outbox",
        "_referrals",
        "fees_collected",
        "liquidation",
    )

    def __init__(
        self,
        markets: Mapping[int, MarketState],
        accounts: Mapping[str, Account],
        fees: FeeSchedule,
        fee_desk: FeeDesk,
        referrals: ReferralDesk,
        desk: OrderDesk,
        outbox: Outbox,
    ) -> None:
        self._accounts = accounts
        self._markets = markets
        self._fees = fees
        self._fee_desk = fee_desk
        self._referrals = referrals
        self._desk = desk
        self._outbox = outbox
        self.liquidation: Liquidation | None = None
        """Set while an order is matched by which the exchange liquidates somebody."""
        self.fees_collected: dict[str, int] = {}
        """Net fees by dex, in money."""

    def take(self, taker: Order) -> tuple[int, bool]:
        """Match `taker` as far as its limit, size and margin go; it is on no book, and its `sz` shrinks.

        Returns the money that changed hands, and whether it stopped because the taker's margin gave out. A resting
        order of the same account is canceled rather than matched; so is one whose account can no longer afford it.
        """
        state = self._markets[taker.asset]
        makers = state.book.side(not taker.is_buy)
        limit = taker.px
        notional = 0
        while taker.sz:
            maker = makers.first
            if maker is None or (maker.px > limit if taker.is_buy else maker.px < limit):
                break
            if maker.account is taker.account:
                self._desk.cancel(maker, OrderStatus.SELF_TRADE_CANCELED)
                continue
            sz = min(taker.sz, maker.sz)
            value = sz * maker.px * state.market.lot_value
            maker_fee = self._fee(maker, state, value, crossed=False)
            taker_fee = self._fee(taker, state, value, crossed=True)
            if not affords_fill(maker, sz, maker.px, maker_fee, self._markets):
                self._desk.cancel(maker, OrderStatus.MARGIN_CANCELED)
                continue
            if not affords_fill(taker, sz, maker.px, taker_fee, self._markets):
                return notional, True
            self._match(state, taker, maker, sz, taker_fee, maker_fee)
            notional += value
        return notional, False

    def _fee(self, order: Order, state: MarketState, value: int, crossed: bool) -> int:
        rate = self._fees.rate(order.account, state.market, crossed)
        # What is less than a millionth is dropped, as recorded fills show, of a rebate too.
        cut = value * abs(rate) // _FEE_DIVISOR * MICRO_USD
        return (cut if rate >= 0 else -cut) + builder_fee(order.builder, value)

    def _match(self, state: MarketState, taker: Order, maker: Order, sz: int, taker_fee: int, maker_fee: int) -> None:
        outbox = self._outbox
        market = state.market
        px = maker.px
        buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
        tid = trade_id(buyer.oid, seller.oid)
        state.last_px = px
        trade = Trade(
            market.asset,
            market.coin,
            taker.is_buy,
            px,
            sz,
            outbox.time,
            outbox.tx_hash,
            tid,
            buyer.account.address,
            seller.account.address,
        )
        state.trades.append(trade)
        outbox.emit(TradeMade(outbox.time, trade))
        self._settle(state, maker, sz, px, maker_fee, tid, crossed=False)
        self._settle(state, taker, sz, px, taker_fee, tid, crossed=True)
        if maker.account.referral is not None or taker.account.referral is not None:
            value = sz * px * market.lot_value
            for order, fee in ((maker, maker_fee), (taker, taker_fee)):
                self._referrals.reward(order.account, fee - builder_fee(order.builder, value), market.collateral)
        taker.sz -= sz
        self._desk.match_resting(maker, sz)
        if not taker.sz:
            # Before the position is looked at: it is the sibling that ends the others, not the closed position.
            sibling_filled(self._desk, taker)
        for order in (maker, taker):
            if order.position.reduce_only_orders:
                self._desk.trim_reduce_only(order.position)

    def _settle(self, state: MarketState, order: Order, sz: int, px: int, fee: int, tid: int, crossed: bool) -> None:
        outbox = self._outbox
        account, position, market = order.account, order.position, state.market
        house = account.clearinghouse(market.dex)
        start = position.szi
        signed_sz = sz if order.is_buy else -sz
        closed_pnl = apply_fill(house, position, signed_sz, px, fee)
        end = position.szi
        state.open_interest += (end if end > 0 else 0) - (start if start > 0 else 0)
        value = sz * px * market.lot_value
        weighted = value // 10 if market.growth_mode else value
        account.volume += weighted
        self._fee_desk.count(account, weighted, crossed)
        for_builder = self._pay_builder(order, value)
        self.fees_collected[market.dex] = self.fees_collected.get(market.dex, 0) + fee - for_builder
        liquidation = self.liquidation
        is_liquidated = liquidation is not None and liquidation.user == account.address
        fill = Fill(
            account.address,
            market.asset,
            market.coin,
            px,
            sz,
            order.is_buy,
            outbox.time,
            start,
            liquidation_dir(position.is_cross, start) if is_liquidated else fill_dir(start, end),
            closed_pnl,
            outbox.tx_hash,
            order.oid,
            crossed,
            fee,
            market.collateral,
            tid,
            order.cloid,
            for_builder,
            order.builder.address if for_builder and order.builder is not None else None,
            order.twap_id,
            liquidation,
        )
        account.fills.append(fill)
        outbox.emit(FillMade(outbox.time, fill))
        outbox.touch_position(account, position)
        outbox.touch_cash(account, house)

    def _pay_builder(self, order: Order, value: int) -> int:
        """Give the builder of an order its part of the fee, on the dex of the match; returns how much."""
        amount = builder_fee(order.builder, value)
        if amount and order.builder is not None:
            builder = self._accounts[order.builder.address]
            house = builder.clearinghouse(order.position.market.dex)
            house.raw_usd += amount
            self._outbox.touch_cash(builder, house)
        return amount
