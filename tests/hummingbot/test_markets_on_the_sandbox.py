"""Markets of every kind, and pairs that come, go, or never existed, on a sandbox."""

import asyncio
import logging
from typing import Any

import pytest
from hummingbot.client.command.order_book_command import OrderBookCommand
from hummingbot.client.command.ticker_command import TickerCommand
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.settings import parse_settings
from tests.bot import Bot, eventually, sandbox_at, trading_bot

EVERY_KIND = ["BTC-USD", "kPEPE-USD", "xyz:TSLA-USD", "km:US500-USD"]


def coin_of(pair: str) -> str:
    return pair.removesuffix("-USD")


@pytest.mark.parametrize(
    ("written", "coin"),
    [
        ("kPEPE-USD", "kPEPE"),
        ("KPEPE-USD", "kPEPE"),
        ("xyz:TSLA-USD", "xyz:TSLA"),
        ("XYZ:TSLA-USD", "xyz:TSLA"),
        ("km:us500-usd", "km:US500"),
    ],
)
async def test_a_pair_is_traded_by_the_name_that_the_strategy_has_for_it(written: str, coin: str) -> None:
    """`hbot create` and `deploy` write pairs in capitals: orders, fills, positions and rules must go by that name."""
    async with trading_bot(written) as bot:
        connector = bot.connector
        rule = connector.trading_rules[written]
        assert rule.trading_pair == written
        amount = str(max(rule.min_order_size, (20 / bot.exchange.book(coin).mid).quantize(rule.min_order_size)))
        order_id = bot.place("buy", written, amount, str(bot.exchange.book(coin).asks[0].price))
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 10, lambda: str(bot.log))
        fill = bot.events(MarketEvent.OrderFilled, order_id)[0]
        assert fill.trading_pair == written
        await eventually(lambda: written in connector.account_positions, 10)
        assert connector.account_positions[written].trading_pair == written
        assert connector.get_funding_info(written).trading_pair == written
        assert connector.get_mid_price(written) == bot.exchange.book(coin).mid
        assert await connector.get_last_traded_prices([written])
        assert await connector.exchange_symbol_associated_to_pair(written) == coin
        assert await connector.trading_pair_associated_to_exchange_symbol(coin) == written
        assert written in await connector.all_trading_pairs()
        assert bot.log.errors == []


class Terminal(OrderBookCommand, TickerCommand):  # type: ignore[misc]
    """Hummingbot's terminal, as far as these commands need it."""

    def __init__(self, bot: Bot) -> None:
        self.told: list[str] = []
        self.trading_core = type("Core", (), {"markets": {bot.connector.name: bot.connector}})
        self.client_config_map = type("Config", (), {"tables_format": "psql"})

    def notify(self, text: str) -> None:
        self.told.append(text)


@pytest.mark.parametrize("pair", EVERY_KIND)
async def test_order_book_and_ticker_commands_show_the_market_that_was_typed(pair: str) -> None:
    """Both make capitals of the name before they look it up."""
    async with trading_bot(*EVERY_KIND) as bot:
        for typed in (pair, pair.lower(), pair.upper()):
            terminal = Terminal(bot)
            await terminal.show_order_book(lines=2, market=typed)
            await terminal.show_ticker(market=typed)
            book, ticker = terminal.told
            best = bot.exchange.book(coin_of(pair)).bids[0].price
            assert f"{best.normalize():f}" in book
            assert f"{best.normalize():f}" in ticker
        terminal = Terminal(bot)
        await terminal.show_order_book(market="NOPE-USD")
        assert terminal.told == ["Invalid market"]


# ------------------------------------------------------------------------------ pairs that cannot be traded


async def test_a_pair_that_does_not_exist_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with trading_bot("TSLA-USD", "BTC-USD", "PEPE-USD", "kPEPE-USD") as bot:
            assert sorted(bot.connector.order_books) == ["BTC-USD", "kPEPE-USD"]
            await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.9"))
            assert len(bot.log.errors) == 2
            assert (
                "TSLA-USD is no market of hyperliquid_perpetual_sandbox (did you mean xyz:TSLA-USD"
                in (bot.log.errors[0])
            )
            assert "did you mean kPEPE-USD" in bot.log.errors[1]
            refused = bot.place("buy", "TSLA-USD", "1", "400")
            await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, refused)))


