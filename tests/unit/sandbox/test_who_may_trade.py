"""The door: known accounts, strangers, agents, nonces, expiry, vaults. Over a real socket."""

import time
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.sandbox.mistakes import explain
from hyperliquid_perpetual.sandbox.signed_requests import decode_request
from tests.unit.sandbox.client import (
    Client,
    order,
    orders,
    sign_approve_agent,
    sign_l1,
    signed_request,
    wallet,
)

NOOP = {"type": "noop"}
OK = {"status": "ok", "response": {"type": "default"}}
CLOID = "0x1234567890abcdef1234567890abcdef"
BUY = orders(order(0, True, "80000", "0.01", cloid=CLOID))


def pack_raw16(value: Any) -> bytes:
    """Msgpack as msgpack-python 0.5.6 writes it by default: no str8."""
    import msgspec

    if isinstance(value, str) and len(value) > 31:
        return b"\xda" + len(value).to_bytes(2, "big") + value.encode()
    if isinstance(value, dict):
        return bytes([0x80 | len(value)]) + b"".join(pack_raw16(k) + pack_raw16(v) for k, v in value.items())
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(map(pack_raw16, value))
    return msgspec.msgpack.encode(value)


async def approve(client: Client, agent: Any, name: str | None = None, **changes: Any) -> Any:
    nonce = changes.pop("nonce", None) or time.time_ns() // 1_000_000
    action = {
        "type": "approveAgent",
        "hyperliquidChain": "Testnet",
        "signatureChainId": "0x66eee",
        "agentAddress": agent.address,
        "nonce": nonce,
        **({} if name is None else {"agentName": name}),
        **changes,
    }
    signature = sign_approve_agent(client.signer, action)
    _, text = await client.post("/exchange", {"action": action, "nonce": nonce, "signature": signature})
    import msgspec

    return msgspec.json.decode(text)


def does_not_exist(reply: Any) -> bool:
    response = reply["response"]
    return reply["status"] == "err" and response.startswith("User or API Wallet 0x") and response.endswith("not exist.")


async def test_first_request_of_a_new_client_is_an_order_on_a_fresh_exchange() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual") as exchange, Client(exchange, wallet(3)) as new:
        statuses = await new.place(order(0, True, "80000", "0.01"))
        assert "resting" in statuses[0]
        assert exchange.account(new.address).account_value == 100_000
        async with Client(exchange, wallet(4)) as other:
            assert "resting" in (await other.place(order(0, True, "80000", "0.01")))[0]


async def test_client_that_reads_its_account_first_trades_at_once() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual", deposit=500) as exchange,
        Client(exchange, wallet(3)) as first,
        Client(exchange, wallet(4)) as second,
    ):
        for client in (first, second):
            state = await client.mine("clearinghouseState")
            assert state["withdrawable"] == "500.0"
            assert await client.act(NOOP) == OK


async def test_client_that_subscribes_first_trades_at_once() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual") as exchange,
        Client(exchange, wallet(3)) as client,
        client.http.ws_connect(exchange.ws_url) as ws,
    ):
        subscription = {"type": "orderUpdates", "user": client.signer.address}
        await ws.send_json({"method": "subscribe", "subscription": subscription})
        await ws.receive()
        assert await client.act(NOOP) == OK


async def test_stranger_is_refused_once_somebody_was_named(exchange: Sandbox, alice: Client) -> None:
    async with Client(exchange, wallet(99)) as stranger:
        for _ in range(
            2
        ):  # the same key again is no proof of anything: an agent nobody approved repeats itself as well
            reply = await stranger.act(NOOP)
            assert reply == {
                "status": "err",
                "response": f"User or API Wallet {stranger.address} does not exist.",
            }
        await alice.info("clearinghouseState", user=stranger.address)
        assert await stranger.act(NOOP) == OK


async def test_wrong_signature_of_a_known_account_is_refused(exchange: Sandbox, alice: Client) -> None:
    action = orders(order(0, True, "80000.0", "0.01"))
    first = await alice.act(action)
    second = await alice.act(action)
    assert does_not_exist(first)
    assert does_not_exist(second)
    assert first != second, "each wrong hash recovers to an address of its own"
    assert exchange.open_orders(alice.address) == ()


