"""Credentials as Hummingbot stores them: validated once as encrypted text, and again when they are decrypted."""

from pathlib import Path
from typing import Any

import pytest
from hummingbot.client.config.config_crypt import ETHKeyFileSecretManger
from hummingbot.client.config.config_helpers import ClientConfigAdapter
from hummingbot.client.config.security import Security
from pydantic import ValidationError
from ruamel.yaml import YAML

from hyperliquid_perpetual import hyperliquid_perpetual_utils as utils

ADDRESS = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
KEY = "0x" + "1".rjust(64, "0")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> ETHKeyFileSecretManger:
    manager = ETHKeyFileSecretManger("password")
    monkeypatch.setattr(Security, "secrets_manager", manager)
    return manager


def stored(config_map: Any, folder: Path) -> dict[str, Any]:
    """What Hummingbot writes into conf/connectors, read again."""
    file = folder / "connector.yml"
    file.write_text(ClientConfigAdapter(config_map).generate_yml_output_str_with_comments())
    content: dict[str, Any] = YAML(typ="safe").load(file.read_text())
    return content


@pytest.mark.parametrize(
    ("config_class", "domain"),
    [
        (utils.HyperliquidPerpetualConfigMap, "hyperliquid_perpetual"),
        (utils.HyperliquidPerpetualTestnetConfigMap, "hyperliquid_perpetual_testnet"),
        (utils.HyperliquidPerpetualSandboxConfigMap, "hyperliquid_perpetual_sandbox"),
    ],
)
@pytest.mark.parametrize("given", [(ADDRESS, KEY), ("", "")])
def test_what_is_stored_encrypted_loads_again(
    config_class: Any, domain: str, given: tuple[str, str], secrets: ETHKeyFileSecretManger, tmp_path: Path
) -> None:
    address, key = given
    config = config_class(
        **{f"{domain}_mode": "arb_wallet", f"{domain}_address": address, f"{domain}_secret_key": key, "use_vault": "no"}
    )
    content = stored(config, tmp_path)
    assert KEY.removeprefix("0x") not in str(content)

    loaded = ClientConfigAdapter(config_class.model_validate(content))
    loaded.decrypt_all_secure_data()

    assert getattr(loaded, f"{domain}_address").get_secret_value().lower() == address.lower()
    assert getattr(loaded, f"{domain}_secret_key").get_secret_value() == key
    assert loaded.use_vault is False


@pytest.mark.parametrize("wrong", ["7b22", "7b22" + "0" * 60, "0x1234", KEY])
def test_an_address_that_is_none_is_still_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        utils.HyperliquidPerpetualConfigMap(
            hyperliquid_perpetual_address=wrong, hyperliquid_perpetual_secret_key=KEY, use_vault=False
        )
