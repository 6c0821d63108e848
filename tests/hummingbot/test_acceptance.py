"""The acceptance run on a sandbox: it passes, it fails visibly when the venue does something else, and however it ends
it leaves the account as it was.
The first is what docs/acceptance.md begins with.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from hyperliquid_perpetual import cli
from hyperliquid_perpetual.operations.acceptance import cleaning
from hyperliquid_perpetual.operations.acceptance import run as acceptance_run
from hyperliquid_perpetual.operations.acceptance.outcomes import AcceptanceReport, Outcome, StepResult
from hyperliquid_perpetual.operations.acceptance.plan import (
    ADDRESS_VARIABLE,
    KEY_VARIABLE,
    VAULT_VARIABLE,
    Keys,
    Plan,
    Refused,
)
from hyperliquid_perpetual.operations.acceptance.run import CLEAN_UP, STEPS, accept
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.trading import market_data
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from hyperliquid_perpetual.venue.signing import SecretText, Signer
from tests.bot import eventually, trading_bot

CANARY_KEY = "0x" + "c0ffee" * 10 + "beef"
CANARY = Signer(CANARY_KEY).address
MASTER = "0x" + "5" * 40
TRADING = ("place far away", "modify", "cancel", "small fill", "close")
PLAN = Plan(Network.SANDBOX, Keys("", SecretText("")), book_seconds=1, step_seconds=15)

pytestmark = pytest.mark.timeout(180)


class Watcher:
    """Keeps what has ended, and does something when a step begins."""

    def __init__(self) -> None:
        self.results: list[StepResult] = []
        self.when_begins: dict[str, Callable[[], object]] = {}

    def begins(self, what: str, total: float | None) -> None:
        self.when_begins.get(what, lambda: None)()

    def goes_on(self, done: float) -> None:
        pass

    def ended(self, result: StepResult) -> None:
        self.results.append(result)


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=1, market="calm", block_ms=0) as running:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, running.url)
        yield running


def outcomes(report: AcceptanceReport) -> dict[str, str]:
    return {result.step: result.outcome.value for result in report.results}


def result_of(report: AcceptanceReport, step: str) -> StepResult:
    return next(result for result in report.results if result.step == step)


def assert_clean(exchange: Sandbox, address: str = DEMO_ADDRESS) -> None:
    assert exchange.open_orders(address) == ()
    assert exchange.account(address).positions == ()


# ------------------------------------------------------------------------------ it passes


async def test_all_steps_pass_and_nothing_is_left(exchange: Sandbox, watcher: Watcher) -> None:
    report = await accept(PLAN, watcher)

    assert outcomes(report) == dict.fromkeys([*STEPS, CLEAN_UP], "pass")
    assert report.is_passed
    assert [result.step for result in watcher.results] == [*STEPS, CLEAN_UP], "each was told when it had ended"
    assert_clean(exchange)
    bought, sold = exchange.fills(DEMO_ADDRESS)
    assert (bought.is_buy, sold.is_buy) == (True, False)
    assert bought.size == sold.size == Decimal(result_of(report, "small fill").data["amount"])
    assert 10 <= bought.size * bought.price <= 25
    assert Decimal(result_of(report, "reconcile").data["fees"]) == bought.fee + sold.fee
    assert result_of(report, "reconnect").data["with_order"] is True


@contextlib.asynccontextmanager
async def what_others_have(exchange: Sandbox) -> AsyncIterator[None]:
    """An order and a position of a bot that goes on running."""
    async with trading_bot("BTC-USD", exchange=exchange) as bot:
        await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.9"))
        bot.place("buy", "BTC-USD", "0.001", bot.price("BTC", "1.01"))
        await eventually(lambda: exchange.account(DEMO_ADDRESS).positions != ())
        before = exchange.open_orders(DEMO_ADDRESS)
        yield
        assert exchange.open_orders(DEMO_ADDRESS) == before
        assert [position.size for position in exchange.account(DEMO_ADDRESS).positions] == [Decimal("0.001")]


async def test_what_others_have_on_the_pair_stops_it(exchange: Sandbox, watcher: Watcher) -> None:
    async with what_others_have(exchange):
        report = await accept(PLAN, watcher)
    found = result_of(report, "account is free")
    assert found.outcome is Outcome.FAIL
    assert "a position of +0.001 BTC and 1 open orders" in found.detail
    assert "--beside-others" in found.detail
    assert {outcomes(report)[step] for step in TRADING} == {"skipped"}
    assert not report.is_passed


async def test_what_others_have_is_left_alone(exchange: Sandbox, watcher: Watcher) -> None:
    async with what_others_have(exchange):
        report = await accept(replace(PLAN, is_beside_others=True), watcher)
    assert report.is_passed, report.results
    assert "left alone" in result_of(report, "account is free").detail
    assert len(exchange.fills(DEMO_ADDRESS)) == 3


async def test_without_funds_what_trades_is_skipped_with_the_reason(exchange: Sandbox, watcher: Watcher) -> None:
    exchange.open_account(CANARY, dexs={}, spot={"USDC": 1})
    report = await accept(replace(PLAN, keys=Keys(CANARY, SecretText(CANARY_KEY))), watcher)

    assert {outcomes(report)[step] for step in TRADING} == {"skipped"}
    assert "no funds" in result_of(report, "place far away").detail
    assert (
        outcomes(report)["book cadence"] == outcomes(report)["funding read"] == outcomes(report)["reconnect"] == "pass"
    )
    assert result_of(report, "reconnect").data["with_order"] is False
    assert report.is_passed, "nothing failed"


async def test_an_api_wallet_trades_for_its_master(exchange: Sandbox, watcher: Watcher) -> None:
    exchange.fund(MASTER, 1000)
    exchange.approve_agent(MASTER, CANARY, "acceptance")
    report = await accept(replace(PLAN, keys=Keys(MASTER, SecretText(CANARY_KEY))), watcher)
    assert report.is_passed, report.results
    assert report.account == MASTER
    assert len(exchange.fills(MASTER)) == 2
    assert_clean(exchange, MASTER)


# ------------------------------------------------------------------------------ it fails, and cleans up


async def test_a_venue_that_takes_only_post_only_orders(exchange: Sandbox, watcher: Watcher) -> None:
    watcher.when_begins["small fill"] = lambda: exchange.faults.add("upgrade halt=0 post_only=120")
    report = await accept(PLAN, watcher)

    assert result_of(report, "small fill").outcome is Outcome.FAIL
    assert "Only post-only orders allowed" in str(result_of(report, "small fill").data["log"])
    assert result_of(report, "close").detail == "nothing was bought"
    assert outcomes(report)[CLEAN_UP] == "pass"
    assert not report.is_passed
    assert_clean(exchange)


async def test_cancels_that_have_no_effect(exchange: Sandbox, watcher: Watcher) -> None:
    watcher.when_begins["cancel"] = lambda: exchange.faults.add("refuse_before kind=cancelByCloid lasts=300")
    watcher.when_begins[CLEAN_UP] = exchange.faults.clear
    report = await accept(replace(PLAN, step_seconds=3), watcher)

    assert result_of(report, "cancel").outcome is Outcome.FAIL
    assert "not within 3 s" in result_of(report, "cancel").detail
    assert "cancelled" in result_of(report, CLEAN_UP).detail
    assert outcomes(report)[CLEAN_UP] == "pass"
    assert_clean(exchange)


async def test_a_position_that_could_not_be_closed_is_closed_at_the_end(exchange: Sandbox, watcher: Watcher) -> None:
    watcher.when_begins["close"] = lambda: exchange.faults.add("upgrade halt=0 post_only=3600")
    watcher.when_begins[CLEAN_UP] = exchange.faults.clear
    report = await accept(PLAN, watcher)

    assert result_of(report, "close").outcome is Outcome.FAIL
    assert "the position closed" in result_of(report, CLEAN_UP).detail
    assert_clean(exchange)


async def test_what_cannot_be_cleaned_up_is_shouted(
    exchange: Sandbox, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(cleaning, "SETTLE_SECONDS", 1.0)
    watcher.when_begins["close"] = lambda: exchange.faults.add("upgrade halt=0 post_only=3600")
    report = await accept(PLAN, watcher)

    left = result_of(report, CLEAN_UP)
    assert left.outcome is Outcome.FAIL
    assert "NOT CLEAN" in left.detail
    assert "BTC that this run has opened" in left.detail
    assert DEMO_ADDRESS in left.detail


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", ["modify", "close"])
async def test_interrupted_with_something_open(
    exchange: Sandbox, watcher: Watcher, step: str, number: signal.Signals
) -> None:
    watcher.when_begins[step] = lambda: os.kill(os.getpid(), number)
    report = await accept(PLAN, watcher)

    assert report.is_interrupted
    assert not report.is_passed
    assert [result.step for result in report.results][-2:] == [step, CLEAN_UP]
    assert result_of(report, step).detail == "interrupted"
    assert outcomes(report)[CLEAN_UP] == "pass"
    assert_clean(exchange)


async def test_a_key_that_may_not_sign_fails_at_once_with_the_fix(exchange: Sandbox, watcher: Watcher) -> None:
    exchange.fund(MASTER, 1000)
    report = await accept(replace(PLAN, keys=Keys(MASTER, SecretText(CANARY_KEY))), watcher)
    found = result_of(report, "connect")
    assert found.outcome is Outcome.FAIL
    assert "approve it" in found.detail
    assert found.seconds < 10
    assert {outcomes(report)[step] for step in (*TRADING, "reconcile")} == {"skipped"}


async def test_an_order_above_the_cap_is_not_placed(exchange: Sandbox, watcher: Watcher) -> None:
    report = await accept(replace(PLAN, max_notional=Decimal("10.2")), watcher)
    assert result_of(report, "small fill").outcome is Outcome.FAIL
    assert "above the cap of 10.2 USD" in result_of(report, "small fill").detail
    assert exchange.requests(kind="order") == []


async def test_a_book_that_stands_still_is_not_one_to_trade_on(
    exchange: Sandbox, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market_data, "STALE_AFTER", 3.0)
    watcher.when_begins["book cadence"] = lambda: exchange.faults.add("stale_books lasts=60")
    watcher.when_begins["place far away"] = exchange.faults.clear
    report = await accept(replace(PLAN, book_seconds=3), watcher)
    assert result_of(report, "book cadence").outcome is Outcome.FAIL
    assert "not fresh" in result_of(report, "book cadence").detail


async def test_a_pair_that_is_not_listed_is_refused(exchange: Sandbox, watcher: Watcher) -> None:
    with pytest.raises(Refused, match="near it are: BTC-USD"):
        await accept(replace(PLAN, pair="BTC-USDT"), watcher)


async def test_a_venue_with_a_failure_is_named_as_that_and_not_as_missing(exchange: Sandbox, watcher: Watcher) -> None:
    exchange.faults.status(502, next=100, path="/info")
    with pytest.raises(Refused, match=r"HTTP 502 .* a page, 502 Bad Gateway") as refused:
        await accept(PLAN, watcher)
    assert "try again in a minute" in str(refused.value)
    assert "hyperliquid-perpetual sandbox" not in str(refused.value)
    assert "<" not in str(refused.value)


# ------------------------------------------------------------------------------ the command

runner = CliRunner()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["mainnet"], {}, "--yes-real-money"),
        (["mainnet", "--max-notional", "20"], {}, "--yes-real-money"),
        (["mainnet", "--yes-real-money"], {}, "--max-notional"),
        (["mainnet", "--yes-real-money", "--max-notional", "20"], {}, f"{ADDRESS_VARIABLE} and {KEY_VARIABLE}"),
        (["testnet"], {ADDRESS_VARIABLE: MASTER}, f"lacks {KEY_VARIABLE}"),
        (["testnet", "--max-notional", "5"], {}, "above 10"),
        (["testnet", "--max-notional", "much"], {}, "for example 25"),
    ],
)
def test_refuses_before_anything_is_asked(
    arguments: list[str], environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (ADDRESS_VARIABLE, KEY_VARIABLE, VAULT_VARIABLE):
        monkeypatch.delenv(name, raising=False)

    async def never(*_: object) -> None:
        raise AssertionError("it began")

    monkeypatch.setattr(acceptance_run, "accept", never)
    result = runner.invoke(cli.app, ["acceptance", "--network", *arguments], env=environment)
    assert result.exit_code == 1, result.output
    assert said in result.stderr


def command(exchange: SandboxThread, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "hyperliquid_perpetual", "acceptance", "--network", "sandbox", *arguments],
        env={**os.environ, SANDBOX_URL_VARIABLE: exchange.url, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=150,
    )


@pytest.fixture
def thread() -> Any:
    with Sandbox.in_thread(seed=1, market="calm") as running:
        running.run(lambda sandbox: sandbox.fund(MASTER, 1000))
        yield running


def test_the_command_prints_json_and_no_key(thread: SandboxThread) -> None:
    thread.run(lambda sandbox: sandbox.approve_agent(MASTER, CANARY, "acceptance"))
    done = command(thread, "--json", "--seconds", "1", **{ADDRESS_VARIABLE: MASTER, KEY_VARIABLE: CANARY_KEY})
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads(done.stdout)
    assert content["passed"] is True
    assert content["counts"]["pass"] == len(STEPS) + 1
    assert content["account"] == MASTER
    assert "c0ffee" not in (done.stdout + done.stderr).lower()


def test_the_command_prints_a_line_for_each_step_and_fails_visibly(thread: SandboxThread) -> None:
    environment = {ADDRESS_VARIABLE: MASTER, KEY_VARIABLE: CANARY_KEY, SANDBOX_URL_VARIABLE: thread.url}
    done = runner.invoke(cli.app, ["acceptance", "--network", "sandbox", "--seconds", "1"], env=environment)
    assert done.exit_code == 1
    said = [line.split()[0] for line in done.stdout.splitlines()]
    assert said == ["fail", *["skipped"] * (len(STEPS) - 1), "pass", "FAILED:"]
    assert "which may not trade for" in done.stdout.splitlines()[0]
    assert "c0ffee" not in done.output.lower()
    assert "\x1b" not in done.stdout, "colour on a terminal only"
