"""One sandbox mirrors another over real sockets: real paper trading, with a venue that can be broken."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.following.mirror import Mirror, MirrorPlan
from hyperliquid_perpetual.sandbox.following.replay import ReplayPlan
from hyperliquid_perpetual.sandbox.inspection import BookSnapshot
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.recording.source import SourceError, fetch_metadata, source_of
from tests.unit.sandbox.client import Client, order, until, wallet

QUICK = Cadence(book_ms=200, fast_book_ms=60, context_ms=200)
COINS = ["ETH", "xyz:TSLA"]


def venue(market: str = "still", **options: Any) -> Sandbox:
    return Sandbox(seed=4, market=market, coins=COINS, cadence=QUICK, block_ms=0, **options)  # type: ignore[arg-type]


@asynccontextmanager
async def mirroring(url: str, stale_seconds: float = 12, **options: Any) -> AsyncIterator[Sandbox]:
    source = source_of(url)
    metadata, coins = await fetch_metadata(source, COINS)
    plan = MirrorPlan(source, metadata, coins, stale_seconds=stale_seconds, reconnect_seconds=0.1, **options)
    async with Sandbox(driver=plan) as sandbox:
        await until(lambda: all(sandbox.book(coin).bids for coin in COINS), 20)
        yield sandbox


def levels(book: BookSnapshot) -> Any:
    bids, asks = ([(level.price, level.size) for level in side[:20]] for side in (book.bids, book.asks))
    return bids, asks


def mirror_of(sandbox: Sandbox) -> Mirror:
    assert isinstance(sandbox.driver, Mirror)
    return sandbox.driver


async def test_books_prices_and_markets_are_those_of_the_venue() -> None:
    async with venue() as original, mirroring(original.url) as mirror:
        for coin in COINS:
            await until(lambda coin=coin: levels(mirror.book(coin)) == levels(original.book(coin)))
        original.set_price("ETH", "2900")
        state, copy = original.engine.market("ETH"), mirror.engine.market("ETH")
        assert state is not None
        assert copy is not None
        await until(
            lambda: copy.oracle_px == state.oracle_px and levels(mirror.book("ETH")) == levels(original.book("ETH"))
        )
        assert mirror.driver.regime == f"mirror of {original.url}"
        assert mirror_of(mirror).condition == ""


async def test_resting_order_is_filled_by_the_trades_of_the_venue_in_its_turn() -> None:
    async with (
        venue() as original,
        mirroring(original.url, queue="pessimistic") as mirror,
        Client(mirror, wallet(31)) as user,
    ):
        mirror.fund(user.address)
        best = original.book("ETH", 1).bids[0]
        (status,) = await user.place(order(1, True, str(best.price), "0.5"))
        oid = status["resting"]["oid"]
        most = (best.size * Decimal("0.6")).quantize(Decimal("0.0001"))
        original.trade_through("ETH", best.price, most)
        await until(lambda: any(trade.sz for trade in mirror.engine.market("ETH").trades))  # type: ignore[union-attr]
        assert mirror.fills(user.address) == (), "others stood in front"
        await until(lambda: levels(original.book("ETH"))[0][0][1] == best.size)  # the maker has refilled, behind us
        original.trade_through("ETH", best.price, best.size - most + Decimal("0.3"))
        await until(lambda: mirror.fills(user.address))
        (fill,) = mirror.fills(user.address)
        assert (fill.oid, fill.price, fill.crossed) == (oid, best.price, False)
        assert fill.size == Decimal("0.3")


async def test_users_taker_order_trades_here_alone() -> None:
    async with venue() as original, mirroring(original.url) as mirror, Client(mirror, wallet(32)) as user:
        mirror.fund(user.address)
        before = levels(original.book("ETH"))
        (status,) = await user.place(order(1, True, "2900", "2", "Ioc"))
        assert status["filled"]["totalSz"] == "2.0"
        assert levels(original.book("ETH")) == before
        await until(lambda: levels(mirror.book("ETH")) == before)


async def test_venue_that_comes_back_on_the_same_port_is_followed_again() -> None:
    original = await venue().start()
    port = int(original.url.rpartition(":")[2])
    async with mirroring(original.url, stale_seconds=1) as mirror:
        await original.stop()
        await until(lambda: "their books are empty" in mirror_of(mirror).condition)
        assert levels(mirror.book("ETH")) == ([], [])
        again = Sandbox(seed=9, market="still", coins=COINS, cadence=QUICK, block_ms=0, port=port)
        again.set_price("ETH", "3000")
        async with again:
            await until(lambda: levels(mirror.book("ETH")) == levels(again.book("ETH")), 20)
            await until(lambda: mirror_of(mirror).condition == "")
            assert mirror_of(mirror).connections == 2


async def test_venue_that_is_gone_is_visible_and_users_orders_stay() -> None:
    original = await venue().start()
    async with mirroring(original.url, stale_seconds=1) as mirror, Client(mirror, wallet(33)) as user:
        mirror.fund(user.address)
        await user.place(order(1, True, "2700", "0.5"))
        await original.stop()
        await until(lambda: not mirror.book("ETH").asks)
        async with user.http.get(f"{mirror.url}/sandbox/status") as response:
            status = await response.json()
        assert re.search(
            r"nothing heard of ETH, xyz:TSLA on .* since \d\d:\d\d:\d\d UTC .*: their books are empty",
            status["condition"],
        )
        assert levels(mirror.book("ETH")) == ([(Decimal(2700), Decimal("0.5"))], [])


async def test_half_open_connection_is_stale_too() -> None:
    """The socket lives and says nothing any more."""
    async with venue() as original, mirroring(original.url, stale_seconds=0.5) as mirror:
        for session in list(original.gate.sessions):
            session.send = lambda *_: None  # type: ignore[attr-defined]
        await until(lambda: not mirror.book("ETH").asks)
        assert "nothing heard of ETH" in mirror_of(mirror).condition


async def test_living_market_is_mirrored_without_a_crossed_book_or_a_refused_order() -> None:
    async with venue("wild") as original, mirroring(original.url) as mirror:
        printed = mirror.engine.market("ETH")
        assert printed is not None
        await until(lambda: len(printed.trades) > 30, 30)
        book = mirror.book("ETH")
        assert book.bids[0].price < book.asks[0].price
        statuses = {
            str(record.status)
            for address in mirror.driver.addresses
            for record in mirror.engine.accounts[address].history.newest_first()
        }
        assert statuses <= {"filled", "canceled"}
        theirs = [(trade.is_buy, trade.px, trade.sz) for trade in original.engine.market("ETH").trades]  # type: ignore[union-attr]
        ours = [(trade.is_buy, trade.px, trade.sz) for trade in printed.trades]
        start = theirs.index(ours[0])
        assert ours[:25] == theirs[start : start + 25]


# ---------------------------------------------------------------------- what cannot be mirrored


async def test_mirror_by_url_asks_the_venue_at_once() -> None:
    with Sandbox.in_thread(seed=4, market="still", coins=COINS) as original:
        async with Sandbox(mirror=original.url, coins=["ETH"]) as mirror:
            await until(lambda: mirror.book("ETH").bids)
        with pytest.raises(SourceError, match="does not list 'EHT'; near it: "):
            Sandbox(mirror=original.url, coins=["EHT"])


async def test_mirror_under_a_virtual_clock_is_refused() -> None:
    async with venue() as original:
        plan = await MirrorPlan.of(original.url, ["ETH"])
        with pytest.raises(ValueError, match="a mirror lives in real time"):
            Sandbox(driver=plan, clock="virtual")


async def test_redirect_is_not_followed() -> None:
    from aiohttp import web

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("http://127.0.0.1:9/info")

    app = web.Application()
    app.router.add_post("/info", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        with pytest.raises(SourceError, match="answers perpDexs with HTTP status 307"):
            await MirrorPlan.of(f"http://127.0.0.1:{port}", ["ETH"])
    finally:
        await runner.cleanup()


# ---------------------------------------------------------------------- the command line


async def test_sandbox_command_mirrors_and_replays(tmp_path: Any) -> None:
    path = tmp_path / "one.hlrec"
    base = [sys.executable, "-m", "hyperliquid_perpetual"]
    with Sandbox.in_thread(seed=4, market="wild", coins=COINS, cadence=QUICK) as original:
        options = ["record", str(path), "--from", original.url, "--coins", "ETH", "--seconds", "1"]
        await asyncio.to_thread(subprocess.run, base + options, check=True, timeout=40, capture_output=True)
        for options, regime in (
            (["--mirror", original.url, "--coins", "ETH"], f"mirror of {original.url}"),
            (["--replay", str(path), "--loop", "--speed", "2"], "replay of one.hlrec at 2 times its speed"),
        ):
            process = await asyncio.create_subprocess_exec(
                *base, "sandbox", "--port", "0", *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            assert process.stdout is not None
            first = (await asyncio.wait_for(process.stdout.readline(), 40)).decode()
            assert f"market {regime}," in first
            url = (await asyncio.wait_for(process.stdout.readline(), 40)).decode().split()[-1]

            async with aiohttp.ClientSession() as http, asyncio.timeout(20):
                sides: list[Any] = [[], []]
                while not all(sides):
                    await asyncio.sleep(0.05)
                    async with http.post(url + "/info", json={"type": "l2Book", "coin": "ETH"}) as response:
                        sides = (await response.json())["levels"]
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.communicate(), 20)
            assert process.returncode == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--replay", "a", "--mirror", "testnet"], "give --replay or --mirror, not both."),
        (["--mirror", "testnet", "--markets", "50"], "whom --replay and --mirror replace."),
        (["--replay", "any", "--market", "wild"], "whom --replay and --mirror replace."),
        (["--speed", "2"], "--speed belongs to --replay, which is not given."),
        (["--mirror", "testnet", "--loop"], "--loop belongs to --replay, which is not given."),
        (["--coins", "BTC"], "--coins belongs to --mirror, which is not given."),
        (["--queue", "optimistic"], "--queue belongs to --replay or --mirror, which is not given."),
        (["--replay", "missing.hlrec"], "missing.hlrec: No such file or directory"),
        (["--mirror", "nonsense"], "'nonsense' is no source: give mainnet, testnet, sandbox, or a URL"),
        (["--mirror", "http://127.0.0.1:9"], "http://127.0.0.1:9 cannot be reached: Connection refused."),
        (["--mirror", "testnet", "--queue", "hopeful"], "there are pessimistic, proportional, optimistic."),
    ],
)
def test_sandbox_command_says_what_is_wrong_with_its_options(options: list[str], message: str) -> None:
    from typer.testing import CliRunner

    from hyperliquid_perpetual import cli

    result = CliRunner().invoke(cli.app, ["sandbox", *options])
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_plans_are_what_a_sandbox_takes() -> None:
    """A custom queue model needs nothing but one method."""

    class Fair:
        def canceled(self, parts: Any, size: int) -> Any:
            return [size, *[0] * (len(parts) - 1)]

    with pytest.raises(FileNotFoundError):
        ReplayPlan("missing.hlrec", queue=Fair())
