"""The part of Hummingbot's connector contract about positions and margin: leverage, margin mode, isolated margin.

Reference, sections 3.5 and 14. The account's own setting of a market is known from its position, or from the stream of
its setting; only where neither tells it now is it asked for. An action is sent when something changes, and only then:
each one counts against the account's allowance.
"""

from decimal import Decimal

from hummingbot.core.data_type.common import PositionMode

from ..venue import actions
from ..venue.markets import Market
from ..venue.messages import Leverage
from ..venue.replies import Rejected, Unclear
from . import order_checks
from .account_watch import AccountWatch
from .budget import Priority
from .contract_balances import BalancesContract
from .credential_check import CredentialCheck
from .loops import LoopLock
from .positions import VenuePosition
from .requests import VenueUnavailable
from .settings import Settings

_ASKED_PER_POLL = 3
"""How many settings are asked for (20 weight each) with one poll of the account, where the stream does not tell."""


class MarginContract(BalancesContract):
    """Shows Hummingbot the positions, and sets what they are margined with."""

    _credential_check: CredentialCheck | None
    _leverage_lock: LoopLock
    _modes_tried: set[str]
    _settings: Settings
    _watch: AccountWatch

    # --- Positions

    def get_position(self, trading_pair: str) -> VenuePosition | None:
        """The open position of a pair with margin mode, margin and liquidation price; None when it is flat."""
        return self.account_positions.get(trading_pair)

    def supported_position_modes(self) -> list[PositionMode]:
        return [PositionMode.ONEWAY]

    async def _fetch_account_position_mode(self) -> PositionMode:
        return PositionMode.ONEWAY

    async def _trading_pair_position_mode_set(self, mode: PositionMode, trading_pair: str) -> tuple[bool, str]:
        if mode is PositionMode.ONEWAY:
            return True, ""
        return False, "Hyperliquid has one position per market: only ONEWAY is possible"

    def _show_positions(self) -> None:
        positions: dict[str, VenuePosition] = {}
        for data in self._account.positions():
            market = self._markets.table.by_coin.get(data.coin)
            pair = market.trading_pair if market is not None else f"{data.coin}-USD"
            position = VenuePosition(pair, data)
            positions[self._perpetual_trading.position_key(pair, position.position_side)] = position
        for key in [key for key in self.account_positions if key not in positions]:
            self._perpetual_trading.remove_position(key)
        for key, position in positions.items():
            self._perpetual_trading.set_position(key, position)
        self._watch.on_positions(self._account.positions())

    # --- Leverage and margin mode

    async def _set_trading_pair_leverage(self, trading_pair: str, leverage: int) -> tuple[bool, str]:
        if self._auth is None:
            return False, order_checks.without_keys(self._domain)
        try:
            if not self._markets.table.by_coin:
                await self._markets.refresh(max_age=5.0)
            market = self._market(trading_pair)
        except (order_checks.OrderRefused, VenueUnavailable) as error:
            return False, str(error)
        if leverage != int(leverage) or not 1 <= leverage <= market.max_leverage:
            return False, f"leverage {leverage} is not valid for {trading_pair}: use 1 to {market.max_leverage}"
        async with self._leverage_lock.here():
            await self._learn_leverage(market.coin)
            return await self._update_leverage(market, self._wanted_mode(market), int(leverage))

    async def _update_leverage(self, market: Market, mode: str, leverage: int) -> tuple[bool, str]:
        known = self._account.leverage(market.coin)
        if known is not None and (known.type, known.value) == (mode, leverage):
            return True, ""
        action = actions.update_leverage(market.asset_id, mode == "cross", leverage)
        is_set, problem = await self._carried_out(action)
        if is_set:
            self._account.set_leverage(market.coin, mode, leverage)
        return is_set, problem

    async def _learn_leverage(self, coin: str) -> None:
        """Makes sure that what is known of a coin's setting is true now."""
        if self._stream_is_live() and (self._account.is_leverage_followed(coin) or self._account.position(coin)):
            return
        try:
            self._account.update_leverage(coin, await self._reader.leverage(coin), followed=False)
        except VenueUnavailable as error:
            self._account.forget_leverage(coin)
            self.logger().debug(f"The leverage of {coin} cannot be asked for: {error}")

    def _wanted_mode(self, market: Market) -> str:
        """The margin mode that the user wants of a market; without a wish the account's own, else cross if allowed."""
        if market.only_isolated:
            return "isolated"
        wish = self._wish(market)
        if wish is not None:
            return wish
        known = self._account.leverage(market.coin)
        return known.type if known is not None else "cross"

    def _show_leverage(self) -> None:
        """Tells Hummingbot the account's own leverage of the traded pairs."""
        for market in self._traded_markets():
            known = self._account.leverage(market.coin)
            if known is not None:
                self._perpetual_trading.set_leverage(market.trading_pair, known.value)

    async def _learn_settings(self) -> None:
        """Asks for settings that no stream tells, a few at a time."""
        unknown = [market.coin for market in self._traded_markets() if self._account.leverage(market.coin) is None]
        for coin in unknown[:_ASKED_PER_POLL]:
            await self._learn_leverage(coin)
        if unknown:
            self._on_account_change()

    def _wish(self, market: Market) -> str | None:
        return self._settings.margin_modes.get(market.trading_pair) or self._settings.margin_mode

    def _apply_margin_modes(self) -> None:
        """Sets the margin modes that the user wants where the account's differ: once per market and start."""
        if self._settings.margin_mode is None and not self._settings.margin_modes:
            return
        for pair in self._settings.margin_modes.keys() - self._markets.table.by_trading_pair.keys() - self._modes_tried:
            self._modes_tried.add(pair)
            self.logger().warning(f"margin_modes of the settings file names {pair}, which is no market (case matters)")
        for market in self._traded_markets():
            wish, known = self._wish(market), self._account.leverage(market.coin)
            if wish is None or known is None or market.coin in self._modes_tried:
                continue
            self._modes_tried.add(market.coin)
            if wish == "cross" and market.only_isolated:
                self.logger().warning(f"{market.trading_pair} allows isolated margin only: the wish for cross is void")
            elif known.type != self._wanted_mode(market):
                self._home.spawn(self._change_mode, market, known)

    async def _change_mode(self, market: Market, known: Leverage) -> None:
        is_set, problem = await self._set_trading_pair_leverage(market.trading_pair, known.value)
        if not is_set:
            self.logger().warning(f"The margin mode of {market.trading_pair} stays {known.type}: {problem}")

    def _on_account_change(self) -> None:
        raise NotImplementedError

    # --- Isolated margin

    async def add_isolated_margin(self, trading_pair: str, amount: Decimal) -> tuple[bool, str]:
        """Moves margin to an isolated position.

        :param amount: in the market's collateral (USD), positive, at most six decimals.
        :return: whether it was moved, and if not, why.
        """
        return await self._home.call(self._move_margin, trading_pair, amount, True)

    async def remove_isolated_margin(self, trading_pair: str, amount: Decimal) -> tuple[bool, str]:
        """Takes margin from an isolated position; markets with strictly isolated margin do not allow it.

        :param amount: in the market's collateral (USD), positive, at most six decimals.
        :return: whether it was moved, and if not, why.
        """
        return await self._home.call(self._move_margin, trading_pair, amount, False)

    async def _move_margin(self, trading_pair: str, amount: Decimal, adds: bool) -> tuple[bool, str]:
        try:
            market = self._market(trading_pair)
        except order_checks.OrderRefused as error:
            return False, str(error)
        position = self._account.position(market.coin)
        if position is None:
            return False, f"there is no position of {trading_pair} to move margin to or from"
        if position.leverage.type != "isolated":
            return False, f"the position of {trading_pair} is on cross margin, which is shared: nothing can be moved"
        if market.strict_isolated and not adds:
            return False, f"{trading_pair} is strictly isolated: its margin is released as the position is closed"
        if not amount.is_finite() or amount <= 0:
            return False, f"expected a positive amount, got {amount}"
        try:
            action = actions.update_isolated_margin(market.asset_id, amount if adds else -amount)
        except ValueError as error:
            return False, str(error)
        return await self._carried_out(action)

    async def _carried_out(self, action: actions.Action) -> tuple[bool, str]:
        """Sends an action about margin; says whether the venue did it, and if not, why."""
        outcome = (await self._requests.act(action, 1, Priority.ORDER)).outcomes[0]
        if isinstance(outcome, Rejected | Unclear):
            return False, outcome.reason
        return True, ""
