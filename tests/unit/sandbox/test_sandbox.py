"""The embedding: what a test can see and force, another thread, another process, and the program itself."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from tests.unit.sandbox.client import Client, order, wallet

USER = "0x" + "12" * 20


# ---------------------------------------------------------------------- inspecting and forcing


async def test_account_in_plain_values(exchange: Sandbox, alice: Client) -> None:
    (first, second) = await alice.place(order(0, True, "87000", "0.01", "Ioc"), order(0, True, "80000", "0.02"))
    account = exchange.account(wallet(11).address)
    assert account.position("BTC") == Decimal("0.01")
    assert account.position("ETH") == 0
    (position,) = account.positions
    assert position.entry_price == Decimal(first["filled"]["avgPx"])
    assert (position.leverage, position.is_cross) == (20, True)
    assert [entry.oid for entry in account.open_orders] == [second["resting"]["oid"]]
    assert account.fees_paid == {"USDC": sum(fill.fee for fill in exchange.fills(alice.address))}
    assert account.account_value < 100_000
    assert exchange.account(USER).fills == ()


async def test_orders_are_filled_on_demand(exchange: Sandbox, alice: Client) -> None:
    (status,) = await alice.place(order(0, False, "87000", "0.01"))
    oid = status["resting"]["oid"]
    exchange.fill(alice.address, oid, "0.003")
    found = exchange.order(alice.address, oid)
    assert found is not None
    assert (found.remaining, found.status) == (Decimal("0.007"), "open")
    exchange.fill(alice.address, oid)
    found = exchange.order(alice.address, oid)
    assert found is not None
    assert found.status == "filled"
    assert {fill.price for fill in exchange.fills(alice.address)} == {87_000}
    with pytest.raises(ValueError, match="no open order"):
        exchange.fill(alice.address, oid)
    with pytest.raises(ValueError, match="no open order"):
        exchange.fill(USER, "0x" + "1" * 32)


@pytest.mark.parametrize("size", ["0.02", "0", "0.000001"])
async def test_more_than_what_remains_cannot_be_filled(exchange: Sandbox, alice: Client, size: str) -> None:
    (status,) = await alice.place(order(0, False, "87000", "0.01"))
    with pytest.raises(ValueError, match="cannot be filled"):
        exchange.fill(alice.address, status["resting"]["oid"], size)


async def test_money_can_be_added_on_each_dex(exchange: Sandbox) -> None:
    exchange.fund(USER, Decimal("1.5"))
    exchange.fund(USER, 20, "km")
    assert exchange.account(USER).account_value == Decimal("100001.5")
    async with Client(exchange, wallet(9)) as client:
        state = await client.info("clearinghouseState", user=USER, dex="km")
        assert state["withdrawable"] == "100020.0"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda exchange: exchange.fund("0x12"), "40 hex digits"),
        (lambda exchange: exchange.fund(USER, 0), "positive"),
        (lambda exchange: exchange.fund(USER, 1, "nothing"), "no dex"),
        (lambda exchange: exchange.set_price("nothing", 1), "not listed here; there are BTC, ETH"),
        (lambda exchange: exchange.set_price("BTC", 0), "positive"),
        (lambda exchange: exchange.set_price("BTC", "0.0000001"), "six decimals"),
        (lambda exchange: exchange.trade_through("BTC", "86420.55"), "no price"),
        (lambda exchange: exchange.book("btc"), "not listed"),
    ],
)
async def test_what_cannot_be_forced_is_refused_in_words(exchange: Sandbox, call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(exchange)


async def test_clients_are_those_who_came_and_not_the_traders(exchange: Sandbox, alice: Client) -> None:
    exchange.trade_through("BTC", "86500")
    assert exchange.clients == (DEMO_ADDRESS, alice.address)


async def test_address_of_every_interface_is_reached_by_loopback() -> None:
    async with Sandbox(market="empty", host="0.0.0.0") as exchange:  # noqa: S104 - closed again at once
        assert exchange.url.startswith("http://127.0.0.1:")
        assert exchange.ws_url == exchange.url.replace("http", "ws") + "/ws"


async def test_stopping_twice_does_no_harm() -> None:
    exchange = await Sandbox(market="empty").start()
    await exchange.stop()
    await exchange.stop()


# ---------------------------------------------------------------------- a thread of its own


def test_sandbox_in_a_thread_serves_clients_that_block() -> None:
    with Sandbox.in_thread(seed=1, market="still", clock="virtual") as thread:
        request = urllib.request.Request(  # noqa: S310 - our own loopback server
            thread.url + "/info", b'{"type":"exchangeStatus"}', {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            before = json.load(response)["time"]
        thread.advance(10)
        assert thread.run(lambda exchange: exchange.clock.now()) >= before + 10_000
        thread.run(lambda exchange: exchange.fund(USER))
        assert thread.run(lambda exchange: exchange.account(USER).account_value) == 100_000
        assert thread.ws_url.startswith("ws://")
        with pytest.raises(ValueError, match="not listed"):
            thread.run(lambda exchange: exchange.book("nothing"))
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(request)  # noqa: S310


def test_thread_hands_over_why_it_could_not_start() -> None:
    with Sandbox.in_thread(market="empty") as thread:
        port = int(thread.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"), Sandbox.in_thread(market="empty", port=port):
            pass


# ---------------------------------------------------------------------- control from another process


async def control(exchange: Sandbox, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{exchange.url}/sandbox/{path}", json=body, headers=headers) as response,
    ):
        return response.status, await response.json()


async def test_status_and_ledger_of_an_account(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.01", "Ioc"), order(0, True, "80000", "0.02"))
    status, overview = await control(exchange, "GET", "status")
    assert status == 200
    assert overview["seed"] == 1
    assert [entry["address"] for entry in overview["accounts"]] == [DEMO_ADDRESS, alice.address]
    status, ledger = await control(exchange, "GET", f"accounts/{wallet(11).address}")
    assert status == 200
    (fill,) = ledger["fillList"]
    (known,) = exchange.fills(alice.address)
    assert (Decimal(fill["px"]), Decimal(fill["fee"]), fill["tid"]) == (known.price, known.fee, known.tid)
    assert ledger["positions"] == {"BTC": "0.01"}
    assert ledger["feesPaid"] == {"USDC": f"{known.fee}"}
    assert ledger["openOrders"][0]["sz"] == "0.02"
    assert ledger["fills"] == 1


async def test_money_prices_and_sockets_from_outside(exchange: Sandbox) -> None:
    status, account = await control(exchange, "POST", "fund", {"address": USER, "amount": "5"})
    assert (status, account["accountValue"]) == (200, "100005")
    assert await control(exchange, "POST", "price", {"coin": "ETH", "price": 3000}) == (
        200,
        {"coin": "ETH", "price": "3000"},
    )
    state = exchange.engine.market("ETH")
    assert state is not None
    assert state.oracle_px == 3_000_000_000
    async with aiohttp.ClientSession() as http, http.ws_connect(exchange.ws_url):
        assert await control(exchange, "POST", "drop_websockets") == (200, {"dropped": 1})


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("fund", {"address": "0x12"}, "40 hex digits"),
        ("fund", {"address": USER, "amount": "much"}, ""),
        ("fund", ["no object"], "Expected"),
        ("price", {"coin": "nothing", "price": 1}, "not listed"),
        ("price", {}, "not listed"),
    ],
)
async def test_bad_control_requests_say_what_is_wrong(exchange: Sandbox, path: str, body: Any, words: str) -> None:
    status, answer = await control(exchange, "POST", path, body)
    assert status == 400
    assert words in answer["error"]
    assert answer["error"]


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://somewhere.example"}, {"host": "somewhere.example"}, {"origin": "null"}],
)
async def test_pages_of_other_sites_cannot_reach_the_controls(exchange: Sandbox, headers: dict[str, str]) -> None:
    status, answer = await control(exchange, "GET", "status", **headers)
    assert status == 403
    assert "only" in answer["error"] or "not for" in answer["error"]


async def test_page_of_the_sandbox_itself_may(exchange: Sandbox) -> None:
    assert (await control(exchange, "GET", "status", origin=exchange.url))[0] == 200


# ---------------------------------------------------------------------- the program


def serve(**settings: object) -> subprocess.Popen[str]:
    code = f"from hyperliquid_perpetual.sandbox import serve; serve.run(**{settings!r})"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_program_says_where_it_is_and_ends_with_a_report(number: signal.Signals) -> None:
    process = serve(port=0, seed=4, market="still", status_seconds=0.2)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(11)]
    text = "".join(lines)
    assert "seed 4" in text
    assert DEMO_ADDRESS in text
    assert DEMO_PRIVATE_KEY in text
    url = next(word for word in text.split() if word.startswith("http://127.0.0.1:"))
    with urllib.request.urlopen(f"{url}/sandbox/status") as response:  # noqa: S310
        assert json.load(response)["market"] == "still"
    assert "WebSocket clients" in process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err == ""
    ran = re.search(r"The sandbox ran (\d+) s: (\d+) blocks", out)
    assert ran is not None
    assert int(ran[2]) <= 12 * (int(ran[1]) + 2), "those of its set-up do not count"
    assert f"{DEMO_ADDRESS}: 0 fills" in out


def test_program_that_cannot_have_its_port_says_so_in_one_line() -> None:
    with Sandbox.in_thread(market="empty") as thread:
        process = serve(port=int(thread.url.rsplit(":", 1)[1]))
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == ""
    assert err.count("\n") == 1
    assert "Give another --port" in err


def test_market_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no market 'nice': choose one of calm, trending, wild"):
        Sandbox(market="nice")  # type: ignore[arg-type]


async def test_engine_is_loaded_without_the_server() -> None:
    code = (
        "import sys, hyperliquid_perpetual.sandbox.engine.exchange;"
        "sys.exit('aiohttp' in sys.modules or 'eth_account' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