async def test_order_packed_by_old_msgpack_is_refused_even_from_the_first_client() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual") as exchange,
        Client(exchange, wallet(3)) as client,
    ):
        assert await client.act(NOOP) == OK  # known by its signature alone: nobody has been named
        body = signed_request(client.signer, BUY)
        body["signature"] = sign_l1(client.signer, pack_raw16(BUY), body["nonce"])
        _, text = await client.post("/exchange", body)
        assert "does not exist." in text
        assert client.address not in text
        assert exchange.open_orders(client.address) == ()


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("old msgpack", "raw16"),
        ("trailing zero", "as sent"),
        ("key order", "as sent"),
        ("both", "as sent, and with long strings"),
        ("mainnet", "source of mainnet"),
        ("mainnet and old msgpack", "like testnet, and with strings"),
        ("vault left out", "without the vaultAddress"),
        ("expiry left out", "without the expiresAfter"),
        ("none known", None),
    ],
)
def test_known_mistakes_are_explained(mistake: str, words: str | None) -> None:
    import msgspec

    signer = wallet(5)
    action, outer, packed, source = BUY, {}, msgspec.msgpack.encode(BUY), "b"
    match mistake:
        case "old msgpack":
            packed = pack_raw16(action)
        case "trailing zero":
            action = orders(order(0, True, "80000.0", "0.010"))
            packed = msgspec.msgpack.encode(action)
        case "key order":
            action = dict(reversed(BUY.items()))
            packed = msgspec.msgpack.encode(action)
        case "both":
            action = orders(order(0, True, "80000.0", "0.010", cloid=CLOID))
            packed = pack_raw16(action)
        case "mainnet":
            source = "a"
        case "mainnet and old msgpack":
            packed, source = pack_raw16(action), "a"
        case "vault left out":
            outer = {"vaultAddress": "0x" + "ab" * 20}
        case "expiry left out":
            outer = {"expiresAfter": 1_900_000_000_000}
        case "none known":
            packed = b"something else"
    nonce = 1_800_000_000_000
    body = {"action": action, "nonce": nonce, "signature": sign_l1(signer, packed, nonce, source=source), **outer}
    raw = msgspec.json.encode(body)
    said = explain(decode_request(raw), raw, lambda address: address == signer.address.lower())
    assert said is None if words is None else said is not None and words in said


async def test_strict_exchange_knows_only_whom_it_was_told_of() -> None:
    listed, stranger = wallet(3), wallet(4)
    async with (
        Sandbox(seed=1, market="still", clock="virtual", accounts=[listed.address], newcomers="refuse") as exchange,
        Client(exchange, listed) as client,
        Client(exchange, stranger) as other,
    ):
        assert await client.act(NOOP) == OK
        assert (await other.mine("clearinghouseState"))["withdrawable"] == "0.0"
        assert await other.mine("userRole") == {"role": "missing"}
        assert does_not_exist(await other.act(NOOP))
        exchange.fund(other.address)
        assert await other.mine("userRole") == {"role": "user"}
        assert await other.act(NOOP) == OK


async def test_account_without_deposit_has_to_deposit_first() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual", deposit=0) as exchange,
        Client(exchange, wallet(3)) as client,
    ):
        reply = await client.act(BUY)
        assert reply["response"] == f"Must deposit before performing actions. User: {client.address}"
        exchange.fund(client.address, 50)
        assert "resting" in (await client.place(order(0, True, "80000", "0.001")))[0]


async def test_demo_account_is_there_with_its_public_key(exchange: Sandbox) -> None:
    from eth_account import Account

    signer = Account.from_key(DEMO_PRIVATE_KEY)
    assert signer.address.lower() == DEMO_ADDRESS
    async with Client(exchange, signer) as demo:
        assert exchange.account(DEMO_ADDRESS).withdrawable == 100_000
        assert await demo.act(NOOP) == OK


async def test_unrecoverable_signature(exchange: Sandbox, alice: Client) -> None:
    body = signed_request(alice.signer, NOOP)
    body["signature"]["r"] = "0x0"
    assert await alice.post("/exchange", body) == (200, '{"status":"err","response":"Unable to recover signer"}')


