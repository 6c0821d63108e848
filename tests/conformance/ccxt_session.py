"""Runs in ccxt's own environment: a trader's day by ccxt's unified methods, printed as JSON of what ccxt made of it.

Nothing here knows that the other side is a sandbox: ccxt is used unmodified, its test URLs set to the one given.
"""

import asyncio
import json
import sys

import ccxt
import ccxt.pro
from ccxt.base.errors import BaseError

URL, KEY, ADDRESS = sys.argv[1:4]
BTC, ETH, SOL, TSLA = "BTC/USDC:USDC", "ETH/USDC:USDC", "SOL/USDC:USDC", "XYZ-TSLA/USDC:USDC"


def point(exchange):
    """Its own way to another place: the URLs of its sandbox mode."""
    exchange.urls["test"] = {"public": URL, "private": URL, "ws": {"public": URL.replace("http", "ws", 1) + "/ws"}}
    exchange.set_sandbox_mode(True)
    return exchange


def settings():
    # Its limiter waits half a second before most requests, for the sake of the venue's limits.
    return {"walletAddress": ADDRESS, "privateKey": KEY, "enableRateLimit": False}


class Seen:
    """What came of every step, by name."""

    def __init__(self):
        self.steps = {}

    def note(self, name, call):
        try:
            value = call()
        except BaseError as error:
            value = {"error": type(error).__name__, "text": str(error)}
        self.steps[name] = value
        return value


def read_markets(exchange, seen):
    markets = exchange.load_markets()
    seen.steps["markets"] = {
        symbol: {key: market[key] for key in ("id", "baseId", "settle", "active", "precision", "limits", "contract")}
        for symbol, market in markets.items()
    }
    for name, call in {
        "time": exchange.fetch_time,
        "status": exchange.fetch_status,
        "currencies": lambda: sorted(exchange.fetch_currencies()),
        "tickers": lambda: {symbol: ticker["last"] for symbol, ticker in exchange.fetch_tickers().items()},
        "ticker": lambda: exchange.fetch_ticker(BTC),
        "order_book": lambda: exchange.fetch_order_book(BTC, 5),
        "candles": lambda: exchange.fetch_ohlcv(BTC, "1m"),
        "funding_rate": lambda: exchange.fetch_funding_rate(ETH),
        "funding_rates": lambda: sorted(exchange.fetch_funding_rates()),
        "funding_rate_history": lambda: exchange.fetch_funding_rate_history(BTC),
        "open_interest": lambda: exchange.fetch_open_interest(BTC),
    }.items():
        seen.note(name, call)


