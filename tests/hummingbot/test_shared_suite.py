"""Hummingbot's shared suite of perpetual connectors, whole, on ours.

What the suite asks for is given in the venue's own words. Where one of its tests demands what this connector must not
do, the test is replaced by one that asserts what is right, and says why.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any
from unittest.mock import AsyncMock, Mock, patch

import msgspec
from aioresponses import aioresponses
from hummingbot.core.data_type.common import OrderType, PositionMode, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState
from hummingbot.core.event.event_logger import EventLogger
from hummingbot.core.event.events import AccountEvent

from hyperliquid_perpetual import hyperliquid_perpetual_api_order_book_data_source as data_source
from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.trading import budget
from hyperliquid_perpetual.venue import client_ids
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import Message
from hyperliquid_perpetual.venue.markets import parse_market_table
from hyperliquid_perpetual.venue.messages import ClearinghouseState
from tests.hummingbot.shared_suite import mocked_venue as venue
from tests.hummingbot.shared_suite.hummingbot_suite import AbstractPerpetualDerivativeTests
from tests.hummingbot.shared_suite.order_words import OrderWords
from tests.hummingbot.shared_suite.venue_words import ADDRESS, NOW, SECRET_KEY, VenueWords


class SharedSuite(OrderWords, VenueWords, AbstractPerpetualDerivativeTests.PerpetualDerivativeTests):
    """The suite, with this venue's words put in."""

    # Client order ids are 0x and 32 hex digits here, the venue's order ids are numbers.
    client_order_id_prefix = client_ids.PREFIX + "0" * 23
    exchange_order_id_prefix = "2"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # Every market of the venue is quoted in USD.
        cls.quote_asset = "USD"
        cls.trading_pair = f"{cls.base_asset}-{cls.quote_asset}"
        cls.trading_pair_2 = f"COINBETA-{cls.quote_asset}"

    def setUp(self) -> None:
        self.enterContext(venue.as_urls(self.venue_at_rest))
        # All requests of this process to one host share a budget; the tests of the suite shall not.
        self.enterContext(patch.dict(budget._budgets, clear=True))
        # There are no market streams to wait for, and it is a certain time of day.
        self.enterContext(patch.object(data_source, "STREAM_WAIT_SECONDS", 0.0))
        self.enterContext(patch.object(data_source, "time", Mock(wraps=time, **{"time.return_value": float(NOW)})))
        super().setUp()
        self.addCleanup(self.exchange.logger().removeHandler, self)
        self.addCleanup(self.exchange._order_tracker.logger().removeHandler, self)
        # As after the start of the network. Closing a connection after each request would take turns of the loop.
        self.exchange._requests.keep_open()
        self.addAsyncCleanup(self.exchange._requests.close)
        # As the suite does with the symbol map: the market is known, its rules are not read yet.
        self.exchange._markets.table = parse_market_table([None], [self.metadata])
        # A stream never comes before the first reading of the account, which this stands for.
        self.exchange._account.mode = "portfolioMargin"
        state = venue.clearinghouse(time=0)
        self.exchange._account.update_dex("", _decoded(state, ClearinghouseState))

    def async_run_with_timeout(self, coroutine: Coroutine[Any, Any, Any], timeout: float = 1.0) -> Any:
        """Also lets what the coroutine woke up finish: a plain test looks at the result of a request right after the
        request was sent."""
        try:
            return super().async_run_with_timeout(coroutine, timeout)
        finally:
            self.run_async_with_timeout(_settled())

    def create_exchange_instance(self) -> HyperliquidPerpetualDerivative:
        return HyperliquidPerpetualDerivative(
            hyperliquid_perpetual_secret_key=SECRET_KEY,
            hyperliquid_perpetual_address=ADDRESS,
            trading_pairs=[self.trading_pair],
        )

    def _expected_initial_status_dict(self) -> dict[str, bool]:
        return super()._expected_initial_status_dict() | {
            "account_reconciled": False,
            "credentials_checked": False,
            "order_books_fresh": True,  # there are none yet, which is told above
        }

    def test_get_buy_and_sell_collateral_tokens(self) -> None:
        self.exchange._on_markets(self.exchange._markets.table)
        assert self.exchange.get_buy_collateral_token(self.trading_pair) == "USDC"
        assert self.exchange.get_sell_collateral_token(self.trading_pair) == "USDC"

    # ------------------------------------------------------------------ replaced: what must not be done here

    @aioresponses()
    async def test_cancel_order_not_found_in_the_exchange(self, mock_api: aioresponses) -> None:
        """Hummingbot counts the venue's "never placed, already canceled, or filled" towards losing the order. It may
        have been filled (D31), so here the order's true state is asked for, and nothing is counted."""
        order = self._tracked_order()
        self.configure_order_not_found_error_cancelation_response(order, mock_api)
        status_url = self.configure_http_error_order_status_response(order, mock_api)
        self.exchange.cancel(self.trading_pair, order.client_order_id)
        await asyncio.sleep(0.1)
        (asked,) = self._all_executed_requests(mock_api, status_url)
        self.validate_order_status_request(order, asked)
        assert order.is_open
        assert order.client_order_id in self.exchange.in_flight_orders
        assert self.exchange._order_tracker._order_not_found_records[order.client_order_id] == 0
        assert self.exchange._flow.resolver.pending == [order.client_order_id], "it will be asked for again"

    @aioresponses()
    async def test_update_order_status_when_request_fails_marks_order_as_not_found(
        self, mock_api: aioresponses
    ) -> None:
        """Hummingbot counts a failed request as an order that was not found, and after four of them the order as lost.
        A request that failed says nothing about an order (D29): it stays as it is, however often that happens."""
        order = self._tracked_order()
        for _ in range(self.exchange._order_tracker.lost_order_count_limit + 2):
            url = self.configure_http_error_order_status_response(order, mock_api)
            await self.exchange._update_order_status()
        requests = self._all_executed_requests(mock_api, url)
        assert len(requests) == self.exchange._order_tracker.lost_order_count_limit + 2
        self.validate_order_status_request(order, requests[0])
        assert order.is_open
        assert order.client_order_id in self.exchange.in_flight_orders
        assert self.exchange._order_tracker._order_not_found_records[order.client_order_id] == 0

    @aioresponses()
    async def test_update_order_status_when_filled_correctly_processed_even_when_trade_fill_update_fails(
        self, mock_api: aioresponses
    ) -> None:
        """Hummingbot completes an order without its fills when these cannot be had, which loses trades and fees for
        good (D28). Here a filled order waits for its fills, and completes with them."""
        order = self._tracked_order()
        fills_url = self.configure_erroneous_http_fill_trade_response(order, mock_api)
        status_url = self._configure_status(order, "filled", mock_api)
        await self.exchange._update_order_status()
        self.validate_trades_request(order, self._all_executed_requests(mock_api, fills_url)[0])
        self.validate_order_status_request(order, self._all_executed_requests(mock_api, status_url)[0])
        assert order.is_open
        assert self.buy_order_completed_logger.event_log == []

        self.configure_full_fill_trade_response(order, mock_api)
        await self.exchange._update_order_status()
        assert order.current_state is OrderState.FILLED
        (filled,) = self.order_filled_logger.event_log
        (completed,) = self.buy_order_completed_logger.event_log
        assert (filled.price, filled.amount, filled.trade_fee) == (order.price, order.amount, self.expected_fill_fee)
        assert (completed.base_asset_amount, completed.quote_asset_amount) == (order.amount, order.amount * order.price)
        assert order.client_order_id not in self.exchange.in_flight_orders

    @aioresponses()
    async def test_update_trading_rules_ignores_rule_with_error(self, mock_api: aioresponses) -> None:
        """Hummingbot's test has one market and wants an error logged. That a malformed market is left out shows only
        beside a good one; it is told with the market's place and reason, as a warning."""
        self.configure_erroneous_trading_rules_response(mock_api)
        await self.exchange._update_trading_rules()
        assert list(self.exchange.trading_rules) == [self.trading_pair]
        assert self.exchange._markets.table.problems == ("market 0 of dex '' cannot be read: KeyError('szDecimals')",)
        assert self.exchange._markets.table.by_trading_pair[self.trading_pair].asset_id == 1, "it keeps its place"

    @aioresponses()
    async def test_create_order_fails_when_trading_rule_error_and_raises_failure_event(
        self, mock_api: aioresponses
    ) -> None:
        """The same situation as in Hummingbot's test, but for the words of the reason, which are ours."""
        self._simulate_trading_rules_initialized()
        self.exchange._set_current_timestamp(1640780000)
        order_id = self.place_buy_order(amount=Decimal("0.0001"), price=Decimal("0.0001"))
        await asyncio.sleep(0.1)
        assert order_id not in self.exchange.in_flight_orders
        assert self.buy_order_created_logger.event_log == []
        (failure,) = self.order_failure_logger.event_log
        assert failure.timestamp == self.exchange.current_timestamp
        assert failure.order_type is OrderType.LIMIT
        assert failure.order_id == order_id
        assert failure.error_message == (
            f"amount 0.0001 is below the lot size of {self.trading_pair}: the smallest amount is 0.01"
        )
        mock_api.assert_not_called()

    async def test_user_stream_logs_errors(self) -> None:
        """Hummingbot puts a raw text into the queue and wants an error logged. Frames are decoded before they get
        there: one that cannot be read is counted, and one that cannot be applied is logged; the next one is not
        affected by either."""
        order = self._tracked_order()
        unreadable = decode_frame("Invalid message")
        good = self.order_event_for_new_order_websocket_update(order)
        apply = self.exchange._dispatcher.on_message
        with patch.object(self.exchange._dispatcher, "on_message", side_effect=[ValueError("a defect"), None, None]):
            await self._listen_to(unreadable)
        self.exchange._dispatcher.on_message = apply
        assert any(record.levelname == "ERROR" and record.exc_info for record in self.log_records)
        await self._listen_to(unreadable, good)
        assert self.exchange._dispatcher.counters.unreadable == 1
        assert order.current_state is OrderState.OPEN

    @aioresponses()
    def test_set_position_mode_failure(self, mock_api: aioresponses) -> None:
        """Hummingbot's test lets the venue refuse HEDGE. This venue has no such request: it is refused here."""
        self.exchange.set_position_mode(PositionMode.HEDGE)
        self.async_run_with_timeout(_settled())
        assert self.is_logged("ERROR", f"Position mode {PositionMode.HEDGE} is not supported. Mode not set.")
        assert self.exchange.position_mode is PositionMode.ONEWAY
        mock_api.assert_not_called()

    @aioresponses()
    def test_set_position_mode_success(self, mock_api: aioresponses) -> None:
        """Hummingbot's test switches to HEDGE and back. Here there is one mode, which can be set any time."""
        succeeded = EventLogger()
        self.exchange.add_listener(AccountEvent.PositionModeChangeSucceeded, succeeded)
        self.exchange.set_position_mode(PositionMode.ONEWAY)
        self.async_run_with_timeout(_settled())
        assert self.exchange.position_mode is PositionMode.ONEWAY
        assert [(event.trading_pair, event.position_mode) for event in succeeded.event_log] == [
            (self.trading_pair, PositionMode.ONEWAY)
        ]
        mock_api.assert_not_called()

    def _tracked_order(self) -> InFlightOrder:
        self.exchange._set_current_timestamp(1640780000)
        order_id = self.client_order_id_prefix + "1"
        self.exchange.start_tracking_order(
            order_id=order_id,
            exchange_order_id=str(self.expected_exchange_order_id),
            trading_pair=self.trading_pair,
            order_type=OrderType.LIMIT,
            trade_type=TradeType.BUY,
            price=Decimal(10_000),
            amount=Decimal(1),
        )
        order: InFlightOrder = self.exchange.in_flight_orders[order_id]
        return order

    async def _listen_to(self, *messages: Message) -> None:
        queue = AsyncMock()
        queue.get.side_effect = [*messages, asyncio.CancelledError]
        self.exchange._user_stream_tracker._user_stream = queue
        with contextlib.suppress(asyncio.CancelledError):
            await self.exchange._user_stream_event_listener()


async def _settled() -> None:
    """Nothing is left to do without time passing or something coming in."""
    for _ in range(100):
        await asyncio.sleep(0)


def _decoded(value: Any, as_type: Any) -> Any:
    return msgspec.json.decode(json.dumps(value), type=as_type)
