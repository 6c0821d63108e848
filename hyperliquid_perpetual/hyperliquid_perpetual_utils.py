"""What Hummingbot's client asks about this connector: its domains, their keys and prompts, default fees.

Imported when the client starts, for every user: it must stay light and must not fail. The keys are those of the
connector that Hummingbot ships, so that encrypted files made for it keep working.
"""

from typing import Any, Literal

from hummingbot.client.config.config_data_types import BaseConnectorConfigMap
from hummingbot.core.data_type.trade_fee import TradeFeeSchema
from pydantic import ConfigDict, Field, SecretStr, create_model, field_validator

from .venue.addresses import normalize_address
from .venue.fees import BASE_MAKER_RATE, BASE_TAKER_RATE
from .venue.networks import Network

CENTRALIZED = True
EXAMPLE_PAIR = "BTC-USD"
USE_ETHEREUM_WALLET = False

DEFAULT_FEES = TradeFeeSchema(
    maker_percent_fee_decimal=BASE_MAKER_RATE,
    taker_percent_fee_decimal=BASE_TAKER_RATE,
    buy_percent_fee_deducted_from_returns=False,
)
"""The base tier; a running connector reads the account's own rates."""

_MODES = ("arb_wallet", "api_wallet")
_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0", ""})

# How a value begins that Hummingbot has encrypted: `{"` of a JSON key file, in hex. Files are validated before they are
# decrypted.
_ENCRYPTED = "7b22"
_LONGEST_PLAIN = 66
_LONGEST_SHOWN = 48


def _shown(value: Any) -> str:
    """A value for messages; not when it is as long as a key that was pasted into the wrong prompt."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{len(text)} characters"


def _mode(value: Any) -> Any:
    text = value.strip().lower() if isinstance(value, str) else value
    if text == "":
        return _MODES[0]  # as Hummingbot's client has it, which shows the default; its command `hbot` does not
    if text not in _MODES:
        raise ValueError(f"unknown connection mode {_shown(value)}: choose arb_wallet or api_wallet")
    return text


def _flag(value: Any) -> Any:
    text = str(value).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueError(f"expected Yes or No, got {_shown(value)}")


def _address(value: Any) -> Any:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str) and text.startswith(_ENCRYPTED) and len(text) > _LONGEST_PLAIN:
        return value
    return SecretStr(normalize_address(text)) if isinstance(text, str) and text.strip() else value


def _prompted(default: Any, prompt: Any, is_secure: bool) -> Any:
    return Field(
        default=default,
        json_schema_extra={"prompt": prompt, "is_secure": is_secure, "is_connect_key": True, "prompt_on_new": True},
    )


class _KeysOfAConnector(BaseConnectorConfigMap):
    """What a key is refused for is told without the key: by default pydantic quotes half of it."""

    model_config = ConfigDict(hide_input_in_errors=True)


def _config_map(class_name: str, network: Network) -> type[BaseConnectorConfigMap]:
    """The keys of one domain. Hummingbot finds a domain's fields by the domain's name in front of them."""
    domain = network.value
    mode, address, secret_key = f"{domain}_mode", f"{domain}_address", f"{domain}_secret_key"
    is_sandbox = network is Network.SANDBOX
    hint = " (leave empty for the sandbox's ready-made account)" if is_sandbox else ""

    def address_prompt(config: Any) -> str:
        kind = "vault or sub-account" if getattr(config, "use_vault", False) is True else "account"
        return f"Enter your {kind} address{hint}"

    def key_prompt(config: Any) -> str:
        if getattr(config, mode, _MODES[0]) == "api_wallet":
            return f"Enter the private key of your API wallet (made at app.hyperliquid.xyz/API){hint}"
        return f"Enter the private key of the account itself (an API wallet's is safer){hint}"

    validators: dict[str, Any] = {
        "validate_mode": field_validator(mode, mode="before")(_mode),
        "validate_use_vault": field_validator("use_vault", mode="before")(_flag),
        "validate_address": field_validator(address, mode="before")(_address),
    }
    no_default: Any = SecretStr("") if is_sandbox else ...
    fields: dict[str, Any] = {
        "connector": (str, domain),
        mode: (
            Literal["arb_wallet", "api_wallet"],
            _prompted(_MODES[0], "Select connection mode (arb_wallet/api_wallet)", is_secure=False),
        ),
        "use_vault": (bool, _prompted(False, "Do you want to use the Vault address? (Yes/No)", is_secure=False)),
        address: (SecretStr, _prompted(no_default, address_prompt, is_secure=True)),
        secret_key: (SecretStr, _prompted(no_default, key_prompt, is_secure=True)),
    }
    model: type[BaseConnectorConfigMap] = create_model(
        class_name, __base__=_KeysOfAConnector, __module__=__name__, __validators__=validators, **fields
    )
    model.model_config["title"] = domain
    return model


HyperliquidPerpetualConfigMap = _config_map("HyperliquidPerpetualConfigMap", Network.MAINNET)
HyperliquidPerpetualTestnetConfigMap = _config_map("HyperliquidPerpetualTestnetConfigMap", Network.TESTNET)
HyperliquidPerpetualSandboxConfigMap = _config_map("HyperliquidPerpetualSandboxConfigMap", Network.SANDBOX)

KEYS = HyperliquidPerpetualConfigMap.model_construct()

_OTHERS = {
    Network.TESTNET.value: HyperliquidPerpetualTestnetConfigMap,
    Network.SANDBOX.value: HyperliquidPerpetualSandboxConfigMap,
}
OTHER_DOMAINS = list(_OTHERS)
OTHER_DOMAINS_PARAMETER = {domain: domain for domain in _OTHERS}
OTHER_DOMAINS_EXAMPLE_PAIR = dict.fromkeys(_OTHERS, EXAMPLE_PAIR)
OTHER_DOMAINS_DEFAULT_FEES = dict.fromkeys(_OTHERS, DEFAULT_FEES)
OTHER_DOMAINS_KEYS = {domain: config_map.model_construct() for domain, config_map in _OTHERS.items()}
