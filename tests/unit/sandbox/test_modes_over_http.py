"""Account modes and transfers over a real socket: what is signed, and what can be read afterwards."""

from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import AccountSetup, Sandbox
from tests.unit.sandbox.client import Client, order, wallet

OK = {"status": "ok", "response": {"type": "default"}}
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"
USDH = "USDH:0x00000000000000000000000000000168"
UNIFIED = {"status": "err", "response": "Action disabled when unified account is active"}


async def spot(client: Client) -> dict[str, tuple[Decimal, Decimal]]:
    """(total, hold) by token."""
    rows = (await client.mine("spotClearinghouseState"))["balances"]
    return {row["coin"]: (Decimal(row["total"]), Decimal(row["hold"])) for row in rows}


async def go_unified(client: Client) -> None:
    reply = await client.act_as_user("userSetAbstraction", user=client.signer.address, abstraction="unifiedAccount")
    assert reply == OK
    assert await client.mine("userAbstraction") == "unifiedAccount"


async def test_going_unified_brings_all_collateral_into_the_spot_wallet(alice: Client) -> None:
    assert await alice.mine("userAbstraction") == "default"
    assert await spot(alice) == {}
    await go_unified(alice)
    assert await spot(alice) == {"USDC": (Decimal(200_000), Decimal(0)), "USDH": (Decimal(100_000), Decimal(0))}
    rows = (await alice.mine("spotClearinghouseState"))["balances"]
    assert [(row["coin"], row["token"]) for row in rows] == [("USDC", 0), ("USDH", 360)]
    for dex in ("", "xyz", "km"):
        state = await alice.mine("clearinghouseState", dex=dex)
        assert (state["marginSummary"]["accountValue"], state["withdrawable"]) == ("0.0", "0.0")


async def test_positions_and_orders_hold_their_margin_in_the_spot_wallet(alice: Client) -> None:
    await go_unified(alice)
    (status,) = await alice.place(order(0, True, "88000", "0.1", "Ioc"))
    assert "filled" in status
    (position,) = [entry["position"] for entry in (await alice.mine("clearinghouseState"))["assetPositions"]]
    total, hold = (await spot(alice))["USDC"]
    fees = sum(Decimal(fill["fee"]) for fill in await alice.mine("userFills"))
    assert total == 200_000 - fees + Decimal(position["unrealizedPnl"])
    assert hold == Decimal(position["marginUsed"])
    await alice.place(order(110_000, True, "20000", "0.1"))
    _, more = (await spot(alice))["USDC"]
    mark = Decimal((await alice.info("metaAndAssetCtxs", dex="xyz"))[1][0]["markPx"])
    assert abs(more - hold - mark * Decimal("0.1") / 20) < Decimal("0.00001")
    assert (await spot(alice))["USDH"] == (Decimal(100_000), Decimal(0))


async def test_isolated_margin_is_part_of_the_total_and_of_the_hold(alice: Client) -> None:
    await go_unified(alice)
    await alice.act({"type": "updateLeverage", "asset": 1, "isCross": False, "leverage": 10})
    await alice.place(order(1, True, "2900", "2", "Ioc"))
    (position,) = [entry["position"] for entry in (await alice.mine("clearinghouseState"))["assetPositions"]]
    total, hold = (await spot(alice))["USDC"]
    fees = sum(Decimal(fill["fee"]) for fill in await alice.mine("userFills"))
    assert total == 200_000 - fees + Decimal(position["unrealizedPnl"])
    assert hold == Decimal(position["marginUsed"])


async def test_spot_state_is_streamed_when_it_changes(exchange: Sandbox, alice: Client) -> None:
    await go_unified(alice)
    async with alice.http.ws_connect(exchange.ws_url) as ws:
        await ws.send_json({"method": "subscribe", "subscription": {"type": "spotState", "user": alice.address}})
        await ws.receive_json()
        first = await ws.receive_json()
        assert first["channel"] == "spotState"
        assert first["data"]["spotState"]["balances"][0]["total"] == "200000.0"
        await alice.place(order(0, True, "88000", "0.1", "Ioc"))
        frame = await ws.receive_json(timeout=10)
        (usdc, _) = frame["data"]["spotState"]["balances"]
        assert (Decimal(usdc["total"]), Decimal(usdc["hold"])) == (await spot(alice))["USDC"]