# ---------------------------------------------------------------------- nonces and expiry


async def test_same_bytes_again_are_a_duplicate_nonce(exchange: Sandbox, alice: Client) -> None:
    body = signed_request(alice.signer, BUY)
    assert '"resting"' in (await alice.post("/exchange", body))[1]
    status, text = await alice.post("/exchange", body)
    assert (status, text) == (200, f'{{"status":"err","response":"Invalid nonce: duplicate nonce {body["nonce"]}"}}')
    assert len(exchange.open_orders(alice.address)) == 1


async def test_noop_with_the_nonce_of_an_order_kills_it(exchange: Sandbox, alice: Client) -> None:
    body = signed_request(alice.signer, BUY)
    assert await alice.act(NOOP, nonce=body["nonce"]) == OK
    assert "duplicate nonce" in (await alice.post("/exchange", body))[1]
    assert exchange.open_orders(alice.address) == ()


async def test_noop_in_the_block_of_the_order_comes_first() -> None:
    import asyncio

    async with Sandbox(seed=1, market="still", block_ms=200) as exchange, Client(exchange, wallet(3)) as client:
        exchange.fund(client.address)
        body = signed_request(client.signer, BUY)
        placing = asyncio.create_task(client.post("/exchange", body))
        await asyncio.sleep(0.02)
        killing = asyncio.create_task(client.act(NOOP, nonce=body["nonce"]))
        assert await killing == OK
        assert "duplicate nonce" in (await placing)[1]


