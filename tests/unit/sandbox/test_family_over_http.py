"""Sub-accounts and vaults over a real socket: who may act for them, and what can be read of them."""

from decimal import Decimal

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order, orders, wallet

OK = {"status": "ok", "response": {"type": "default"}}
BUY = orders(order(0, True, "80000", "0.01"))


async def made_sub_account(alice: Client, name: str = "bot one", usd: int = 2_500_000_000) -> str:
    reply = await alice.act({"type": "createSubAccount", "name": name})
    assert reply["status"] == "ok"
    assert reply["response"]["type"] == "createSubAccount"
    address: str = reply["response"]["data"]
    transfer = {"type": "subAccountTransfer", "subAccountUser": address, "isDeposit": True, "usd": usd}
    assert await alice.act(transfer) == OK
    return address


async def test_master_trades_for_its_sub_account(exchange: Sandbox, alice: Client) -> None:
    address = await made_sub_account(alice)
    assert await alice.info("userRole", user=address) == {"role": "subAccount", "data": {"master": alice.address}}
    assert await alice.mine("userRole") == {"role": "user"}
    assert (await alice.info("clearinghouseState", user=address))["withdrawable"] == "2500.0"
    reply = await alice.act(BUY, vaultAddress=address)
    assert "resting" in reply["response"]["data"]["statuses"][0]
    assert len(exchange.open_orders(address)) == 1
    assert exchange.open_orders(alice.address) == ()
    assert len(await alice.info("openOrders", user=address)) == 1
    oid = exchange.open_orders(address)[0].oid
    cancel = {"type": "cancel", "cancels": [{"a": 0, "o": oid}]}
    assert "never placed" in str(await alice.act(cancel)), "without the vaultAddress it is somebody else's order"
    assert (await alice.act(cancel, vaultAddress=address))["response"]["data"]["statuses"] == ["success"]


async def test_sub_accounts_are_listed_with_their_states(exchange: Sandbox, alice: Client) -> None:
    assert await alice.mine("subAccounts") is None
    address = await made_sub_account(alice)
    other = exchange.create_sub_account(alice.address, "two", 70, "km")
    first, second = await alice.mine("subAccounts")
    assert (first["name"], first["subAccountUser"], first["master"]) == ("bot one", address, alice.address)
    assert first["clearinghouseState"]["marginSummary"]["accountValue"] == "2500.0"
    assert first["spotState"] == {"balances": []}
    assert second["subAccountUser"] == other
    listed = (await alice.mine("subAccounts2"))[1]["dexToClearinghouseState"]
    assert [dex for dex, _ in listed] == ["", "xyz", "vntl", "km"]
    assert listed[3][1]["withdrawable"] == "70.0"
    rename = {"type": "subAccountModify", "subAccountUser": other.upper().replace("X", "x"), "name": "three"}
    signed = {**rename, "subAccountUser": other}
    from tests.unit.sandbox.client import signed_request

    _, text = await alice.post("/exchange", signed_request(alice.signer, rename, signed_action=signed))
    assert text == '{"status":"ok","response":{"type":"default"}}'
    assert (await alice.mine("subAccounts"))[1]["name"] == "three"


async def test_transfers_are_in_the_ledgers_of_both(alice: Client) -> None:
    address = await made_sub_account(alice)
    back = {"type": "subAccountTransfer", "subAccountUser": address, "isDeposit": False, "usd": 500_000_000}
    assert await alice.act(back) == OK
    for user in (alice.address, address):
        rows = await alice.info("userNonFundingLedgerUpdates", user=user, startTime=0)
        deltas = [row["delta"] for row in rows if row["delta"]["type"] == "subAccountTransfer"]
        assert deltas == [
            {"type": "subAccountTransfer", "usdc": "2500.0", "user": alice.address, "destination": address},
            {"type": "subAccountTransfer", "usdc": "500.0", "user": address, "destination": alice.address},
        ]


async def test_agent_of_the_master_trades_for_the_sub_account(exchange: Sandbox, alice: Client) -> None:
    address = await made_sub_account(alice)
    async with Client(exchange, wallet(50)) as agent:
        assert await alice.act_as_user("approveAgent", agentAddress=agent.signer.address, agentName="bot") == OK
        assert (await agent.act(BUY, vaultAddress=address))["status"] == "ok"
        assert len(exchange.open_orders(address)) == 1
        assert (await alice.info("userRateLimit", user=address))["nRequestsUsed"] == 1


async def test_nobody_else_acts_for_a_sub_account(exchange: Sandbox, alice: Client, bob: Client) -> None:
    address = await made_sub_account(alice)
    for stranger in (bob,):
        reply = await stranger.act(BUY, vaultAddress=address)
        assert reply["response"] == f"Only its leader or master may act for {address}, not {bob.address}."
    assert (await bob.act(BUY, vaultAddress=alice.address))["response"] == f"Vault not registered: {alice.address}"
    refused = await alice.act({"type": "createSubAccount", "name": "x"}, vaultAddress=address)
    assert refused["response"] == "This action takes no vaultAddress."
    assert exchange.open_orders(address) == ()


