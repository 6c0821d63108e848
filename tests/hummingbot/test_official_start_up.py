"""From keys to a running connector, on the paths that Hummingbot itself takes, in Hummingbot processes."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from tests.hummingbot.features import needs_hbot
from tests.hummingbot.processes import PASSWORD, ask_hummingbot, hbot

pytestmark = pytest.mark.timeout(300)

DOMAIN = "hyperliquid_perpetual_sandbox"
SECOND_KEY, SECOND = "0x" + "2".rjust(64, "0"), "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"
AGENT_KEY, AGENT = "0x" + "3".rjust(64, "0"), "0x6813eb9362372eef6200f3b1dbc3f819671cba69"
NOBODYS_KEY, NOBODY = "0x" + "4".rjust(64, "0"), "0x1eff47bc3a10a45d4b230b5d10e37751fe6aa718"


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    """As strict as the venue: two accounts, one of which has an API wallet."""
    with Sandbox.in_thread(seed=7, market="still", block_ms=0, accounts=[SECOND], newcomers="refuse") as exchange:
        exchange.run(lambda sandbox: sandbox.fund(SECOND, 500))
        exchange.run(lambda sandbox: sandbox.chain.apply_now(ApproveAgent(SECOND, AGENT, "bot")))
        yield exchange


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return BotHome.create(tmp_path).path


def keys(domain: str, address: str, secret_key: str, mode: str = "arb_wallet", use_vault: str = "no") -> dict[str, str]:
    """What a user answers to the prompts of a domain."""
    return {
        f"{domain}_mode": mode,
        "use_vault": use_vault,
        f"{domain}_address": address,
        f"{domain}_secret_key": secret_key,
    }


def connect(home: Path, domain: str, answers: dict[str, str], **environment: str) -> Any:
    return hbot(home, "connect", domain, "--keys-stdin", stdin=json.dumps(answers), **environment)


def actions_sent(exchange: SandboxThread) -> int:
    """How many signed requests have come in."""
    return len(exchange.run(lambda sandbox: sandbox.requests("/exchange")))


def balances(home: Path, exchange: SandboxThread) -> Any:
    process = hbot(home, "balance", DOMAIN, "--units-only", "--json", HYPERLIQUID_SANDBOX_URL=exchange.url)
    assert process.returncode == 0, process.stdout + process.stderr
    return json.loads(process.stdout)["connectors"][DOMAIN]["assets"]


# ---------------------------------------------------------------------- hbot connect, hbot balance


@needs_hbot
def test_sandbox_connects_with_empty_keys_and_shows_the_ready_made_account(home: Path, exchange: SandboxThread) -> None:
    before = actions_sent(exchange)
    connected = connect(home, DOMAIN, keys(DOMAIN, "", ""))
    assert connected.returncode == 0, connected.stdout + connected.stderr
    value = float(exchange.run(lambda sandbox: sandbox.account(DEMO_ADDRESS)).account_value)
    # What lies on every dex is shown, under the name of its token, and nothing twice.
    assert balances(home, exchange) == [
        {"asset": "USDC", "total": 2 * value, "available": 2 * value},
        {"asset": "USDH", "total": value, "available": value},
    ]
    assert actions_sent(exchange) == before


@needs_hbot
def test_api_wallet_connects_for_its_account_and_its_key_is_stored_encrypted(
    home: Path, exchange: SandboxThread
) -> None:
    connected = connect(home, DOMAIN, keys(DOMAIN, SECOND.upper().replace("0X", "0x"), AGENT_KEY, "api_wallet"))
    assert connected.returncode == 0, connected.stdout + connected.stderr
    stored = (home / "conf" / "connectors" / f"{DOMAIN}.yml").read_text()
    for secret in (AGENT_KEY, SECOND):
        assert secret.removeprefix("0x") not in stored.lower()
        assert secret.removeprefix("0x") not in (connected.stdout + connected.stderr).lower()
    usd, _ = balances(home, exchange)
    on_xyz = float(exchange.run(lambda sandbox: sandbox.deposit))
    assert usd["total"] == float(exchange.run(lambda sandbox: sandbox.account(SECOND)).account_value) + on_xyz


@needs_hbot
def test_malformed_address_is_refused_by_connect_and_nothing_is_stored(home: Path) -> None:
    refused = connect(home, DOMAIN, keys(DOMAIN, "0x123", DEMO_PRIVATE_KEY))
    assert refused.returncode == 4
    assert "expected an address of 0x and 40 hex digits, got '0x123'" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not list((home / "conf" / "connectors").glob("hyperliquid*"))


#: What `connect` in Hummingbot's client and `hbot balance` show for keys: an error message, or None.
TRY_KEYS = """
import asyncio, json, os
from hummingbot.client.config.config_helpers import load_client_config_map_from_file
from hummingbot.user.user_balances import UserBalances

