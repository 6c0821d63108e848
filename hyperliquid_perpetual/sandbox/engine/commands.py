"""What can be asked of the engine: frozen commands, already checked for form and signature by whoever sends them.

Commands that act for an account (`AccountCommand`) are answered by exactly one `events.Replied`. Commands that move the
world around the accounts (`WorldCommand`: time, prices, deposits) have no reply; a malformed one raises `ValueError`.
Accounts are named by their lowercase `0x` address: the acting account, after agents and vaults have been resolved.
"""

from typing import Literal

from msgspec import Struct

from .account_commands import AnyAccountCommand, GrantReferralCode, OpenAccount, SetStake
from .command_base import AccountCommand as AccountCommand
from .command_base import WorldCommand as WorldCommand
from .twap_commands import AnyTwapCommand
from .world_commands import MarketCommand

Tif = Literal["Gtc", "Ioc", "Alo", "FrontendMarket", "LiquidationMarket"]
"""Time in force (reference, section 3.1). FrontendMarket is an Ioc that is shown as a market order, LiquidationMarket
one that the exchange itself sends for an account."""


class BuilderFee(Struct, frozen=True, gc=False):
    """A fee for whoever made the client: `fee` tenths of a basis point of the notional (reference, section 3.1)."""

    address: str
    fee: int


Grouping = Literal["na", "normalTpsl", "positionTpsl"]
"""How the orders of a batch belong together (reference, section 3.1)."""


class Trigger(Struct, frozen=True, gc=False):
    """What makes an order wait for the mark price: `px` in 1e-6 USD, take profit or stop loss, and what follows.

    When the mark reaches `px` a market trigger matches at once, down to the limit price of its order, and is gone; the
    other kind goes on as a Gtc limit order.
    """

    is_market: bool
    px: int
    tpsl: Literal["tp", "sl"]

    def is_above(self, is_buy: bool) -> bool:
        """Whether the mark has to rise to `px`, for an order of this side: profits are taken away from losses."""
        return (self.tpsl == "tp") is not is_buy

    def is_met(self, is_buy: bool, mark_px: int) -> bool:
        """Whether the mark has reached `px`."""
        return mark_px >= self.px if self.is_above(is_buy) else mark_px <= self.px


class OrderIntent(Struct, frozen=True, gc=False):
    """One order that somebody wants to place.

    `px` is the limit in 1e-6 USD, `sz` in lots, `cloid` is `0x` and 32 lowercase hex digits or None. Nothing here is
    checked yet: zero sizes, bad ticks and unknown assets are answered with the venue's error texts. An order with a
    `trigger` has no time in force of its own. Size 0 stands for the whole position, where one may ask for that.
    """

    asset: int
    is_buy: bool
    px: int
    sz: int
    reduce_only: bool = False
    tif: Tif = "Gtc"
    cloid: str | None = None
    builder: BuilderFee | None = None
    trigger: Trigger | None = None


class Modification(Struct, frozen=True, gc=False):
    """Replace the open order `target` (an oid, or a cloid) by a new one (reference, section 3.3)."""

    target: int | str
    intent: OrderIntent


class PlaceOrders(AccountCommand, frozen=True):
    """Place a batch of orders, in the order given."""

    orders: tuple[OrderIntent, ...]
    grouping: Grouping = "na"
    priority: int = 0
    """What is paid to come first, in 1e-8 of the notional (section 15)."""


class CancelOrders(AccountCommand, frozen=True):
    """Cancel open orders by (asset id, oid); `is_fast` puts it before other cancels of its block (section 3.2)."""

    cancels: tuple[tuple[int, int], ...]
    is_fast: bool = False


class CancelOrdersByCloid(AccountCommand, frozen=True):
    """Cancel open orders by (asset id, cloid); `is_fast` as above."""

    cancels: tuple[tuple[int, str], ...]
    is_fast: bool = False


class ModifyOrders(AccountCommand, frozen=True):
    """Cancel and replace, item by item: each replacement has a new oid and the cloid of its own intent.

    Serves both `modify` and `batchModify`: the reply always has one status per item, which the wire of the single
    `modify` turns into its top-level answer.
    """

    modifications: tuple[Modification, ...]
    always_place: bool = False
    """Place the new orders whose old ones are gone as well (the wire's `a`)."""


class UpdateLeverage(AccountCommand, frozen=True):
    """Set the leverage and margin mode of `account` in one asset (reference, section 3.5)."""

    asset: int
    is_cross: bool
    leverage: int


class ScheduleCancel(AccountCommand, frozen=True):
    """Cancel everything at `time` (Unix ms), or forget the schedule with None (reference, section 3.4)."""

    time: int | None


class Noop(AccountCommand, frozen=True):
    """Do nothing; the venue's way to spend a nonce."""


class ApproveAgent(AccountCommand, frozen=True):
    """Let `agent` sign trading actions for the account (reference, section 5).

    `name` is empty for the one unnamed agent; a name in use replaces the agent that has it. `valid_until` is Unix ms,
    or None for the longest that the venue allows.
    """

    agent: str
    name: str = ""
    valid_until: int | None = None


class Deposit(WorldCommand, frozen=True):
    """Credit `amount` (money, positive) of a dex's collateral to an account, which begins to exist by its first.

    With `dex` being `spot` it goes into the spot wallet, where `token` says what it is.
    """

    account: str
    amount: int
    dex: str = ""
    token: str = "USDC"  # noqa: S105 - a coin


class SetPrices(WorldCommand, frozen=True):
    """New outside prices of one asset: the oracle, and where other venues' perpetuals trade (default: the oracle)."""

    asset: int
    oracle_px: int
    external_px: int | None = None


class SetQuirk(WorldCommand, frozen=True):
    """From now on the exchange behaves differently in one thing that the reference leaves open (see `quirks`)."""

    name: str
    value: str


class Tick(WorldCommand, frozen=True):
    """Nothing but time: whatever became due up to `now` happens. Every other command does this first as well."""


Command = (
    PlaceOrders
    | CancelOrders
    | CancelOrdersByCloid
    | ModifyOrders
    | UpdateLeverage
    | ScheduleCancel
    | Noop
    | ApproveAgent
    | AnyAccountCommand
    | AnyTwapCommand
    | OpenAccount
    | GrantReferralCode
    | SetStake
    | Deposit
    | SetPrices
    | SetQuirk
    | MarketCommand
    | Tick
)
