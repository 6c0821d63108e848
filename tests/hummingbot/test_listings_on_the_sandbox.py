"""Markets that come, go, or cannot be read while a bot runs: each costs only itself."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hummingbot.core.data_type.common import PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.budget import shared_budget
from tests.bot import Bot, eventually, sandbox_at, trading_bot


async def read_again(bot: Bot) -> None:
    """The next periodic look at the metadata, now."""
    await bot.connector._markets.refresh()


# ------------------------------------------------------------------------------ delisting


async def test_a_market_that_ends_takes_its_orders_along_and_leaves_the_others_alone() -> None:
    async with trading_bot("ETH-USD", "BTC-USD") as bot:
        gone = await bot.open_order("buy", "ETH-USD", "0.1", bot.price("ETH", "0.9"))
        stays = await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.9"))
        bot.exchange.listings.delist("ETH")
        await eventually(lambda: bot.state(gone) is OrderState.CANCELED, 10)
        # Told by the order that the venue has cancelled: no need to wait for the next look at the metadata.
        await eventually(lambda: "ETH-USD has been delisted" in str(bot.log), 10)
        refused = bot.place("buy", "ETH-USD", "0.1", "2500")
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, refused)))
        assert "takes no new positions" in bot.events(MarketEvent.OrderFailure, refused)[0].error_message
        assert bot.state(stays) is OrderState.OPEN
        assert bot.connector.ready
        assert "ETH-USD" not in await bot.connector.all_trading_pairs()
        # What a strategy asks about it still has an answer.
        assert bot.connector.trading_rules["ETH-USD"].min_order_size > 0
        assert bot.connector.get_order_book("ETH-USD") is not None
        assert str(bot.log).count("Its open orders are cancelled") == 1
        assert bot.log.errors == []


async def test_orders_of_a_market_that_ends_are_cancelled_here_if_the_venue_has_not_done_it() -> None:
    async with trading_bot("ETH-USD", "BTC-USD") as bot:
        order_id = await bot.open_order("buy", "ETH-USD", "0.1", bot.price("ETH", "0.9"))
        table = bot.connector._markets.table
        ended = replace(table.by_coin["ETH"], is_delisted=True)
        bot.connector._markets._swap(
            replace(
                table,
                by_coin={**table.by_coin, "ETH": ended},
                by_trading_pair={pair: m for pair, m in table.by_trading_pair.items() if pair != "ETH-USD"},
            )
        )
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 10)
        assert bot.exchange.open_orders(bot.address) == ()


async def test_a_position_in_a_market_that_ends_is_settled_by_the_venue_and_seen() -> None:
    async with trading_bot("ETH-USD", "BTC-USD") as bot:
        order_id = bot.place("buy", "ETH-USD", "0.1", str(bot.exchange.book("ETH").asks[0].price))
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 10)
        await eventually(lambda: "ETH-USD" in bot.connector.account_positions, 10)
        bot.exchange.listings.delist("ETH")
        await eventually(lambda: "ETH-USD" not in bot.connector.account_positions, 10)
        await read_again(bot)
        # A close that comes too late goes to the venue, whose word it then is.
        sent = len(bot.exchange.requests("/exchange", "order"))
        close = bot.place("sell", "ETH-USD", "0.1", "2000", position_action=PositionAction.CLOSE)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, close)), 10)
        assert len(bot.exchange.requests("/exchange", "order")) in (sent, sent + 1)
        assert bot.connector.ready


async def test_a_book_without_levels_of_a_market_that_ended_does_not_hold_up_the_others() -> None:
    async with trading_bot("ETH-USD", "BTC-USD") as bot:
        bot.exchange.listings.delist("ETH")
        await read_again(bot)
        data = bot.connector._market_data
        data._coins["ETH"].book = dict.fromkeys(data._coins["ETH"].book, float("-inf"))
        assert "ETH-USD" in bot.connector._orderbook_ds.stale()
        assert bot.connector.ready


# ------------------------------------------------------------------------------ new markets and dexs


async def test_a_pair_that_is_listed_later_is_traded_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    async with trading_bot("BTC-USD", "NEW-USD", "abc:Gold-USD") as bot:
        assert len(bot.log.errors) == 2
        bot.exchange.listings.list_market("NEW", "12.5")
        bot.exchange.listings.add_dex("abc", "USDH")
        bot.exchange.listings.list_market("abc:Gold", "3000")
        await read_again(bot)
        for pair, coin in (("NEW-USD", "NEW"), ("abc:Gold-USD", "abc:Gold")):
            await eventually(lambda pair=pair: pair in bot.connector.order_books, 40)  # type: ignore[misc]
            await eventually(lambda: bot.connector.ready, 20, lambda: str(bot.connector.status_dict))
            assert bot.connector.get_mid_price(pair) == bot.exchange.book(coin).mid
        order_id = await bot.open_order("buy", "NEW-USD", "5", bot.price("NEW", "0.9"))
        assert bot.order(order_id).trading_pair == "NEW-USD"


async def test_a_market_that_was_listed_meanwhile_can_be_added() -> None:
    async with trading_bot("BTC-USD") as bot:
        bot.exchange.listings.list_market("kNEW", "0.0125", sz_decimals=0)
        bot.connector._markets._refreshed_at = float("-inf")
        assert await bot.connector.add_trading_pair("kNEW-USD")
        assert bot.connector.get_mid_price("kNEW-USD") == bot.exchange.book("kNEW").mid


# ------------------------------------------------------------------------------ what cannot be read


@pytest.mark.parametrize("broken", ["ETH", "xyz"])
async def test_metadata_that_become_unreadable_cost_nothing_that_was_known(broken: str) -> None:
    """Nothing is deleted because it could not be read: asset ids do not change."""
    async with trading_bot("BTC-USD", "ETH-USD", "xyz:TSLA-USD") as bot:
        before = dict(bot.connector._markets.table.by_coin)
        bot.exchange.listings.break_metadata(broken)
        await read_again(bot)
        assert bot.connector._markets.table.by_coin == before
        for pair, coin in (("ETH-USD", "ETH"), ("xyz:TSLA-USD", "xyz:TSLA"), ("BTC-USD", "BTC")):
            await bot.open_order("buy", pair, "1", bot.price(coin, "0.9"))
        assert bot.connector.ready


@pytest.mark.parametrize(("broken", "unreadable"), [("ETH", "ETH-USD"), ("xyz", "xyz:TSLA-USD")])
async def test_metadata_that_are_unreadable_from_the_start_cost_only_their_own_pairs(
    broken: str, unreadable: str
) -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        exchange.listings.break_metadata(broken)
        pairs = ["ETH-USD", "xyz:TSLA-USD", "BTC-USD", "km:US500-USD"]
        async with trading_bot(*pairs, exchange=exchange) as bot:
            assert sorted(bot.connector.order_books) == sorted(set(pairs) - {unreadable})
            await bot.open_order("buy", "km:US500-USD", "0.1", bot.price("km:US500", "0.9"))
            prices = await bot.connector.get_all_pairs_prices()
            assert {"BTC", "km:US500"} <= {each["symbol"] for each in prices}
            exchange.listings.break_metadata(broken, broken=False)
            await read_again(bot)
            await eventually(lambda: unreadable in bot.connector.order_books, 40)


async def test_a_market_whose_prices_are_null_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Testnet has them. Who asks for its funding gets none; everybody else trades."""
    whole = MarketView.context

    def context(view: MarketView, state: Any) -> Any:
        return {**whole(view, state), **({"markPx": None, "oraclePx": None} if state.market.coin == "DOGE" else {})}

    monkeypatch.setattr(MarketView, "context", context)
    async with trading_bot("DOGE-USD", "BTC-USD") as bot:
        assert bot.connector.get_funding_info("BTC-USD").mark_price > 0
        with pytest.raises(KeyError):
            bot.connector.get_funding_info("DOGE-USD")
        await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.9"))
        assert "The venue tells no funding of DOGE" in str(bot.log)
        prices = {each["symbol"] for each in await bot.connector.get_all_pairs_prices()}
        assert {"BTC", "DOGE"} <= prices