def trade(exchange, seen):
    """Orders of every kind that ccxt knows for this exchange."""
    last = exchange.fetch_ticker(BTC)["last"]
    ether = exchange.fetch_ticker(ETH)["last"]
    seen.note("limit", lambda: exchange.create_order(BTC, "limit", "buy", 0.001, last * 0.97))
    oid = seen.steps["limit"]["id"]
    seen.note("limit_found", lambda: exchange.fetch_order(oid, BTC))
    seen.note("edited", lambda: exchange.edit_order(oid, BTC, "limit", "buy", 0.002, last * 0.96))
    seen.note("open_orders", lambda: exchange.fetch_open_orders(BTC))
    seen.note("canceled", lambda: exchange.cancel_order(seen.steps["open_orders"][0]["id"], BTC))
    seen.note("canceled_again", lambda: exchange.cancel_order(oid, BTC))

    cloid = "0x" + "c1" * 16
    seen.note(
        "post_only",
        lambda: exchange.create_order(
            ETH, "limit", "sell", 0.1, ether * 1.03, {"postOnly": True, "clientOrderId": cloid}
        ),
    )
    seen.note("by_cloid", lambda: exchange.fetch_order(None, ETH, {"clientOrderId": cloid}))
    seen.note("canceled_by_cloid", lambda: exchange.cancel_order(None, ETH, {"clientOrderId": cloid}))
    seen.note(
        "post_only_crosses", lambda: exchange.create_order(ETH, "limit", "buy", 0.1, ether * 1.02, {"postOnly": True})
    )
    seen.note("ioc", lambda: exchange.create_order(ETH, "limit", "buy", 0.1, ether * 1.02, {"timeInForce": "IOC"}))
    seen.note(
        "ioc_misses", lambda: exchange.create_order(ETH, "limit", "buy", 0.1, ether * 0.9, {"timeInForce": "IOC"})
    )
    seen.note("market", lambda: exchange.create_order(BTC, "market", "buy", 0.02, last))
    seen.note("too_small", lambda: exchange.create_order(BTC, "limit", "buy", 0.0001, last * 0.9))
    seen.note("too_dear", lambda: exchange.create_order(BTC, "limit", "buy", 1000, last * 0.99))

    batch = [
        {"symbol": SOL, "type": "limit", "side": "buy", "amount": amount, "price": 120 - amount} for amount in (1, 2, 3)
    ]
    made = seen.note("batch", lambda: exchange.create_orders(batch))
    seen.note("batch_canceled", lambda: exchange.cancel_orders([order["id"] for order in made[:2]], SOL))
    seen.note(
        "batch_canceled_by_symbol", lambda: exchange.cancel_orders_for_symbols([{"id": made[2]["id"], "symbol": SOL}])
    )

    less = {"reduceOnly": True}
    seen.note(
        "trigger",
        lambda: exchange.create_order(BTC, "market", "sell", 0.01, last * 0.9, {"triggerPrice": last * 0.9, **less}),
    )
    seen.note(
        "stop_loss",
        lambda: exchange.create_order(BTC, "market", "sell", 0.01, last * 0.89, {"stopLossPrice": last * 0.89, **less}),
    )
    seen.note(
        "take_profit",
        lambda: exchange.create_order(BTC, "limit", "sell", 0.01, last * 1.1, {"takeProfitPrice": last * 1.1, **less}),
    )
    attached = {"stopLoss": {"triggerPrice": last * 0.8}, "takeProfit": {"triggerPrice": last * 1.2}}
    seen.note("attached", lambda: exchange.create_order(BTC, "limit", "buy", 0.001, last * 0.95, attached))
    seen.note("triggers", lambda: exchange.fetch_open_orders(BTC))
    seen.note("reduce_only_refused", lambda: exchange.create_order(SOL, "limit", "sell", 1, 140, less))
    seen.note("twap", lambda: exchange.create_twap_order(BTC, "sell", 0.01, 5 * 60_000, {"reduceOnly": True}))
    seen.note("twap_canceled", lambda: exchange.cancel_twap_order(seen.steps["twap"]["id"], BTC))
    seen.note("hip3", lambda: exchange.create_order(TSLA, "market", "buy", 0.5, exchange.fetch_ticker(TSLA)["last"]))


def manage(exchange, seen, other, sub):
    """Positions, margin and money."""
    seen.note("positions", lambda: exchange.fetch_positions())
    seen.note("position", lambda: exchange.fetch_position(BTC))
    seen.note("leverage", lambda: exchange.set_leverage(7, BTC))
    seen.note("isolated", lambda: exchange.set_margin_mode("isolated", SOL, {"leverage": 5}))
    seen.note(
        "isolated_buy", lambda: exchange.create_order(SOL, "market", "buy", 5, exchange.fetch_ticker(SOL)["last"])
    )
    seen.note("margin_added", lambda: exchange.add_margin(SOL, 30))
    seen.note("margin_reduced", lambda: exchange.reduce_margin(SOL, 10))
    seen.note("isolated_position", lambda: exchange.fetch_position(SOL))
    seen.note(
        "close",
        lambda: exchange.create_order(
            BTC, "market", "sell", 0.02, exchange.fetch_ticker(BTC)["last"], {"reduceOnly": True}
        ),
    )
    seen.note("to_spot", lambda: exchange.transfer("USDC", 25, "swap", "spot"))
    seen.note("to_swap", lambda: exchange.transfer("USDC", 5, "spot", "swap"))
    seen.note("balance", lambda: exchange.fetch_balance())
    seen.note("spot_balance", lambda: exchange.fetch_balance({"type": "spot"}))
    seen.note("withdrawn", lambda: exchange.withdraw("USDC", 3, other))
    seen.note("sub_account", lambda: exchange.create_sub_account("second"))
    seen.note("to_sub_account", lambda: exchange.transfer("USDC", 50, "main", sub(seen.steps["sub_account"])))
    seen.note("switch", lambda: exchange.cancel_all_orders_after(60_000))
    seen.note("reserved_weight", lambda: exchange.reserve_request_weight(10))
    seen.note("created_vault", lambda: exchange.create_vault("a vault", "for a test", 100))


