"""Carries out what accounts ask for that is not about orders, and tells what it changed."""

from collections.abc import Mapping

from .account_commands import AccountDeskCommand, ApproveBuilder, TopUpIsolatedMargin, UpdateIsolatedMargin
from .builders import approve_builder
from .isolated import NO_ISOLATED_POSITION, move_isolated_margin, top_up_isolated_margin
from .market_state import MarketState
from .outbox import Outbox
from .state import Account


class AccountDesk:
    """One method per command; each returns the error text of the whole action, or None."""

    __slots__ = ("_markets", "_outbox")

    def __init__(self, markets: Mapping[int, MarketState], outbox: Outbox) -> None:
        self._markets = markets
        self._outbox = outbox

    def apply(self, account: Account, command: AccountDeskCommand) -> str | None:
        """Do what `account` asks for."""
        match command:
            case UpdateIsolatedMargin() | TopUpIsolatedMargin():
                return self._isolated_margin(account, command)
            case ApproveBuilder(builder=builder, max_fee=max_fee):
                return approve_builder(account, builder, max_fee)
        raise TypeError(f"nobody carries out {command}")

    def _isolated_margin(self, account: Account, command: UpdateIsolatedMargin | TopUpIsolatedMargin) -> str | None:
        state = self._markets.get(command.asset)
        if state is None:
            return NO_ISOLATED_POSITION
        house = account.clearinghouse(state.market.dex)
        position = house.positions.get(command.asset)
        if isinstance(command, UpdateIsolatedMargin):
            error = move_isolated_margin(house, position, command.amount, self._markets)
        else:
            error = top_up_isolated_margin(house, position, command.leverage, self._markets)
        if error is None and position is not None:
            self._outbox.touch_position(account, position)
            self._outbox.touch_cash(account, house)
        return error