async def test_unified_account_has_no_classes(alice: Client) -> None:
    await go_unified(alice)
    assert await alice.act_as_user("usdClassTransfer", amount="1", toPerp=True) == UNIFIED
    move = {"sourceDex": "spot", "destinationDex": "", "token": USDC, "amount": "1", "fromSubAccount": ""}
    assert await alice.act_as_user("sendAsset", destination=alice.address, **move) == UNIFIED


async def test_class_transfer_there_and_back(alice: Client) -> None:
    assert await alice.act_as_user("usdClassTransfer", amount="12.5", toPerp=False) == OK
    assert (await spot(alice))["USDC"] == (Decimal("12.5"), Decimal(0))
    assert (await alice.mine("clearinghouseState"))["withdrawable"] == "99987.5"
    assert await alice.act_as_user("usdClassTransfer", amount="12.50", toPerp=True) == OK
    too_much = await alice.act_as_user("usdClassTransfer", amount="1", toPerp=True)
    assert too_much == {"status": "err", "response": "Insufficient balance for token transfer"}
    rows = await alice.mine("userNonFundingLedgerUpdates", startTime=0)
    assert [row["delta"] for row in rows][-2:] == [
        {"type": "accountClassTransfer", "usdc": "12.5", "toPerp": False},
        {"type": "accountClassTransfer", "usdc": "12.5", "toPerp": True},
    ]


async def test_class_transfer_of_a_sub_account(exchange: Sandbox, alice: Client) -> None:
    address = exchange.create_sub_account(alice.address, amount=50)
    amount = f"20 subaccount:{address}"
    assert await alice.act_as_user("usdClassTransfer", amount=amount, toPerp=False) == OK
    rows = (await alice.info("spotClearinghouseState", user=address))["balances"]
    assert rows[0]["total"] == "20.0"
    assert (await alice.info("clearinghouseState", user=address))["withdrawable"] == "30.0"


async def test_send_asset_between_dexs_and_to_somebody_else(alice: Client, bob: Client) -> None:
    move = {"sourceDex": "", "destinationDex": "xyz", "token": USDC, "amount": "1000", "fromSubAccount": ""}
    assert await alice.act_as_user("sendAsset", destination=alice.address, **move) == OK
    assert (await alice.mine("clearinghouseState", dex="xyz"))["withdrawable"] == "101000.0"
    wrong = await alice.act_as_user("sendAsset", destination=alice.address, **{**move, "destinationDex": "km"})
    assert wrong["response"] == "The collateral of dex 'km' is USDH, not USDC."
    give = {**move, "sourceDex": "km", "destinationDex": "spot", "token": USDH, "amount": "7"}
    assert await alice.act_as_user("sendAsset", destination=bob.signer.address, **give) == OK
    assert await spot(bob) == {"USDH": (Decimal(7), Decimal(0))}
    delta = (await bob.mine("userNonFundingLedgerUpdates", startTime=0))[-1]["delta"]
    assert (delta["type"], delta["user"], delta["sourceDex"]) == ("send", alice.address, "km")
    assert (delta["token"], delta["amount"]) == ("USDH", "7.0")


async def test_usd_and_spot_sends(alice: Client, bob: Client) -> None:
    assert await alice.act_as_user("usdSend", destination=bob.address, amount="10.25") == OK
    assert (await bob.mine("clearinghouseState"))["withdrawable"] == "100010.25"
    await alice.act_as_user("usdClassTransfer", amount="5", toPerp=False)
    assert await alice.act_as_user("spotSend", destination=bob.address, token=USDC, amount="2") == OK
    assert (await spot(bob))["USDC"] == (Decimal(2), Decimal(0))
    assert (await alice.act_as_user("usdSend", destination=bob.address, amount="-1"))["status"] == "err"
    assert (await alice.act_as_user("usdSend", destination=bob.address, amount="1e5"))["response"] == (
        "Invalid amount '1e5'"
    )


async def test_withdrawal_leaves_the_exchange_less_a_dollar(alice: Client) -> None:
    assert await alice.act_as_user("withdraw3", destination=alice.address, amount="100") == OK
    assert (await alice.mine("clearinghouseState"))["withdrawable"] == "99900.0"
    delta = (await alice.mine("userNonFundingLedgerUpdates", startTime=0))[-1]["delta"]
    assert (delta["type"], delta["usdc"], delta["fee"]) == ("withdraw", "99.0", "1.0")
    assert (
        "more than the fee" in (await alice.act_as_user("withdraw3", destination=alice.address, amount="1"))["response"]
    )
    too_much = await alice.act_as_user("withdraw3", destination=alice.address, amount="99900.01")
    assert too_much == {"status": "err", "response": "Insufficient balance for withdrawal"}


