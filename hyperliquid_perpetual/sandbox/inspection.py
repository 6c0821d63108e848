"""The exchange's state as plain typed values with Decimals, for tests, reports and other processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.margin import clearinghouse_margin, pool_margin
from hyperliquid_perpetual.sandbox.engine.pools import USDC, AccountMode
from hyperliquid_perpetual.sandbox.engine.records import Fill, Level, OrderRecord, TwapState
from hyperliquid_perpetual.sandbox.engine.state import Account, Clearinghouse
from hyperliquid_perpetual.sandbox.wire import MONEY_DECIMALS, PRICE_DECIMALS, float_text


@dataclass(frozen=True, slots=True)
class BookLevel:
    """One price of a book: all that rests there, and in how many orders."""

    price: Decimal
    size: Decimal
    orders: int


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """A whole book, best prices first."""

    coin: str
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    @property
    def mid(self) -> Decimal | None:
        """The middle of the best prices, None without two sides."""
        return (self.bids[0].price + self.asks[0].price) / 2 if self.bids and self.asks else None


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """An order. `remaining` is what is unfilled; `status` is the venue's word; times are Unix ms.

    `order_type` is the venue's word too, and `tif` is None for a trigger order that is not on a book.
    """

    oid: int
    cloid: str | None
    coin: str
    is_buy: bool
    price: Decimal
    size: Decimal
    remaining: Decimal
    reduce_only: bool
    tif: str | None
    status: str
    time: int
    status_time: int
    order_type: str
    trigger_price: Decimal | None
    is_position_tpsl: bool


@dataclass(frozen=True, slots=True)
class FillSnapshot:
    """An account's side of a match. `fee` is positive when paid, and `builder_fee` the part of it for a builder.

    `twap_id` is that of the TWAP whose slice this is.
    """

    coin: str
    is_buy: bool
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_token: str
    closed_pnl: Decimal
    crossed: bool
    oid: int
    cloid: str | None
    tid: int
    time: int
    builder_fee: Decimal = Decimal(0)
    twap_id: int | None = None


@dataclass(frozen=True, slots=True)
class TwapSnapshot:
    """A TWAP order. `status` is the venue's word, or `waiting` before its trigger price; `time` is Unix ms."""

    twap_id: int
    coin: str
    is_buy: bool
    size: Decimal
    executed: Decimal
    minutes: int
    reduce_only: bool
    status: str
    time: int


@dataclass(frozen=True, slots=True)
class PositionSnapshot:
    """A position; `size` is signed."""

    coin: str
    size: Decimal
    entry_price: Decimal
    leverage: int
    is_cross: bool


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """An account over all dexes.

    The two money figures are of the first dex, and in the modes that share margin of all that is margined by USDC.
    `spot` is the cash in the spot wallet by token.
    """

    address: str
    account_value: Decimal
    withdrawable: Decimal
    positions: tuple[PositionSnapshot, ...]
    open_orders: tuple[OrderSnapshot, ...]
    fills: tuple[FillSnapshot, ...]
    mode: AccountMode = "default"
    spot: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def fees_paid(self) -> dict[str, Decimal]:
        """All fees of the fills that are kept, by token."""
        fees: dict[str, Decimal] = {}
        for fill in self.fills:
            fees[fill.fee_token] = fees.get(fill.fee_token, Decimal(0)) + fill.fee
        return fees

    def position(self, coin: str) -> Decimal:
        """The signed size held of a coin, zero when flat."""
        return next((entry.size for entry in self.positions if entry.coin == coin), Decimal(0))