async def test_sub_account_pays_no_builder(alice: Client, bob: Client) -> None:
    address = await made_sub_account(alice)
    assert await alice.act_as_user("approveBuilderFee", maxFeeRate="0.01%", builder=bob.address) == OK
    with_builder = {**BUY, "builder": {"b": bob.address, "f": 10}}
    reply = await alice.act(with_builder, vaultAddress=address)
    assert reply == {"status": "err", "response": "Builder fee has not been approved."}
    assert (await alice.act(with_builder))["status"] == "ok"


# ---------------------------------------------------------------------- vaults


async def test_leader_trades_the_vault_and_followers_see_their_equity(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    vault = exchange.create_vault(alice.address, "basis", 5_000)
    assert await alice.info("userRole", user=vault) == {"role": "vault"}
    deposit = {"type": "vaultTransfer", "vaultAddress": vault, "isDeposit": True, "usd": 15_000_000_000}
    assert await bob.act(deposit) == OK
    reply = await alice.act(orders(order(0, True, "87000", "0.1", "Ioc")), vaultAddress=vault)
    assert "filled" in reply["response"]["data"]["statuses"][0]
    exchange.set_price("BTC", "88000")
    value = exchange.account(vault).account_value
    details = await alice.info("vaultDetails", vaultAddress=vault, user=bob.address)
    assert (details["name"], details["leader"], details["vaultAddress"]) == ("basis", alice.address, vault)
    assert details["leaderFraction"] == 0.25
    assert details["leaderCommission"] == 0.1
    (follower,) = details["followers"]
    assert follower == details["followerState"]
    assert follower["user"] == bob.address
    (equity,) = await bob.mine("userVaultEquities")
    assert follower["vaultEquity"] == equity["equity"], "a follower's figures are decimal strings"
    assert Decimal(follower["pnl"]) == Decimal(follower["allTimePnl"]) == Decimal(equity["equity"]) - 15_000
    assert equity["vaultAddress"] == vault
    assert abs(Decimal(equity["equity"]) - value * 3 / 4) < Decimal("0.00001")
    assert equity["lockedUntilTimestamp"] == follower["lockupUntil"]
    assert (await alice.info("vaultDetails", vaultAddress=vault))["followerState"] is None
    assert (await bob.act(BUY, vaultAddress=vault))["status"] == "err", "a follower does not lead"


async def test_vault_money_comes_back_after_the_lock(exchange: Sandbox, alice: Client, bob: Client) -> None:
    vault = exchange.create_vault(alice.address)
    move = {"type": "vaultTransfer", "vaultAddress": vault, "isDeposit": True, "usd": 100_000_000}
    assert await bob.act(move) == OK
    out = {**move, "isDeposit": False}
    assert "locked until" in (await bob.act(out))["response"]
    await exchange.clock.advance(86_401)
    assert await bob.act(out) == OK
    assert await bob.mine("userVaultEquities") == []
    rows = [row["delta"] for row in await bob.mine("userNonFundingLedgerUpdates", startTime=0)]
    assert rows[-2] == {"type": "vaultDeposit", "vault": vault, "usdc": "100.0"}
    assert rows[-1] == {
        "type": "vaultWithdraw",
        "vault": vault,
        "user": bob.address,
        "requestedUsd": "100.0",
        "commission": "0.0",
        "closingCost": "0.0",
        "basis": "100.0",
        "netWithdrawnUsd": "100.0",
    }


async def test_accounts_are_made_from_another_process(exchange: Sandbox, alice: Client) -> None:
    async with alice.http.post(
        f"{exchange.url}/sandbox/sub_account", json={"master": alice.address, "amount": 12}
    ) as got:
        made = await got.json()
    assert (made["accountValue"], exchange.engine.accounts[made["address"]].master) == ("12", alice.address)
    async with alice.http.post(f"{exchange.url}/sandbox/vault", json={"leader": alice.address, "amount": 500}) as got:
        made = await got.json()
    assert made["accountValue"] == "500"
    async with alice.http.post(f"{exchange.url}/sandbox/vault", json={"leader": alice.address, "amount": 5}) as got:
        assert (got.status, await got.json()) == (400, {"error": "A vault is founded with at least $100."})


async def test_money_for_a_sub_account_does_not_open_it_again(exchange: Sandbox, alice: Client) -> None:
    address = exchange.create_sub_account(alice.address, amount=10)
    exchange.fund(address, 5)
    await alice.info("clearinghouseState", user=address)
    assert exchange.account(address).account_value == 15
