"""Runs in the official SDK's own environment: a small market maker on its streams, and every stream the SDK knows.

It quotes post-only on both sides at the touch of the book that it is streamed, replaces a quote that is no longer
there, knows its position from its own fills, and prints as JSON what it was told.
"""

import json
import sys
import threading
import time
import typing

import eth_account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils import types

URL, KEY, SECONDS = sys.argv[1], sys.argv[2], float(sys.argv[3])
COIN, SIZE, MAX_POSITION = "ETH", 0.05, 0.5


class Maker:
    """One resting quote a side."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.position = 0.0
        self.fills = []
        self.quotes = {True: None, False: None}
        self.placed = []
        self.errors = []
        self.lock = threading.Lock()

    def on_user_events(self, message):
        with self.lock:
            for fill in message["data"].get("fills", ()):
                self.fills.append(fill)
                self.position += float(fill["sz"]) * (1 if fill["side"] == "B" else -1)

    def quote(self, levels):
        for is_buy, (best, *_) in zip((True, False), levels, strict=True):
            wanted = float(best["px"]) if abs(self.position) < MAX_POSITION or is_buy == (self.position < 0) else None
            self.replace(is_buy, wanted)

    def replace(self, is_buy, px):
        current = self.quotes[is_buy]
        if current is not None and current[0] == px and not self.is_filled(current[1]):
            return
        if current is not None:
            self.exchange.cancel(COIN, current[1])  # it may be filled by now
            self.quotes[is_buy] = None
        if px is not None:
            reply = self.exchange.order(COIN, is_buy, SIZE, px, {"limit": {"tif": "Alo"}})
            (status,) = reply["response"]["data"]["statuses"]
            if "resting" in status:
                self.quotes[is_buy] = (px, status["resting"]["oid"])
                self.placed.append(status["resting"]["oid"])
            else:
                self.errors.append(status["error"])

    def is_filled(self, oid):
        with self.lock:
            return sum(float(fill["sz"]) for fill in self.fills if fill["oid"] == oid) >= SIZE * 0.999

    def stop(self):
        for is_buy in (True, False):
            self.replace(is_buy, None)


def main():
    wallet = eth_account.Account.from_key(KEY)
    user = wallet.address
    info = Info(URL)
    exchange = Exchange(wallet, URL)
    info.user_state(user)
    maker = Maker(exchange)
    frames, books, came = {}, [], threading.Event()

    def on(name):
        def on_message(message):
            frames.setdefault(name, []).append(message)
            if name == "userEvents":
                maker.on_user_events(message)
            if name == "bbo" and None not in message["data"]["bbo"]:
                books.append([[side] for side in message["data"]["bbo"]])
                came.set()

        return on_message

    fields = {"coin": COIN, "user": user, "interval": "1m"}
    known = [dict(typing.get_type_hints(kind)) for kind in typing.get_args(types.Subscription)]
    kinds = {typing.get_args(kind["type"])[0]: kind.keys() - {"type"} for kind in known}
    for name, keys in kinds.items():
        info.subscribe({"type": name, **{key: fields[key] for key in keys}}, on(name))

    end = time.monotonic() + SECONDS
    while time.monotonic() < end or (not maker.fills and time.monotonic() < end + 40):
        if came.wait(0.2):
            came.clear()
            maker.quote(books[-1])
    maker.stop()
    # An end that the streams have told as well.
    last = exchange.market_open(COIN, True, 0.01)["response"]["data"]["statuses"][0]["filled"]["oid"]
    end = time.monotonic() + 20
    while last not in {fill["oid"] for fill in maker.fills} and time.monotonic() < end:
        time.sleep(0.05)
    while "candle" not in frames and time.monotonic() < end:
        time.sleep(0.05)
    info.disconnect_websocket()
    json.dump(
        {
            "user": user.lower(),
            "kinds": sorted(kinds),
            "frames": {name: messages[:20] for name, messages in frames.items()},
            "maker": {"position": maker.position, "fills": maker.fills, "placed": maker.placed, "errors": maker.errors},
            "position": info.user_state(user)["assetPositions"],
            "fills": info.user_fills(user),
            "open_orders": info.open_orders(user),
        },
        sys.stdout,
    )


main()
