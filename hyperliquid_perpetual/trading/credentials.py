"""Who signs, for whom, and whether the venue lets them: the configured keys and the check of them, in words a trader
can act on.

Reference, section 5. Three addresses play a part: the *signer* (the key's own address), the *account* whose orders and
balances are meant, and, when the account is a vault or sub-account, its address also goes into every signed action. The
common mistakes (the agent's address given as the account, a key that was never approved) do not show as errors at the
venue: an agent's account simply looks empty, and a foreign signature is answered with an address nobody has seen. So
they are looked for on purpose, once.
"""

from dataclasses import dataclass, field

from ..venue.addresses import normalize_address
from ..venue.messages import UserRole
from ..venue.networks import Network
from ..venue.signing import Signer
from .requests import Requests

SANDBOX_KEY = "0x" + "1".rjust(64, "0")
"""The sandbox's ready-made account. It is public, and worth nothing anywhere else."""

WALLET_MODE = "arb_wallet"
API_WALLET_MODE = "api_wallet"


class CredentialError(ValueError):
    """The configured keys cannot work; the message says why and what would."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A checked set of addresses and the signer; ``account`` in lower case."""

    account: str
    signer: Signer = field(repr=False)
    is_vault: bool

    @property
    def vault_address(self) -> str | None:
        """What goes into signed actions as ``vaultAddress``."""
        return self.account if self.is_vault else None


def parse_flag(value: object) -> bool:
    """A yes or no out of what configuration files hold: real booleans, words, and nothing at all for no.

    :raises CredentialError: for anything else.
    """
    if isinstance(value, bool):
        return value
    word = str(value or "no").strip().lower()
    if word in ("yes", "y", "true", "1"):
        return True
    if word in ("no", "n", "false", "0"):
        return False
    raise CredentialError(f"expected yes or no, got {value!r}")


def load_credentials(network: Network, address: str, secret_key: str, mode: str, use_vault: bool) -> Credentials | None:
    """Reads the configured values; None when there are none, which makes a connector that only reads.

    :raises CredentialError: when something is malformed or cannot belong together.
    """
    address, secret_key = (address or "").strip(), (secret_key or "").strip()
    if network is Network.SANDBOX and not secret_key:
        signer = Signer(SANDBOX_KEY)
        if address and _address(address) != signer.address:
            raise CredentialError(
                "an address without its private key: leave both empty for the sandbox's own account, or give both"
            )
        return Credentials(signer.address, signer, is_vault=False)
    if not address and not secret_key:
        return None
    if not secret_key:
        raise CredentialError("the private key is missing")
    try:
        signer = Signer(secret_key)
    except ValueError as error:
        raise CredentialError(str(error)) from None
    if not address:
        raise CredentialError("the account address is missing: expected 0x and 40 hex digits")
    account = _address(address)
    if (mode or WALLET_MODE) not in (WALLET_MODE, API_WALLET_MODE):
        raise CredentialError(f"unknown connection mode {mode!r}: expected {WALLET_MODE} or {API_WALLET_MODE}")
    if mode != API_WALLET_MODE and not use_vault and signer.address != account:
        raise CredentialError(
            f"the private key belongs to {signer.address}, not to the account {account}: give the key of the account, "
            f"or choose {API_WALLET_MODE} if it is the key of an API wallet"
        )
    return Credentials(account, signer, is_vault=use_vault)


def _address(text: str) -> str:
    try:
        return normalize_address(text)
    except ValueError as error:
        raise CredentialError(f"the account address is not valid: {error}") from None


async def check_credentials(requests: Requests, credentials: Credentials) -> None:
    """Asks the venue whether the signer may trade for the account. Costs 60 weight, or 120 with an API wallet or vault.

    :raises CredentialError: when it may not.
    :raises VenueUnavailable: when the venue could not be asked.
    """
    account, signer = credentials.account, credentials.signer.address
    role = await _role(requests, account)
    if role.role == "agent":
        master = (role.data or {}).get("user", "its master account")
        raise CredentialError(
            f"{account} is an API wallet, not an account: it holds nothing. Give the account it trades for: {master}"
        )
    if role.role == "missing":
        raise CredentialError(
            f"{account} has no account on this network: deposit USDC to it first, or check the address and the network"
        )
    if credentials.is_vault and role.role not in ("vault", "subAccount"):
        raise CredentialError(f"{account} is neither a vault nor a sub-account: answer no to the vault question")
    if not credentials.is_vault and role.role == "vault":
        raise CredentialError(f"{account} is a vault: answer yes to the vault question")
    owner = account
    if role.role == "subAccount":
        owner = str((role.data or {}).get("master", account)).lower()
        if not credentials.is_vault:
            raise CredentialError(f"{account} is a sub-account of {owner}: answer yes to the vault question")
    elif role.role == "vault":
        # Who leads a vault is not part of its role; a wrong signer is refused with the first action.
        return
    if signer == owner:
        return
    signer_role = await _role(requests, signer)
    master = str((signer_role.data or {}).get("user", "")).lower()
    if signer_role.role != "agent" or master != owner:
        raise CredentialError(
            f"the key's wallet {signer} is not approved to trade for {owner}: approve it as an API wallet on the "
            "exchange's API page, or check that it has not expired"
        )


async def _role(requests: Requests, address: str) -> UserRole:
    role: UserRole = await requests.info({"type": "userRole", "user": address}, UserRole)
    return role
