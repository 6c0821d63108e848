"""This package's connector: signs orders, keeps books and books fills."""

import asyncio
import importlib.metadata
import logging
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

import hummingbot_cases
from coincurve import PrivateKey
from hummingbot_cases import PAIR
from work import ADDRESS, KEY, LIFETIME_MS, NONCE, orders
from worker import serve

from hyperliquid_perpetual import __version__
from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.trading.requests import signed_body
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.markets import parse_market_table
from hyperliquid_perpetual.venue.signing import Signer

logging.disable(logging.CRITICAL)


def c_signature():
    """What libsecp256k1 takes for a signature: the floor."""
    key, digest = PrivateKey(bytes.fromhex(KEY[2:])), bytes(range(32))

    def run(times):
        for _ in range(times):
            key.sign_recoverable(digest, hasher=None)

    return run


def signing(count):
    """From what a strategy hands in, quantized, to the body of the request."""
    signer = Signer(KEY)
    wanted = [
        (order["asset"], order["is_buy"], Decimal(order["price"]), Decimal(order["size"]), order["cloid"])
        for order in orders(count)
    ]

    def run(times):
        for _ in range(times):
            requests = [
                OrderRequest(asset, is_buy, price, size, False, "Gtc", cloid)
                for asset, is_buy, price, size, cloid in wanted
            ]
            signed_body(signer, actions.order(requests), NONCE, True, None, NONCE + LIFETIME_MS)

    return run


def connector():
    """One that trades a pair, and is connected to nothing."""
    made = HyperliquidPerpetualDerivative(
        hyperliquid_perpetual_address=ADDRESS,
        hyperliquid_perpetual_secret_key=KEY,
        trading_pairs=[PAIR],
        domain="hyperliquid_perpetual_sandbox",
    )
    universe = [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 40}]
    meta = {"universe": universe, "marginTables": [], "collateralToken": 0}
    made._markets._swap(parse_market_table([None], [meta], {0: "USDC"}))
    return made


async def book():
    """The whole way of a deep frame: decoded, composed, over Hummingbot's queues into its book."""
    made = connector()
    tracker = made.order_book_tracker
    source = tracker.data_source
    source._listeners = 1
    source._pair_of["BTC"] = PAIR
    await source._feed.subscribe("BTC", timeout=0)
    source._feed._take_depth(decode_frame(hummingbot_cases.first_frame()))
    tracker._trading_pairs = [PAIR]
    await tracker._init_order_book(PAIR)
    loop = asyncio.get_running_loop()
    keep = [
        asyncio.ensure_future(source.listen_for_order_book_diffs(loop, tracker._order_book_diff_stream)),
        asyncio.ensure_future(tracker._order_book_diff_router()),
    ]

    def hand_in(text):
        source._feed._take_depth(decode_frame(text))

    run = await hummingbot_cases.book(hand_in, tracker.order_books[PAIR])
    run.keep = keep
    return run


CASES = {
    "c signature": c_signature,
    "sign 1": lambda: signing(1),
    "sign 20": lambda: signing(20),
    "book": book,
    "fill 10": lambda: hummingbot_cases.fill(connector(), decode_frame, 10, "userFills"),
    "fill 1000": lambda: hummingbot_cases.fill(connector(), decode_frame, 1_000, "userFills"),
}

if __name__ == "__main__":
    serve({"hyperliquid_perpetual": __version__, "hummingbot": importlib.metadata.version("hummingbot")}, CASES)