async def test_without_a_single_pair_that_exists_the_connector_is_not_ready() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        bot = Bot(exchange, ["NOPE-USD"])
        with sandbox_at(exchange.url):
            await bot.start()
            try:
                await eventually(lambda: bool(bot.log.errors), 10)
                assert not bot.connector.ready
            finally:
                await bot.stop()


async def test_a_pair_that_was_delisted_before_the_start_costs_only_itself() -> None:
    async with trading_bot("MATIC-USD", "BTC-USD") as bot:
        assert any("MATIC-USD has been delisted" in error for error in bot.log.errors)
        assert "MATIC-USD" not in await bot.connector.all_trading_pairs()
        refused = bot.place("buy", "MATIC-USD", "100", "0.3")
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, refused)))
        assert bot.exchange.requests("/exchange", "order") == []
        # What a strategy asks about it on the way has an answer.
        assert bot.connector.trading_rules["MATIC-USD"].trading_pair == "MATIC-USD"


# ------------------------------------------------------------------------------ pairs that are added and removed


def streams(exchange: Sandbox) -> set[tuple[str, str]]:
    """What clients are subscribed to, of streams of a coin: type and coin."""
    return {
        (type(subscription).__name__, subscription.coin)
        for session in exchange.gate.sessions
        for subscription in session.subscriptions
        if hasattr(subscription, "coin")
    }


async def test_pairs_are_added_while_others_are_traded() -> None:
    async with trading_bot("BTC-USD") as bot:
        connector = bot.connector
        before = len(bot.exchange.requests("/info"))
        added = await asyncio.gather(*map(connector.add_trading_pair, ["kPEPE-USD", "XYZ:TSLA-USD", "ETH-USD"]))
        assert added == [True, True, True]
        assert connector.ready
        assert set(connector.trading_pairs) == {"BTC-USD", "kPEPE-USD", "XYZ:TSLA-USD", "ETH-USD"}
        assert len(connector.trading_pairs) == 4
        for pair, coin in (("kPEPE-USD", "kPEPE"), ("XYZ:TSLA-USD", "xyz:TSLA"), ("ETH-USD", "ETH")):
            assert connector.get_mid_price(pair) == bot.exchange.book(coin).mid
            assert connector.get_funding_info(pair).mark_price > 0
            assert connector.trading_rules[pair].trading_pair == pair
        # All of it came by stream.
        assert len(bot.exchange.requests("/info")) == before
        order_id = await bot.open_order("buy", "kPEPE-USD", "10000", bot.price("kPEPE", "0.9"))
        assert bot.order(order_id).trading_pair == "kPEPE-USD"


async def test_the_connector_stays_ready_while_a_pair_is_being_added() -> None:
    async with trading_bot("BTC-USD") as bot:
        unready: list[dict[str, Any]] = []

        async def watch() -> None:
            while True:
                if not bot.connector.ready:
                    unready.append(dict(bot.connector.status_dict))
                await asyncio.sleep(0)

        watching = asyncio.create_task(watch())
        try:
            assert await bot.connector.add_trading_pair("ETH-USD")
            await asyncio.sleep(0.1)
        finally:
            watching.cancel()
        assert unready == []


@pytest.mark.parametrize(
    ("pair", "reason"),
    [("TSLA-USD", "did you mean xyz:TSLA-USD"), ("MATIC-USD", "delisted"), ("BTC-USD", "followed already")],
)
async def test_a_pair_that_cannot_be_added_is_refused_with_the_reason(pair: str, reason: str) -> None:
    async with trading_bot("BTC-USD") as bot:
        assert not await bot.connector.add_trading_pair(pair)
        assert reason in str(bot.log)
        assert bot.connector.trading_pairs == ["BTC-USD"]
        assert bot.connector.ready