async def test_orders_are_held_or_not_as_the_switch_says(exchange: Sandbox, alice: Client) -> None:
    await go_unified(alice)
    await alice.place(order(0, True, "88000", "0.1", "Ioc"), order(0, True, "80000", "0.1"))
    (entry,) = (await alice.mine("clearinghouseState"))["assetPositions"]
    used = Decimal(entry["position"]["marginUsed"])
    assert (await spot(alice))["USDC"][1] == 2 * used
    exchange.set_quirk("spot_hold", "positions")
    assert (await spot(alice))["USDC"][1] == used


async def test_way_back_from_unified_is_open_or_not_as_the_switch_says(exchange: Sandbox, alice: Client) -> None:
    await go_unified(alice)
    exchange.set_quirk("leave_unified", "refused")
    back = {"user": alice.address, "abstraction": "disabled"}
    refused = await alice.act_as_user("userSetAbstraction", **back)
    assert refused == {"status": "err", "response": "A unified account cannot go back to another mode."}
    exchange.set_quirk("leave_unified", "when_flat")
    assert await alice.act_as_user("userSetAbstraction", **back) == OK


async def test_what_could_be_traded_counts_the_whole_pool(alice: Client) -> None:
    await go_unified(alice)
    for coin, asset, decimals in (("BTC", 0, 5), ("xyz:XYZ100", 110_000, 4)):
        data = await alice.mine("activeAssetData", coin=coin)
        size = Decimal(data["maxTradeSzs"][0])
        assert abs(size * Decimal(data["markPx"]) / data["leverage"]["value"] - 200_000) < 1
        price = "86000" if asset == 0 else "25000"
        (status,) = await alice.place(order(asset, True, price, str(size + Decimal(1).scaleb(-decimals))))
        assert "Insufficient margin" in status["error"]
        (status,) = await alice.place(order(asset, True, price, str(size)))
        await alice.act({"type": "cancel", "cancels": [{"a": asset, "o": status["resting"]["oid"]}]})


async def test_agent_sets_the_mode_and_moves_money_at_home_but_sends_none_away(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    async with Client(exchange, wallet(50)) as agent:
        assert await alice.act_as_user("approveAgent", agentAddress=agent.signer.address, agentName="bot") == OK
        move = {
            "type": "agentSendAsset",
            "destination": alice.address,
            "sourceDex": "",
            "destinationDex": "spot",
            "token": USDC,
            "amount": "3",
            "fromSubAccount": "",
            "nonce": 1,
        }
        assert await agent.act(move) == OK
        assert (await agent.act({**move, "destination": bob.address}))["status"] == "err"
        assert await agent.act({"type": "agentSetAbstraction", "abstraction": "u"}) == OK
        assert await alice.mine("userAbstraction") == "unifiedAccount"
        assert (await agent.act({"type": "agentSetAbstraction", "abstraction": "i"}))["status"] == "err"
        refused = await agent.act_as_user("userSetAbstraction", user=alice.address, abstraction="disabled")
        assert refused["response"] == f"Must deposit before performing actions. User: {agent.address}"


async def test_portfolio_margin_and_dex_abstraction_by_their_own_actions(alice: Client, bob: Client) -> None:
    assert await alice.act_as_user("userPortfolioMargin", user=alice.address, enabled=True) == OK
    assert await alice.mine("userAbstraction") == "portfolioMargin"
    await alice.place(order(0, True, "88000", "0.1", "Ioc"))
    state = await alice.mine("spotClearinghouseState")
    assert state["portfolioMarginEnabled"] is True
    total, hold = (await spot(alice))["USDC"]
    perps = await alice.mine("clearinghouseState")
    ratio = Decimal(perps["crossMaintenanceMarginUsed"]) / total
    assert abs(Decimal(state["portfolioMarginRatio"]) - ratio) < Decimal("0.0000001")
    token, left = state["tokenToAvailableAfterMaintenance"][0]
    assert (token, Decimal(left)) == (0, total - hold)
    assert await bob.mine("userDexAbstraction") is False
    assert await bob.act_as_user("userDexAbstraction", user=bob.address, enabled=True) == OK
    assert await bob.mine("userDexAbstraction") is True
    assert (await bob.mine("clearinghouseState"))["withdrawable"] == "200000.0"
    assert (await bob.mine("clearinghouseState", dex="xyz"))["withdrawable"] == "0.0"
    assert await spot(bob) == {"USDH": (Decimal(100_000), Decimal(0))}


async def test_actions_of_a_unified_account_are_counted_by_the_day() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual", actions_per_day=3) as exchange,
        Client(exchange, wallet(11)) as client,
    ):
        exchange.open_account(client.address, "unifiedAccount")
        for _ in range(3):
            assert await client.act({"type": "noop"}) == OK
        reply = await client.act({"type": "noop"})
        assert reply["response"] == "Too many actions today: an account in this mode has 3 a day."
        await exchange.clock.advance(86_400)
        assert await client.act({"type": "noop"}) == OK
        exchange.open_account(client.address, "disabled", dexs={})
        for _ in range(5):
            assert await client.act({"type": "noop"}) == OK


