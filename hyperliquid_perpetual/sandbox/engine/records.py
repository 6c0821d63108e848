"""The immutable records that the engine keeps and hands out: order states, fills, trades, funding, ledger entries.

They are kept by the ten thousand and cannot be part of a cycle: the garbage collector need not look at them (`gc`).
"""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from .commands import Tif, Trigger
from .twap_commands import TwapTrigger

AccountKind = Literal["user", "subAccount", "vault"]
"""What an account is, in the words of `userRole` (reference, section 2.3)."""


class OrderStatus(StrEnum):
    """The order statuses that the engine gives so far, in the venue's words (reference, section 10)."""

    OPEN = "open"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED = "canceled"
    MARGIN_CANCELED = "marginCanceled"
    SELF_TRADE_CANCELED = "selfTradeCanceled"
    REDUCE_ONLY_CANCELED = "reduceOnlyCanceled"
    SIBLING_FILLED_CANCELED = "siblingFilledCanceled"
    DELISTED_CANCELED = "delistedCanceled"
    LIQUIDATED_CANCELED = "liquidatedCanceled"
    SCHEDULED_CANCEL = "scheduledCancel"
    REJECTED = "rejected"
    TICK_REJECTED = "tickRejected"
    MIN_TRADE_NTL_REJECTED = "minTradeNtlRejected"
    PERP_MARGIN_REJECTED = "perpMarginRejected"
    REDUCE_ONLY_REJECTED = "reduceOnlyRejected"
    BAD_ALO_PX_REJECTED = "badAloPxRejected"
    BAD_TRIGGER_PX_REJECTED = "badTriggerPxRejected"
    IOC_CANCEL_REJECTED = "iocCancelRejected"
    MARKET_ORDER_NO_LIQUIDITY_REJECTED = "marketOrderNoLiquidityRejected"
    PERP_MAX_POSITION_REJECTED = "perpMaxPositionRejected"
    POSITION_INCREASE_AT_CAP_REJECTED = "positionIncreaseAtOpenInterestCapRejected"
    POSITION_FLIP_AT_CAP_REJECTED = "positionFlipAtOpenInterestCapRejected"
    ORACLE_REJECTED = "oracleRejected"
    TOO_MANY_OPEN_ORDERS_REJECTED = "tooManyOpenOrdersRejected"


class OrderRecord(Struct, frozen=True, gc=False):
    """An order as it stood at `status_timestamp`.

    `sz` is what remains (for canceled and rejected orders: what was left unfilled), `orig_sz - sz` has been filled.
    Sizes are lots, prices 1e-6 USD, times Unix ms. `tif` is None for a trigger order as long as it is not on a book.
    `is_position_tpsl` marks one whose size is the position's, with size 0 until it fires. `children` are the TP/SL
    orders that waited for this one to be filled at the time; each of them has a record of its own as well.
    """

    oid: int
    account: str
    asset: int
    coin: str
    is_buy: bool
    limit_px: int
    sz: int
    orig_sz: int
    timestamp: int
    reduce_only: bool
    tif: Tif | None
    cloid: str | None
    status: OrderStatus
    status_timestamp: int
    trigger: Trigger | None = None
    is_position_tpsl: bool = False
    children: tuple["OrderRecord", ...] = ()
    twap_id: int | None = None

    @property
    def order_type(self) -> str:
        """The venue's word for the kind of order (reference, section 2.4)."""
        if self.twap_id is not None:
            return "Twap Slice"
        if self.trigger is None:
            return "Market" if self.tif in ("FrontendMarket", "LiquidationMarket") else "Limit"
        kind = "Take Profit" if self.trigger.tpsl == "tp" else "Stop"
        return f"{kind} Market" if self.trigger.is_market else f"{kind} Limit"


class Liquidation(Struct, frozen=True, gc=False):
    """What a fill tells of the liquidation that it is part of, on both sides (reference, section 11)."""

    user: str
    mark_px: int
    method: Literal["market", "backstop"]


