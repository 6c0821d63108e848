"""The connector inside other programs: without keys, without ``start_network``, without a clock, piece by piece.

Programs that embed it use what suits them of the base class, and leave nothing behind: no task, no socket, no session.
"""

import asyncio
import contextlib
import gc
import os
import warnings
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE
from tests.bot import DOMAIN, eventually, sandbox_at

BLANK = {
    "hyperliquid_perpetual_secret_key": "",
    "hyperliquid_perpetual_address": "",
    "use_vault": "",
    "hyperliquid_perpetual_mode": "",
}
"""All keys as Hummingbot's market data provider gives them to connectors that do not trade."""


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxThread]:
    monkeypatch.setenv(RATES_DOMAIN_VARIABLE, DOMAIN)
    with Sandbox.in_thread(seed=7, market="calm", block_ms=0) as thread, sandbox_at(thread.url):
        yield thread


def open_files() -> int:
    """Open files and sockets; the count that a process shares with others per host stays open as long as it lives."""
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return sum(
        f"hyperliquid-perpetual-{os.getuid()}" not in os.readlink(link) for link in links if os.path.lexists(link)
    )


@contextlib.asynccontextmanager
async def nothing_left_behind() -> AsyncIterator[None]:
    """Fails when tasks, open files or sockets are there afterwards that were not there before."""
    gc.collect()
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: complaints.append(str(context["message"])))
    tasks, files = asyncio.all_tasks(), open_files()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield
        await eventually(
            lambda: asyncio.all_tasks() <= tasks and open_files() <= files,
            10,
            lambda: f"{asyncio.all_tasks() - tasks}, {open_files()} files instead of {files}",
        )
        gc.collect()
        await asyncio.sleep(0)
    complaints += [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)]
    assert not complaints


def keyless(*trading_pairs: str) -> HyperliquidPerpetualDerivative:
    return HyperliquidPerpetualDerivative(trading_pairs=list(trading_pairs), trading_required=False, **BLANK)


def trader(*trading_pairs: str, **changes: Any) -> HyperliquidPerpetualDerivative:
    return HyperliquidPerpetualDerivative(trading_pairs=list(trading_pairs), domain=DOMAIN, **changes)


def order_of(connector: HyperliquidPerpetualDerivative, order_id: str) -> InFlightOrder | None:
    return connector._order_tracker.fetch_order(order_id)


def state_of(connector: HyperliquidPerpetualDerivative, order_id: str) -> OrderState | None:
    order = order_of(connector, order_id)
    return None if order is None else order.current_state


def buy(connector: HyperliquidPerpetualDerivative, amount: str, price: str, **terms: Any) -> str:
    terms = {"order_type": OrderType.LIMIT, "position_action": PositionAction.OPEN} | terms
    order_id: str = connector.buy("BTC-USD", Decimal(amount), price=Decimal(price), **terms)
    return order_id


# ------------------------------------------------------------------------------ without keys


async def test_public_data_without_keys_by_requests_alone(exchange: SandboxThread) -> None:
    async with nothing_left_behind():
        connector = keyless()
        pairs = await connector.all_trading_pairs()
        assert {"BTC-USD", "kPEPE-USD", "xyz:TSLA-USD"} <= set(pairs)
        prices = await connector.get_last_traded_prices(["BTC-USD", "xyz:TSLA-USD"])
        assert all(price > 0 for price in prices.values())
        assert len(await connector.get_all_pairs_prices()) >= len(pairs) / 2
        await connector._update_trading_rules()
        assert connector.trading_rules["BTC-USD"].min_base_amount_increment > 0
        assert await connector.exchange_symbol_associated_to_pair("kPEPE-USD") == "kPEPE"
        assert await connector.check_network()
        assert not [r for r in exchange.run(lambda sandbox: sandbox.requests()) if b'"user"' in r.body]


async def test_streams_without_keys_follow_no_account(exchange: SandboxThread) -> None:
    async with nothing_left_behind():
        connector = keyless("BTC-USD", "xyz:TSLA-USD")
        await connector.start_network()
        try:
            await eventually(lambda: connector.ready, 30, lambda: str(connector.status_dict))
            assert connector.get_price("xyz:TSLA-USD", True) > connector.get_price("xyz:TSLA-USD", False) > 0
            assert connector.get_funding_info("BTC-USD").mark_price > 0
            assert await connector.add_trading_pair("ETH-USD")
            assert connector.get_mid_price("ETH-USD") > 0
            assert await connector.remove_trading_pair("ETH-USD")
            assert exchange.run(lambda sandbox: sandbox.sockets) == 2  # the tops of books and the depths, no account
        finally:
            await connector.stop_network()


