"""Sub-accounts and vaults as the venue words them (reference, section 2.3)."""

from typing import Any

from hyperliquid_perpetual.sandbox.account_view import AccountView
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.state import Account
from hyperliquid_perpetual.sandbox.engine.units import MONEY_SCALE
from hyperliquid_perpetual.sandbox.engine.vault_state import Vault
from hyperliquid_perpetual.sandbox.engine.vaults import COMMISSION_PERCENT, vault_value
from hyperliquid_perpetual.sandbox.wire import money_text

DAY_MS = 86_400_000

Json = dict[str, Any]


class FamilyView:
    """Reads who belongs to whom from the engine."""

    def __init__(self, exchange: Exchange, accounts: AccountView, dexes: list[str]) -> None:
        self._exchange = exchange
        self._accounts = accounts
        self._dexes = dexes

    def sub_accounts(self, user: str) -> list[Json] | None:
        """`subAccounts`: with the state of the first dex; null without any."""
        return self._sub_accounts(user, lambda address: {"clearinghouseState": self._state(address, "")})

    def sub_accounts_2(self, user: str) -> list[Json] | None:
        """`subAccounts2`: with the states of all dexs; null without any."""
        return self._sub_accounts(
            user, lambda address: {"dexToClearinghouseState": [[dex, self._state(address, dex)] for dex in self._dexes]}
        )

    def _sub_accounts(self, user: str, states: Any) -> list[Json] | None:
        account = self._exchange.account(user)
        if account is None or not account.sub_accounts:
            return None
        return [
            {
                "name": sub_account.name,
                "subAccountUser": address,
                "master": user,
                **states(address),
                "spotState": self._accounts.spot_state(address),
            }
            for address, sub_account in account.sub_accounts.items()
        ]

    def _state(self, address: str, dex: str) -> Json:
        return self._accounts.clearinghouse_state(address, dex)

    def vault_details(self, address: str, user: str | None) -> Json | None:
        """`vaultDetails`, with `followerState` of a user; null for what is no vault.

        The vault's own figures are JSON numbers, those of followers decimal strings.
        """
        account = self._exchange.account(address)
        if account is None or account.vault is None:
            return None
        vault = account.vault
        value = self._value(account)
        followers = [self._follower(vault, depositor, value) for depositor in vault.stakes if depositor != vault.leader]
        shares = vault.shares
        leader = vault.stakes.get(vault.leader)
        withdrawable = self._exchange.treasury.available(account, "", "USDC")
        return {
            "name": vault.name,
            "vaultAddress": address,
            "leader": vault.leader,
            "description": vault.description,
            "portfolio": [],
            "apr": 0.0,
            "followerState": self._follower(vault, user, value) if user in vault.stakes else None,
            "leaderFraction": leader.shares / shares if leader is not None and shares else 0.0,
            "leaderCommission": COMMISSION_PERCENT / 100,
            "followers": followers,
            "maxDistributable": _number(withdrawable),
            "maxWithdrawable": _number(withdrawable if user is None else min(withdrawable, vault.equity(user, value))),
            "isClosed": vault.is_closed,
            "relationship": {"type": "normal"},
            "allowDeposits": vault.allow_deposits,
            "alwaysCloseOnWithdraw": vault.always_close_on_withdraw,
        }

    def user_vault_equities(self, user: str) -> list[Json]:
        """`userVaultEquities`: every vault that a user has money in, with until when it is locked."""
        return [
            {
                "vaultAddress": address,
                "equity": money_text(account.vault.equity(user, self._value(account))),
                "lockedUntilTimestamp": account.vault.stakes[user].locked_until,
            }
            for address, account in self._exchange.accounts.items()
            if account.vault is not None and user in account.vault.stakes
        ]

    def _follower(self, vault: Vault, user: str | None, value: int) -> Json:
        assert user is not None
        stake = vault.stakes[user]
        equity = vault.equity(user, value)
        return {
            "user": user,
            "vaultEquity": money_text(equity),
            "pnl": money_text(equity - stake.basis),
            "allTimePnl": money_text(equity - stake.basis + stake.withdrawn_profit),
            "daysFollowing": (self._exchange.now - stake.entered) // DAY_MS,
            "vaultEntryTime": stake.entered,
            "lockupUntil": stake.locked_until,
        }

    def _value(self, account: Account) -> int:
        return vault_value(account, self._exchange.markets)


def _number(money: int) -> float:
    return money / MONEY_SCALE
