"""URLs, server time and the web assistant factory, under the names Hummingbot's base classes look for."""

import time

from hummingbot.core.api_throttler.async_throttler import AsyncThrottler
from hummingbot.core.web_assistant.auth import AuthBase
from hummingbot.core.web_assistant.web_assistants_factory import WebAssistantsFactory

from . import hyperliquid_perpetual_constants as constants
from .venue.networks import Network


def public_rest_url(path_url: str, domain: str = constants.DOMAIN) -> str:
    """The URL of a path on the network behind a domain name.

    :raises ValueError: for an unknown domain; mainnet and testnet are never guessed.
    """
    return Network.from_domain(domain).rest_url + path_url


def private_rest_url(path_url: str, domain: str = constants.DOMAIN) -> str:
    """The same: the venue has one host for both."""
    return public_rest_url(path_url, domain)


def wss_url(domain: str = constants.DOMAIN) -> str:
    """The WebSocket URL of the network behind a domain name."""
    return Network.from_domain(domain).ws_url


async def get_current_server_time(throttler: AsyncThrottler, domain: str) -> float:
    """This machine's time in milliseconds: the venue has no time request, and takes nonces two days old to one day
    ahead."""
    return time.time() * 1000


def build_api_factory(throttler: AsyncThrottler | None = None, auth: AuthBase | None = None) -> WebAssistantsFactory:
    """A factory for callers that use Hummingbot's own requests; the connector itself has its own."""
    return WebAssistantsFactory(throttler=throttler or AsyncThrottler(constants.RATE_LIMITS), auth=auth)
