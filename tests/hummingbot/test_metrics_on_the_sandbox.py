"""Metrics of connectors that trade on a sandbox, scraped over HTTP as Prometheus does."""

import asyncio
import json
import logging
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hummingbot.core.data_type.common import OrderType
from hummingbot.core.network_iterator import NetworkStatus
from prometheus_client.parser import text_string_to_metric_families

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.trading.settings import Settings
from tests.bot import Bot, eventually, trading_bot

BOARD = Path(__file__).resolve().parents[2] / "conf" / "grafana" / "hyperliquid_perpetual.json"
PREFIX = "hyperliquid_perpetual_"


def listeners_of(port: int) -> list[str]:
    """The addresses of this machine that somebody listens on at this port, as the kernel writes them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def shown_bot(port: int, *pairs: str, exchange: Sandbox | None = None, **more: Any) -> AsyncIterator[Bot]:
    async with trading_bot(*pairs, exchange=exchange, settings=Settings(metrics_port=port, **more)) as bot:
        yield bot


class Scrape:
    """One answer of the endpoint."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's samples with these labels among theirs; None when there is none."""
        found = [value for key, have, value in self.samples if key == PREFIX + name and labels.items() <= have.items()]
        return sum(found) if found else None


async def scrape(port: int) -> Scrape:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics", timeout=aiohttp.ClientTimeout(total=10)) as response,
    ):
        assert response.status == 200
        return Scrape(await response.text())


async def test_what_is_shown_is_what_happened_at_the_exchange() -> None:
    port = free_port()
    async with shown_bot(port, "BTC-USD", "ETH-USD") as bot:
        for factor in ("0.97", "0.98", "0.99"):
            await bot.open_order("buy", "BTC-USD", "0.002", bot.price("BTC", factor))
        last = await bot.open_order("sell", "ETH-USD", "0.05", bot.price("ETH", "1.01"))
        bot.connector.cancel("ETH-USD", last)
        await eventually(lambda: len(bot.exchange.open_orders(bot.address)) == 3)
        bot.place("buy", "BTC-USD", "0.002", bot.price("BTC", "1.01"), OrderType.LIMIT_MAKER)  # it would take
        await eventually(lambda: bool(bot.connector._requests.tally.items["order", "rejected"]))
        await eventually(lambda: bot.connector._metrics._watched.loop.is_ready)
        shown = await scrape(port)

        assert shown.value("action_items_total", action="order", outcome="accepted") == 4
        assert shown.value("action_items_total", action="order", outcome="rejected") == 1
        assert shown.value("action_items_total", action="cancelByCloid", outcome="accepted") == 1
        assert shown.value("action_seconds_count", action="order") == 5
        assert 0 < (shown.value("action_seconds_sum", action="order") or 0) < 50
        assert shown.value("open_orders", pair="BTC-USD", side="buy") == 3
        assert shown.value("open_orders", pair="ETH-USD") == 0
        asked = [json.loads(request.body)["type"] for request in bot.exchange.requests("/info")]
        assert shown.value("info_requests_total", outcome="answered") == len(asked)
        assert shown.value("info_requests_total", request="openOrders") == (asked.count("openOrders") or None)
        assert shown.value("request_weight_used", by="process") == bot.connector._budget.used
        assert shown.value("request_weight_limit") == 1200
        assert shown.value("account_requests_left") == bot.connector.request_allowance.remaining
        assert shown.value("ready") == 1
        assert shown.value("stream_live", stream="account") == shown.value("stream_live", stream="market") == 1
        assert shown.value("reconnects_total") == shown.value("unknown_outcomes_total") == 0
        for pair in ("BTC-USD", "ETH-USD"):
            assert 0 <= (shown.value("book_age_seconds", pair=pair) or 0) < 15
            assert shown.value("book_stale", pair=pair) == 0
        assert (shown.value("event_loop_lag_seconds_count") or 0) >= 1


async def test_lost_reply_is_an_unknown_outcome_until_the_venue_has_told() -> None:
    port = free_port()
    async with shown_bot(port, actions_over="http") as bot:
        bot.exchange.faults.status(502, path="/info", kind="orderStatus")
        bot.exchange.faults.drop_reply(kind="order")
        bot.place("buy", "BTC-USD", "0.002", bot.price("BTC", "0.98"))
        await eventually(lambda: bool(bot.connector._flow.resolver.pending), 10)
        shown = await scrape(port)
        assert shown.value("unknown_outcomes_pending") == shown.value("unknown_outcomes_total") == 1

        bot.exchange.faults.clear()
        await eventually(lambda: not bot.connector._flow.resolver.pending, 20)
        shown = await scrape(port)
        assert (shown.value("unknown_outcomes_pending"), shown.value("unknown_outcomes_total")) == (0, 1)


async def test_lost_streams_and_what_was_missed_meanwhile_are_counted() -> None:
    port = free_port()
    async with shown_bot(port) as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.99"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.fill(bot.address, order_id)
        await bot.lose_streams()
        await eventually(lambda: bool(bot.connector._sweep.differences.counts), 20)
        shown = await scrape(port)
        assert shown.value("reconnects_total", stream="account") == 1
        for kind, number in bot.connector._sweep.differences.counts.items():
            assert shown.value("differences_total", kind=kind) == number


