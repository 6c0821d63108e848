"""Inputs that nobody sends on purpose: values made from a schema, and real ones changed in the ways in which bytes go
wrong. Everything comes from one `random.Random`, so that a seed says which inputs there were."""

import json
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import inspect as schema

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**70),
    1.5,
    -0.0,
    1e308,
    "",
    "0",
    "-0",
    "NaN",
    "-Infinity",
    "sNaN123",
    "1e5",
    "1e999999999",
    "-1E-999999999",
    "9" * 400,
    "0." + "0" * 300 + "1",
    "1_000",
    "\u0661",
    " 1 ",
    "\x00",
    "\ud800",
    "0x",
    "0x" + "0" * 40,
    "0x" + "F" * 32,
    "A",
    "B",
    "BTC",
    "xyz:TSLA",
    ":",
    "\u202e",
    "x" * 5_000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"type": "order"},
)
"""What replaces a value."""

ODD_TOKENS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-1e999",
    b"1e-999",
    b"0" * 50,
    b"9" * 5_000,
    b"1." + b"3" * 5_000,
    b"-",
    b"01",
    b'"\\ud800"',
    b'"\\ud800\\udc00"',
    b'"\\u0000"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b"\xef\xbb\xbf{}",
    b"[" * 2_000,
    b'{"a":' * 2_000,
    b"[" * 500 + b"]" * 500,
    b"\x00",
    b"\n",
    b"\xc2\x85",
    b",",
    b'"',
    b"{",
    b"}",
    b"null",
)
"""What is put in between: pieces that JSON libraries have disagreed about."""

MAX_BYTES = 64 * 1024


