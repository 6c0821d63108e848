"""Synthetic traders: for each market a maker with a living book, and takers who trade against it and against you.

They have accounts like everybody and use the same commands; only their money is endless. Seeded: with the same seed and
the same times they do the same. What they do per market, every `step_ms` (reading the
book as it is then, acting in the next block):

- the fair price moves on (`oracle`); every three seconds it becomes the oracle price,
- the maker keeps `levels` post-only orders on each side around the fair price and moves those that are out of place,
- an arbitrageur takes orders that the fair price has left behind by more than `arbitrage`,
- takers come at random. Most trade a little at the touch. Some sweep the book as far as a random reach from the mid,
  through everybody's orders: so quotes of a market maker 0.05 % from the mid are filled many times a minute.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Literal

from msgspec import Struct, convert

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.commands import (
    Command,
    Deposit,
    Modification,
    ModifyOrders,
    OrderIntent,
    PlaceOrders,
    SetPrices,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.units import MONEY_SCALE, PRICE_SCALE, usd
from hyperliquid_perpetual.sandbox.oracle import BASIS_POINT, PathParameters, PricePath

Regime = Literal["calm", "trending", "wild", "still", "empty"]

ORACLE_MS = 3_000
SYNTHETIC_DEPOSIT = usd(10**10)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What distinguishes the regimes. Distances in basis points of the price, sizes in USD, rates per second."""

    path: PathParameters
    step_ms: int = 250
    half_spread: float = 0.6
    level_gap: float = 1.0
    """Distance of the first two levels; it grows towards the end of the book."""
    levels: int = 16
    level_notional: float = 9_000
    """Of the first level; deeper ones are larger."""
    taker_rate: float = 1.2
    taker_notional: float = 700
    """Median of what a small taker trades; lognormal with `taker_spread`."""
    taker_spread: float = 1.0
    sweep_rate: float = 1.6
    sweep_reach: tuple[float, float] = (2.0, 12.0)
    """How far from the mid sweepers go, evenly distributed."""
    persistence: float = 0.62
    """Chance that a small taker is on the side of the one before: trade signs are correlated on real markets."""
    arbitrage: float = 1.5


BEHAVIOURS: dict[Regime, Behaviour] = {
    "calm": Behaviour(PathParameters(volatility=0.6, pull_seconds=600)),
    "trending": Behaviour(PathParameters(volatility=0.8, drift=0.4), persistence=0.7),
    "wild": Behaviour(
        PathParameters(volatility=4.0, jumps_per_minute=2, jump=30),
        half_spread=2.0,
        level_gap=3.0,
        taker_rate=3.0,
        sweep_rate=2.0,
        sweep_reach=(4.0, 45.0),
        arbitrage=4.0,
    ),
    "still": Behaviour(PathParameters(volatility=0), step_ms=1_000, taker_rate=0, sweep_rate=0),
}
"""`still` has a book in which nobody moves; `empty` is no traders at all."""


def synthetic_address(seed: int, role: str) -> str:
    """The address of a synthetic trader: nobody has its key."""
    return "0x5a" + blake2b(f"{seed}:{role}".encode(), digest_size=19).hexdigest()


class TradersState(Struct, frozen=True):
    """How the traders of one market stand."""

    random: tuple[int, tuple[int, ...], float | None]
    path: tuple[float, float, int]
    last_side: bool
    quoted: tuple[float, int] | None


