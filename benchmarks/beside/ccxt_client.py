"""ccxt: signs orders."""

import json

import ccxt
from work import ADDRESS, KEY, NONCE, orders
from worker import serve


def signing(count):
    """From what a user hands in to the body of the request, as ``create_orders`` does it."""
    exchange = ccxt.hyperliquid({"privateKey": KEY, "walletAddress": ADDRESS})
    market = {
        "id": "0",
        "baseId": "0",
        "symbol": "BTC/USDC:USDC",
        "base": "BTC",
        "quote": "USDC",
        "settle": "USDC",
        "type": "swap",
        "spot": False,
        "swap": True,
        "contract": True,
        "linear": True,
        "precision": {"amount": 0.00001, "price": 1.0},
        "limits": {},
        "info": {},
    }
    exchange.set_markets([market])
    exchange.options["builderFee"] = False
    exchange.options["approvedBuilderFee"] = True
    wanted = orders(count)

    def run(times):
        for _ in range(times):
            request = exchange.create_orders_request(
                [
                    {
                        "symbol": "BTC/USDC:USDC",
                        "type": "limit",
                        "side": "buy" if order["is_buy"] else "sell",
                        "amount": float(order["size"]),
                        "price": float(order["price"]),
                        "params": {"clientOrderId": order["cloid"]},
                    }
                    for order in wanted
                ]
            )
            json.dumps(request)

    run(1)
    assert NONCE
    return run


serve({"ccxt": ccxt.__version__}, {"sign 1": lambda: signing(1), "sign 20": lambda: signing(20)})