def look_back(exchange, seen):
    for name, call in {
        "orders": lambda: exchange.fetch_orders(),
        "closed_orders": lambda: exchange.fetch_closed_orders(),
        "canceled_orders": lambda: exchange.fetch_canceled_orders(),
        "my_trades": lambda: exchange.fetch_my_trades(),
        "my_trades_of_eth": lambda: exchange.fetch_my_trades(ETH, limit=1),
        "funding_history": lambda: exchange.fetch_funding_history(BTC),
        "ledger": lambda: exchange.fetch_ledger(),
        "deposits": lambda: exchange.fetch_deposits(),
        "withdrawals": lambda: exchange.fetch_withdrawals(),
        "trading_fee": lambda: exchange.fetch_trading_fee(BTC),
        "trades": lambda: exchange.fetch_trades(BTC),
    }.items():
        seen.note(name, call)


async def watch(seen):
    """Every stream that ccxt watches, and orders over the socket."""
    exchange = point(ccxt.pro.hyperliquid(settings()))
    try:
        await exchange.load_markets()
        last = (await exchange.fetch_ticker(BTC))["last"]
        streams = {
            "watched_book": exchange.watch_order_book(BTC),
            "watched_trades": exchange.watch_trades(BTC),
            "watched_ticker": exchange.watch_ticker(BTC),
            "watched_tickers": exchange.watch_tickers([BTC, ETH]),
            "watched_candles": exchange.watch_ohlcv(BTC, "1m"),
            "watched_positions": exchange.watch_positions(),
            "watched_balance": exchange.watch_balance(),
        }
        answers = await asyncio.wait_for(asyncio.gather(*streams.values()), 40)
        seen.steps |= dict(zip(streams, answers, strict=True))

        seen.steps["watched_earlier_trades"] = await asyncio.wait_for(exchange.watch_my_trades(BTC), 20)
        orders = asyncio.create_task(exchange.watch_orders(BTC))
        client = exchange.client(exchange.urls["api"]["ws"]["public"])
        while f"subscribe:orderUpdates::{ADDRESS.lower()}" not in client.subscriptions:  # noqa: ASYNC110 - ccxt's own
            await asyncio.sleep(0.02)
        # Over the socket itself, and then one by REST which fills.
        seen.steps["ws_order"] = order = await exchange.create_order_ws(BTC, "limit", "buy", 0.001, last * 0.94)
        seen.steps["watched_orders"] = await asyncio.wait_for(orders, 20)
        seen.steps["ws_edited"] = await exchange.edit_order_ws(order["id"], BTC, "limit", "buy", 0.002, last * 0.93)
        newest = max(await exchange.fetch_open_orders(BTC), key=lambda entry: int(entry["id"]))
        seen.steps["ws_canceled"] = await exchange.cancel_order_ws(newest["id"], BTC)
        trades = asyncio.create_task(exchange.watch_my_trades(BTC))
        await asyncio.sleep(0)
        seen.steps["ws_filled"] = await exchange.create_order(BTC, "market", "buy", 0.001, last)
        seen.steps["watched_my_trades"] = await asyncio.wait_for(trades, 20)
    finally:
        await exchange.close()


def main():
    seen = Seen()
    exchange = point(ccxt.hyperliquid(settings()))
    seen.steps["version"] = ccxt.__version__
    exchange.fetch_balance()
    read_markets(exchange, seen)
    trade(exchange, seen)
    manage(exchange, seen, "0x" + "77" * 20, lambda reply: reply["response"]["data"])
    asyncio.run(watch(seen))
    look_back(exchange, seen)
    json.dump(seen.steps, sys.stdout)


main()