# ------------------------------------------------------------------------------ what starting costs


async def test_starting_fifty_pairs_on_eight_dexs_costs_less_than_two_hundred(caplog: pytest.LogCaptureFixture) -> None:
    """Account part included; the stock connector needs thousands, of 1,200 a minute."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        pairs = ["BTC-USD", "ETH-USD", "SOL-USD", "kPEPE-USD", "DOGE-USD", "xyz:TSLA-USD", "xyz:XYZ100-USD"]
        for number in range(5):
            dex = f"dex{number}"
            exchange.listings.add_dex(dex)
            for market in range(8):
                exchange.listings.list_market(f"{dex}:M{market}", "10")
                pairs.append(f"{dex}:M{market}-USD")
        pairs += ["km:US500-USD", "ATOM-USD", "DYDX-USD"]
        assert len(pairs) == 50
        bot = Bot(exchange, pairs)
        budget = shared_budget(exchange.url)
        started = asyncio.get_running_loop().time()
        with sandbox_at(exchange.url), caplog.at_level(logging.ERROR):
            await bot.start()
            try:
                await bot.ready(60)
                took = asyncio.get_running_loop().time() - started
                kinds = Counter(request.kind for request in exchange.requests("/info"))
                assert budget.used < 200, (budget.used, kinds, took)
                assert kinds["l2Book"] == kinds["metaAndAssetCtxs"] == 0, kinds
                assert kinds["allPerpMetas"] == kinds["perpDexs"] == kinds["spotMeta"] == 1, kinds
                # None of it was refused, or waited for by the minute.
                assert took < 50, took
                used = budget.used
                await read_again(bot)
                assert budget.used - used == 40  # token names do not change
            finally:
                await bot.stop()
