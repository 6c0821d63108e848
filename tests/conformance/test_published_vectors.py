"""The vectors that the official SDK publishes with its tests, reproduced by our builders and signer.

They need no other environment, so they also hold where the SDK is not installed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.venue.signing import Signer, action_hash
from tests.conformance.cases import build

VECTORS = json.loads(Path(__file__).with_name("published_vectors.json").read_bytes())


def by_name(vector: dict[str, Any]) -> str:
    name: str = vector["name"]
    return name


def action_of(vector: dict[str, Any]) -> dict[str, Any]:
    """Made by our builders where we have one; the SDK's tests also sign actions that we do not build."""
    return build(vector["wish"]) if "wish" in vector else vector["action"]


def test_the_published_vectors_are_all_here() -> None:
    assert len(VECTORS["connection_ids"]) == 1
    assert len(VECTORS["signatures"]) == 18
    assert {vector["is_mainnet"] for vector in VECTORS["signatures"]} == {True, False}


@pytest.mark.parametrize("vector", VECTORS["connection_ids"], ids=by_name)
def test_connection_id(vector: dict[str, Any]) -> None:
    assert "0x" + action_hash(action_of(vector), vector["nonce"]).hex() == vector["hash"]


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=by_name)
def test_signature(vector: dict[str, Any]) -> None:
    """D1: with the packer that Hummingbot brings, the order with a client order id came out as 0xb3bb4fb9..."""
    ours = Signer(vector["key"]).sign_action(
        action_of(vector), vector["nonce"], vector["is_mainnet"], vault_address=vector["vault"]
    )
    # Published without leading zeros. Ours keep them: a reader that expects 32 bytes must find 32.
    padded = {part: "0x" + vector[part][2:].zfill(64) for part in "rs"}
    assert ours == {**padded, "v": vector["v"]}


def test_some_published_value_has_leading_zeros() -> None:
    """Else the padding above would not be tested."""
    assert any(len(vector[part]) < 66 for vector in VECTORS["signatures"] for part in "rs")
