"""Commands about an account's own money and rights rather than its orders. Money in 1e-12 of the collateral token."""

from .command_base import AccountCommand


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


AnyAccountCommand = (
    UpdateIsolatedMargin
    | TopUpIsolatedMargin
    | ApproveBuilder
    | CreateSubAccount
    | RenameSubAccount
    | TransferToSubAccount
    | CreateVault
    | TransferToVault
)
