"""Vaults: pools of depositors' money that a leader trades with (reference, sections 2.3, 2.5 and 3).

A deposit buys shares at the vault's account value, a withdrawal sells them; a follower's profit is cut by the leader's
commission when it is withdrawn. The leader keeps at least a twentieth. The reference has no texts for these errors;
they are ours.
"""

from collections.abc import Mapping

from .family import derived_address
from .margin import clearinghouse_margin
from .market_state import MarketState
from .pools import USDC
from .records import LedgerDetails
from .state import Account
from .treasury import Treasury
from .units import DAY, MICRO_USD, usd
from .vault_state import Stake, Vault

COMMISSION_PERCENT = 10
LOCKUP = DAY
MIN_CREATION = usd(100)
LEADER_PART = 20
"""The leader's shares are at least one in so many."""


ONLY_LEADER = "Only leader can perform this vault action"
"""The venue's text, as a client's own tests have it."""


def vault_value(account: Account, markets: Mapping[int, MarketState]) -> int:
    """What a vault is worth, in money: its account value on all dexs."""
    houses = account.clearinghouses.values()
    return sum(clearinghouse_margin(house, markets).summary.account_value for house in houses)


def create_vault(
    treasury: Treasury, leader: Account, name: str, description: str, amount: int, now: int
) -> tuple[str | None, str | None]:
    """Found a vault with the leader's money: (error text, address of the vault)."""
    if leader.kind != "user":
        return "Only an account of its own can lead a vault.", None
    if not name:
        return "A vault needs a name.", None
    if amount < MIN_CREATION:
        return f"A vault is founded with at least ${MIN_CREATION // usd(1)}.", None
    error = treasury.shortage(leader, "", USDC, amount)
    if error is not None:
        return error, None
    number = sum(1 for account in treasury.accounts.values() if account.vault and account.master == leader.address)
    account = treasury.open(derived_address("vault", leader.address, number))
    account.kind, account.master, account.name = "vault", leader.address, name
    account.vault = Vault(leader.address, name, description)
    account.vault.stakes[leader.address] = Stake(amount, amount, now, now)
    treasury.credit(leader, "", USDC, -amount)
    treasury.credit(account, "", USDC, amount)
    for side in (leader, account):
        treasury.note(side, "vaultCreate", amount, "", LedgerDetails(vault=account.address))
    return None, account.address


def transfer_to_vault(
    treasury: Treasury,
    depositor: Account,
    vault_address: str,
    is_deposit: bool,
    amount: int,
    markets: Mapping[int, MarketState],
    now: int,
) -> str | None:
    """`vaultTransfer`: put money into a vault or take it out; returns an error text when that is not possible."""
    account = treasury.accounts.get(vault_address)
    if account is None or account.vault is None:
        return f"Vault not registered: {vault_address}"
    if amount <= 0:
        return "Transfer amount must be more than zero."
    if is_deposit:
        return _deposit(treasury, depositor, account, account.vault, amount, vault_value(account, markets), now)
    return _withdraw(treasury, depositor, account, account.vault, amount, vault_value(account, markets), now)


def modify_vault(
    leader: Account, account: Account | None, allow_deposits: bool | None, always_close_on_withdraw: bool | None
) -> str | None:
    """`vaultModify`: change a vault's settings; returns an error text instead."""
    vault = None if account is None else account.vault
    if vault is None or vault.leader != leader.address:
        return ONLY_LEADER
    if vault.is_closed:
        return "The vault is closed."
    if allow_deposits is not None:
        vault.allow_deposits = allow_deposits
    if always_close_on_withdraw is not None:
        vault.always_close_on_withdraw = always_close_on_withdraw
    return None


