"""What Hummingbot's database already has of this connector's orders and fills."""

from typing import Any

from hummingbot.connector.utils import TradeFillOrderDetails
from hummingbot.model.order import Order

from ..venue.messages import Fill
from .bot_identity import BotIdentity
from .fills import trade_id


class Recorded:
    """Asks the recorder that writes this connector's events, if there is one."""

    def __init__(self, connector: Any, identity: BotIdentity) -> None:
        self._connector = connector
        self._identity = identity

    def has_fill(self, fill: Fill, trading_pair: str) -> bool:
        """Whether a fill is in the database, as far as it can be known: True without a database, where nothing that
        happened before this life may be told again."""
        if self._identity.recorder is None:
            return True
        # Hummingbot gives the newest 2000 to each connector when it starts, and adds what it records.
        name = TradeFillOrderDetails(self._connector.display_name, trade_id(fill), trading_pair)
        return name in self._connector._current_trade_fills

    def has_order(self, cloid: str) -> bool:
        """Whether an order is in the database."""
        recorder = self._identity.recorder
        if recorder is None:
            return False
        with recorder.sql_manager.get_new_session() as session:
            return session.get(Order, cloid) is not None
