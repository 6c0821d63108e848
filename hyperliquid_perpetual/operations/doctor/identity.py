"""Whose account is looked at, and whose key signs for it: what the user says, else what Hummingbot has stored.

Hummingbot keeps the four answers of ``connect`` in ``conf/connectors/<domain>.yml``, addresses and keys encrypted with
the bot's password. A key that is read here is used for its address alone, and goes nowhere.
"""

import binascii
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from eth_account import Account

from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.trading.credentials import (
    SANDBOX_KEY,
    WALLET_MODE,
    CredentialError,
    Credentials,
    load_credentials,
    parse_flag,
)
from hyperliquid_perpetual.venue.addresses import normalize_address
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.signing import SecretText, Signer

PASSWORD_VARIABLES = ("HBOT_PASSWORD", "CONFIG_PASSWORD")
"""Where Hummingbot itself looks for its password."""

SETTINGS_FILE_VARIABLE = "HYPERLIQUID_PERPETUAL_SETTINGS"
AGENT_WARNING_DAYS = 14
HOW_TO_NAME_ONE = "give --address 0x... (the account's, not an API wallet's)"

section = Section("Account")


@dataclass(frozen=True, slots=True)
class SignsWith:
    """Whose key signs; the key is not here."""

    address: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who trades, without any key."""

    account: str
    """In lower case."""
    signer: SignsWith | None = None
    """None when it is not known."""
    is_vault: bool | None = None
    """Whether the account is said to be a vault or sub-account; None when nothing is said."""
    master: str | None = None
    """The account that is said to own it."""
    agent_warning_days: int = AGENT_WARNING_DAYS
    """How many days before its end an API wallet is spoken of."""


def given(address: str, agent: str | None) -> Identity:
    """The identity of addresses that the user gave.

    :raises ValueError: when one of them is none.
    """
    try:
        account = normalize_address(address)
    except ValueError as error:
        raise ValueError(f"--address: {error}") from None
    return Identity(account, _agent(agent))


def ready_made(agent: str | None) -> Identity:
    """The account that every sandbox has, which signs for itself.

    :raises ValueError: when the agent's address is none.
    """
    address = Signer(SANDBOX_KEY).address
    return Identity(address, _agent(agent) or SignsWith(address))


def _agent(text: str | None) -> SignsWith | None:
    if text is None:
        return None
    try:
        return SignsWith(normalize_address(text))
    except ValueError as error:
        raise ValueError(f"--agent: {error}") from None


def connector_file(home: Path, network: Network) -> Path:
    """Where Hummingbot keeps what `connect` asked for."""
    return home / "conf" / "connectors" / f"{network.value}.yml"


def stored(
    home: Path, network: Network, agent: str | None, ask_password: Callable[[], str] | None
) -> tuple[Identity | None, list[Finding]]:
    """What Hummingbot has stored for a network, and a line about it.

    :param ask_password: asks the user; None where nobody can be asked.
    """
    name, file = "stored keys", connector_file(home, network)
    connect = f"run `connect {network.value}` in Hummingbot"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, [section.skipped(name, f"there is no {file}", f"{connect}, or {HOW_TO_NAME_ONE}")]
    except (OSError, ValueError, yaml.YAMLError) as error:
        return None, [section.problem(name, f"{file} cannot be read: {error}", connect)]
    if not isinstance(content, dict):
        return None, [section.problem(name, f"{file} holds no settings", connect)]
    try:
        vault, warning_days = _settings(home, network)
    except ValueError as error:
        return None, [
            section.problem("settings", str(error), "correct the file; conf/hyperliquid_perpetual.yml shows it")
        ]
    password = SecretText(next((os.environ[name] for name in PASSWORD_VARIABLES if os.environ.get(name)), ""))
    if not password and ask_password is not None:
        password = SecretText(ask_password())
    if not password:
        reason = f"{file} is encrypted, and there is no password"
        return None, [section.skipped(name, reason, f"set {PASSWORD_VARIABLES[0]}, or {HOW_TO_NAME_ONE}")]
    try:
        credentials = _decrypted(content, network, password, vault)
    except CredentialError as error:
        return None, [_refused(name, str(error), connect)]
    except ValueError as error:
        return None, [section.problem(name, f"{file} cannot be decrypted: {error}", "give the bot's own password")]
    if credentials is None:
        return None, [section.problem(name, f"{file} holds neither address nor key", connect)]
    signer = _agent(agent) or SignsWith(credentials.signer.address)
    identity = Identity(credentials.account, signer, credentials.is_vault, credentials.master, warning_days)
    detail = f"{file}: account {identity.account}, its key is that of {credentials.signer.address}"
    return identity, [section.ok(name, detail, file=str(file), signer=credentials.signer.address)]


def _refused(name: str, message: str, fix: str) -> Finding:
    detail, _, remedy = message.partition(": ")
    return section.problem(name, detail, remedy or fix)


def _decrypted(
    content: dict[str, Any], network: Network, password: SecretText, vault: str | None
) -> Credentials | None:
    """:raises CredentialError: when the answers cannot belong together. :raises ValueError: for a wrong password."""
    domain = network.value
    return load_credentials(
        network,
        _decrypt(content.get(f"{domain}_address"), password)._text,
        _decrypt(content.get(f"{domain}_secret_key"), password),
        str(content.get(f"{domain}_mode") or WALLET_MODE),
        parse_flag(content.get("use_vault")),
        vault,
    )


def _decrypt(value: object, password: SecretText) -> SecretText:
    if not value:
        return SecretText("")
    try:
        keyfile = json.loads(binascii.unhexlify(str(value)))
    except (ValueError, binascii.Error):
        raise ValueError("it holds something that Hummingbot has not encrypted") from None
    try:
        return SecretText(Account.decrypt(keyfile, password._text).decode())
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise ValueError("the password is not the one it was encrypted with") from None


def _settings(home: Path, network: Network) -> tuple[str | None, int]:
    """The vault or sub-account and the days of warning out of the user's settings file, where there is one.

    :raises ValueError: when the file cannot be used.
    """
    named = os.environ.get(SETTINGS_FILE_VARIABLE, "").strip()
    file = Path(named).expanduser() if named else home / "conf" / "hyperliquid_perpetual.yml"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None, AGENT_WARNING_DAYS
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from None
    try:
        # Draws in Hummingbot, without which there would be no such file.
        from hyperliquid_perpetual.trading.settings import parse_settings
    except ImportError as error:
        raise ValueError(f"{file} cannot be checked without Hummingbot: {error}") from None
    settings = parse_settings(text, network.value, str(file))
    return settings.vault_or_sub_account, settings.agent_warning_days
