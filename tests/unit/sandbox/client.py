"""A client of the venue made of nothing but `eth_account` and an HTTP session, for tests of the sandbox."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any, Self

import aiohttp
import msgspec
from eth_account import Account
from eth_account.messages import encode_typed_data

from hyperliquid_perpetual.sandbox import Sandbox

ZERO = "0x" + "00" * 20
DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]

Json = dict[str, Any]


def wallet(number: int) -> Any:
    """The account of a private key that is a small number."""
    return Account.from_key("0x" + number.to_bytes(32, "big").hex())


def keccak(data: bytes) -> bytes:
    from eth_utils import keccak as hashed

    return hashed(data)


def sign_l1(
    signer: Any,
    packed: bytes,
    nonce: int,
    vault: str | None = None,
    expires_after: int | None = None,
    source: str = "b",
) -> Json:
    """The signature of an L1 action, given its msgpack form."""
    data = packed + nonce.to_bytes(8, "big")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault[2:])
    if expires_after is not None:
        data += b"\x00" + expires_after.to_bytes(8, "big")
    message = {
        "domain": {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": ZERO},
        "types": {
            "EIP712Domain": DOMAIN,
            "Agent": [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}],
        },
        "primaryType": "Agent",
        "message": {"source": source, "connectionId": keccak(data)},
    }
    return signature_json(signer.sign_message(encode_typed_data(full_message=message)))


USER_SIGNED: dict[str, tuple[str, str]] = {
    "approveAgent": ("ApproveAgent", "agentAddress:address agentName:string nonce:uint64"),
    "approveBuilderFee": ("ApproveBuilderFee", "maxFeeRate:string builder:address nonce:uint64"),
    "usdSend": ("UsdSend", "destination:string amount:string time:uint64"),
    "withdraw3": ("Withdraw", "destination:string amount:string time:uint64"),
    "spotSend": ("SpotSend", "destination:string token:string amount:string time:uint64"),
    "usdClassTransfer": ("UsdClassTransfer", "amount:string toPerp:bool nonce:uint64"),
    "sendAsset": (
        "SendAsset",
        "destination:string sourceDex:string destinationDex:string token:string amount:string "
        "fromSubAccount:string nonce:uint64",
    ),
    "userSetAbstraction": ("UserSetAbstraction", "user:address abstraction:string nonce:uint64"),
    "userDexAbstraction": ("UserDexAbstraction", "user:address enabled:bool nonce:uint64"),
    "userPortfolioMargin": ("UserPortfolioMargin", "user:address enabled:bool nonce:uint64"),
}
"""Type name and signed fields of user-signed actions, written down from the reference (section 4.2)."""


def sign_user_action(signer: Any, action: Json) -> Json:
    """The signature of a user-signed action."""
    name, described = USER_SIGNED[action["type"]]
    fields = dict(field.split(":") for field in described.split())
    values = {field: action.get(field) or "" if field == "agentName" else action[field] for field in fields}
    primary = f"HyperliquidTransaction:{name}"
    message = {
        "domain": {
            "name": "HyperliquidSignTransaction",
            "version": "1",
            "chainId": int(action["signatureChainId"], 16),
            "verifyingContract": ZERO,
        },
        "types": {
            "EIP712Domain": DOMAIN,
            primary: [{"name": n, "type": t} for n, t in {"hyperliquidChain": "string", **fields}.items()],
        },
        "primaryType": primary,
        "message": {"hyperliquidChain": action["hyperliquidChain"], **values},
    }
    return signature_json(signer.sign_message(encode_typed_data(full_message=message)))


def sign_approve_agent(signer: Any, action: Json) -> Json:
    """The signature of a user-signed approveAgent."""
    return sign_user_action(signer, {"type": "approveAgent", **action})


def signature_json(signed: Any) -> Json:
    return {"r": hex(signed.r), "s": hex(signed.s), "v": signed.v}


_nonces = itertools.count(time.time_ns() // 1_000_000)


def signed_request(
    signer: Any, action: Json, *, nonce: int | None = None, signed_action: Json | None = None, **outer: Any
) -> Json:
    """The body of an /exchange request; `signed_action` is what the signature covers if not the action itself."""
    nonce = next(_nonces) if nonce is None else nonce
    packed = msgspec.msgpack.encode(action if signed_action is None else signed_action)
    signature = sign_l1(signer, packed, nonce, outer.get("vaultAddress"), outer.get("expiresAfter"))
    return {"action": action, "nonce": nonce, "signature": signature, **outer}


def order(
    asset: int, is_buy: bool, px: str, sz: str, tif: str = "Gtc", reduce_only: bool = False, cloid: str | None = None
) -> Json:
    """One order in canonical key order."""
    found: Json = {"a": asset, "b": is_buy, "p": px, "s": sz, "r": reduce_only, "t": {"limit": {"tif": tif}}}
    return found if cloid is None else {**found, "c": cloid}


def trigger(
    asset: int,
    is_buy: bool,
    px: str,
    sz: str,
    trigger_px: str,
    tpsl: str,
    *,
    is_market: bool = True,
    reduce_only: bool = True,
    cloid: str | None = None,
) -> Json:
    """One trigger order in canonical key order."""
    kind = {"trigger": {"isMarket": is_market, "triggerPx": trigger_px, "tpsl": tpsl}}
    found: Json = {"a": asset, "b": is_buy, "p": px, "s": sz, "r": reduce_only, "t": kind}
    return found if cloid is None else {**found, "c": cloid}


def orders(*items: Json, grouping: str = "na") -> Json:
    """An order action."""
    return {"type": "order", "orders": list(items), "grouping": grouping}


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - whatever it is, it is not ours to signal
            await asyncio.sleep(0.005)


class Client:
    """One account that talks to a sandbox over HTTP."""

    def __init__(self, exchange: Sandbox, signer: Any) -> None:
        self.exchange = exchange
        self.signer = signer
        self.address: str = signer.address.lower()
        self.http = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def post(self, path: str, body: Any) -> tuple[int, str]:
        """Status and text of a request."""
        async with self.http.post(self.exchange.url + path, json=body) as response:
            return response.status, await response.text()

    async def info(self, kind: str, **fields: Any) -> Any:
        """The answer to an info request that succeeds."""
        status, text = await self.post("/info", {"type": kind, **fields})
        assert status == 200, (status, text)
        return msgspec.json.decode(text)

    async def mine(self, kind: str, **fields: Any) -> Any:
        """The answer to an info request about this account."""
        return await self.info(kind, user=self.address, **fields)

    async def act(self, action: Json, **outer: Any) -> Any:
        """The answer to a signed action."""
        status, text = await self.post("/exchange", signed_request(self.signer, action, **outer))
        assert status == 200, (status, text)
        return msgspec.json.decode(text)

    async def act_as_user(self, kind: str, *, signer: Any = None, **fields: Any) -> Any:
        """The answer to a user-signed action, whose nonce is `time` for sends and withdrawals."""
        nonce = next(_nonces)
        stamp = "time" if kind in ("usdSend", "spotSend", "withdraw3") else "nonce"
        action = {"type": kind, "hyperliquidChain": "Testnet", "signatureChainId": "0x66eee", **fields, stamp: nonce}
        signature = sign_user_action(signer or self.signer, action)
        status, text = await self.post("/exchange", {"action": action, "nonce": nonce, "signature": signature})
        assert status == 200, (status, text)
        return msgspec.json.decode(text)

    async def place(self, *items: Json, grouping: str = "na") -> list[Any]:
        """The statuses of an order action."""
        reply = await self.act(orders(*items, grouping=grouping))
        assert reply["status"] == "ok", reply
        statuses: list[Any] = reply["response"]["data"]["statuses"]
        return statuses
