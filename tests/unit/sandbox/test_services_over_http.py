"""Referrals, request weight, vaults, slots and priority as clients ask for them: signed, over a socket."""

import time
from decimal import ROUND_DOWN, Decimal

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from tests.unit.sandbox.client import Client, Json, order, orders, signed_request, wallet

OK = {"status": "ok", "response": {"type": "default"}}


def refused(text: str) -> Json:
    return {"status": "err", "response": text}


async def test_code_is_used_cuts_fees_as_told_and_earns_its_owner(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    too_early = "Cannot generate referral code until enough volume traded"
    assert await alice.act({"type": "registerReferrer", "code": "ALICE"}) == refused(too_early)
    status, _ = await alice.post("/sandbox/referral_code", {"address": alice.address, "code": "ALICE"})
    assert status == 200
    assert await bob.act({"type": "setReferrer", "code": "NONE"}) == refused("There is no referral code NONE.")
    assert await bob.act({"type": "setReferrer", "code": "ALICE"}) == OK
    fees = await bob.mine("userFees")
    assert (fees["userCrossRate"], fees["activeReferralDiscount"]) == ("0.00045", "0.04")
    (status,) = await bob.place(order(0, True, "87000", "0.3", "Ioc"))
    notional = Decimal(status["filled"]["avgPx"]) * Decimal("0.3")
    paid = sum(fill.fee for fill in exchange.fills(bob.address))
    assert abs(paid - notional * Decimal("0.00045") * Decimal("0.96")) < Decimal("0.0001")
    assert await alice.act({"type": "claimRewards"}) == OK
    (row,) = (await alice.mine("spotClearinghouseState"))["balances"]
    assert abs(Decimal(row["total"]) - paid / 10) < Decimal("0.0001")
    assert (await alice.mine("userNonFundingLedgerUpdates", startTime=0))[-1]["delta"] == {
        "type": "rewardsClaim",
        "amount": row["total"],
        "token": "USDC",
    }
    assert await alice.act({"type": "claimRewards"}) == refused("No rewards to claim")


async def test_code_of_ones_own_after_ten_thousand_dollars(alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.2", "Ioc"))
    assert await alice.act({"type": "registerReferrer", "code": "ALICE"}) == OK
    again = await alice.act({"type": "setReferrer", "code": "ALICE"})
    assert again == refused("Cannot self-refer.")


async def test_stake_is_told_and_charged(exchange: Sandbox, alice: Client) -> None:
    status, _ = await alice.post("/sandbox/stake", {"address": alice.address, "delegated": 1_000.5})
    assert status == 200
    fees = await alice.mine("userFees")
    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.0003825", "0.0001275")
    assert fees["activeStakingDiscount"] == {"bpsOfMaxSupply": "0.010005", "discount": "0.15"}
    assert fees["feeSchedule"]["stakingDiscountTiers"][1] == {"bpsOfMaxSupply": "0.0001", "discount": "0.05"}
    (status,) = await alice.place(order(0, True, "87000", "0.05", "Ioc"))
    (fill, *_) = exchange.fills(alice.address)
    assert fill.fee == (fill.price * fill.size * Decimal("0.0003825")).quantize(Decimal("0.000001"), ROUND_DOWN)
    status, text = await alice.post("/sandbox/stake", {"address": alice.address, "delegated": -1})
    assert (status, "a stake" in text) == (400, True)


async def test_tier_of_the_next_day_is_told_as_it_is_charged() -> None:
    day = 86_400_000
    clock = VirtualClock((time.time_ns() // 1_000_000 // day + 1) * day - 60_000)
    async with Sandbox(seed=1, market="still", clock=clock) as exchange, Client(exchange, wallet(11)) as alice:
        exchange.fund(alice.address, 10_000_000)

        async def make(is_buy: bool, price: str, size: str) -> Decimal:
            """A fill as a maker; returns its rate, cut to what the fee can tell."""
            await alice.place(order(0, is_buy, price, size, "Alo"))
            exchange.fill(alice.address, exchange.open_orders(alice.address)[0].oid)
            fill = exchange.fills(alice.address)[-1]
            return round(fill.fee / fill.price / fill.size, 8)

        for _ in range(4):
            assert await make(True, "86000", "10") == Decimal("0.00015")
            await make(False, "87000", "10")
        assert (await alice.mine("userFees"))["userAddRate"] == "0.00015"
        await clock.advance(60)
        fees = await alice.mine("userFees")
        assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.0004", "0.00012")
        assert Decimal(fees["dailyUserVlm"][-2]["userAdd"]) == 80 * 86_500
        assert await make(True, "86000", "1") == Decimal("0.00012")


async def test_reserved_requests_show_in_the_rate_limit(alice: Client, bob: Client) -> None:
    before = await alice.mine("clearinghouseState")
    assert await alice.act({"type": "reserveRequestWeight", "weight": 100}) == OK
    assert await alice.act({"type": "reserveRequestWeight", "weight": 40, "destination": bob.address}) == OK
    after = await alice.mine("clearinghouseState")
    assert Decimal(before["withdrawable"]) - Decimal(after["withdrawable"]) == Decimal("0.07")
    limit = await alice.mine("userRateLimit")
    assert (limit["nRequestsUsed"], limit["nRequestsSurplus"], limit["nRequestsCap"]) == (0, 98, 10_000)
    assert (await bob.mine("userRateLimit"))["nRequestsSurplus"] == 40
    too_much = await alice.act({"type": "reserveRequestWeight", "weight": 10**9})
    assert too_much == refused("Insufficient balance to reserve request weight.")


async def test_vault_is_founded_changed_distributed_and_closed(exchange: Sandbox, alice: Client, bob: Client) -> None:
    nonce = exchange.clock.now() + 5
    action = {
        "type": "createVault",
        "name": "Alpha",
        "description": "A vault of a test",
        "initialUsd": 500_000_000,
        "nonce": nonce,
    }
    reply = await alice.act(action, nonce=nonce + 1)
    assert (reply["status"], reply["response"]["type"]) == ("ok", "createVault")
    vault = reply["response"]["data"]
    assert (await alice.info("vaultDetails", vaultAddress=vault))["name"] == "Alpha"
    put_in = {"type": "vaultTransfer", "vaultAddress": vault, "isDeposit": True, "usd": 500_000_000}
    assert await bob.act(put_in) == OK
    change: Json = {"type": "vaultModify", "vaultAddress": vault, "allowDeposits": False, "alwaysCloseOnWithdraw": None}
    assert await bob.act(change) == refused("Only leader can perform this vault action")
    assert await alice.act(change) == OK
    assert await alice.act({"type": "vaultModify", "vaultAddress": vault, "alwaysCloseOnWithdraw": True}) == OK
    details = await alice.info("vaultDetails", vaultAddress=vault)
    assert (details["allowDeposits"], details["alwaysCloseOnWithdraw"], details["isClosed"]) == (False, True, False)
    assert await alice.act({"type": "vaultDistribute", "vaultAddress": vault, "usd": 100_000_000}) == OK
    assert (await bob.mine("userNonFundingLedgerUpdates", startTime=0))[-1]["delta"] == {
        "type": "vaultDistribution",
        "vault": vault,
        "usdc": "50.0",
    }
    assert await alice.act({"type": "vaultDistribute", "vaultAddress": vault, "usd": 0}) == OK
    assert (await alice.info("vaultDetails", vaultAddress=vault))["isClosed"] is True
    assert await bob.mine("userVaultEquities") == []
    assert exchange.account(bob.address).withdrawable == exchange.deposit


async def test_settings_and_slots(exchange: Sandbox, alice: Client) -> None:
    assert await alice.act({"type": "evmUserModify", "usingBigBlocks": True}) == OK
    account = exchange.engine.account(alice.address)
    assert account is not None
    assert account.uses_big_blocks
    bid: Json = {"type": "gossipPriorityBid", "slotId": 0, "ip": "1.2.3.4", "maxGas": 9_000_000}
    assert await alice.act(bid) == refused("Insufficient gas at current auction price.")
    bid["maxGas"] = 10**9
    assert await alice.act(bid) == refused("Insufficient balance for token transfer")
    exchange.fund(alice.address, 10, "spot", "HYPE")
    assert await alice.act(bid) == OK
    balances = (await alice.mine("spotClearinghouseState"))["balances"]
    assert Decimal(balances[0]["total"]) < 10
    status, _ = await alice.post("/exchange", signed_request(alice.signer, {**bid, "slotId": 2}))
    assert status == 422


@pytest.mark.parametrize("kind", ["setReferrer", "reserveRequestWeight", "evmUserModify", "vaultDistribute"])
async def test_nobody_asks_for_these_in_the_name_of_a_sub_account(exchange: Sandbox, alice: Client, kind: str) -> None:
    sub = exchange.create_sub_account(alice.address)
    fields: Json = {
        "setReferrer": {"code": "X"},
        "reserveRequestWeight": {"weight": 1},
        "evmUserModify": {"usingBigBlocks": True},
        "vaultDistribute": {"vaultAddress": sub, "usd": 1},
    }[kind]
    reply = await alice.act({"type": kind, **fields}, vaultAddress=sub)
    assert reply == refused("This action takes no vaultAddress.")


async def test_priority_needs_a_price_of_hype_and_is_paid_in_it(exchange: Sandbox, alice: Client) -> None:
    action: Json = {**orders(order(0, True, "80000", "0.01", "Alo")), "grouping": {"p": 100_000}}
    assert "lists no HYPE" in (await alice.act(action))["response"]
    exchange.listings.list_market("HYPE", "40", 2, 10)
    assert "Insufficient undelegated" in (await alice.act(action))["response"]
    exchange.stake(alice.address, 0, 1)
    (status,) = (await alice.act(action))["response"]["data"]["statuses"]
    account = exchange.engine.account(alice.address)
    assert account is not None
    # 10 bp of 800 USD are 0.8 USD
    assert account.fee_standing.undelegated == 98 * 10**10
    assert exchange.order(alice.address, status["resting"]["oid"]) is not None


async def test_fast_cancel_and_amendment_that_is_always_placed(exchange: Sandbox, alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "80000", "0.01"))
    oid = status["resting"]["oid"]
    reply = await alice.act({"type": "cancel", "cancels": [{"a": 0, "o": oid}], "f": True})
    assert reply["response"]["data"]["statuses"] == ["success"]
    change: Json = {"type": "modify", "oid": oid, "order": order(0, True, "80100", "0.01")}
    assert await alice.act(change) == refused("Cannot modify canceled or filled order")
    assert await alice.act({**change, "a": True}) == OK
    assert [str(entry.price) for entry in exchange.open_orders(alice.address)] == ["80100"]


async def test_order_worth_too_much_is_refused_and_the_limits_are_told(exchange: Sandbox, alice: Client) -> None:
    assert await alice.info("maxMarketOrderNtls") == [
        [25, "30000000.0"],
        [20, "5000000.0"],
        [10, "2000000.0"],
        [1, "500000.0"],
    ]
    (status,) = await alice.place(order(0, True, "87000", "345", "FrontendMarket"))
    assert status == {"error": "Order value cannot be more than $30000000. asset=0"}


async def test_each_sub_account_has_an_allowance_of_its_own() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual", allowance=3) as exchange,
        Client(exchange, wallet(11)) as alice,
    ):
        exchange.fund(alice.address)
        sub = exchange.create_sub_account(alice.address, amount=1_000)
        for _ in range(3):
            assert await alice.act({"type": "noop"}) == OK
        assert await alice.act({"type": "noop"}, vaultAddress=sub) == OK