def distribute_vault(
    treasury: Treasury, leader: Account, account: Account | None, amount: int, markets: Mapping[int, MarketState]
) -> str | None:
    """`vaultDistribute`: pay `amount` to the depositors by their shares, or with 0 everything and close the vault.

    What a follower gets beyond what it paid in for it is cut by the commission, as in a withdrawal; nobody's shares
    change. A vault can be closed when it has neither positions nor orders. Returns an error text instead.
    """
    vault = None if account is None else account.vault
    if account is None or vault is None or vault.leader != leader.address:
        return ONLY_LEADER
    if vault.is_closed:
        return "The vault is closed."
    value = vault_value(account, markets)
    is_closing = amount == 0
    if is_closing:
        holds = any(position.szi for house in account.clearinghouses.values() for position in house.positions.values())
        if holds or account.open_orders:
            return "The vault still has positions or orders."
        amount = treasury.available(account, "", USDC)
        if amount != value:
            return "The vault still has money on other dexs."
    error = treasury.shortage(account, "", USDC, amount)
    if error is not None:
        return error
    left, shares = amount, vault.shares
    commissions = 0
    for address, stake in list(vault.stakes.items()):
        part = amount * stake.shares // shares // MICRO_USD * MICRO_USD
        # All of the basis goes when all is paid, and also when debts elsewhere make the vault worth less than that.
        basis = stake.basis * amount // value if amount < value else stake.basis
        if address == vault.leader:
            stake.basis -= basis
            continue
        commission = _commission(part - basis)
        stake.basis -= basis
        stake.withdrawn_profit += part - basis
        commissions += commission
        left -= part - commission
        _pay_out(treasury, account, treasury.accounts[address], part - commission)
    # The leader has the rest: its own part, what no share divides, and its commission.
    _pay_out(treasury, account, leader, left)
    if commissions:
        treasury.note(leader, "vaultLeaderCommission", commissions, "", LedgerDetails(user=leader.address))
    if is_closing:
        vault.stakes.clear()
        vault.is_closed, vault.allow_deposits = True, False
    return None


def _pay_out(treasury: Treasury, account: Account, receiver: Account, amount: int) -> None:
    if not amount:
        return
    treasury.credit(account, "", USDC, -amount)
    treasury.credit(receiver, "", USDC, amount)
    for side in (receiver, account):
        treasury.note(side, "vaultDistribution", amount, "", LedgerDetails(vault=account.address))


def _commission(profit: int) -> int:
    """The leader's part of a follower's profit (money), in whole micro dollars."""
    return profit * COMMISSION_PERCENT // 100 // MICRO_USD * MICRO_USD if profit > 0 else 0


def _deposit(
    treasury: Treasury, depositor: Account, account: Account, vault: Vault, amount: int, value: int, now: int
) -> str | None:
    if not vault.allow_deposits:
        return "The vault takes no deposits."
    total = vault.shares
    if value <= 0 or not total:
        # Without a share there is no price of one, even if somebody has sent the vault money since.
        return "The vault has nothing left."
    error = treasury.shortage(depositor, "", USDC, amount)
    if error is not None:
        return error
    shares = amount * total // value
    stake = vault.stakes.setdefault(depositor.address, Stake(0, 0, now, now))
    stake.shares += shares
    stake.basis += amount
    if depositor.address != vault.leader:
        stake.locked_until = now + LOCKUP
    treasury.credit(depositor, "", USDC, -amount)
    treasury.credit(account, "", USDC, amount)
    for side in (depositor, account):
        treasury.note(side, "vaultDeposit", amount, "", LedgerDetails(vault=account.address))
    return None


def _withdraw(
    treasury: Treasury, depositor: Account, account: Account, vault: Vault, amount: int, value: int, now: int
) -> str | None:
    stake = vault.stakes.get(depositor.address)
    equity = vault.equity(depositor.address, value)
    if stake is None or amount > equity:
        return "Insufficient equity in the vault."
    if now < stake.locked_until:
        return f"Vault deposit is locked until {stake.locked_until}."
    everything = equity - amount < MICRO_USD
    shares = stake.shares if everything else -(-amount * vault.shares // value)
    is_leader = depositor.address == vault.leader
    # Who is alone has all that is left, so this never keeps the last one in.
    if is_leader and (stake.shares - shares) * LEADER_PART < vault.shares - shares:
        return f"The leader must keep at least {100 // LEADER_PART}% of the vault."
    error = treasury.shortage(account, "", USDC, amount)
    if error is not None:
        return error
    basis = stake.basis * shares // stake.shares
    profit = amount - basis
    commission = 0 if is_leader else _commission(profit)
    stake.shares -= shares
    stake.basis -= basis
    stake.withdrawn_profit += profit
    if not stake.shares:
        del vault.stakes[depositor.address]
    leader = treasury.accounts[vault.leader]
    treasury.credit(account, "", USDC, -amount)
    treasury.credit(depositor, "", USDC, amount - commission)
    details = LedgerDetails(
        vault=account.address, user=depositor.address, requested=amount, commission=commission, basis=basis
    )
    for side in (depositor, account):
        treasury.note(side, "vaultWithdraw", amount - commission, "", details)
    if commission:
        treasury.credit(leader, "", USDC, commission)
        treasury.note(leader, "vaultLeaderCommission", commission, "", LedgerDetails(user=leader.address))
    return None
