"""The connector on accounts of every mode, on sub-accounts and on vaults: what it calls available can be traded, and
what it trades lands where it should."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from eth_account import Account
from hummingbot.core.data_type.common import OrderType, TradeType
from hummingbot.core.data_type.order_candidate import PerpetualOrderCandidate
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.trading.credentials import CredentialError
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.venue.messages import ClearinghouseState
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually, trading_bot

KEY, AGENT_KEY = "0x" + "a1" * 32, "0x" + "a2" * 32
OWNER, AGENT = (Account.from_key(key).address.lower() for key in (KEY, AGENT_KEY))
KEYS = {"hyperliquid_perpetual_address": OWNER, "hyperliquid_perpetual_secret_key": KEY}
AGENT_KEYS = {**KEYS, "hyperliquid_perpetual_secret_key": AGENT_KEY, "hyperliquid_perpetual_mode": "api_wallet"}
BTC, XYZ, KM = "BTC-USD", "xyz:TSLA-USD", "km:US500-USD"


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """As strict as the venue: nobody has an account who was not given one."""
    async with Sandbox(seed=7, market="still", block_ms=0, accounts=[DEMO_ADDRESS], newcomers="refuse") as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox


async def buy(bot: Bot, pair: str, amount: str) -> None:
    order_id = bot.place("buy", pair, amount, order_type=OrderType.MARKET)
    done = (MarketEvent.BuyOrderCompleted, MarketEvent.OrderFailure)
    await eventually(lambda: any(bot.events(kind, order_id) for kind in done), 10, lambda: str(bot.log))
    assert not bot.events(MarketEvent.OrderFailure, order_id), bot.events(MarketEvent.OrderFailure)


async def assert_budget_is_what_the_venue_grants(bot: Bot, pair: str) -> None:
    """The budget checker's largest order at the account's leverage is taken, and one of twice its size is not."""
    connector = bot.connector
    await eventually(lambda: connector._account.leverage(connector._market(pair).coin) is not None)
    price = connector.get_price(pair, True)
    asked = PerpetualOrderCandidate(
        pair, True, OrderType.LIMIT, TradeType.BUY, Decimal(10**9), price, leverage=connector.get_leverage(pair)
    )
    (largest,) = connector.budget_checker.adjust_candidates([asked], all_or_none=False)
    assert largest.amount * price > 100
    # A little less, for fees and for the slippage that a market order is margined with.
    fits = connector.quantize_order_amount(pair, largest.amount * Decimal("0.9"))
    low = str(connector.quantize_order_price(pair, price * Decimal("0.99")))
    too_much = connector.quantize_order_amount(pair, largest.amount * 2)
    refused = bot.place("buy", pair, str(too_much), low)
    await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, refused)), 10, lambda: str(bot.log))
    taken = bot.place("buy", pair, str(fits), low)
    await eventually(
        lambda: bool(bot.events(MarketEvent.BuyOrderCreated, taken)),
        10,
        lambda: str(bot.events(MarketEvent.OrderFailure)),
    )


# ------------------------------------------------------------------ modes


@pytest.mark.parametrize("mode", ["default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"])
@pytest.mark.parametrize(("pair", "token"), [(BTC, "USDC"), (XYZ, "USDC"), (KM, "USDH")])
async def test_what_is_available_can_back_orders(exchange: Sandbox, mode: str, pair: str, token: str) -> None:
    exchange.open_account(OWNER, mode, dexs={"": 700, "xyz": 800, "km": 900})  # type: ignore[arg-type]
    async with trading_bot(pair, exchange=exchange, **KEYS) as bot:
        shared = mode not in ("default", "disabled")
        backing = {"USDC": 1500, "USDH": 900} if shared else {BTC: 700, XYZ: 800, KM: 900}
        assert bot.connector.get_available_balance("USD") == backing[token if shared else pair]
        assert bot.connector.budget_checker._amount_of(pair, True) == backing[token if shared else pair]
        await assert_budget_is_what_the_venue_grants(bot, pair)
        assert not bot.log.errors


@pytest.mark.parametrize("mode", ["default", "unifiedAccount", "portfolioMargin", "dexAbstraction"])
async def test_nothing_is_counted_twice_when_margin_is_in_use(exchange: Sandbox, mode: str) -> None:
    """One isolated and one cross position, on two dexs: the sum of what is listed stays what was deposited."""
    exchange.open_account(OWNER, mode, dexs={"": 5_000, "xyz": 5_000, "km": 5_000})  # type: ignore[arg-type]
    settings = Settings(margin_modes={BTC: "isolated"})
    async with trading_bot(BTC, "ETH-USD", XYZ, KM, exchange=exchange, settings=settings, **KEYS) as bot:
        await eventually(lambda: bot.connector._account.leverage("BTC").type == "isolated")  # type: ignore[union-attr]
        assert sum(bot.connector.get_all_balances().values()) == 15_000
        for pair in (BTC, "ETH-USD", XYZ, KM):
            price = bot.connector.get_price(pair, True)
            await buy(bot, pair, str(bot.connector.quantize_order_amount(pair, 1_000 / price)))
        await eventually(lambda: len(bot.connector.account_positions) == 4)
        fees = sum(fill.fee for fill in exchange.fills(OWNER))
        totals = bot.connector.get_all_balances()
        # Bought at the touch, valued at the mark: profit and loss of the first moment are small.
        assert abs(sum(totals.values()) + fees - 15_000) < 10
        assert set(totals) == {"USDC", "USDH"}
        free = bot.connector.available_balances
        assert 0 < sum(free.values()) < sum(totals.values())
        assert bot.connector.get_balance("USD") == sum(totals.values())


@pytest.mark.parametrize("mode", ["default", "unifiedAccount", "portfolioMargin"])
async def test_account_with_collateral_other_than_usdc_alone_becomes_ready(exchange: Sandbox, mode: str) -> None:
    """D61: it never did."""
    exchange.open_account(OWNER, mode, dexs={"km": 900})  # type: ignore[arg-type]
    async with trading_bot(KM, exchange=exchange, **KEYS) as bot:
        assert bot.connector.get_available_balance("USD") == 900
        await buy(bot, KM, "0.1")
        assert not bot.log.errors


async def test_tokens_that_are_no_collateral_are_not_listed(exchange: Sandbox) -> None:
    """HB#8165: every spot token was shown as margin."""
    exchange.open_account(OWNER, "unifiedAccount", spot={"USDC": 100, "PURR": 5_000})
    async with trading_bot(exchange=exchange, **KEYS) as bot:
        assert bot.connector.get_all_balances()["USDC"] == 100
        assert "PURR" not in bot.connector.get_all_balances()


