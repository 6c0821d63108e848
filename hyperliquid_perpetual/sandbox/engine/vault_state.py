"""What a vault knows beside being an account: who has put how much into it (reference, section 2.3)."""

from msgspec import Struct


class Stake(Struct):
    """One depositor's part of a vault. `shares` of `Vault.shares`; `basis` is the money paid in for them."""

    shares: int
    basis: int
    entered: int
    """Unix ms of the first deposit."""
    locked_until: int
    withdrawn_profit: int = 0
    """Profit that has been paid out, in money."""


class Vault(Struct):
    """A pool that its leader trades with. The cash and the positions are those of the account with the same address."""

    leader: str
    name: str
    description: str = ""
    stakes: dict[str, Stake] = {}
    """By depositor, the leader among them, in the order of their first deposit."""
    allow_deposits: bool = True
    always_close_on_withdraw: bool = False
    is_closed: bool = False

    @property
    def shares(self) -> int:
        """All shares there are."""
        return sum(stake.shares for stake in self.stakes.values())

    def equity(self, depositor: str, vault_value: int) -> int:
        """What a depositor's shares are worth, in money, when the vault is worth `vault_value`."""
        stake = self.stakes.get(depositor)
        shares = self.shares
        return 0 if stake is None or not shares else max(0, vault_value) * stake.shares // shares