def mutate(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A changed input; `others` are inputs that a part may be taken from."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        way = chance.random()
        changed = _mutate_values(data, chance) if way < 0.55 else None
        data = _mutate_bytes(data, others, chance) if changed is None else changed
    return data[:MAX_BYTES]


# ---------------------------------------------------------------------------------------------- bytes


def _mutate_bytes(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    end = min(len(data), at + chance.choice((1, 1, 2, 8, 64)))
    match chance.randrange(8):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[end:]
        case 2:
            return data[:at] + data[at:end] * chance.choice((2, 3, 50)) + data[end:]
        case 3:
            return data[:at] + bytes(chance.randrange(256) for _ in range(end - at)) + data[end:]
        case 4:
            flipped = bytearray(data)
            if flipped:
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            return bytes(flipped)
        case 5:
            other = chance.choice(others) if others else b""
            cut = chance.randint(0, len(other))
            return data[:at] + other[cut : cut + chance.choice((1, 16, 256))] + data[end:]
        case 6:
            return data[:at] + chance.choice(ODD_TOKENS) + data[end:]
        case _:
            return data[:at] + chance.choice(ODD_TOKENS) + data[at:]


# ---------------------------------------------------------------------------------------------- values


def _mutate_values(data: bytes, chance: random.Random) -> bytes | None:
    """Changes values inside JSON, leaving whatever stands before it; None when there is none."""
    start = min((at for at in (data.find(b"{"), data.find(b"[")) if at >= 0), default=-1)
    if start < 0:
        return None
    try:
        value = json.loads(data[start:])
    except (ValueError, RecursionError):
        return None
    places: list[tuple[Any, Any]] = []
    _collect(value, places)
    if places:
        holder, key = chance.choice(places)
        _change(holder, key, chance)
    text = json.dumps(value).encode()
    if chance.random() < 0.1:
        text = _with_a_duplicate_key(text, chance)
    return data[:start] + text


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    """Every place inside a value, as what holds it and its key."""
    waiting = [value]
    while waiting and len(places) < 4_000:
        holder = waiting.pop()
        entries = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, inner in entries:
            places.append((holder, key))
            waiting.append(inner)


def _change(holder: Any, key: Any, chance: random.Random) -> None:
    old = holder[key]
    match chance.randrange(9):
        case 0:
            del holder[key]
        case 1 if isinstance(old, str):
            holder[key] = _mutate_bytes(old.encode(errors="replace"), (), chance).decode(errors="surrogateescape")
        case 2 if isinstance(old, int | float):
            holder[key] = chance.choice((-old, old * 10**18, old + 1, old // 3, str(old)))
        case 3 if isinstance(old, list):
            holder[key] = old * chance.choice((2, 30)) if len(old) < 100 else old[:1]
        case 4:
            holder[key] = [old]
        case 5:
            holder[key] = {"x": old}
        case 6:
            holder[key] = str(old)[:200]
        case _:
            holder[key] = chance.choice(ODD_VALUES)


def _with_a_duplicate_key(text: bytes, chance: random.Random) -> bytes:
    at = text.find(b'"', chance.randint(0, len(text)))
    end = text.find(b",", at)
    return text if at < 0 or end < 0 else text[: end + 1] + text[at : end + 1] + text[end + 1 :]


# ---------------------------------------------------------------------------------------------- from a schema


def sample(kind: Any, chance: random.Random) -> bytes:
    """JSON of a value of a type that msgspec can decode; now and then something in it is not of the type."""
    return json.dumps(_sample(schema.type_info(kind), chance, 0)).encode()


def _sample(info: schema.Type, chance: random.Random, depth: int) -> Any:
    if chance.random() < 0.02:
        return chance.choice(ODD_VALUES)
    if isinstance(info, schema.UnionType):
        return _sample(chance.choice(info.types), chance, depth)
    if isinstance(info, schema.StructType):
        made: dict[str, Any] = {} if info.tag_field is None else {info.tag_field: info.tag}
        for field in info.fields:
            if field.required or chance.random() < 0.6:
                made[field.encode_name] = _sample(field.type, chance, depth + 1)
        return made
    if isinstance(info, schema.ListType | schema.VarTupleType):
        return [_sample(info.item_type, chance, depth + 1) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    if isinstance(info, schema.TupleType):
        return [_sample(item, chance, depth + 1) for item in info.item_types]
    if isinstance(info, schema.DictType):
        return {chance.choice(_WORDS): _sample(info.value_type, chance, depth + 1) for _ in range(chance.randrange(3))}
    if isinstance(info, schema.LiteralType):
        return chance.choice(info.values)
    if isinstance(info, schema.StrType):
        return _text(info.pattern, chance)
    return next((make(chance) for kind, make in _PLAIN.items() if isinstance(info, kind)), None)


_WORDS = ("BTC", "ETH", "xyz:TSLA", "USDC", "km", "", "Gtc", "B", "A", "open", "filled", "1.5", "80000", "1m", "cross")
_PLAIN: dict[type[schema.Type], Callable[[random.Random], Any]] = {
    schema.NoneType: lambda chance: None,
    schema.BoolType: lambda chance: chance.random() < 0.5,
    schema.IntType: lambda chance: chance.choice((0, 1, 2, 5, 1_000, 80_000, 1_700_000_000_000, 2**40)),
    schema.FloatType: lambda chance: chance.choice((0.0, 0.5, 1e12)),
    schema.DecimalType: lambda chance: str(Decimal(chance.randrange(10**9)) / 10 ** chance.randrange(8)),
    schema.AnyType: lambda chance: chance.choice(ODD_VALUES),
    schema.RawType: lambda chance: chance.choice(ODD_VALUES),
}


def _text(pattern: str | None, chance: random.Random) -> str:
    if pattern is None:
        return chance.choice(_WORDS)
    # All patterns here are hex digits behind 0x, of one length or up to one.
    digits = pattern.rpartition("{")[2].rstrip("}$").split(",")[-1]
    return "0x" + "".join(chance.choice("0123456789abcdefABCDEF") for _ in range(int(digits)))


def as_json(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)
