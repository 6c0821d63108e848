"""Everybody who trades one market, in the order in which they act."""

from typing import Any

from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.units import PRICE_SCALE
from hyperliquid_perpetual.sandbox.market_character import Character
from hyperliquid_perpetual.sandbox.oracle import PricePath
from hyperliquid_perpetual.sandbox.remembering import Remembering
from hyperliquid_perpetual.sandbox.traders.arbitrage import Arbitrageur
from hyperliquid_perpetual.sandbox.traders.desk import Desk
from hyperliquid_perpetual.sandbox.traders.market_makers import MarketMaker
from hyperliquid_perpetual.sandbox.traders.metaorders import MetaorderTakers
from hyperliquid_perpetual.sandbox.traders.momentum import MomentumTrader
from hyperliquid_perpetual.sandbox.traders.noise import NoiseTrader
from hyperliquid_perpetual.sandbox.traders.regimes import Behaviour
from hyperliquid_perpetual.sandbox.traders.sweepers import Sweepers


class MarketTraders(Remembering):
    """The traders of one market, its fair price among them.

    A step has two halves. In the first the fair price moves and the makers follow it; in the second the others trade
    with the book that there is then.
    """

    _remembers = ("_absent",)

    def __init__(
        self, exchange: Exchange, state: MarketState, behaviour: Behaviour, character: Character, seed: int
    ) -> None:
        self._state = state
        self._behaviour = behaviour
        self._desk = desk = Desk(exchange, state, character, seed)
        self.character = character
        self.path = PricePath(
            state.market.oracle_px / PRICE_SCALE, behaviour.path, character.volatility, desk.random("price")
        )
        self._random = desk.random("absence")
        self._usual_volatility = behaviour.path.volatility or 1.0
        self.makers = tuple(MarketMaker(desk, parameters, number) for number, parameters in enumerate(behaviour.makers))
        self._arbitrageur = Arbitrageur(desk, behaviour.arbitrage)
        addresses = [maker.address for maker in self.makers] + [self._arbitrageur.address]
        self._actors: list[MetaorderTakers | MomentumTrader | NoiseTrader | Sweepers] = []
        if behaviour.metaorders is not None:
            takers = MetaorderTakers(desk, behaviour.metaorders)
            self._actors.append(takers)
            addresses += takers.addresses
        if behaviour.momentum is not None:
            follower = MomentumTrader(desk, behaviour.momentum)
            self._actors.append(follower)
            addresses.append(follower.address)
        if behaviour.noise is not None:
            noise = NoiseTrader(desk, behaviour.noise)
            self._actors.append(noise)
            addresses.append(noise.address)
        if behaviour.sweepers is not None:
            sweepers = Sweepers(desk, behaviour.sweepers)
            self._actors.append(sweepers)
            addresses.append(sweepers.address)
        self.addresses = tuple(addresses)
        """All accounts of these traders."""
        self._absent = 0.0

    @property
    def market(self) -> Market:
        """The market they trade."""
        return self._state.market

    @property
    def oracle_px(self) -> int:
        """The outside price now, in 1e-6 USD."""
        return max(1, round(self.path.price * PRICE_SCALE))

    def refresh(self, seconds: float) -> list[Command]:
        """Let time pass, and have the makers follow the price."""
        fair = self.path.step(seconds) * PRICE_SCALE
        behaviour = self._behaviour
        if behaviour.withdrawal is not None and self._leave(behaviour.withdrawal, seconds):
            return [command for maker in self.makers for command in maker.withdraw()]
        roughness = self.path.volatility / self._usual_volatility
        commands: list[Command] = []
        for maker in self.makers:
            commands += maker.refresh(fair, roughness, seconds)
        return commands

    def act(self, seconds: float) -> list[Command]:
        """What the others do after some time has passed."""
        commands = self._arbitrageur.act(self.path.price * PRICE_SCALE)
        for actor in self._actors:
            commands += actor.act(seconds)
        return commands

    def dump(self) -> dict[str, Any]:
        members = (self.path, *self.makers, *self._actors)
        return {**super().dump(), "members": [member.dump() for member in members]}

    def load(self, dumped: dict[str, Any]) -> None:
        super().load(dumped)
        for member, state in zip((self.path, *self.makers, *self._actors), dumped["members"], strict=True):
            member.load(state)

    def _leave(self, withdrawal: float, seconds: float) -> bool:
        """Whether the makers are away, because the price has jumped not long ago."""
        self._absent -= seconds
        if abs(self.path.jump) > withdrawal:
            self._absent = self._behaviour.absence_seconds * (0.3 + 0.7 * self._random.expovariate(1))
        return self._absent > 0
