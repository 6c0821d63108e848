"""Positions that change hands without an order book: to the liquidator, and to those who are deleveraged.

Both sides are booked at one price and without fees, as two fills that follow each other and share an id.
"""

from collections.abc import Mapping
from fractions import Fraction

from .accounts import apply_fill, fill_dir
from .events import FillMade
from .margin import cross_account_value
from .market_state import MarketState
from .matching import liquidation_dir, trade_id
from .orders import OrderDesk
from .outbox import Outbox
from .pools import SPOT, USDC, Pool
from .records import Fill, Liquidation
from .state import Account, Clearinghouse, Position
from .treasury import Treasury

AUTO_DELEVERAGING = "Auto-Deleveraging"


class Takeover:
    """Moves positions and what is left of their margin."""

    __slots__ = ("_address", "_desk", "_markets", "_outbox", "_treasury")

    def __init__(
        self, address: str, markets: Mapping[int, MarketState], treasury: Treasury, desk: OrderDesk, outbox: Outbox
    ) -> None:
        """`address` is the liquidator's."""
        self._address = address
        self._markets = markets
        self._treasury = treasury
        self._desk = desk
        self._outbox = outbox

    def backstop(self, account: Account, position: Position) -> None:
        """Give a whole position to the liquidator at mark; an isolated one with what is left of its margin."""
        liquidator = self._treasury.open(self._address)
        house = account.clearinghouse(position.market.dex)
        taken = self._position(liquidator, position)
        px = self._markets[position.asset].mark_px
        liquidation = Liquidation(account.address, px, "backstop")
        raw_usd = house.raw_usd
        self._swap(account, position, liquidator, taken, abs(position.szi), px, liquidation)
        if not position.is_cross:
            # What an isolated position leaves behind, a debt too, is the liquidator's and not the account's.
            self._give(account, house, house.raw_usd - raw_usd)

    def deleverage(self, account: Account, position: Position, px: int | None) -> None:
        """Close a position against those on the other side that have gained most, as far as there are any.

        `px` is the mark price of before, None when there was none.
        """
        px = self._markets[position.asset].mark_px if px is None else px
        house = account.clearinghouse(position.market.dex)
        raw_usd = house.raw_usd
        for other, held in self._ranked(account, position):
            if not position.szi:
                break
            size = min(abs(position.szi), abs(held.szi))
            self._swap(account, position, other, held, size, px, None)
        if not position.is_cross:
            self._give(account, house, house.raw_usd - raw_usd)

    def take_cash(self, account: Account, pool: Pool) -> None:
        """After the cross positions of a pool are gone: what is left of its cash, or owed, is the liquidator's."""
        for house in pool.houses:
            self._give(account, house, house.raw_usd)
        if pool.spot is not None and pool.cash:
            self._move(account, SPOT, pool.token, pool.cash)

    def _ranked(self, account: Account, position: Position) -> list[tuple[Account, Position]]:
        """Positions on the other side, those first that are furthest in profit at the highest leverage."""
        state = self._markets[position.asset]
        ranked: list[tuple[Fraction, str, Account, Position]] = []
        for other in self._treasury.accounts.values():
            held = other.position(position.market)
            if (
                other.address in (account.address, self._address)
                or held is None
                or not held.szi
                or (held.szi > 0) == (position.szi > 0)
            ):
                continue
            notional = abs(held.notional(state.mark_px))
            if held.is_cross:
                value = cross_account_value(other.clearinghouse(position.market.dex), self._markets)
            else:
                value = held.isolated_usd + held.notional(state.mark_px)
            gain = Fraction(notional, held.cost) if held.szi > 0 else Fraction(held.cost, max(notional, 1))
            ranked.append((-gain * Fraction(notional, max(value, 1)), other.address, other, held))
        ranked.sort(key=lambda entry: entry[:2])
        return [(other, held) for _, _, other, held in ranked]

    def _position(self, account: Account, like: Position) -> Position:
        positions = account.clearinghouse(like.market.dex).positions
        found = positions.get(like.asset)
        if found is None:
            found = positions[like.asset] = Position(like.market, True, 1)
        return found

    def _give(self, account: Account, house: Clearinghouse, amount: int) -> None:
        """Move cash of a dex from an account to the liquidator, or with a negative amount back."""
        if amount:
            self._move(account, house.dex, self._treasury.collateral(house.dex) or USDC, amount)

    def _move(self, account: Account, place: str, token: str, amount: int) -> None:
        self._treasury.book(account, place, token, -amount)
        self._treasury.book(self._treasury.open(self._address), place, token, amount)

    def _swap(
        self,
        account: Account,
        position: Position,
        other: Account,
        held: Position,
        size: int,
        px: int,
        liquidation: Liquidation | None,
    ) -> None:
        """Book `size` lots of a position away from an account and onto another one."""
        is_buy = position.szi < 0
        oids = self._desk.take_oid(), self._desk.take_oid()
        tid = trade_id(*(oids if is_buy else oids[::-1]))
        state = self._markets[position.asset]
        for who, what, buys, oid in ((account, position, is_buy, oids[0]), (other, held, not is_buy, oids[1])):
            self._book(state, who, what, size if buys else -size, px, oid, tid, liquidation)
        for what in (position, held):
            if what.reduce_only_orders:
                self._desk.trim_reduce_only(what)

    def _book(
        self,
        state: MarketState,
        account: Account,
        position: Position,
        signed_sz: int,
        px: int,
        oid: int,
        tid: int,
        liquidation: Liquidation | None,
    ) -> None:
        market, outbox = state.market, self._outbox
        house = account.clearinghouse(market.dex)
        start = position.szi
        closed_pnl = apply_fill(house, position, signed_sz, px, 0)
        end = position.szi
        state.open_interest += max(end, 0) - max(start, 0)
        if liquidation is None:
            direction = AUTO_DELEVERAGING
        elif liquidation.user == account.address:
            direction = liquidation_dir(position.is_cross, start)
        else:
            direction = fill_dir(start, end)
        fill = Fill(
            account.address,
            market.asset,
            market.coin,
            px,
            abs(signed_sz),
            signed_sz > 0,
            outbox.time,
            start,
            direction,
            closed_pnl,
            outbox.tx_hash,
            oid,
            False,
            0,
            market.collateral,
            tid,
            None,
            liquidation=liquidation,
        )
        account.fills.append(fill)
        outbox.emit(FillMade(outbox.time, fill))
        outbox.touch_position(account, position)
        outbox.touch_cash(account, house)
