"""The venue's JSON as typed values: what info requests answer and what streams push.

Reference, sections 2, 8 and 11. Field names are the venue's own. Recordings span years: fields that were added later
have defaults, unknown fields are ignored. Prices and sizes of orders, fills and accounts are ``Decimal``; order book
levels stay strings, because a book is compared level by level and only what changed is converted.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

from .numbers import is_plausible


class _Numbers(msgspec.Struct, frozen=True):
    """Refuses NaN, infinities and numbers beyond all measure, which decoders of decimals let through: one of them would
    poison every sum."""

    def __post_init__(self) -> None:
        _require_finite(*(value for value in msgspec.structs.astuple(self) if isinstance(value, Decimal)))


def _require_finite(*values: Decimal | None) -> None:
    for value in values:
        if value is not None and not is_plausible(value):
            raise ValueError("expected finite numbers")


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price level: ``px`` in USD and ``sz`` in base units as the venue prints them, ``n`` orders."""

    px: str
    sz: str
    n: int = 0


class L2Book(msgspec.Struct, frozen=True):
    """A whole book, best levels first: ``levels`` is (bids, asks). ``time`` in Unix milliseconds."""

    coin: str
    time: int
    levels: tuple[list[Level], list[Level]]
    fast: bool | None = None


class Bbo(msgspec.Struct, frozen=True):
    """Best bid and ask, None where a side is empty."""

    coin: str
    time: int
    bbo: tuple[Level | None, Level | None]


class Trade(msgspec.Struct, frozen=True):
    """A public trade; ``side`` is the aggressor's (``B`` buy, ``A`` sell)."""

    coin: str
    side: str
    px: str
    sz: str
    time: int
    tid: int
    hash: str = ""


class Candle(_Numbers, frozen=True):
    """One candle: ``t`` and ``T`` are its first and last millisecond, prices in USD, ``v`` base units, ``n`` trades."""

    t: int
    T: int
    s: str
    i: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - the venue's own name
    c: Decimal
    v: Decimal
    n: int = 0


class AssetContext(_Numbers, frozen=True):
    """Prices and funding of a market. ``funding`` is the hourly rate; mid and premium are None if a side is empty."""

    funding: Decimal
    oraclePx: Decimal
    markPx: Decimal
    openInterest: Decimal = Decimal(0)
    midPx: Decimal | None = None
    premium: Decimal | None = None
    prevDayPx: Decimal | None = None
    dayNtlVlm: Decimal | None = None


class ActiveAssetContext(msgspec.Struct, frozen=True):
    """The context of one coin, as pushed by ``activeAssetCtx``."""

    coin: str
    ctx: AssetContext


class Order(_Numbers, frozen=True):
    """An order: ``sz`` is what remains, ``origSz`` what was asked for, in base units."""

    coin: str
    side: str
    limitPx: Decimal
    sz: Decimal
    oid: int
    timestamp: int
    origSz: Decimal | None = None
    cloid: str | None = None
    reduceOnly: bool = False
    orderType: str | None = None
    tif: str | None = None
    isTrigger: bool = False
    triggerPx: Decimal | None = None
    triggerCondition: str | None = None
    isPositionTpsl: bool = False

    def __post_init__(self) -> None:
        # Orders and fills come in hundreds: their numbers are named instead of found.
        _require_finite(self.limitPx, self.sz, self.origSz, self.triggerPx)


class OrderUpdate(msgspec.Struct, frozen=True):
    """An order and the status it had at ``statusTimestamp`` (Unix milliseconds)."""

    order: Order
    status: str
    statusTimestamp: int


class OrderStatus(msgspec.Struct, frozen=True):
    """The reply to ``orderStatus``: ``status`` is ``order``, or ``unknownOid`` when the venue does not know it."""

    status: str
    order: OrderUpdate | None = None


class Liquidation(msgspec.Struct, frozen=True):
    """Set on fills of both sides of a liquidation: compare ``liquidatedUser`` with yourself."""

    liquidatedUser: str | None = None
    markPx: str | float | None = None
    method: str | None = None


class Fill(_Numbers, frozen=True):
    """One match of an order. ``fee`` is the total in ``feeToken``, negative for a rebate, ``builderFee`` included."""

    coin: str
    px: Decimal
    sz: Decimal
    side: str
    time: int
    oid: int
    fee: Decimal
    startPosition: Decimal = Decimal(0)
    dir: str = ""
    closedPnl: Decimal = Decimal(0)
    hash: str = ""
    crossed: bool = True
    tid: int | None = None
    cloid: str | None = None
    feeToken: str = "USDC"
    builderFee: Decimal | None = None
    liquidation: Liquidation | None = None
    twapId: int | None = None

    def __post_init__(self) -> None:
        _require_finite(self.px, self.sz, self.fee, self.startPosition, self.closedPnl)

    @property
    def signed_size(self) -> Decimal:
        """What the fill adds to the position, in base units."""
        return self.sz if self.side == "B" else -self.sz


