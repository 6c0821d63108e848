"""The doctor on a sandbox: a healthy report, and every verdict that a sandbox can be made to deserve."""

import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.operations.doctor import reachability, signatures
from hyperliquid_perpetual.operations.doctor.examination import Plan, examine
from hyperliquid_perpetual.operations.doctor.findings import Finding, Report, Section, Verdict
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.requests import Requests
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from hyperliquid_perpetual.venue.nonces import NonceSource
from hyperliquid_perpetual.venue.replies import Filled, Resting
from hyperliquid_perpetual.venue.signing import Signer

AGENT = "0x" + "a" * 40
STRANGER = "0x" + "b" * 40
DAY_MS = 86_400_000
PLAN = Plan(Network.SANDBOX, with_installation=False, seconds=1)
QUICK = Cadence(book_ms=300, fast_book_ms=100)

# Hummingbot is loaded for what is installed: the command as a whole is tried in tests/hummingbot.


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=1, market="calm", cadence=QUICK) as running:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, running.url)
        yield running


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "SPACING_SECONDS", 0.05)


async def of_sandbox(monkeypatch: pytest.MonkeyPatch, plan: Plan = PLAN, **settings: Any) -> Report:
    """The report about a sandbox with these settings."""
    async with Sandbox(**{"seed": 1, "market": "calm", "cadence": QUICK, **settings}) as running:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, running.url)
        return await examine(plan)


def line(report: Report, name: str) -> Finding:
    found = [finding for finding in report.findings if finding.name == name]
    assert len(found) == 1, f"{name}: {[finding.name for finding in report.findings]}"
    return found[0]


def lines(report: Report, verdict: Verdict) -> dict[str, str]:
    return {
        finding.name: f"{finding.detail} -> {finding.fix}" for finding in report.findings if finding.verdict is verdict
    }


def bad(report: Report) -> dict[str, str]:
    return lines(report, Verdict.PROBLEM) | lines(report, Verdict.WARNING) | lines(report, Verdict.SKIPPED)


class Trader:
    """Places orders for the ready-made account."""

    def __init__(self, exchange: Sandbox) -> None:
        def now() -> int:
            return int(time.time() * 1000)

        self._exchange = exchange
        self._requests = Requests(
            Network.SANDBOX, WeightBudget(), now, signer=Signer(DEMO_PRIVATE_KEY), nonces=NonceSource(now)
        )

    async def trade(self, size: str, price: Decimal, tif: str = "Gtc", is_buy: bool = True) -> int:
        """Buys BTC, or sells it; returns the oid."""
        request = OrderRequest(0, is_buy, price, Decimal(size), False, tif)  # type: ignore[arg-type]
        assert self._exchange.engine.markets[0].market.coin == "BTC"
        outcome = (await self._requests.act(actions.order([request]), 1, Priority.ORDER)).outcomes[0]
        assert isinstance(outcome, Filled | Resting), outcome
        return outcome.oid

    @property
    def mid(self) -> Decimal:
        mid = self._exchange.book("BTC").mid
        assert mid is not None
        return mid


# ------------------------------------------------------------------------------ all is well


async def test_a_healthy_sandbox_and_its_ready_made_account(exchange: Sandbox) -> None:
    report = await examine(PLAN)

    assert bad(report) == {}
    assert report.verdict is Verdict.OK
    assert (report.network, report.url, report.account) == ("sandbox", exchange.url, DEMO_ADDRESS)
    assert line(report, "requests").data["median_ms"] > 0
    assert line(report, "WebSocket").data["ping_ms"] > 0
    assert abs(line(report, "clock").data["venue_ahead_ms"]) < 1000
    fast, deep = line(report, "BTC, book of 5 levels").data, line(report, "BTC, book of 20 levels").data
    assert 50 < fast["median_gap_ms"] < deep["median_gap_ms"] < 600
    assert line(report, "mode").data == {"mode": "default"}
    assert line(report, "collateral, first dex").data["total"] == "100000.0"
    assert line(report, "margin, BTC").data == {"coin": "BTC", "mode": "cross", "leverage": 20}
    assert line(report, "fees, BTC").data == {"coin": "BTC", "maker": "0.00015", "taker": "0.00045"}
    assert line(report, "address budget").data["used"] == 0
    assert line(report, "positions").data == {"count": 0}
    assert line(report, "open orders").data["count"] == 0


