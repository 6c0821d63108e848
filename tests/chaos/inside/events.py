"""Every event that Hummingbot is told about an order, noted in a file before anything else can happen."""

import json
from pathlib import Path
from typing import Any

from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

KINDS = (
    MarketEvent.BuyOrderCreated,
    MarketEvent.SellOrderCreated,
    MarketEvent.OrderFilled,
    MarketEvent.BuyOrderCompleted,
    MarketEvent.SellOrderCompleted,
    MarketEvent.OrderCancelled,
    MarketEvent.OrderFailure,
)


class Events:
    """Keeps itself and its listeners alive: Hummingbot holds them weakly."""

    def __init__(self, connector: Any, file: Path) -> None:
        self._file = file
        self._forwarders = [self._listen(connector, kind) for kind in KINDS]

    def _listen(self, connector: Any, kind: MarketEvent) -> EventForwarder:
        forwarder = EventForwarder(lambda event: self._note(kind, event))
        connector.add_listener(kind, forwarder)
        return forwarder

    def _note(self, kind: MarketEvent, event: Any) -> None:
        said = {"event": kind.name, "id": event.order_id, "why": getattr(event, "error_message", None)}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(said, default=str) + "\n")
