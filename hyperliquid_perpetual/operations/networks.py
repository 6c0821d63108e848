"""The networks as an operator names them, and what each is called elsewhere."""

from hyperliquid_perpetual.trading.requests import RateLimited, Unreachable, Unreadable, VenueRefusal, VenueUnavailable
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network

SANDBOX = "sandbox"

NETWORKS = {SANDBOX: Network.SANDBOX, "testnet": Network.TESTNET, "mainnet": Network.MAINNET}

WEB_APPLICATIONS = {
    Network.TESTNET: "https://app.hyperliquid-testnet.xyz",
    Network.MAINNET: "https://app.hyperliquid.xyz",
}


def network_named(name: str) -> Network:
    """The network of a name.

    :raises ValueError: for any other name; the message lists the valid ones.
    """
    network = NETWORKS.get(name.strip().lower())
    if network is None:
        raise ValueError(f"there is no network {name!r}: choose one of {', '.join(NETWORKS)}")
    return network


def name_of(network: Network) -> str:
    """What an operator calls a network."""
    return next(name for name, known in NETWORKS.items() if known is network)


def what_to_do(network: Network, error: VenueUnavailable) -> str:
    """What to do when a network has not answered a request as it should."""
    if isinstance(error, Unreachable):
        return how_to_reach(network)
    if isinstance(error, (VenueRefusal, Unreadable)):
        return f"something else answers at that address: {how_to_reach(network)}"
    if isinstance(error, RateLimited):
        return "wait a minute; docs/limits.md says what an address may ask"
    return "it is there, with a failure of its own: try again in a minute, and look whether the venue is in maintenance"


def how_to_reach(network: Network) -> str:
    """What to do when a network does not answer."""
    if network is Network.SANDBOX:
        return (
            "start one with `hyperliquid-perpetual sandbox`, or say where it listens with"
            f" {SANDBOX_URL_VARIABLE}=http://127.0.0.1:PORT"
        )
    return "check this machine's connection, its DNS and its firewall; then whether the venue is in maintenance"
