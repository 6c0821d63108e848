"""The connector that Hummingbot ships, on our exchange: what is wrong with its signatures, and that nothing else is.

D1: beside ``msgpack-python``, which Hummingbot installs, an action with a string of 32 characters or more is hashed in
an outdated form. Every order has one, its client order id. The venue then sees an address that nobody has.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from tests.hummingbot.processes import ask_hummingbot

pytestmark = pytest.mark.timeout(300)

KEY = "0x" + "2".rjust(64, "0")
ADDRESS = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"

#: Places one order as a strategy does, tells what Hummingbot was told of it, and then the same with a right packer.
TRADE = """
import asyncio, json, os
from decimal import Decimal
from types import SimpleNamespace

import msgspec
from hummingbot.connector.derivative.hyperliquid_perpetual import (
    hyperliquid_perpetual_auth as auth, hyperliquid_perpetual_constants as constants
)
from hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_derivative import (
    HyperliquidPerpetualDerivative
)
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.event_forwarder import EventForwarder
from hummingbot.core.event.events import MarketEvent

# Only its testnet signs as a local node expects it.
constants.TESTNET_BASE_URL = os.environ["EXCHANGE"]
constants.TESTNET_WS_URL = os.environ["EXCHANGE"].replace("http", "ws") + "/ws"

async def main():
    connector = HyperliquidPerpetualDerivative(
        hyperliquid_perpetual_secret_key=os.environ["KEY"], hyperliquid_perpetual_address=os.environ["ADDRESS"],
        use_vault=False, trading_pairs=["BTC-USD"], domain="hyperliquid_perpetual_testnet",
    )
    outcome = asyncio.Queue()
    listeners = [
        (MarketEvent.BuyOrderCreated, EventForwarder(lambda event: outcome.put_nowait(["created", ""]))),
        (MarketEvent.OrderFailure, EventForwarder(
            lambda event: outcome.put_nowait(["failed", event.error_message]))),
    ]
    for kind, listener in listeners:
        connector.add_listener(kind, listener)
    connector._set_current_timestamp(1.0)
    await connector._update_trading_rules()

    async def order():
        connector.buy("BTC-USD", Decimal("0.01"), OrderType.LIMIT, Decimal(os.environ["PRICE"]),
                      position_action=PositionAction.OPEN)
        return await asyncio.wait_for(outcome.get(), 30)

    as_shipped = await order()
    leverage_as_shipped = await connector._set_trading_pair_leverage("BTC-USD", 5)
    auth.msgpack = SimpleNamespace(packb=msgspec.msgpack.encode)
    packed_right = await order()
    print("ANSWER " + json.dumps({
        "module": HyperliquidPerpetualDerivative.__module__,
        "as_shipped": as_shipped,
        "leverage_as_shipped": leverage_as_shipped,
        "packed_right": packed_right,
    }))
    await connector.stop_network()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    """As strict as the venue: whoever signs has to have an account."""
    with Sandbox.in_thread(seed=7, market="still", block_ms=0, accounts=[ADDRESS], newcomers="refuse") as exchange:
        yield exchange


@pytest.fixture(scope="module")
def told(exchange: SandboxThread, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = BotHome.create(tmp_path_factory.mktemp("home")).path
    mid = exchange.run(lambda sandbox: sandbox.book("BTC").mid)
    assert mid is not None
    answer: dict[str, Any] = ask_hummingbot(
        home,
        TRADE,
        HYPERLIQUID_PERPETUAL_PLUGIN="0",
        EXCHANGE=exchange.url,
        KEY=KEY,
        ADDRESS=ADDRESS,
        PRICE=str(int(mid * 99 / 100)),
    )
    return answer


def test_it_is_the_stock_connector_that_is_asked(told: dict[str, Any]) -> None:
    assert told["module"].startswith("hummingbot.connector.derivative.hyperliquid_perpetual.")


def test_first_order_of_the_stock_connector_is_refused_as_signed_by_nobody(told: dict[str, Any]) -> None:
    """D1: the address in the text is not the account's."""
    state, reason = told["as_shipped"]
    assert state == "failed"
    assert "User or API Wallet 0x" in reason
    assert "does not exist" in reason
    assert ADDRESS not in reason


def test_same_order_with_its_action_packed_right_is_accepted(told: dict[str, Any], exchange: SandboxThread) -> None:
    """D1: the packing of long strings is the only cause; so this exchange checks signatures."""
    assert told["packed_right"] == ["created", ""]
    (order,) = exchange.run(lambda sandbox: sandbox.open_orders(ADDRESS))
    assert order.size == Decimal("0.01")
    requests = exchange.run(lambda sandbox: list(sandbox.requests("/exchange", "order")))
    refused, accepted = ({**request.json["action"]["orders"][0], "c": ""} for request in requests)
    assert refused == accepted, "but for its id it is the same order"


def test_action_without_a_long_string_is_signed_right_as_shipped(told: dict[str, Any]) -> None:
    """D1: which is why the cause is hard to see."""
    assert told["leverage_as_shipped"] == [True, ""]
