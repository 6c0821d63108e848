"""This package's connector, to be asked."""

import logging

from trader import serve

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY

logging.disable(logging.CRITICAL)


def make(pairs):
    """One that trades these pairs."""
    return HyperliquidPerpetualDerivative(
        hyperliquid_perpetual_address=DEMO_ADDRESS,
        hyperliquid_perpetual_secret_key=DEMO_PRIVATE_KEY,
        trading_pairs=pairs,
        domain="hyperliquid_perpetual_sandbox",
    )


serve(make)
