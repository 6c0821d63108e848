"""What Hummingbot's order book tracker and funding listener take, made of typed market data.

Timestamps are in seconds there, prices and sizes of books are floats, a trade's id is the venue's ``tid``.
"""

from typing import Any

from hummingbot.core.data_type.common import TradeType
from hummingbot.core.data_type.funding_info import FundingInfo, FundingInfoUpdate
from hummingbot.core.data_type.order_book_message import OrderBookMessage, OrderBookMessageType
from hummingbot.core.data_type.order_book_row import OrderBookRow

from ..venue.funding import next_funding_time
from ..venue.messages import AssetContext, Trade
from .order_book import BookChange, ComposedBook


class BookMessage(OrderBookMessage):
    """A message whose content already has the rows that Hummingbot's book takes."""

    @property
    def bids(self) -> list[OrderBookRow]:
        return self.content["bids"]

    @property
    def asks(self) -> list[OrderBookRow]:
        return self.content["asks"]


def change_message(trading_pair: str, change: BookChange) -> BookMessage:
    """The changed levels of a book."""
    content = {
        "trading_pair": trading_pair,
        "update_id": change.update_id,
        "bids": [OrderBookRow(level.price, level.amount, level.update_id) for level in change.bids],
        "asks": [OrderBookRow(level.price, level.amount, level.update_id) for level in change.asks],
    }
    return BookMessage(OrderBookMessageType.DIFF, content, change.time / 1000)


def snapshot_message(trading_pair: str, book: ComposedBook) -> BookMessage:
    """A whole book."""
    content = {
        "trading_pair": trading_pair,
        "update_id": book.update_id,
        "bids": [OrderBookRow(price, size, book.update_id) for price, size in book.bids],
        "asks": [OrderBookRow(price, size, book.update_id) for price, size in book.asks],
    }
    return BookMessage(OrderBookMessageType.SNAPSHOT, content, book.time / 1000)


def trade_message(trading_pair: str, trade: Trade) -> OrderBookMessage:
    """A public trade; its type is what the aggressor did."""
    content = {
        "trading_pair": trading_pair,
        "trade_type": float((TradeType.BUY if trade.side == "B" else TradeType.SELL).value),
        "trade_id": trade.tid,
        "price": trade.px,
        "amount": trade.sz,
    }
    return OrderBookMessage(OrderBookMessageType.TRADE, content, trade.time / 1000)


def funding_info(trading_pair: str, context: AssetContext, now: float) -> FundingInfo:
    """Prices in USD, the rate for one hour, and when it is paid next. ``now`` in Unix seconds."""
    return FundingInfo(trading_pair=trading_pair, **_funding(context, now))


def funding_update(trading_pair: str, context: AssetContext, now: float) -> FundingInfoUpdate:
    """The same as a change of what was known."""
    return FundingInfoUpdate(trading_pair=trading_pair, **_funding(context, now))


def _funding(context: AssetContext, now: float) -> dict[str, Any]:
    return {
        "index_price": context.oraclePx,
        "mark_price": context.markPx,
        "next_funding_utc_timestamp": next_funding_time(now),
        "rate": context.funding,
    }
