"""Defects of Hummingbot's own connector that have no place among the other tests: what ours does instead.

`docs/compatibility.md` lists all of them, each with its test.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual import hyperliquid_perpetual_utils as utils
from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from tests.bot import DOMAIN, OVER_HTTP, eventually, sandbox_at, trading_bot


async def test_cancel_right_after_the_order_does_not_overtake_it() -> None:
    """D3: placed and cancelled in the same turn, with a venue that takes its time over the order."""
    async with trading_bot() as bot:
        bot.exchange.faults.delay(0.5, path="/exchange", kind="order")
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 10)
        assert not bot.exchange.open_orders(bot.address)
        assert not bot.events(MarketEvent.OrderFailure)
        assert len(bot.exchange.requests("/exchange", "cancelByCloid")) == 1


@pytest.mark.parametrize(("given", "meant"), [("no", False), ("No", False), ("", False), (True, True), ("yes", True)])
async def test_vault_flag_is_a_boolean_whatever_a_file_holds(given: Any, meant: bool) -> None:
    """D4: a word is not taken for a yes because it is not empty, and the default is a boolean."""
    assert utils.KEYS.use_vault is False
    if given != "":
        config = utils.HyperliquidPerpetualConfigMap.model_construct()
        config.use_vault = given
        assert config.use_vault is meant
    key, address = "0x" + "7".rjust(64, "0"), "0x" + "ab" * 20
    connector = HyperliquidPerpetualDerivative(
        hyperliquid_perpetual_secret_key=key,
        hyperliquid_perpetual_address=address,
        hyperliquid_perpetual_mode="api_wallet",
        use_vault=given,
        trading_pairs=["BTC-USD"],
    )
    assert (connector._requests._vault_address == address) is meant


async def test_authenticator_and_signer_are_made_once() -> None:
    """D8: nothing is derived again with each look."""
    connector = HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], domain=DOMAIN)
    assert connector.authenticator is connector.authenticator
    assert connector._requests._signer is connector._requests._signer


async def test_restored_order_can_be_cancelled_before_anything_else_was_loaded() -> None:
    """D25: right after a restart the markets are not known yet, and the cancel works all the same."""
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        saved = dict(bot.connector.tracking_states)
        with sandbox_at(bot.exchange.url):
            fresh = HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], domain=DOMAIN)
        fresh.restore_tracking_states(saved)
        assert not fresh._markets.table.by_coin
        order = fresh.in_flight_orders[order_id]
        assert await fresh._execute_order_cancel(order) == order_id
        assert not bot.exchange.open_orders(bot.address)
        await fresh.stop_network()


async def test_order_without_an_exchange_id_is_asked_for_at_once() -> None:
    """D32: by its client order id, without waiting for an id that may never come.

    Over HTTP: a lost socket is followed by a sweep of the open orders, which may find them first.
    """
    async with trading_bot(settings=OVER_HTTP) as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(next=2, kind="order")
        orders = [bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", f"0.9{n}"), kind) for n, kind in KINDS]
        await eventually(lambda: all(bot.state(order) is OrderState.OPEN for order in orders), 5)
        asked = [json.loads(request.body)["oid"] for request in bot.exchange.requests("/info", "orderStatus")]
        assert set(orders) <= set(asked)


KINDS = ((5, OrderType.LIMIT), (6, OrderType.LIMIT_MAKER))
"""Two orders that leave in two actions."""


async def test_sweep_of_many_resting_orders_asks_for_none_of_them_singly() -> None:
    """D33: one list of open orders is enough."""
    async with trading_bot() as bot:
        orders = [bot.place("buy", "BTC-USD", "0.001", bot.price("BTC", f"0.{900 + n}")) for n in range(50)]
        await eventually(lambda: all(bot.state(order) is OrderState.OPEN for order in orders), 10)
        before = len(bot.exchange.requests("/info"))
        await bot.connector._reconciler.sweep()
        made = [request.kind for request in bot.exchange.requests("/info")[before:]]
        assert "orderStatus" not in made
        assert made.count("frontendOpenOrders") == 1
        assert len(made) <= 5


async def test_time_of_an_order_update_is_the_venues_time_of_the_status() -> None:
    """D35: not the time at which the order was made."""
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        resting = bot.exchange.order(bot.address, order_id)
        assert resting is not None
        await eventually(lambda: bot.exchange.clock.now() > resting.time)
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED)
        ended = bot.exchange.order(bot.address, order_id)
        assert ended is not None
        assert ended.status_time > ended.time
        assert bot.order(order_id).last_update_timestamp == ended.status_time / 1000


async def test_fill_that_flips_the_position_keeps_the_action_of_its_order() -> None:
    """D38: the words the venue has for a fill ("Long > Short") do not turn an opening order into a closing one."""
    async with trading_bot() as bot:
        first = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(first) is OrderState.FILLED)
        flip = bot.place("sell", "BTC-USD", "0.03", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(flip) is OrderState.FILLED)
        assert {event.position for event in bot.events(MarketEvent.OrderFilled, flip)} == {PositionAction.OPEN.value}
        await eventually(lambda: bot.connector.account_positions["BTC-USD"].amount == Decimal("-0.02"))


async def test_account_mode_is_not_asked_for_with_every_poll() -> None:
    """D52: it hardly ever changes, and asking costs twenty."""
    async with trading_bot() as bot:
        for _ in range(5):
            await bot.connector._reconciler.sweep()
        assert len(bot.exchange.requests("/info", "userAbstraction")) == 1


async def test_failed_refresh_keeps_rules_and_positions() -> None:
    """D54: what could not be read is not gone."""
    async with trading_bot() as bot:
        entry = bot.place("buy", "BTC-USD", "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(entry) is OrderState.FILLED)
        await eventually(lambda: "BTC-USD" in bot.connector.account_positions)
        rules = set(bot.connector.trading_rules)
        bot.exchange.faults.status(502, next=12, path="/info")
        with pytest.raises(Exception, match="502"):
            await bot.connector._markets.refresh()
        with pytest.raises(Exception, match="502"):
            await bot.connector._reconciler.sweep()
        assert set(bot.connector.trading_rules) == rules
        assert bot.connector.account_positions["BTC-USD"].amount == Decimal("0.01")
        assert bot.connector.get_balance("USDC") > 0


async def test_funding_of_a_hip3_market_is_its_own() -> None:
    """D56: rate, mark and oracle price of a builder-deployed market are told, and payments are reported."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        coin = next(name for name in exchange.engine.markets.values() if name.market.dex == "xyz").market.coin
        pair = f"{coin}-USD"
        async with trading_bot(pair, exchange=exchange) as bot:
            info = bot.connector.get_funding_info(pair)
            state = exchange.engine.market(coin)
            assert state is not None
            assert info.index_price > 0
            assert info.mark_price > 0
            assert info.rate == bot.connector._market_data.context(coin).funding