async def test_nonce_of_last_week_is_too_low(alice: Client) -> None:
    reply = await alice.act(NOOP, nonce=time.time_ns() // 1_000_000 - 7 * 86_400_000)
    assert reply["response"].startswith("Invalid nonce: nonce too low")


async def test_expired_action_is_refused_and_its_nonce_stays_good(exchange: Sandbox, alice: Client) -> None:
    nonce = time.time_ns() // 1_000_000 + 1000
    reply = await alice.act(BUY, nonce=nonce, expiresAfter=exchange.clock.now() - 1)
    assert reply["status"] == "err"
    assert "expired" in reply["response"]
    assert (await alice.mine("userRateLimit"))["nRequestsUsed"] == 5
    assert (await alice.act(BUY, nonce=nonce, expiresAfter=exchange.clock.now() + 1000))["status"] == "ok"


async def test_unknown_vault_is_refused(alice: Client) -> None:
    vault = "0x" + "Ab" * 20
    body = signed_request(alice.signer, NOOP, vaultAddress=vault.lower())
    body["vaultAddress"] = vault
    _, text = await alice.post("/exchange", body)
    assert text == f'{{"status":"err","response":"Vault not registered: {vault.lower()}"}}'


# ---------------------------------------------------------------------- agents


async def test_agent_trades_for_its_master(exchange: Sandbox, alice: Client) -> None:
    async with Client(exchange, wallet(50)) as agent:
        assert does_not_exist(await agent.act(BUY))
        assert await approve(alice, agent.signer, "bot") == OK
        assert "resting" in (await agent.place(order(0, True, "80000", "0.01")))[0]
        assert len(exchange.open_orders(alice.address)) == 1
        assert await agent.mine("userRole") == {"role": "agent", "data": {"user": alice.address}}
        assert (await agent.mine("clearinghouseState"))["marginSummary"]["accountValue"] == "0.0"
        (listed,) = await alice.mine("extraAgents")
        assert listed["name"] == "bot"
        assert listed["address"] == agent.address


async def test_new_unnamed_agent_takes_the_place_of_the_old(exchange: Sandbox, alice: Client) -> None:
    async with Client(exchange, wallet(50)) as old, Client(exchange, wallet(51)) as new:
        assert await approve(alice, old.signer) == OK
        assert await old.act(NOOP) == OK
        assert await approve(alice, new.signer) == OK
        assert does_not_exist(await old.act(NOOP))
        assert await new.act(NOOP) == OK
        assert await alice.mine("extraAgents") == []


async def test_agent_expires(exchange: Sandbox, alice: Client) -> None:
    async with Client(exchange, wallet(50)) as agent:
        until = exchange.clock.now() + 60_000
        assert await approve(alice, agent.signer, f"bot valid_until {until}") == OK
        assert (await alice.mine("extraAgents"))[0]["validUntil"] == until
        assert await agent.act(NOOP) == OK
        await exchange.clock.advance(61)
        assert does_not_exist(await agent.act(NOOP))


async def test_agent_that_was_replaced_by_name_or_ran_out_is_told_it_does_not_exist(
    exchange: Sandbox, alice: Client
) -> None:
    async with Client(exchange, wallet(50)) as old, Client(exchange, wallet(51)) as new:
        until = exchange.clock.now() + 60_000
        exchange.approve_agent(alice.address, old.address, "bot", until)
        assert await alice.mine("extraAgents") == [{"name": "bot", "address": old.address, "validUntil": until}]
        assert await old.act(NOOP) == OK
        assert await approve(alice, new.signer, f"bot valid_until {until}") == OK
        assert (await old.act(NOOP))["response"] == f"User or API Wallet {old.address} does not exist."
        assert await old.mine("userRole") == {"role": "missing"}
        (listed,) = await alice.mine("extraAgents")
        assert listed["address"] == new.address
        await exchange.clock.advance(61)
        assert await alice.mine("extraAgents") == []
        assert (await new.act(NOOP))["response"] == f"User or API Wallet {new.address} does not exist."


async def test_agents_end_when_the_account_is_emptied(exchange: Sandbox, bob: Client) -> None:
    async with Client(exchange, wallet(31)) as poor, Client(exchange, wallet(50)) as agent:
        exchange.open_account(poor.address, dexs={"": 20})
        exchange.approve_agent(poor.address, agent.address, "bot")
        assert await agent.act(NOOP) == OK
        assert await poor.act_as_user("usdSend", destination=bob.address, amount="20") == OK
        assert does_not_exist(await agent.act(NOOP))
        assert await poor.mine("extraAgents") == []


async def test_agent_is_approved_from_another_process(exchange: Sandbox, alice: Client) -> None:
    until = exchange.clock.now() + 60_000
    body = {"master": alice.address, "agent": wallet(50).address, "name": "bot", "validUntil": until}
    async with alice.http.post(f"{exchange.url}/sandbox/agent", json=body) as answer:
        assert answer.status == 200
    assert (await alice.mine("extraAgents"))[0]["validUntil"] == until
    async with alice.http.post(f"{exchange.url}/sandbox/agent", json={**body, "validUntil": 1}) as answer:
        assert (answer.status, await answer.json()) == (
            400,
            {"error": "Agent must expire in the future, and within 180 days."},
        )


async def test_agent_may_not_approve_agents(exchange: Sandbox, alice: Client) -> None:
    async with Client(exchange, wallet(50)) as agent:
        assert await approve(alice, agent.signer, "bot") == OK
        reply = await approve(agent, wallet(51))
        assert reply["response"] == f"Must deposit before performing actions. User: {agent.address}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hyperliquidChain": "Mainnet"}, "Testnet"),
        ({"agentName": "bot valid_until soon"}, "invalid expiry"),
        ({"agentName": "a name that is far too long"}, "at most 16"),
        ({"agentName": "bot valid_until 1"}, "expire in the future"),
    ],
)
async def test_bad_approvals_are_refused(alice: Client, changes: dict[str, Any], words: str) -> None:
    reply = await approve(alice, wallet(50), **changes)
    assert reply["status"] == "err"
    assert words in reply["response"]


async def test_approval_whose_nonces_differ_is_refused(alice: Client) -> None:
    nonce = time.time_ns() // 1_000_000
    action = {
        "type": "approveAgent",
        "hyperliquidChain": "Testnet",
        "signatureChainId": "0x66eee",
        "agentAddress": wallet(50).address,
        "nonce": nonce,
    }
    signature = sign_approve_agent(alice.signer, action)
    _, text = await alice.post("/exchange", {"action": action, "nonce": nonce + 1, "signature": signature})
    assert "differs" in text