async def test_nothing_is_changed(exchange: Sandbox) -> None:
    await examine(PLAN)
    assert [request for request in exchange.requests() if request.path != "/info"] == []


async def test_the_report_for_machines(exchange: Sandbox) -> None:
    report = await examine(replace(PLAN, address=STRANGER))
    content = json.loads(report.as_json())
    assert content["verdict"] == "ok" if report.verdict is Verdict.OK else report.verdict.value
    assert content["account"] == STRANGER
    assert sum(content["counts"].values()) == len(content["findings"])
    for finding in content["findings"]:
        assert set(finding) == {"section", "name", "verdict", "detail", "fix", "data"}
        assert bool(finding["fix"]) is (finding["verdict"] != "ok")


def test_a_finding_that_is_not_ok_must_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="says what to do"):
        Section("any").problem("thing", "broken", "")


# ------------------------------------------------------------------------------ the network


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, url)
        yield url


async def test_an_exchange_that_does_not_run(nobody: str) -> None:
    report = await examine(PLAN)

    found = line(report, "requests")
    assert found.verdict is Verdict.PROBLEM
    assert nobody in found.detail
    assert "hyperliquid-perpetual sandbox" in found.fix
    assert SANDBOX_URL_VARIABLE in found.fix
    assert set(lines(report, Verdict.SKIPPED)) == {"books", "account"}
    assert report.verdict is Verdict.PROBLEM


async def test_something_else_answers_at_the_address(exchange: Sandbox) -> None:
    exchange.faults.add("corrupt_reply how=html lasts=60")
    found = line(await examine(PLAN), "requests")
    assert found.verdict is Verdict.PROBLEM
    assert "does not speak Hyperliquid's API" in found.detail


def test_the_address_of_a_real_network_given_as_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "https://api.hyperliquid.xyz")
    (found,) = reachability.check_address(Network.SANDBOX)
    assert found.verdict is Verdict.PROBLEM
    assert "mainnet" in found.detail
    assert "--network mainnet" in found.fix


@pytest.mark.parametrize(
    ("ms", "verdict", "way"),
    [(3_000, Verdict.WARNING, "behind"), (45_000, Verdict.PROBLEM, "behind")],
)
async def test_a_clock_that_is_wrong(exchange: Sandbox, ms: int, verdict: Verdict, way: str) -> None:
    exchange.faults.add("clock_skew", ms=ms)
    found = line(await examine(PLAN), "clock")
    assert found.verdict is verdict
    assert way in found.detail
    assert ms - 1000 < found.data["venue_ahead_ms"] < ms + 1000
    assert "NTP" in found.fix


async def test_blocks_that_have_stopped(exchange: Sandbox) -> None:
    exchange.faults.add("upgrade halt=60")
    found = line(await examine(PLAN), "blocks")
    assert found.verdict is Verdict.PROBLEM
    assert "makes no blocks" in found.detail


async def test_the_window_after_an_upgrade(exchange: Sandbox) -> None:
    exchange.faults.add("upgrade halt=0 post_only=60")
    found = line(await examine(PLAN), "blocks")
    assert found.verdict is Verdict.WARNING
    assert "post-only" in found.fix


async def test_books_that_stand_still(exchange: Sandbox) -> None:
    exchange.faults.add("stale_books coin=BTC")
    found = line(await examine(PLAN), "BTC, book of 5 levels")
    assert found.verdict is Verdict.WARNING
    assert "the same venue time" in found.detail


async def test_sockets_that_are_open_and_silent(exchange: Sandbox) -> None:
    exchange.faults.add("mute lasts=60")
    report = await examine(PLAN)
    assert line(report, "WebSocket").verdict is Verdict.PROBLEM
    assert "no answer to a subscription" in line(report, "WebSocket").detail
    assert line(report, "requests").verdict is Verdict.OK


async def test_a_pair_that_is_not_listed(exchange: Sandbox) -> None:
    report = await examine(replace(PLAN, pair="BTC-USDT"))
    found = line(report, "pair")
    assert found.verdict is Verdict.PROBLEM
    assert "BTC-USD" in found.fix
    assert line(report, "role").verdict is Verdict.OK, "the rest is looked at"


# ------------------------------------------------------------------------------ whose account, who signs


