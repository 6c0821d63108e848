"""The rate oracle on our networks: all prices in one light request per dex, and names as Hummingbot asks for them."""

import logging
import math
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from hummingbot.client.command.rate_command import RateCommand
from hummingbot.core.rate_oracle.rate_oracle import RateOracle
from hummingbot.core.rate_oracle.utils import find_rate

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading import rate_source
from hyperliquid_perpetual.trading.rate_source import SandboxRates, VenueRates, prices_of
from hyperliquid_perpetual.venue.markets import parse_market_table
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        yield exchange


@pytest.mark.parametrize("coin", ["BTC", "kPEPE", "xyz:TSLA", "km:US500"])
async def test_a_market_has_the_middle_of_its_book_as_its_rate(exchange: Sandbox, coin: str) -> None:
    prices = await SandboxRates().get_prices()
    assert prices[f"{coin}-USD"] == exchange.book(coin).mid


async def test_delisted_markets_have_no_rate(exchange: Sandbox) -> None:
    assert "MATIC-USD" not in await SandboxRates().get_prices()


async def test_all_prices_cost_one_light_request_for_each_dex_that_lists_something(exchange: Sandbox) -> None:
    source = SandboxRates()
    await source.get_prices()
    before = len(exchange.requests("/info"))
    source._read_at = -math.inf
    source._requests.clear()
    await source.get_prices(quote_token="USD")
    kinds = Counter(request.kind for request in exchange.requests("/info")[before:])
    assert kinds == {"allMids": 3}  # the first dex, xyz and km; vntl lists nothing


async def test_the_oracle_may_ask_every_second_and_costs_nothing_for_half_a_minute(exchange: Sandbox) -> None:
    source = SandboxRates()
    first = await source.get_prices()
    before = len(exchange.requests())
    for _ in range(10):
        assert await source.get_prices() is first
    assert len(exchange.requests()) == before


async def test_a_second_source_of_the_process_does_not_read_the_markets_again(exchange: Sandbox) -> None:
    await SandboxRates().get_prices()
    await SandboxRates().get_prices()
    assert len(exchange.requests("/info", "allPerpMetas")) == 1


@pytest.mark.parametrize("quote", ["USD", "USDT", "USDC", None])
async def test_rates_are_found_in_whatever_quote_hummingbot_is_set_to(exchange: Sandbox, quote: str | None) -> None:
    """Hummingbot's global token is USDT unless it was changed; the stock source then answers nothing at all."""
    oracle = RateOracle(source=SandboxRates(), quote_token=quote)
    expected = exchange.book("kPEPE").mid
    assert await oracle.get_rate("kPEPE") == expected
    assert await oracle.rate_async("USD-USDT") == 1
    assert await oracle.rate_async("kPEPE-USDT") == expected
    assert await oracle.get_rate("USDC") == 1
    btc, eth = exchange.book("BTC").mid, exchange.book("ETH").mid
    assert btc is not None and eth is not None  # noqa: PT018
    assert await oracle.rate_async("BTC-ETH") == btc / eth


@pytest.mark.parametrize("typed", ["kPEPE-USD", "kpepe-usd", "xyz:tsla-usd", "XYZ:TSLA-USD", '"km:US500-USD"'])
async def test_the_rate_command_takes_every_market_in_any_case(exchange: Sandbox, typed: str) -> None:
    """Hummingbot makes capitals of what was typed before it looks it up."""
    told: list[str] = []

    class Terminal(RateCommand):  # type: ignore[misc]
        def notify(self, text: str) -> None:
            told.append(text)

    before, RateOracle._shared_instance = RateOracle._shared_instance, RateOracle(source=SandboxRates())
    try:
        await Terminal().show_rate(typed)
    finally:
        RateOracle._shared_instance = before
    coins = {coin.upper(): coin for coin in ("kPEPE", "xyz:TSLA", "km:US500")}
    coin = typed.strip('"').upper().removesuffix("-USD")
    assert told == [f"Source: hyperliquid_perpetual_sandbox\n1 {coin} = {exchange.book(coins[coin]).mid} USD"]


async def test_the_oracles_own_copy_of_the_prices_knows_the_capitals_too(exchange: Sandbox) -> None:
    copied = dict(await SandboxRates().get_prices())
    assert find_rate(copied, "KPEPE-USD") == copied["kPEPE-USD"]
    assert find_rate(copied, "XYZ:TSLA-USDT") == copied["xyz:TSLA-USD"]


async def test_one_dex_that_does_not_answer_costs_only_its_own_prices(
    exchange: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    source = SandboxRates()
    everything = await source.get_prices()
    source._read_at = -math.inf
    source._requests.clear()
    exchange.faults.status(502, next=1, path="/info", kind="allMids")
    with caplog.at_level(logging.WARNING):
        rest = await source.get_prices()
    assert 0 < len(rest) < len(everything)
    assert "cannot be read" in caplog.text


async def test_a_venue_that_is_away_is_told_once_and_gives_no_rates(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "http://127.0.0.1:9")
    monkeypatch.setattr(rate_source, "GOOD_FOR_SECONDS", -1.0)
    source = SandboxRates()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await source.get_prices() == {}
    assert len(caplog.records) == 1


async def test_mainnets_name_can_be_sent_to_the_sandbox(exchange: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo and machines without a network: strategies ask for rates of `hyperliquid_perpetual`."""
    monkeypatch.setenv(RATES_DOMAIN_VARIABLE, "hyperliquid_perpetual_sandbox")
    source = VenueRates()
    assert source.name == "hyperliquid_perpetual"
    assert (await source.get_prices())["BTC-USD"] == exchange.book("BTC").mid


def test_prices_that_are_none_are_left_out() -> None:
    """Testnet has marks and mids of zero."""
    metas = [{"universe": [{"name": name, "szDecimals": 1, "maxLeverage": 3} for name in ("A", "B", "C", "kD", "KD")]}]
    table = parse_market_table(None, metas)
    prices = prices_of(table, {"A": 0.0, "B": math.nan, "C": 2.5, "kD": 1.0, "KD": 2.0, "other": 3.0})
    assert prices["C-USD"] == Decimal("2.5")
    assert "A-USD" not in prices
    assert "B-USD" not in prices
    assert (prices["kD-USD"], prices["KD-USD"]) == (1, 2)
    assert prices_of(table, {}) == {}