FILL_DETAILS: Final = ("startPosition", "dir", "closedPnl", "hash", "builderFee", "liquidation", "twapId")
"""What only informs about a fill: one of these that cannot be read costs itself, never the fill."""


class FundingPayment(_Numbers, frozen=True):
    """Funding of one position at one hour. ``usdc`` is the owner's cash flow: negative was paid."""

    time: int
    coin: str
    usdc: Decimal
    szi: Decimal
    fundingRate: Decimal


class _FundingDelta(_Numbers, frozen=True):
    coin: str
    usdc: Decimal
    szi: Decimal
    fundingRate: Decimal


class FundingRow(msgspec.Struct, frozen=True):
    """A row of the reply to ``userFunding``."""

    time: int
    delta: _FundingDelta

    def payment(self) -> FundingPayment:
        """The same as the stream tells it."""
        delta = self.delta
        return FundingPayment(self.time, delta.coin, delta.usdc, delta.szi, delta.fundingRate)


class Leverage(_Numbers, frozen=True):
    """``type`` is ``cross`` or ``isolated``."""

    type: str
    value: int
    rawUsd: Decimal | None = None


class ActiveAssetData(msgspec.Struct, frozen=True):
    """The account's leverage setting of one coin, with or without a position."""

    user: str
    coin: str
    leverage: Leverage


class PositionData(_Numbers, frozen=True):
    """An open position; ``szi`` is signed, negative when short."""

    coin: str
    szi: Decimal
    leverage: Leverage
    positionValue: Decimal = Decimal(0)
    unrealizedPnl: Decimal = Decimal(0)
    marginUsed: Decimal = Decimal(0)
    entryPx: Decimal | None = None
    liquidationPx: Decimal | None = None
    maxLeverage: int | None = None


class AssetPosition(msgspec.Struct, frozen=True):
    """The envelope around a position."""

    position: PositionData
    type: str = "oneWay"


class MarginSummary(_Numbers, frozen=True):
    """Sums over positions, in the dex's collateral; ``accountValue`` includes unrealised profit and loss."""

    accountValue: Decimal
    totalNtlPos: Decimal = Decimal(0)
    totalRawUsd: Decimal = Decimal(0)
    totalMarginUsed: Decimal = Decimal(0)


class ClearinghouseState(_Numbers, frozen=True):
    """What an account has on one dex."""

    marginSummary: MarginSummary
    crossMarginSummary: MarginSummary
    withdrawable: Decimal
    assetPositions: list[AssetPosition]
    time: int = 0
    crossMaintenanceMarginUsed: Decimal = Decimal(0)
    unread: tuple[str, ...] = ()
    """Not the venue's: coins of positions that could not be read, the empty text where not even the coin could."""


class AllDexsClearinghouseState(msgspec.Struct, frozen=True):
    """What an account has on every dex, by dex name."""

    user: str
    clearinghouseStates: list[tuple[str, ClearinghouseState]]


class SpotBalance(_Numbers, frozen=True):
    """One token of the spot wallet, which is also where unified accounts hold their collateral."""

    coin: str
    total: Decimal
    hold: Decimal = Decimal(0)
    token: int | None = None
    ltv: Decimal | None = None
    """What a portfolio margin account may borrow against the token, as a fraction of its value."""


class SpotClearinghouseState(msgspec.Struct, frozen=True):
    """The spot wallet."""

    balances: list[SpotBalance]
    tokenToAvailableAfterMaintenance: list[tuple[int, Decimal]] | None = None

    def available_after_maintenance(self, token: int | None) -> Decimal | None:
        """What a portfolio margin account can still use of a token, by the token's index; None where not stated."""
        stated = dict(self.tokenToAvailableAfterMaintenance or ())
        return stated.get(token) if token is not None else None


class SpotState(msgspec.Struct, frozen=True):
    """The spot wallet as the stream pushes it."""

    user: str
    spotState: SpotClearinghouseState


class UserFees(_Numbers, frozen=True):
    """The account's own fee rates, as fractions of the notional."""

    userCrossRate: Decimal
    userAddRate: Decimal
    activeReferralDiscount: Decimal = Decimal(0)


class UserRole(msgspec.Struct, frozen=True):
    """``role`` is user, agent, vault, subAccount or missing; ``data`` names the master of an agent or sub-account."""

    role: str
    data: dict[str, Any] | None = None


class ExtraAgent(msgspec.Struct, frozen=True):
    """A named agent wallet; ``validUntil`` in Unix milliseconds."""

    address: str
    name: str = ""
    validUntil: int | None = None


class VaultDetails(msgspec.Struct, frozen=True):
    """What matters of a vault: who leads it, and whether it still trades."""

    leader: str
    name: str = ""
    isClosed: bool = False


class UserRateLimit(_Numbers, frozen=True):
    """The account's request budget (section 9.3)."""

    cumVlm: Decimal
    nRequestsUsed: int
    nRequestsCap: int
    nRequestsSurplus: int = 0


class CanceledByVenue(msgspec.Struct, frozen=True):
    """An order that ended without its owner asking for it."""

    coin: str
    oid: int
