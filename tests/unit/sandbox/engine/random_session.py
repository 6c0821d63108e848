"""A seeded trading session on the engine; run as a program it prints a digest of all events of it."""

import hashlib
import random
import sys

from hyperliquid_perpetual.sandbox.engine.commands import (
    CancelOrdersByCloid,
    Command,
    Deposit,
    Modification,
    ModifyOrders,
    OrderIntent,
    PlaceOrders,
    ScheduleCancel,
    SetPrices,
    Tick,
    Tif,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from tests.unit.sandbox.engine.venue import BTC, DOGE, ETH, NOON, TSLA, make_market, money, px

MARKETS = (BTC, ETH, DOGE, TSLA, make_market("SOL", 5, 150, sz_decimals=2, max_leverage=20))
ACCOUNTS = [f"0x{number:040x}" for number in range(0xA0, 0xAC)]
TIFS: list[Tif] = ["Gtc", "Gtc", "Alo", "Ioc", "FrontendMarket"]


def session(seed: int, length: int) -> list[tuple[int, Command]]:
    """Times and commands of a session."""
    rng = random.Random(seed)
    now = NOON
    made: list[tuple[int, Command]] = [
        (now, Deposit(account, money(20_000), dex)) for account in ACCOUNTS for dex in ("", "xyz")
    ]
    for number in range(length):
        now += rng.choice((0, 1, 70, 5_000, 300_000))
        account = rng.choice(ACCOUNTS)
        market = rng.choice(MARKETS)
        cloid = f"0x{rng.randrange(1, 40):032x}"
        price = market.oracle_px * rng.randint(990, 1010) // 1000
        price -= price % 10 ** max(0, len(str(price)) - 4)
        size = max(1, rng.randint(20, 2_000) * 10**12 // (market.oracle_px * market.lot_value))
        is_buy, reduce_only = rng.random() < 0.5, rng.random() < 0.1
        tif, own_cloid = rng.choice(TIFS), rng.choice((None, cloid))
        intent = OrderIntent(market.asset, is_buy, price, size, reduce_only, tif, own_cloid)
        kind = rng.random()
        command: Command
        if kind < 0.7:
            command = PlaceOrders(account, (intent,) * rng.randint(1, 2))
        elif kind < 0.8:
            command = CancelOrdersByCloid(account, ((market.asset, cloid),))
        elif kind < 0.88:
            command = ModifyOrders(account, (Modification(cloid, intent),))
        elif kind < 0.92:
            command = UpdateLeverage(account, market.asset, rng.random() < 0.7, rng.randint(1, 20))
        elif kind < 0.96:
            command = SetPrices(market.asset, market.oracle_px * rng.randint(980, 1020) // 1000)
        elif kind < 0.98:
            command = ScheduleCancel(account, now + 60_000)
        else:
            command = Tick()
        made.append((now, command))
        if number % 500 == 499:
            now += px(1)
    return made


def new_exchange(hash_seed: str = "") -> Exchange:
    """The exchange on which a session is played."""
    return Exchange(ExchangeConfig(markets=MARKETS, scheduled_cancel_volume=0, hash_seed=hash_seed))


def play(commands: list[tuple[int, Command]], hash_seed: str = "") -> list[str]:
    """All events of a session, written out."""
    exchange = new_exchange(hash_seed)
    return [repr(event) for now, command in commands for event in exchange.apply(now, command)]


def digest(events: list[str]) -> str:
    """One line for all events."""
    return hashlib.sha256("\n".join(events).encode()).hexdigest()


if __name__ == "__main__":
    print(digest(play(session(int(sys.argv[1]), int(sys.argv[2])))))
