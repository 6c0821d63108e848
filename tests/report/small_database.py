"""A trade database with Hummingbot's tables, made without Hummingbot and without a bot."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

SCHEMA = """
CREATE TABLE "Order" (id TEXT PRIMARY KEY, config_file_path TEXT, strategy TEXT, market TEXT, symbol TEXT,
    base_asset TEXT, quote_asset TEXT, creation_timestamp BIGINT, order_type TEXT, amount BIGINT, leverage INTEGER,
    price BIGINT, last_status TEXT, last_update_timestamp BIGINT, exchange_order_id TEXT, position TEXT);
CREATE TABLE OrderStatus (id INTEGER PRIMARY KEY, order_id TEXT, timestamp BIGINT, status TEXT);
CREATE TABLE TradeFill (config_file_path TEXT, strategy TEXT, market TEXT, symbol TEXT, base_asset TEXT,
    quote_asset TEXT, timestamp BIGINT, order_id TEXT, trade_type TEXT, order_type TEXT, price BIGINT, amount BIGINT,
    leverage INTEGER, trade_fee JSON, trade_fee_in_quote BIGINT, exchange_trade_id TEXT, position TEXT,
    PRIMARY KEY (market, order_id, exchange_trade_id));
CREATE TABLE FundingPayment (timestamp BIGINT PRIMARY KEY, config_file_path TEXT, market TEXT, rate FLOAT, symbol TEXT,
    amount FLOAT);
CREATE TABLE MarketData (timestamp BIGINT PRIMARY KEY, exchange TEXT, trading_pair TEXT, mid_price BIGINT,
    best_bid BIGINT, best_ask BIGINT, order_book JSON);
"""
CONNECTOR = "hyperliquid_perpetual"
START_MS = 1_795_824_000_000
FEE_RATES = {True: 0.00015, False: 0.00045}


def make_database(file: Path, rounds: int = 40, pairs: tuple[str, ...] = ("BTC-USD", "xyz:TSLA-USD")) -> Path:
    """A market maker that quotes both sides each minute; a bid fills in one minute and an ask in the next.

    Every fifth fill is a taker's, prices of the market are recorded, and funding is paid every hour.
    """
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SCHEMA)
        for place, pair in enumerate(pairs):
            _quote(database, pair, place, rounds)
        database.commit()
    return file


def _quote(database: sqlite3.Connection, pair: str, place: int, rounds: int) -> None:
    base = pair.removesuffix("-USD")
    for number in range(rounds):
        now = START_MS + number * 60_000 + place * 7_000
        mid = 100_000_000_000 + (number * 37 % 11) * 30_000_000
        database.execute(
            "INSERT INTO MarketData VALUES (?, ?, ?, ?, ?, ?, NULL)",
            ((now - 1000) * 10**6, CONNECTOR, pair, mid, mid - 5_000_000, mid + 5_000_000),
        )
        for side, price in (("BUY", mid - 20_000_000), ("SELL", mid + 20_000_000)):
            name = f"{pair} {number} {side}"
            fills = (side == "BUY") == (number % 2 == 0)
            end = now + (20_000 if fills else 50_000)
            ending = f"{side.title()}OrderCompleted" if fills else "OrderCancelled"
            database.execute(
                'INSERT INTO "Order" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                (
                    name,
                    "x.yml",
                    "pure_quotes",
                    CONNECTOR,
                    pair,
                    base,
                    "USD",
                    now,
                    "LIMIT",
                    10000,
                    5,
                    price,
                    ending,
                    end,
                    name,
                    "OPEN",
                ),
            )
            for time, status in ((now, f"{side.title()}OrderCreated"), (end, ending)):
                database.execute("INSERT INTO OrderStatus VALUES (NULL, ?, ?, ?)", (name, time, status))
            if fills:
                fee = f"{price / 1e6 * 0.01 * FEE_RATES[number % 5 != 0]:.6f}"
                charged = {"percent": "0", "percent_token": "USDC", "flat_fees": [{"token": "USDC", "amount": fee}]}
                database.execute(
                    "INSERT INTO TradeFill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        "x.yml",
                        "pure_quotes",
                        CONNECTOR,
                        pair,
                        base,
                        "USD",
                        end,
                        name,
                        side,
                        "LIMIT",
                        price,
                        10000,
                        5,
                        json.dumps(charged),
                        0,
                        f"{number}-{end}",
                        "OPEN",
                    ),
                )
        if number % 60 == 30:
            database.execute(
                "INSERT INTO FundingPayment VALUES (?, ?, ?, ?, ?, ?)",
                (now / 1000 + place * 1e-6, "x.yml", CONNECTOR, 0.0000125, pair, -0.0125 * (place + 1)),
            )
