"""`updateIsolatedMargin` and `topUpIsolatedOnlyMargin` over a real socket."""

from decimal import Decimal
from typing import Any

from tests.unit.sandbox.client import Client, order

OK = {"status": "ok", "response": {"type": "default"}}
ETH, STX = 1, 8


async def held(client: Client) -> Any:
    """The one position, with the account's withdrawable beside it."""
    state = await client.mine("clearinghouseState")
    ((entry,),) = ([item["position"] for item in state["assetPositions"]],)
    return entry, Decimal(state["withdrawable"])


async def test_margin_is_added_and_removed_and_the_account_state_says_so(alice: Client) -> None:
    await alice.act({"type": "updateLeverage", "asset": ETH, "isCross": False, "leverage": 10})
    await alice.place(order(ETH, True, "2900", "2", "Ioc"))
    before, free = await held(alice)
    action = {"type": "updateIsolatedMargin", "asset": ETH, "isBuy": True, "ntli": 123_450_000}
    assert await alice.act(action) == OK
    after, left = await held(alice)
    assert Decimal(after["marginUsed"]) - Decimal(before["marginUsed"]) == Decimal("123.45")
    assert Decimal(after["leverage"]["rawUsd"]) - Decimal(before["leverage"]["rawUsd"]) == Decimal("123.45")
    assert free - left == Decimal("123.45")
    assert Decimal(after["liquidationPx"]) < Decimal(before["liquidationPx"])
    assert await alice.act({**action, "isBuy": False, "ntli": -23_450_000}) == OK
    assert Decimal((await held(alice))[0]["marginUsed"]) - Decimal(before["marginUsed"]) == Decimal(100)
    reply = await alice.act({**action, "ntli": -10_000_000_000})
    assert reply["status"] == "err"
    assert reply["response"].startswith("Isolated margin must stay at least $")


async def test_strict_asset_is_topped_up_and_refuses_removal(alice: Client) -> None:
    await alice.place(order(STX, True, "0.33", "1000", "Ioc"))
    assert await alice.act({"type": "topUpIsolatedOnlyMargin", "asset": STX, "leverage": "0.5"}) == OK
    position, _ = await held(alice)
    assert abs(Decimal(position["marginUsed"]) - 2 * Decimal(position["positionValue"])) < Decimal("0.00001")
    removal = {"type": "updateIsolatedMargin", "asset": STX, "isBuy": True, "ntli": -1_000_000}
    reply = await alice.act(removal)
    assert reply == {"status": "err", "response": "Margin cannot be removed from a position of this asset."}
    too_fine = await alice.act({"type": "topUpIsolatedOnlyMargin", "asset": STX, "leverage": "0.1234567"})
    assert too_fine == {"status": "err", "response": "Invalid leverage value"}
