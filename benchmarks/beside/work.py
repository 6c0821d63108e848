"""The same work for every client: orders, books and fills, as plain values. Plain Python, imported by all of them."""

import json
import random

KEY = "0x" + "0123456789" * 6 + "0123"
ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"
NONCE = 1_790_000_000_000
LIFETIME_MS = 30_000


def orders(count):
    """Limit orders as a quoting bot has them: asset, coin, whether it buys, price and size as text, cloid."""
    chance = random.Random(1)
    return [
        {
            "asset": 0,
            "coin": "BTC",
            "is_buy": number % 2 == 0,
            "price": f"{84_000 + chance.randrange(-400, 400)}.0",
            "size": f"0.{chance.randrange(10, 99):05d}",
            "cloid": f"0x{chance.getrandbits(128):032x}",
        }
        for number in range(count)
    ]


def book_frames(count):
    """Frames of a 20 x 20 book as the venue sends them: the mid wanders, and about a third of the sizes is new in each,
    the one of the best bid always.

    :returns: for each its text, and price and size of its best bid.
    """
    chance = random.Random(2)
    mid, sizes, frames = 84_000, {}, []
    for number in range(count):
        mid += chance.choice((-1, 0, 0, 0, 1))
        levels = []
        for sign in (-1, 1):
            side = []
            for depth in range(1, 21):
                price = mid + sign * depth
                if price not in sizes or chance.random() < 0.3 or (sign, depth) == (-1, 1):
                    sizes[price] = f"{chance.randrange(1, 900_000) / 100_000:.5f}"
                side.append({"px": f"{price}.0", "sz": sizes[price], "n": chance.randrange(1, 30)})
            levels.append(side)
        data = {"coin": "BTC", "time": NONCE + 500 * number, "levels": levels}
        text = json.dumps({"channel": "l2Book", "data": data}, separators=(",", ":"))
        frames.append((text, (float(mid - 1), float(sizes[mid - 1]))))
    return frames


def fill_frames(count, channel, oids):
    """Frames with a fill each, of one order after the other.

    :param channel: ``userFills``, or ``user``, whose data has no user.
    """
    frames = []
    for number in range(count):
        fill = {
            "coin": "BTC",
            "px": "84000.0",
            "sz": "0.00001",
            "side": "B",
            "time": NONCE + number,
            "startPosition": "0.0",
            "dir": "Open Long",
            "closedPnl": "0.0",
            "hash": "0x" + "00" * 32,
            "oid": oids[number % len(oids)],
            "crossed": False,
            "fee": "0.0001",
            "tid": 1_000_000 + number,
            "feeToken": "USDC",
        }
        data = {"fills": [fill]} if channel == "user" else {"user": ADDRESS, "fills": [fill]}
        frames.append(json.dumps({"channel": channel, "data": data}, separators=(",", ":")))
    return frames
