"""Positions as Hummingbot takes them, with what else the venue states about them."""

from decimal import Decimal

from hummingbot.connector.derivative.position import Position
from hummingbot.core.data_type.common import PositionSide

from ..venue.messages import PositionData


class VenuePosition(Position):
    """An open position: Hummingbot's, and the venue's margin mode, margin and liquidation price."""

    def __init__(self, trading_pair: str, data: PositionData) -> None:
        super().__init__(
            trading_pair=trading_pair,
            position_side=PositionSide.LONG if data.szi > 0 else PositionSide.SHORT,
            unrealized_pnl=data.unrealizedPnl,
            entry_price=data.entryPx or Decimal(0),
            amount=data.szi,
            leverage=Decimal(data.leverage.value),
        )
        self._data = data

    @property
    def margin_mode(self) -> str:
        """``cross`` or ``isolated``."""
        return self._data.leverage.type

    @property
    def liquidation_price(self) -> Decimal | None:
        """The mark price at which the venue liquidates it, in USD; None when none does, or it is not stated."""
        return self._data.liquidationPx

    @property
    def margin(self) -> Decimal:
        """What the position ties up, in its collateral: for an isolated one all it has."""
        return self._data.marginUsed

    @property
    def value(self) -> Decimal:
        """Its notional at the mark price, in USD."""
        return self._data.positionValue
