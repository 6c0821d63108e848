"""What a user or a strategy can get wrong: one clear error each, nothing sent, nothing lost."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.trading.credentials import CredentialError
from tests.bot import Bot, eventually, sandbox_at, trading_bot

OTHER_KEY = "0x" + "2".rjust(64, "0")
OTHER_ADDRESS = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"
KEYS = {"hyperliquid_perpetual_address": DEMO_ADDRESS, "hyperliquid_perpetual_secret_key": DEMO_PRIVATE_KEY}
AN_ADDRESS = "the account address is not valid: expected an address of 0x and 40 hex digits, got "
A_KEY = (
    "the private key is not valid: expected 64 hex digits (with or without 0x), non-zero and below the curve's order"
)


# ---------------------------------------------------------------------- keys that cannot work, seen at once


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(
            {"hyperliquid_perpetual_secret_key": OTHER_KEY},
            f"the private key belongs to {OTHER_ADDRESS}, not to the account {DEMO_ADDRESS}: give the key of the "
            "account, or choose api_wallet if it is the key of an API wallet",
            id="key of another account",
        ),
        pytest.param({"hyperliquid_perpetual_secret_key": "0x1234"}, A_KEY, id="short key"),
        pytest.param({"hyperliquid_perpetual_secret_key": "0x" + "g" * 64}, A_KEY, id="key that is no hex"),
        pytest.param({"hyperliquid_perpetual_secret_key": "0" * 64}, A_KEY, id="zero key"),
        pytest.param({"hyperliquid_perpetual_secret_key": ""}, "the private key is missing", id="no key"),
        pytest.param(
            {"hyperliquid_perpetual_address": DEMO_ADDRESS[:-1]},
            AN_ADDRESS + repr(DEMO_ADDRESS[:-1]),
            id="address that lost a digit",
        ),
        pytest.param(
            {"hyperliquid_perpetual_address": DEMO_PRIVATE_KEY},
            AN_ADDRESS + "66 characters (is this a private key?)",
            id="private key as the address",
        ),
        pytest.param(
            {"hyperliquid_perpetual_address": ""},
            "the account address is missing: expected 0x and 40 hex digits",
            id="no address",
        ),
        pytest.param(
            {"hyperliquid_perpetual_mode": "wallet"},
            "unknown connection mode 'wallet': expected arb_wallet or api_wallet",
            id="unknown mode",
        ),
        pytest.param({"use_vault": "perhaps"}, "expected yes or no, got 'perhaps'", id="vault neither yes nor no"),
    ],
)
def test_keys_that_cannot_work_are_refused_when_the_connector_is_made(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(CredentialError) as refused:
        HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], **{**KEYS, **wrong})
    assert str(refused.value) == message
    for key in (DEMO_PRIVATE_KEY, OTHER_KEY):
        assert key not in str(refused.value)


async def test_connector_that_shall_trade_needs_keys() -> None:
    with pytest.raises(CredentialError, match="needs an account address and a private key to trade"):
        HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"])
    assert HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], trading_required=False).name


def test_unknown_domain_is_refused_with_the_domains_there_are() -> None:
    with pytest.raises(ValueError, match="valid domains are hyperliquid_perpetual, hyperliquid_perpetual_testnet"):
        HyperliquidPerpetualDerivative(trading_pairs=["BTC-USD"], domain="hyperliquid_perpetual_tesnet", **KEYS)


# ---------------------------------------------------------------------- keys that only the venue knows to be wrong


@pytest.fixture
async def exchange() -> AsyncIterator[Sandbox]:
    """As strict as the venue: nobody has an account who was not given one."""
    async with Sandbox(seed=7, market="still", block_ms=0, accounts=[DEMO_ADDRESS], newcomers="refuse") as sandbox:
        yield sandbox


async def checked_again(bot: Bot) -> None:
    """The next periodic check of the account, now."""
    roles = len(bot.exchange.requests("/info", "userRole"))

    def has_asked() -> bool:
        bot.connector._poll_notifier.set()
        return len(bot.exchange.requests("/info", "userRole")) > roles

    await eventually(has_asked, 20)


async def assert_told_once_and_never_ready(exchange: Sandbox, keys: dict[str, Any], message: str) -> None:
    bot = Bot(exchange, ["BTC-USD"], **keys)
    with sandbox_at(exchange.url):
        with pytest.raises(CredentialError) as refused:
            # This is what `connect` and `balance` ask for.
            await bot.connector._update_balances()
        assert str(refused.value) == message
        await bot.start()
        try:
            told = f"hyperliquid_perpetual_sandbox cannot trade: {message}"
            await eventually(lambda: told in bot.log.errors, 20, lambda: str(bot.log))
            for _ in range(2):
                # The second check begins when all is said about the first.
                await checked_again(bot)
            assert not bot.connector.status_dict["credentials_checked"]
            assert not bot.connector.ready
            assert bot.log.errors == [told]
        finally:
            await bot.stop()
    assert not exchange.requests("/exchange")


async def test_api_wallet_given_as_the_account_is_told_with_the_account_to_give(exchange: Sandbox) -> None:
    exchange.chain.apply_now(ApproveAgent(DEMO_ADDRESS, OTHER_ADDRESS, "bot"))
    await assert_told_once_and_never_ready(
        exchange,
        {"hyperliquid_perpetual_address": OTHER_ADDRESS, "hyperliquid_perpetual_secret_key": OTHER_KEY},
        f"{OTHER_ADDRESS} is an API wallet, not an account: it holds nothing. Give the address of the account it "
        f"trades for: {DEMO_ADDRESS}",
    )


async def test_key_of_a_wallet_that_was_never_approved_is_told(exchange: Sandbox) -> None:
    await assert_told_once_and_never_ready(
        exchange,
        {**KEYS, "hyperliquid_perpetual_secret_key": OTHER_KEY, "hyperliquid_perpetual_mode": "api_wallet"},
        f"the key's wallet {OTHER_ADDRESS} is not approved to trade for {DEMO_ADDRESS}: approve it as an API wallet on "
        "the exchange's API page (app.hyperliquid.xyz/API); if it was approved before, it has expired or was replaced, "
        "and a new one is needed",
    )


async def test_account_that_never_deposited_is_ready_and_told_that_it_has_nothing(exchange: Sandbox) -> None:
    keys = {"hyperliquid_perpetual_address": OTHER_ADDRESS, "hyperliquid_perpetual_secret_key": OTHER_KEY}
    bot = Bot(exchange, ["BTC-USD", "ETH-USD"], **keys)
    with sandbox_at(exchange.url):
        await bot.start()
        try:
            await bot.ready()
            assert bot.connector.get_available_balance("USD") == 0
            assert not bot.log.errors
            assert str(bot.log).count(f"The account {OTHER_ADDRESS} has no USDC to trade with") == 1
        finally:
            await bot.stop()


async def test_ordinary_account_given_as_a_vault_is_told(exchange: Sandbox) -> None:
    await assert_told_once_and_never_ready(
        exchange,
        {**KEYS, "use_vault": "yes"},
        f"{DEMO_ADDRESS} is neither a vault nor a sub-account: answer No to the vault question of connect, and "
        "leave vault_or_sub_account out of the settings file",
    )


async def test_credentials_that_become_right_make_the_connector_ready(exchange: Sandbox) -> None:
    keys = {**KEYS, "hyperliquid_perpetual_secret_key": OTHER_KEY, "hyperliquid_perpetual_mode": "api_wallet"}
    bot = Bot(exchange, ["BTC-USD"], **keys)
    with sandbox_at(exchange.url):
        await bot.start()
        try:
            await eventually(lambda: bool(bot.log.errors), 20)
            exchange.chain.apply_now(ApproveAgent(DEMO_ADDRESS, OTHER_ADDRESS, "bot"))
            await checked_again(bot)
            await bot.ready()
            order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
            assert exchange.order(DEMO_ADDRESS, order_id) is not None
        finally:
            await bot.stop()


# ---------------------------------------------------------------------- orders


def near(bot: Bot) -> str:
    return bot.price("BTC", "0.99")


BAD_ORDERS = [
    pytest.param("BTC-USD", "0", "near", "the amount must be a positive number, got 0 for BTC-USD", id="zero amount"),
    pytest.param("BTC-USD", "-1", "near", "the amount must be a positive number, got -1 for BTC-USD", id="negative"),
    pytest.param("BTC-USD", "NaN", "near", "the amount must be a positive number, got NaN for BTC-USD", id="NaN"),
    pytest.param(
        "BTC-USD", "Infinity", "near", "the amount must be a positive number, got Infinity for BTC-USD", id="infinite"
    ),
    pytest.param(
        "BTC-USD",
        "0.000009",
        "near",
        "amount 0.000009 is below the lot size of BTC-USD: the smallest amount is 0.00001",
        id="below the lot",
    ),
    pytest.param("BTC-USD", "0.01", "0", "the price must be a positive number, got 0", id="zero price"),
    pytest.param("BTC-USD", "0.01", "-5", "the price must be a positive number, got -5", id="negative price"),
    pytest.param("BTC-USD", "0.01", "NaN", "the price must be a positive number, got NaN", id="NaN price"),
    pytest.param("BTC-USD", "0.01", "above", "is more than 80 % away from", id="above the band"),
    pytest.param("BTC-USD", "0.01", "below", "is more than 80 % away from", id="below the band"),
    pytest.param("BTC-USD", "0.00002", "near", "the smallest order is 10 USD", id="below the smallest value"),
    pytest.param("NOPE-USD", "1", "10", "NOPE-USD is no market of hyperliquid_perpetual_sandbox", id="unknown pair"),
    pytest.param("XBT-USD", "1", "10", "no market of", id="pair of another venue's name"),
    pytest.param("BTC-USDT", "1", "10", "did you mean BTC-USD", id="wrong quote"),
]


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_order_that_cannot_be_valid_fails_with_the_reason_and_is_not_sent(side: str) -> None:
    """All in one turn of the loop with a good order, which is not affected."""
    async with trading_bot() as bot:
        before = len(bot.exchange.requests("/exchange"))
        prices = {"near": near(bot), "above": bot.price("BTC", "1.9"), "below": bot.price("BTC", "0.1")}
        cases = [tuple(case.values) for case in BAD_ORDERS]
        good = bot.place("buy", "BTC-USD", "0.01", near(bot))
        placed = [
            (bot.place(side, pair, amount, prices.get(price, price)), message) for pair, amount, price, message in cases
        ]
        await eventually(lambda: len(bot.events(MarketEvent.OrderFailure)) == len(cases), 10)
        for order_id, message in placed:
            (failure,) = bot.events(MarketEvent.OrderFailure, order_id)
            assert message in failure.error_message
            assert "\n" not in failure.error_message
            assert bot.state(order_id) is OrderState.FAILED
            assert order_id not in bot.connector.in_flight_orders
        await eventually(lambda: bot.state(good) is OrderState.OPEN)
        assert len(bot.exchange.requests("/exchange")) == before + 1, "only the good order was sent"
        assert [order.cloid for order in bot.exchange.open_orders(bot.address)] == [good]
        assert not bot.log.errors


async def test_amount_is_rounded_down_to_the_lot_and_price_to_the_passive_side() -> None:
    """Not an error: what a strategy computes is rarely on the grid, and rounding never gives more than was asked."""
    async with trading_bot() as bot:
        price = Decimal(near(bot)) + Decimal("0.7")
        buy = await bot.open_order("buy", "BTC-USD", "0.0100099", str(price))
        resting = bot.exchange.order(bot.address, buy)
        assert resting is not None
        assert (resting.size, resting.price) == (Decimal("0.01"), price.to_integral_value(rounding="ROUND_FLOOR"))


async def test_unknown_position_action_is_refused_by_name() -> None:
    async with trading_bot() as bot:
        before = len(bot.exchange.requests("/exchange"))
        with pytest.raises(ValueError, match="use OPEN or CLOSE"):
            await bot.connector._create_order(
                *(None, "0x" + "1" * 32, "BTC-USD", Decimal("0.01"), OrderType.LIMIT, Decimal(1)), PositionAction.NIL
            )
        assert len(bot.exchange.requests("/exchange")) == before


async def test_unsupported_order_type_fails_with_the_types_there_are() -> None:
    async with trading_bot() as bot:
        before = len(bot.exchange.requests("/exchange"))
        order_id = bot.place("buy", "BTC-USD", "0.01", near(bot), OrderType.AMM_SWAP)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        (failure,) = bot.events(MarketEvent.OrderFailure)
        assert failure.error_message.endswith("is not supported: use LIMIT, LIMIT_MAKER, MARKET")
        assert len(bot.exchange.requests("/exchange")) == before


async def test_order_that_the_account_cannot_pay_fails_with_the_venues_reason() -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0, deposit=1) as exchange,
        trading_bot(exchange=exchange) as bot,
    ):
        assert bot.connector.get_available_balance("USD") == 1
        order_id = bot.place("buy", "BTC-USD", "0.01", near(bot))
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        (failure,) = bot.events(MarketEvent.OrderFailure)
        assert failure.error_message.startswith("Insufficient margin to place order.")


async def test_cancel_of_an_order_that_nobody_placed_does_nothing() -> None:
    async with trading_bot() as bot:
        before = len(bot.exchange.requests("/exchange"))
        bot.connector.cancel("BTC-USD", "0x" + "ab" * 16)
        bot.connector.cancel("NOPE-USD", "what is this")
        await asyncio.sleep(0.2)
        assert len(bot.exchange.requests("/exchange")) == before
        assert not bot.history
        assert not bot.log.errors


@pytest.mark.parametrize(
    ("pair", "leverage", "message"),
    [
        ("BTC-USD", 0, "leverage 0 is not valid for BTC-USD: use 1 to 40"),
        ("BTC-USD", 41, "leverage 41 is not valid for BTC-USD: use 1 to 40"),
        ("NOPE-USD", 5, "NOPE-USD is no market of hyperliquid_perpetual_sandbox"),
    ],
)
async def test_leverage_that_is_not_possible_is_refused_here(pair: str, leverage: int, message: str) -> None:
    async with trading_bot() as bot:
        before = len(bot.exchange.requests("/exchange"))
        done, told = await bot.connector._set_trading_pair_leverage(pair, leverage)
        assert not done
        assert told.startswith(message)
        assert len(bot.exchange.requests("/exchange")) == before
