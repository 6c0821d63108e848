"""Where orders go, and as which network they are signed (reference, section 1)."""

import pytest

from hyperliquid_perpetual.venue.networks import (
    RATES_DOMAIN_VARIABLE,
    SANDBOX_URL_VARIABLE,
    Network,
    network_for_rates,
)


@pytest.fixture(autouse=True)
def _no_sandbox_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SANDBOX_URL_VARIABLE, raising=False)
    monkeypatch.delenv(RATES_DOMAIN_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("domain", "rest", "ws", "mainnet"),
    [
        ("hyperliquid_perpetual", "https://api.hyperliquid.xyz", "wss://api.hyperliquid.xyz/ws", True),
        (
            "hyperliquid_perpetual_testnet",
            "https://api.hyperliquid-testnet.xyz",
            "wss://api.hyperliquid-testnet.xyz/ws",
            False,
        ),
        ("hyperliquid_perpetual_sandbox", "http://127.0.0.1:3001", "ws://127.0.0.1:3001/ws", False),
    ],
)
def test_a_domain_decides_addresses_and_signature(domain: str, rest: str, ws: str, mainnet: bool) -> None:
    network = Network.from_domain(domain)
    assert network.rest_url == rest
    assert network.ws_url == ws
    assert network.signs_as_mainnet is mainnet
    assert network.chain_name == ("Mainnet" if mainnet else "Testnet")


@pytest.mark.parametrize(
    "domain", ["", "mainnet", "hyperliquid", "hyperliquid_perpetual_main", "HYPERLIQUID_PERPETUAL"]
)
def test_an_unknown_domain_is_an_error_and_not_the_testnet(domain: str) -> None:
    with pytest.raises(ValueError, match="valid domains are hyperliquid_perpetual, ") as caught:
        Network.from_domain(domain)
    assert "hyperliquid_perpetual_sandbox" in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "rest", "ws"),
    [
        ("http://127.0.0.1:4444", "http://127.0.0.1:4444", "ws://127.0.0.1:4444/ws"),
        (" http://127.0.0.1:4444/ ", "http://127.0.0.1:4444", "ws://127.0.0.1:4444/ws"),
        ("https://box.local/hl/", "https://box.local/hl", "wss://box.local/hl/ws"),
        ("  ", "http://127.0.0.1:3001", "ws://127.0.0.1:3001/ws"),
    ],
)
def test_the_sandbox_is_looked_for_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variable: str, rest: str, ws: str
) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, variable)
    assert Network.SANDBOX.rest_url == rest
    assert Network.SANDBOX.ws_url == ws


def test_the_sandbox_never_signs_as_mainnet_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "https://api.hyperliquid.xyz")
    assert not Network.SANDBOX.signs_as_mainnet


@pytest.mark.parametrize("variable", ["127.0.0.1:3001", "ws://127.0.0.1:3001", "localhost"])
def test_a_sandbox_address_that_is_no_url_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, variable)
    with pytest.raises(ValueError, match=SANDBOX_URL_VARIABLE):
        _ = Network.SANDBOX.rest_url


def test_the_environment_does_not_move_the_real_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "http://127.0.0.1:4444")
    assert Network.MAINNET.rest_url == "https://api.hyperliquid.xyz"
    assert Network.TESTNET.rest_url == "https://api.hyperliquid-testnet.xyz"


@pytest.mark.parametrize("unset", [None, "", "  "])
def test_rates_are_mainnets_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch, unset: str | None) -> None:
    if unset is not None:
        monkeypatch.setenv(RATES_DOMAIN_VARIABLE, unset)
    assert network_for_rates() is Network.MAINNET


def test_rates_come_from_the_domain_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RATES_DOMAIN_VARIABLE, " hyperliquid_perpetual_sandbox ")
    assert network_for_rates() is Network.SANDBOX


def test_a_domain_for_rates_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RATES_DOMAIN_VARIABLE, "sandbox")
    with pytest.raises(ValueError, match="valid domains are"):
        network_for_rates()
