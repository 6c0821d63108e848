"""What Hummingbot's database already has of this connector's orders, fills and funding payments."""

from typing import Any

from hummingbot.connector.utils import TradeFillOrderDetails
from hummingbot.model.funding_payment import FundingPayment
from hummingbot.model.order import Order
from sqlalchemy import func

from ..venue.messages import Fill
from .bot_identity import BotIdentity
from .fills import trade_id

FUNDINGS_READ = 1000
"""How many of the newest funding payments are looked at."""


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

    def fundings(self) -> list[tuple[float, str]]:
        """Times (Unix seconds, as they were recorded) and trading pairs of the newest funding payments."""
        recorder = self._identity.recorder
        if recorder is None:
            return []
        columns = (FundingPayment.timestamp, FundingPayment.symbol)
        with recorder.sql_manager.get_new_session() as session:
            rows = (
                session.query(*columns)
                .filter(FundingPayment.market == self._connector.display_name)
                .order_by(FundingPayment.timestamp.desc())
                .limit(FUNDINGS_READ)
                .all()
            )
        return [(float(timestamp), str(pair)) for timestamp, pair in rows]

    def first_order_ms(self) -> int | None:
        """When the bot's first order was created, Unix milliseconds; None when there is none."""
        recorder = self._identity.recorder
        if recorder is None:
            return None
        with recorder.sql_manager.get_new_session() as session:
            first = (
                session.query(func.min(Order.creation_timestamp))
                .filter(
                    Order.config_file_path == recorder.config_file_path, Order.market == self._connector.display_name
                )
                .scalar()
            )
        return int(first) if first else None

    @property
    def is_there(self) -> bool:
        """Whether there is a database."""
        return self._identity.recorder is not None
