"""What comes in is applied in the very step of the event loop in which it was read: no task is waited for."""

import json

from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from tests.bot import Bot, trading_bot

PAIR = "BTC-USD"


def book_frame(bot: Bot, bid: float) -> str:
    """A deep book of one level a side, newer than any before."""
    time = bot.connector._orderbook_ds._feed.book("BTC").time + 1
    levels = [[{"px": f"{bid:.1f}", "sz": "1.5", "n": 1}], [{"px": f"{bid + 3:.1f}", "sz": "2.0", "n": 1}]]
    return json.dumps({"channel": "l2Book", "data": {"coin": "BTC", "time": time, "levels": levels}})


def best_bid(bot: Bot) -> tuple[float, float]:
    best = next(bot.connector.get_order_book(PAIR).bid_entries())
    return best.price, best.amount


async def test_book_that_strategies_read_has_a_change_by_the_time_its_frame_was_read() -> None:
    async with trading_bot() as bot:
        metrics = bot.connector.order_book_tracker.metrics
        of_pair = metrics.get_or_create_pair_metrics(PAIR)
        before = metrics.total_diffs_processed, of_pair.diffs_processed
        bot.connector._orderbook_ds._feed._take_depth(decode_frame(book_frame(bot, 50_000.0)))
        assert best_bid(bot) == (50_000.0, 1.5)
        assert (metrics.total_diffs_processed, of_pair.diffs_processed) == (before[0] + 1, before[1] + 1)
        assert of_pair.last_diff_timestamp > 0


async def test_change_of_a_book_that_nobody_tracks_goes_over_hummingbots_queue() -> None:
    """Programs that embed the data source alone read it there."""
    async with trading_bot() as bot:
        source, tracker = bot.connector._orderbook_ds, bot.connector.order_book_tracker
        tracker.stop()
        queue = source._message_queue[source._diff_messages_queue_key]
        waiting = queue.qsize()
        tracker._tracking_message_queues.pop(PAIR, None)
        source._feed._take_depth(decode_frame(book_frame(bot, 40_000.0)))
        assert queue.qsize() == waiting + 1


async def test_fill_is_told_by_the_time_its_frame_was_read() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", PAIR, "0.01", bot.price("BTC", "0.99"))
        order = bot.order(order_id)
        fill = {
            **{"coin": "BTC", "px": str(order.price), "sz": "0.004", "side": "B", "time": 1_800_000_000_000},
            **{
                "oid": int(str(order.exchange_order_id)),
                "fee": "0.01",
                "feeToken": "USDC",
                "tid": 77,
                "crossed": False,
            },
        }
        frame = json.dumps({"channel": "userFills", "data": {"user": bot.address, "fills": [fill]}})
        connection = bot.connector._user_stream_tracker.data_source._connection
        connection._take(decode_frame(frame))
        assert [event.exchange_trade_id for event in bot.events(MarketEvent.OrderFilled, order_id)]
        assert bot.state(order_id) is OrderState.PARTIALLY_FILLED


async def test_message_that_cannot_be_applied_does_not_hold_up_the_next_one() -> None:
    async with trading_bot() as bot:
        connection = bot.connector._user_stream_tracker.data_source._connection
        real, calls = bot.connector._dispatcher.on_message, []

        def broken_once(message: object) -> None:
            calls.append(message)
            if len(calls) == 1:
                raise ZeroDivisionError("what a strategy may raise")
            real(message)

        bot.connector._dispatcher.on_message = broken_once
        frame = decode_frame('{"channel":"orderUpdates","data":[]}')
        connection._take(frame)
        connection._take(frame)
        assert len(calls) == 2
        assert bot.log.errors
        assert connection.is_live
