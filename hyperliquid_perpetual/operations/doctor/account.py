"""Whose account it is at the venue, in which mode, and who may sign for it until when.

Reference, sections 2.3, 5 and 14. The connector's own check of credentials is what decides about the signer.
"""

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace

from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.operations.doctor.identity import Identity, SignsWith
from hyperliquid_perpetual.operations.networks import WEB_APPLICATIONS, name_of
from hyperliquid_perpetual.trading.account import DEX_ABSTRACTION
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.credential_check import AGENTS, CredentialCheck
from hyperliquid_perpetual.trading.credentials import CredentialError
from hyperliquid_perpetual.trading.requests import Requests, VenueUnavailable
from hyperliquid_perpetual.venue.messages import ExtraAgent, UserRole, VaultDetails
from hyperliquid_perpetual.venue.networks import Network

DAY_SECONDS = 86_400
KNOWN_MODES = {
    "default": "each dex has its own collateral",
    "disabled": "each dex has its own collateral",
    "unifiedAccount": "the spot wallet is the collateral of all dexs; 50,000 actions a day",
    "portfolioMargin": "the spot wallet is the collateral, other tokens count too; 50,000 actions a day",
}

section = Section("Account")


@dataclass(frozen=True, slots=True)
class Trader:
    """Who trades, with what the venue said about it. Satisfies ``credential_check.WhoTrades``."""

    account: str
    signer: SignsWith
    is_vault: bool
    master: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """The account that the other lines are about, and who owns it."""

    identity: Identity
    owner: str
    """Whose keys and API wallets may sign for it."""


async def guarded(name: str, findings: Awaitable[list[Finding]]) -> list[Finding]:
    """The findings, or a line that says why there are none."""
    try:
        return await findings
    except VenueUnavailable as error:
        return [section.warning(name, f"could not be read: {error}", "run this again")]


async def check_role(requests: Requests, identity: Identity) -> tuple[Holder | None, list[Finding]]:
    """Whose account an address is; None when there is none to look at. Costs 60 weight, 80 for a vault.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    name, address, network = "role", identity.account, requests.network
    role: UserRole = await requests.info({"type": "userRole", "user": address}, UserRole)
    data = role.data or {}
    match role.role:
        case "missing":
            detail = f"{address} has no account on {name_of(network)}: it never held anything there"
            fix = f"check the address and --network; a new account needs a deposit first{_page(network)}"
            return None, [section.problem(name, detail, fix, role=role.role)]
        case "agent":
            master = str(data.get("user") or "").lower()
            detail = f"{address} is an API wallet, not an account: it holds nothing"
            fix = f"give the address of the account it trades for: {master or 'the one that approved it'}"
            finding = section.problem(name, detail, fix, role=role.role, account=master)
            if not master:
                return None, [finding]
            # What was meant is clear: the rest is told about the account.
            meant = replace(identity, account=master, signer=identity.signer or SignsWith(address), is_vault=False)
            return Holder(meant, master), [finding]
        case "subAccount":
            owner = str(data.get("master") or address).lower()
            return _owned(identity, owner, f"a sub-account of {owner}", role.role)
        case "vault":
            question = {"type": "vaultDetails", "vaultAddress": address}
            details: VaultDetails | None = await requests.info(question, VaultDetails | None)
            owner = address if details is None else details.leader.lower()
            return _owned(identity, owner, f"a vault led by {owner}", role.role)
        case _:
            finding = section.ok(name, f"{address} is an account of its own", role=role.role)
            return Holder(identity, address), [finding]


def _owned(identity: Identity, owner: str, what: str, role: str) -> tuple[Holder, list[Finding]]:
    finding = section.ok("role", f"{identity.account} is {what}", role=role, owner=owner)
    return Holder(replace(identity, is_vault=identity.is_vault is not False), owner), [finding]


async def check_mode(reader: AccountReader) -> tuple[str, list[Finding]]:
    """The account mode. Costs 20 weight.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    mode = await reader.mode()
    if mode in KNOWN_MODES:
        return mode, [section.ok("mode", f"{mode}: {KNOWN_MODES[mode]}", mode=mode)]
    if mode == DEX_ABSTRACTION:
        fix = "choose another mode on the exchange's page"
        detail = f"{mode}, which the venue has discontinued: USDC on the dexs, other collateral in the spot wallet"
        return mode, [section.warning("mode", detail, fix, mode=mode)]
    fix = "see whether there is a newer release of this package"
    return mode, [section.warning("mode", f"{mode}, which this package does not know", fix, mode=mode)]


