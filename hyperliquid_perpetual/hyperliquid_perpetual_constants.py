"""Names and numbers that Hummingbot expects of this connector, and its candles feed with it."""

from hummingbot.core.api_throttler.data_types import RateLimit

from .venue.networks import Network
from .venue.weights import IP_WEIGHT_PER_MINUTE

EXCHANGE_NAME = "hyperliquid_perpetual"
DOMAIN = Network.MAINNET.value
TESTNET_DOMAIN = Network.TESTNET.value
SANDBOX_DOMAIN = Network.SANDBOX.value

INFO_PATH = "/info"
EXCHANGE_PATH = "/exchange"

FUNDING_POLL_SECONDS = 900
"""The stream brings payments within a second; this is how often they are asked for in case it did not."""

ALL_ENDPOINTS_LIMIT = "All"
"""The pool that Hummingbot's candles feed of this venue draws on when it shares the connector's throttler."""

RATE_LIMITS = [RateLimit(limit_id=ALL_ENDPOINTS_LIMIT, limit=IP_WEIGHT_PER_MINUTE, time_interval=60)]