async def test_balance_and_positions_of_all_dexs_without_a_started_network() -> None:
    """D58: what `hbot balance` does: it makes a connector and asks, before anything was loaded."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        coin = next(state for state in exchange.engine.markets.values() if state.market.dex == "xyz").market.coin
        pair = f"{coin}-USD"
        exchange.fund(DEMO_ADDRESS, 5_000, dex="xyz")
        async with trading_bot(pair, exchange=exchange) as bot:
            mid = exchange.book(coin).mid
            assert mid is not None
            size = bot.connector.quantize_order_amount(pair, Decimal(100) / mid)
            entry = bot.place("buy", pair, str(size), order_type=OrderType.MARKET)
            await eventually(lambda: bot.state(entry) is OrderState.FILLED)
        with sandbox_at(exchange.url):
            reader = HyperliquidPerpetualDerivative(trading_pairs=[], domain=DOMAIN)
        await reader._update_balances()
        await reader._update_positions()
        assert [position.trading_pair for position in reader.account_positions.values()] == [pair]
        assert reader.get_balance("USDC") > 0
        await reader.stop_network()


async def test_trade_updates_of_an_order_are_a_list() -> None:
    """D79: also when there are none."""
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        assert await bot.connector._all_trade_updates_for_order(bot.order(order_id)) == []
        bot.exchange.fill(bot.address, order_id, "0.004")
        await eventually(lambda: bot.state(order_id) is OrderState.PARTIALLY_FILLED)
        updates = await bot.connector._all_trade_updates_for_order(bot.order(order_id))
        assert [update.fill_base_amount for update in updates] == [Decimal("0.004")]
