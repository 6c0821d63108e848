"""Hummingbot's own classes that make, start and drop connectors, each once with the real class in a real process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE
from tests.hummingbot.processes import ask_hummingbot

pytestmark = pytest.mark.timeout(300)

DOMAIN = "hyperliquid_perpetual_sandbox"
OURS = "hyperliquid_perpetual.hyperliquid_perpetual_derivative"

BEGINNING = """
import asyncio, gc, json, logging, warnings
from decimal import Decimal
from hummingbot.client.config.config_helpers import load_client_config_map_from_file
from hummingbot.client.settings import AllConnectorSettings

DOMAIN = "hyperliquid_perpetual_sandbox"
problems = []

class Problems(logging.Handler):
    def emit(self, record):
        if record.levelno >= logging.ERROR:
            problems.append(record.getMessage())

logging.getLogger().addHandler(Problems())
warnings.simplefilter("always", ResourceWarning)
warnings.showwarning = lambda message, kind, *_: problems.append(str(message)) if kind is ResourceWarning else None

async def until(condition, seconds=60):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)

def run(main):
    async def all_of_it():
        answer = await main()
        me = asyncio.current_task()
        try:
            await until(lambda: asyncio.all_tasks() == {me}, 10)
        except TimeoutError:
            pass
        answer["left_running"] = sorted(t.get_coro().__qualname__ for t in asyncio.all_tasks() - {me})
        gc.collect()
        answer["problems"] = problems
        print("ANSWER " + json.dumps(answer))
    asyncio.run(all_of_it())
"""

CONNECTOR_MANAGER = """
from hummingbot.core.connector_manager import ConnectorManager

async def main():
    answers = {f"{DOMAIN}_address": "", f"{DOMAIN}_secret_key": "", f"{DOMAIN}_mode": "arb_wallet", "use_vault": False}
    manager = ConnectorManager(load_client_config_map_from_file())
    first = manager.create_connector(DOMAIN, ["BTC-USD"], api_keys=answers)
    await manager.update_connector_balances(DOMAIN)
    balance = manager.get_balance(DOMAIN, "USD")
    await first.start_network()
    await until(lambda: first.ready)
    price = manager.get_order_book(DOMAIN, "BTC-USD").get_price(True)
    status = manager.get_status()[DOMAIN]
    await first.stop_network()
    manager.remove_connector(DOMAIN)
    # Adding pairs means another connector for all of them.
    second = manager.create_connector(DOMAIN, ["BTC-USD", "xyz:TSLA-USD"], api_keys=answers)
    await second.start_network()
    await until(lambda: second.ready)
    books = sorted(second.order_books)
    await second.stop_network()
    return {"class": type(first).__module__, "balance": float(balance), "price": price, "ready": status["ready"],
            "tokens": sorted(status["balances"]), "books": books}

run(main)
"""

MARKET_DATA_PROVIDER = """
from hummingbot.core.data_type.common import PriceType
from hummingbot.data_feed.market_data_provider import MarketDataProvider

async def main():
    provider = MarketDataProvider(connectors={})
    results = {}
    results["first"] = await provider.initialize_order_book(DOMAIN, "BTC-USD")
    results["more"] = await provider.initialize_order_books(DOMAIN, ["ETH-USD", "xyz:TSLA-USD", "NONE-USD"])
    connector = provider.get_connector_with_fallback(DOMAIN)
    mids = {pair: float(provider.get_price_by_type(DOMAIN, pair, PriceType.MidPrice))
            for pair in ("BTC-USD", "ETH-USD", "xyz:TSLA-USD")}
    bids, asks = provider.get_order_book_snapshot(DOMAIN, "ETH-USD")
    funding = float(provider.get_funding_info(DOMAIN, "ETH-USD").mark_price)
    await connector._update_trading_rules()
    rules = str(provider.get_trading_rules(DOMAIN, "ETH-USD").min_base_amount_increment)
    results["removed"] = await provider.remove_order_books(DOMAIN, ["ETH-USD", "BTC-USD"])
    left = sorted(connector.order_books)
    results["again"] = await provider.initialize_order_book(DOMAIN, "BTC-USD")
    provider.stop()
    await connector.stop_network()
    return {**results, "class": type(connector).__module__, "mids": mids, "levels": [len(bids), len(asks)],
            "funding": funding, "rules": rules, "left": left, "trading": connector.is_trading_required}

run(main)
"""

AT_ONCE = """
from hummingbot.data_feed.market_data_provider import MarketDataProvider

async def main():
    # The provider starts its connector once for each pair then, all at the same time.
    provider = MarketDataProvider(connectors={})
    pairs = ["BTC-USD", "ETH-USD", "SOL-USD"]
    results = await provider.initialize_order_books(DOMAIN, pairs)
    connector = provider.get_connector_with_fallback(DOMAIN)
    await until(lambda: set(connector.order_books) == set(pairs) and not connector._orderbook_ds.stale())
    prices = {pair: connector.get_order_book(pair).get_price(True) for pair in pairs}
    provider.stop()
    await connector.stop_network()
    return {"results": results, "prices": prices}

