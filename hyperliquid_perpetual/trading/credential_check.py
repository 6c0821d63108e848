"""Asks the venue, once per start, whether the configured signer may trade for the configured account.

Reference, sections 2.3 and 5. The common mistakes do not show as errors at the venue: an API wallet's own account
simply looks empty, and a foreign signature is answered with an address nobody has seen. So they are looked for on
purpose. Every fault is one sentence that names it and what would mend it.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ..venue.lists import ListOf
from ..venue.messages import ExtraAgent, UserRole, VaultDetails
from .credentials import CredentialError
from .log_names import logger_of
from .requests import Requests

_APPROVE = "approve it as an API wallet on the exchange's API page (app.hyperliquid.xyz/API)"
_DAY_SECONDS = 86_400
AGENTS = ListOf(ExtraAgent, expendable=("name",))

logger = logger_of(__name__)


@dataclass(frozen=True, slots=True)
class Approval:
    """What the venue said about the credentials."""

    owner: str
    """Whose keys and API wallets may sign: the account itself, the master of a sub-account or the leader of a vault."""
    kind: str
    """``user``, ``subAccount``, ``vault``, or ``missing`` for an account that never held anything."""
    valid_until: float | None = None
    """Unix seconds at which the API wallet expires; None without one, and for those that do not tell."""


class SignerAddress(Protocol):
    """Whoever signs, as far as the venue can be asked about it."""

    @property
    def address(self) -> str:
        """In lower case."""
        ...


class WhoTrades(Protocol):
    """Who signs, and for whom: `Credentials`, or the same addresses without a key."""

    @property
    def account(self) -> str:
        """What is traded for, in lower case."""
        ...

    @property
    def signer(self) -> SignerAddress:
        """Whose key signs."""
        ...

    @property
    def is_vault(self) -> bool:
        """Whether the account is said to be a vault or sub-account."""
        ...

    @property
    def master(self) -> str | None:
        """The account that is said to own it, in lower case; None when that is not said."""
        ...


class CredentialCheck:
    """Checks credentials, and watches over the life of the API wallet afterwards."""

    def __init__(self, requests: Requests, credentials: WhoTrades, warn_days: int, clock: Any = time.time) -> None:
        """
        :param warn_days: how many days before its end an API wallet is spoken of.
        :param clock: Unix seconds.
        """
        self._requests = requests
        self._credentials = credentials
        self._warn_seconds = warn_days * _DAY_SECONDS
        self._clock = clock
        self._warned_at = float("-inf")
        self.approval: Approval | None = None
        """None until the venue has confirmed the credentials, and again when the API wallet has expired."""

    async def run(self) -> Approval:
        """Asks. Costs 60 weight for an account that signs itself, 80 with a named API wallet, 140 with an unnamed one.

        :raises CredentialError: when the signer may not trade for the account.
        :raises VenueUnavailable: when the venue could not be asked.
        """
        kind, owner = await self._whose_account()
        self._check_master(kind, owner)
        valid_until = None
        if self._credentials.signer.address != owner:
            if kind == "missing":
                raise CredentialError(
                    f"{owner} has no account on this network, so no API wallet can trade for it: deposit USDC to it "
                    "first, or check the address and the network"
                )
            valid_until = await self._agent_of(owner)
        self.approval = Approval(owner, kind, valid_until)
        self._warn_of_end(self.approval)
        return self.approval

    async def watch(self) -> None:
        """Speaks of the end of the API wallet once a day when it is near. Costs 20 weight on such a day, else nothing.

        :raises CredentialError: once it has expired.
        :raises VenueUnavailable: when the venue could not be asked whether it was approved anew.
        """
        approval, now = self.approval, self._clock()
        if approval is None or approval.valid_until is None or now < approval.valid_until - self._warn_seconds:
            return
        if now >= approval.valid_until or now >= self._warned_at + _DAY_SECONDS:
            self.approval = None
            self.approval = Approval(approval.owner, approval.kind, await self._agent_of(approval.owner))
            self._warn_of_end(self.approval)

    # --- Whose account it is

    async def _whose_account(self) -> tuple[str, str]:
        account, is_vault = self._credentials.account, self._credentials.is_vault
        role = await self._role(account)
        match role.role:
            case "agent":
                raise CredentialError(
                    f"{account} is an API wallet, not an account: it holds nothing. Give the address of the account it "
                    f"trades for: {_named(role, 'user') or 'the one that approved it'}"
                )
            case "missing" if is_vault:
                raise CredentialError(
                    f"there is no vault or sub-account {account} on this network: check the address and the network"
                )
            case "subAccount":
                owner = _named(role, "master") or account
                if not is_vault:
                    raise CredentialError(f"{account} is a sub-account of {owner}: {self._how_to_say_so()}")
                return role.role, owner
            case "vault":
                if not is_vault:
                    raise CredentialError(f"{account} is a vault: {self._how_to_say_so()}")
                return role.role, await self._leader(account)
            case _ if is_vault:
                raise CredentialError(
                    f"{account} is neither a vault nor a sub-account: answer No to the vault question of connect, and "
                    "leave vault_or_sub_account out of the settings file"
                )
            case _:
                return role.role, account

    async def _leader(self, vault: str) -> str:
        details: VaultDetails | None = await self._requests.info(
            {"type": "vaultDetails", "vaultAddress": vault}, VaultDetails | None
        )
        if details is None:
            raise CredentialError(f"the venue does not know the vault {vault}: check the address and the network")
        if details.isClosed:
            raise CredentialError(f"the vault {vault} is closed: nothing can be traded for it any more")
        return details.leader.lower()

    def _check_master(self, kind: str, owner: str) -> None:
        master = self._credentials.master
        if master is not None and master != owner:
            word, role = ("vault", "led") if kind == "vault" else ("sub-account", "owned")
            raise CredentialError(
                f"the {word} {self._credentials.account} is {role} by {owner}, not by the connected account {master}: "
                f"connect {owner}, or give one of its own as vault_or_sub_account"
            )

    @staticmethod
    def _how_to_say_so() -> str:
        return "answer Yes to the vault question of connect, which stands for sub-accounts too"

    # --- Whether the signer may act for it

    async def _agent_of(self, owner: str) -> float | None:
        """Until when (Unix seconds) the signer may act for the owner; None where that is not told."""
        signer = self._credentials.signer.address
        agents: list[ExtraAgent] = await self._requests.info({"type": "extraAgents", "user": owner}, AGENTS)
        agent = next((agent for agent in agents if agent.address.lower() == signer), None)
        if agent is not None:
            valid_until = agent.validUntil / 1000 if agent.validUntil is not None else None
            if valid_until is not None and valid_until <= self._clock():
                raise CredentialError(
                    f"the API wallet {signer} expired on {_date(valid_until)}: approve a new one on the exchange's API "
                    "page, and connect again with its key"
                )
            return valid_until
        # Unnamed ones are not listed.
        role = await self._role(signer)
        master = _named(role, "user")
        if role.role == "agent" and master in (owner, self._credentials.account):
            return None
        if role.role == "agent":
            raise CredentialError(
                f"the private key is that of an API wallet of {master}, not of {owner}: give the key of one that "
                f"{owner} has approved"
            )
        if role.role == "user":
            raise CredentialError(
                f"the private key belongs to another account, {signer}, which may not trade for {owner}: give the key "
                f"of {owner} or of its API wallet, or {_APPROVE}"
            )
        raise CredentialError(
            f"the key's wallet {signer} is not approved to trade for {owner}: {_APPROVE}; if it was approved before, "
            "it has expired or was replaced, and a new one is needed"
        )

    def _warn_of_end(self, approval: Approval) -> None:
        if approval.valid_until is None or self._clock() < approval.valid_until - self._warn_seconds:
            return
        self._warned_at = self._clock()
        days = (approval.valid_until - self._clock()) / _DAY_SECONDS
        left = f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} hours"
        logger.warning(
            "The API wallet %s expires in %s (%s): after that every order is refused. Approve a new one on the "
            "exchange's API page and connect with its key before.",
            self._credentials.signer.address,
            left,
            _date(approval.valid_until),
        )

    async def _role(self, address: str) -> UserRole:
        role: UserRole = await self._requests.info({"type": "userRole", "user": address}, UserRole)
        return role


def _named(role: UserRole, key: str) -> str:
    return str((role.data or {}).get(key) or "").lower()


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
