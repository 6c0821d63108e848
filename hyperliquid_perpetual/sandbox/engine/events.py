"""What the engine says has happened, in one total order; the state can be read when the command has been applied.

Within the events of one command a `Replied`, if any, is the first. After it come the things that had become due by the
time of the command, then its own effects in the order in which they happened, and at the end, once per market and
account touched, what they add up to (`PositionChanged`, `BalanceChanged`, `BookChanged`).
"""

from msgspec import Struct

from .pools import AccountMode
from .records import Agent, Fill, FundingPayment, FundingRate, LedgerUpdate, OrderRecord, Trade, TwapRecord, TwapState


class Resting(Struct, frozen=True, tag=True, gc=False):
    """Item status: on the book."""

    oid: int
    cloid: str | None


class Filled(Struct, frozen=True, tag=True, gc=False):
    """Item status: matched on arrival. `total_sz` in lots, `avg_px` in 1e-6 USD (rounded half to even).

    `notional` (money) over `total_sz` is the exact average.
    """

    oid: int
    cloid: str | None
    total_sz: int
    avg_px: int
    notional: int


class WaitingForTrigger(Struct, frozen=True, tag=True, gc=False):
    """Item status: armed, until the mark price gets there. The venue's reply leaves out the oid."""

    oid: int
    cloid: str | None


class WaitingForFill(Struct, frozen=True, tag=True, gc=False):
    """Item status: not armed before its parent is filled. The venue's reply leaves out the oid."""

    oid: int
    cloid: str | None


class TwapRunning(Struct, frozen=True, tag=True, gc=False):
    """Item status: a TWAP order has begun, or waits for its trigger price."""

    twap_id: int


class Success(Struct, frozen=True, tag=True, gc=False):
    """Item status: canceled as asked."""


class Failed(Struct, frozen=True, tag=True, gc=False):
    """Item status: refused, with the venue's text (its ` asset=N` included where the venue has it)."""

    error: str


ItemStatus = Resting | Filled | WaitingForTrigger | WaitingForFill | TwapRunning | Success | Failed


class Event(Struct, frozen=True, tag=True, gc=False):
    """Something that happened at `time` (Unix ms)."""

    time: int


class Replied(Event, frozen=True):
    """The answer to an account's command.

    Either `error`, the venue's top-level text: nothing was done; or `statuses`, aligned with the items asked for and
    empty for commands without items. Orders refused before they are looked at one by one (reference, section 3.1,
    "pre-validation") have one `error` for the whole batch and `pre_validation` is true.
    """

    account: str
    statuses: tuple[ItemStatus, ...] = ()
    error: str | None = None
    pre_validation: bool = False
    created: str | None = None
    """The address that an action has made: a sub-account's or a vault's."""


class OrderUpdated(Event, frozen=True):
    """An order has a new status. Partial fills of a resting order are told by `FillMade` alone."""

    order: OrderRecord


class FillMade(Event, frozen=True):
    """An account's side of a match."""

    fill: Fill


class TwapWaits(Event, frozen=True):
    """A TWAP order is there and waits for its trigger price."""

    state: TwapState


class TwapUpdated(Event, frozen=True):
    """A TWAP order has begun or ended; what it has traded is told by the fills that have its number."""

    record: TwapRecord


class TradeMade(Event, frozen=True):
    """A match as the public sees it; comes before the two `FillMade` of it."""

    trade: Trade


class BookChanged(Event, frozen=True):
    """The book of a market has changed during the command; at most once per market and command."""

    asset: int


class PositionChanged(Event, frozen=True):
    """Size, entry price, margin or margin mode of an account's position has changed; `szi` is the signed size now."""

    account: str
    asset: int
    szi: int


class BalanceChanged(Event, frozen=True):
    """The cash of an account on one dex has changed; `raw_usd` is the cross cash now (money)."""

    account: str
    dex: str
    raw_usd: int


class LeverageChanged(Event, frozen=True):
    """An account's leverage setting in one asset."""

    account: str
    asset: int
    is_cross: bool
    leverage: int


class PriceChanged(Event, frozen=True):
    """Oracle or mark price of a market has changed (1e-6 USD)."""

    asset: int
    oracle_px: int
    mark_px: int


class FundingSettled(Event, frozen=True):
    """A market's hourly funding; comes before the `FundingPaid` of its positions."""

    settlement: FundingRate


class FundingPaid(Event, frozen=True):
    """Funding of one position."""

    account: str
    payment: FundingPayment


class CashMoved(Event, frozen=True):
    """An account's cash at one place, a dex or `spot`, has changed by `amount` without trade, fee or funding."""

    account: str
    place: str
    token: str
    amount: int


class ModeChanged(Event, frozen=True):
    """An account is in another mode, in the words of `userAbstraction`."""

    account: str
    mode: AccountMode


class Liquidated(Event, frozen=True):
    """Positions of an account were liquidated; their notional, and what the account was worth before (money)."""

    account: str
    liquidator: str
    number: int
    notional: int
    account_value: int


class LedgerUpdated(Event, frozen=True):
    """A deposit or another movement of cash."""

    account: str
    update: LedgerUpdate


class AgentApproved(Event, frozen=True):
    """An account has a new agent; `replaced` is the address that lost its right by this, if any."""

    account: str
    agent: Agent
    replaced: str | None


class AgentRemoved(Event, frozen=True):
    """An agent lost its right because its account has nothing left."""

    account: str
    agent: Agent


class ReferralSet(Event, frozen=True):
    """An account was referred by another one."""

    account: str
    referrer: str
    code: str


class RewardEarned(Event, frozen=True):
    """`account` is owed a part (money) of a fee that `referred` has paid; follows the fills of the match."""

    account: str
    referred: str
    token: str
    amount: int


class RequestsReserved(Event, frozen=True):
    """`account` has paid for requests of `destination`, which may be itself."""

    account: str
    destination: str
    requests: int


class PriorityPaid(Event, frozen=True):
    """An account has paid for its orders to come first, so much HYPE (as money) that it had not delegated."""

    account: str
    amount: int


class CancelScheduled(Event, frozen=True):
    """The dead man's switch of an account is set to `at` (Unix ms), or cleared (None)."""

    account: str
    at: int | None
