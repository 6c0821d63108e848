"""What is there after a sandbox was resumed, as clients see it: everything that there was."""

import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.state import StateError, keeper
from tests.unit.sandbox.client import Client, Json, order, orders, signed_request, trigger, until, wallet
from tests.unit.sandbox.socket_client import connect

AGENT = wallet(77)
HOUR = 3_600_000
CLOID = "0x" + "0" * 31 + "7"


@asynccontextmanager
async def resumed(tmp_path: Path, how: str, exchange: Sandbox, **settings: Any) -> AsyncIterator[Sandbox]:
    """The sandbox after it was killed (its files are as a kill leaves them) or stopped."""
    folder = tmp_path / "resumed"
    if how == "stopped":
        await exchange.stop()
    shutil.copytree(tmp_path / "live", folder)
    async with Sandbox(state=folder / "state", **{"clock": "virtual", **settings}) as sandbox:
        assert sandbox.keeper is not None
        assert bool(sandbox.keeper.resumed_blocks) == (how == "killed")
        yield sandbox


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox with a state file in which nobody trades by himself."""
    (tmp_path / "live").mkdir()
    settings: dict[str, Any] = {"scheduled_cancel_volume": 0, "newcomers": "welcome"}
    clock = VirtualClock((time.time_ns() // 1_000_000 // HOUR + 1) * HOUR - 120_000)
    async with Sandbox(seed=1, market="still", clock=clock, state=tmp_path / "live" / "state", **settings) as sandbox:
        yield sandbox


async def do_everything(exchange: Sandbox, alice: Client, bob: Client) -> Json:
    """A bit of all that there is; returns an order request that was done."""
    exchange.fund(alice.address, 500_000)
    exchange.fund(bob.address)
    exchange.fund(bob.address, 7, "spot", "USDC")
    body = signed_request(alice.signer, orders(order(1, True, "2815", "0.5", "Gtc", cloid=CLOID)))
    await alice.post("/exchange", body)
    await bob.place(order(1, True, "2815", "0.3"), order(1, False, "2815", "0.2"), order(0, True, "80000", "0.01"))
    await alice.place(order(0, True, "90000", "0.5", "Ioc"))
    await alice.place(
        trigger(0, False, "70000", "0", "80000", "sl"),
        trigger(0, False, "99000", "0", "99000", "tp", is_market=False),
        grouping="positionTpsl",
    )
    await bob.act({"type": "updateLeverage", "asset": 1, "isCross": False, "leverage": 7})
    await bob.place(order(1, False, "2700", "0.4", "Ioc"))
    await alice.act({"type": "twapOrder", "twap": {"a": 0, "b": True, "s": "0.6", "r": False, "m": 120, "t": True}})
    await alice.place(*(order(5, True, "100", str(size)) for size in (1, 2, 3)))
    await alice.act({"type": "cancel", "cancels": [{"a": 5, "o": exchange.open_orders(alice.address)[-1].oid}]})
    exchange.approve_agent(alice.address, AGENT.address, "bot")
    exchange.create_sub_account(alice.address, "savings", 50)
    exchange.create_vault(bob.address, "fund", 2_000)
    await exchange.clock.advance(180)  # past the hour
    await bob.act({"type": "scheduleCancel", "time": exchange.clock.now() + 600_000})
    exchange.set_price("ETH", "2820")
    exchange.listings.list_market("xyz:GOLD", "3975.5", 3, 15)
    exchange.listings.add_dex("flx", "USDH")
    exchange.listings.delist("DOGE")
    exchange.listings.break_metadata("ATOM")
    exchange.maintenance.cap_open_interest(["SOL"])
    exchange.set_quirk("trades_replay", "none")
    exchange.open_account("0x" + "b7" * 20, "unifiedAccount", spot={"USDC": 50})
    await exchange.clock.advance(61)
    return body


async def everything(client: Client, *addresses: str) -> Json:
    """The answers to every request about accounts and markets."""
    found: Json = {}

    async def ask(kind: str, **fields: Any) -> None:
        status, text = await client.post("/info", {"type": kind, **fields})
        found[repr((kind, sorted(fields.items(), key=str)))] = (status, text)

    for user in addresses:
        for kind in ("clearinghouseState", "openOrders", "frontendOpenOrders"):
            for dex in ("", "xyz", "km"):
                await ask(kind, user=user, dex=dex)
        for kind in (
            *("spotClearinghouseState", "userAbstraction", "userRole", "userRateLimit", "userFees", "extraAgents"),
            *("subAccounts", "userVaultEquities", "historicalOrders", "twapHistory", "userFills"),
            *("userTwapSliceFills", "approvedBuilders"),
        ):
            await ask(kind, user=user)
        for kind in ("userFillsByTime", "userFunding", "userNonFundingLedgerUpdates"):
            await ask(kind, user=user, startTime=0)
        await ask("activeAssetData", user=user, coin="ETH")
        await ask("orderStatus", user=user, oid=CLOID)
    for dex in ("", "xyz", "km", "flx"):
        await ask("meta", dex=dex)
        await ask("metaAndAssetCtxs", dex=dex)
        await ask("allMids", dex=dex)
        await ask("perpsAtOpenInterestCap", dex=dex)
    for coin in ("BTC", "ETH", "SOL", "xyz:GOLD", "DOGE"):
        await ask("l2Book", coin=coin)
        await ask("recentTrades", coin=coin)
        await ask("fundingHistory", coin=coin, startTime=0)
        for interval in ("1m", "15m", "1h", "1d", "1M"):
            times = {"startTime": 0, "endTime": client.exchange.clock.now()}
            await ask("candleSnapshot", req={"coin": coin, "interval": interval, **times})
    await ask("perpDexs")
    await ask("allPerpMetas")
    return found


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_everything_is_as_it_was(live: Sandbox, tmp_path: Path, how: str) -> None:
    async with Client(live, wallet(11)) as alice, Client(live, wallet(12)) as bob:
        body = await do_everything(live, alice, bob)
        names = [*live.clients, AGENT.address.lower(), live.traders.by_coin["ETH"].makers[0].address]
        users = list(dict.fromkeys(names))
        before = await everything(alice, *users)
        engine, blocks, now = live.engine, live.chain.blocks, live.clock.now()
        assert len(live.fills(alice.address)) > 4
        assert live.twaps(alice.address)[0].status == "activated"
        async with resumed(tmp_path, how, live) as again:
            assert abs(again.clock.now() - now) <= 1_000
            await again.clock.advance((now - again.clock.now()) / 1000)
            alice.exchange = bob.exchange = again
            after = await everything(alice, *users)
            assert {key for key in before if before[key] != after[key]} == set()
            assert again.chain.blocks >= blocks
            assert again.engine.market("DOGE").market.is_delisted == live.engine.market("DOGE").market.is_delisted  # type: ignore[union-attr]
            assert again.quirks.trades_replay == "none"

            status, text = await alice.post("/exchange", body)
            assert (status, "duplicate nonce" in text) == (200, True)
            # Who may trade is who might; the books have their queues; numbers go on.
            agent = Client(again, AGENT)
            await agent.place(order(1, True, "2811", "0.1"))
            await agent.http.close()
            (placed,) = await bob.place(order(1, False, "2815", "0.05", "Ioc"))
            assert placed["filled"]["oid"] > max(
                row.oid for account in engine.accounts.values() for row in account.fills
            )
            await again.clock.advance(700)
            assert not [entry for entry in again.open_orders(bob.address) if entry.coin == "BTC"], "the switch fires"
            assert len([fill for fill in again.fills(alice.address) if fill.twap_id is not None]) > 20
            tids = [fill.tid for fill in again.fills(alice.address)]
            assert len(set(tids)) == len(tids)


async def test_order_that_was_first_in_the_queue_is_filled_first_after_a_kill(live: Sandbox, tmp_path: Path) -> None:
    async with Client(live, wallet(11)) as alice, Client(live, wallet(12)) as bob:
        for client in (bob, alice):
            live.fund(client.address)
            await client.place(order(1, True, "2817.4", "0.2", "Alo"))
        async with resumed(tmp_path, "killed", live) as again:
            again.trade_through("ETH", "2817.4", "0.25")
            assert [fill.size for fill in again.fills(bob.address)] == [Decimal("0.2")]
            assert [fill.size for fill in again.fills(alice.address)] == [Decimal("0.05")]


async def test_halted_exchange_is_halted_still(live: Sandbox, tmp_path: Path) -> None:
    live.maintenance.halt()
    async with resumed(tmp_path, "killed", live) as again:
        assert again.chain.is_halted
        again.maintenance.halt(False)
        assert not again.chain.is_halted


async def test_stranger_is_refused_after_the_kill_when_it_was_before(live: Sandbox, tmp_path: Path) -> None:
    async with Client(live, wallet(11)) as alice:
        await alice.mine("clearinghouseState")
        async with resumed(tmp_path, "killed", live) as again, Client(again, wallet(13)) as stranger:
            reply = await stranger.act(orders(order(1, True, "2000", "0.1")))
            assert "does not exist" in reply["response"]
            alice.exchange = again
            assert (await alice.place(order(1, True, "2000", "0.1")))[0]["resting"]


async def test_traders_go_on_exactly_after_a_stop(tmp_path: Path) -> None:
    """The same time in one life and in two gives the same trades."""
    settings: dict[str, Any] = {"seed": 4, "market": "calm", "coins": ["ETH"]}
    lived: list[list[str]] = []
    start = time.time_ns() // 1_000_000
    for name, parts in (("one", (40,)), ("two", (20, 20))):
        for number, seconds in enumerate(parts):
            clock = VirtualClock(start + 1_000 * sum(parts[:number]))
            async with Sandbox(state=tmp_path / name, clock=clock, **settings) as sandbox:
                await sandbox.clock.advance(seconds)
                trades = [repr((t.px, t.sz, t.time)) for t in sandbox.engine.markets[1].trades]
        lived.append(trades)
    assert len(lived[0]) > 50
    assert lived[0][:40] == lived[1][:40]
    assert abs(len(lived[0]) - len(lived[1])) < 30


async def test_traders_go_on_where_the_price_was_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    async with Sandbox(
        seed=4, market="calm", coins=["ETH"], clock="virtual", state=tmp_path / "live" / "state"
    ) as sandbox:
        sandbox.set_price("ETH", "3100")
        await sandbox.clock.advance(30)
        async with resumed(tmp_path, "killed", sandbox, coins=["ETH"]) as again:
            await again.clock.advance(30)
            mid = again.book("ETH").mid
            assert mid is not None
            assert abs(mid / 3_100 - 1) < 0.005
            assert again.clients == sandbox.clients


async def test_other_seed_and_market_are_told_and_the_old_traders_orders_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "state"
    async with Sandbox(seed=4, market="calm", clock="virtual", state=path) as sandbox:
        await sandbox.clock.advance(5)
        accounts = set(sandbox.clients)
    async with Sandbox(seed=9, market="empty", clock="virtual", state=path) as sandbox:
        assert sandbox.seed == 4
        assert len(sandbox.notices) == 2
        assert sandbox.notices[0] == "The seed is 4 as in the state file, not 9."
        assert sandbox.notices[1].startswith("The market is empty from now on, it was calm")
        assert sandbox.book("BTC").mid is None
        assert set(sandbox.clients) == accounts
    async with Sandbox(clock="virtual", state=path) as sandbox:
        assert (sandbox.traders.regime, sandbox.notices) == ("empty", ())


async def test_state_of_a_virtual_clock_that_has_jumped_is_not_resumed_with_the_real_one(tmp_path: Path) -> None:
    path = tmp_path / "state"
    async with Sandbox(market="empty", clock="virtual", state=path) as sandbox:
        await sandbox.clock.advance(7_200)
        end = sandbox.clock.now()
    with pytest.raises(StateError, match=r"2\.0 hours ahead of the clock"):
        Sandbox(state=path)
    async with Sandbox(clock="virtual", state=path) as sandbox:
        assert sandbox.clock.now() == end


async def test_time_that_has_passed_meanwhile_brings_its_funding(live: Sandbox, tmp_path: Path) -> None:
    async with Client(live, wallet(11)) as alice:
        live.fund(alice.address)
        await alice.place(order(0, True, "90000", "0.1", "Ioc"))
        later = VirtualClock(live.clock.now() + 5 * HOUR)
        async with resumed(tmp_path, "killed", live, clock=later) as again:
            await again.clock.advance(2)
            account = again.engine.account(alice.address)
            assert account is not None
            assert len(account.fundings) == 5


async def test_nobody_is_told_of_a_block_before_it_is_in_the_journal(
    live: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.keeper is not None
    journal = live.keeper._journal
    assert journal is not None
    async with Client(live, wallet(11)) as alice, connect(live) as socket:
        live.fund(alice.address)
        await socket.subscribe("orderUpdates", user=alice.address)
        told: list[bool] = []
        append = type(journal).append

        def watch(self: Any, data: Any) -> None:
            told.append(any(session.backlog for session in live.gate.sessions))
            append(self, data)

        monkeypatch.setattr(type(journal), "append", watch)
        await alice.place(order(1, True, "2800", "0.1"))
        assert told == [False]


async def test_snapshots_come_by_time_and_size_and_shorten_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SNAPSHOT_BYTES", 100_000)
    monkeypatch.setattr(keeper, "MIN_SECONDS", 0.0)
    path = tmp_path / "state"
    async with Sandbox(seed=4, market="calm", clock="virtual", state=path) as sandbox:
        assert sandbox.keeper is not None
        for _ in range(6):
            await sandbox.clock.advance(1)
            if sandbox.keeper._writing is not None:
                await sandbox.keeper._writing
        await until(lambda: len(list(tmp_path.glob("*.journal-*"))) == 1)
        assert len(sandbox.keeper.pauses) > 2
    assert [name for name in os.listdir(tmp_path) if "journal" in name] == []


async def test_commands_that_fail_and_accounts_without_money_are_followed_as_well(
    live: Sandbox, tmp_path: Path
) -> None:
    live.deposit = Decimal(0)
    live.register.name("0x" + "c1" * 20)
    with pytest.raises(ValueError, match="no dex"):
        live.fund("0x" + "c2" * 20, 5, "nowhere")
    async with resumed(tmp_path, "killed", live) as again:
        assert again.register.is_account("0x" + "c1" * 20)
        assert again.register.is_account("0x" + "c2" * 20)
