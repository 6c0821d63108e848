"""What both connectors are measured with: frames that go the whole way through Hummingbot, until strategies see them.

Each connector says how a frame enters it; what comes out (an order book, an event) is Hummingbot's own.
"""

import asyncio
import itertools
from decimal import Decimal

from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import OrderState, OrderUpdate
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent
from work import book_frames, fill_frames

PAIR = "BTC-USD"
FRAMES = 2_000


def first_frame():
    """The text of the frame that comes before all others."""
    return book_frames(1)[0][0]


async def book(hand_in, order_book):
    """A book frame, from its text until the order book that strategies read has it.

    :param hand_in: takes the text of a frame. :param order_book: the book.
    """
    frames = itertools.cycle(book_frames(FRAMES)[1:])

    async def run(times):
        for _ in range(times):
            text, expected = next(frames)
            hand_in(text)
            turns = 0
            while volume_at_the_top(order_book) != expected:
                turns += 1
                if turns > 1_000:
                    raise AssertionError(f"the book never had {expected}: {volume_at_the_top(order_book)}")
                await asyncio.sleep(0)

    return run


def volume_at_the_top(order_book):
    """Best bid and its size."""
    best = next(order_book.bid_entries())
    return best.price, best.amount


def track(connector, cloid, price, amount):
    """Has a connector track a limit order to buy, as if it had been sent."""
    connector.start_tracking_order(
        order_id=cloid,
        exchange_order_id=None,
        trading_pair=PAIR,
        trade_type=TradeType.BUY,
        price=price,
        amount=amount,
        order_type=OrderType.LIMIT,
        position_action=PositionAction.OPEN,
    )


async def fill(connector, hand_in, count, channel):
    """A fill of one of ``count`` open orders, from its text until strategies are told.

    :param hand_in: takes the text of a frame, as the connector's reader of its socket does.
    """
    reader = asyncio.ensure_future(connector._user_stream_event_listener())
    heard = []
    listener = EventForwarder(lambda event: heard.append(event))
    connector.add_listener(MarketEvent.OrderFilled, listener)
    for number in range(count):
        cloid = f"0x{number:032x}"
        track(connector, cloid, Decimal(84_000), Decimal(1_000_000))
        connector._order_tracker.process_order_update(
            OrderUpdate(PAIR, 1.0, OrderState.OPEN, client_order_id=cloid, exchange_order_id=str(1_000 + number))
        )
    await asyncio.sleep(0.1)
    frames = iter(fill_frames(300_000, channel, [1_000 + number for number in range(count)]))

    async def run(times):
        for _ in range(times):
            before = len(heard)
            hand_in(next(frames))
            turns = 0
            while len(heard) == before:
                turns += 1
                if turns > 1_000:
                    raise AssertionError("the fill was never told")
                await asyncio.sleep(0)

    def tidy():
        # What orders keep of their fills would be what is measured in the end.
        heard.clear()
        for order in connector.in_flight_orders.values():
            order.order_fills.clear()

    run.tidy, run.keep = tidy, (listener, reader)
    return run
