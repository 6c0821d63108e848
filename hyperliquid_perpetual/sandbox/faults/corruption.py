"""Bytes that are not what a client expects: JSON that is none, that ends too early, or that has a wrong type in it."""

from random import Random
from typing import Any

import msgspec

UNKNOWN_CHANNEL = "unexpected"
HTML_PAGE = b"<html><head><title>Please wait</title></head><body><h1>Please wait</h1></body></html>"

_encode = msgspec.json.Encoder().encode


def corrupted(data: bytes, how: str, random: Random) -> bytes:
    """Data in one of the ways of `corrupt_reply` and `corrupt_frames`. Which value gets a wrong type is drawn."""
    match how:
        case "truncated":
            return data[: len(data) // 2]
        case "empty":
            return b""
        case "html":
            return HTML_PAGE
        case "wrong_type":
            return _with_wrong_type(data, random)
        case "unknown_channel":
            return _with_unknown_channel(data)
        case _:
            return data.replace(b":", b"=", 1) if b":" in data else data + b"}"


def _with_wrong_type(data: bytes, random: Random) -> bytes:
    """One value somewhere in the data, never a name of a channel unless there is nothing else, has another type."""
    try:
        value = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return data + b"}"
    root = {"": value}
    inner = value["data"] if isinstance(value, dict) and isinstance(value.get("data"), dict | list) else value
    places = _places(inner) or _places(root)
    holder, key = random.choice(places)
    holder[key] = _other_type(holder[key])
    return _encode(root[""])


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every single value in a structure, as what holds it and under which key."""
    found: list[tuple[Any, Any]] = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        child = value[key]
        found += _places(child) if child and isinstance(child, dict | list) else [(value, key)]
    return found


def _other_type(value: Any) -> Any:
    """A value of no type that stands in its place anywhere."""
    if isinstance(value, str):
        return {"unexpected": value}
    if isinstance(value, bool | int | float):
        return "unexpected"
    return 17


def _with_unknown_channel(data: bytes) -> bytes:
    try:
        value = msgspec.json.decode(data)
    except msgspec.DecodeError:
        value = None
    if not isinstance(value, dict) or "channel" not in value:
        return _encode({"channel": UNKNOWN_CHANNEL})
    return _encode({**value, "channel": UNKNOWN_CHANNEL})
