"""The connector that Hummingbot ships, to be asked; its packer is repaired (D1) and its URLs are others."""

import logging
import os
from types import SimpleNamespace

import msgspec
from hummingbot.connector.derivative.hyperliquid_perpetual import hyperliquid_perpetual_auth as auth
from hummingbot.connector.derivative.hyperliquid_perpetual import hyperliquid_perpetual_constants as constants
from hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_derivative import (
    HyperliquidPerpetualDerivative,
)
from trader import serve

logging.disable(logging.CRITICAL)
URL = os.environ["EXCHANGE"]
# Only its testnet signs as a local node expects it.
constants.TESTNET_BASE_URL, constants.TESTNET_WS_URL = URL, URL.replace("http", "ws", 1) + "/ws"
auth.msgpack = SimpleNamespace(packb=msgspec.msgpack.encode)


def make(pairs):
    """One that trades these pairs."""
    return HyperliquidPerpetualDerivative(
        hyperliquid_perpetual_secret_key=os.environ["KEY"],
        hyperliquid_perpetual_address=os.environ["ADDRESS"],
        use_vault=False,
        trading_pairs=pairs,
        domain="hyperliquid_perpetual_testnet",
    )


serve(make)
