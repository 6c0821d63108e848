"""The whole life of a bot in Hummingbot's own terminal, typed and read like a person does, in one session.

The tests are in the order of that life, and each goes on where the one before has ended. What they see is kept in
`build/terminal`, from where `docs/terminal.md` has its pictures.
"""

import http.client
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.bot_home import BotHome, bot_environment
from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.inspection import OrderSnapshot
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.venue.networks import RATES_DOMAIN_VARIABLE, SANDBOX_URL_VARIABLE
from tests.terminal.terminal import Terminal, squeezed

pytestmark = pytest.mark.timeout(300)

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENS = REPOSITORY / "build" / "terminal"
DOMAIN = "hyperliquid_perpetual_sandbox"
PASSWORD = "a password of this test"
ACCOUNT, ACCOUNT_KEY = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf", "0x" + "2".rjust(64, "0")
AGENT, AGENT_KEY = "0x6813eb9362372eef6200f3b1dbc3f819671cba69", "0x" + "3".rjust(64, "0")
NOBODYS_KEY = "0x" + "4".rjust(64, "0")
STRATEGY = "conf_perpetual_market_making_1"
BY_HAND = Decimal("0.003")
"""The size of the order that the trader places by hand."""
NUMBER = r"([\d.]+)"


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    """As strict as the venue, and nobody moves its books but the tests."""
    with Sandbox.in_thread(seed=7, market="still", accounts=[ACCOUNT], newcomers="refuse") as exchange:
        exchange.run(lambda sandbox: sandbox.fund(ACCOUNT, 500))
        exchange.run(lambda sandbox: sandbox.chain.apply_now(ApproveAgent(ACCOUNT, AGENT, "bot")))
        yield exchange


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> BotHome:
    home = BotHome.create(tmp_path_factory.mktemp("bot"))
    configurations.install(configurations.find("position_executor"), home.path)
    # Beside Hummingbot's package, as the repository's launcher is: so it takes the home for its installation.
    shutil.copy(Path(__file__).with_name("client.py"), home.path)
    return home


@pytest.fixture(scope="module")
def terminal(home: BotHome, exchange: SandboxThread) -> Iterator[Terminal]:
    environment = bot_environment({SANDBOX_URL_VARIABLE: exchange.url, RATES_DOMAIN_VARIABLE: DOMAIN})
    shutil.rmtree(SCREENS, ignore_errors=True)
    with Terminal([sys.executable, "client.py"], cwd=home.path, env=environment, screens=SCREENS) as terminal:
        yield terminal


def orders(exchange: SandboxThread, count: int, seconds: float = 60) -> tuple[OrderSnapshot, ...]:
    """The account's open orders, once there are so many."""
    exchange.until(lambda sandbox: len(sandbox.open_orders(ACCOUNT)) == count, seconds)
    return exchange.open_orders(ACCOUNT)


def connect(terminal: Terminal, mode: str, key: str, *, replaces: bool = False) -> None:
    """Answers the questions of `connect`."""
    terminal.enter(f"connect {DOMAIN}")
    if replaces:
        terminal.answer(f"replace your existing {DOMAIN} key", "Yes")
    terminal.answer("Select connection mode", mode, instead_of="arb_wallet")
    terminal.answer("Do you want to use the Vault address?", "")
    terminal.answer("Enter your account address", ACCOUNT)
    terminal.answer("the private key of", key)


def place_by_hand(exchange: SandboxThread, price: Decimal) -> None:
    """A sell order of the account that no bot has placed."""

    def place(sandbox: Sandbox) -> None:
        market = sandbox.engine.markets[0].market
        px, sz = market.to_px(price), market.to_sz(BY_HAND)
        assert px is not None
        assert sz is not None
        sandbox.chain.apply_now(PlaceOrders(ACCOUNT, (OrderIntent(market.asset, False, px, sz),)))

    exchange.run(place)


