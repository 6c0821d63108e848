"""What is signed in the conformance tests: generated cases as plain JSON, and how our builders make actions of them.

A case says what a trader wants, in neutral words, and how it is sent (nonce, vault, expiry, network, key). Both sides
build the action from these words with their own builders, so that key order and number formatting are compared too.
"""

import random
from decimal import Decimal
from typing import Any, Final

from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import BuilderCode, OrderRequest, Trigger

Case = dict[str, Any]
Wish = dict[str, Any]

KINDS: Final = (
    "order",
    "cancel",
    "cancelByCloid",
    "modify",
    "batchModify",
    "scheduleCancel",
    "updateLeverage",
    "updateIsolatedMargin",
    "twapOrder",
    "twapCancel",
    "noop",
)
TIFS: Final = ("Gtc", "Ioc", "Alo", "FrontendMarket")
GROUPINGS: Final = ("na", "normalTpsl", "positionTpsl")
KEYS: Final = (
    "0x" + "0" * 63 + "1",
    "0x" + "0123456789" * 6 + "0123",
    "0x" + "f" * 31 + "e" + "1234567890abcdef" * 2,
)
# What changes the length of an integer in msgpack lies around these.
_BOUNDARIES: Final = (0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**32 + 1, 2**53 - 1)


def generate(count: int, seed: int) -> list[Case]:
    """``count`` cases, the same ones for the same seed, every kind in turn."""
    source = random.Random(seed)
    return [_case(source, KINDS[index % len(KINDS)] if index % 2 else "order") for index in range(count)]


def build(wish: Wish) -> actions.Action:
    """The action for a wish, made by the builders under test."""
    match wish["kind"]:
        case "order":
            code = wish["builder"]
            return actions.order(
                [_request(order) for order in wish["orders"]],
                wish["grouping"],
                None if code is None else BuilderCode(code["address"], code["fee"]),
            )
        case "cancel":
            return actions.cancel([(item["asset"], item["oid"]) for item in wish["cancels"]])
        case "cancelByCloid":
            return actions.cancel_by_cloid([(item["asset"], item["cloid"]) for item in wish["cancels"]])
        case "modify":
            return actions.modify(wish["oid"], _request(wish["order"]))
        case "batchModify":
            return actions.batch_modify([(item["oid"], _request(item["order"])) for item in wish["modifies"]])
        case "scheduleCancel":
            return actions.schedule_cancel(wish["time"])
        case "updateLeverage":
            return actions.update_leverage(wish["asset"], wish["is_cross"], wish["leverage"])
        case "updateIsolatedMargin":
            return actions.update_isolated_margin(wish["asset"], Decimal(wish["usd"]))
        case "twapOrder":
            return actions.twap_order(
                wish["asset"],
                wish["is_buy"],
                Decimal(wish["size"]),
                wish["reduce_only"],
                wish["minutes"],
                wish["randomize"],
            )
        case "twapCancel":
            return actions.twap_cancel(wish["asset"], wish["twap_id"])
        case "noop":
            return actions.noop()
    raise ValueError(f"no such kind: {wish['kind']}")


def _request(order: dict[str, Any]) -> OrderRequest:
    trigger = order["trigger"]
    return OrderRequest(
        asset_id=order["asset"],
        is_buy=order["is_buy"],
        price=Decimal(order["price"]),
        size=Decimal(order["size"]),
        reduce_only=order["reduce_only"],
        tif=order["tif"],
        cloid=order["cloid"],
        trigger=None if trigger is None else Trigger(Decimal(trigger["price"]), trigger["is_market"], trigger["tpsl"]),
    )


# ---------------------------------------------------------------------------------------------------- the dice


def _case(source: random.Random, kind: str) -> Case:
    nonce = source.choice((source.randrange(1_700_000_000_000, 1_900_000_000_000), *_BOUNDARIES))
    return {
        "wish": {"kind": kind, **_WISHES[kind](source)},
        "nonce": nonce,
        "vault": _address(source) if source.random() < 0.4 else None,
        "expires_after": source.choice((nonce + 15_000, *_BOUNDARIES)) if source.random() < 0.5 else None,
        "is_mainnet": source.random() < 0.5,
        "key": source.choice(KEYS),
    }


