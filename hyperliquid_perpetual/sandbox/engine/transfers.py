"""Transfers that an account asks for: between perps and spot, between dexs, to others (reference, section 3.6)."""

from .account_commands import ClassTransfer, SendAsset, Withdraw
from .pools import SPOT, SPOT_MODES, USDC
from .records import LedgerDetails
from .state import Account
from .treasury import Treasury
from .units import usd

UNIFIED = "Action disabled when unified account is active"
WITHDRAWAL_FEE = usd(1)
NOTHING = "Transfer amount must be more than zero."


def transfer_between_classes(treasury: Treasury, account: Account, command: ClassTransfer) -> str | None:
    """`usdClassTransfer`: USDC between the spot wallet and the first dex; returns the error text instead."""
    target = account
    if command.sub_account is not None:
        sub_account = account.sub_accounts.get(command.sub_account)
        if sub_account is None:
            return f"Sub-account {command.sub_account} is not registered to this account."
        target = sub_account
    if target.mode in SPOT_MODES:
        return UNIFIED
    if command.amount <= 0:
        return NOTHING
    source, destination = (SPOT, "") if command.to_perp else ("", SPOT)
    error = treasury.shortage(target, source, USDC, command.amount)
    if error is not None:
        return error
    treasury.credit(target, source, USDC, -command.amount)
    treasury.credit(target, destination, USDC, command.amount)
    details = LedgerDetails(to_perp=command.to_perp, nonce=command.nonce)
    treasury.note(target, "accountClassTransfer", command.amount, "", details)
    return None


def send_asset(treasury: Treasury, account: Account, command: SendAsset) -> str | None:
    """`sendAsset`, `usdSend`, `spotSend`, `agentSendAsset`: a token from one place to another, whoever has it there.

    An address without an account gets one. Returns the error text when nothing can be sent.
    """
    source = account
    if command.from_sub_account is not None:
        sub_account = account.sub_accounts.get(command.from_sub_account)
        if sub_account is None:
            return f"Sub-account {command.from_sub_account} is not registered to this account."
        source = sub_account
    token, amount = command.token, command.amount
    if command.by_agent and not _is_own(account, command.destination):
        return "An agent can only send to the account itself and to its sub-accounts."
    if amount <= 0:
        return NOTHING
    for place in (command.source_dex, command.destination_dex):
        error = treasury.check_place(place, token)
        if error is not None:
            return error
    existing = treasury.accounts.get(command.destination)
    if existing is source:
        if source.mode in SPOT_MODES:
            return UNIFIED
        places = [treasury.place(source, place, token) for place in (command.source_dex, command.destination_dex)]
        if places[0] == places[1]:
            return "Nothing would move: source and destination are the same."
    error = treasury.shortage(source, command.source_dex, token, amount)
    if error is not None:
        return error
    destination = treasury.open(command.destination)
    treasury.credit(source, command.source_dex, token, -amount)
    treasury.credit(destination, command.destination_dex, token, amount)
    details = LedgerDetails(
        user=source.address,
        destination=destination.address,
        token=token,
        source_dex=command.source_dex,
        destination_dex=command.destination_dex,
        nonce=command.nonce,
    )
    for side in (source,) if source is destination else (source, destination):
        treasury.note(side, command.kind, amount, command.source_dex, details)
    return None


def withdraw(treasury: Treasury, account: Account, command: Withdraw) -> str | None:
    """`withdraw3`: USDC leaves the exchange, at once here; returns the error text instead."""
    if command.amount <= WITHDRAWAL_FEE:
        return f"Withdrawal amount must be more than the fee of ${WITHDRAWAL_FEE // usd(1)}."
    error = treasury.shortage(account, "", USDC, command.amount)
    if error is not None:
        return error
    treasury.credit(account, "", USDC, -command.amount)
    details = LedgerDetails(nonce=command.nonce, fee=WITHDRAWAL_FEE)
    treasury.note(account, "withdraw", command.amount - WITHDRAWAL_FEE, "", details)
    return None


def _is_own(account: Account, address: str) -> bool:
    return address == account.address or address in account.sub_accounts