class MarketTraders:
    """Everybody who trades one market."""

    def __init__(self, exchange: Exchange, state: MarketState, behaviour: Behaviour, seed: int) -> None:
        self._exchange = exchange
        self._state = state
        self._behaviour = behaviour
        coin = state.market.coin
        self._random = Random(f"{seed}:{coin}")  # noqa: S311 - synthetic flow has to be repeatable
        self.path = PricePath(coin, state.market.oracle_px / PRICE_SCALE, behaviour.path, self._random)
        self.maker = synthetic_address(seed, f"maker of {coin}")
        self.takers = tuple(synthetic_address(seed, f"taker {n} of {coin}") for n in range(2))
        self.arbitrageur = synthetic_address(seed, f"arbitrageur of {coin}")
        self._cloids = [
            [f"0x{state.market.asset + 1:08x}{side:04x}{level:020x}" for level in range(behaviour.levels)]
            for side in (1, 2)
        ]
        self._last_side = self._random.random() < 0.5
        self._quoted: tuple[float, int] | None = None

    @property
    def market(self) -> Market:
        """The market they trade."""
        return self._state.market

    def dump(self) -> TradersState:
        """How they stand."""
        version, numbers, following = self._random.getstate()
        return TradersState((version, numbers, following), self.path.dump(), self._last_side, self._quoted)

    def load(self, state: TradersState) -> None:
        """Stand as they did."""
        self._random.setstate(state.random)
        self.path.load(*state.path)
        self._last_side, self._quoted = state.last_side, state.quoted

    @property
    def addresses(self) -> tuple[str, ...]:
        """All accounts of these traders."""
        return (self.maker, *self.takers, self.arbitrageur)

    def oracle(self) -> SetPrices:
        """The outside prices now."""
        px = max(1, round(self.path.price * PRICE_SCALE))
        return SetPrices(self._state.market.asset, px, px)

    def step(self, seconds: float) -> list[Command]:
        """What everybody does after some time has passed."""
        fair = self.path.step(seconds) * PRICE_SCALE
        commands = self.quote(fair)
        commands += self._arbitrage(fair)
        behaviour, random = self._behaviour, self._random
        for _ in range(_poisson(random, behaviour.taker_rate * seconds)):
            commands += self._take()
        for _ in range(_poisson(random, behaviour.sweep_rate * seconds)):
            commands += self._sweep()
        return commands

    # ------------------------------------------------------------------ the maker

    def quote(self, fair: float) -> list[Command]:
        """Bring the maker's orders to where they belong around a fair price (in price units)."""
        account = self._exchange.accounts[self.maker]
        if self._quoted == (fair, account.volume):
            return []  # neither has the price moved nor has anybody traded with us
        self._quoted = (fair, account.volume)
        behaviour, market = self._behaviour, self._state.market
        missing: list[OrderIntent] = []
        moved: list[tuple[bool, Modification]] = []
        rising = False
        for is_buy, cloids in ((True, self._cloids[0]), (False, self._cloids[1])):
            last_px = 0
            for level, cloid in enumerate(cloids):
                # Levels grow apart: 1, 2.15, 3.4 ... gaps from the first one.
                away = (behaviour.half_spread + behaviour.level_gap * level**1.15) * BASIS_POINT
                px = self._round(fair * (1 - away if is_buy else 1 + away), not is_buy)
                if last_px and px == last_px:
                    continue  # a coarse tick has brought two levels together
                last_px = px
                notional = behaviour.level_notional * (1 + 0.25 * level)
                sz = max(1, round(notional * MONEY_SCALE / (px * market.lot_value)))
                order = account.open_by_cloid.get(cloid)
                if order is None:
                    missing.append(OrderIntent(market.asset, is_buy, px, sz, False, "Alo", cloid))
                    continue
                tolerance = 0.4 * behaviour.level_gap * BASIS_POINT * fair
                if abs(order.px - px) > tolerance or order.sz * 2 < sz:
                    rising = rising or px > order.px
                    intent = OrderIntent(market.asset, is_buy, px, sz, False, "Alo", cloid)
                    moved.append((is_buy, Modification(cloid, intent)))
        commands: list[Command] = []
        if moved:
            # The side that moves away goes first, or post-only orders would run into our own.
            moved.sort(key=lambda entry: entry[0] is rising)
            commands.append(ModifyOrders(self.maker, tuple(modification for _, modification in moved)))
        if missing:
            commands.append(PlaceOrders(self.maker, tuple(missing)))
        return commands

    # ------------------------------------------------------------------ those who take

    def _arbitrage(self, fair: float) -> list[Command]:
        book = self._state.book
        edge = self._behaviour.arbitrage * BASIS_POINT
        bid, ask = book.bids.best, book.asks.best
        if ask is not None and ask < fair * (1 - edge):
            return self._sweep_to(self.arbitrageur, True, self._round(fair * (1 - edge), False))
        if bid is not None and bid > fair * (1 + edge):
            return self._sweep_to(self.arbitrageur, False, self._round(fair * (1 + edge), True))
        return []

    def _take(self) -> list[Command]:
        behaviour, random, market = self._behaviour, self._random, self._state.market
        mid2 = self._state.doubled_mid
        if mid2 is None:
            return []
        taker = random.choice(self.takers)
        is_buy = self._choose_side(taker, behaviour.persistence)
        notional = behaviour.taker_notional * math.exp(random.gauss(0, behaviour.taker_spread))
        px = self._round(mid2 / 2 * (1.003 if is_buy else 0.997), is_buy)
        sz = max(round(max(notional, 12) * MONEY_SCALE / (px * market.lot_value)), _minimum_lots(px, market.lot_value))
        return [PlaceOrders(taker, (OrderIntent(market.asset, is_buy, px, sz, False, "Ioc"),))]

    def _sweep(self) -> list[Command]:
        mid2 = self._state.doubled_mid
        if mid2 is None:
            return []
        taker = self._random.choice(self.takers)
        is_buy = self._choose_side(taker, 0.5)
        reach = self._random.uniform(*self._behaviour.sweep_reach) * BASIS_POINT
        return self._sweep_to(taker, is_buy, self._round(mid2 / 2 * (1 + reach if is_buy else 1 - reach), not is_buy))

    def _sweep_to(self, account: str, is_buy: bool, limit: int) -> list[Command]:
        market, book = self._state.market, self._state.book
        side = book.side(not is_buy)
        sz = 0
        for level in side.levels(64):
            if (level.px > limit) if is_buy else (level.px < limit):
                break
            sz += level.sz
        sz = max(sz, _minimum_lots(limit, market.lot_value))
        return [PlaceOrders(account, (OrderIntent(market.asset, is_buy, limit, sz, False, "Ioc"),))]

    def _choose_side(self, taker: str, persistence: float) -> bool:
        """The side of the one before with some chance; against the taker's own inventory when that has grown."""
        random = self._random
        position = self._exchange.accounts[taker].position(self._state.market)
        inventory = 0.0
        if position is not None and position.szi:
            inventory = position.notional(self._state.mark_px) / MONEY_SCALE / 5e6
        same = random.random() < persistence
        side = self._last_side if same else not self._last_side
        if abs(inventory) > random.random():
            side = inventory < 0
        self._last_side = side
        return side

    def _round(self, px: float, up: bool) -> int:
        """A price that the market accepts: five significant figures, its decimals, integers always (section 6)."""
        whole = max(1, math.ceil(px) if up else math.floor(px))
        figures: int = 10 ** max(0, len(str(whole)) - 5)
        tick = max(self._state.market.px_step, min(figures, PRICE_SCALE))
        return max(tick, -(-whole // tick) * tick if up else whole // tick * tick)


class Traders:
    """The traders of all markets that are not delisted, or of some."""

    def __init__(self, chain: Chain, regime: Regime, seed: int, coins: Collection[str] | None = None) -> None:
        self._chain = chain
        self.regime = regime
        self._seed = seed
        self._behaviour = behaviour = BEHAVIOURS.get(regime)
        self._step_ms = 0 if behaviour is None else behaviour.step_ms
        self.by_coin: dict[str, MarketTraders] = {}
        self._retired: set[str] = set()
        if behaviour is not None:
            for state in chain.exchange.markets.values():
                if not state.market.is_delisted and (coins is None or state.market.coin in coins):
                    self.by_coin[state.market.coin] = MarketTraders(chain.exchange, state, behaviour, seed)

    @property
    def addresses(self) -> frozenset[str]:
        """The accounts of all synthetic traders."""
        trading = (address for traders in self.by_coin.values() for address in traders.addresses)
        return frozenset(trading) | self._retired

    def open(self) -> None:
        """Give everybody money, and put up the first books."""
        for traders in self.by_coin.values():
            self._open(traders)

    def add(self, state: MarketState) -> None:
        """Trade in a market that has been listed."""
        if self._behaviour is not None:
            traders = MarketTraders(self._chain.exchange, state, self._behaviour, self._seed)
            self.by_coin[state.market.coin] = traders
            self._open(traders)

    def carry_on(self) -> None:
        """Take up the markets of an exchange that was resumed; those who have no accounts yet are opened."""
        accounts = self._chain.exchange.accounts
        for traders in self.by_coin.values():
            if all(address in accounts for address in traders.addresses):
                self._put_up(traders)
            else:
                self._open(traders)

    def dump(self) -> object:
        """How they stand, as something that JSON can hold."""
        return {coin: traders.dump() for coin, traders in self.by_coin.items()}

    def load(self, dumped: object) -> None:
        """Stand as they did; traders of other coins stay as they are."""
        for coin, state in convert(dumped, dict[str, TradersState]).items():
            if coin in self.by_coin:
                self.by_coin[coin].load(state)

    def remove(self, coin: str) -> None:
        """Leave a market alone from now on."""
        traders = self.by_coin.pop(coin, None)
        if traders is not None:
            self._retired.update(traders.addresses)

    def _open(self, traders: MarketTraders) -> None:
        market = traders.market
        for address in traders.addresses:
            self._chain.apply_now(Deposit(address, SYNTHETIC_DEPOSIT, market.dex))
            # Leverage 1 keeps them below every margin tier.
            self._chain.apply_now(UpdateLeverage(address, market.asset, not market.only_isolated, 1))
        self._put_up(traders)

    def _put_up(self, traders: MarketTraders) -> None:
        for command in traders.quote(traders.path.price * PRICE_SCALE):
            self._chain.apply_now(command)

    def start(self, clock: Clock) -> list[Timer]:
        """Begin to trade."""
        if self._behaviour is None:
            return []
        return [
            clock.every(self._step_ms, lambda: self._chain.submit_commands(self._steps())),
            clock.every(ORACLE_MS, lambda: self._chain.submit_commands(self._oracles())),
        ]

    def _steps(self) -> Iterable[Command]:
        return [command for traders in self.by_coin.values() for command in traders.step(self._step_ms / 1000)]

    def _oracles(self) -> Iterable[Command]:
        return [traders.oracle() for traders in self.by_coin.values()]


def _minimum_lots(px: int, lot_value: int) -> int:
    """The fewest lots that are worth the venue's ten dollars."""
    return -(-usd(10) // (px * lot_value))


def _poisson(random: Random, mean: float) -> int:
    """How many of something that comes at random come now."""
    if mean <= 0:
        return 0
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count