class Fill(Struct, frozen=True, gc=False):
    """One side of one match (reference, section 11), with its own price, fee and position before it.

    `closed_pnl` and `fee` are money (1e-12 USD); `closed_pnl` is before fees, `fee` is positive when paid. `crossed` is
    true for the taker. Both sides share `tid` and `hash`. `builder_fee` is the part of `fee` that went to `builder`.
    `twap_id` is that of the TWAP order which this side is a slice of; the hash of such a match is zero.
    """

    account: str
    asset: int
    coin: str
    px: int
    sz: int
    is_buy: bool
    time: int
    start_position: int
    dir: str
    closed_pnl: int
    hash: str
    oid: int
    crossed: bool
    fee: int
    fee_token: str
    tid: int
    cloid: str | None
    builder_fee: int = 0
    builder: str | None = None
    twap_id: int | None = None
    liquidation: Liquidation | None = None


class Trade(Struct, frozen=True, gc=False):
    """One match as everybody sees it; `is_buy` is the aggressor's side."""

    asset: int
    coin: str
    is_buy: bool
    px: int
    sz: int
    time: int
    hash: str
    tid: int
    buyer: str
    seller: str


class FundingPayment(Struct, frozen=True, gc=False):
    """Funding that one position received (positive `amount`) or paid, in money; `rate` is hourly, in 1e-10."""

    time: int
    asset: int
    coin: str
    amount: int
    szi: int
    rate: int
    hash: str


class FundingRate(Struct, frozen=True, gc=False):
    """The hourly settlement of one market: `rate` (hourly) and `premium` (mean of the samples), both in 1e-10."""

    time: int
    asset: int
    coin: str
    rate: int
    premium: int


class LedgerDetails(Struct, frozen=True, kw_only=True):
    """What a line of the ledger tells beside its amount, as far as its kind has it; money and addresses as elsewhere.

    `source_dex` and `destination_dex` are empty for the first dex and `spot` for the spot wallet.
    """

    user: str | None = None
    destination: str | None = None
    token: str | None = None
    source_dex: str | None = None
    destination_dex: str | None = None
    to_perp: bool | None = None
    nonce: int | None = None
    vault: str | None = None
    fee: int = 0
    requested: int = 0
    commission: int = 0
    basis: int = 0
    notional: int = 0
    account_value: int = 0
    leverage_type: str = ""
    positions: tuple[tuple[int, int], ...] = ()
    """(asset id, signed lots) of what was liquidated."""


class LedgerUpdate(Struct, frozen=True, gc=False):
    """A change of an account's cash that is neither trading nor funding; `kind` is the venue's `delta.type`."""

    time: int
    hash: str
    kind: str
    amount: int
    dex: str
    details: LedgerDetails | None = None


class Agent(Struct, frozen=True, gc=False):
    """A key that may sign trading actions for an account; `name` is empty for the unnamed one."""

    address: str
    name: str
    valid_until: int


class Level(Struct, frozen=True, gc=False):
    """One price of a book: total size in lots, and how many orders make it up."""

    px: int
    sz: int
    n: int


class TwapState(Struct, frozen=True, gc=False):
    """A TWAP order as it stood: sizes in lots, `executed_ntl` in money, `timestamp` (Unix ms) when it was placed."""

    twap_id: int
    account: str
    asset: int
    coin: str
    is_buy: bool
    sz: int
    executed_sz: int
    executed_ntl: int
    minutes: int
    reduce_only: bool
    randomize: bool
    timestamp: int
    trigger: TwapTrigger | None
    stop_px: int | None


class TwapRecord(Struct, frozen=True, gc=False):
    """What became of a TWAP order at `time` (Unix ms); `description` says why, of an error."""

    time: int
    state: TwapState
    status: Literal["activated", "finished", "terminated", "error"]
    description: str | None