class Inspector:
    """Reads the engine. Addresses are taken in any case."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def book(self, coin: str, depth: int | None = None) -> BookSnapshot:
        """The book of a market.

        :raises ValueError: for a coin that is not listed.
        """
        state = self._exchange.market(coin)
        if state is None:
            known = ", ".join(entry.market.coin for entry in self._exchange.markets.values())
            raise ValueError(f"{coin} is not listed here; there are {known}")
        decimals = state.market.sz_decimals

        def levels(side: list[Level]) -> tuple[BookLevel, ...]:
            return tuple(BookLevel(price(level.px), size(level.sz, decimals), level.n) for level in side)

        return BookSnapshot(coin, levels(state.book.bids.levels(depth)), levels(state.book.asks.levels(depth)))

    def account(self, address: str) -> AccountSnapshot:
        """An account; one that does not exist has nothing."""
        user = address.lower()
        account = self._exchange.account(user)
        if account is None:
            return AccountSnapshot(user, Decimal(0), Decimal(0), (), (), ())
        value, withdrawable = self._worth(account)
        positions = tuple(
            PositionSnapshot(
                position.market.coin,
                size(position.szi, position.market.sz_decimals),
                money(position.cost) / abs(size(position.szi, position.market.sz_decimals)),
                position.leverage,
                position.is_cross,
            )
            for dex in account.clearinghouses.values()
            for position in dex.open_positions()
        )
        return AccountSnapshot(
            user,
            money(value),
            money(withdrawable),
            positions,
            self.open_orders(user),
            tuple(self._fill(fill) for fill in account.fills),
            account.mode,
            {token: money(amount) for token, amount in account.spot.items()},
        )

    def _worth(self, account: Account) -> tuple[int, int]:
        """Account value and what can be withdrawn of it."""
        markets = self._exchange.markets
        pool = account.pool(USDC)
        if pool is not None:
            shared = pool_margin(pool, markets)
            return shared.total, shared.withdrawable
        margin = clearinghouse_margin(account.clearinghouses.get("") or Clearinghouse(""), markets)
        return margin.summary.account_value, margin.withdrawable

    def open_orders(self, address: str) -> tuple[OrderSnapshot, ...]:
        """An account's resting orders on all dexes, oldest first."""
        return tuple(self._order(order) for order in self._exchange.open_orders(address.lower()))

    def order(self, address: str, key: int | str) -> OrderSnapshot | None:
        """An order by oid or cloid, open or finished."""
        order = self._exchange.order(address.lower(), key)
        return None if order is None else self._order(order)

    def twaps(self, address: str) -> tuple[TwapSnapshot, ...]:
        """An account's TWAP orders, running and ended, oldest first."""
        user, twaps = address.lower(), self._exchange.twaps
        latest = {record.state.twap_id: (record.state, str(record.status)) for record in twaps.history(user)}
        for state in twaps.active(user):
            _, status = latest.get(state.twap_id, (state, "waiting"))
            latest[state.twap_id] = (state, status)
        return tuple(self._twap(*latest[twap_id]) for twap_id in sorted(latest))

    def _twap(self, state: TwapState, status: str) -> TwapSnapshot:
        decimals = self._exchange.markets[state.asset].market.sz_decimals
        return TwapSnapshot(
            state.twap_id,
            state.coin,
            state.is_buy,
            size(state.sz, decimals),
            size(state.executed_sz, decimals),
            state.minutes,
            state.reduce_only,
            status,
            state.timestamp,
        )

    def _order(self, order: OrderRecord) -> OrderSnapshot:
        decimals = self._exchange.markets[order.asset].market.sz_decimals
        return OrderSnapshot(
            order.oid,
            order.cloid,
            order.coin,
            order.is_buy,
            price(order.limit_px),
            size(order.orig_sz, decimals),
            size(order.sz, decimals),
            order.reduce_only,
            order.tif,
            order.status.value,
            order.timestamp,
            order.status_timestamp,
            order.order_type,
            None if order.trigger is None else price(order.trigger.px),
            order.is_position_tpsl,
        )

    def _fill(self, fill: Fill) -> FillSnapshot:
        return FillSnapshot(
            fill.coin,
            fill.is_buy,
            price(fill.px),
            size(fill.sz, self._exchange.markets[fill.asset].market.sz_decimals),
            money(fill.fee),
            fill.fee_token,
            money(fill.closed_pnl),
            fill.crossed,
            fill.oid,
            fill.cloid,
            fill.tid,
            fill.time,
            money(fill.builder_fee),
            fill.twap_id,
        )


def price(value: int) -> Decimal:
    """A price of the engine in the quote token."""
    return _shortest(value, PRICE_DECIMALS)


def size(lots: int, sz_decimals: int) -> Decimal:
    """Lots in units of the coin."""
    return _shortest(lots, sz_decimals)


def money(value: int) -> Decimal:
    """Money of the engine in the collateral token."""
    return _shortest(value, MONEY_DECIMALS)


def _shortest(value: int, decimals: int) -> Decimal:
    """Without superfluous zeros: `str` of it is what a client would have to send."""
    return Decimal(float_text(value, decimals).removesuffix(".0"))
