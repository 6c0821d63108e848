"""The networks this package can trade on, and what differs between them: addresses, and the signature's source.

Reference, section 1. A network is always chosen by name, never guessed from a URL: a proxy in front of mainnet must not
turn mainnet signatures into testnet ones.
"""

import enum
import os

SANDBOX_URL_VARIABLE = "HYPERLIQUID_SANDBOX_URL"
RATES_DOMAIN_VARIABLE = "HYPERLIQUID_RATES_DOMAIN"
DEFAULT_SANDBOX_URL = "http://127.0.0.1:3001"


class Network(enum.Enum):
    """One of the places where orders can go. The value is Hummingbot's domain name for it."""

    MAINNET = "hyperliquid_perpetual"
    TESTNET = "hyperliquid_perpetual_testnet"
    SANDBOX = "hyperliquid_perpetual_sandbox"

    @classmethod
    def from_domain(cls, domain: str) -> "Network":
        """The network behind a Hummingbot domain name.

        :raises ValueError: for any other name; the message lists the valid ones.
        """
        try:
            return cls(domain)
        except ValueError:
            known = ", ".join(network.value for network in cls)
            raise ValueError(f"unknown Hyperliquid domain {domain!r}; valid domains are {known}") from None

    @property
    def rest_url(self) -> str:
        """Base URL of the REST API, without a trailing slash."""
        if self is Network.MAINNET:
            return "https://api.hyperliquid.xyz"
        if self is Network.TESTNET:
            return "https://api.hyperliquid-testnet.xyz"
        return sandbox_url()

    @property
    def ws_url(self) -> str:
        """URL of the WebSocket API: the REST base with its leading ``http`` replaced by ``ws``, plus ``/ws``."""
        return "ws" + self.rest_url.removeprefix("http") + "/ws"

    @property
    def signs_as_mainnet(self) -> bool:
        """Whether L1 actions are signed with source ``a``; testnet and every local server use ``b`` (section 4.1)."""
        return self is Network.MAINNET

    @property
    def chain_name(self) -> str:
        """The ``hyperliquidChain`` of user-signed actions (section 4.2)."""
        return "Mainnet" if self.signs_as_mainnet else "Testnet"


def network_for_rates() -> Network:
    """Where connectors without keys read prices that Hummingbot asks of "Hyperliquid", as its rate oracle does.

    Mainnet, unless ``HYPERLIQUID_RATES_DOMAIN`` names another domain: on a machine without a network, the sandbox.

    :raises ValueError: when the variable names no domain.
    """
    domain = os.environ.get(RATES_DOMAIN_VARIABLE, "").strip()
    return Network.from_domain(domain) if domain else Network.MAINNET


def sandbox_url() -> str:
    """Where the local exchange listens: ``HYPERLIQUID_SANDBOX_URL`` if set, else port 3001 on this machine.

    :raises ValueError: when the variable holds something that is not an http(s) URL.
    """
    url = os.environ.get(SANDBOX_URL_VARIABLE, "").strip().rstrip("/")
    if not url:
        return DEFAULT_SANDBOX_URL
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{SANDBOX_URL_VARIABLE} must be an http:// or https:// URL, got {url!r}")
    return url
