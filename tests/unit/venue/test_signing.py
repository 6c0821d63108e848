"""Hashes and signatures, and a key that does not leave its signer.

That they equal the official SDK's, byte for byte, is shown in ``tests/conformance``. Here signatures are recovered with
eth-account's typed data, which shares no code with ours.
"""

import copy
import json
import pickle
import pprint
import re
import traceback
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.signing import (
    SecretText,
    Signer,
    action_hash,
    hash_packed_action,
    keccak,
    signing_digest,
)

KEY = "0123456789" * 6 + "0123"
ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ORDER = actions.order([actions.OrderRequest(1, True, Decimal(100), Decimal(100), False, "Gtc", "0x" + "0" * 31 + "1")])
VAULT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"


def recovered(connection_id: bytes, is_mainnet: bool, signature: dict[str, str | int]) -> str:
    """Who signed, found through the whole EIP-712 encoding of section 4.1 instead of our precomputed pieces."""
    message = encode_typed_data(
        full_message={
            "domain": {
                "name": "Exchange",
                "version": "1",
                "chainId": 1337,
                "verifyingContract": "0x" + "0" * 40,
            },
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Agent": [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}],
            },
            "primaryType": "Agent",
            "message": {"source": "a" if is_mainnet else "b", "connectionId": connection_id},
        }
    )
    address: str = Account.recover_message(message, vrs=(signature["v"], signature["r"], signature["s"]))
    return address.lower()


def test_keccak_is_ethereums_and_not_sha3() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_the_parts_of_the_hash_in_their_order() -> None:
    """Section 4.1, steps 1 to 5, on bytes written out by hand."""
    packed = b"\x81\xa4type\xa4noop"
    nonce = bytes.fromhex("0000019f0a1b2c3d")
    expiry = bytes.fromhex("0000019f0a1b2c3e")
    number = int.from_bytes(nonce, "big")
    noop = actions.noop()
    assert action_hash(noop, number) == keccak(packed + nonce + b"\x00")
    assert action_hash(noop, number, VAULT) == keccak(packed + nonce + b"\x01" + bytes.fromhex(VAULT[2:]))
    assert action_hash(noop, number, None, number + 1) == keccak(packed + nonce + b"\x00" + b"\x00" + expiry)
    assert action_hash(noop, number, VAULT, number + 1) == keccak(
        packed + nonce + b"\x01" + bytes.fromhex(VAULT[2:]) + b"\x00" + expiry
    )
    assert hash_packed_action(packed, number, None, None) == action_hash(noop, number)


def test_large_order_ids_are_packed_as_integers() -> None:
    """An oid does not fit 32 bits any more: it must be a uint64, and never a float."""
    packed = b"\x82\xa4type\xa6cancel\xa7cancels\x91\x82\xa1a\x00\xa1o\xcf" + (500_000_000_000).to_bytes(8, "big")
    assert action_hash(actions.cancel([(0, 500_000_000_000)]), 1) == hash_packed_action(packed, 1, None, None)


def test_client_order_ids_are_packed_as_short_strings() -> None:
    """D1: msgpack-python 0.5.6 writes text of 32 bytes and more with the marker da; the venue writes d9."""
    cloid = "0x" + "ab" * 16
    packed = b"\x82\xa4type\xadcancelByCloid\xa7cancels\x91\x82\xa5asset\x01\xa5cloid\xd9\x22" + cloid.encode()
    assert action_hash(actions.cancel_by_cloid([(1, cloid)]), 1) == hash_packed_action(packed, 1, None, None)


@given(
    key=st.integers(1, CURVE_ORDER - 1),
    nonce=st.integers(0, 2**63),
    is_mainnet=st.booleans(),
    vault=st.none() | st.binary(min_size=20, max_size=20),
    expires_after=st.none() | st.integers(0, 2**63),
)
def test_signatures_recover_to_the_signer(
    key: int, nonce: int, is_mainnet: bool, vault: bytes | None, expires_after: int | None
) -> None:
    signer = Signer(f"{key:064x}")
    vault_address = None if vault is None else "0x" + vault.hex()
    signature = signer.sign_action(ORDER, nonce, is_mainnet, vault_address, expires_after)
    assert recovered(action_hash(ORDER, nonce, vault_address, expires_after), is_mainnet, signature) == signer.address
    assert signer.address == Account.from_key(f"0x{key:064x}").address.lower()
    assert len(str(signature["r"])) == len(str(signature["s"])) == 66, "32 bytes, leading zeros kept"
    assert signature["v"] in (27, 28)
    assert int(str(signature["s"]), 16) <= CURVE_ORDER // 2


def test_a_signature_for_one_network_is_worthless_on_the_other() -> None:
    signer = Signer(KEY)
    connection_id = action_hash(ORDER, 1)
    assert signing_digest(connection_id, True) != signing_digest(connection_id, False)
    assert recovered(connection_id, False, signer.sign_action(ORDER, 1, is_mainnet=True)) != signer.address


def test_whatever_is_signed_changes_the_hash() -> None:
    other = actions.order([actions.OrderRequest(1, True, Decimal(100), Decimal(101), False)])
    hashes = [
        action_hash(ORDER, 1),
        action_hash(other, 1),
        action_hash(ORDER, 2),
        action_hash(ORDER, 1, VAULT),
        action_hash(ORDER, 1, None, 0),
        action_hash(ORDER, 1, None, 1),
        action_hash(ORDER, 1, VAULT, 1),
    ]
    assert len(set(hashes)) == len(hashes)


def test_the_case_of_a_vault_address_does_not_change_the_hash() -> None:
    assert action_hash(ORDER, 1, VAULT.upper().replace("0X", "0x")) == action_hash(ORDER, 1, VAULT)