async def test_a_removed_pair_leaves_no_stream_and_its_orders_are_followed_to_their_end() -> None:
    async with trading_bot("BTC-USD", "kPEPE-USD") as bot:
        order_id = await bot.open_order("buy", "kPEPE-USD", "10000", bot.price("kPEPE", "0.9"))
        assert any(coin == "kPEPE" for _, coin in streams(bot.exchange))
        assert await bot.connector.remove_trading_pair("KPEPE-USD")
        await eventually(lambda: not any(coin == "kPEPE" for _, coin in streams(bot.exchange)))
        assert bot.connector.trading_pairs == ["BTC-USD"]
        assert list(bot.connector.order_books) == ["BTC-USD"]
        assert bot.connector.ready
        bot.connector.cancel("kPEPE-USD", order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED)
        assert await bot.connector.add_trading_pair("kPEPE-USD")
        assert bot.connector.get_mid_price("kPEPE-USD") == bot.exchange.book("kPEPE").mid
        assert bot.log.errors == []


async def test_removing_what_is_not_followed_changes_nothing() -> None:
    async with trading_bot("BTC-USD") as bot:
        assert not await bot.connector.remove_trading_pair("ETH-USD")
        assert bot.connector.ready


# ------------------------------------------------------------------------------ measured in requests


async def test_prices_of_all_pairs_cost_one_request_for_each_dex() -> None:
    async with trading_bot(*EVERY_KIND) as bot:
        before = len(bot.exchange.requests("/info"))
        prices = await bot.connector.get_all_pairs_prices()
        symbols = {each["symbol"] for each in prices}
        assert {coin_of(pair) for pair in EVERY_KIND} <= symbols
        assert [each.kind for each in bot.exchange.requests("/info")[before:]] == ["allMids"] * 3


async def test_last_prices_of_followed_pairs_cost_nothing_and_of_others_one_request_for_each_dex() -> None:
    async with trading_bot("BTC-USD", "xyz:TSLA-USD") as bot:
        before = len(bot.exchange.requests("/info"))
        assert len(await bot.connector.get_last_traded_prices(["BTC-USD", "xyz:TSLA-USD"])) == 2
        assert len(bot.exchange.requests("/info")) == before
        others = ["ETH-USD", "SOL-USD", "kPEPE-USD", "xyz:XYZ100-USD", "km:US500-USD"]
        found = await bot.connector.get_last_traded_prices(others)
        assert all(found[pair] > 0 for pair in others)
        assert [each.kind for each in bot.exchange.requests("/info")[before:]] == ["allMids"] * 3


# ------------------------------------------------------------------------------ aggregated books


async def test_an_aggregated_book_reaches_deeper_and_keeps_its_best_prices_exact() -> None:
    settings = parse_settings("all: {book: {pairs: {BTC-USD: {n_sig_figs: 3}}}}", "all", "settings")
    async with trading_bot("BTC-USD", "ETH-USD", settings=settings) as bot:
        wanted = {
            (one.coin, one.nSigFigs)
            for session in bot.exchange.gate.sessions
            for one in session.subscriptions
            if type(one).__name__ == "L2Book"
        }
        assert wanted == {("BTC", 3), ("ETH", None)}
        book, whole = bot.connector.get_order_book("BTC-USD"), bot.exchange.book("BTC")
        await eventually(lambda: len(list(book.bid_entries())) >= 2, 10)
        bids = [(row.price, row.amount) for row in book.bid_entries()]
        assert bids[0] == (float(whole.bids[0].price), pytest.approx(float(whole.bids[0].size)))
        assert all(price % 100 == 0 for price, _ in bids[1:])
        low = bids[-1][0]
        assert sum(size for _, size in bids) == pytest.approx(
            sum(float(level.size) for level in whole.bids if level.price >= low)
        )
        assert bot.connector.get_mid_price("BTC-USD") == whole.mid
        assert bot.connector.ready


async def test_status_says_which_book_is_stale_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hummingbot's `status` prints the names and values of this dictionary while a connector is not ready."""
    async with trading_bot("BTC-USD", "ETH-USD") as bot:
        reasons = {"ETH-USD": "its book has not been confirmed for 20 s", "MATIC-USD": "a pair that is not waited for"}
        bot.connector._followed.join("MATIC-USD")
        monkeypatch.setattr(bot.connector._orderbook_ds, "stale", lambda: reasons)
        status = bot.connector.status_dict
        assert not status["order_books_fresh"]
        assert [name for name in status if name.startswith("order_book of ")] == [
            "order_book of ETH-USD: its book has not been confirmed for 20 s"
        ]
        assert not bot.connector.ready
        reasons.clear()
        assert bot.connector.ready