async def test_nobody_is_named_on_a_real_network(exchange: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Network, "rest_url", property(lambda _: exchange.url))
    report = await examine(replace(PLAN, network=Network.TESTNET))
    assert report.account is None
    found = line(report, "account")
    assert found.verdict is Verdict.SKIPPED
    assert "--address" in found.fix
    assert report.verdict is Verdict.OK


async def test_an_account_that_is_not_on_this_network(monkeypatch: pytest.MonkeyPatch) -> None:
    report = await of_sandbox(monkeypatch, replace(PLAN, address=STRANGER), newcomers="refuse")
    found = line(report, "role")
    assert found.verdict is Verdict.PROBLEM
    assert "no account on sandbox" in found.detail
    assert "--network" in found.fix


async def test_an_api_wallet_given_as_the_account(exchange: Sandbox) -> None:
    exchange.approve_agent(DEMO_ADDRESS, AGENT, "bot")
    report = await examine(replace(PLAN, address=AGENT))
    found = line(report, "role")
    assert found.verdict is Verdict.PROBLEM
    assert "is an API wallet, not an account" in found.detail
    assert DEMO_ADDRESS in found.fix
    assert report.account == DEMO_ADDRESS, "what was meant is looked at"
    assert line(report, "collateral, first dex").verdict is Verdict.OK
    assert line(report, "signer").data["signer"] == AGENT


async def test_the_account_of_an_api_wallet_that_nobody_has_named(exchange: Sandbox) -> None:
    report = await examine(replace(PLAN, address=DEMO_ADDRESS))
    assert line(report, "signer").verdict is Verdict.SKIPPED
    assert "--agent" in line(report, "signer").fix


@pytest.mark.parametrize(("days", "verdict"), [(90, Verdict.OK), (3, Verdict.WARNING)])
async def test_days_until_an_api_wallet_expires(exchange: Sandbox, days: int, verdict: Verdict) -> None:
    until = int(time.time() * 1000) + days * DAY_MS
    exchange.approve_agent(DEMO_ADDRESS, AGENT, "bot", until)

    by_name = line(await examine(replace(PLAN, agent=AGENT)), "signer")
    assert by_name.verdict is verdict
    assert round(by_name.data["days_left"]) == days
    listed = line(await examine(PLAN), "API wallet")
    assert (listed.verdict, round(listed.data["days_left"])) == (verdict, days)
    assert listed.data["name"] == "bot"


async def test_an_api_wallet_without_a_name(exchange: Sandbox) -> None:
    exchange.approve_agent(DEMO_ADDRESS, AGENT)
    found = line(await examine(replace(PLAN, agent=AGENT)), "signer")
    assert (found.verdict, found.data["valid_until"]) == (Verdict.OK, None)


async def test_an_api_wallet_that_was_never_approved(exchange: Sandbox) -> None:
    exchange.approve_agent(DEMO_ADDRESS, AGENT)
    found = line(await examine(replace(PLAN, agent="0x" + "c" * 40)), "signer")
    assert found.verdict is Verdict.PROBLEM


async def test_an_api_wallet_that_has_expired(exchange: Sandbox) -> None:
    exchange.approve_agent(DEMO_ADDRESS, AGENT, "bot", int(time.time() * 1000) + 60_000)
    exchange.faults.add("clock_skew", ms=120_000)
    found = line(await examine(replace(PLAN, agent=AGENT)), "signer")
    assert found.verdict is Verdict.PROBLEM
    assert "expired" in found.fix
    assert "approve it" in found.fix


async def test_an_api_wallet_of_another_account(exchange: Sandbox) -> None:
    exchange.fund(STRANGER, 100)
    exchange.approve_agent(STRANGER, AGENT)
    found = line(await examine(replace(PLAN, agent=AGENT)), "signer")
    assert found.verdict is Verdict.PROBLEM
    assert STRANGER in found.detail


async def test_a_sub_account_and_its_masters_api_wallet(exchange: Sandbox) -> None:
    sub = exchange.create_sub_account(DEMO_ADDRESS, "sub", 500)
    exchange.approve_agent(DEMO_ADDRESS, AGENT, "bot")
    report = await examine(replace(PLAN, address=sub, agent=AGENT))
    assert line(report, "role").data == {"role": "subAccount", "owner": DEMO_ADDRESS}
    assert line(report, "signer").verdict is Verdict.OK
    assert line(report, "collateral, first dex").data["total"] == "500.0"


