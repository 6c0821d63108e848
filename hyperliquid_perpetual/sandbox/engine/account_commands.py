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


AnyAccountCommand = UpdateIsolatedMargin | TopUpIsolatedMargin | ApproveBuilder