async def test_connectors_of_one_process_share_an_endpoint_and_no_series() -> None:
    port = free_port()
    async with shown_bot(port) as one, shown_bot(port, "ETH-USD", exchange=one.exchange):
        shown = await scrape(port)
        series = [(name, tuple(sorted(labels.items()))) for name, labels, _ in shown.samples]
        assert len(series) == len(set(series))
        accounts = {labels["account"] for name, labels, _ in shown.samples if name == f"{PREFIX}ready"}
        assert accounts == {"0x7e5f..5bdf", "0x7e5f..5bdf #2"}
        assert shown.value("request_weight_limit") == 1200, "the process has one budget, which is told once"
    with pytest.raises(aiohttp.ClientConnectorError):
        await scrape(port)


async def test_connector_that_stops_and_starts_again_is_shown_at_the_same_port() -> None:
    port = free_port()
    async with shown_bot(port) as bot:
        for _ in range(2):
            await bot.stop()
            with pytest.raises(aiohttp.ClientConnectorError):
                await scrape(port)
            await bot.start()
            await bot.ready()
            assert (await scrape(port)).value("stream_live", stream="account") == 1


async def test_lost_network_does_not_take_the_metrics_away() -> None:
    port = free_port()
    async with shown_bot(port) as bot:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(type(bot.connector), "network_status", NetworkStatus.NOT_CONNECTED)
            await bot.connector.stop_network()
        assert (await scrape(port)).value("stream_live", stream="account") == 0


async def test_taken_port_is_said_once_and_the_connector_trades(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        async with shown_bot(port) as bot:
            bot.connector._metrics.start()
            await bot.open_order("buy", "BTC-USD", "0.002", bot.price("BTC", "0.98"))
    told = [record.getMessage() for record in caplog.records if "metrics" in record.getMessage()]
    assert len(told) == 1
    assert f"port {port}" in told[0]
    assert "metrics_port" in told[0]


async def test_missing_library_is_said_once_and_the_connector_trades(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    async with shown_bot(free_port()) as bot:
        bot.connector._metrics.start()
        await bot.open_order("buy", "BTC-USD", "0.002", bot.price("BTC", "0.98"))
    told = [record for record in caplog.records if "metrics" in record.getMessage()]
    assert [record.levelno for record in told] == [logging.WARNING]
    assert "[metrics]" in told[0].getMessage()


async def test_without_a_port_nothing_listens_and_nothing_is_watched() -> None:
    async with trading_bot() as bot:
        await asyncio.sleep(0.7)
        assert bot.connector._metrics._watched.loop.lags.cumulative()[-1] == ("+Inf", 0)


async def test_neither_key_nor_whole_address_is_shown() -> None:
    port = free_port()
    async with shown_bot(port):
        text = (await scrape(port)).text.lower()
    assert DEMO_ADDRESS[2:] not in text
    assert DEMO_PRIVATE_KEY[2:] not in text


async def test_request_that_names_another_machine_learns_nothing() -> None:
    port = free_port()
    async with shown_bot(port), aiohttp.ClientSession() as session:
        answers = {}
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "rebound.example.org", ""):
            async with session.get(f"http://127.0.0.1:{port}/metrics", headers={"Host": host}) as response:
                answers[host] = response.status, PREFIX in await response.text()
    assert answers == {
        f"127.0.0.1:{port}": (200, True),
        f"localhost:{port}": (200, True),
        "rebound.example.org": (403, False),
        "": (403, False),
    }


@pytest.mark.parametrize(("chosen", "listens_on"), [({}, "0100007F"), ({"metrics_host": "0.0.0.0"}, "00000000")])  # noqa: S104
async def test_metrics_listen_on_loopback_unless_told_otherwise(chosen: dict[str, str], listens_on: str) -> None:
    port = free_port()
    async with shown_bot(port, **chosen):
        assert listeners_of(port) == [f"{listens_on}:{port:04X}"]


async def test_board_asks_only_for_metrics_and_labels_that_there_are() -> None:
    port = free_port()
    async with shown_bot(port) as bot:
        await bot.open_order("buy", "BTC-USD", "0.002", bot.price("BTC", "0.98"))
        await eventually(lambda: bot.connector.request_allowance.remaining is not None, 10)
        shown = await scrape(port)
    labels: dict[str, set[str]] = {}
    for name, have, _ in shown.samples:
        labels.setdefault(name, set()).update(have)
    board = json.loads(BOARD.read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [item["definition"] for item in board["templating"]["list"] if "definition" in item]
    assert len(asked) > 15
    used = {name for text in asked for name in re.findall(rf"{PREFIX}\w+", text)}
    assert used <= labels.keys()
    for text in asked:
        (name,) = set(re.findall(rf"{PREFIX}\w+", text))
        grouped = {label for group in re.findall(r"by \(([^)]+)\)", text) for label in group.split(", ")}
        assert grouped <= labels[name], text
    for panel in board["panels"]:
        for target in panel["targets"]:
            (name,) = set(re.findall(rf"{PREFIX}\w+", target["expr"]))
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels[name], target
    documented = (BOARD.parents[2] / "docs" / "metrics.md").read_text()
    for name in labels:
        base = re.sub(r"_(bucket|count|sum|created)$", "", name.removeprefix(PREFIX))
        assert f"`{base}`" in documented, f"docs/metrics.md does not tell of {base}"
