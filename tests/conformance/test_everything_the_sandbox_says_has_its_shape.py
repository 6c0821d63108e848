"""Every request, action and subscription of the sandbox, in every state that can be brought about, against the shapes.

The shapes are written from the reference and pass its recordings; they share nothing with the sandbox. Every branch of
them is shown here, but for those that are listed with the reason why not. An entry of that list that is shown after all
has to go from it.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from fnmatch import fnmatchcase
from typing import Any, get_args

import msgspec
import pytest

from hyperliquid_perpetual.sandbox import Sandbox, info_requests, signed_requests, subscriptions
from hyperliquid_perpetual.sandbox.clock import RealClock, VirtualClock
from tests.conformance.shapes.exchange_shapes import ACTIONS
from tests.conformance.shapes.info_shapes import INFO
from tests.conformance.shapes.market_shapes import INTERVALS
from tests.conformance.shapes.reasons import NOT_SHOWN
from tests.conformance.shapes.stream_shapes import ACKNOWLEDGED
from tests.conformance.shapes.validator import Validator
from tests.conformance.shapes.watch import watched
from tests.unit.sandbox.client import Client, Json, order, orders, signed_request, trigger, wallet
from tests.unit.sandbox.socket_client import Socket, connect

BTC, ETH, STX, KM_FIRST = 0, 1, 8, 130_000
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
CLOID = "0x1234567890abcdef1234567890abcdef"
OTHER = "0x000000000000000000000000000000ff"
STRANGER = "0x" + "99" * 20
HOUR_MS = 3_600_000
BANDS = {"price_band_percent": 99, "oracle_band_percent": 80}
"""The other way round than usual, so that both are met."""


class Floor:
    """A sandbox with three traders on it and one socket that listens to everything about the first."""

    def __init__(self, exchange: Sandbox, alice: Client, bob: Client, carol: Client, socket: Socket) -> None:
        self.exchange = exchange
        self.alice = alice
        self.bob = bob
        self.carol = carol
        self.socket = socket

    async def pass_time(self, seconds: float) -> None:
        await self.exchange.clock.advance(seconds)


@asynccontextmanager
async def floor(**settings: Any) -> AsyncIterator[Floor]:
    """It is five minutes to the full hour."""
    clock = VirtualClock(RealClock().now() // HOUR_MS * HOUR_MS + HOUR_MS - 300_000)
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(Sandbox(seed=1, clock=clock, **settings))
        clients = [await stack.enter_async_context(Client(exchange, wallet(number))) for number in (11, 12, 13)]
        for client in clients:
            exchange.fund(client.address)
        socket = await stack.enter_async_context(connect(exchange))
        await subscribe_to_everything(socket, clients[0].address)
        yield Floor(exchange, *clients, socket)
        await socket.drained()


async def subscribe_to_everything(socket: Socket, user: str) -> None:
    facts: dict[str, Any] = {"coin": "BTC", "interval": "1m", "user": user}
    for kind, fields in ACKNOWLEDGED.items():
        await socket.subscribe(kind, **{name: facts[name] for name in fields if name in facts})
    await socket.subscribe("l2Book", coin="ETH", nSigFigs=5, mantissa=2)
    await socket.subscribe("l2Book", coin="STX", fast=True)
    await socket.subscribe("userFills", user=user, aggregateByTime=True)
    await socket.subscribe("allMids", dex="xyz")
    await socket.subscribe("bbo", coin="ETH")
    for interval in INTERVALS:
        await socket.subscribe("candle", coin="STX", interval=interval)
    for _ in range(2):
        await socket.send({"method": "unsubscribe", "subscription": {"type": "allMids", "dex": "xyz"}})


async def ask_everything(exchange: Sandbox, client: Client, vault: str = STRANGER) -> None:
    """Every info request about a user and the markets as they are now."""
    facts: dict[str, Any] = {
        "user": client.address,
        "coin": "BTC",
        "dex": "xyz",
        "builder": client.address,
        "vaultAddress": vault,
        "startTime": exchange.clock.now() - 7 * 86_400_000,
        "id": 51,
        "oid": 1,
        "req": {"coin": "BTC", "interval": "1m", "startTime": exchange.clock.now() - 600_000},
    }
    for request in get_args(info_requests.KnownInfo):
        fields = {entry.name: facts[entry.name] for entry in msgspec.structs.fields(request) if entry.required}
        await client.info(request.__struct_config__.tag, **fields)
    for dex in ("", "xyz", "vntl", "km"):
        await client.info("metaAndAssetCtxs", dex=dex)
        await client.mine("clearinghouseState", dex=dex)
        await client.mine("frontendOpenOrders", dex=dex)
    for interval in INTERVALS:
        req = {"coin": "BTC", "interval": interval, "startTime": exchange.clock.now() - 600_000}
        await client.info("candleSnapshot", req=req)
    for coin in ("MATIC", "NOPE", "ETH"):
        await client.info("l2Book", coin=coin)
    await client.info("l2Book", coin="BTC", nSigFigs=4)
    await client.info("perpDexLimits", dex="nope")
    for row in (await client.mine("historicalOrders"))[:1]:
        await client.mine("orderStatus", oid=row["order"]["oid"])
    for user in (vault, STRANGER, "0x" + "34" * 20):
        await client.info("userRole", user=user)
    await client.info("vaultDetails", vaultAddress=vault, user=client.address)


# ---------------------------------------------------------------------- scenes


async def orders_of_every_kind(scene: Floor) -> None:
    alice, bob = scene.alice, scene.bob
    await alice.place(order(BTC, True, "80000", "0.01"), order(BTC, True, "80001", "0.01", cloid=CLOID))
    await alice.place(order(BTC, True, "80002", "0.01", "Alo"), order(BTC, True, "80003", "0.01", "Ioc"))
    await alice.place(order(BTC, True, "90000", "0.02", "Ioc"), order(BTC, True, "90000", "0.02", "FrontendMarket"))
    await alice.place(order(BTC, True, "90000", "0.01", "Alo"), order(BTC, True, "80000.5", "0.01"))
    await alice.place(order(BTC, True, "80000", "0.0001"), order(BTC, True, "80000", "50"))
    await alice.place(order(BTC, True, "80000", "0.01", reduce_only=True))
    await alice.place(order(BTC, True, "81000", "0.01", cloid=CLOID))
    await alice.place(order(BTC, False, "95000", "0.01", reduce_only=True))
    await alice.place(order(BTC, False, "80000", "0.06", "Ioc", cloid=OTHER))
    await alice.place(order(BTC, True, "90000", "0.05", "Ioc"))
    await alice.place(order(BTC, True, "1", "10"))
    await alice.place(order(BTC, True, "9000", "0.01"))
    await alice.act(orders(order(999, True, "1", "1")))
    await alice.place(order(KM_FIRST, True, "9000", "0.1", "Ioc"))
    # both sides of a match, at two prices at once
    await bob.place(order(ETH, False, "2817.5", "1"), order(ETH, False, "2817.6", "1"))
    await alice.place(order(ETH, True, "2817.6", "2"))
    await alice.place(order(ETH, True, "2817.4", "1", cloid=OTHER))
    await bob.place(order(ETH, False, "2817.4", "1", "Ioc"))
    # one's own order, an amended one, a canceled one
    await alice.place(order(ETH, True, "2817.4", "0.1"))
    await alice.place(order(ETH, False, "2817.4", "0.1", "Ioc"))
    (status,) = await alice.place(order(BTC, True, "79000", "0.01"))
    oid = status["resting"]["oid"]
    await alice.act({"type": "modify", "oid": oid, "order": order(BTC, True, "79001", "0.01", "Alo")})
    await alice.act({"type": "modify", "oid": oid, "order": order(BTC, True, "79002", "0.01", "Alo")})
    await alice.act({"type": "batchModify", "modifies": [{"oid": CLOID, "order": order(BTC, True, "78999", "0.01")}]})
    newest = (await alice.mine("openOrders"))[0]["oid"]
    await alice.act({"type": "cancel", "cancels": [{"a": BTC, "o": newest}, {"a": BTC, "o": 1}]})
    by_cloid = {"type": "cancelByCloid", "cancels": [{"asset": BTC, "cloid": CLOID}]}
    await alice.act(by_cloid)
    await alice.place(order(BTC, True, "79000", "0.01", cloid=CLOID))
    await alice.act(by_cloid)
    await alice.act({"type": "noop"})
    # what is capped, and right after an upgrade
    scene.exchange.maintenance.cap_open_interest(["BTC", "ETH"])
    await alice.place(order(ETH, True, "2500", "1"), order(ETH, False, "2900", "9"))
    await scene.pass_time(6)
    await ask_everything(scene.exchange, alice)
    scene.exchange.maintenance.cap_open_interest([])
    scene.exchange.maintenance.post_only()
    await alice.place(order(ETH, True, "2500", "1"))
    await alice.info("exchangeStatus")
    scene.exchange.maintenance.post_only(False)
    # more than a margin tier allows, and more than one may have open
    await alice.act({"type": "updateLeverage", "asset": ETH, "isCross": True, "leverage": 25})
    await alice.act({"type": "updateLeverage", "asset": ETH, "isCross": True, "leverage": 999})
    scene.exchange.fund(alice.address, 500_000_000)
    await alice.place(order(ETH, True, "2500", "110000"))
    await alice.place(*(order(BTC, True, "60000", "0.001") for _ in range(21)))
    switch = {"type": "scheduleCancel", "time": scene.exchange.clock.now() + 10_000}
    await alice.act(switch)
    await alice.act({"type": "scheduleCancel"})
    await alice.act(switch)
    await scene.pass_time(12)
    assert scene.exchange.open_orders(alice.address) == ()


async def triggers_and_brackets(scene: Floor) -> None:
    alice = scene.alice
    await alice.place(order(BTC, True, "90000", "0.05", "Ioc"))
    await alice.place(
        trigger(BTC, False, "70000", "0.01", "75000", "sl", cloid=CLOID),
        trigger(BTC, False, "74000", "0.01", "75000", "sl", is_market=False),
        trigger(BTC, False, "99000", "0.01", "99001", "tp", is_market=False),
        trigger(BTC, False, "70000", "0.01", "99000", "sl"),
    )
    bracket = [
        order(BTC, True, "80000", "0.01"),
        trigger(BTC, False, "89000", "0.01", "90000", "tp"),
        trigger(BTC, False, "60000", "0.01", "70000", "sl"),
    ]
    await alice.place(*bracket, grouping="normalTpsl")
    take, stop = trigger(BTC, False, "89000", "0", "90000", "tp"), trigger(BTC, False, "60000", "0", "70000", "sl")
    await alice.place(take, stop, grouping="positionTpsl")
    await ask_everything(scene.exchange, alice)
    await scene.pass_time(5)
    scene.exchange.set_price("BTC", 69_000)
    await scene.pass_time(5)
    scene.exchange.set_price("BTC", 84_000)
    await scene.pass_time(5)


def twap(minutes: int, details: Json | None = None, *, reduce_only: bool = False, shuffled: bool = False) -> Json:
    facts = {"a": BTC, "b": True, "s": "0.11", "r": reduce_only, "m": minutes, "t": shuffled}
    action: Json = {"type": "twapOrder", "twap": facts}
    return action if details is None else {**action, "details": details}


async def twaps(scene: Floor) -> None:
    """The last of them is one that reduces what is not there any more. It is past the full hour in the end."""
    alice = scene.alice
    await alice.act(twap(5))
    reply = await alice.act(twap(5, shuffled=True))
    number = reply["response"]["data"]["status"]["running"]["twapId"]
    await alice.act(twap(5, {"t": {"p": "60000", "a": False}, "s": "99000"}))
    await alice.act(twap(1))
    await scene.pass_time(31)
    await ask_everything(scene.exchange, alice)
    cancel = {"type": "twapCancel", "a": BTC, "t": number}
    await alice.act(cancel)
    await alice.act(cancel)
    await scene.pass_time(290)
    await alice.place(order(BTC, False, "60000", "0.5", "Ioc"))
    await alice.act(twap(5, reduce_only=True))
    await alice.place(order(BTC, True, "99000", "5", "Ioc", reduce_only=True))
    await scene.pass_time(60)
    await ask_everything(scene.exchange, alice)


async def accounts(scene: Floor) -> str:
    """Transfers, families, agents, builders; returns a vault."""
    exchange, alice, bob = scene.exchange, scene.alice, scene.bob
    await alice.act_as_user("usdClassTransfer", amount="1000", toPerp=False)
    await alice.act_as_user("usdClassTransfer", amount="100", toPerp=True)
    await alice.act_as_user("usdSend", destination=bob.address, amount="10")
    await alice.act_as_user("usdSend", destination=bob.address, amount="10000000000")
    await alice.act_as_user("spotSend", destination=bob.address, token=USDC, amount="2")
    await alice.act_as_user("withdraw3", destination=alice.address, amount="100")
    move = {"sourceDex": "", "destinationDex": "xyz", "token": USDC, "amount": "10", "fromSubAccount": ""}
    await alice.act_as_user("sendAsset", destination=alice.address, **move)
    await alice.act_as_user("sendAsset", destination=alice.address, **{**move, "destinationDex": "km"})
    await alice.act_as_user("approveAgent", agentAddress="0x" + "34" * 20, agentName="")
    await alice.act_as_user("approveAgent", agentAddress="0x" + "35" * 20, agentName="bot")
    await alice.act_as_user("approveBuilderFee", maxFeeRate="0.01%", builder=bob.address)
    await alice.act({**orders(order(BTC, True, "99000", "0.01", "Ioc")), "builder": {"b": bob.address, "f": 10}})
    sub = (await alice.act({"type": "createSubAccount", "name": "sub"}))["response"]["data"]
    await alice.act({"type": "createSubAccount", "name": "sub"})
    await alice.act({"type": "subAccountModify", "subAccountUser": sub, "name": "renamed"})
    transfer = {"type": "subAccountTransfer", "subAccountUser": sub, "isDeposit": True, "usd": 5_000_000_000}
    await alice.act(transfer)
    await alice.act({**transfer, "isDeposit": False, "usd": 1_000_000})
    spot = {"type": "subAccountSpotTransfer", "subAccountUser": sub, "isDeposit": True, "token": USDC, "amount": "5"}
    await alice.act(spot)
    await alice.act({**spot, "amount": "5000000"})
    await alice.act(orders(order(BTC, True, "99000", "0.01", "Ioc")), vaultAddress=sub)
    await alice.info("userRole", user=sub)
    vault = exchange.create_vault(bob.address, "basis", 5_000)
    put = {"type": "vaultTransfer", "vaultAddress": vault, "isDeposit": True, "usd": 1_000_000_000}
    await alice.act(put)
    await alice.act({**put, "isDeposit": False})
    await bob.act(orders(order(BTC, True, "99000", "0.1", "Ioc")), vaultAddress=vault)
    exchange.create_vault(alice.address, "mine", 500)
    exchange.approve_agent(alice.address, "0x" + "36" * 20)
    await scene.pass_time(6)
    # the lock is over, and there is a profit which the leader has a part of
    exchange.engine.accounts[vault].vault.stakes[alice.address].locked_until = 0
    exchange.set_price("BTC", 88_000)
    await alice.act({**put, "isDeposit": False, "usd": 100_000_000})
    await bob.mine("userNonFundingLedgerUpdates", startTime=0)
    await ask_everything(exchange, alice, vault)
    await isolated_margin(alice)
    await services(scene)
    await ask_everything(exchange, alice, vault)
    return vault


async def services(scene: Floor) -> None:
    """Referrals, reserved requests, slots, vaults that are changed and closed: each done and refused."""
    exchange, alice, bob = scene.exchange, scene.alice, scene.bob
    await bob.place(order(BTC, True, "99000", "0.2", "Ioc"))
    await bob.act({"type": "registerReferrer", "code": "BOB"})
    await scene.carol.act({"type": "registerReferrer", "code": "BOB"})
    for _ in range(2):
        await alice.act({"type": "setReferrer", "code": "BOB"})
    await alice.place(order(BTC, True, "99000", "0.5", "Ioc"), order(KM_FIRST, True, "9000", "1", "Ioc"))
    await bob.mine("referral")
    await alice.mine("referral")
    for _ in range(2):
        await bob.act({"type": "claimRewards"})
    await bob.mine("userNonFundingLedgerUpdates", startTime=0)
    await bob.mine("referral")
    await alice.act({"type": "reserveRequestWeight", "weight": 100})
    await alice.act({"type": "reserveRequestWeight", "weight": 10**13})
    await alice.act({"type": "evmUserModify", "usingBigBlocks": True})
    await alice.act({"type": "evmUserModify", "usingBigBlocks": True}, vaultAddress=STRANGER)
    exchange.fund(alice.address, 10, "spot", "HYPE")
    for gas in (10**9, 1):
        await alice.act({"type": "gossipPriorityBid", "slotId": 0, "ip": "1.2.3.4", "maxGas": gas})
    nonce = exchange.clock.now() + next(_later)
    found: Json = {
        "type": "createVault",
        "name": "Alpha",
        "description": "A vault of a test",
        "initialUsd": 500_000_000,
    }
    reply = await bob.act({**found, "nonce": nonce}, nonce=nonce)
    await bob.act({**found, "initialUsd": 1, "nonce": nonce + 1}, nonce=nonce + 1)
    vault = reply["response"]["data"]
    await alice.act({"type": "vaultTransfer", "vaultAddress": vault, "isDeposit": True, "usd": 500_000_000})
    change = {"type": "vaultModify", "vaultAddress": vault, "allowDeposits": False, "alwaysCloseOnWithdraw": True}
    for client in (alice, bob):
        await client.act(change)
        await client.info("vaultDetails", vaultAddress=vault)
        await client.act({"type": "vaultDistribute", "vaultAddress": vault, "usd": 100_000_000})
        await client.act({"type": "vaultDistribute", "vaultAddress": vault, "usd": 0})
        await client.info("vaultDetails", vaultAddress=vault)
        await alice.mine("userNonFundingLedgerUpdates", startTime=0)


async def isolated_margin(alice: Client) -> None:
    await alice.place(order(ETH, False, "2000", "50", "Ioc", reduce_only=True))
    await alice.act({"type": "updateLeverage", "asset": ETH, "isCross": False, "leverage": 10})
    await alice.place(order(ETH, True, "3000", "1", "Ioc"))
    margin = {"type": "updateIsolatedMargin", "asset": ETH, "isBuy": True, "ntli": 20_000_000}
    await alice.act(margin)
    await alice.act({**margin, "ntli": -10_000_000_000})
    await alice.place(order(STX, True, "0.33", "1000", "Ioc"))
    await alice.act({"type": "topUpIsolatedOnlyMargin", "asset": STX, "leverage": "0.5"})
    await alice.act({"type": "topUpIsolatedOnlyMargin", "asset": STX, "leverage": "0.1234567"})


async def modes(scene: Floor, vault: str) -> None:
    exchange, carol = scene.exchange, scene.carol
    async with Client(exchange, wallet(14)) as agent, Client(exchange, wallet(15)) as dave:
        exchange.fund(dave.address)
        await carol.act_as_user("approveAgent", agentAddress=agent.signer.address, agentName="bot")
        await carol.info("userRole", user=agent.address)
        gift: Json = {"type": "agentSendAsset", "destination": carol.address, "sourceDex": "", "destinationDex": "xyz"}
        gift |= {"token": USDC, "amount": "5", "fromSubAccount": ""}
        await act_with_nonce_inside(agent, gift)
        await act_with_nonce_inside(agent, {**gift, "destination": STRANGER})
        await agent.act({"type": "agentSetAbstraction", "abstraction": "i"})
        await ask_everything(exchange, carol)
        await carol.act_as_user("userSetAbstraction", user=carol.address, abstraction="unifiedAccount")
        await carol.act_as_user("userSetAbstraction", user=dave.address, abstraction="unifiedAccount")
        await agent.act({"type": "agentSetAbstraction", "abstraction": "i"})
        await carol.act_as_user("usdClassTransfer", amount="1", toPerp=True)
        await carol.place(order(BTC, True, "99000", "0.01", "Ioc"))
        await ask_everything(exchange, carol)
        await carol.act_as_user("userPortfolioMargin", user=carol.address, enabled=True)
        await carol.act_as_user("userPortfolioMargin", user=dave.address, enabled=True)
        await ask_everything(exchange, carol)
        await dave.act_as_user("userDexAbstraction", user=carol.address, enabled=True)
        await dave.act_as_user("userDexAbstraction", user=dave.address, enabled=True)
        await dave.act({"type": "agentEnableDexAbstraction"})
        async with Client(exchange, wallet(16)) as erin, connect(exchange) as socket:
            exchange.fund(erin.address)
            await erin.act({"type": "agentEnableDexAbstraction"})
            for user in (dave.address, carol.address, vault):
                await socket.subscribe("webData3", user=user)
            await socket.drained()
        await ask_everything(exchange, dave)


_later = itertools.count(60_000)


async def act_with_nonce_inside(agent: Client, action: Json) -> None:
    nonce = agent.exchange.clock.now() + next(_later)
    await agent.act({**action, "nonce": nonce}, nonce=nonce)


async def posts_and_errors(scene: Floor) -> None:
    socket, alice = scene.socket, scene.alice
    posts: list[Json] = [
        {"type": "info", "payload": {"type": "l2Book", "coin": "ETH"}},
        {"type": "info", "payload": {"type": "l2Book", "coin": "NOPE"}},
        {"type": "info", "payload": {"type": "metaAndAssetCtxs", "dex": "nope"}},
        {"type": "info", "payload": {"type": "nope"}},
        {"type": "action", "payload": {"action": {"type": "noop"}}},
        {"type": "action", "payload": signed_request(alice.signer, {"type": "noop"})},
        {"type": "action", "payload": signed_request(wallet(999), {"type": "noop"}, vaultAddress=STRANGER)},
    ]
    for number, request in enumerate(posts):
        await socket.send({"method": "post", "id": number, "request": request})
        await socket.next(lambda frame, n=number: frame["channel"] == "post" and frame["data"]["id"] == n)
    await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
    await socket.data("error")
    headers = {"content-type": "application/json"}
    for body in ("{", '{"type":"nope"}', '{"type":"fundingHistory","coin":"NOPE","startTime":0}'):
        async with alice.http.post(scene.exchange.url + "/info", data=body, headers=headers) as response:
            await response.read()
    await refusals(alice)


async def refusals(alice: Client) -> None:
    """Whole actions that are refused: for a vault that there is not, and for money that there is not."""
    for action in (
        orders(order(BTC, True, "80000", "0.01")),
        {"type": "batchModify", "modifies": [{"oid": 1, "order": order(BTC, True, "78999", "0.01")}]},
        {"type": "cancel", "cancels": [{"a": BTC, "o": 1}]},
        {"type": "cancelByCloid", "cancels": [{"asset": BTC, "cloid": CLOID}]},
        {"type": "scheduleCancel"},
        {"type": "noop"},
        {"type": "agentEnableDexAbstraction"},
        {"type": "subAccountModify", "subAccountUser": STRANGER, "name": "x"},
        {"type": "subAccountTransfer", "subAccountUser": STRANGER, "isDeposit": True, "usd": 1},
        {"type": "twapCancel", "a": BTC, "t": 1},
        twap(5),
    ):
        await alice.act(action, vaultAddress=STRANGER)
    await alice.act_as_user("spotSend", destination=STRANGER, token=USDC, amount="50000000000")
    await alice.act_as_user("withdraw3", destination=alice.address, amount="50000000000")
    await alice.act_as_user("approveBuilderFee", maxFeeRate="50%", builder=STRANGER)


async def ends_of_positions(scene: Floor) -> None:
    """Liquidations of both kinds and sides, deleveraging, a market without liquidity, a delisting."""
    exchange, alice, bob, carol = scene.exchange, scene.alice, scene.bob, scene.carol
    await alice.place(order(ETH, True, "3000", "0.1", "FrontendMarket"))
    for client in (bob, carol):
        exchange.fund(client.address, 1_000_000)
    for is_cross, is_long in itertools.product((True, False), (True, False)):
        await open_five(scene, is_cross, is_long)
        # somebody is there to take the position
        low, high = ("2660", "2980") if is_cross else ("2720", "2915")
        await carol.place(order(ETH, is_long, low if is_long else high, "8"))
        await alice.place(order(BTC, True, "50000", "0.001"))
        low, high = ("2670", "2965") if is_cross else ("2724", "2910")
        exchange.set_price("ETH", low if is_long else high)
        resting = await carol.mine("openOrders")
        await carol.act({"type": "cancel", "cancels": [{"a": ETH, "o": row["oid"]} for row in resting]})
    # nobody is there: the exchange takes it over; or, after a gap, who has won has to go
    for px in ("2650", "2000"):
        await open_five(scene, True, True)
        exchange.set_price("ETH", px)
    await ask_everything(exchange, alice)
    await margin_that_is_gone(scene)
    await scene.pass_time(5)
    await ask_everything(exchange, alice)
    await bob.place(order(BTC, False, "84000", "0.01"))
    await alice.place(order(BTC, True, "84000", "0.01"))
    await alice.place(order(BTC, True, "70000", "0.01"))
    exchange.listings.delist("BTC", "84000")
    await alice.place(order(BTC, True, "70000", "0.01"))
    await scene.pass_time(5)
    await ask_everything(exchange, alice)


async def open_five(scene: Floor, is_cross: bool, is_long: bool) -> None:
    """ALICE has five ETH with what is barely enough margin, BOB the other side."""
    exchange, alice = scene.exchange, scene.alice
    exchange.set_price("ETH", "2817.5")
    missing = 1_000 - exchange.account(alice.address).account_value
    if missing > 0:
        exchange.fund(alice.address, round(missing, 2))
    await alice.act({"type": "updateLeverage", "asset": ETH, "isCross": is_cross, "leverage": 20})
    await scene.bob.place(order(ETH, not is_long, "2817.5", "5"))
    await alice.place(order(ETH, is_long, "2817.5", "5"))


async def margin_that_is_gone(scene: Floor) -> None:
    """A resting order whose margin another position has lost; a reduce-only one whose position is closed."""
    exchange, alice, bob = scene.exchange, scene.alice, scene.bob
    exchange.set_price("ETH", "2817.5")
    exchange.set_price("BTC", "84000")
    exchange.fund(alice.address, 2_000)
    await alice.place(order(ETH, True, "2800", "10"))
    await bob.place(order(BTC, False, "84000", "0.1"))
    await alice.place(order(BTC, True, "84000", "0.1"))
    exchange.set_price("BTC", "75000")
    await bob.place(order(ETH, False, "2800", "10"))
    exchange.set_price("BTC", "84000")
    exchange.fund(alice.address, 5_000)
    await bob.place(order(ETH, False, "2817", "1"))
    await alice.place(order(ETH, True, "2817", "1"))
    await alice.place(order(ETH, False, "2900", "1", reduce_only=True))
    await bob.place(order(ETH, True, "2816", "1"))
    await alice.place(order(ETH, False, "2816", "1"))


# ---------------------------------------------------------------------- what it comes to


@pytest.fixture(scope="module")
def shown() -> Validator:
    """What two sandboxes have said in sessions that bring about whatever can be brought about."""
    return asyncio.run(sessions())


async def sessions() -> Validator:
    with watched(Validator()) as validator:
        async with floor(market="still", scheduled_cancel_volume=0, open_orders_base=20, **BANDS) as scene:
            await ask_everything(scene.exchange, scene.alice)
            await orders_of_every_kind(scene)
            await triggers_and_brackets(scene)
            await twaps(scene)
            vault = await accounts(scene)
            await modes(scene, vault)
            await posts_and_errors(scene)
            await ask_everything(scene.exchange, scene.alice, vault)
            async with connect(scene.exchange) as late:
                await subscribe_to_everything(late, scene.alice.address)
                await scene.pass_time(14)
                await late.drained()
        async with floor(market="empty", deposit=1_000) as scene:
            await ends_of_positions(scene)
        async with Sandbox(seed=1, market="empty", newcomers="refuse") as small, Client(small, wallet(11)) as nobody:
            await nobody.mine("userRole")
    return validator


def test_everything_said_has_its_shape(shown: Validator) -> None:
    assert shown.checked > 1_000
    assert sorted(set(shown.errors)) == []


def test_every_branch_of_every_shape_was_shown_or_has_a_reason(shown: Validator) -> None:
    unexplained = {branch for branch in shown.unseen if not any(fnmatchcase(branch, rule) for rule in NOT_SHOWN)}
    assert sorted(unexplained) == []


def test_every_reason_is_still_needed(shown: Validator) -> None:
    assert [rule for rule in NOT_SHOWN if not any(fnmatchcase(branch, rule) for branch in shown.unseen)] == []


def tags(union: Any) -> set[str]:
    return {member.__struct_config__.tag for member in get_args(union)}


def test_everything_that_can_be_asked_has_a_shape() -> None:
    assert tags(info_requests.KnownInfo) == set(INFO)
    assert tags(signed_requests.KnownAction) == set(ACTIONS)
    assert tags(subscriptions.KnownSubscription) == set(ACKNOWLEDGED)