# ------------------------------------------------------------------ sub-accounts and vaults


@pytest.mark.parametrize("keys", [KEYS, AGENT_KEYS], ids=["own key", "API wallet"])
@pytest.mark.parametrize("kind", ["sub-account", "vault"])
@pytest.mark.parametrize("configured", ["settings", "use_vault"])
async def test_orders_land_in_the_sub_account_or_vault_and_nowhere_else(
    exchange: Sandbox, keys: dict[str, str], kind: str, configured: str
) -> None:
    """HB#6805, HB#7312: they went to the main account. Signer, master and account are three addresses here."""
    exchange.open_account(OWNER, dexs={"": 20_000})
    exchange.chain.apply_now(ApproveAgent(OWNER, AGENT, "bot"))
    account = (
        exchange.create_vault(OWNER, "a vault", 5_000)
        if kind == "vault"
        else exchange.create_sub_account(OWNER, "sub", 5_000)
    )
    if configured == "settings":
        arguments = {**keys, "settings": Settings(vault_or_sub_account=account)}
    else:
        arguments = {**keys, "hyperliquid_perpetual_address": account, "use_vault": "yes"}
        arguments["hyperliquid_perpetual_mode"] = "api_wallet"
    async with trading_bot(exchange=exchange, **arguments) as bot:
        assert bot.connector.get_balance("USDC") == 5_000
        await buy(bot, BTC, "0.02")
        await eventually(lambda: bot.connector.get_position(BTC) is not None)
        assert exchange.account(account).position("BTC") == Decimal("0.02")
        assert not exchange.account(OWNER).positions
        assert await bot.connector._set_trading_pair_leverage(BTC, 6) == (True, "")
        await eventually(lambda: bot.connector.get_position(BTC).leverage == 6)
        order_id = await bot.open_order("buy", BTC, "0.01", bot.price("BTC", "0.99"))
        bot.connector.cancel(BTC, order_id)
        await eventually(lambda: bot.order(order_id).is_cancelled)
        assert not bot.log.errors