@pytest.mark.parametrize("typed", [{"address": "0x1234"}, {"address": DEMO_ADDRESS, "agent": "nobody"}])
async def test_an_address_that_is_none_is_told_at_once(typed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"--(address|agent): expected an address of 0x and 40 hex digits"):
        await examine(replace(PLAN, **typed))


# ------------------------------------------------------------------------------ money, orders, budget


async def test_an_account_without_collateral(exchange: Sandbox) -> None:
    exchange.open_account(STRANGER, dexs={}, spot={"USDC": 50})
    found = line(await examine(replace(PLAN, address=STRANGER)), "collateral")
    assert found.verdict is Verdict.PROBLEM
    assert "deposit USDC" in found.fix


async def test_collateral_on_another_dex_than_the_pairs(exchange: Sandbox) -> None:
    exchange.open_account(STRANGER, dexs={"xyz": 50})
    report = await examine(replace(PLAN, address=STRANGER))
    assert line(report, "collateral, dex xyz").data["total"] == "50.0"
    assert line(report, "collateral").verdict is Verdict.WARNING
    assert "transfer it to first dex" in line(report, "collateral").fix


async def test_a_unified_account_has_its_collateral_in_the_spot_wallet(exchange: Sandbox) -> None:
    exchange.open_account(STRANGER, "unifiedAccount", dexs={}, spot={"USDC": 70})
    report = await examine(replace(PLAN, address=STRANGER))
    assert line(report, "mode").data == {"mode": "unifiedAccount"}
    assert line(report, "collateral, spot wallet, USDC").data["total"] == "70.0"


@pytest.mark.parametrize(("allowance", "verdict"), [(900, Verdict.WARNING), (0, Verdict.PROBLEM)])
async def test_a_request_budget_that_is_nearly_or_quite_used_up(
    monkeypatch: pytest.MonkeyPatch, allowance: int, verdict: Verdict
) -> None:
    found = line(await of_sandbox(monkeypatch, allowance=allowance), "address budget")
    assert found.verdict is verdict
    assert found.data["left"] == allowance
    assert "each USD traded adds a request" in found.fix


async def test_dust(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bid of 17 USD, of which 11 were filled and sold but for a lot, leaves two things below the least of 10."""
    async with Sandbox(seed=1, market="still", cadence=QUICK, block_ms=0) as exchange:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, exchange.url)
        trader = Trader(exchange)
        price = trader.mid.quantize(Decimal(1))
        best_bid = await trader.trade("0.0002", price)
        exchange.fill(DEMO_ADDRESS, best_bid, "0.00013")
        best_ask = await trader.trade("0.00012", price + 1, is_buy=False)
        exchange.fill(DEMO_ADDRESS, best_ask)
        report = await examine(PLAN)
    position, order = line(report, "dust"), line(report, "dust orders")
    assert position.verdict is order.verdict is Verdict.WARNING
    assert "reduce-only" in position.fix
    assert position.data == {"coins": ["BTC"]}
    assert order.data["count"] == 1
    assert Decimal(order.data["value"]) < 10


async def test_a_position_and_open_orders_are_counted(exchange: Sandbox) -> None:
    trader = Trader(exchange)
    await trader.trade("0.01", (trader.mid * Decimal("1.01")).quantize(Decimal(1)), "Ioc")
    await trader.trade("0.01", (trader.mid * Decimal("0.8")).quantize(Decimal(1)))
    report = await examine(PLAN)
    assert line(report, "positions").data["count"] == 1
    assert "BTC" in line(report, "positions").detail
    assert line(report, "open orders").data == {"count": 1, "placed_by_this_package": 0, "triggers": 0}
    assert "dust" not in {finding.name for finding in report.findings}


async def test_what_cannot_be_read_costs_only_its_own_line(exchange: Sandbox) -> None:
    exchange.faults.add("status code=502 kind=userFees lasts=60")
    report = await examine(PLAN)
    assert set(bad(report)) == {"fees"}
    assert "502" in line(report, "fees").detail


# ------------------------------------------------------------------------------ signatures


def test_the_package_signs_rightly_here() -> None:
    (found,) = signatures.check_own_signer()
    assert found.verdict is Verdict.OK


def test_a_signer_that_signs_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Signer.sign_digest
    monkeypatch.setattr(Signer, "sign_digest", lambda self, digest: right(self, digest[::-1]))
    (found,) = signatures.check_own_signer()
    assert found.verdict is Verdict.PROBLEM
    assert "do not trade" in found.fix