def _orders(source: random.Random) -> Wish:
    with_builder = source.random() < 0.3
    return {
        "orders": [_order(source) for _ in range(source.choice((1, 1, 2, 3, 15, 16, 20)))],
        "grouping": source.choice(GROUPINGS),
        # Mixed case: both sides have to sign it in lower case.
        "builder": {"address": _mixed_case(source, _address(source)), "fee": source.choice((1, 10, 55, 100))}
        if with_builder
        else None,
    }


def _order(source: random.Random) -> dict[str, Any]:
    trigger = {"price": _price(source), "is_market": source.random() < 0.5, "tpsl": source.choice(("tp", "sl"))}
    return {
        "asset": _asset(source),
        "is_buy": source.random() < 0.5,
        "price": _price(source),
        "size": _size(source),
        "reduce_only": source.random() < 0.5,
        "tif": source.choice(TIFS),
        "cloid": _cloid(source) if source.random() < 0.6 else None,
        "trigger": trigger if source.random() < 0.25 else None,
    }


def _asset(source: random.Random) -> int:
    return source.choice(
        (0, 1, source.randrange(2, 300), 110_000 + source.randrange(60), 180_000 + source.randrange(60))
    )


def _price(source: random.Random) -> str:
    """Five significant figures anywhere, or a long integer; now and then written with zeros behind."""
    if source.random() < 0.2:
        return str(source.randrange(100_000, 10_000_000))
    exponent = source.randrange(-6, 2)
    text = format(Decimal(source.randrange(1, 100_000)).scaleb(exponent), "f")
    return text + source.choice(("", "0", "00")) if "." in text else text + source.choice(("", ".0"))


def _size(source: random.Random) -> str:
    """Up to ten million with decimals, where the SDK's floats still hold them; whole ones up to a trillion."""
    if source.random() < 0.2:
        return str(source.randrange(1, 10 ** source.randrange(1, 13)))
    decimals = source.randrange(1, 9)
    text = format(Decimal(source.randrange(1, 10 ** source.randrange(1, 8 + decimals))).scaleb(-decimals), "f")
    return text + source.choice(("", "", "0")) if decimals < 8 else text


def _oid(source: random.Random) -> int:
    """Around today's order ids, which do not fit 32 bits, and around the boundaries."""
    return source.choice((source.randrange(2**32, 2**53), source.randrange(5 * 10**11, 6 * 10**11), *_BOUNDARIES))


def _cloid(source: random.Random) -> str:
    return f"0x{source.getrandbits(128):032x}"


def _address(source: random.Random) -> str:
    return f"0x{source.getrandbits(160):040x}"


def _mixed_case(source: random.Random, address: str) -> str:
    return "0x" + "".join(source.choice((digit, digit.upper())) for digit in address[2:])


def _modification(source: random.Random) -> dict[str, Any]:
    return {"oid": _oid(source) if source.random() < 0.6 else _cloid(source), "order": _order(source)}


_WISHES: Final = {
    "order": _orders,
    "cancel": lambda source: {
        "cancels": [{"asset": _asset(source), "oid": _oid(source)} for _ in range(source.choice((1, 2, 16, 20)))]
    },
    "cancelByCloid": lambda source: {
        "cancels": [{"asset": _asset(source), "cloid": _cloid(source)} for _ in range(source.choice((1, 2, 16, 20)))]
    },
    "modify": _modification,
    "batchModify": lambda source: {"modifies": [_modification(source) for _ in range(source.choice((1, 2, 16)))]},
    "scheduleCancel": lambda source: {
        "time": source.choice((None, source.randrange(1_700_000_000_000, 1_900_000_000_000)))
    },
    "updateLeverage": lambda source: {
        "asset": _asset(source),
        "is_cross": source.random() < 0.5,
        "leverage": source.randrange(1, 51),
    },
    "updateIsolatedMargin": lambda source: {
        "asset": _asset(source),
        # Below a million dollars: the SDK computes in floats and refuses larger amounts that have decimals.
        "usd": format(Decimal(source.randrange(-(10**9), 10**9)).scaleb(-source.randrange(3, 7)), "f"),
    },
    "twapOrder": lambda source: {
        "asset": _asset(source),
        "is_buy": source.random() < 0.5,
        "size": _size(source),
        "reduce_only": source.random() < 0.5,
        "minutes": source.randrange(5, 1441),
        "randomize": source.random() < 0.5,
    },
    "twapCancel": lambda source: {"asset": _asset(source), "twap_id": _oid(source)},
    "noop": lambda _source: {},
}