async def test_everything_about_an_account_is_empty_without_keys_and_nothing_is_asked(
    exchange: SandboxThread, caplog: pytest.LogCaptureFixture
) -> None:
    connector = keyless("BTC-USD")
    await connector._update_trading_rules()
    await connector._update_balances()
    await connector._update_positions()
    await connector._update_trading_fees()
    await connector._update_order_status()
    await connector._status_polling_loop_fetch_updates()
    await connector._update_all_funding_payments(fire_event_on_new=True)
    assert not connector.get_all_balances()
    assert not connector.account_positions
    assert connector.get_balance("USD") == 0
    assert not [r for r in exchange.run(lambda sandbox: sandbox.requests()) if b'"user"' in r.body]

    order_id = buy(connector, "0.001", "50000")
    await eventually(lambda: state_of(connector, order_id) is OrderState.FAILED)
    assert "was started without keys" in str(connector.order_failure_reason(order_id))
    await connector._execute_set_leverage("BTC-USD", 3)
    assert connector.get_leverage("BTC-USD") == 1
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert not exchange.run(lambda sandbox: sandbox.requests("/exchange"))


# ------------------------------------------------------------------------------ piece by piece


@pytest.mark.timeout(180)
async def test_trading_with_tasks_started_one_by_one_and_the_network_never(exchange: SandboxThread) -> None:
    """As hummingbot-api does: rules, balances and positions by hand, the account's stream, no order books, no clock."""
    async with nothing_left_behind():
        connector = trader("BTC-USD")
        await connector._update_trading_rules()
        await connector._update_balances()
        await connector._update_positions()
        assert connector.get_balance("USD") > 0
        connector._trading_rules_polling_task = asyncio.ensure_future(connector._trading_rules_polling_loop())
        connector._trading_fees_polling_task = asyncio.ensure_future(connector._trading_fees_polling_loop())
        connector._user_stream_tracker_task = connector._create_user_stream_tracker_task()
        connector._user_stream_event_listener_task = asyncio.ensure_future(connector._user_stream_event_listener())
        connector._lost_orders_update_task = asyncio.ensure_future(connector._lost_orders_update_polling_loop())
        try:
            await eventually(connector._is_user_stream_initialized, 20)

            order_id = buy(connector, "0.001", "50000")
            await eventually(lambda: state_of(connector, order_id) is OrderState.OPEN, 20)
            assert connector.limit_orders[0].creation_timestamp > 1_700_000_000_000_000
            await connector._update_order_status()
            assert state_of(connector, order_id) is OrderState.OPEN
            connector.cancel("BTC-USD", order_id)
            await eventually(lambda: state_of(connector, order_id) is OrderState.CANCELED, 20)

            # There is no order book here: the price of a market order comes from the venue's mids.
            market_id = buy(connector, "0.002", "NaN", order_type=OrderType.MARKET)
            await eventually(lambda: state_of(connector, market_id) is OrderState.FILLED, 20)
            order = order_of(connector, market_id)
            assert order is not None
            assert order.executed_amount_base == Decimal("0.002")
            await eventually(lambda: "BTC-USD" in connector.account_positions, 20)
            assert connector.account_positions["BTC-USD"].amount == Decimal("0.002")

            await connector._execute_set_leverage("BTC-USD", 4)
            assert connector.get_leverage("BTC-USD") == 4
            assert (await connector.get_last_traded_prices(["BTC-USD"]))["BTC-USD"] > 0
        finally:
            await connector.stop_network()


async def test_prices_of_a_venue_that_cannot_be_reached_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "http://127.0.0.1:9")
    connector = trader(trading_required=False)
    with pytest.raises(VenueUnavailable, match=r"127\.0\.0\.1"):
        await connector.get_last_traded_prices(["BTC-USD"])


async def test_prices_of_a_pair_that_is_none_name_those_that_are(exchange: SandboxThread) -> None:
    with pytest.raises(KeyError, match="hyperliquid_perpetual_sandbox has no market 'BTC-USDT'; near it are: BTC-USD"):
        await trader(trading_required=False).get_last_traded_prices(["BTC-USDT"])


