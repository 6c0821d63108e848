"""The traders of all markets: their accounts, and when they act.

Every `STEP_MS` the exchange's own people do what they do, in two halves: first prices move and makers follow, half a
step later the others trade. Busy markets take part in each step, quiet ones in every second, fourth or eighth, each at
a turn that comes from its name alone: so 200 markets do not all act in the same block.
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import blake2b

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.commands import Command, Deposit, UpdateLeverage
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.units import usd
from hyperliquid_perpetual.sandbox.engine.world_commands import LimitHistory, SetManyPrices
from hyperliquid_perpetual.sandbox.market_character import ORDINARY, Character
from hyperliquid_perpetual.sandbox.traders.market import MarketTraders
from hyperliquid_perpetual.sandbox.traders.regimes import BEHAVIOURS, Regime

STEP_MS = 250
ORACLE_MS = 3_000
SYNTHETIC_DEPOSIT = usd(10**10)
KEPT_RECORDS = 50
"""Finished orders, fills and ledger entries that are kept of each synthetic trader: nobody reconciles their books."""
_STILL_TURN = 4


def turn_of(character: Character) -> int:
    """In every how many steps a market takes part."""
    activity = character.activity
    return 1 if activity >= 0.2 else 2 if activity >= 0.1 else 4 if activity >= 0.04 else 8


class Traders:
    """The traders of all markets that are not delisted, or of some.

    :param characters: what distinguishes the markets, by coin; those that are not there are ordinary.
    """

    def __init__(
        self,
        chain: Chain,
        regime: Regime,
        seed: int,
        coins: Collection[str] | None = None,
        characters: Mapping[str, Character] | None = None,
    ) -> None:
        self._chain = chain
        self.regime = regime
        self._seed = seed
        self._characters = characters or {}
        self._behaviour = BEHAVIOURS.get(regime)
        self.by_coin: dict[str, MarketTraders] = {}
        self._retired: set[str] = set()
        self._half_steps = 0
        self._turns: dict[int, dict[int, list[MarketTraders]]] = {}
        """The markets that take part in every n-th step, by n and by which of those it is."""
        if self._behaviour is not None:
            for state in chain.exchange.markets.values():
                if not state.market.is_delisted and (coins is None or state.market.coin in coins):
                    self._take_up(state)

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
            self._open(self._take_up(state))

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
        by_coin = {coin: traders.dump() for coin, traders in self.by_coin.items()}
        return {"regime": self.regime, "half_steps": self._half_steps, "by_coin": by_coin}

    def load(self, dumped: object) -> None:
        """Stand as they did; traders of other coins stay as they are, and so do all in another regime."""
        match dumped:
            case {"regime": self.regime, "half_steps": int(half_steps), "by_coin": dict(by_coin)}:
                self._half_steps = half_steps
                for coin, state in by_coin.items():
                    if coin in self.by_coin:
                        self.by_coin[coin].load(state)

    def remove(self, coin: str) -> None:
        """Leave a market alone from now on."""
        traders = self.by_coin.pop(coin, None)
        if traders is not None:
            self._retired.update(traders.addresses)
            for turns in self._turns.values():
                for together in turns.values():
                    if traders in together:
                        together.remove(traders)

    def start(self, clock: Clock) -> list[Timer]:
        """Begin to trade."""
        if self._behaviour is None:
            return []
        return [
            clock.every(STEP_MS // 2, self._half_step),
            clock.every(ORACLE_MS, self._move_oracles),
        ]

    def _take_up(self, state: MarketState) -> MarketTraders:
        assert self._behaviour is not None
        coin = state.market.coin
        character = self._characters.get(coin, ORDINARY)
        traders = MarketTraders(self._chain.exchange, state, self._behaviour, character, self._seed)
        self.by_coin[coin] = traders
        turn = _STILL_TURN if self.regime == "still" else turn_of(character)
        phase = blake2b(coin.encode(), digest_size=1).digest()[0] % turn
        self._turns.setdefault(turn, {}).setdefault(phase, []).append(traders)
        return traders

    def _open(self, traders: MarketTraders) -> None:
        market = traders.market
        for address in traders.addresses:
            self._chain.apply_now(Deposit(address, SYNTHETIC_DEPOSIT, market.dex))
            self._chain.apply_now(LimitHistory(address, KEPT_RECORDS))
            # Leverage 1 keeps them below every margin tier.
            self._chain.apply_now(UpdateLeverage(address, market.asset, not market.only_isolated, 1))
        self._put_up(traders)

    def _put_up(self, traders: MarketTraders) -> None:
        for command in traders.refresh(0):
            self._chain.apply_now(command)

    def _half_step(self) -> None:
        step, is_second = divmod(self._half_steps, 2)
        self._half_steps += 1
        do: Callable[[MarketTraders, float], list[Command]] = MarketTraders.act if is_second else MarketTraders.refresh
        commands: list[Command] = []
        for turn, phases in self._turns.items():
            seconds = turn * STEP_MS / 1000
            for traders in phases.get(step % turn, ()):
                commands += do(traders, seconds)
        if commands:
            self._chain.submit_commands(commands)

    def _move_oracles(self) -> None:
        prices = tuple([(traders.market.asset, traders.oracle_px) for traders in self.by_coin.values()])
        if prices:
            self._chain.submit_commands((SetManyPrices(prices),))
