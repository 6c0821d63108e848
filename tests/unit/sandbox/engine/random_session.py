"""A seeded trading session on the engine; run as a program it prints a digest of all events of it."""

import hashlib
import random
import sys
from collections.abc import Iterator

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ApproveBuilder,
    BidForGossip,
    ClaimRewards,
    ClassTransfer,
    CreateSubAccount,
    CreateVault,
    DistributeVault,
    GrantReferralCode,
    ModifyVault,
    RegisterReferrer,
    ReserveRequestWeight,
    SendAsset,
    SetBigBlocks,
    SetMode,
    SetReferrer,
    SetStake,
    TransferToVault,
    UpdateIsolatedMargin,
)
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
    Trigger,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.events import Event
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.family import derived_address
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.engine.twap_commands import CancelTwap, PlaceTwap, TwapIntent
from tests.unit.sandbox.engine.venue import BTC, DOGE, ETH, NOON, TSLA, make_market, money, px

MARKETS = (BTC, ETH, DOGE, TSLA, make_market("HYPE", 5, 150, sz_decimals=2, max_leverage=20))
ACCOUNTS = [f"0x{number:040x}" for number in range(0xA0, 0xAC)]
TIFS: list[Tif] = ["Gtc", "Gtc", "Alo", "Ioc", "FrontendMarket"]


def session(seed: int, length: int) -> list[tuple[int, Command]]:
    """Times and commands of a session."""
    rng = random.Random(seed)
    now = NOON
    made: list[tuple[int, Command]] = [
        (now, Deposit(account, money(20_000), dex)) for account in ACCOUNTS for dex in ("", "xyz")
    ]
    made += [
        (now, GrantReferralCode(ACCOUNTS[0], "FIRST")),
        (now, SetStake(ACCOUNTS[1], money(1_000), money(50))),
        (now, SetStake(ACCOUNTS[2], 0, money(50))),
        (now, Deposit(ACCOUNTS[3], money(100), "spot", "HYPE")),
    ]
    made += [(now, SetReferrer(account, "FIRST")) for account in ACCOUNTS[4:]]
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
        if kind < 0.08:
            command = PlaceOrders(account, (intent, *tpsl(rng, intent)), "normalTpsl")
        elif kind < 0.12:
            command = PlaceOrders(account, tpsl(rng, intent), rng.choice(("na", "positionTpsl")))
        elif kind < 0.14:
            command = PlaceTwap(account, TwapIntent(market.asset, is_buy, size, reduce_only, 5, rng.random() < 0.5))
        elif kind < 0.15:
            command = CancelTwap(account, market.asset, 1_000_000 + rng.randrange(20))
        elif kind < 0.17:
            paying = OrderIntent(market.asset, is_buy, price, size, tif=rng.choice(("Alo", "Ioc")))
            command = PlaceOrders(rng.choice(ACCOUNTS[1:3]), (paying,), priority=rng.randint(1, 80_000))
        elif kind < 0.7:
            command = PlaceOrders(account, (intent,) * rng.randint(1, 2))
        elif kind < 0.8:
            command = CancelOrdersByCloid(account, ((market.asset, cloid),), rng.random() < 0.5)
        elif kind < 0.88:
            command = ModifyOrders(account, (Modification(cloid, intent),), rng.random() < 0.2)
        elif kind < 0.92:
            command = UpdateLeverage(account, market.asset, rng.random() < 0.7, rng.randint(1, 20))
        elif kind < 0.95:
            command = SetPrices(market.asset, market.oracle_px * rng.randint(980, 1020) // 1000)
        elif kind < 0.96:
            command = ScheduleCancel(account, now + 60_000)
        elif kind < 0.995:
            command = about_the_account(rng, account, market.asset)
        else:
            command = Tick()
        made.append((now, command))
        if number % 500 == 499:
            now += px(1)
    return made


def about_the_account(rng: random.Random, account: str, asset: int) -> Command:
    """One of the things that accounts ask for besides orders."""
    other = rng.choice(ACCOUNTS)
    places = [rng.choice(("", "xyz", "spot")) for _ in range(2)]
    vault = derived_address("vault", ACCOUNTS[0], 0)
    return rng.choice(
        (
            SetMode(account, None, rng.choice(("default", "disabled", "unifiedAccount", "dexAbstraction"))),
            SendAsset(account, other, *places, "USDC", rng.randint(1, 200) * 10**12),
            ClassTransfer(account, rng.randint(1, 200) * 10**12, rng.random() < 0.5),
            UpdateIsolatedMargin(account, asset, rng.randint(-50, 50) * 10**12),
            CreateSubAccount(account, f"sub {rng.randrange(3)}"),
            CreateVault(ACCOUNTS[0], "vault", 10**15),
            TransferToVault(other, vault, rng.random() < 0.7, rng.randint(1, 200) * 10**12),
            ApproveBuilder(account, other, rng.randrange(100)),
            SetReferrer(account, rng.choice(("FIRST", "SECOND"))),
            RegisterReferrer(account, rng.choice(("FIRST", "SECOND"))),
            ClaimRewards(ACCOUNTS[0]),
            ReserveRequestWeight(account, rng.randint(0, 1_000), rng.choice((None, other))),
            SetBigBlocks(account, rng.random() < 0.5),
            BidForGossip(ACCOUNTS[3], rng.randrange(2), "1.2.3.4", rng.randint(1, 30) * 10**11),
            ModifyVault(ACCOUNTS[0], vault, True, rng.choice((None, True, False))),
            DistributeVault(ACCOUNTS[0], vault, rng.randint(1, 50) * 10**12),
        )
    )


def tpsl(rng: random.Random, parent: OrderIntent) -> tuple[OrderIntent, OrderIntent]:
    """A take profit and a stop for what an order opens, not far from it."""
    is_buy = not parent.is_buy
    sign = -1 if is_buy else 1
    found = []
    for name, percent in (("tp", 2), ("sl", -1)):
        trigger_px = parent.px * (100 + sign * percent) // 100
        trigger_px -= trigger_px % 10 ** max(0, len(str(trigger_px)) - 4)
        worst = trigger_px * (100 - sign * 5) // 100
        worst -= worst % 10 ** max(0, len(str(worst)) - 4)
        trigger = Trigger(rng.random() < 0.7, trigger_px, "tp" if name == "tp" else "sl")
        found.append(OrderIntent(parent.asset, is_buy, worst, parent.sz, True, trigger=trigger))
    return found[0], found[1]


def new_exchange(hash_seed: str = "") -> Exchange:
    """The exchange on which a session is played."""
    quirks = VenueQuirks()
    return Exchange(
        ExchangeConfig(
            markets=MARKETS,
            fees=VenueFees(quirks),
            quirks=quirks,
            outside_daily_volume=money(10_000),
            scheduled_cancel_volume=0,
            hash_seed=hash_seed,
        )
    )


def play(commands: list[tuple[int, Command]], hash_seed: str = "") -> list[str]:
    """All events of a session, written out."""
    return [repr(event) for events in play_events(commands, hash_seed) for event in events]


def play_events(commands: list[tuple[int, Command]], hash_seed: str = "") -> Iterator[list[Event]]:
    """The events of a session, command by command."""
    exchange = new_exchange(hash_seed)
    return (exchange.apply(now, command) for now, command in commands)


def digest(events: list[str]) -> str:
    """One line for all events."""
    return hashlib.sha256("\n".join(events).encode()).hexdigest()


if __name__ == "__main__":
    print(digest(play(session(int(sys.argv[1]), int(sys.argv[2])))))
