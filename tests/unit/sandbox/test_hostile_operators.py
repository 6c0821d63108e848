"""What is asked of `/sandbox/...` and makes no sense is answered with one sentence, and nothing is changed by it."""

import time
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client

ADDRESS = "0x" + "cd" * 20


async def refused(exchange: Sandbox, path: str, body: Any) -> str:
    """Why a request of an operator was not done."""
    text = body if isinstance(body, str) else None
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{exchange.url}/sandbox/{path}", data=text, json=None if text is not None else body) as response,
    ):
        assert response.status == 400, await response.text()
        error: str = (await response.json())["error"]
        return error


@pytest.mark.parametrize("amount", ["1e-999999999", "0e-999999999", "1e999999999", "NaN", "-Infinity"])
async def test_amount_beyond_all_measure_is_refused_at_once(exchange: Sandbox, amount: str) -> None:
    began = time.process_time()
    await refused(exchange, "account", {"address": ADDRESS, "dexs": {"": amount}})
    await refused(exchange, "fund", {"address": ADDRESS, "amount": amount})
    assert time.process_time() - began < 5


async def test_figures_of_a_market_that_are_no_numbers_are_refused(exchange: Sandbox) -> None:
    for figures in ({"maxLeverage": None}, {"szDecimals": [1]}, {"szDecimals": True}):
        error = await refused(exchange, "list", {"coin": "NEW", "price": "10", **figures})
        assert error == f"{next(iter(figures))} is a whole number"
    assert "NEW" not in exchange.market_set.by_coin


async def test_caps_that_are_no_list_are_refused(exchange: Sandbox) -> None:
    assert await refused(exchange, "maintenance", {"capped": None}) == "capped is a list of coins"


async def test_request_nested_without_end_is_refused(exchange: Sandbox) -> None:
    assert await refused(exchange, "maintenance", '{"capped":' + "[" * 100_000) == "nested too deep"
    assert "asked for in JSON" in await refused(exchange, "faults", "[" * 100_000)


async def test_number_beyond_64_bits_in_an_action_is_of_the_wrong_shape(exchange: Sandbox, alice: Client) -> None:
    signature = {"r": "0x1", "s": "0x1", "v": 27}
    send = {"hyperliquidChain": "Testnet", "signatureChainId": "0x66eee", "destination": ADDRESS, "amount": "1"}
    for action in ({"type": "scheduleCancel", "time": 2**64}, {"type": "usdSend", **send, "time": 2**64}):
        status, text = await alice.post("/exchange", {"action": action, "nonce": 1, "signature": signature})
        assert (status, text.split(":")[0]) == (422, "Failed to deserialize the JSON body into the target type")