async def test_account_by_requests_alone_tells_the_present_state_each_time(exchange: SandboxThread) -> None:
    """As ``balance`` does, and programs that poll: no stream is there to keep positions up to date."""
    async with nothing_left_behind():
        connector = trader("BTC-USD")
        await connector._update_trading_rules()
        for size in ("0.001", "0.002"):
            order_id = buy(connector, "0.001", "NaN", order_type=OrderType.MARKET)
            await eventually(lambda i=order_id: bool(order_of(connector, i)), 20)
            await eventually(lambda: not exchange.run(lambda sandbox: sandbox.open_orders(DEMO_ADDRESS)), 20)
            await eventually(
                lambda s=size: (
                    exchange.run(lambda sandbox: sandbox.account(DEMO_ADDRESS)).position("BTC") == Decimal(s)
                ),
                20,
            )
            await asyncio.sleep(1.1)  # what was read a moment ago is not read again
            await connector._update_positions()
            assert connector.account_positions["BTC-USD"].amount == Decimal(size)
            await connector._update_order_status()
            await eventually(lambda i=order_id: state_of(connector, i) is OrderState.FILLED, 20)
        await connector.stop_network()


async def test_fresh_connector_shows_balances_and_positions_of_every_dex(exchange: SandboxThread) -> None:
    """As ``hbot balance`` does: no pairs, nothing loaded, nothing started."""
    async with nothing_left_behind():
        earlier = trader("xyz:TSLA-USD")
        await earlier._update_trading_rules()
        order_id = earlier.buy("xyz:TSLA-USD", Decimal("0.5"), OrderType.MARKET, position_action=PositionAction.OPEN)
        await eventually(
            lambda: bool(exchange.run(lambda sandbox: sandbox.account(DEMO_ADDRESS)).position("xyz:TSLA")), 20
        )
        await earlier.stop_network()
        assert order_id

        connector = trader()
        await connector._update_balances()
        await connector._update_positions()
        assert connector.get_all_balances()["USDC"] > 0
        position = connector.account_positions["xyz:TSLA-USD"]
        assert (float(position.amount), int(position.leverage)) == (0.5, int(position.leverage))
        before = len(exchange.run(lambda sandbox: sandbox.requests()))
        await connector._update_positions()
        assert len(exchange.run(lambda sandbox: sandbox.requests())) == before


async def test_order_book_tracker_alone(exchange: SandboxThread) -> None:
    async with nothing_left_behind():
        connector = trader("BTC-USD", "ETH-USD")
        connector.order_book_tracker.start()
        await eventually(lambda: connector.order_book_tracker.ready, 30)
        assert connector.get_order_book("ETH-USD").get_price(True) > connector.get_price("ETH-USD", False) > 0
        assert connector.get_vwap_for_volume("BTC-USD", True, Decimal("0.1")).result_price > 0
        connector.order_book_tracker.stop()


async def test_keys_without_trading_read_the_account_and_follow_no_orders(exchange: SandboxThread) -> None:
    async with nothing_left_behind():
        connector = trader("BTC-USD", trading_required=False)
        await connector.start_network()
        try:
            await eventually(lambda: connector.ready, 30, lambda: str(connector.status_dict))
            assert connector._user_stream_tracker_task is None
            await connector._update_balances()
            assert connector.get_balance("USD") > 0
        finally:
            await connector.stop_network()


async def test_network_without_a_clock_becomes_ready_and_trades(exchange: SandboxThread) -> None:
    async with nothing_left_behind():
        connector = trader("BTC-USD")
        await connector.start_network()
        try:
            await eventually(lambda: connector.ready, 30, lambda: str(connector.status_dict))
            order_id = buy(connector, "0.001", "50000")
            await eventually(lambda: state_of(connector, order_id) is OrderState.OPEN, 20)
            assert [result.success for result in await connector.cancel_all(20)] == [True]
        finally:
            await connector.stop_network()


async def test_started_and_stopped_again_and_again_leaves_nothing_behind(exchange: SandboxThread) -> None:
    async with nothing_left_behind():
        connector = trader("BTC-USD")
        for seconds in (0.0, 0.05, 0.3):
            await connector.start_network()
            await asyncio.sleep(seconds)
            await connector.stop_network()
        await asyncio.gather(*(connector.start_network() for _ in range(3)))
        await eventually(lambda: connector.ready, 30, lambda: str(connector.status_dict))
        await connector.stop_network()