def venue_says(exchange: SandboxThread, kind: str) -> Any:
    """An answer of the exchange, as anybody gets it."""
    body = json.dumps({"type": kind}).encode()
    url = urlsplit(exchange.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    connection.request("POST", "/info", body, {"Content-Type": "application/json"})
    return json.load(connection.getresponse())


def best_ask_shown(terminal: Terminal) -> Decimal | None:
    """The first ask of the live order book."""
    rows = terminal.right.partition("ask_volume")[2].splitlines()
    numbers = rows[1].split() if len(rows) > 1 else []
    return Decimal(numbers[2]) if len(numbers) >= 4 else None


# --- The client and its keys


def test_first_start_asks_for_a_password_and_shows_the_client(terminal: Terminal) -> None:
    for title in ("Welcome to Hummingbot", "Important Warning", "Important Warning"):
        terminal.wait_for(title)
        terminal.press("Enter")
        time.sleep(0.5)
    for text in ("Enter your new password", "Please re-enter your password"):
        terminal.wait_for(text)
        terminal.type(PASSWORD)
        time.sleep(0.3)
        terminal.press("Enter")
        time.sleep(0.3)
        terminal.press("Enter")
    terminal.wait_for("Useful Commands")
    assert PASSWORD not in terminal.screen
    terminal.keep("01-client")


def test_wrong_key_is_told_in_one_sentence_and_not_kept(terminal: Terminal, home: BotHome) -> None:
    connect(terminal, "arb_wallet", NOBODYS_KEY)
    terminal.wait_for(f"not to the account {ACCOUNT}: give the key of the account, or choose api_wallet")
    terminal.keep("02-wrong-key")
    assert squeezed("You are now connected") not in squeezed(terminal.screen)
    assert not list((home.path / "conf" / "connectors").glob("hyperliquid*"))


def test_api_wallet_connects_and_its_key_is_never_on_the_screen(terminal: Terminal, home: BotHome) -> None:
    connect(terminal, "api_wallet", AGENT_KEY)
    terminal.wait_for(f"You are now connected to {DOMAIN}")
    terminal.keep("03-connect")
    assert AGENT_KEY.removeprefix("0x") not in squeezed(terminal.screen)
    assert AGENT_KEY.removeprefix("0x") not in (home.path / "conf" / "connectors" / f"{DOMAIN}.yml").read_text()


def test_update_with_a_wrong_key_leaves_the_last_working_keys(terminal: Terminal, exchange: SandboxThread) -> None:
    connect(terminal, "api_wallet", NOBODYS_KEY, replaces=True)
    terminal.wait_for("is not approved to trade for")
    terminal.keep("04-keys-not-approved")
    told = terminal.command("balance", until="Exchanges Total:")
    terminal.keep("05-balance")
    assert "not approved" not in told
    value = exchange.account(ACCOUNT).account_value
    deposit = exchange.run(lambda sandbox: sandbox.deposit)
    assert re.search(rf"USDC\s+{value + deposit:.4f}", told), told


# --- A strategy


def test_create_asks_for_the_strategy_and_finds_it_complete(terminal: Terminal, home: BotHome) -> None:
    terminal.enter("create")
    for question, reply, instead_of in (
        ("Enter the strategy name", "perpetual_market_making", ""),
        ("your maker derivative connector", DOMAIN, ""),
        ("Enter the token trading pair", "BTC-USD", ""),
        ("How much leverage", "5", ""),
        ("Which position mode", "", ""),
        ("place the first bid order", "0.05", ""),
        ("place the first ask order", "0.05", ""),
        ("How often do you want to cancel and replace", "600", ""),
        ("What is the amount of BTC per order", "0.002", ""),
        ("spread from the entry price", "5", "0"),
        ("spread from the position entry price", "5", "0"),
        ("spread from position entry price", "5", "0"),
        ("before refreshing a stop loss order", "", ""),
        ("How much buffer should be added", "", ""),
        ("Enter a new file name", "", ""),
    ):
        terminal.answer(question, reply, instead_of=instead_of)
    terminal.wait_for("All checks: Confirmed.")
    terminal.keep("06-create")
    assert (home.path / "conf" / "strategies" / f"{STRATEGY}.yml").exists()


def test_start_places_a_bid_and_an_ask(terminal: Terminal, exchange: SandboxThread) -> None:
    terminal.command("start", until="started successfully")
    bid, ask = sorted(orders(exchange, 2), key=lambda order: order.price)
    assert (bid.is_buy, ask.is_buy) == (True, False)
    assert (bid.size, ask.size) == (Decimal("0.002"), Decimal("0.002"))
    mid = exchange.book("BTC").mid
    assert mid is not None
    assert float(bid.price) == pytest.approx(float(mid) * 0.9995, abs=2)
    assert float(ask.price) == pytest.approx(float(mid) * 1.0005, abs=2)
    terminal.keep("07-start")


def test_status_shows_the_best_prices_the_balance_and_the_orders_of_the_exchange(
    terminal: Terminal, exchange: SandboxThread
) -> None:
    told = terminal.command("status", until="No active positions.")
    terminal.keep("08-status")
    book = exchange.book("BTC")
    best = re.search(rf"{DOMAIN}\s+BTC-USD\s+{NUMBER}\s+{NUMBER}\s+{NUMBER}", told)
    assert best is not None, told
    # The strategy's own orders are in neither: they stand behind the best prices.
    assert [Decimal(price) for price in best.groups()] == [book.bids[0].price, book.asks[0].price, book.mid]
    available = re.search(rf"Available Balance\s+{NUMBER}", told)
    assert available is not None, told
    for order in exchange.open_orders(ACCOUNT):
        side = "buy" if order.is_buy else "sell"
        assert re.search(rf"{side}\s+{order.price}\s", told), told


def test_ticker_and_live_order_book_follow_the_venue(terminal: Terminal, exchange: SandboxThread) -> None:
    book = exchange.book("BTC")
    told = terminal.command("ticker", until="Last Trade")
    terminal.keep("09-ticker")
    assert re.search(rf"{book.bids[0].price}\s*\|\s*{book.asks[0].price}", told), told
    terminal.enter("order_book --live")
    terminal.wait_for("bid_volume")
    # The trader sells something by hand, on the exchange's page.
    place_by_hand(exchange, book.asks[0].price - 1)
    terminal.wait_until(lambda: best_ask_shown(terminal) == book.asks[0].price - 1, "the new best ask")
    terminal.keep("10-order-book-live")
    terminal.enter("order_book --close")
    terminal.wait_until(lambda: "order_book" not in terminal.right, "a closed order book")


def test_partial_and_full_fills_are_in_history_as_the_exchange_has_them(
    terminal: Terminal, exchange: SandboxThread
) -> None:
    [bid] = [order for order in orders(exchange, 3) if order.is_buy]
    exchange.fill(bid.oid, "0.0005", ACCOUNT)
    terminal.wait_for("0.0005 BTC")
    exchange.fill(bid.oid, None, ACCOUNT)
    terminal.wait_for("Maker BUY order 0.00200 BTC")
    told = terminal.command("history --verbose", until="Return %")
    terminal.keep("11-history")
    fills = exchange.fills(ACCOUNT)
    assert [fill.size for fill in fills] == [Decimal("0.0005"), Decimal("0.0015")]
    assert re.search(r"Number of trades\s+2\s+0\s+2", told), told
    fees = sum(fill.fee for fill in fills)
    assert re.search(rf"Fees paid\s+{fees:.4f}", told), told


def test_live_status_shows_the_position(terminal: Terminal) -> None:
    terminal.enter("status --live")
    terminal.wait_for("Press escape key to stop update")
    terminal.wait_for("LONG")
    terminal.keep("12-status-live")
    terminal.press("Escape")
    terminal.wait_for("Stopped live status display update.")


def test_stop_leaves_none_of_its_orders_and_the_manual_one_untouched(
    terminal: Terminal, exchange: SandboxThread
) -> None:
    orders(exchange, 2)  # its exit, which takes the place of its quotes, and the manual one
    terminal.command("stop", until="Hummingbot stopped.")
    terminal.keep("13-stop")
    [left] = orders(exchange, 1)
    assert (left.cloid, left.remaining) == (None, BY_HAND)


def test_restart_finds_the_open_position_and_places_its_exit(terminal: Terminal, exchange: SandboxThread) -> None:
    terminal.command(f"import {STRATEGY}.yml", until="All checks: Confirmed.")
    terminal.keep("14-import")
    terminal.command("start", until="started successfully")
    # Everything above took less than a minute: what the venue allows an address a minute is nearly used up.
    [exit_order] = [order for order in orders(exchange, 2, seconds=90) if order.cloid is not None]
    fill, _ = exchange.fills(ACCOUNT)
    assert not exit_order.is_buy
    assert exit_order.size == exchange.account(ACCOUNT).position("BTC")
    assert float(exit_order.price) == pytest.approx(float(fill.price) * 1.05, abs=1)
    terminal.command("stop", until="Hummingbot stopped.")
    orders(exchange, 1)


def test_script_shows_funding_leverage_freshness_and_budgets_in_status(
    terminal: Terminal, exchange: SandboxThread
) -> None:
    terminal.command("start --v2 position_executor.yml", until="started successfully")
    orders(exchange, 2, seconds=90)
    told = terminal.command("status", until="Dead man's switch")
    terminal.keep("15-status-of-a-script")
    row = re.search(r"BTC-USD\s+([\d.]+)\s+([+-][\d.]+) %\s+(\S+ cross)\s+(\S+)\s+\S+\s+([\d.]+) s", told)
    assert row is not None, told
    context = venue_says(exchange, "metaAndAssetCtxs")[1][0]
    assert Decimal(row[1]) == Decimal(context["markPx"])
    assert Decimal(row[2]) == pytest.approx(Decimal(context["funding"]) * 100, abs=Decimal("0.00001"))
    assert row[3] == "5x cross"
    assert Decimal(row[4]) == exchange.account(ACCOUNT).position("BTC")
    assert float(row[5]) < 6, "the venue sends a book at least every 5.4 s"
    assert "Funding is paid in" in told
    assert re.search(r"by this bot, \d+ by this machine, of 1200", told), told
    terminal.command("stop", until="Hummingbot stopped.")
    orders(exchange, 1)


def test_exit_leaves_the_terminal(terminal: Terminal) -> None:
    terminal.enter("exit")
    terminal.wait_until(lambda: terminal.exit_status is not None, "the end of the client")
    assert terminal.exit_status == 0
