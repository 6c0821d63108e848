"""Builder codes over a real socket: approval, what can be read of it, and the fee on a fill."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, Json, order, orders, wallet

OK = {"status": "ok", "response": {"type": "default"}}


def with_builder(builder: str, fee: int) -> Json:
    return {**orders(order(0, True, "87000", "0.1", "Ioc")), "builder": {"b": builder, "f": fee}}


async def test_approved_builder_is_paid_out_of_the_fee(exchange: Sandbox, alice: Client, bob: Client) -> None:
    refused = await alice.act(with_builder(bob.address, 10))
    assert refused == {"status": "err", "response": "Builder fee has not been approved."}
    # the address of an approval is hashed as an address: the case in which it is written does not matter
    assert await alice.act_as_user("approveBuilderFee", maxFeeRate="0.01%", builder=bob.signer.address) == OK
    assert await alice.mine("maxBuilderFee", builder=bob.signer.address) == 10
    assert await alice.mine("approvedBuilders") == [bob.address]
    before = Decimal((await bob.mine("clearinghouseState"))["withdrawable"])
    reply = await alice.act(with_builder(bob.address, 10))
    assert reply["status"] == "ok"
    fills = await alice.mine("userFills")
    notional = sum(Decimal(fill["px"]) * Decimal(fill["sz"]) for fill in fills)
    paid = sum(Decimal(fill["builderFee"]) for fill in fills)
    assert abs(paid - notional / 10_000) <= Decimal("0.000001") * len(fills)
    fees = sum(Decimal(fill["fee"]) for fill in fills)
    assert abs(fees - paid - notional * Decimal("0.00045")) <= Decimal("0.000001") * len(fills)
    assert Decimal((await bob.mine("clearinghouseState"))["withdrawable"]) - before == paid
    assert sum(fill.builder_fee for fill in exchange.fills(alice.address)) == paid


async def test_fill_without_builder_does_not_mention_one(alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.1", "Ioc"))
    assert all("builderFee" not in fill for fill in await alice.mine("userFills"))


@pytest.mark.parametrize("rate", ["0.0001%", "0.01", "a%", "-1%", "", "%", "1e-3%"])
def test_rates_that_are_none(rate: str) -> None:
    from hyperliquid_perpetual.sandbox.account_actions import account_command
    from hyperliquid_perpetual.sandbox.refusals import Refused
    from hyperliquid_perpetual.sandbox.user_signed import ApproveBuilderFeeAction

    with pytest.raises(Refused, match="Invalid max fee rate"):
        account_command(ApproveBuilderFeeAction("Testnet", "0x1", rate, "0x" + "ab" * 20, 1))


async def test_agent_may_not_approve_a_builder(exchange: Sandbox, alice: Client, bob: Client) -> None:
    async with Client(exchange, wallet(50)) as agent:
        assert await alice.act_as_user("approveAgent", agentAddress=agent.signer.address, agentName="bot") == OK
        reply = await agent.act_as_user("approveBuilderFee", maxFeeRate="0.01%", builder=bob.address)
        assert reply["response"] == f"Must deposit before performing actions. User: {agent.address}"
    assert await alice.mine("approvedBuilders") == []


async def test_approval_with_another_rate_than_was_signed_is_a_strangers(exchange: Sandbox, alice: Client) -> None:
    import msgspec

    from tests.unit.sandbox.client import sign_user_action

    nonce = exchange.clock.now()
    action = {
        "type": "approveBuilderFee",
        "hyperliquidChain": "Testnet",
        "signatureChainId": "0xa4b1",
        "maxFeeRate": "0.001%",
        "builder": "0x" + "ab" * 20,
        "nonce": nonce,
    }
    signature = sign_user_action(alice.signer, action)
    body = {"action": {**action, "maxFeeRate": "0.1%"}, "nonce": nonce, "signature": signature}
    _, text = await alice.post("/exchange", body)
    assert msgspec.json.decode(text)["response"].startswith("Must deposit before performing actions. User: 0x")
    assert (await alice.post("/exchange", {**body, "action": action}))[
        1
    ] == '{"status":"ok","response":{"type":"default"}}'
