"""How many orders a second the sandbox's engine matches, and how many it rests and cancels, alone on one core.

    python benchmarks/engine.py

No server, no signatures, no sockets: prepared commands go into ``Exchange.apply`` one after the other, each an order or
a cancel of its own, as they come from clients. Half of the accounts rest bids, as many sell to them; or every account
rests orders and takes them back by cloid. Each load runs on an exchange of its own, one load after the other, round
after round; the median round counts, by processor time. Writes build/bench/engine.json.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hyperliquid_perpetual import __version__
from hyperliquid_perpetual.sandbox.engine.commands import (
    CancelOrdersByCloid,
    Command,
    Deposit,
    OrderIntent,
    PlaceOrders,
    Tif,
)
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.events import Failed, Replied
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.units import HOUR, PRICE_SCALE, usd
from hyperliquid_perpetual.sandbox.serve import few_collections

OUTPUT = Path("build/bench/engine.json")
ACCOUNTS = (1, 10, 50)
ORDERS = 4_000
ROUNDS = 7
BLOCK_MS = 70
ORDERS_PER_BLOCK = 200
START = 500_000 * HOUR
ETH = Market(coin="ETH", asset=1, sz_decimals=4, max_leverage=25, oracle_px=4_000 * PRICE_SCALE)
SIZE = 100
"""In lots: 0.01 ETH."""

Commands = list[tuple[int, Command]]
"""What is asked of the engine, each with its time."""


def matched(accounts: int) -> Commands:
    """Some accounts rest bids, as many others sell to them: of two orders one makes the other trade."""
    commands: list[Command] = []
    for number in range(ORDERS // 2):
        maker, taker = number % accounts, accounts + number % accounts
        commands += [_order(maker, True, 4_000, "Alo"), _order(taker, False, 4_000, "Ioc")]
    return _timed(commands)


def rested_and_cancelled(accounts: int) -> Commands:
    """Every account rests orders at many prices and takes them back, oldest first, with ten of them open at a time."""
    commands: list[Command] = []
    open_orders: list[tuple[int, str]] = []
    for number in range(ORDERS // 2):
        cloid = f"0x{number + 1:032x}"
        commands.append(_order(number % accounts, True, 3_000 + number % 500, "Alo", cloid))
        open_orders.append((number % accounts, cloid))
        if len(open_orders) > 10 * accounts:
            account, oldest = open_orders.pop(0)
            commands.append(CancelOrdersByCloid(_address(account), ((ETH.asset, oldest),)))
    return _timed(commands)


LOADS: dict[str, Callable[[int], Commands]] = {
    "matched orders": matched,
    "resting orders and their cancels": rested_and_cancelled,
}


SIDES = {"matched orders": " on each side"}


def orders_per_second(commands: Commands, accounts: int) -> float:
    """Of the core, on an exchange of its own; the events are made and dropped."""
    exchange = Exchange(ExchangeConfig(markets=(ETH,)))
    for number in range(2 * accounts):
        exchange.apply(START, Deposit(_address(number), usd(10_000_000)))
    few_collections()
    events = []
    began = time.process_time()
    for now, command in commands:
        events.append(exchange.apply(now, command)[0])
    seconds = time.process_time() - began
    for event in events:
        if not isinstance(event, Replied) or event.error or isinstance(event.statuses[0], Failed):
            raise SystemExit(f"the engine refused something, so the figures mean nothing: {event}")
    return len(commands) / seconds


def _order(account: int, is_buy: bool, px: int, tif: Tif, cloid: str | None = None) -> PlaceOrders:
    intent = OrderIntent(ETH.asset, is_buy, px * PRICE_SCALE, SIZE, tif=tif, cloid=cloid)
    return PlaceOrders(_address(account), (intent,))


def _address(number: int) -> str:
    return f"0x{number + 1:040x}"


def _timed(commands: list[Command]) -> Commands:
    return [(START + number // ORDERS_PER_BLOCK * BLOCK_MS, command) for number, command in enumerate(commands)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    found: dict[tuple[str, int], list[float]] = {(name, count): [] for name in LOADS for count in ACCOUNTS}
    for _ in range(rounds):
        for (name, count), figures in found.items():
            figures.append(orders_per_second(LOADS[name](count), count))
    medians = {case: round(statistics.median(figures)) for case, figures in found.items()}
    rows: list[dict[str, Any]] = [
        {
            "name": f"engine, {name}, {count} account{'' if count == 1 else 's'}{SIDES.get(name, '')}",
            "unit": "orders/s",
            "ours": figure,
            "others": {},
            "ratio": None,
            "target": None,
            "met": None,
        }
        for (name, count), figure in medians.items()
    ]
    lines = {name: [medians[name, count] for count in ACCOUNTS] for name in LOADS}
    series = {
        "x_label": "accounts (matched orders: on each side)",
        "y_label": "orders/s",
        "x": ACCOUNTS,
        "lines": lines,
    }
    content = {
        "rounds": rounds,
        "rows": rows,
        "series": {"engine, orders a second of a core": series},
        "versions": {"hyperliquid_perpetual": __version__},
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")
    for (name, count), figure in medians.items():
        print(f"{name:<36} {count:>4} accounts {figure:>10,} orders/s")


if __name__ == "__main__":
    main()
