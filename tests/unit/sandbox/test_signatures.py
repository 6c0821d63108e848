"""Recovering signers: against `eth_account` as a whole, and from what clients really send."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.signatures import (
    Unrecoverable,
    connection_id,
    phantom_agent_message,
    recover_signer,
)
from hyperliquid_perpetual.sandbox.signed_requests import Malformed, Unsupported, canonical_bytes, decode_request
from tests.unit.sandbox.client import (
    order,
    orders,
    sign_approve_agent,
    sign_l1,
    signed_request,
    wallet,
)

SIGNER = wallet(77)
ADDRESS = SIGNER.address.lower()
NONCE = 1_713_825_891_591
CLOID = "0x1234567890abcdef1234567890abcdef"


def recovered(request: dict[str, Any]) -> str:
    return recover_signer(decode_request(msgspec.json.encode(request)))


decimals = st.decimals(min_value="0.00001", max_value=10**6, places=5).map(lambda d: f"{d:f}".rstrip("0").rstrip("."))
cloids = st.one_of(st.none(), st.integers(0, 2**128 - 1).map(lambda n: f"0x{n:032x}"))
limit_types = st.sampled_from(["Gtc", "Ioc", "Alo", "FrontendMarket"]).map(lambda tif: {"limit": {"tif": tif}})
trigger_types = st.builds(
    lambda market, px, tpsl: {"trigger": {"isMarket": market, "triggerPx": px, "tpsl": tpsl}},
    st.booleans(),
    decimals,
    st.sampled_from(["tp", "sl"]),
)
order_items = st.builds(
    lambda a, b, p, s, r, t, c: {"a": a, "b": b, "p": p, "s": s, "r": r, "t": t} | ({} if c is None else {"c": c}),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    decimals,
    decimals,
    st.booleans(),
    st.one_of(limit_types, trigger_types),
    cloids,
)
oids = st.integers(0, 2**62)
addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
actions = st.one_of(
    st.builds(
        lambda items, grouping, builder: (
            {"type": "order", "orders": items, "grouping": grouping} | ({} if builder is None else {"builder": builder})
        ),
        st.lists(order_items, min_size=1, max_size=20),
        st.one_of(st.sampled_from(["na", "normalTpsl", "positionTpsl"]), st.builds(lambda p: {"p": p}, oids)),
        st.one_of(st.none(), st.builds(lambda b, f: {"b": b, "f": f}, addresses, st.integers(0, 1000))),
    ),
    st.builds(
        lambda items, fast: {"type": "cancel", "cancels": items} | ({"f": True} if fast else {}),
        st.lists(st.builds(lambda a, o: {"a": a, "o": o}, st.integers(0, 200_000), oids), max_size=20),
        st.booleans(),
    ),
    st.builds(
        lambda items: {"type": "cancelByCloid", "cancels": items},
        st.lists(st.builds(lambda a, c: {"asset": a, "cloid": c}, oids.map(lambda o: o % 999), cloids.filter(bool))),
    ),
    st.builds(
        lambda items: {"type": "batchModify", "modifies": items},
        st.lists(
            st.builds(lambda o, i: {"oid": o, "order": i}, st.one_of(oids, cloids.filter(bool)), order_items),
            max_size=17,
        ),
    ),
    st.builds(lambda o, i: {"type": "modify", "oid": o, "order": i}, oids, order_items),
    st.builds(
        lambda a, c, x: {"type": "updateLeverage", "asset": a, "isCross": c, "leverage": x},
        st.integers(0, 200_000),
        st.booleans(),
        st.integers(1, 50),
    ),
    st.builds(
        lambda a, n: {"type": "updateIsolatedMargin", "asset": a, "isBuy": True, "ntli": n},
        st.integers(0, 200_000),
        st.integers(-(10**12), 10**12),
    ),
    st.builds(lambda t: {"type": "scheduleCancel"} | ({} if t is None else {"time": t}), st.one_of(st.none(), oids)),
    st.just({"type": "noop"}),
)


@given(
    actions,
    st.integers(0, 2**64 - 1),
    st.one_of(st.none(), addresses),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
)
@settings(max_examples=200, deadline=None)
def test_signer_of_any_action_is_recovered(
    action: dict[str, Any], nonce: int, vault: str | None, expires_after: int | None
) -> None:
    request = signed_request(SIGNER, action, nonce=nonce, vaultAddress=vault, expiresAfter=expires_after)
    assert recovered(request) == ADDRESS


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["a", "b"]))
@settings(max_examples=50, deadline=None)
def test_short_form_of_the_digest_agrees_with_the_general_encoder(connection: bytes, source: str) -> None:
    from hyperliquid_perpetual.sandbox import signatures

    message = phantom_agent_message(source, connection)
    whole = signatures.keccak(b"\x19" + message.version + message.header + message.body)
    assert signatures._SOURCES[source].digest(connection) == whole


def test_connection_id_says_nothing_about_an_expiry_that_is_not_there() -> None:
    without = connection_id(b"x", 1, None, None)
    assert without != connection_id(b"x", 1, None, 0)
    assert without != connection_id(b"x", 1, "0x" + "00" * 20, None)


def test_key_order_of_the_json_does_not_matter() -> None:
    request = signed_request(SIGNER, orders(order(0, True, "29000", "0.01", cloid=CLOID)))
    shuffled = dict(reversed(request["action"].items()))
    shuffled["orders"] = [dict(reversed(request["action"]["orders"][0].items()))]
    assert recovered({**request, "action": shuffled}) == ADDRESS


def test_trailing_zero_of_a_price_gives_another_address() -> None:
    signed = signed_request(SIGNER, orders(order(0, True, "29000.0", "0.01")))
    assert recovered(signed) != ADDRESS


def test_trailing_zero_that_was_not_signed_does_no_harm() -> None:
    action = orders(order(0, True, "29000.0", "0.010"))
    signed = signed_request(SIGNER, action, signed_action=orders(order(0, True, "29000", "0.01")))
    assert recovered(signed) == ADDRESS


def test_optional_key_signed_as_null_gives_another_address() -> None:
    item = order(0, True, "29000", "0.01")
    assert recovered(signed_request(SIGNER, orders({**item, "c": None}))) != ADDRESS
    assert recovered(signed_request(SIGNER, orders({**item, "c": None}), signed_action=orders(item))) == ADDRESS


def test_unknown_keys_are_dropped_before_hashing() -> None:
    action = orders(order(0, True, "29000", "0.01"))
    assert recovered(signed_request(SIGNER, {**action, "extra": 1}, signed_action=action)) == ADDRESS
    assert recovered(signed_request(SIGNER, {**action, "extra": 1})) != ADDRESS


def test_cloid_in_capitals_is_hashed_in_lower_case() -> None:
    action = orders(order(0, True, "29000", "0.01", cloid=CLOID.upper().replace("X", "x")))
    assert recovered(signed_request(SIGNER, action)) != ADDRESS
    lower = orders(order(0, True, "29000", "0.01", cloid=CLOID))
    assert recovered(signed_request(SIGNER, action, signed_action=lower)) == ADDRESS


def test_mainnet_signature_gives_another_address() -> None:
    request = signed_request(SIGNER, {"type": "noop"})
    packed = canonical_bytes(decode_request(msgspec.json.encode(request)).action)
    assert recovered({**request, "signature": sign_l1(SIGNER, packed, request["nonce"], source="a")}) != ADDRESS


def test_hex_without_leading_zeros_is_understood() -> None:
    # Some nonce gives an r below 2^252, whose hex is shorter than 64 digits.
    for nonce in range(NONCE, NONCE + 1000):
        request = signed_request(SIGNER, {"type": "noop"}, nonce=nonce)
        if len(request["signature"]["r"]) < 66:
            assert recovered(request) == ADDRESS
            return
    pytest.fail("no short r among a thousand signatures")


@pytest.mark.parametrize(
    "change",
    [{"v": 29}, {"v": 0}, {"r": "0x0"}, {"s": "0x0"}, {"r": "0x" + "f" * 64}, {"s": "0x" + "f" * 64}],
)
def test_impossible_signature_is_unrecoverable(change: dict[str, Any]) -> None:
    request = signed_request(SIGNER, {"type": "noop"})
    with pytest.raises(Unrecoverable):
        recovered({**request, "signature": {**request["signature"], **change}})


@pytest.mark.parametrize("name", [None, "", "bot", "bot valid_until 1800000000000"])
@pytest.mark.parametrize("chain", ["0x66eee", "0xa4b1"])
def test_signer_of_an_agent_approval_is_recovered(name: str | None, chain: str) -> None:
    action = {
        "type": "approveAgent",
        "hyperliquidChain": "Testnet",
        "signatureChainId": chain,
        "agentAddress": wallet(5).address,
        "nonce": NONCE,
    }
    if name is not None:
        action["agentName"] = name
    request = {"action": action, "nonce": NONCE, "signature": sign_approve_agent(SIGNER, action)}
    assert recovered(request) == ADDRESS
    tampered = {**action, "agentAddress": wallet(6).address}
    assert recovered({**request, "action": tampered}) != ADDRESS


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"action":{"type":"noop"}}', 422),
        (b'{"action":{"type":"whatever"},"nonce":1,"signature":{"r":"0x1","s":"0x1","v":27}}', 422),
        (b'{"action":{"type":"noop"},"nonce":"1","signature":{"r":"0x1","s":"0x1","v":27}}', 422),
        (b'{"action":{"type":"noop"},"nonce":-1,"signature":{"r":"0x1","s":"0x1","v":27}}', 422),
        (b'{"action":{"type":"noop"},"nonce":18446744073709551616,"signature":{"r":"0x1","s":"0x1","v":27}}', 422),
        (b'{"action":{"type":"noop"},"nonce":1,"signature":{"r":"1","s":"0x1","v":27}}', 422),
        (b'{"action":{"type":"noop"},"nonce":1,"signature":{"r":"0x1","s":"0x1","v":27},"vaultAddress":"0x1"}', 422),
    ],
)
def test_bodies_of_the_wrong_shape(body: bytes, status: int) -> None:
    with pytest.raises(Malformed) as caught:
        decode_request(body)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "change",
    [
        {"p": 29000},
        {"p": "1e5"},
        {"p": "NaN"},
        {"s": ""},
        {"a": -1},
        {"a": "0"},
        {"b": 1},
        {"r": None},
        {"t": {}},
        {"t": {"limit": {"tif": "Gtx"}}},
        {"t": {"limit": {"tif": "Gtc"}, "trigger": {"isMarket": True, "triggerPx": "1", "tpsl": "sl"}}},
        {"c": "0x12"},
        {"c": "1234567890abcdef1234567890abcdef12"},
    ],
)
def test_orders_of_the_wrong_shape(change: dict[str, Any]) -> None:
    request = signed_request(SIGNER, orders(order(0, True, "29000", "0.01")))
    request["action"]["orders"][0].update(change)
    with pytest.raises(Malformed) as caught:
        decode_request(msgspec.json.encode(request))
    assert caught.value.status == 422


def test_action_that_only_the_venue_has_is_told_by_name() -> None:
    body = {"action": {"type": "perpDeploy", "x": {}}, "nonce": 1, "signature": {"r": "0x1", "s": "0x1", "v": 27}}
    with pytest.raises(Unsupported, match="does not do the action perpDeploy"):
        decode_request(msgspec.json.encode(body))


@given(st.binary(max_size=300))
def test_no_bytes_get_past_the_two_ways_to_refuse(body: bytes) -> None:
    with pytest.raises((Malformed, Unsupported)):
        decode_request(body)
