"""Changing the mode of an account: who may, when, and where its cash goes (reference, section 14).

Into a mode that shares margin an account can go with open positions; out of one only without positions and orders (the
reference knows of refusals, but not of their conditions: the switch `leave_unified` refuses always). Cash follows: to
the spot wallet, or for USDC under `dexAbstraction` to the first dex. Leaving a shared mode it stays where it is. The
error texts are ours.
"""

from .pools import SPOT_MODES, STANDARD_MODES, AccountMode
from .quirks import VenueQuirks
from .records import LedgerDetails
from .state import Account, Clearinghouse
from .treasury import Treasury


def mode_error(
    account: Account, target: Account | None, mode: AccountMode, by_agent: bool, quirks: VenueQuirks
) -> str | None:
    """Why `account` cannot put `target` (itself, or a sub-account) into a mode."""
    if target is None or (target is not account and target.master != account.address):
        return "Only the mode of this account or of its sub-accounts can be set."
    if target.kind == "vault":
        return "The mode of a vault cannot be set."
    if mode == target.mode:
        return None
    if by_agent and target.mode != "default":
        return "An agent can set the mode of an account only once."
    if quirks.leave_unified == "refused" and target.mode in SPOT_MODES and mode not in SPOT_MODES:
        return "A unified account cannot go back to another mode."
    stays_in_spot = target.mode in SPOT_MODES and mode in SPOT_MODES
    if target.mode not in STANDARD_MODES and not stays_in_spot and _is_busy(target):
        return "The account mode cannot be changed with open positions or orders."
    return None


def change_mode(treasury: Treasury, account: Account, mode: AccountMode) -> None:
    """Put an account into a mode and bring its cash to where the mode keeps it."""
    if mode == account.mode:
        return
    was_shared = account.mode not in STANDARD_MODES
    if was_shared:
        # What trading has left on the dexs goes to the pool's cash first.
        _gather(treasury, account)
    account.set_mode(mode)
    if mode not in STANDARD_MODES:
        _gather(treasury, account)


def _gather(treasury: Treasury, account: Account) -> None:
    for house in list(account.clearinghouses.values()):
        pool = house.pool
        cash = realized_cash(house)
        if not cash or pool.place == house.dex:
            continue
        treasury.book(account, house.dex, pool.token, -cash)
        treasury.book(account, pool.place, pool.token, cash)
        if cash > 0:
            details = LedgerDetails(
                user=account.address,
                destination=account.address,
                token=pool.token,
                source_dex=house.dex,
                destination_dex=pool.place,
            )
            treasury.note(account, "send", cash, house.dex, details)


def realized_cash(house: Clearinghouse) -> int:
    """The cash of a dex without what its cross positions have cost: what would be left if they had never gained."""
    cash = house.raw_usd
    for position in house.positions.values():
        if position.is_cross and position.szi:
            cash += position.cost if position.szi > 0 else -position.cost
    return cash


def _is_busy(account: Account) -> bool:
    held = any(position.szi for house in account.clearinghouses.values() for position in house.positions.values())
    return held or bool(account.open_orders)
