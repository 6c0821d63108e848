"""The connector that Hummingbot ships: signs orders, keeps books and books fills. Its packer is the one installed."""

import asyncio
import importlib.metadata
import json
import logging

import hummingbot_cases
from bidict import bidict
from hummingbot.connector.derivative.hyperliquid_perpetual import hyperliquid_perpetual_constants as constants
from hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_auth import HyperliquidPerpetualAuth
from hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_derivative import (
    HyperliquidPerpetualDerivative,
)
from hummingbot.core.data_type.order_book import OrderBook
from hummingbot_cases import PAIR
from work import ADDRESS, KEY, orders
from worker import serve

logging.disable(logging.CRITICAL)


def signing(count):
    """From what ``_place_order`` hands in to the body of the request. It has no batches: so many requests."""
    auth = HyperliquidPerpetualAuth(ADDRESS, KEY, False)
    wanted = orders(count)
    url = f"{constants.PERPETUAL_BASE_URL}/exchange"

    def run(times):
        for _ in range(times):
            for order in wanted:
                auth.add_auth_to_params_post(
                    json.dumps(
                        {
                            "type": "order",
                            "grouping": "na",
                            "orders": {
                                "asset": order["asset"],
                                "isBuy": order["is_buy"],
                                "limitPx": float(order["price"]),
                                "sz": float(order["size"]),
                                "reduceOnly": False,
                                "orderType": {"limit": {"tif": "Gtc"}},
                                "cloid": order["cloid"],
                            },
                        }
                    ),
                    url,
                )

    return run


def connector():
    """One that trades a pair, and is connected to nothing."""
    made = HyperliquidPerpetualDerivative(
        hyperliquid_perpetual_secret_key=KEY,
        hyperliquid_perpetual_address=ADDRESS,
        use_vault=False,
        trading_pairs=[PAIR],
        domain="hyperliquid_perpetual_testnet",
    )
    made._set_trading_pair_symbol_map(bidict({"BTC": PAIR}))
    return made


async def book():
    """The whole way of a frame: parsed, over Hummingbot's queues into its book."""
    made = connector()
    tracker = made.order_book_tracker
    source = tracker.data_source
    tracker._order_books[PAIR] = OrderBook()
    tracker._tracking_message_queues[PAIR] = asyncio.Queue()
    tracker._order_books_initialized.set()
    loop = asyncio.get_running_loop()
    keep = [
        asyncio.ensure_future(tracker._track_single_book(PAIR)),
        asyncio.ensure_future(source.listen_for_order_book_snapshots(loop, tracker._order_book_snapshot_stream)),
        asyncio.ensure_future(tracker._order_book_snapshot_router()),
    ]

    def hand_in(text):
        message = json.loads(text)
        source._message_queue[source._channel_originating_message(message)].put_nowait(message)

    hand_in(hummingbot_cases.first_frame())
    while not any(True for _ in tracker.order_books[PAIR].bid_entries()):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    run = await hummingbot_cases.book(hand_in, tracker.order_books[PAIR])
    run.keep = keep
    return run


def fill(count):
    """Parsed, and over the queue of the user stream."""
    made = connector()
    stream = made._user_stream_tracker.user_stream
    return hummingbot_cases.fill(made, lambda text: stream.put_nowait(json.loads(text)), count, "user")


serve(
    {"hummingbot": importlib.metadata.version("hummingbot")},
    {
        "sign 1": lambda: signing(1),
        "sign 20": lambda: signing(20),
        "book": book,
        "fill 10": lambda: fill(10),
        "fill 1000": lambda: fill(1_000),
    },
)
