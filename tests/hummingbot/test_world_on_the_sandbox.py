"""What happens to the connector when the venue's world changes: liquidation, delisting, new and broken markets."""

from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, eventually, trading_bot
from tests.unit.sandbox.client import Client, order, wallet


async def open_position(bot: Bot, pair: str, size: str) -> None:
    """Buys at market and waits until the bot knows."""
    order_id = bot.place("buy", pair, size, order_type=OrderType.MARKET)
    await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 10, lambda: str(bot.log))
    await eventually(lambda: pair in bot.connector.account_positions, 10)


async def test_liquidation_ends_orders_and_positions_and_is_no_fill_of_the_bot() -> None:
    exchange = Sandbox(seed=7, market="empty", block_ms=0, deposit=1_000)
    async with (
        exchange,
        trading_bot("ETH-USD", exchange=exchange) as bot,
        Client(exchange, wallet(13)) as other,
    ):
        exchange.fund(other.address, 100_000)
        await other.place(order(1, False, "2817.5", "5"))
        opening = bot.place("buy", "ETH-USD", "5", "2817.5")
        await eventually(lambda: bot.state(opening) is OrderState.FILLED, 10, lambda: str(bot.log))
        resting = await bot.open_order("buy", "ETH-USD", "0.01", "2500")
        exchange.set_price("ETH", "2650")
        await eventually(lambda: bot.state(resting) is OrderState.CANCELED, 10, lambda: str(bot.log))
        await eventually(lambda: not bot.connector.account_positions, 10)
        assert not exchange.account(bot.address).positions
        await eventually(lambda: bot.connector.get_balance("USD") == exchange.account(bot.address).account_value, 10)
        assert len(bot.events(MarketEvent.OrderFilled)) == 1
        assert not bot.events(MarketEvent.OrderFailure)
        assert not bot.log.errors


async def test_bankrupt_counterparty_deleverages_the_bot() -> None:
    exchange = Sandbox(seed=7, market="empty", block_ms=0, deposit=1_000)
    async with exchange, trading_bot("ETH-USD", exchange=exchange) as bot:
        exchange.fund(bot.address, 100_000)
        async with Client(exchange, wallet(13)) as gambler:
            exchange.fund(gambler.address)
            short = bot.place("sell", "ETH-USD", "5", "2817.5")
            await eventually(lambda: bot.state(short) is OrderState.OPEN, 10)
            await gambler.place(order(1, True, "2817.5", "5"))
            await eventually(lambda: "ETH-USD" in bot.connector.account_positions, 10)
            exchange.set_price("ETH", "2000")
            await eventually(lambda: not bot.connector.account_positions, 10, lambda: str(bot.log))
            assert not exchange.account(bot.address).positions
            await eventually(
                lambda: bot.connector.get_balance("USD") == exchange.account(bot.address).account_value, 10
            )
            assert len(bot.events(MarketEvent.OrderFilled)) == 1


async def test_delisting_settles_the_position_cancels_orders_and_refuses_new_ones() -> None:
    exchange = Sandbox(seed=7, market="still", block_ms=0)
    async with exchange, trading_bot("BTC-USD", "ETH-USD", exchange=exchange) as bot:
        await open_position(bot, "ETH-USD", "0.5")
        resting = await bot.open_order("sell", "ETH-USD", "0.1", bot.price("ETH", "1.05"))
        price = bot.price("ETH", "0.99")
        exchange.listings.delist("ETH")
        await eventually(lambda: bot.state(resting) is OrderState.CANCELED, 10, lambda: str(bot.log))
        await eventually(lambda: "ETH-USD" not in bot.connector.account_positions, 10)
        refused = bot.place("buy", "ETH-USD", "0.1", price)
        await eventually(lambda: bot.state(refused) is OrderState.FAILED, 10)
        await eventually(lambda: bot.connector.get_balance("USD") == exchange.account(bot.address).account_value, 10)
        other = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        assert bot.state(other) is OrderState.OPEN


async def test_markets_added_while_running_are_known_after_the_next_refresh_under_their_own_ids() -> None:
    async with trading_bot() as bot:
        listings = bot.exchange.listings
        listings.add_dex("flx")
        listings.list_market("flx:OIL", "61.25", sz_decimals=1)
        listings.list_market("NEW", "4.5")
        await bot.connector._markets.refresh()
        table = bot.connector._markets.table.by_coin
        assert {coin: table[coin].asset_id for coin in ("flx:OIL", "NEW", "BTC")} == {
            "flx:OIL": 140_000,
            "NEW": 10,
            "BTC": 0,
        }


async def test_market_or_dex_that_cannot_be_read_costs_only_itself() -> None:
    async with trading_bot() as bot:
        bot.exchange.listings.break_metadata("ETH")
        bot.exchange.listings.break_metadata("km")
        await bot.connector._markets.refresh()
        table = bot.connector._markets.table.by_coin
        assert (table["BTC"].asset_id, table["ATOM"].asset_id, table["xyz:TSLA"].asset_id) == (0, 2, 110_001)
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: "BTC-USD" in bot.connector.account_positions, 10)
        assert bot.connector.account_positions["BTC-USD"].amount == Decimal("0.01")


async def test_order_sent_while_blocks_stop_is_pending_and_goes_on_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_TIMEOUT_SECONDS", 0.5)
    async with trading_bot() as bot:
        bot.exchange.maintenance.halt()
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.connector._flow.resolver.pending == [order_id], 10)
        assert bot.order(order_id).is_pending_create
        bot.exchange.maintenance.halt(False)
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN, 10, lambda: str(bot.log))
        assert not bot.events(MarketEvent.OrderFailure)
        assert len(bot.exchange.open_orders(bot.address)) == 1


async def test_post_only_window_refuses_takers_once_and_takes_makers() -> None:
    async with trading_bot() as bot:
        bot.exchange.maintenance.post_only()
        sent = len(bot.exchange.requests("/exchange", "order"))
        taker = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: bot.state(taker) is OrderState.FAILED, 10)
        assert len(bot.exchange.requests("/exchange", "order")) == sent + 1
        maker = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bot.state(maker) is OrderState.OPEN, 10)
