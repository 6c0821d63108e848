"""Liquidation: what happens to positions whose margin the mark price has eaten up (reference, section 14).

Cross positions of a dex are judged together by their account value, an isolated position by its own equity, against the
maintenance margin at mark. Below it the orders of what is judged are canceled and market orders go into the book: for
all of it, or for a fifth of a position worth more than 100,000 USD, after which everything goes for 30 seconds. Below
two thirds of it the liquidator, an account of the exchange, takes positions and margin over at mark. With nothing left
at all, accounts on the other side are deleveraged: those with the greatest profit and leverage first, at the mark price
of before.

The liquidator has no deposit and no limit: what it gains and loses here is what others lose and gain, so that nothing
appears or vanishes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .commands import OrderIntent
from .events import Liquidated
from .margin import maintenance_margin, pool_margin
from .market_state import MarketState
from .matching import Matcher
from .orders import OrderDesk
from .outbox import Outbox
from .pools import Pool
from .records import LedgerDetails, Liquidation, OrderStatus
from .state import Account, Clearinghouse, Position
from .takeover import Takeover
from .treasury import Treasury
from .units import SECOND, usd

LARGE_POSITION = usd(100_000)
COOLDOWN = 30 * SECOND
_FAR = 100
"""A market order for a liquidation takes any price up to this many times the mark."""


@dataclass(slots=True)
class _Judged:
    """What stands or falls together: the cross positions of a pool, or one isolated position."""

    account: Account
    house: Clearinghouse
    positions: list[Position]
    pool: Pool | None
    """None for an isolated position."""

    def margin(self, markets: Mapping[int, MarketState]) -> tuple[int, int]:
        """What is left at mark, and what has to be left (money)."""
        if self.pool is not None:
            margin = pool_margin(self.pool, markets)
            return margin.cross_value, margin.maintenance
        (position,) = self.positions
        value = position.notional(markets[position.asset].mark_px)
        return position.isolated_usd + value, maintenance_margin(position.market, abs(value))


class Liquidator:
    """Looks at every account when mark prices have moved."""

    __slots__ = (
        "_cooling",
        "_count",
        "_desk",
        "_markets",
        "_marks",
        "_matcher",
        "_outbox",
        "_takeover",
        "_treasury",
        "address",
    )

    def __init__(
        self,
        address: str,
        markets: Mapping[int, MarketState],
        treasury: Treasury,
        desk: OrderDesk,
        matcher: Matcher,
        outbox: Outbox,
    ) -> None:
        self.address = address
        self._markets = markets
        self._treasury = treasury
        self._desk = desk
        self._matcher = matcher
        self._outbox = outbox
        self._takeover = Takeover(address, markets, treasury, desk, outbox)
        self._marks = {asset: state.mark_px for asset, state in markets.items()}
        """The mark prices of the last look, by asset."""
        self._count = 0
        self._cooling: dict[str, int] = {}
        """Until when positions of an account are liquidated whole, by address."""

    def look(self) -> None:
        """Liquidate whoever is below maintenance margin; to be called when a mark price has changed."""
        for account in list(self._treasury.accounts.values()):
            if account.address != self.address:
                for judged in list(_judged(account)):
                    self._judge(judged)
        self._marks = {asset: state.mark_px for asset, state in self._markets.items()}

    def _judge(self, judged: _Judged) -> None:
        equity, maintenance = judged.margin(self._markets)
        if equity >= maintenance:
            return
        before = {position: position.szi for position in judged.positions}
        first_equity = equity
        self._cancel_orders(judged)
        if 3 * equity >= 2 * maintenance:
            self._send_market_orders(judged)
            if judged.pool is not None or judged.positions[0].szi:
                equity, maintenance = judged.margin(self._markets)
            else:
                equity = maintenance = 0
        if 3 * equity < 2 * maintenance:
            self._take_over(judged, is_bankrupt=equity < 0)
        self._tell(judged, before, first_equity)

    def _take_over(self, judged: _Judged, is_bankrupt: bool) -> None:
        takeover = self._takeover
        for position in judged.positions:
            if is_bankrupt and position.szi:
                takeover.deleverage(judged.account, position, self._marks.get(position.asset))
            if position.szi:
                takeover.backstop(judged.account, position)
        if judged.pool is not None:
            takeover.take_cash(judged.account, judged.pool)

    def _cancel_orders(self, judged: _Judged) -> None:
        account, pool = judged.account, judged.pool

        def is_judged(position: Position) -> bool:
            if pool is None:
                return position is judged.positions[0]
            return position.is_cross and account.clearinghouse(position.market.dex).pool is pool

        # The end of a parent can arm its children, which then end as well.
        while mine := [order for order in account.open_orders.values() if is_judged(order.position)]:
            self._desk.cancel(mine[0], OrderStatus.LIQUIDATED_CANCELED)

    def _tell(self, judged: _Judged, before: Mapping[Position, int], equity: int) -> None:
        """One line for the ledger, if anything was liquidated: what, and what the account was worth."""
        gone = {position: szi - position.szi for position, szi in before.items() if szi != position.szi}
        if not gone:
            return
        outbox, account = self._outbox, judged.account
        notional = sum(
            abs(szi) * self._markets[position.asset].mark_px * position.market.lot_value
            for position, szi in gone.items()
        )
        details = LedgerDetails(
            notional=notional,
            account_value=equity,
            leverage_type="Isolated" if judged.pool is None else "Cross",
            positions=tuple((position.asset, szi) for position, szi in gone.items()),
        )
        self._treasury.note(account, "liquidation", 0, judged.house.dex, details)
        self._count += 1
        outbox.emit(Liquidated(outbox.time, account.address, self.address, self._count, notional, equity))

    def _send_market_orders(self, judged: _Judged) -> None:
        account = judged.account
        is_cooling = self._outbox.time < self._cooling.get(account.address, 0)
        for position in judged.positions:
            state = self._markets[position.asset]
            size = abs(position.szi)
            if not is_cooling and abs(position.notional(state.mark_px)) > LARGE_POSITION:
                size = max(1, size // 5)
                self._cooling[account.address] = self._outbox.time + COOLDOWN
            is_buy = position.szi < 0
            worst = state.mark_px * _FAR if is_buy else state.market.px_step
            intent = OrderIntent(position.asset, is_buy, worst, size, True, "LiquidationMarket")
            order = self._desk.create(account, position, intent)
            self._matcher.liquidation = Liquidation(account.address, state.mark_px, "market")
            try:
                self._matcher.take(order)
            finally:
                self._matcher.liquidation = None
            if not order.sz:
                status = OrderStatus.FILLED
            else:
                status = OrderStatus.CANCELED if order.sz < order.orig_sz else OrderStatus.IOC_CANCEL_REJECTED
            self._desk.end(order, status)


def _judged(account: Account) -> Iterator[_Judged]:
    cross: dict[Pool, _Judged] = {}
    for house in account.clearinghouses.values():
        for position in house.open_positions():
            if not position.is_cross:
                yield _Judged(account, house, [position], None)
            elif house.pool in cross:
                cross[house.pool].positions.append(position)
            else:
                cross[house.pool] = _Judged(account, house, [position], house.pool)
    yield from cross.values()
