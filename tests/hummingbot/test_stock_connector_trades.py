"""The connector that Hummingbot ships, its packer repaired, trades on the sandbox by its own code.

It starts, gets ready, places, cancels, is filled and closes; what is known to be wrong with it, and what the sandbox
lets a trader see, is asserted as such (`docs/compatibility.md` says for each D what ours does instead).
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from tests.hummingbot.processes import ask_hummingbot

pytestmark = pytest.mark.timeout(300)

SESSION = Path(__file__).with_name("stock_connector_session.py")
KEY = "0x" + "2".rjust(64, "0")
ADDRESS = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    """As strict as the venue; the first order takes effect and is answered with 504."""
    with Sandbox.in_thread(
        seed=7, market="calm", coins=["BTC", "ETH"], accounts=[ADDRESS], newcomers="refuse"
    ) as exchange:
        exchange.run(lambda sandbox: sandbox.faults.status(504, path="/exchange", kind="order", after=True))
        yield exchange


@pytest.fixture(scope="module")
def told(exchange: SandboxThread, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = BotHome.create(tmp_path_factory.mktemp("home")).path
    environment = {"EXCHANGE": exchange.url, "KEY": KEY, "ADDRESS": ADDRESS}
    answer: dict[str, Any] = ask_hummingbot(
        home, SESSION.read_text(encoding="utf-8"), HYPERLIQUID_PERPETUAL_PLUGIN="0", **environment
    )
    return answer


def test_it_is_the_stock_connector_and_it_gets_ready(told: dict[str, Any]) -> None:
    assert told["module"].startswith("hummingbot.connector.derivative.hyperliquid_perpetual.")
    assert set(told["status"].values()) == {True}


def test_it_sees_its_balance(told: dict[str, Any]) -> None:
    assert [Decimal(amount) for amount in told["balance"]] == [100_000, 100_000]


def test_order_is_created_and_canceled_on_both_sides(told: dict[str, Any], exchange: SandboxThread) -> None:
    assert told["canceled"]["events"] == ["BuyOrderCreated", "OrderCancelled"]
    order = exchange.run(lambda sandbox: sandbox.order(ADDRESS, told["canceled"]["id"]))
    assert order is not None
    assert order.status == "canceled"


def test_position_is_opened_seen_and_closed(told: dict[str, Any], exchange: SandboxThread) -> None:
    assert set(told["opened"]) == {"BuyOrderCreated", "OrderFilled", "BuyOrderCompleted"}
    assert set(told["closed"]) == {"SellOrderCreated", "OrderFilled", "SellOrderCompleted"}
    pair, amount, entry = told["position"]
    assert (pair, Decimal(amount)) == ("BTC-USD", Decimal("0.02"))
    fills = exchange.run(lambda sandbox: sandbox.fills(ADDRESS))
    assert exchange.run(lambda sandbox: sandbox.account(ADDRESS).position("BTC")) == 0
    bought = [fill for fill in fills if fill.is_buy]
    average = sum(fill.price * fill.size for fill in bought) / sum(fill.size for fill in bought)
    assert abs(Decimal(entry) - average) < 1
    booked = sorted((Decimal(fill["price"]), Decimal(fill["amount"])) for fill in told["fills"])
    assert booked == sorted((fill.price, fill.size) for fill in fills)


def test_leverage_is_set(told: dict[str, Any]) -> None:
    assert told["leverage"] == [True, ""]


# ---------------------------------------------------------------------- what is wrong with it


def test_two_orders_in_one_millisecond_have_one_nonce_and_one_is_lost(told: dict[str, Any]) -> None:
    """D2: the nonce is the time, whatever was used before."""
    kinds = sorted(kind for kind, _ in told["twins"])
    assert kinds == ["BuyOrderCreated", "OrderFailure"]
    (reason,) = [text for kind, text in told["twins"] if kind == "OrderFailure"]
    assert "Invalid nonce: duplicate nonce " in reason


def test_order_without_an_answer_is_failed_for_hummingbot_and_open_on_the_exchange(
    told: dict[str, Any], exchange: SandboxThread
) -> None:
    """D11: nobody looks after it any more, even if its stream has said that the order is open."""
    assert told["lost"]["events"][-1] == "OrderFailure"
    assert not told["lost"]["tracked"]
    order = exchange.run(lambda sandbox: sandbox.order(ADDRESS, told["lost"]["id"]))
    assert order is not None
    assert order.status == "open"


def test_orders_do_not_say_who_placed_them(told: dict[str, Any]) -> None:
    """D24: their ids are hashes without a common beginning."""
    assert len({order_id[:6] for order_id in told["ids"]}) == len(told["ids"])


def test_fees_are_in_a_token_that_the_account_does_not_have(told: dict[str, Any]) -> None:
    """D37: the exchange says USDC."""
    assert {token for fill in told["fills"] for token, _ in fill["fees"]} == {"USD"}


def test_market_behind_an_empty_dex_has_the_asset_id_of_another(told: dict[str, Any], exchange: SandboxThread) -> None:
    """D53: an order for it would go to a market that it does not name."""
    state = exchange.run(lambda sandbox: sandbox.engine.market("km:US500"))
    assert state is not None
    assert state.market.asset == 130_000
    assert told["assets"]["km:US500"] == 120_000


def test_funding_rate_is_the_open_interest(told: dict[str, Any]) -> None:
    """D60: no hourly rate is above 4%."""
    assert Decimal(told["funding_rate"]) > Decimal("0.04")


def test_delisted_market_can_be_chosen(told: dict[str, Any]) -> None:
    """D67."""
    assert "MATIC-USD" in told["pairs"]
