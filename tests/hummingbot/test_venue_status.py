"""What a script's `status` shows of the venue, against what the exchange itself says."""

from hummingbot.core.data_type.common import OrderType
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from tests.bot import DOMAIN, eventually, trading_bot


def row(status: str, pair: str) -> list[str]:
    """The columns of a pair: mark price, funding, its unit, leverage, mode, position, liquidation, age, its unit."""
    [line] = [line for line in status.splitlines() if line.split()[:1] == [pair]]
    return line.split()[1:]


async def test_position_leverage_and_liquidation_price_are_the_exchanges() -> None:
    async with trading_bot("BTC-USD", "ETH-USD") as bot:
        await bot.connector._set_trading_pair_leverage("BTC-USD", 40)
        order_id = bot.place("buy", "BTC-USD", "3", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))
        await eventually(lambda: bot.connector.get_position("BTC-USD") is not None)
        status = bot.connector.venue_status()
        [position] = bot.exchange.account(bot.address).positions
        mark, funding, _, leverage, mode, size, liquidation, age, _ = row(status, "BTC-USD")
        assert (leverage, mode, float(size)) == ("40x", "cross", float(position.size))
        assert float(liquidation) > 0
        assert float(mark) == float(bot.exchange.engine.markets[0].mark_px) / 1_000_000
        assert funding == "+0.00125"
        assert float(age) < 6
        assert row(status, "ETH-USD")[5:7] == ["0", "-"]
        assert "Not ready" not in status
        assert "Dead man's switch: not armed" in status


async def test_request_budget_of_the_account_is_shown_once_it_is_read() -> None:
    async with trading_bot() as bot:
        assert "Requests left to the account: not read yet" in bot.connector.venue_status()
        await bot.connector._read_allowance()
        allowance = bot.connector.request_allowance
        assert f"account: {allowance.remaining} of {allowance.limit}" in bot.connector.venue_status()


async def test_connector_that_has_not_started_says_what_it_waits_for_and_claims_no_position() -> None:
    connector = HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], trading_required=False, domain=DOMAIN)
    status = connector.venue_status()
    assert "Not ready to trade, missing: symbols_mapping_initialized, order_books_initialized" in status
    assert row(status, "BTC-USD") == ["-"] * 6