async def check_signer(requests: Requests, holder: Holder, ahead_ms: float) -> list[Finding]:
    """Whether the signer may trade for the account, and how long. Costs 60 to 160 weight.

    :param ahead_ms: how far the venue's clock is ahead of this machine's.
    :raises VenueUnavailable: when the venue could not be asked.
    """
    name, identity = "signer", holder.identity
    if identity.signer is None:
        fix = "give --agent 0x... (the API wallet's address), or the bot's home with --hummingbot-home and its password"
        return [section.skipped(name, "whose key signs is not known", fix)]

    def now() -> float:
        return time.time() + ahead_ms / 1000

    trader = Trader(identity.account, identity.signer, bool(identity.is_vault), identity.master)
    address = trader.signer.address
    try:
        # Days of warning are told below, as a line.
        approval = await CredentialCheck(requests, trader, warn_days=0, clock=now).run()
    except CredentialError as error:
        detail, _, fix = str(error).partition(": ")
        return [section.problem(name, detail, fix or "see docs/account.md", signer=address)]
    data = {"signer": address, "owner": approval.owner, "valid_until": approval.valid_until}
    if address == approval.owner:
        detail = f"{address}, the account's own key"
        if requests.network is Network.MAINNET:
            fix = f"sign with an API wallet instead, which cannot withdraw{_page(requests.network)}"
            return [section.warning(name, f"{detail}, which can withdraw everything", fix, **data)]
        return [section.ok(name, detail, **data)]
    if approval.valid_until is None:
        detail = f"{address}, an approved API wallet; the venue does not say when it expires"
        return [section.ok(name, detail, **data)]
    return [_life(name, f"{address}, an approved API wallet", approval.valid_until, now(), identity, data)]


async def check_agents(requests: Requests, holder: Holder, ahead_ms: float) -> list[Finding]:
    """The owner's named API wallets other than the signer, and when they expire. Costs 20 weight.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    agents: list[ExtraAgent] = await requests.info({"type": "extraAgents", "user": holder.owner}, AGENTS)
    now, signer = time.time() + ahead_ms / 1000, holder.identity.signer
    others = [agent for agent in agents if signer is None or agent.address.lower() != signer.address]
    if not others:
        other = "" if signer is None else "other "
        return [section.ok("API wallets", f"no {other}named ones (unnamed ones are not listed)", wallets=[])]
    findings = []
    for agent in others:
        what = f"{agent.name or 'without a name'}, {agent.address.lower()}"
        data = {"name": agent.name, "address": agent.address.lower()}
        if agent.validUntil is None:
            findings.append(section.ok("API wallet", f"{what}; the venue does not say when it expires", **data))
        else:
            findings.append(_life("API wallet", what, agent.validUntil / 1000, now, holder.identity, data))
    return findings


def _life(
    name: str, what: str, valid_until: float, now: float, identity: Identity, data: Mapping[str, object]
) -> Finding:
    days = (valid_until - now) / DAY_SECONDS
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(valid_until))
    data = {**data, "days_left": round(days, 2)}
    fix = "approve a new one on the exchange's API page, and connect again with its key"
    if days <= 0:
        return section.warning(name, f"{what}, expired on {date}", fix, **data)
    left = f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} hours"
    detail = f"{what}, expires in {left} ({date})"
    if days <= identity.agent_warning_days:
        return section.warning(name, f"{detail}: every order is refused from then on", fix, **data)
    return section.ok(name, detail, **data)


def _page(network: Network) -> str:
    page = WEB_APPLICATIONS.get(network)
    return f" ({page})" if page else ""
