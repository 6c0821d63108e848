"""Whether signatures made in this very environment are right: ours, and those of the connector that Hummingbot ships.

Nothing is concluded from version numbers: actions are packed and signed, and the outcome is compared with published
signatures (`vectors`) and with what another library says was signed.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from eth_account import Account
from eth_account.messages import encode_typed_data

from hyperliquid_perpetual.operations.doctor import stock_signature_script
from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.operations.doctor.vectors import KEY, VECTORS, WITH_CLOID
from hyperliquid_perpetual.plugin import bootstrap
from hyperliquid_perpetual.venue.signing import Signer, action_hash

STOCK_TIMEOUT_SECONDS = 120.0
_RUN = f"import runpy, sys; runpy.run_path(sys.argv[1], run_name={stock_signature_script.__name__!r})['main']()"
_REINSTALL = (
    "do not trade with this environment: install the package again"
    " (pip install --force-reinstall hummingbot-hyperliquid-perpetual), with coincurve, msgspec and safe-pysha3"
)
_TEXT_OF_ONE_LENGTH_BYTE = "d9"
"""How msgpack marks a text of 32 to 255 bytes; packers from before there were binaries write ``da``."""

section = Section("Signatures")


def check_own_signer() -> list[Finding]:
    """Our signer against published signatures, and with a key nobody has seen before."""
    signer = Signer(KEY)
    wrong = [
        vector.name
        for vector in VECTORS
        if not vector.is_matched_by(signer.sign_action(vector.action, 0, vector.is_mainnet, vector.vault))
    ]
    if wrong:
        name = ", ".join(wrong)
        return [section.problem("this package", f"signs wrongly in this environment: {name}", _REINSTALL, wrong=wrong)]
    recovered, expected = _recovered()
    if recovered != expected:
        detail = f"what it signs for {expected} reads as signed by {recovered}"
        return [section.problem("this package", detail, _REINSTALL)]
    detail = f"right: {len(VECTORS)} published signatures reproduced, one of a new key read back by eth-account"
    return [section.ok("this package", detail, vectors=len(VECTORS))]


def _recovered() -> tuple[str, str]:
    """Whom eth-account takes for the signer of an order of now, and who it was."""
    signer = Signer(secrets.token_hex(32))
    now = int(time.time() * 1000)
    connection_id = action_hash(WITH_CLOID.action, now, VECTORS[-1].vault, now + 30_000)
    signature = signer.sign_action(WITH_CLOID.action, now, False, VECTORS[-1].vault, now + 30_000)
    message = encode_typed_data(
        {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": "0x" + "0" * 40},
        {"Agent": [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]},
        {"source": "b", "connectionId": connection_id},
    )
    numbers = (int(signature["v"]), int(str(signature["r"]), 16), int(str(signature["s"]), 16))
    return str(Account.recover_message(message, vrs=numbers)).lower(), signer.address


def ask_stock_connector(hummingbot: Path | None) -> dict[str, Any]:
    """Has the connector that Hummingbot ships sign an order, in a process of its own; its answer is for ``judge``.

    :param hummingbot: the folder that Hummingbot is started in, when it is a source checkout or a bot home.
    """
    request = {"key": KEY, "action": msgspec.to_builtins(WITH_CLOID.action), "nonce": 0}
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _RUN, stock_signature_script.__file__],
            input=json.dumps(request),
            cwd=hummingbot,
            env={**os.environ, bootstrap.KILL_SWITCH: "0"},
            capture_output=True,
            text=True,
            timeout=STOCK_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"error": str(error)}
    lines = [line for line in answer.stdout.splitlines() if line.startswith(stock_signature_script.MARKER)]
    if not lines:
        complaint = (answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"])[-1]
        return {"error": complaint}
    found: dict[str, Any] = json.loads(lines[-1].removeprefix(stock_signature_script.MARKER))
    return found


def judge_stock_connector(answer: dict[str, Any], is_active: bool) -> list[Finding]:
    """Whether what it signed is right, and what that means.

    :param is_active: whether it is the connector that this Hummingbot uses.
    """
    name = "Hummingbot's own connector"
    if answer["error"] is not None:
        detail = f"could not be tried: {answer['error']}"
        if is_active:
            return [section.problem(name, detail, "let Hummingbot use this package: hyperliquid-perpetual enable")]
        fix = "nothing has to be done while this package is the connector"
        return [section.skipped(name, detail, fix)]
    packer = str(answer["packer"])
    data = {"packer": packer, "long_text": answer["long_text"]}
    if WITH_CLOID.is_matched_by(answer["signature"]):
        return [section.ok(name, f"signs orders rightly here, packed by {packer}", right=True, **data)]
    detail = "signs orders wrongly here"
    if answer["long_text"] != _TEXT_OF_ONE_LENGTH_BYTE:
        detail += (
            f", because of {packer}: it packs text of 32 bytes and more in an outdated form, and every order carries a"
            " client order id of 34. The venue answers 'User or API Wallet 0x... does not exist'"
        )
    if is_active:
        fix = "let Hummingbot use this package, which packs by itself: hyperliquid-perpetual enable"
        return [section.problem(name, detail, fix, right=False, **data)]
    return [section.ok(name, f"{detail}. It is not the one in use", right=False, **data)]