# ---------------------------------------------------------------------- accounts made to order


SETUPS: list[tuple[AccountSetup, dict[str, str], dict[str, str]]] = [
    (AccountSetup(), {"": "100000.0", "xyz": "100000.0", "km": "100000.0"}, {}),
    (AccountSetup(dexs={"km": 250}), {"": "0.0", "xyz": "0.0", "km": "250.0"}, {}),
    (AccountSetup(dexs={}, spot={"HYPE": "2.5"}), {"": "0.0", "km": "0.0"}, {"HYPE": "2.5"}),
    (AccountSetup(mode="unifiedAccount", spot={"USDH": 9}), {"": "0.0", "km": "0.0"}, {"USDH": "9.0"}),
    (AccountSetup(mode="unifiedAccount"), {"": "0.0", "km": "0.0"}, {"USDC": "100000.0", "USDH": "100000.0"}),
    (AccountSetup(mode="portfolioMargin", dexs={"": 5}, spot={"USDC": 6}), {"": "0.0"}, {"USDC": "11.0"}),
    (AccountSetup(mode="dexAbstraction"), {"": "100000.0", "xyz": "0.0", "km": "0.0"}, {"USDH": "100000.0"}),
    (AccountSetup(mode="disabled", dexs={}), {"": "0.0"}, {}),
]


@pytest.mark.parametrize(("setup", "dexs", "tokens"), SETUPS)
async def test_account_starts_as_it_was_ordered(
    setup: AccountSetup, dexs: dict[str, str], tokens: dict[str, str]
) -> None:
    signer = wallet(21)
    async with (
        Sandbox(seed=1, market="still", clock="virtual", accounts={signer.address: setup}) as exchange,
        Client(exchange, signer) as client,
    ):
        assert await client.mine("userAbstraction") == setup.mode
        for dex, amount in dexs.items():
            assert (await client.mine("clearinghouseState", dex=dex))["withdrawable"] == amount
        rows = (await client.mine("spotClearinghouseState"))["balances"]
        assert {row["coin"]: row["total"] for row in rows} == tokens
        has_money = bool(tokens) or any(amount != "0.0" for amount in dexs.values())
        assert await client.mine("userRole") == {"role": "user" if has_money else "missing"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mode": "unified"}, "one of default, disabled"),
        ({"dexs": {"nowhere": 1}}, "no dex 'nowhere'"),
        ({"dexs": {"": 0}}, "the amount on dex ''"),
        ({"spot": {"HYPE": -1}}, "the amount of HYPE"),
    ],
)
async def test_account_that_cannot_be_is_told_and_not_made(
    exchange: Sandbox, alice: Client, wrong: dict[str, Any], words: str
) -> None:
    address = "0x" + "7" * 40
    with pytest.raises(ValueError, match=words):
        exchange.open_account(address, **wrong)
    assert exchange.engine.account(address) is None
    async with alice.http.post(f"{exchange.url}/sandbox/account", json={"address": address, **wrong}) as answer:
        assert answer.status == 400


async def test_account_is_opened_in_a_mode_from_another_process(exchange: Sandbox, alice: Client) -> None:
    body = {"address": "0x" + "7" * 40, "mode": "unifiedAccount", "dexs": {"km": "12.5"}, "spot": {"HYPE": 3}}
    async with alice.http.post(f"{exchange.url}/sandbox/account", json=body) as answer:
        assert answer.status == 200
    account = exchange.engine.account("0x" + "7" * 40)
    assert account is not None
    assert account.mode == "unifiedAccount"
    assert account.spot == {"USDH": 125 * 10**11, "HYPE": 3 * 10**12}
