"""Each mistake with keys and addresses gets one sentence that names it and the fix; each right use gets through."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.trading.credential_check import CredentialCheck
from hyperliquid_perpetual.trading.credentials import CredentialError, Credentials, load_credentials
from hyperliquid_perpetual.venue.lists import ListOf
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.signing import Signer

MASTER_KEY, AGENT_KEY, STRANGER_KEY = "0x" + "11" * 32, "0x" + "22" * 32, "0x" + "33" * 32
MASTER, AGENT, STRANGER = (Signer(key).address for key in (MASTER_KEY, AGENT_KEY, STRANGER_KEY))
SUB, VAULT = "0x" + "5b" * 20, "0x" + "ba" * 20
NOW = 1_790_000_000.0
DAY = 86_400


class Venue:
    """Answers what the check asks, and counts the weight."""

    def __init__(self) -> None:
        self.roles: dict[str, Any] = {MASTER: {"role": "user"}, STRANGER: {"role": "user"}}
        self.roles[AGENT] = {"role": "agent", "data": {"user": MASTER}}
        self.roles[SUB] = {"role": "subAccount", "data": {"master": MASTER}}
        self.roles[VAULT] = {"role": "vault"}
        self.agents: list[Any] = []
        self.vault: Any = {"leader": MASTER.upper().replace("0X", "0x"), "name": "a vault", "isClosed": False}
        self.asked: list[str] = []

    async def info(self, request: Mapping[str, Any], decode_as: Any = Any) -> Any:
        self.asked.append(request["type"])
        answer = {
            "userRole": lambda: self.roles.get(request["user"], {"role": "missing"}),
            "extraAgents": lambda: self.agents if request["user"] == MASTER else [],
            "vaultDetails": lambda: self.vault,
        }[request["type"]]()
        raw = msgspec.json.encode(answer)
        return decode_as.decode(raw)[0] if isinstance(decode_as, ListOf) else msgspec.json.decode(raw, type=decode_as)


def credentials(
    address: str, key: str, mode: str = "api_wallet", use_vault: bool = False, account: str | None = None
) -> Credentials:
    loaded = load_credentials(Network.MAINNET, address, key, mode, use_vault, account)
    assert loaded is not None
    return loaded


def check_of(venue: Venue, given: Credentials, now: float = NOW, warn_days: int = 14) -> CredentialCheck:
    requests: Any = venue
    return CredentialCheck(requests, given, warn_days, clock=lambda: now)


def agent_row(days: float | None) -> dict[str, Any]:
    until = None if days is None else int((NOW + days * DAY) * 1000)
    return {"name": "bot", "address": AGENT.upper().replace("0X", "0x"), "validUntil": until}


# ------------------------------------------------------------------ what can be told from the keys alone


@pytest.mark.parametrize(
    "typed",
    [
        MASTER,
        f" {MASTER}\n",
        MASTER.removeprefix("0x"),
        MASTER.upper(),
        f"HL:{MASTER}",
        f'"{MASTER}"',
        f"'HL:{MASTER}' ",
    ],
)
@pytest.mark.parametrize(
    "key", [MASTER_KEY, MASTER_KEY.removeprefix("0x"), f"\t{MASTER_KEY.upper()} \n", f'"{MASTER_KEY}"']
)
def test_addresses_and_keys_are_understood_in_every_way_they_are_pasted(typed: str, key: str) -> None:
    loaded = credentials(typed, key, "arb_wallet")
    assert (loaded.account, loaded.signer.address, loaded.vault_address) == (MASTER, MASTER, None)


def test_old_vault_answer_still_means_the_vault_or_sub_account() -> None:
    loaded = credentials(SUB, AGENT_KEY, use_vault=True)
    assert (loaded.account, loaded.vault_address, loaded.master) == (SUB, SUB, None)


def test_signer_master_and_account_can_be_three_addresses() -> None:
    loaded = credentials(MASTER, AGENT_KEY, account=SUB)
    assert (loaded.signer.address, loaded.master, loaded.account, loaded.vault_address) == (AGENT, MASTER, SUB, SUB)


def test_sandbox_account_may_trade_for_a_sub_account_too() -> None:
    loaded = load_credentials(Network.SANDBOX, "", "", "", False, SUB)
    assert loaded is not None
    assert (loaded.account, loaded.master) == (SUB, loaded.signer.address)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("arb_wallet", False, None, STRANGER_KEY), f"the private key belongs to {STRANGER}, not to the account"),
        (("api_wallet", True, VAULT, AGENT_KEY), "two vaults or sub-accounts are named"),
        (("api_wallet", False, MASTER, AGENT_KEY), "is the connected account"),
        (("wallet", False, None, AGENT_KEY), "expected arb_wallet or api_wallet"),
        (("arb_wallet", False, None, "0x123"), "expected 64 hex digits"),
        (("arb_wallet", False, None, ""), "the private key is missing"),
    ],
)
def test_what_cannot_belong_together_is_named(arguments: tuple[str, bool, str | None, str], message: str) -> None:
    mode, use_vault, account, key = arguments
    with pytest.raises(CredentialError, match=message) as caught:
        credentials(MASTER, key, mode, use_vault, account)
    assert AGENT_KEY not in str(caught.value)


# ------------------------------------------------------------------ what only the venue knows


@pytest.mark.parametrize(
    ("given", "owner", "kind", "asked"),
    [
        (credentials(MASTER, MASTER_KEY, "arb_wallet"), MASTER, "user", ["userRole"]),
        (credentials(MASTER, AGENT_KEY), MASTER, "user", ["userRole", "extraAgents"]),
        (credentials(SUB, MASTER_KEY, use_vault=True), MASTER, "subAccount", ["userRole"]),
        (credentials(MASTER, AGENT_KEY, account=SUB), MASTER, "subAccount", ["userRole", "extraAgents"]),
        (credentials(VAULT, MASTER_KEY, use_vault=True), MASTER, "vault", ["userRole", "vaultDetails"]),
        (credentials(MASTER, AGENT_KEY, account=VAULT), MASTER, "vault", ["userRole", "vaultDetails", "extraAgents"]),
    ],
    ids=["own key", "API wallet", "sub-account, as before", "sub-account", "vault, as before", "vault"],
)
async def test_right_keys_are_confirmed_once_and_cheaply(
    given: Credentials, owner: str, kind: str, asked: list[str]
) -> None:
    venue = Venue()
    venue.agents = [agent_row(100)]
    check = check_of(venue, given)
    approval = await check.run()
    assert (approval.owner, approval.kind) == (owner, kind)
    assert check.approval is approval
    assert venue.asked == asked
    await check.watch()
    assert venue.asked == asked, "nothing is asked again while the API wallet has long to live"


async def test_unnamed_api_wallet_is_found_by_its_role() -> None:
    venue = Venue()
    approval = await check_of(venue, credentials(MASTER, AGENT_KEY)).run()
    assert approval.valid_until is None
    assert venue.asked == ["userRole", "extraAgents", "userRole"]


async def test_account_that_never_held_anything_is_no_fault_of_its_own_key() -> None:
    venue = Venue()
    venue.roles.clear()
    assert (await check_of(venue, credentials(MASTER, MASTER_KEY, "arb_wallet")).run()).kind == "missing"


FAULTS: dict[str, tuple[Credentials, dict[str, Any], str]] = {
    "API wallet as the account": (
        credentials(AGENT, AGENT_KEY),
        {},
        f"{AGENT} is an API wallet, not an account: it holds nothing. .*trades for: {MASTER}",
    ),
    "not approved": (
        credentials(MASTER, AGENT_KEY),
        {AGENT: {"role": "missing"}},
        f"{AGENT} is not approved to trade for {MASTER}: approve it .* expired or was replaced",
    ),
    "someone else's API wallet": (
        credentials(MASTER, AGENT_KEY),
        {AGENT: {"role": "agent", "data": {"user": STRANGER}}},
        f"API wallet of {STRANGER}, not of {MASTER}",
    ),
    "someone else's own key": (
        credentials(MASTER, STRANGER_KEY),
        {},
        f"belongs to another account, {STRANGER}, which may not trade for {MASTER}",
    ),
    "API wallet of an account that is not there": (
        credentials(MASTER, AGENT_KEY),
        {MASTER: {"role": "missing"}},
        f"{MASTER} has no account on this network, .*deposit USDC",
    ),
    "sub-account as a plain account": (credentials(SUB, AGENT_KEY), {}, f"sub-account of {MASTER}: answer Yes"),
    "vault as a plain account": (credentials(VAULT, AGENT_KEY), {}, f"{VAULT} is a vault: answer Yes"),
    "account as a vault": (credentials(MASTER, AGENT_KEY, use_vault=True), {}, "neither a vault nor a sub-account"),
    "vault that is not there": (
        credentials(VAULT, AGENT_KEY, use_vault=True),
        {VAULT: {"role": "missing"}},
        "there is no vault or sub-account",
    ),
    "sub-account of someone else": (
        credentials(MASTER, AGENT_KEY, account=SUB),
        {SUB: {"role": "subAccount", "data": {"master": STRANGER}}},
        f"{SUB} is owned by {STRANGER}, not by the connected account {MASTER}",
    ),
    "key of another than the sub-account's master": (
        credentials(SUB, STRANGER_KEY, use_vault=True),
        {},
        f"belongs to another account, {STRANGER}, which may not trade for {MASTER}",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_is_named_in_one_sentence_with_its_fix(fault: str) -> None:
    given, roles, message = FAULTS[fault]
    venue = Venue()
    venue.roles |= roles
    check = check_of(venue, given)
    with pytest.raises(CredentialError, match=message) as caught:
        await check.run()
    assert check.approval is None
    assert "\n" not in str(caught.value)
    for key in (MASTER_KEY, AGENT_KEY, STRANGER_KEY):
        assert key.removeprefix("0x") not in str(caught.value)


@pytest.mark.parametrize(
    ("vault", "message"),
    [
        (None, "does not know the vault"),
        ({"leader": STRANGER}, f"led by {STRANGER}, not by the connected account {MASTER}"),
        ({"leader": MASTER, "isClosed": True}, "is closed"),
    ],
)
async def test_vault_that_cannot_be_traded_for_is_named(vault: Any, message: str) -> None:
    venue = Venue()
    venue.vault = vault
    with pytest.raises(CredentialError, match=message):
        await check_of(venue, credentials(MASTER, MASTER_KEY, "arb_wallet", account=VAULT)).run()


# ------------------------------------------------------------------ the end of an API wallet


async def test_expired_api_wallet_is_named_with_the_day() -> None:
    venue = Venue()
    venue.agents = [agent_row(-1)]
    with pytest.raises(CredentialError, match=f"the API wallet {AGENT} expired on 2026-09-20"):
        await check_of(venue, credentials(MASTER, AGENT_KEY)).run()


@pytest.mark.parametrize(("days", "told"), [(3, "expires in 3 days"), (0.5, "expires in 12 hours"), (15, "")])
async def test_api_wallet_that_ends_soon_is_spoken_of(days: float, told: str, caplog: pytest.LogCaptureFixture) -> None:
    venue = Venue()
    venue.agents = [agent_row(days)]
    with caplog.at_level(logging.WARNING):
        await check_of(venue, credentials(MASTER, AGENT_KEY)).run()
    assert (told in caplog.text) if told else not caplog.records


async def test_end_of_an_api_wallet_is_watched_while_the_bot_runs(caplog: pytest.LogCaptureFixture) -> None:
    venue = Venue()
    venue.agents = [agent_row(20)]
    now = NOW
    requests: Any = venue
    check = CredentialCheck(requests, credentials(MASTER, AGENT_KEY), 14, clock=lambda: now)
    await check.run()
    for hour in range(19 * 24):
        now = NOW + hour * 3600
        await check.watch()
    assert 13 <= len(caplog.records) <= 14, "once a day, from the fourteenth on"
    assert venue.asked.count("extraAgents") == len(caplog.records) + 1
    now = NOW + 20 * DAY + 1
    with pytest.raises(CredentialError, match="expired on"):
        await check.watch()
    assert check.approval is None
    venue.agents = [agent_row(200)]
    await check.run()
    assert check.approval is not None, "approved anew, it goes on"
