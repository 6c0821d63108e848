"""Commands about an account's own money and rights rather than its orders. Money in 1e-12 of the collateral token."""

from typing import Literal

from .command_base import AccountCommand, WorldCommand
from .pools import AccountMode


class AccountDeskCommand(AccountCommand, frozen=True):
    """Any of them; they are carried out by `account_desk.AccountDesk`."""


class UpdateIsolatedMargin(AccountDeskCommand, frozen=True):
    """Move `amount` of cross cash into an isolated position, or with a negative one out of it (section 3.5)."""

    asset: int
    amount: int


class TopUpIsolatedMargin(AccountDeskCommand, frozen=True):
    """Add margin to an isolated-only position until its leverage is `leverage` (in 1e-6; section 3.5)."""

    asset: int
    leverage: int


class ApproveBuilder(AccountDeskCommand, frozen=True):
    """Let `builder` charge up to `max_fee` tenths of a basis point on top; 0 takes it back (section 3.8)."""

    builder: str
    max_fee: int


class CreateSubAccount(AccountDeskCommand, frozen=True):
    """Make a sub-account; the reply names its address."""

    name: str


class RenameSubAccount(AccountDeskCommand, frozen=True):
    """`subAccountModify`."""

    sub_account: str
    name: str


class TransferToSubAccount(AccountDeskCommand, frozen=True):
    """Move money to a sub-account, or back: USD between the first dexs, or (`token`) between spot wallets."""

    sub_account: str
    is_deposit: bool
    amount: int
    token: str | None = None


class CreateVault(AccountDeskCommand, frozen=True):
    """Found a vault with `amount` of the leader's money on the first dex; the reply names its address."""

    name: str
    amount: int
    description: str = ""


class TransferToVault(AccountDeskCommand, frozen=True):
    """Put money of the first dex into a vault, or take it out."""

    vault: str
    is_deposit: bool
    amount: int


class ClassTransfer(AccountDeskCommand, frozen=True):
    """Move USDC from the spot wallet to the first dex (`to_perp`) or back; of a sub-account if one is named."""

    amount: int
    to_perp: bool
    sub_account: str | None = None
    nonce: int = 0


class SendAsset(AccountDeskCommand, frozen=True):
    """Send a token from one place (a dex or `spot`) to a place of `destination`, which may be the account itself.

    `kind` is the line that it makes in the ledgers.
    """

    destination: str
    source_dex: str
    destination_dex: str
    token: str
    amount: int
    from_sub_account: str | None = None
    by_agent: bool = False
    nonce: int = 0
    kind: Literal["send", "internalTransfer", "spotTransfer"] = "send"


class Withdraw(AccountDeskCommand, frozen=True):
    """Take USDC of the first dex off the exchange; of `amount` the venue keeps its fee."""

    amount: int
    nonce: int = 0


class SetMode(AccountDeskCommand, frozen=True):
    """Put `target`, a sub-account or (None) the account itself, into another account mode; agents may do less."""

    target: str | None
    mode: AccountMode
    by_agent: bool = False


class ModifyVault(AccountDeskCommand, frozen=True):
    """Change the settings of a vault; None leaves one as it is."""

    vault: str
    allow_deposits: bool | None
    always_close_on_withdraw: bool | None


class DistributeVault(AccountDeskCommand, frozen=True):
    """Pay money of a vault to its depositors; 0 closes the vault."""

    vault: str
    amount: int


class RegisterReferrer(AccountDeskCommand, frozen=True):
    """Make a referral code of one's own, which takes some volume."""

    code: str


class SetReferrer(AccountDeskCommand, frozen=True):
    """Use somebody's referral code."""

    code: str


class ClaimRewards(AccountDeskCommand, frozen=True):
    """Have what was earned by referrals paid into the spot wallet."""


class ReserveRequestWeight(AccountDeskCommand, frozen=True):
    """Pay for more requests than the volume allows, of `destination` or (None) of the account itself (3.10)."""

    requests: int
    destination: str | None = None


class SetBigBlocks(AccountDeskCommand, frozen=True):
    """`evmUserModify`."""

    uses_big_blocks: bool


class BidForGossip(AccountDeskCommand, frozen=True):
    """Bid for a slot of early market data; `most` is the highest price, in HYPE as money."""

    slot_id: int
    ip: str
    most: int


AnyAccountCommand = (
    UpdateIsolatedMargin
    | TopUpIsolatedMargin
    | ApproveBuilder
    | CreateSubAccount
    | RenameSubAccount
    | TransferToSubAccount
    | CreateVault
    | TransferToVault
    | ClassTransfer
    | SendAsset
    | Withdraw
    | SetMode
    | ModifyVault
    | DistributeVault
    | RegisterReferrer
    | SetReferrer
    | ClaimRewards
    | ReserveRequestWeight
    | SetBigBlocks
    | BidForGossip
)


class GrantReferralCode(WorldCommand, frozen=True):
    """Give an account that exists a referral code, whatever it has traded."""

    account: str
    code: str


class SetStake(WorldCommand, frozen=True):
    """What an account has staked from now on, delegated and not, in HYPE as money (section 13)."""

    account: str
    delegated: int
    undelegated: int = 0


class OpenAccount(WorldCommand, frozen=True):
    """Let an account begin to exist without any money, in a mode, or put one that exists into that mode."""

    account: str
    mode: AccountMode = "default"
