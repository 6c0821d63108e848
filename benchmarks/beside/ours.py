"""This package's connector: signs orders, keeps books and books fills."""

import importlib.metadata
import itertools
import logging
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

import hummingbot_cases
from coincurve import PrivateKey
from hummingbot.core.data_type.order_book import OrderBook
from hummingbot_cases import PAIR
from work import ADDRESS, KEY, LIFETIME_MS, NONCE, book_frames, orders
from worker import serve

from hyperliquid_perpetual import __version__
from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.trading.order_book import ComposedBook
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


def signing_floor(count):
    """What is left of it when the numbers are texts already: packed, hashed, signed, and written as JSON, all in C."""
    signer = Signer(KEY)
    requests = []
    for order in orders(count):
        price, size = Decimal(order["price"]), Decimal(order["size"])
        requests.append(OrderRequest(order["asset"], order["is_buy"], price, size, False, "Gtc", order["cloid"]))
    action = actions.order(requests)

    def run(times):
        for _ in range(times):
            signed_body(signer, action, NONCE, True, None, NONCE + LIFETIME_MS)

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
    """The whole way of a deep frame: decoded, composed, into Hummingbot's book."""
    made = connector()
    tracker = made.order_book_tracker
    source = tracker.data_source
    source._listeners = 1
    source._pair_of["BTC"] = PAIR
    await source._feed.subscribe("BTC", timeout=0)
    source._feed._take_depth(decode_frame(hummingbot_cases.first_frame()))
    tracker._trading_pairs = [PAIR]
    await tracker._init_order_book(PAIR)

    def hand_in(text):
        source._feed._take_depth(decode_frame(text))

    return await hummingbot_cases.book(hand_in, tracker.order_books[PAIR])


def book_floor():
    """What is left of it when nobody has to find out what changed: a C decoder, and Hummingbot's book."""
    texts = [text for text, _ in book_frames(hummingbot_cases.FRAMES)]
    composed, into = ComposedBook("BTC"), OrderBook()
    changes = [composed.take_deep(decode_frame(text)) for text in texts]
    frames = itertools.cycle(zip(texts, changes, strict=True))

    def run(times):
        for _ in range(times):
            text, change = next(frames)
            decode_frame(text)
            into.apply_diffs(change.bids, change.asks, change.update_id)

    return run


def fill(count):
    """Decoded and applied by whoever has read it."""
    made = connector()
    return hummingbot_cases.fill(made, lambda text: made._take_account_message(decode_frame(text)), count, "userFills")


CASES = {
    "c signature": c_signature,
    "sign 1": lambda: signing(1),
    "sign 20": lambda: signing(20),
    "sign 20, the floor": lambda: signing_floor(20),
    "book": book,
    "book, the floor": book_floor,
    "fill 10": lambda: fill(10),
    "fill 1000": lambda: fill(1_000),
}

if __name__ == "__main__":
    serve({"hyperliquid_perpetual": __version__, "hummingbot": importlib.metadata.version("hummingbot")}, CASES)
