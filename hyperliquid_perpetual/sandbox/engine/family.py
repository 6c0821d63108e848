"""Sub-accounts: accounts of their own that their master's key trades with (reference, sections 2.3 and 3)."""

from hashlib import blake2b

from .pools import SPOT, USDC
from .records import LedgerDetails
from .state import Account
from .treasury import Treasury

MAX_NAME_LENGTH = 16


def derived_address(kind: str, owner: str, number: int) -> str:
    """The made-up address of an owner's `number`-th sub-account or vault; nobody has its key."""
    return "0x" + blake2b(f"{kind} {owner} {number}".encode(), digest_size=20).hexdigest()


def create_sub_account(treasury: Treasury, master: Account, name: str) -> tuple[str | None, str | None]:
    """(error text, address of the new sub-account). The reference has no texts for these errors; they are ours."""
    error = _name_error(master, name)
    if error is None and master.kind != "user":
        error = "Only an account of its own can have sub-accounts."
    if error is not None:
        return error, None
    address = derived_address("sub-account", master.address, len(master.sub_accounts))
    sub_account = treasury.open(address)
    sub_account.kind, sub_account.master, sub_account.name, sub_account.is_funded = (
        "subAccount",
        master.address,
        name,
        True,
    )
    sub_account.fee_standing = master.fee_standing
    master.sub_accounts[address] = sub_account
    return None, address


def rename_sub_account(master: Account, address: str, name: str) -> str | None:
    """Give a sub-account another name; returns an error text instead."""
    sub_account = master.sub_accounts.get(address)
    if sub_account is None:
        return not_a_sub_account(address)
    error = _name_error(master, name)
    if error is None:
        sub_account.name = name
    return error


def transfer_to_sub_account(
    treasury: Treasury, master: Account, address: str, is_deposit: bool, amount: int, token: str | None
) -> str | None:
    """Move money to a sub-account (`is_deposit`) or back: USD between the first dexs, or a token between spot wallets.

    Returns an error text when that is not possible.
    """
    sub_account = master.sub_accounts.get(address)
    if sub_account is None:
        return not_a_sub_account(address)
    if amount <= 0:
        return "Transfer amount must be more than zero."
    source, destination = (master, sub_account) if is_deposit else (sub_account, master)
    place, moved = ("", USDC) if token is None else (SPOT, token)
    error = treasury.shortage(source, place, moved, amount)
    if error is not None:
        return error
    treasury.credit(source, place, moved, -amount)
    treasury.credit(destination, place, moved, amount)
    kind = "subAccountTransfer" if token is None else "spotTransfer"
    details = LedgerDetails(user=source.address, destination=destination.address, token=token)
    for side in (source, destination):
        treasury.note(side, kind, amount, "", details)
    return None


def not_a_sub_account(address: str) -> str:
    """The error text for an address that is no sub-account of whoever asks."""
    return f"Sub-account {address} is not registered to this account."


def _name_error(master: Account, name: str) -> str | None:
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        return f"Sub-account name must have 1 to {MAX_NAME_LENGTH} characters."
    if any(sub_account.name == name for sub_account in master.sub_accounts.values()):
        return f"There is a sub-account of the name {name} already."
    return None
