"""Our actions, hashes and signatures against the official SDK's, byte for byte, over generated cases.

The SDK runs in ``.venv-sdk``, an environment of its own, because its msgpack collides with Hummingbot's msgpack-python.
"""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.venue.signing import Signer, action_hash
from tests.conformance.cases import KEYS, KINDS, TIFS, Case, build, generate

ROOT = Path(__file__).parents[2]
SDK_PYTHON = Path(os.environ.get("HYPERLIQUID_SDK_PYTHON", ROOT / ".venv-sdk" / "bin" / "python"))
SDK_VERSION = "0.24.0"
COUNT = 660
SEED = 20260922

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The cases, each with the action and the signature that our side made of it."""
    signers = {key: Signer(key) for key in KEYS}
    generated = generate(COUNT, SEED)
    for case in generated:
        action = build(case["wish"])
        case["our_action"] = json.dumps(json.loads(msgspec.json.encode(action)))
        case["our_signature"] = signers[case["key"]].sign_action(
            action, case["nonce"], case["is_mainnet"], case["vault"], case["expires_after"]
        )
    return generated


@pytest.fixture(scope="module")
def answers(cases: list[Case]) -> list[Answer]:
    """What the SDK made of the same cases."""
    assert SDK_PYTHON.exists(), f"the official SDK's environment is missing ({SDK_PYTHON}): run `make env`"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.run(
        [SDK_PYTHON, Path(__file__).with_name("sdk_oracle.py")],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=110,
        env=environment,
    )
    assert process.returncode == 0, process.stderr
    reply = json.loads(process.stdout)
    assert reply["sdk"] == SDK_VERSION
    assert not reply["msgpack"].startswith("0."), "the oracle must not be the packer that D1 is about"
    assert len(reply["answers"]) == len(cases)
    answered: list[Answer] = reply["answers"]
    return answered


def differing(cases: list[Case], answers: list[Answer], ours: Any, theirs: Any) -> list[Any]:
    """The cases in which two values differ, with both."""
    return [
        (case["wish"], ours(case), theirs(answer))
        for case, answer in zip(cases, answers, strict=True)
        if ours(case) != theirs(answer)
    ]


def test_builders_make_the_action_of_the_official_sdk_key_by_key(cases: list[Case], answers: list[Answer]) -> None:
    """Compared as text, which shows the order of the keys."""
    assert differing(cases, answers, lambda case: case["our_action"], lambda answer: answer["action"]) == []


def test_packed_bytes_equal_the_official_sdks(cases: list[Case], answers: list[Answer]) -> None:
    """D1: the bytes that are hashed, long strings and large integers included."""
    assert (
        differing(
            cases,
            answers,
            lambda case: msgspec.msgpack.encode(build(case["wish"])).hex(),
            lambda answer: answer["packed"],
        )
        == []
    )


def test_action_hashes_equal_the_official_sdks(cases: list[Case], answers: list[Answer]) -> None:
    def ours(case: Case) -> str:
        return action_hash(build(case["wish"]), case["nonce"], case["vault"], case["expires_after"]).hex()

    assert differing(cases, answers, ours, lambda answer: answer["hash"]) == []


def test_signatures_equal_the_official_sdks(cases: list[Case], answers: list[Answer]) -> None:
    """As numbers, because the SDK prints them without leading zeros; ours always have their 32 bytes."""

    def as_numbers(signature: dict[str, Any]) -> tuple[int, int, int]:
        return int(signature["r"], 16), int(signature["s"], 16), signature["v"]

    assert differing(cases, answers, lambda case: as_numbers(case["our_signature"]), as_numbers) == []
    assert {len(case["our_signature"][part]) for case in cases for part in "rs"} == {66}


def test_the_official_sdk_recovers_our_address_from_our_signatures(cases: list[Case], answers: list[Answer]) -> None:
    addresses = {key: Signer(key).address for key in KEYS}
    recovered = [answer["recovered_from_ours"].lower() for answer in answers]
    assert recovered == [addresses[case["key"]] for case in cases]


def test_the_cases_cover_what_they_are_meant_to(cases: list[Case], answers: list[Answer]) -> None:
    """A generator that stopped making some kind would leave every comparison above green."""
    kinds = Counter(case["wish"]["kind"] for case in cases)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 30
    assert {(case["is_mainnet"], case["vault"] is None, case["expires_after"] is None) for case in cases} == {
        (mainnet, vault, expires) for mainnet in (True, False) for vault in (True, False) for expires in (True, False)
    }
    for kind in KINDS:
        assert {case["is_mainnet"] for case in cases if case["wish"]["kind"] == kind} == {True, False}, kind

    wishes = [case["wish"] for case in cases if case["wish"]["kind"] == "order"]
    orders = [order for wish in wishes for order in wish["orders"]]
    assert {wish["grouping"] for wish in wishes} == {"na", "normalTpsl", "positionTpsl"}
    assert {wish["builder"] is None for wish in wishes} == {True, False}
    assert {order["tif"] for order in orders if order["trigger"] is None} == set(TIFS)
    assert {(o["trigger"]["is_market"], o["trigger"]["tpsl"]) for o in orders if o["trigger"]} == {
        (market, tpsl) for market in (True, False) for tpsl in ("tp", "sl")
    }
    assert {order["cloid"] is None for order in orders} == {True, False}
    assert {len(wish["orders"]) for wish in wishes} >= {1, 2, 16, 20}, "16 is where msgpack changes the list's marker"
    assert {case["wish"]["time"] is None for case in cases if case["wish"]["kind"] == "scheduleCancel"} == {True, False}
    oids = [item["oid"] for case in cases if case["wish"]["kind"] == "cancel" for item in case["wish"]["cancels"]]
    assert sum(oid > 2**32 for oid in oids) > 50
    assert any(len(answer[part]) < 66 for answer in answers for part in "rs"), "a signature with a leading zero"