async def main():
    settings, told = load_client_config_map_from_file(), {}
    for name, answers in json.loads(os.environ["CASES"]).items():
        os.environ["HYPERLIQUID_SANDBOX_URL"] = answers.pop("url", os.environ["EXCHANGE"])
        told[name] = await UserBalances.instance().add_exchange("hyperliquid_perpetual_sandbox", settings, **answers)
    print("ANSWER " + json.dumps(told))

asyncio.run(main())
"""


@needs_hbot
def test_keys_that_cannot_trade_are_told_in_one_sentence_each(home: Path, exchange: SandboxThread) -> None:
    cases = {
        "right": keys(DOMAIN, SECOND, SECOND_KEY),
        "right, by an API wallet": keys(DOMAIN, SECOND, AGENT_KEY, "api_wallet"),
        "wrong key": keys(DOMAIN, SECOND, NOBODYS_KEY),
        "key that is none": keys(DOMAIN, SECOND, "0xabc"),
        "malformed address": keys(DOMAIN, SECOND + "00", SECOND_KEY),
        "address alone": keys(DOMAIN, SECOND, ""),
        "API wallet as the account": keys(DOMAIN, AGENT, AGENT_KEY, "api_wallet"),
        "not approved": keys(DOMAIN, SECOND, NOBODYS_KEY, "api_wallet"),
        "another one's API wallet": keys(DOMAIN, DEMO_ADDRESS, AGENT_KEY, "api_wallet"),
        "never deposited": keys(DOMAIN, NOBODY, NOBODYS_KEY),
        "no vault": keys(DOMAIN, SECOND, SECOND_KEY, use_vault="yes"),
        "nobody listens": keys(DOMAIN, SECOND, SECOND_KEY) | {"url": "http://127.0.0.1:9"},
    }
    before = actions_sent(exchange)
    told = ask_hummingbot(home, TRY_KEYS, EXCHANGE=exchange.url, CASES=json.dumps(cases))
    unreachable = told.pop("nobody listens")
    assert unreachable.startswith("no answer to userRole: Cannot connect to host 127.0.0.1:9")
    assert told == {
        "right": None,
        "right, by an API wallet": None,
        "wrong key": f"the private key belongs to {NOBODY}, not to the account {SECOND}: give the key of the account, "
        "or choose api_wallet if it is the key of an API wallet",
        "key that is none": "the private key is not valid: expected 64 hex digits (with or without 0x), non-zero and "
        "below the curve's order",
        "malformed address": "the account address is not valid: expected an address of 0x and 40 hex digits, got "
        f"'{SECOND}00'",
        "address alone": "an address without its private key: leave both empty for the sandbox's own account, or give "
        "both",
        "API wallet as the account": f"{AGENT} is an API wallet, not an account: it holds nothing. Give the address of "
        f"the account it trades for: {SECOND}",
        "not approved": f"the key's wallet {NOBODY} is not approved to trade for {SECOND}: approve it as an API wallet "
        "on the exchange's API page (app.hyperliquid.xyz/API); if it was approved before, it has expired or was "
        "replaced, and a new one is needed",
        "another one's API wallet": f"the private key is that of an API wallet of {SECOND}, not of {DEMO_ADDRESS}: "
        f"give the key of one that {DEMO_ADDRESS} has approved",
        "never deposited": None,
        "no vault": f"{SECOND} is neither a vault nor a sub-account: answer No to the vault question of connect, and "
        "leave vault_or_sub_account out of the settings file",
    }
    assert actions_sent(exchange) == before


# ---------------------------------------------------------------------- files of the stock connector

#: Unlocks the stored keys as the client does, and builds the connector that a bot would get.
LOAD_STORED = """
import asyncio, json, os
from hummingbot.client.config.config_crypt import ETHKeyFileSecretManger
from hummingbot.client.config.config_helpers import load_client_config_map_from_file
from hummingbot.client.config.security import Security
from hummingbot.core.connector_manager import ConnectorManager

async def main():
    assert Security.login(ETHKeyFileSecretManger(os.environ["PASSWORD"]))
    told = {}
    for name in json.loads(os.environ["NAMES"]):
        connector = ConnectorManager(load_client_config_map_from_file()).create_connector(name, ["BTC-USD"])
        credentials = connector.authenticator.credentials
        told[name] = [type(connector).__module__, connector.name, credentials.account, credentials.signer.address,
                      credentials.is_vault]
    print("ANSWER " + json.dumps(told))