run(main)
"""

PAIRS_AND_RATES = """
from hummingbot.client.config.security import Security
from hummingbot.core.rate_oracle.rate_oracle import RATE_ORACLE_SOURCES, RateOracle
from hummingbot.core.utils.trading_pair_fetcher import TradingPairFetcher

class OnlyOurs(TradingPairFetcher):
    # Without the other exchanges, which are somewhere in the network.
    def _all_connector_settings(self):
        known = AllConnectorSettings.get_connector_settings()
        return {name: known[name] for name in known if name.startswith("hyperliquid_perpetual")}

async def main():
    settings = AllConnectorSettings.get_connector_settings()
    found = {}
    for name in ("hyperliquid_perpetual", DOMAIN):
        connector = settings[name].non_trading_connector_instance_with_default_configuration()
        found[name] = [type(connector).__module__, connector.name, connector.is_trading_required,
                       len(await connector.all_trading_pairs())]
    Security._decryption_done.set()
    config = load_client_config_map_from_file()
    config.fetch_pairs_from_all_exchanges = True
    fetcher = OnlyOurs(config)
    await until(lambda: fetcher.ready and {"hyperliquid_perpetual", DOMAIN} <= fetcher.trading_pairs.keys())
    pairs = {name: len(fetcher.trading_pairs[name]) for name in ("hyperliquid_perpetual", DOMAIN)}
    oracle = RateOracle(source=RATE_ORACLE_SOURCES["hyperliquid_perpetual"]())
    rates = await oracle.get_prices() if hasattr(oracle, "get_prices") else await oracle.source.get_prices()
    btc = float(rates["BTC-USD"])
    asked = await oracle.rate_async("ETH-USD")
    return {"instances": found, "pairs": pairs, "rates": len(rates), "btc": btc, "eth": float(asked)}

run(main)
"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    with Sandbox.in_thread(seed=11, market="calm") as thread:
        yield thread


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return BotHome.create(tmp_path_factory.mktemp("home")).path


def ask(home: Path, exchange: SandboxThread, script: str, problems: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a script tells; it leaves nothing running and has no problems but those whose beginnings are given."""
    environment = {SANDBOX_URL_VARIABLE: exchange.url, RATES_DOMAIN_VARIABLE: DOMAIN}
    answer: dict[str, Any] = ask_hummingbot(home, BEGINNING + script, **environment)
    told = answer.pop("problems")
    assert len(told) == len(problems), told
    assert all(text.startswith(beginning) for text, beginning in zip(told, problems, strict=True)), told
    assert answer.pop("left_running") == []
    return answer


def test_connector_manager_makes_reads_and_replaces_a_connector(home: Path, exchange: SandboxThread) -> None:
    told = ask(home, exchange, CONNECTOR_MANAGER)
    assert told["class"] == OURS
    assert told["balance"] > 0
    assert told["price"] > 0
    assert told["ready"]
    assert "USDC" in told["tokens"]
    assert told["books"] == ["BTC-USD", "xyz:TSLA-USD"]


def test_market_data_provider_adds_and_removes_books_one_by_one(home: Path, exchange: SandboxThread) -> None:
    told = ask(home, exchange, MARKET_DATA_PROVIDER, problems=("NONE-USD cannot be added",))
    assert told["class"] == OURS
    assert told["trading"] is False
    assert told["first"] is True
    assert told["more"] == {"ETH-USD": True, "xyz:TSLA-USD": True, "NONE-USD": False}
    assert all(mid > 0 for mid in told["mids"].values())
    assert min(told["levels"]) >= 5
    assert told["funding"] == pytest.approx(told["mids"]["ETH-USD"], rel=0.05)
    assert told["rules"] == "0.0001"
    assert told["removed"] == {"ETH-USD": True, "BTC-USD": True}
    assert told["left"] == ["xyz:TSLA-USD"]
    assert told["again"] is True


def test_market_data_provider_starts_several_books_at_once(home: Path, exchange: SandboxThread) -> None:
    told = ask(home, exchange, AT_ONCE)
    assert set(told["results"].values()) == {True}
    assert all(price > 0 for price in told["prices"].values())


def test_pair_fetcher_default_instances_and_rate_oracle(home: Path, exchange: SandboxThread) -> None:
    told = ask(home, exchange, PAIRS_AND_RATES)
    for name, instance in told["instances"].items():
        assert instance[:3] == [OURS, name, False]
        assert instance[3] == told["pairs"][name] > 5
    assert told["rates"] >= 5
    assert told["btc"] > told["eth"] > 0