async def test_sub_account_of_another_is_refused_by_name(exchange: Sandbox) -> None:
    exchange.open_account(OWNER, dexs={"": 20_000})
    foreign = exchange.create_sub_account(DEMO_ADDRESS, "not yours", 100)
    bot = Bot(exchange, [BTC], settings=Settings(vault_or_sub_account=foreign), **KEYS)
    with pytest.raises(CredentialError, match=f"{foreign} is owned by {DEMO_ADDRESS}, not by the connected account"):
        await bot.connector._update_balances()


async def test_sub_account_given_as_a_plain_account_is_told(exchange: Sandbox) -> None:
    exchange.open_account(OWNER, dexs={"": 20_000})
    sub = exchange.create_sub_account(OWNER, "sub", 100)
    exchange.chain.apply_now(ApproveAgent(OWNER, AGENT, "bot"))
    bot = Bot(exchange, [BTC], **{**AGENT_KEYS, "hyperliquid_perpetual_address": sub})
    with pytest.raises(CredentialError, match=f"{sub} is a sub-account of {OWNER}: answer Yes"):
        await bot.connector._update_balances()


async def test_check_of_keys_costs_its_weight_once(exchange: Sandbox) -> None:
    exchange.open_account(OWNER, dexs={"": 20_000})
    exchange.chain.apply_now(ApproveAgent(OWNER, AGENT, "bot"))
    sub = exchange.create_sub_account(OWNER, "sub", 5_000)
    async with trading_bot(exchange=exchange, settings=Settings(vault_or_sub_account=sub), **AGENT_KEYS) as bot:
        for _ in range(3):
            await bot.connector._update_balances()
            await bot.connector._status_polling_loop_fetch_updates()
        assert len(exchange.requests("/info", "userRole")) == 1
        assert len(exchange.requests("/info", "extraAgents")) == 1


async def test_end_of_an_api_wallet_is_told_in_time_and_makes_the_connector_unready(exchange: Sandbox) -> None:
    exchange.open_account(OWNER, dexs={"": 20_000})
    until = exchange.chain.now + 3 * 86_400_000
    exchange.chain.apply_now(ApproveAgent(OWNER, AGENT, "bot", until))
    async with trading_bot(exchange=exchange, **AGENT_KEYS) as bot:
        assert f"The API wallet {AGENT} expires in 3 days" in str(bot.log)
        check = bot.connector._credential_check
        assert check is not None
        check._clock = lambda: until / 1000 + 1
        await bot.connector._status_polling_loop_fetch_updates()
        await bot.connector._status_polling_loop_fetch_updates()
        assert not bot.connector.ready
        (error,) = bot.log.errors
        assert f"the API wallet {AGENT} expired on" in error
        assert bot.connector.get_balance("USDC") == 20_000, "what can be read goes on being read"


# ------------------------------------------------------------------ what cannot be read


async def test_dex_that_does_not_answer_keeps_what_it_had_and_the_others_follow(exchange: Sandbox) -> None:
    """D54: a failing dex looked like one without positions."""
    exchange.open_account(OWNER, dexs={"": 5_000, "xyz": 5_000, "km": 5_000})
    async with trading_bot(BTC, XYZ, KM, exchange=exchange, **KEYS) as bot:
        await buy(bot, XYZ, "1")
        await eventually(lambda: bot.connector.get_position(XYZ) is not None)
        reader, known = bot.connector._reader, bot.connector.get_balance("USDH")
        asked = reader.state

        async def without_xyz(dex: str) -> ClearinghouseState:
            if dex == "xyz":
                raise VenueUnavailable("HTTP 500 on clearinghouseState: null")
            return await asked(dex)

        bot.connector._reader.state = without_xyz  # type: ignore[method-assign]
        bot.connector._dispatcher.on_message = lambda _message: None  # type: ignore[method-assign]
        exchange.fund(OWNER, 77, dex="km")
        with pytest.raises(VenueUnavailable):
            await bot.connector._update_balances()
        assert bot.connector.get_position(XYZ) is not None
        assert bot.connector.get_balance("USDH") == known + 77


async def test_mode_that_is_not_known_is_told_and_read_like_the_default_one(exchange: Sandbox) -> None:
    exchange.open_account(OWNER, dexs={"": 5_000})
    async with trading_bot(exchange=exchange, **KEYS) as bot:

        async def mode() -> str:
            return "quantumMargin"

        bot.connector._reader.mode = mode  # type: ignore[method-assign]
        for _ in range(2):
            bot.connector._sweep._mode_asked_at = 0.0
            await bot.connector._update_balances()
        assert str(bot.log).count("'quantumMargin'") == 1
        assert bot.connector.get_balance("USDC") == 5_000