asyncio.run(main())
"""


@needs_hbot
def test_encrypted_files_that_the_stock_connector_wrote_keep_loading(home: Path) -> None:
    stock = {"HYPERLIQUID_PERPETUAL_PLUGIN": "0"}
    main, test = "hyperliquid_perpetual", "hyperliquid_perpetual_testnet"
    for answers in (keys(main, SECOND, SECOND_KEY), keys(test, SECOND, AGENT_KEY, "api_wallet")):
        domain = next(iter(answers)).removesuffix("_mode")
        written = connect(home, domain, answers, **stock)
        assert written.returncode == 0, written.stdout + written.stderr
    told = ask_hummingbot(home, LOAD_STORED, PASSWORD=PASSWORD, NAMES=json.dumps([main, test]))
    ours = "hyperliquid_perpetual.hyperliquid_perpetual_derivative"
    assert told == {main: [ours, main, SECOND, SECOND, False], test: [ours, test, SECOND, AGENT, False]}


# ---------------------------------------------------------------------- start, trade, stop

#: A connector made and run as the client makes and runs it: by the connector manager and the clock.
RUN = """
import asyncio, json, time
from decimal import Decimal
from hummingbot.client.config.config_helpers import load_client_config_map_from_file
from hummingbot.core.clock import Clock, ClockMode
from hummingbot.core.connector_manager import ConnectorManager
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

DOMAIN, PAIRS = "hyperliquid_perpetual_sandbox", ["BTC-USD", "ETH-USD", "kPEPE-USD"]

async def until(condition):
    async with asyncio.timeout(40):
        while not condition():
            await asyncio.sleep(0.01)

async def main():
    answers = {f"{DOMAIN}_address": "", f"{DOMAIN}_secret_key": "", f"{DOMAIN}_mode": "arb_wallet", "use_vault": False}
    manager = ConnectorManager(load_client_config_map_from_file())
    connector = manager.create_connector(DOMAIN, PAIRS, api_keys=answers)
    events, kinds = [], (MarketEvent.BuyOrderCreated, MarketEvent.OrderCancelled, MarketEvent.OrderFailure)
    listeners = [(kind, EventForwarder(lambda event, kind=kind: events.append(kind.name))) for kind in kinds]
    for kind, listener in listeners:
        connector.add_listener(kind, listener)
    clock = Clock(ClockMode.REALTIME)
    clock.add_iterator(connector)
    started = time.monotonic()
    with clock:
        running = asyncio.create_task(clock.run())
        await until(lambda: connector.ready)
        seconds = time.monotonic() - started
        mids = {pair: str(connector.get_mid_price(pair)) for pair in PAIRS}
        price = connector.quantize_order_price("BTC-USD", connector.get_mid_price("BTC-USD") * Decimal("0.99"))
        connector.buy("BTC-USD", Decimal("0.01"), OrderType.LIMIT, price, position_action=PositionAction.OPEN)
        await until(lambda: "BuyOrderCreated" in events)
        results = await connector.cancel_all(10)
        await until(lambda: "OrderCancelled" in events)
        running.cancel()
    await until(lambda: connector._user_stream_tracker_task is None)
    await asyncio.sleep(0.5)
    print("ANSWER " + json.dumps({
        "class": type(connector).__module__, "seconds": seconds, "mids": mids, "events": events,
        "cancelled": [result.success for result in results], "ready_after_stop": connector.ready,
        "left_running": sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks()
                               if task is not asyncio.current_task()),
    }))

asyncio.run(main())
"""


def test_connector_starts_trades_and_stops_under_hummingbots_own_clock(home: Path, exchange: SandboxThread) -> None:
    told = ask_hummingbot(home, RUN, HYPERLIQUID_SANDBOX_URL=exchange.url)
    assert told["class"] == "hyperliquid_perpetual.hyperliquid_perpetual_derivative"
    assert told["events"] == ["BuyOrderCreated", "OrderCancelled"]
    assert told["cancelled"] == [True]
    for pair, mid in told["mids"].items():
        coin = pair.removesuffix("-USD")
        assert float(mid) == pytest.approx(float(exchange.run(lambda sandbox, coin=coin: sandbox.book(coin).mid)))
    assert not told["ready_after_stop"]
    assert told["left_running"] == []
    assert not exchange.run(lambda sandbox: sandbox.open_orders(DEMO_ADDRESS))
    deadline = time.monotonic() + 5
    while exchange.run(lambda sandbox: sandbox.sockets) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert exchange.run(lambda sandbox: sandbox.sockets) == 0
