"""Agent wallets: which keys may sign for which account (reference, section 5).

An account has one unnamed agent and three named ones, and two more named ones for each of its sub-accounts. An agent
ends when it expires, when another takes its name, or when the account has nothing left.
"""

from collections.abc import Mapping

from .commands import ApproveAgent
from .records import Agent
from .state import Account
from .units import DAY

MAX_NAMED_AGENTS = 3
MORE_PER_SUB_ACCOUNT = 2
MAX_AGENT_LIFE = 180 * DAY
MAX_NAME_LENGTH = 16


class AgentRegistry:
    """Finds the account behind an agent's address; the agents themselves are kept by their account."""

    __slots__ = ("_accounts", "_masters", "ever")

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts
        self._masters: dict[str, tuple[str, str]] = {}
        self.ever: set[str] = set()
        """Every address that is or was an agent."""

    def approve(self, now: int, account: Account, command: ApproveAgent) -> tuple[Agent, str | None] | str:
        """Give an account an agent: (the agent, the address that it replaced or None), or an error text.

        The reference has no texts for these errors; they are ours.
        """
        address = command.agent
        if len(command.name) > MAX_NAME_LENGTH:
            return f"Agent name must have at most {MAX_NAME_LENGTH} characters."
        if address in self._accounts:
            return f"Agent address {address} is an account of its own."
        valid_until = now + MAX_AGENT_LIFE if command.valid_until is None else command.valid_until
        if not now < valid_until <= now + MAX_AGENT_LIFE:
            return "Agent must expire in the future, and within 180 days."
        owner = self._masters.get(address)
        if owner is not None and owner != (account.address, command.name) and self.master_of(address, now):
            return "Agent address is already in use."
        replaced = account.agents.get(command.name)
        if command.name and replaced is None:
            for name in [name for name, agent in account.agents.items() if agent.valid_until <= now]:
                self._forget(account, name)
            limit = MAX_NAMED_AGENTS + MORE_PER_SUB_ACCOUNT * len(account.sub_accounts)
            if sum(1 for name in account.agents if name) >= limit:
                return f"Too many agents: at most {limit} named ones."
        if replaced is not None:
            self._forget(account, command.name)
        if owner is not None and address in self._masters:
            self._forget(self._accounts[owner[0]], owner[1])
        agent = Agent(address, command.name, valid_until)
        account.agents[command.name] = agent
        self._masters[address] = (account.address, command.name)
        self.ever.add(address)
        return agent, None if replaced is None or replaced.address == address else replaced.address

    def master_of(self, address: str, now: int) -> str | None:
        """The account that an agent may sign for at `now`, None for a stranger or an expired agent."""
        found = self._masters.get(address)
        if found is None:
            return None
        master, name = found
        return master if now < self._accounts[master].agents[name].valid_until else None

    def prune(self, account: Account) -> list[Agent]:
        """End the agents of an account that has nothing left; returns those that were ended."""
        if not account.agents or _has_anything(account):
            return []
        pruned = list(account.agents.values())
        for agent in pruned:
            self._forget(account, agent.name)
        return pruned

    def _forget(self, account: Account, name: str) -> None:
        agent = account.agents.pop(name)
        del self._masters[agent.address]


def _has_anything(account: Account) -> bool:
    houses = account.clearinghouses.values()
    return (
        any(account.spot.values())
        or any(house.raw_usd for house in houses)
        or any(position.szi for house in houses for position in house.positions.values())
    )
