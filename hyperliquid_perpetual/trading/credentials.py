"""Who signs, and for whom: the configured keys and what can be told from them alone, in words a trader can act on.

Reference, section 5. Three addresses play a part, and may be three different ones: the *signer* (the key's own address,
an API wallet's or the master's), the *master*, and the *account* whose orders and balances are meant. When the account
is a vault or sub-account its address also goes into every signed action. The keys of ``connect`` name two of the three:
the signer and either the master or, with ``use_vault``, the account; the settings file can name the account beside the
master (``vault_or_sub_account``). Whether they belong together only the venue knows: see ``credential_check``.
"""

from dataclasses import dataclass, field

from ..venue.addresses import normalize_address
from ..venue.networks import Network
from ..venue.signing import SecretText, Signer

SANDBOX_KEY = "0x" + "1".rjust(64, "0")
"""The sandbox's ready-made account. It is public, and worth nothing anywhere else."""

WALLET_MODE = "arb_wallet"
API_WALLET_MODE = "api_wallet"


_LONGEST_SHOWN = 48


class CredentialError(ValueError):
    """The configured keys cannot work; the message says why and what would."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A checked set of addresses and the signer; ``account`` in lower case."""

    account: str
    signer: Signer = field(repr=False)
    is_vault: bool
    """Whether the account is a vault or sub-account."""
    master: str | None = None
    """The account that is said to own the vault or sub-account, in lower case; None when the configuration does not
    say."""

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
    raise CredentialError(f"expected yes or no, got {shown(value)}")


def shown(value: object) -> str:
    """A value that a user has typed, for messages; not when it is as long as a key that was pasted into it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{len(text)} characters"


def load_credentials(
    network: Network,
    address: str,
    secret_key: str | SecretText,
    mode: str,
    use_vault: bool,
    vault_or_sub_account: str | None = None,
) -> Credentials | None:
    """Reads the configured values; None when there are none, which makes a connector that only reads.

    :param vault_or_sub_account: the account to trade for, owned by the one behind ``address``; from the settings file.
    :raises CredentialError: when something is malformed or cannot belong together.
    """
    # First of all: whatever is raised below, its traceback keeps the arguments as they are by then.
    secret_key = SecretText(secret_key).stripped()
    address = _pasted(address)
    if network is Network.SANDBOX and not secret_key:
        signer = Signer(SANDBOX_KEY)
        if address and _address(address) != signer.address:
            raise CredentialError(
                "an address without its private key: leave both empty for the sandbox's own account, or give both"
            )
        return _for_account(signer.address, signer, False, vault_or_sub_account)
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
        raise CredentialError(f"unknown connection mode {shown(mode)}: expected {WALLET_MODE} or {API_WALLET_MODE}")
    if mode != API_WALLET_MODE and not use_vault and signer.address != account:
        raise CredentialError(
            f"the private key belongs to {signer.address}, not to the account {account}: give the key of the account, "
            f"or choose {API_WALLET_MODE} if it is the key of an API wallet"
        )
    return _for_account(account, signer, use_vault, vault_or_sub_account)


def _for_account(address: str, signer: Signer, use_vault: bool, vault_or_sub_account: str | None) -> Credentials:
    if not vault_or_sub_account:
        return Credentials(address, signer, is_vault=use_vault)
    account = vault_or_sub_account.lower()
    if use_vault and account != address:
        raise CredentialError(
            f"two vaults or sub-accounts are named: {address} by connect (vault: Yes) and {account} by "
            "vault_or_sub_account of the settings file. Connect the owning account and answer No, or remove the setting"
        )
    if account == address and not use_vault:
        raise CredentialError(
            f"vault_or_sub_account is the connected account {address} itself: give the address of the vault or "
            "sub-account, or remove the setting"
        )
    return Credentials(account, signer, is_vault=True, master=None if use_vault else address)


def _pasted(text: str | None) -> str:
    """What was meant by a text that was copied with blanks, line ends or quotes around it."""
    return (text or "").strip().strip("\"'").strip()


def _address(text: str) -> str:
    try:
        return normalize_address(text)
    except ValueError as error:
        raise CredentialError(f"the account address is not valid: {error}") from None
