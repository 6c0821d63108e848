"""Which network's prices a connector without keys reads."""

import pytest

from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, Network, network_for_rates


def test_rates_come_from_mainnet_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RATES_DOMAIN_VARIABLE, raising=False)
    assert network_for_rates() is Network.MAINNET
    monkeypatch.setenv(RATES_DOMAIN_VARIABLE, "hyperliquid_perpetual_sandbox")
    assert network_for_rates() is Network.SANDBOX


def test_unknown_domain_for_rates_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RATES_DOMAIN_VARIABLE, "kraken")
    with pytest.raises(ValueError, match="hyperliquid_perpetual_testnet"):
        network_for_rates()