@pytest.mark.parametrize("vault", ["", "0x", VAULT[:-2], VAULT + "00", "my vault", "0x" + "g" * 40])
def test_a_malformed_vault_is_an_error_and_not_another_hash(vault: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is Python's own for what is not hex at all
        action_hash(ORDER, 1, vault)


def test_a_vault_of_another_length_is_named_as_one() -> None:
    with pytest.raises(ValueError, match="expected a vault address of 0x and 40 hex digits, got 19 bytes"):
        action_hash(ORDER, 1, VAULT[:-2])


@pytest.mark.parametrize("typed", [KEY, "0x" + KEY, "0X" + KEY, f" 0x{KEY}\n", KEY.upper()])
def test_a_key_is_accepted_with_and_without_prefix(typed: str) -> None:
    assert Signer(typed).address == ADDRESS


MALFORMED_KEYS = [
    "",
    "0x",
    "not a key",
    KEY[:-1],
    KEY + "0",
    KEY[:-1] + "g",
    "0x0x" + KEY[:-4],
    ADDRESS,
    ("1234 " * 13)[:64],  # 64 characters whose blanks would leave a key of 26 bytes
    (KEY[:30] + "\t" + KEY[30:])[:64],
    "0" * 64,
    f"{CURVE_ORDER:x}",
    "f" * 64,
    "\uff11" * 64,
    " ".join(["drum"] * 12),
]


@pytest.mark.parametrize("typed", [*MALFORMED_KEYS, None, 5, KEY.encode()])
def test_a_malformed_key_gets_one_error_that_does_not_quote_it(typed: Any) -> None:
    with pytest.raises(
        ValueError, match=r"expected 64 hex digits \(with or without 0x\), non-zero and below the curve's order$"
    ) as caught:
        Signer(typed)
    if isinstance(typed, str) and len(typed) > 4:
        told = "".join(traceback.format_exception(caught.value))
        assert typed not in told
        assert typed.strip()[2:22] not in told, "not even a part of it"
        cause: BaseException | None = caught.value
        while cause is not None:
            assert typed not in repr(cause.args)
            cause = cause.__cause__ or cause.__context__


def renderings(signer: Signer) -> dict[str, Any]:
    """Every way in which objects end up in logs, reports and messages."""
    return {
        "repr": lambda: repr(signer),
        "str": lambda: str(signer),
        "f-string": lambda: f"{signer}",
        "f-string with repr": lambda: f"{signer!r:>40}",
        "percent": lambda: "%s %r" % (signer, signer),  # noqa: UP031 - what logging does
        "in a container": lambda: str([{"signer": signer}]),
        "pprint": lambda: pprint.pformat({"signer": signer}),
        "dir": lambda: str(dir(signer)),
        "attributes": lambda: str({name: getattr(signer, name) for name in dir(signer)}),
        "state": lambda: str(signer.__getstate__()),
        "json": lambda: json.dumps({"signer": signer}, default=str),
        "bound method": lambda: repr(signer.sign_action),
        "exception": lambda: "".join(traceback.format_exception(RuntimeError("failed with", signer))),
    }


@pytest.mark.parametrize("way", renderings(Signer(KEY)))
def test_the_key_is_in_no_rendering_of_the_signer(way: str) -> None:
    told = renderings(Signer(KEY))[way]()
    key = int(KEY, 16)
    assert KEY not in told.lower()
    assert KEY[:16] not in told.lower()
    assert str(key) not in told
    assert repr(key.to_bytes(32, "big"))[2:20] not in told


def test_a_rendered_signer_tells_its_address() -> None:
    assert repr(Signer(KEY)) == f"Signer({ADDRESS})"


def test_the_signer_has_no_dictionary_to_dump() -> None:
    with pytest.raises(TypeError):
        vars(Signer(KEY))


@pytest.mark.parametrize(
    "copier",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda signer: pickle.dumps(signer, protocol=0),
        lambda signer: copy.deepcopy({"inside": [signer]}),
        lambda signer: pickle.dumps({"inside": [signer]}),
        msgspec.json.encode,
        msgspec.msgpack.encode,
        json.dumps,
    ],
)
def test_the_signer_cannot_be_copied_or_stored(copier: Any) -> None:
    with pytest.raises(TypeError) as caught:
        copier(Signer(KEY))
    assert KEY[:16] not in str(caught.value)


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_who_copies_a_signer_is_told_why_it_cannot_be(copier: Any) -> None:
    with pytest.raises(TypeError, match=r"^a Signer holds a private key and cannot be copied or pickled$"):
        copier(Signer(KEY))


def test_parts_of_a_signature_are_hex_digits_as_the_venue_has_them() -> None:
    signature = Signer(KEY).sign_action(ORDER, 1, is_mainnet=True)
    for part in ("r", "s"):
        assert re.fullmatch(r"0x[0-9a-f]{64}", str(signature[part]))


def test_secret_text_shows_nothing_and_is_taken_on_and_stripped() -> None:
    secret = SecretText(f' "{KEY}"\n')
    assert repr(secret) == str(secret) == "SecretText(***)"
    assert Signer(secret.stripped()).address == ADDRESS
    assert Signer(SecretText(secret.stripped())).address == ADDRESS
    assert secret
    assert not SecretText("")
    assert not SecretText(None)
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"^a secret cannot be copied or pickled$"):
            copier(secret)  # type: ignore[operator]


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
def test_only_a_digest_of_32_bytes_is_signed_and_the_refusal_does_not_tell_the_key(digest: bytes) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is the library's
        Signer(KEY).sign_digest(digest)
    assert KEY[:16] not in "".join(traceback.format_exception(caught.value))
